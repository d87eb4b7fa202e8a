"""Which systems a comparison is made of, and how each is brought to its result lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from core.data.trec_run import EXAMPLES, ParsedRun, parse_run
from core.documents import from_json
from core.errors import AppError, ComparisonError, DataError, WorkspaceError
from core.evaluation.systems import DEPTH, ListedSystem, held_out_rows
from core.evaluation.verdict import BASE, TUNED
from core.experts.catalogue import find_entry
from core.hashing import content_id
from core.jobs.folder import RunFolder
from core.journey.experts import load_expert_scores
from core.messages import N_, Message
from core.progress import Progress
from core.types import ExpertScores, QADataset, Reporter
from core.types.expert_entry import DOCUMENT, LEXICAL, QUERY
from core.types.project import RunFile as RunFile
from core.workspace.files import write_bytes
from core.workspace.records import now
from core.workspace.workspace import Project, Workspace

if TYPE_CHECKING:
    from core.evaluation.systems import EncodedSystem, ListedSystem, Origin, System
    from core.experts.encoders import Encoder

BM25 = "bm25"
HYBRID_PREFIX = "hybrid:"
HYBRID_TITLES = {
    BASE: N_("Hybrid: BM25 + base model"),
    TUNED: N_("Hybrid: BM25 + tuned model"),
}


@dataclass(frozen=True)
class ArmChoice:
    """What is compared beside base, tuned and keyword search.

    Attributes
    ----------
    experts : tuple of str
        Catalogue keys.
    runs : tuple of str
        Other tuning runs of the project.
    alphas : tuple of float in (0, 1]
        Other mixes of base and tuned model, see :mod:`core.tuning.mixing`; 1 = unmixed.
    hybrids : tuple of ``base`` or ``tuned``
        Which of them is also fused with keyword search.
    run_files : tuple of RunFile
        Uploaded result lists.
    examined : bool
        Whether the shape of the vectors and the speed of the models are measured as well.
    """

    experts: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    alphas: tuple[float, ...] = ()
    hybrids: tuple[str, ...] = (BASE, TUNED)
    run_files: tuple[RunFile, ...] = ()
    examined: bool = True

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> ArmChoice:
        """Read the choice of a comparison's request; what it does not name takes its default."""
        return from_json(cls, {"experts": config["experts"], **config.get("arms", {})})


@dataclass(eq=False)
class Arms:
    """What takes part and what is missing.

    Attributes
    ----------
    found : list of EncodedSystem or ListedSystem
        ``base`` and ``tuned`` first.
    absent : dict of arm name to Message
    before, after : Encoder
        Of base and tuned.
    """

    before: Encoder
    after: Encoder
    found: list[System] = field(default_factory=list)
    absent: dict[str, Message] = field(default_factory=dict)

    def add(self, name: str, make: Callable[[], System]) -> None:
        """Add a system; one that fails is absent, with the reason."""
        try:
            self.found.append(make())
        except AppError as error:
            self.absent[name] = error.message

    def named(self, name: str) -> System | None:
        """Return the system of that name, None where it is absent."""
        return next((arm for arm in self.found if arm.name == name), None)


def collect_arms(
    workspace: Workspace,
    dataset: QADataset,
    base_model: str,
    tuned: RunFolder,
    choice: ArmChoice,
    report: Reporter,
) -> Arms:
    """Bring every chosen system to vectors or result lists.

    Base and tuned must be there; any other that fails is absent, with the reason.

    Raises
    ------
    AppError
        If base or tuned cannot be had.
    """
    before, after = encoders(workspace, base_model, tuned)
    arms = Arms(before, after)
    steps = 2 + len(choice.alphas) + len(choice.runs)
    parts = (Progress(report, i / steps, (i + 1) / steps) for i in range(steps))
    title = find_entry(base_model).title
    arms.found.append(model_arm(workspace, dataset, BASE, title, BASE, before, next(parts)))
    arms.found.append(tuned_arm(workspace, dataset, TUNED, N_("Tuned model"), tuned, next(parts)))
    for key in dict.fromkeys((BM25, *choice.experts)):
        if key != base_model:  # it is the base arm already
            arms.add(key, partial(expert_arm, workspace, dataset, key))
    for run, part in zip(choice.runs, parts, strict=False):
        arms.add(f"{RUN_PREFIX}{run}", partial(other_run, workspace, dataset, run, part))
    for alpha, part in zip(choice.alphas, parts, strict=False):
        make = partial(alpha_arm, workspace, dataset, base_model, tuned, alpha, part)
        arms.add(f"{ALPHA_PREFIX}{alpha:g}", make)
    for kept in choice.run_files:
        arms.add(kept.title, partial(run_file_arm, workspace, dataset, kept))
    for name in choice.hybrids:
        arms.add(f"{HYBRID_PREFIX}{name}", partial(hybrid_arm, dataset, arms, name))
    return arms


