"""What a comparison looks at besides search quality: shape of the vectors, other sets, speed.

Measured in the comparison job and kept in its run folder, so that pages only read.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.documents import from_json
from core.errors import AppError, WorkspaceError
from core.evaluation.cost import EncodingCost
from core.evaluation.geometry import MAX_TEXTS, Cloud, ShapeChange, joint_projection, shape_changes
from core.experts.catalogue import find_entry
from core.jobs.folder import RunFolder
from core.journey.generality_sets import SetResult, measure_sets
from core.messages import N_, Message
from core.progress import Progress
from core.types import Difference, QADataset, Reporter
from core.types.expert_entry import DOCUMENT, QUERY
from core.types.project import GeneralitySet
from core.workspace.workspace import Workspace

if TYPE_CHECKING:
    from core.experts.encoders import Encoder

_SEED = 0
_MAP = "map."


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


@dataclass(frozen=True, eq=False)
class Examination:
    """Everything besides search quality; parts that were not measured are empty.

    Attributes
    ----------
    seconds : float
        How long measuring took; 0 where that was not kept.
    """

    shape: tuple[ShapeChange, ...] = ()
    map: TextMap | None = None
    sets: tuple[SetResult, ...] = ()
    costs: tuple[EncodingCost, ...] = ()
    seconds: float = 0.0


def examine(
    workspace: Workspace,
    dataset: QADataset,
    sets: tuple[GeneralitySet, ...],
    models: tuple[Encoder, Encoder],
    titles: tuple[str, str],
    experts: Sequence[str],
    report: Reporter,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Measure everything and return a JSON document and arrays for the run folder.

    Parameters
    ----------
    models : (before, after)
    titles : (before, after)
    experts : sequence of str
        Their speed is measured too, where they are embedding models of this machine.
    """
    before, after = models
    began = time.monotonic()
    report.progress(0.0, Message(N_("Looking at the shape of the vectors")))
    shape, found = _shape(workspace, dataset, before, after)
    measured = measure_sets(
        workspace,
        sets,
        before,
        after,
        Progress(report, 0.1, 0.7),
    )
    report.progress(0.7, Message(N_("Measuring how fast the models are on this machine")))
    costs = _costs(workspace, dataset, models, titles, experts, Progress(report, 0.7, 1.0))
    document: dict[str, Any] = {
        "shape": [asdict(one) for one in shape],
        "sets": [
            asdict(one) | {"failure": one.failure.to_json() if one.failure else None}
            for one in measured
        ],
        "costs": [asdict(one) for one in costs],
        "seconds": round(time.monotonic() - began, 2),
    }
    arrays: dict[str, np.ndarray] = {}
    if found is not None:
        document["explained"] = found.explained
        arrays = {
            f"{_MAP}{name}": np.ascontiguousarray(getattr(found, name))
            for name in ("before", "after", "questions", "answers")
        }
    return {"examination": document}, arrays


def _shape(
    workspace: Workspace, dataset: QADataset, before: Encoder, after: Encoder
) -> tuple[tuple[ShapeChange, ...], TextMap | None]:
    from core.evaluation.systems import held_out_rows
    from core.experts.encoders import encode_cached

    rng = np.random.default_rng(_SEED)
    questions = _some(rng, held_out_rows(dataset), MAX_TEXTS)
    right = [dataset.right_answers(int(q)) for q in questions]
    # Answers of these questions first: a picture of questions without their answers says nothing.
    first = rng.permutation(np.unique(np.concatenate(right)))
    rest = rng.permutation(np.setdiff1d(np.arange(len(dataset.answers)), first))
    answers = np.sort(np.concatenate([first, rest])[:MAX_TEXTS]).astype(np.int32)
    place = {int(answer): len(questions) + i for i, answer in enumerate(answers)}
    pairs = np.array(
        [(i, place[int(a)]) for i, found in enumerate(right) for a in found if int(a) in place],
        np.int64,
    ).reshape(-1, 2)
    groups = np.concatenate([dataset.question_group[questions], dataset.answer_group[answers]])
    clouds = []
    for encoder in (before, after):
        texts = [dataset.questions[q] for q in questions]
        asked = encode_cached(encoder, texts, QUERY, workspace.vectors)
        texts = [dataset.answers[a] for a in answers]
        told = encode_cached(encoder, texts, DOCUMENT, workspace.vectors)
        clouds.append(Cloud(np.vstack([asked, told]), pairs[:, 0], pairs[:, 1]))
    shape = shape_changes(clouds[0], clouds[1], groups, seed=_SEED)
    flat = joint_projection(clouds[0].vectors, clouds[1].vectors)
    if flat is None:
        return shape, None
    return shape, TextMap(flat.before, flat.after, questions, answers, flat.explained)


