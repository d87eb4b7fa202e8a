"""What a comparison looks at besides search quality: shape of the vectors, other sets, speed.

Measured in the comparison job and kept in its run folder, so that pages only read.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data.beir import evaluation_dataset
from core.data.reading.archives import BeirFiles
from core.documents import from_json, to_json
from core.errors import AppError, DataError
from core.evaluation.cost import EncodingCost as EncodingCost
from core.evaluation.geometry import (
    MAX_TEXTS,
    SHAPE_MEASURES as SHAPE_MEASURES,
    Cloud,
    ShapeChange as ShapeChange,
    joint_projection,
    shape_changes,
)
from core.evaluation.systems import held_out_rows
from core.experts.catalogue import find_entry
from core.jobs.folder import RunFolder
from core.journey.compare_systems import ComparedSystems, encoders, is_query_side
from core.messages import N_, Message
from core.progress import Progress
from core.types import (
    BASE,
    TUNED,
    UNSEEN,
    Difference,
    QADataset,
    Reporter,
    SilentReporter,
)
from core.types.expert_entry import DOCUMENT, QUERY
from core.types.project import GeneralitySet
from core.workspace.workspace import Project, Workspace

if TYPE_CHECKING:
    from core.evaluation.movements import AnswerMove
    from core.experts.encoders import Encoder

_SEED = 0
_KEY = "examination"  # in the result of a comparison
_MAP = "map."
_MAPPED = ("before", "after", "questions", "answers")
BEIR, MTEB = "beir", "mteb"
_SUBSET = "default"  # of an mteb task


@dataclass(frozen=True, eq=False)
class TextMap:
    """Questions and answers in two dimensions, before and after, by one projection.

    Attributes
    ----------
    before, after : float32 arrays [n, 2]
        First the questions, then the answers.
    questions, answers : int32 arrays
        Rows of the dataset.
    explained : float in [0, 1]
        Share of the variation that the picture holds.
    """

    before: np.ndarray
    after: np.ndarray
    questions: np.ndarray
    answers: np.ndarray
    explained: float


@dataclass(frozen=True)
class SetResult:
    """nDCG@10 of both models on one set, or why there is none.

    Attributes
    ----------
    difference : Difference or None
    failure : Message or None
        Why it could not be measured.
    """

    name: str
    kind: str
    questions: int
    documents: int
    difference: Difference | None
    failure: Message | None = None


@dataclass(frozen=True)
class ExaminationFigures:
    """What lies in the result of a comparison besides search quality.

    Attributes
    ----------
    seconds : float
        How long measuring took; 0 where that was not kept.
    explained : float or None
        Of the map, see :class:`TextMap`; None where there is none.
    """

    shape: tuple[ShapeChange, ...] = ()
    sets: tuple[SetResult, ...] = ()
    costs: tuple[EncodingCost, ...] = ()
    seconds: float = 0.0
    explained: float | None = None


@dataclass(frozen=True)
class Examination(ExaminationFigures):
    """Everything besides search quality; parts that were not measured are empty."""

    map: TextMap | None = None


def examine(
    systems: ComparedSystems,
    sets: Sequence[GeneralitySet],
    titles: tuple[str, str],
    experts: Sequence[str],
    report: Reporter,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Measure everything and return a JSON document and arrays for the run folder.

    Parameters
    ----------
    titles : (before, after)
    experts : sequence of str
        Their speed is measured too, where they are embedding models of this machine.
    """
    began = time.monotonic()
    report.progress(0.0, Message(N_("Looking at the shape of the vectors")))
    shape, text_map = _shape(systems)
    results = measure_sets(systems, sets, Progress(report, 0.1, 0.7))
    report.progress(0.7, Message(N_("Measuring how fast the models are on this machine")))
    costs = _costs(systems, titles, experts, Progress(report, 0.7, 1.0))
    figures = ExaminationFigures(
        shape,
        results,
        tuple(costs),
        round(time.monotonic() - began, 2),
        text_map.explained if text_map else None,
    )
    arrays = {
        f"{_MAP}{name}": np.ascontiguousarray(getattr(text_map, name))
        for name in (_MAPPED if text_map else ())
    }
    return {_KEY: to_json(figures)}, arrays