def expert_arm(workspace: Workspace, dataset: QADataset, key: str) -> EncodedSystem:
    """Return an expert as a system to compare; raises AppError if it has not scored all answers."""
    from core.evaluation.systems import EncodedSystem

    entry = find_entry(key)
    if entry.family == LEXICAL:
        from core.experts.expert_scores import score_dataset
        from core.experts.source import ScoringContext

        context = ScoringContext(workspace.models, workspace.vectors)
        result = score_dataset(dataset, [key], context)
        (scores,) = result.scores
    else:
        (scores,) = load_expert_scores(workspace, dataset, [key])
    if not isinstance(scores, ExpertScores):
        raise ComparisonError(
            "{title} has scored a list of pairs only and cannot search all answers, so it is not "
            "compared.",
            title=entry.title,
        )
    kind = "lexical" if entry.family == LEXICAL else "expert"
    return EncodedSystem(
        key, entry.title, kind, scores.fingerprint, scores.question_matrix, scores.answer_matrix
    )


def hybrid_arm(dataset: QADataset, arms: Arms, name: str) -> ListedSystem:
    """Return keyword search and a model fused into one list.

    Raises
    ------
    ComparisonError
        If one of the two is absent.
    """
    import numpy as np

    from core.evaluation.search import FUSION_DEPTH, K, fuse
    from core.evaluation.systems import ListedSystem, held_out_rows
    from core.hashing import content_id

    words, model = arms.named(BM25), arms.named(name)
    if words is None or model is None:
        raise ComparisonError(
            "Keyword search and a model are needed for a hybrid, and one of them is absent."
        )
    rows = held_out_rows(dataset)
    depth = min(FUSION_DEPTH, len(dataset.answers))
    left, right = (arm.ranking(dataset, rows, depth) for arm in (words, model))
    # An answer that shares no word with the question was not found by keyword search.
    listed = np.where(left.top_scores > 0, left.top_answers, -1)
    fused = fuse([listed, right.top_answers], depth)
    print_ = content_id([words.fingerprint, model.fingerprint, f"rrf {K} {FUSION_DEPTH}"])
    full = f"{HYBRID_PREFIX}{name}"
    return ListedSystem(
        full, HYBRID_TITLES[name], "hybrid", print_, fused.top_answers, fused.top_scores
    )


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


ARM_PREFIX = "run_file:"
MOST_TITLE = 60


@dataclass(frozen=True)
class RunCheck:
    """How a run file fits the data: counts, and the first examples.

    Attributes
    ----------
    lines, questions : int
        Lines of the file; held-out questions that it has a list for.
    held_out, missing : int
        Held-out questions; those without a list.
    notes : tuple of Message
        What does not fit, in words.
    """

    lines: int
    questions: int
    held_out: int
    missing: int
    notes: tuple[Message, ...]


def check_run(content: bytes, dataset: QADataset) -> RunCheck:
    """Look at a run file before it is kept; raises DataError if it cannot be used."""
    parsed = parse_run(content, dataset)
    rows = held_out_rows(dataset)
    missing = len(parsed.missing(rows))
    if missing == len(rows):
        raise DataError(
            "The file has no result for any of the {held} held-out questions. Download them on "
            "this page and let your search answer them.",
            held=len(rows),
        )
    return RunCheck(
        parsed.lines, len(rows) - missing, len(rows), missing, _notes(parsed, dataset, missing)
    )


