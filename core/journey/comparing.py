"""Before and after on held-out questions: the job, its result, and free search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import AppError, ComparisonError, WorkspaceError
from core.experts.catalogue import find_entry
from core.experts.entry import DOCUMENT, LEXICAL, QUERY
from core.experts.progress import Part
from core.jobs.folder import RunFolder
from core.journey.examining import examine
from core.journey.projects import SAMPLES_FOLDER
from core.journey.running import COMPARE, launch_job, workspace_of
from core.journey.scoring import load_expert_scores
from core.messages import N_, Message
from core.types import Comparison, ExpertScores, Generality, QADataset, Reporter
from core.workspace.records import Project
from core.workspace.workspace import Workspace

if TYPE_CHECKING:
    from core.evaluation.comparison import ArmInput
    from core.evaluation.movements import AnswerMove
    from core.experts.encoders import Encoder

BASE, TUNED, BM25 = "base", "tuned", "bm25"
PROBES = {
    "en": SAMPLES_FOLDER / "general_similarity_en.csv",
    "ja": SAMPLES_FOLDER / "general_similarity_ja.csv",
}
_SEED = 0


def launch_comparison(
    workspace: Workspace, project: Project, tune_run: str, experts: Sequence[str], who: str
) -> str:
    """Start a job that compares a tuned model with its base; returns the run id.

    Raises
    ------
    ComparisonError
        If the run left no model.
    """
    tuned = RunFolder(workspace.run_folder(tune_run))
    if not tuned.model.is_dir():
        raise ComparisonError(
            "The run {run} left no model to compare. Resume it or start another one.", run=tune_run
        )
    config = {
        "dataset_id": project.dataset_id,
        "tune_run": tune_run,
        "experts": list(experts),
        "base_model": tuned.read_request()["config"]["tuning"]["base_model"],
    }
    return launch_job(workspace, project.id, COMPARE, config, who)


def compare_step(folder: RunFolder, request: Mapping[str, Any], report: Reporter) -> dict[str, Any]:
    """Worker step: encode, search, measure, judge."""
    from core.evaluation.comparison_files import to_files
    from core.workspace.tensorfile import write_tensors

    workspace = workspace_of(folder)
    config = request["config"]
    dataset = workspace.load_dataset(config["dataset_id"])
    comparison = run_comparison(
        workspace,
        dataset,
        config["base_model"],
        RunFolder(workspace.run_folder(config["tune_run"])),
        config["experts"],
        Part(report, 0.0, 0.7),
    )
    document, arrays = to_files(comparison)
    models = encoders(
        workspace, config["base_model"], RunFolder(workspace.run_folder(config["tune_run"])).model
    )
    titles = find_entry(config["base_model"]).title, N_("Tuned model")
    more, more_arrays = examine(
        workspace,
        dataset,
        str(request["project_id"]),
        models,
        titles,
        config["experts"],
        Part(report, 0.7, 1.0),
    )
    write_tensors(folder.arrays, arrays | more_arrays)
    return document | more


def run_comparison(
    workspace: Workspace,
    dataset: QADataset,
    base_model: str,
    tuned: RunFolder,
    experts: Sequence[str],
    report: Reporter,
) -> Comparison:
    """Compare base, tuned, BM25 and experts on the held-out questions.

    An expert that cannot be read is absent, with the reason; base and tuned must be there.
    """
    from core.evaluation.comparison import compare

    base, after = encoders(workspace, base_model, tuned.model)
    part = Part(report, 0.0, 0.3)
    arms = [_arm(workspace, dataset, BASE, find_entry(base_model).title, base, part)]
    part = Part(report, 0.3, 0.6)
    index = base if is_query_side(tuned) else after
    arms.append(_arm(workspace, dataset, TUNED, N_("Tuned model"), after, part, index))
    absent: dict[str, Message] = {}
    for key in dict.fromkeys((BM25, *experts)):
        if key == base_model:
            continue  # it is the base arm already
        try:
            arms.append(_expert_arm(workspace, dataset, key))
        except AppError as error:
            absent[key] = error.message
    report.progress(0.65, Message(N_("Checking that everyday language is still understood")))
    general = measure_generality(workspace, dataset, base, after, report)
    return compare(
        dataset,
        arms,
        run_id=tuned.root.name,
        seed=_SEED,
        report=Part(report, 0.75, 1.0),
        generality=general,
        absent=absent,
    )


def encoders(workspace: Workspace, base_model: str, tuned: Path) -> tuple[Encoder, Encoder]:
    """Return the encoders before and after; no model is loaded before it encodes.

    Raises
    ------
    ModelUnavailableError
        If a model's files are missing.
    """
    from core.experts.encoders import load_encoder

    return load_encoder(find_entry(base_model), workspace.models), load_encoder(
        tuned, workspace.models
    )


def is_query_side(tuned: RunFolder) -> bool:
    """Return True if only questions go through the tuned model; answers stay with the base."""
    return bool(tuned.read_request()["config"]["tuning"].get("query_side", False))


def _arm(
    workspace: Workspace,
    dataset: QADataset,
    name: str,
    title: str,
    encoder: Encoder,
    report: Reporter,
    index: Encoder | None = None,
) -> ArmInput:
    """Encode both sides; answers with ``index`` where another model made the index."""
    from core.evaluation.comparison import ArmInput, held_out_rows
    from core.experts.embedding import encode_cached

    questions = [dataset.questions[row] for row in held_out_rows(dataset)]
    half = Part(report, 0.0, 0.5)
    left = encode_cached(encoder, questions, QUERY, workspace.vectors, half)
    half = Part(report, 0.5, 1.0)
    right = encode_cached(index or encoder, dataset.answers, DOCUMENT, workspace.vectors, half)
    return ArmInput(name, title, name, encoder.fingerprint, left, right)


def _expert_arm(workspace: Workspace, dataset: QADataset, key: str) -> ArmInput:
    from core.evaluation.comparison import ArmInput

    entry = find_entry(key)
    if entry.family == LEXICAL:
        from core.experts.scoring import score_dataset

        result = score_dataset(dataset, [key], store=workspace.models, cache=workspace.vectors)
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
    return ArmInput(
        key, entry.title, kind, scores.fingerprint, scores.question_matrix, scores.answer_matrix
    )


def measure_generality(
    workspace: Workspace, dataset: QADataset, before: Encoder, after: Encoder, report: Reporter
) -> list[Generality]:
    """Return how well everyday language is understood before and after, in the data's language."""
    from core.data.checks import guess_language
    from core.evaluation.generality import cosines, generality, load_probe
    from core.experts.embedding import encode_cached

    language = guess_language(dataset.questions)
    probe = load_probe(PROBES.get(language, PROBES["en"]))
    sides = []
    for encoder in (before, after):
        left, right = (
            # Similar sentences are compared like with like: both sides as queries.
            encode_cached(encoder, texts, QUERY, workspace.vectors, Part(report, 0.65, 0.7))
            for texts in (probe.left, probe.right)
        )
        sides.append(cosines(left, right))
    label = language if language in PROBES else "en"
    return [generality(sides[0], sides[1], probe.scores, language=label, seed=_SEED)]