def _some(rng: np.random.Generator, rows: np.ndarray, most: int) -> np.ndarray:
    return np.sort(rng.permutation(rows)[:most]).astype(np.int32)


def _costs(
    workspace: Workspace,
    dataset: QADataset,
    models: tuple[Encoder, Encoder],
    titles: tuple[str, str],
    experts: Sequence[str],
    report: Reporter,
) -> list[EncodingCost]:
    from core.evaluation.verdict import BASE, TUNED
    from core.experts.encoders import EmbeddingModel, load_encoder
    from core.experts.speed import measure_speed

    wanted: list[tuple[str, str, str, Encoder | None]] = [
        (BASE, titles[0], BASE, models[0]),
        (TUNED, titles[1], TUNED, models[1]),
    ]
    for key in experts:
        entry = find_entry(key)
        if isinstance(entry, EmbeddingModel):
            wanted.append((key, entry.title, "expert", None))
    found, seen = [], set()
    for i, (arm, title, kind, known) in enumerate(wanted):
        said = Message(N_("Measuring how fast {title} is"), {"title": title})
        report.progress(i / len(wanted), said)
        try:
            encoder = known or load_encoder(find_entry(arm), workspace.models)
            if encoder.fingerprint in seen:
                continue  # the base model is one of the experts
            seen.add(encoder.fingerprint)
            speed = measure_speed(encoder, dataset.questions, dataset.answers, seed=_SEED)
        except AppError as error:
            report.warning(error.message)
            continue
        values = asdict(speed)
        if not values["weights_mb"] and kind == "expert":
            values["weights_mb"] = float(find_entry(arm).size_mb)
        size = len(dataset.answers) * encoder.dimension * 4 / 1e6
        found.append(EncodingCost(arm, title, kind, vectors_mb=size, **values))
    return found


def load_examination(workspace: Workspace, compare_run: str) -> Examination:
    """Read what a comparison found besides search quality; empty for one made without it.

    Raises
    ------
    WorkspaceError
        If the run folder cannot be read.
    """
    from core.workspace.files import read_tensors

    folder = RunFolder(workspace.run_folder(compare_run))
    document = folder.read_result()
    mapped = "explained" in (document.get("examination") or {})
    return examination_of(document, read_tensors(folder.arrays) if mapped else {})


def examination_of(result: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Examination:
    """Read what :func:`examine` returned; raises WorkspaceError if it is damaged."""
    document = result.get("examination")
    if not isinstance(document, Mapping):
        return Examination()
    found = None
    if "explained" in document and f"{_MAP}before" in arrays:
        found = TextMap(
            **{n: arrays[_MAP + n] for n in ("before", "after", "questions", "answers")},
            explained=float(document["explained"]),
        )
    try:
        return Examination(
            tuple(from_json(ShapeChange, one) for one in document.get("shape", ())),
            found,
            tuple(_set_result(one) for one in document.get("sets", ())),
            tuple(from_json(EncodingCost, one) for one in document.get("costs", ())),
            float(document.get("seconds", 0)),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise WorkspaceError(
            "The comparison on disk is damaged or from another version ({problem}). Run the "
            "comparison again.",
            problem=f"{type(error).__name__}: {error}",
        ) from error


def _set_result(values: Mapping[str, Any]) -> SetResult:
    difference, failure = values["difference"], values["failure"]
    return SetResult(
        values["name"],
        values["kind"],
        values["questions"],
        values["documents"],
        from_json(Difference, difference) if difference else None,
        Message.from_json(failure) if failure else None,
    )