def add_run_file(
    project: Project,
    dataset: QADataset,
    content: bytes,
    filename: str,
    *,
    title: str,
    empty_is_nothing: bool,
    who: str,
) -> RunFile:
    """Keep a run file as one more system to compare; the same title replaces the earlier one.

    Raises
    ------
    DataError
        If the file cannot be used; nothing is kept then.
    """
    check = check_run(content, dataset)
    if check.missing and not empty_is_nothing:
        raise DataError(
            "The file has no result for {missing} of the {held} held-out questions. Say that your "
            "search found nothing for them, or let it answer all of them.",
            missing=check.missing,
            held=check.held_out,
        )
    title = " ".join(title.split())[:MOST_TITLE] or filename[:MOST_TITLE]
    kept = RunFile(content_id([content]), title, filename, empty_is_nothing, now(), who)
    path = project.workspace.layout.run_files / f"{kept.key}.run"
    try:
        write_bytes(path, content)
    except OSError as error:
        raise WorkspaceError(
            "The file {name} cannot be kept in {folder}: {reason}. Free disk space or make the "
            "workspace writable.",
            name=filename,
            folder=str(path.parent),
            reason=error.strerror or str(error),
        ) from error
    others = [one for one in run_files(project) if one.title != title]
    project.state.run_files = (*others, kept)
    detail = {"title": title, "file": filename, "key": kept.key}
    project.note("search run uploaded", who, detail)
    return kept


def run_files(project: Project) -> list[RunFile]:
    """Return the run files of a project, oldest first."""
    return list(project.state.run_files)


def remove_run_file(project: Project, key: str, who: str) -> None:
    """Take a run file off a project; comparisons that used it keep its results."""
    found = run_files(project)
    project.state.run_files = tuple([one for one in found if one.key != key])
    project.note("search run removed", who, {"key": key})


def run_file_arm(workspace: Workspace, dataset: QADataset, kept: RunFile) -> ListedSystem:
    """Return a run file as a system to compare.

    Raises
    ------
    DataError, ComparisonError, WorkspaceError
        If the file is gone or does not fit the data.
    """
    path = workspace.layout.run_files / f"{kept.key}.run"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WorkspaceError(
            "The file of {title} cannot be read: {reason}. Upload it again.",
            title=kept.title,
            reason=error.strerror or str(error),
        ) from error
    parsed = parse_run(content, dataset)
    rows = held_out_rows(dataset)
    missing = len(parsed.missing(rows))
    if missing == len(rows) or (missing and not kept.empty_is_nothing):
        raise ComparisonError(
            "{title} has no result for {missing} of the {held} held-out questions. Upload a file "
            "that answers all of them.",
            title=kept.title,
            missing=missing,
            held=len(rows),
        )
    # Deeper than what is kept: the rank of a right answer is looked up in the whole list.
    depth = max(DEPTH, *(len(listed) for listed in parsed.lists.values()))
    answers, scores = parsed.table(rows, depth)
    notes = _notes(parsed, dataset, missing)
    return ListedSystem(
        f"{ARM_PREFIX}{kept.key}", kept.title, "run_file", kept.key, answers, scores, notes=notes
    )


def chosen_run_files(project: Project, keys: Sequence[str]) -> list[RunFile]:
    """Return those of a project's run files that were chosen."""
    return [one for one in run_files(project) if one.key in keys]


def held_out_questions(dataset: QADataset) -> bytes:
    """Return the held-out questions for another search to answer, as JSON lines (BEIR's queries).

    JSON rather than a table: a question that begins with ``=`` must stay what it is and must not
    become a formula where somebody opens the file.
    """
    lines = (
        json.dumps(
            {"_id": dataset.question_ids[row], "text": dataset.questions[row]}, ensure_ascii=False
        )
        for row in held_out_rows(dataset)
    )
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _notes(parsed: ParsedRun, dataset: QADataset, missing: int) -> tuple[Message, ...]:
    notes = []
    if parsed.unknown_answers:
        notes.append(
            Message(
                N_(
                    "{count} answer ids are not in the data, for example {examples}. They keep "
                    "their ranks and count as not right."
                ),
                _examples(parsed.unknown_answers),
            )
        )
    if parsed.unknown_questions:
        notes.append(
            Message(
                N_("{count} question ids are not in the data, for example {examples}: left out."),
                _examples(parsed.unknown_questions),
            )
        )
    if parsed.repeated:
        notes.append(
            Message(
                N_(
                    "{count} lines name an answer of a question once more, for example line "
                    "{examples}; the better score counts."
                ),
                _examples([str(row) for row in parsed.repeated]),
            )
        )
    if missing:
        notes.append(
            Message(
                N_("{missing} of {held} held-out questions have no result and count as not found."),
                {"missing": missing, "held": len(held_out_rows(dataset))},
            )
        )
    return tuple(notes)


def _examples(found: Sequence[str]) -> dict[str, str | int | float]:
    return {"count": len(found), "examples": ", ".join(one[:40] for one in found[:EXAMPLES])}