def _shape(systems: ComparedSystems) -> tuple[tuple[ShapeChange, ...], TextMap | None]:
    from core.experts.encoders import encode_cached

    dataset, cache = systems.dataset, systems.workspace.vectors
    rng = np.random.default_rng(_SEED)
    questions = _some(rng, held_out_rows(dataset), MAX_TEXTS)
    right = [dataset.right_answers(int(q)) for q in questions]
    # Answers of these questions first: a picture of questions without their answers says nothing.
    first = rng.permutation(np.unique(np.concatenate(right)))
    rest = rng.permutation(np.setdiff1d(np.arange(len(dataset.answers)), first))
    answers = np.sort(np.concatenate([first, rest])[:MAX_TEXTS]).astype(np.int32)
    place = {int(answer): len(questions) + i for i, answer in enumerate(answers)}
    pairs = np.array(
        [(i, place[int(a)]) for i, rows in enumerate(right) for a in rows if int(a) in place],
        np.int64,
    ).reshape(-1, 2)
    groups = np.concatenate([dataset.question_group[questions], dataset.answer_group[answers]])
    clouds = []
    for encoder in (systems.before, systems.after):
        texts = [dataset.questions[q] for q in questions]
        asked = encode_cached(encoder, texts, QUERY, cache)
        texts = [dataset.answers[a] for a in answers]
        answered = encode_cached(encoder, texts, DOCUMENT, cache)
        clouds.append(Cloud(np.vstack([asked, answered]), pairs[:, 0], pairs[:, 1]))
    shape = shape_changes(clouds[0], clouds[1], groups, seed=_SEED)
    flat = joint_projection(clouds[0].vectors, clouds[1].vectors)
    if flat is None:
        return shape, None
    return shape, TextMap(flat.before, flat.after, questions, answers, flat.explained)


def _some(rng: np.random.Generator, rows: np.ndarray, most: int) -> np.ndarray:
    return np.sort(rng.permutation(rows)[:most]).astype(np.int32)


def _costs(
    systems: ComparedSystems,
    titles: tuple[str, str],
    experts: Sequence[str],
    report: Reporter,
) -> list[EncodingCost]:
    from core.experts.encoders import EmbeddingModel, load_encoder
    from core.experts.speed import measure_speed

    dataset = systems.dataset
    wanted: list[tuple[str, str, str, Encoder | None]] = [
        (BASE, titles[0], BASE, systems.before),
        (TUNED, titles[1], TUNED, systems.after),
    ]
    for key in experts:
        entry = find_entry(key)
        if isinstance(entry, EmbeddingModel):
            wanted.append((key, entry.title, "expert", None))
    costs, seen = [], set()
    for i, (name, title, kind, known) in enumerate(wanted):
        said = Message(N_("Measuring how fast {title} is"), {"title": title})
        report.progress(i / len(wanted), said)
        try:
            encoder = known or load_encoder(find_entry(name), systems.workspace.models)
            if encoder.fingerprint in seen:
                continue  # the base model is one of the experts
            seen.add(encoder.fingerprint)
            speed = measure_speed(encoder, dataset.questions, dataset.answers, seed=_SEED)
        except AppError as error:
            report.warning(error.message)
            continue
        values = asdict(speed)
        if not values["weights_mb"] and kind == "expert":
            values["weights_mb"] = float(find_entry(name).size_mb)
        size = len(dataset.answers) * encoder.dimension * 4 / 1e6
        costs.append(EncodingCost(name, title, kind, vectors_mb=size, **values))
    return costs


