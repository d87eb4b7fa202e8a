"""Everything a report says, as plain data: no models, no arrays, no disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.evaluation.cost import EncodingCost, Savings
from core.evaluation.geometry import ShapeChange
from core.evaluation.preference import VoteFacts
from core.messages import Message
from core.reporting.repeat_command import Repeat
from core.types import (
    Difference,
    Generality,
    Interval,
    LabelRecipe,
    OfHundred,
    Override,
    SliceDifference,
)
from core.types.personal_rules import RiskAssessment
from core.types.project import Promotion
from core.types.sufficiency import Sufficiency
from core.types.tuning import SweepPoint


@dataclass(frozen=True)
class Movement:
    """One held-out question whose right answer moved.

    Attributes
    ----------
    regime : str
        Key of the regime.
    answer : str
        Text of the best placed right answer.
    change : float
        Of the main metric, after minus before.
    first_now : str
        Text of the answer that tuned places first, "" where it is the right one.
    lost : bool
        The right answer was among the first ten and no longer is.
    question_id : str
        As in the user's file.
    """

    regime: str
    question: str
    answer: str
    before_rank: int
    after_rank: int
    change: float
    first_now: str = ""
    lost: bool = False
    question_id: str = ""


@dataclass(frozen=True)
class Step:
    """One step of the journey and how long it took; ``title`` is a message id."""

    title: str
    seconds: float


@dataclass(frozen=True)
class Sending:
    """Texts that somebody agreed to send to an API, and what that costs.

    Attributes
    ----------
    cost : float or None
        Estimated, in the currency of the price that was entered; None where none was.
    at : str
        UTC, ISO 8601.
    """

    host: str
    model: str
    texts: int
    cost: float | None
    who: str
    at: str


@dataclass(frozen=True)
class ModelOrigin:
    """Where a model or another expert comes from, as far as the catalogue knows.

    Attributes
    ----------
    key : str
        Of the catalogue.
    title : str
        What the user calls it; the key where it is not known.
    licence : str
        "" = not known.
    commercial_use : bool
        False where the licence forbids it or is not known.
    repo : str or None
        Where it comes from on the model hub.
    note : str
        What its own folder says about its origin, "" if nothing.
    prompts : mapping of ``query`` and ``document`` to text
    languages : tuple of str
        ISO 639-1 codes; empty = many, or not known.
    """

    key: str
    title: str
    licence: str = ""
    commercial_use: bool = False
    repo: str | None = None
    note: str = ""
    prompts: Mapping[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataFacts:
    """What was uploaded and how it was split.

    Attributes
    ----------
    rows_read, rows_taken, rows_set_aside : int or None
        None where the format has no rows (a BEIR folder).
    groups : int
        Answer groups that have questions.
    split : mapping of split to (questions, answer groups)
    personal_data : tuple of (title, rows)
        Kinds of personal data found; titles are message ids.
    allowed : Sufficiency or None
        What the data allowed before anything was computed; None where it is not told.
    open_questions : int
        Questions without a known answer; not among ``questions``.
    open_asked : float
        How often they were asked in all, or what they are worth.
    open_told : tuple of Message
        What became of the files that they are from.
    written : mapping of writer to int
        Questions that nobody asked, which were written from answers; not among ``questions``.
    """

    file: str
    format: str
    rows_read: int | None
    rows_taken: int | None
    rows_set_aside: int | None
    questions: int
    answers: int
    groups: int
    split: Mapping[str, tuple[int, int]]
    personal_data: tuple[tuple[str, int], ...] = ()
    warnings: tuple[Message, ...] = ()
    allowed: Sufficiency | None = None
    open_questions: int = 0
    open_asked: float = 0.0
    open_told: tuple[Message, ...] = ()
    written: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ExpertFacts:
    """One expert of the recipe, or scored besides.

    Attributes
    ----------
    ndcg : Interval or None
        nDCG@10 alone, on questions outside the test split.
    weight : float in [0, 1] or None
        Share in the soft labels; None where the expert is not part of the recipe.
    """

    origin: ModelOrigin
    ndcg: Interval | None
    weight: float | None
    seconds: float
    fingerprint: str


@dataclass(frozen=True)
class LearnedLabels:
    """Where the labels of right pairs and of other pairs lie.

    Attributes
    ----------
    right, other : tuple of float, each summing to 1 (to 0 where there are no such pairs)
        Shares per equally wide bin of labels from 0 to 1.
    right_mean, other_mean : float in [0, 1]
    right_pairs, other_pairs : int
        Pairs looked at.
    overlap : float in [0, 1]
        What both have in common.
    """

    right: tuple[float, ...]
    other: tuple[float, ...]
    right_mean: float
    other_mean: float
    right_pairs: int
    other_pairs: int
    overlap: float


@dataclass(frozen=True)
class BiasCell:
    """Labels of one group by one expert, or by all together.

    Attributes
    ----------
    difference : float in [-1, 1] or None
        Mean label of the group minus that of all other groups; None where there are no such pairs.
    flagged : bool
        Beyond chance.
    """

    difference: float | None
    flagged: bool


@dataclass(frozen=True)
class BiasMap:
    """The groups that get the most unequal labels, by the attribute that tells them apart.

    Attributes
    ----------
    attribute, kind : str
        Message ids: by what texts are grouped, and which pairs are looked at.
    experts : tuple of str
        Titles of the columns after the first, which is what the experts say together.
    rows : tuple of (group, cells)
        The most unequal first; a cell per column.
    compared : int
        Attributes that were looked at; this is the worst of them.
    """

    attribute: str
    kind: str
    experts: tuple[str, ...]
    rows: tuple[tuple[str, tuple[BiasCell, ...]], ...]
    compared: int

    @property
    def flagged(self) -> int:
        """How many cells are beyond chance."""
        return sum(cell.flagged for _, cells in self.rows for cell in cells)


@dataclass(frozen=True)
class LabelFacts:
    """How soft labels were made.

    Attributes
    ----------
    rule_title, rule_meaning : str
        Message ids.
    overrides : tuple of Override
        Those in force, newest first.
    recentred : tuple of str
        Message ids of what labels were evened out by, group by group, in this order.
    spread : LearnedLabels or None
        None where the experts' scores are gone.
    bias : BiasMap or None
        None where no expert took part, the scores are gone, or all texts are alike.
    """

    recipe_name: str
    rule_title: str
    rule_meaning: str
    recipe: LabelRecipe
    overrides: tuple[Override, ...] = ()
    recentred: tuple[str, ...] = ()
    spread: LearnedLabels | None = None
    bias: BiasMap | None = None


@dataclass(frozen=True)
class TuningFacts:
    """How the model was tuned.

    Attributes
    ----------
    base : ModelOrigin
        The model before tuning.
    reader : ModelOrigin or None
        The larger model that reads the answers; None where the tuned model or the base does.
    by_base : bool
        Answers keep the vectors of the base model.
    settings : tuple of (title, value)
        Titles are message ids.
    curve : tuple of (step, score)
        Validation nDCG@10; step 0 is the base model.
    mixes : tuple of SweepPoint
        Mixes of base and tuned model, from base to tuned; empty where none were measured.
    alpha : float in [0, 1]
        Share of the tuned weights in the mix that was kept.
    """

    base: ModelOrigin
    settings: tuple[tuple[str, str], ...]
    device: str
    seconds: float
    steps: int
    curve: tuple[tuple[int, float], ...]
    best_step: int
    best_score: float | None
    base_score: float | None
    stopped_early: bool = False
    cancelled: bool = False
    mixes: tuple[SweepPoint, ...] = ()
    alpha: float = 1.0
    reader: ModelOrigin | None = None
    by_base: bool = False


@dataclass(frozen=True)
class SystemRow:
    """One system in one regime: a mean with its interval per metric."""

    name: str
    title: str
    kind: str
    metrics: Mapping[str, Interval]


@dataclass(frozen=True)
class RegimeResults:
    """All results on the held-out questions of one regime.

    Attributes
    ----------
    title, meaning : str
        Message ids.
    differences : tuple of Difference
        Tuned minus base per metric, the main metric first.
    hundred : OfHundred or None
        What becomes of a hundred customers; None where it was not measured.
    """

    key: str
    title: str
    meaning: str
    questions: int
    groups: int
    differences: tuple[Difference, ...]
    systems: tuple[SystemRow, ...]
    hundred: OfHundred | None = None

    @property
    def main(self) -> Difference | None:
        """The difference that decides, None where base or tuned is absent."""
        return self.differences[0] if self.differences else None


@dataclass(frozen=True)
class ReportContent:
    """What a report is made from.

    Attributes
    ----------
    name : str
        What the user calls the project.
    created_at : str
        UTC, ISO 8601.
    agreement : tuple of Message
        What the experts have in common.
    absent : tuple of (title, Message)
        Systems that are missing from the comparison, and why.
    way : Message or None
        How a cross-fitted verdict was reached; None where one split was tested.
    counted : tuple of (title, Message)
        The verdict by weight and of must-find questions; empty where nothing counts more.
    refusals : tuple of Message
        Why the promotion guard refuses the tuned model; empty = it does not.
    losses, wins : tuple of Movement
        All of them, the worst first, the best first.
    slices : tuple of SliceDifference
        Results by category, language, length …; empty where they were not worked out.
    steps : tuple of Step
        What took how long.
    sendings : tuple of Sending
        What went to APIs, oldest first.
    rules : tuple of (title, sentences)
        Personal data, terms of the experts and risks, as people said; titles are message ids.
    risk : RiskAssessment or None
        None where nobody assessed the risks.
    votes : tuple of VoteFacts
        Opened blind votes about the tuned model, newest first.
    shape : tuple of ShapeChange
        What tuning did to the shape of the vectors; empty where it was not measured.
    speeds : tuple of EncodingCost
        Speed and memory of the models; empty where they were not measured.
    savings : Savings or None
        What the gain is worth with the user's own figures; None before they were kept.
    in_use : Promotion or None
        Who took this tuned model into use, None where nobody did.
    lost : int
        Right answers that dropped out of the first ten, over all held-out questions.
    configuration : mapping
        JSON document of everything that was set.
    hashes : tuple of (title, value)
        Titles are message ids or names of systems.
    repeat : Repeat
        The command that repeats the whole journey; "" = none is known.
    """

    name: str
    created_at: str
    data: DataFacts
    experts: tuple[ExpertFacts, ...]
    agreement: tuple[Message, ...]
    labels: LabelFacts
    tuning: TuningFacts
    regimes: tuple[RegimeResults, ...]
    generality: tuple[Generality, ...] = ()
    absent: tuple[tuple[str, Message], ...] = ()
    way: Message | None = None
    counted: tuple[tuple[str, Message], ...] = ()
    refusals: tuple[Message, ...] = ()
    losses: tuple[Movement, ...] = ()
    wins: tuple[Movement, ...] = ()
    lost: int = 0
    slices: tuple[SliceDifference, ...] = ()
    steps: tuple[Step, ...] = ()
    sendings: tuple[Sending, ...] = ()
    votes: tuple[VoteFacts, ...] = ()
    rules: tuple[tuple[str, tuple[Message, ...]], ...] = ()
    risk: RiskAssessment | None = None
    shape: tuple[ShapeChange, ...] = ()
    speeds: tuple[EncodingCost, ...] = ()
    savings: Savings | None = None
    in_use: Promotion | None = None
    configuration: Mapping[str, Any] = field(default_factory=dict)
    hashes: tuple[tuple[str, str], ...] = ()
    software: tuple[tuple[str, str], ...] = ()
    repeat: Repeat = field(default_factory=Repeat)

    @property
    def words(self) -> tuple[str, ...]:
        """Verdict of each regime that has one, by the main metric."""
        return tuple(regime.main.word for regime in self.regimes if regime.main is not None)
