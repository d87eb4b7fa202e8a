"""What a comparison looks at besides search quality: shape of the vectors, other sets, speed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import AppError
from core.evaluation.cost import EncodingCost
from core.evaluation.geometry import MAX_TEXTS, Cloud, ShapeChange, joint_projection, shape_changes
from core.evaluation.systems import EncodedSystem, compare, held_out_rows
from core.experts.catalogue import find_entry
from core.messages import N_, Message
from core.progress import Progress
from core.types import BASE, TUNED, UNSEEN, Difference, QADataset, Reporter, SilentReporter
from core.types.expert_entry import DOCUMENT, QUERY

if TYPE_CHECKING:
    from core.evaluation.movements import AnswerMove
    from core.experts.encoders import Encoder

_SEED = 0


@dataclass(frozen=True)
class TunedPair:
    """A model before and after its tuning, as one examines both.

    Attributes
    ----------
    encode : callable
        ``(encoder, texts, role, report=…) -> float32 array [n, d]``, from a cache where it can.
    load : callable
        From the key of an expert to its encoder.
    """

    before: Encoder
    after: Encoder
    encode: Callable[..., np.ndarray]
    load: Callable[[str], Encoder]


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


def shape_and_map(
    pair: TunedPair, dataset: QADataset
) -> tuple[tuple[ShapeChange, ...], TextMap | None]:
    """Return how the shape of the vectors changed, and a picture of them where there is one."""
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
    for encoder in (pair.before, pair.after):
        texts = [dataset.questions[q] for q in questions]
        asked = pair.encode(encoder, texts, QUERY)
        texts = [dataset.answers[a] for a in answers]
        answered = pair.encode(encoder, texts, DOCUMENT)
        clouds.append(Cloud(np.vstack([asked, answered]), pairs[:, 0], pairs[:, 1]))
    shape = shape_changes(clouds[0], clouds[1], groups, seed=_SEED)
    flat = joint_projection(clouds[0].vectors, clouds[1].vectors)
    if flat is None:
        return shape, None
    return shape, TextMap(flat.before, flat.after, questions, answers, flat.explained)


def _some(rng: np.random.Generator, rows: np.ndarray, most: int) -> np.ndarray:
    return np.sort(rng.permutation(rows)[:most]).astype(np.int32)


def measure_costs(
    pair: TunedPair,
    dataset: QADataset,
    titles: tuple[str, str],
    experts: Sequence[str],
    report: Reporter,
) -> list[EncodingCost]:
    """Return how fast both models and the embedding models among the experts are, and how large.

    Parameters
    ----------
    titles : (before, after)
    """
    from core.experts.encoders import EmbeddingModel
    from core.experts.speed import measure_speed

    wanted: list[tuple[str, str, str, Encoder | None]] = [
        (BASE, titles[0], BASE, pair.before),
        (TUNED, titles[1], TUNED, pair.after),
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
            encoder = known or pair.load(name)
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
        costs.append(EncodingCost(arm=name, title=title, kind=kind, vectors_mb=size, **values))
    return costs


def search_difference(pair: TunedPair, dataset: QADataset, report: Reporter) -> Difference:
    """Return nDCG@10 of both models on all questions of a set, with the verdict's statistics."""
    encoded = []
    for place, (name, encoder) in enumerate(((BASE, pair.before), (TUNED, pair.after))):
        half = Progress(report, place / 2, (place + 1) / 2)
        left = pair.encode(encoder, dataset.questions, QUERY, report=half.part(0.0, 0.2))
        right = pair.encode(encoder, dataset.answers, DOCUMENT, report=half.part(0.2, 1.0))
        encoded.append(EncodedSystem(name, name, name, encoder.fingerprint, left, right))
    comparison = compare(dataset, encoded, run_id="", seed=_SEED, report=SilentReporter())
    difference = comparison.difference(UNSEEN)
    assert difference is not None  # both are there, and every question has a right answer
    return difference


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