def load_examination(workspace: Workspace, compare_run: str) -> Examination:
    """Read what a comparison found besides search quality; empty for one made without it.

    Raises
    ------
    WorkspaceError
        If the run folder cannot be read.
    """
    from core.workspace.files import read_tensors

    folder = RunFolder(workspace.run_folder(compare_run))
    document = folder.read_result().get(_KEY)
    if not isinstance(document, dict):
        return Examination()
    figures = from_json(ExaminationFigures, document)
    arrays = {} if figures.explained is None else read_tensors(folder.arrays)
    if figures.explained is None or f"{_MAP}before" not in arrays:
        return Examination(**vars(figures))
    before, after, questions, answers = (arrays[_MAP + name] for name in _MAPPED)
    drawn = TextMap(before, after, questions, answers, figures.explained)
    return Examination(**vars(figures), map=drawn)


def generality_sets(project: Project) -> tuple[GeneralitySet, ...]:
    """Return the sets of a project in the order in which they were added."""
    return project.state.generality_sets


def add_beir_set(project: Project, source: Path | bytes, name: str, who: str) -> GeneralitySet:
    """Keep a BEIR folder, or the bytes of its ZIP, as a generality set; raises DataError if bad."""
    from core.data.beir import read_for_evaluation

    dataset = read_for_evaluation(source, name)
    project.workspace.save_dataset(dataset, {"file": name, "format": BEIR})
    added = GeneralitySet(BEIR, name, dataset.id, len(dataset.questions), len(dataset.answers))
    _add(project, added, who)
    return added


def add_mteb_task(project: Project, name: str, who: str) -> GeneralitySet:
    """Ask for an mteb task to be measured; raises DataError where mteb is not installed."""
    name = name.strip()
    if not name or not mteb_is_installed():
        load_mteb_task(name)
    added = GeneralitySet(MTEB, name)
    _add(project, added, who)
    return added


def _add(project: Project, added: GeneralitySet, who: str) -> None:
    present = generality_sets(project)
    if any((known.kind, known.name) == (added.kind, added.name) for known in present):
        raise DataError(
            "There is already a set named {name}. Take that one off first, or rename the new one.",
            name=added.name,
        )
    project.state.generality_sets = (*present, added)
    project.note("generality set added", who, asdict(added))


def remove_set(project: Project, name: str, who: str) -> None:
    """Take a set off; comparisons that measured it keep their figures."""
    others = tuple(known for known in generality_sets(project) if known.name != name)
    project.state.generality_sets = others
    project.note("generality set removed", who, {"name": name})


def measure_sets(
    systems: ComparedSystems, sets: Sequence[GeneralitySet], report: Reporter
) -> tuple[SetResult, ...]:
    """Search every set with both models; one that fails is reported with its reason."""
    results = []
    for i, wanted in enumerate(sets):
        part = Progress(report, i / len(sets), (i + 1) / len(sets))
        part.progress(0.0, Message(N_("Searching in the set {name}"), {"name": wanted.name}))
        result = SetResult(wanted.name, wanted.kind, wanted.questions, wanted.documents, None)
        try:
            dataset = (
                load_mteb_task(wanted.name)
                if wanted.kind == MTEB
                else systems.workspace.load_dataset(wanted.dataset_id)
            )
            difference = search_difference(systems, dataset, part)
        except AppError as error:
            results.append(replace(result, failure=error.message))
        else:
            result = replace(result, questions=len(dataset.questions), difference=difference)
            results.append(replace(result, documents=len(dataset.answers)))
    return tuple(results)


def search_difference(systems: ComparedSystems, dataset: QADataset, report: Reporter) -> Difference:
    """Return nDCG@10 of both models on all questions of a set, with the verdict's statistics."""
    from core.evaluation.systems import EncodedSystem, compare
    from core.experts.encoders import encode_cached

    cache = systems.workspace.vectors
    encoded = []
    for place, (name, encoder) in enumerate(((BASE, systems.before), (TUNED, systems.after))):
        half = Progress(report, place / 2, (place + 1) / 2)
        left = encode_cached(encoder, dataset.questions, QUERY, cache, half.part(0.0, 0.2))
        right = encode_cached(encoder, dataset.answers, DOCUMENT, cache, half.part(0.2, 1.0))
        encoded.append(EncodedSystem(name, name, name, encoder.fingerprint, left, right))
    comparison = compare(dataset, encoded, run_id="", seed=_SEED, report=SilentReporter())
    difference = comparison.difference(UNSEEN)
    assert difference is not None  # both are there, and every question has a right answer
    return difference