def load_comparison(workspace: Workspace, run_id: str) -> Comparison:
    """Read a finished comparison; raises WorkspaceError if its files are damaged."""
    from core.evaluation.comparison_files import from_files
    from core.workspace.tensorfile import read_tensors

    folder = RunFolder(workspace.run_folder(run_id))
    document = folder.read_result()
    try:
        arrays = read_tensors(folder.arrays)
    except (OSError, ValueError) as error:
        raise WorkspaceError(
            "The results in {file} cannot be read: {reason}. The file was deleted or damaged; run "
            "the comparison again.",
            file=str(folder.arrays),
            reason=str(error),
        ) from error
    return from_files(document, arrays)


@dataclass(frozen=True, eq=False)
class Searcher:
    """Base and tuned model side by side on the whole corpus, for questions typed by hand.

    Attributes
    ----------
    before, after : Encoder
    before_answers, after_answers : float32 arrays [n_a, d]
    """

    before: Encoder
    after: Encoder
    before_answers: np.ndarray
    after_answers: np.ndarray

    def search(self, question: str, right: np.ndarray, depth: int = 10) -> list[AnswerMove]:
        """Return the two result lists of a question as one list of answers with both ranks.

        Parameters
        ----------
        right : int array
            Answer rows known to be right; may be empty.
        """
        from core.evaluation.movements import list_moves
        from core.evaluation.retrieval import rank

        lists = []
        for encoder, answers in (
            (self.before, self.before_answers),
            (self.after, self.after_answers),
        ):
            found = rank(encoder.encode([question], QUERY), answers, depth)
            lists.append((found.top_answers[0], found.top_scores[0]))
        return list_moves(lists[0], lists[1], right, depth)


def searcher(workspace: Workspace, dataset: QADataset, tune_run: str) -> Searcher:
    """Return a searcher for a tuned run; answers come from the cache where they are there."""
    from core.experts.embedding import encode_cached

    folder = RunFolder(workspace.run_folder(tune_run))
    base_model = folder.read_request()["config"]["tuning"]["base_model"]
    before, after = encoders(workspace, base_model, folder.model)
    left, right = (
        encode_cached(encoder, dataset.answers, DOCUMENT, workspace.vectors)
        for encoder in (before, before if is_query_side(folder) else after)
    )
    return Searcher(before, after, left, right)
