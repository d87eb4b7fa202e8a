"""Base, tuned models and those between as systems to compare: encoded, with what they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import AppError, ComparisonError
from core.evaluation.verdict import TUNED
from core.experts.catalogue import find_entry
from core.jobs.folder import RunFolder
from core.messages import N_
from core.progress import Progress
from core.types import QADataset, Reporter
from core.types.expert_entry import DOCUMENT, QUERY
from core.workspace.workspace import Workspace

if TYPE_CHECKING:
    from core.evaluation.systems import EncodedSystem, Origin
    from core.experts.encoders import Encoder

RUN_PREFIX, ALPHA_PREFIX = "run:", "alpha:"
UNMIXED = N_("Tuned, unmixed (α = 1)")
ALPHAS = (0.25, 0.5, 0.75, 1.0)


def kept_alpha(tuned: RunFolder) -> float:
    """Return the share of what was learned in a run's model; 1 for a run that mixed nothing."""
    return float(tuned.read_result().get("alpha", 1.0))


def other_alphas(kept: float) -> tuple[float, ...]:
    """Return the mixes worth comparing with a model that is one itself; none where it is base."""
    return tuple(alpha for alpha in ALPHAS if alpha != kept) if kept else ()


def encoders(workspace: Workspace, base_model: str, tuned: RunFolder) -> tuple[Encoder, Encoder]:
    """Return the encoders before and after; no model is loaded before it encodes.

    Raises
    ------
    ModelUnavailableError
        If a model's files are missing.
    """
    from core.experts.encoders import load_encoder

    before = load_encoder(find_entry(base_model), workspace.models)
    return before, load_encoder(tuned.model, workspace.models)


def is_query_side(tuned: RunFolder) -> bool:
    """Return True if only questions go through the tuned model; answers stay with the base."""
    return bool(tuned.read_request()["config"]["tuning"].get("query_side", False))


def model_arm(
    workspace: Workspace,
    dataset: QADataset,
    name: str,
    title: str,
    kind: str,
    encoder: Encoder,
    report: Reporter,
    *,
    answers: Encoder | None = None,
    origin: Origin | None = None,
) -> EncodedSystem:
    """Encode the held-out questions and all answers; what is in the cache is not encoded again."""
    from core.evaluation.systems import EncodedSystem, held_out_rows
    from core.experts.encoders import encode_cached

    questions = [dataset.questions[row] for row in held_out_rows(dataset)]
    half = Progress(report, 0.0, 0.2)
    left = encode_cached(encoder, questions, QUERY, workspace.vectors, half)
    half = Progress(report, 0.2, 1.0)
    right = encode_cached(answers or encoder, dataset.answers, DOCUMENT, workspace.vectors, half)
    return EncodedSystem(name, title, kind, encoder.fingerprint, left, right, origin)


def tuned_arm(
    workspace: Workspace,
    dataset: QADataset,
    name: str,
    title: str,
    tuned: RunFolder,
    report: Reporter,
    encoder: Encoder | None = None,
    kind: str = TUNED,
) -> EncodedSystem:
    """Return a tuned model, or one between base and tuned, as a system to compare."""
    from core.experts.encoders import load_encoder

    told = tuned.read_request()["config"]
    encoder = encoder or load_encoder(tuned.model, workspace.models)
    base = load_encoder(find_entry(told["tuning"]["base_model"]), workspace.models)
    origin = run_origin(workspace, dataset, title, told["dataset_id"], encoder, base)
    beside = base if is_query_side(tuned) else encoder
    return model_arm(
        workspace, dataset, name, title, kind, encoder, report, answers=beside, origin=origin
    )


def run_origin(
    workspace: Workspace,
    dataset: QADataset,
    title: str,
    dataset_id: str,
    encoder: Encoder,
    base: Encoder,
) -> Origin:
    """Return what a tuned model was made from.

    Raises
    ------
    ComparisonError
        If its data are gone, so that nobody can tell whether it learned from held-out questions.
    """
    from core.evaluation.systems import origin_of

    prompts, base_prompts = (
        {role: model.prompt(role) for role in (QUERY, DOCUMENT)} for model in (encoder, base)
    )
    if dataset_id == dataset.id:
        return origin_of(dataset, prompts, base_prompts)
    try:
        return origin_of(workspace.load_dataset(dataset_id), prompts, base_prompts)
    except AppError as error:
        raise ComparisonError(
            "{title} learned from other data ({dataset}), which cannot be read any more: it may "
            "have learned from questions that are held out here. Tune again with these data.",
            title=title,
            dataset=dataset_id,
        ) from error


def other_run(
    workspace: Workspace, dataset: QADataset, run: str, report: Reporter
) -> EncodedSystem:
    """Return another tuning run as a system to compare."""
    folder = RunFolder(workspace.run_folder(run))
    if not folder.model.is_dir():
        raise ComparisonError("The run {run} left no model to compare.", run=run)
    request = folder.read_request()
    title = f"{request['config']['recipe_name']} · {str(request['created_at'])[:16]}"
    return tuned_arm(workspace, dataset, f"{RUN_PREFIX}{run}", title, folder, report)


def alpha_arm(
    workspace: Workspace,
    dataset: QADataset,
    base_model: str,
    tuned: RunFolder,
    alpha: float,
    report: Reporter,
) -> EncodedSystem:
    """Return another mix of base and tuned model as a system to compare; made once per run and α.

    Raises
    ------
    ComparisonError
        If the run kept nothing of what it learned.
    """
    from core.experts.encoders import load_encoder
    from core.hashing import content_id
    from core.tuning.mixing import interpolated_model

    kept = kept_alpha(tuned)
    if not kept:
        raise ComparisonError("The run kept the base model as it is, so there is nothing to mix.")
    before, after = encoders(workspace, base_model, tuned)
    key = content_id([before.fingerprint, after.fingerprint, f"{alpha:.6f}", f"{kept:.6f}"])
    folder = interpolated_model(
        find_entry(base_model).folder(workspace.models),
        tuned.model,
        alpha,
        tuned.root / "interpolated" / key,
        kept,
    )
    encoder = load_encoder(folder, workspace.models)
    name, title = f"{ALPHA_PREFIX}{alpha:g}", UNMIXED if alpha == 1 else f"α = {alpha:g}"
    return tuned_arm(workspace, dataset, name, title, tuned, report, encoder, "interpolated")