def mteb_is_installed() -> bool:
    """Return whether the package can be imported, without importing it."""
    return find_spec("mteb") is not None


def load_mteb_task(name: str) -> QADataset:
    """Download a retrieval task and return its test split.

    Raises
    ------
    DataError
        If the package is not installed, the task is unknown, not about retrieval, wants to run
        foreign code, or cannot be downloaded.
    """
    if not mteb_is_installed():
        raise DataError(
            "The task {name} needs the package mteb, which is not installed. Install it with pip "
            "install mteb, or upload the same data as a BEIR zip.",
            name=name,
        )
    import mteb

    try:
        task = mteb.get_task(name)
    except Exception as error:  # an unknown name; the kinds of error differ between versions
        raise DataError(
            "mteb knows no task {name} ({reason}). Names are case-sensitive, for example SciFact.",
            name=name,
            reason=str(error)[:200],
        ) from error
    if task.metadata.type != "Retrieval":
        raise DataError(
            "{name} is a task of the kind {kind}; only Retrieval tasks can be measured here.",
            name=name,
            kind=str(task.metadata.type),
        )
    if task.metadata.dataset.get("trust_remote_code"):
        raise DataError(
            "{name} would run foreign code on this machine to load its data, which is never done "
            "here. Choose another task.",
            name=name,
        )
    try:
        task.load_data()
        splits = task.dataset.get(_SUBSET) or next(iter(task.dataset.values()))
        data = splits.get("test") or next(iter(splits.values()))
        files = BeirFiles(
            corpus={str(row["id"]): _text(row) for row in data["corpus"]},
            queries={str(row["id"]): str(row["text"]) for row in data["queries"]},
            qrels={
                "": [
                    (str(query), str(document), float(grade))
                    for query, judged in data["relevant_docs"].items()
                    for document, grade in judged.items()
                ]
            },
        )
    except Exception as error:  # no network, no disk, a changed layout: the remedy is the same
        raise DataError(
            "The data of {name} cannot be had ({reason}). The model hub may not be reachable from "
            "this machine; upload the same data as a BEIR zip instead.",
            name=name,
            reason=f"{type(error).__name__}: {error}"[:200],
        ) from error
    return evaluation_dataset(files, name)


def _text(row: dict[str, str]) -> str:
    return f"{row.get('title') or ''} {row['text']}".strip()


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

    def warm_up(self) -> None:
        """Load both models, so that no search waits for it."""
        for encoder in (self.before, self.after):
            encoder.encode(["."], QUERY)

    def search(self, question: str, right: np.ndarray, depth: int = 10) -> list[AnswerMove]:
        """Return the two result lists of a question as one list of answers with both ranks.

        Parameters
        ----------
        right : int array
            Answer rows known to be right; may be empty.
        """
        from core.evaluation.movements import list_moves
        from core.evaluation.search import rank_one

        lists = []
        for encoder, answers in (
            (self.before, self.before_answers),
            (self.after, self.after_answers),
        ):
            ranking = rank_one(encoder.encode([question], QUERY)[0], answers, depth)
            lists.append((ranking.top_answers[0], ranking.top_scores[0]))
        return list_moves(lists[0], lists[1], right, depth)


def searcher(workspace: Workspace, dataset: QADataset, tune_run: str) -> Searcher:
    """Return a searcher for a tuned run; answers come from the cache where they are there.

    Raises
    ------
    ModelUnavailableError
        If a model's files are missing.
    """
    from core.experts.encoders import encode_cached

    folder = RunFolder(workspace.run_folder(tune_run))
    before, after = encoders(workspace, folder)
    beside = before if is_query_side(folder) else after
    left, right = (
        encode_cached(encoder, dataset.answers, DOCUMENT, workspace.vectors)
        for encoder in (before, beside)
    )
    return Searcher(before, after, left, right)
