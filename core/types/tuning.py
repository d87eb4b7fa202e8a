"""What jobs that tune are told and what they write when they end."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from core.messages import N_, Message, N_n
from core.types.recipes import LabelRecipe, Override
from core.types.tuning_config import TuningConfig

# What a run makes no use of, and why: nothing is wrong, so it is told calmly.
NO_BETTER_EXPERT = N_(
    "No expert searches clearly better than the base model by itself (validation nDCG@10: "
    "{experts:.3f} against {base:.3f}), so the model does not learn from the experts how alike "
    "answers are. A stronger expert would help answers that no question asks for yet."
)
OPEN_LEFT_OUT = N_n(
    "The model does not learn from the {count} open question: no "
    "expert searches clearly better than the base model, and what "
    "weaker ones say of it would undo what it knows. A stronger expert "
    "would make it count.",
    "The model does not learn from the {count} open questions: no "
    "expert searches clearly better than the base model, and what "
    "weaker ones say of them would undo what it knows. A stronger "
    "expert would make them count.",
)
TRIMMED = N_(
    "Before learning, the base model kept {tokens} of {before} words ({size} MB instead of {whole} "
    "MB). On {texts} texts of this project its vectors stayed the same (least cosine {cosine}); on "
    "{questions} validation questions it searches as before: nDCG@10 {new}, with all words {old}."
)
TRIMMED_UNASKED = N_(
    "Before learning, the base model kept {tokens} of {before} words ({size} MB instead of {whole} "
    "MB). On {texts} texts of this project its vectors stayed the same (least cosine {cosine})."
)
TRIMMED_AT_A_COST = N_(
    "Before learning, the base model kept {tokens} of {before} words ({size} MB instead of {whole} "
    "MB), and reads this project differently: least cosine {cosine} over {texts} texts, nDCG@10 "
    "{new} instead of {old} on {questions} validation questions. Tune the whole base model instead."
)
# What trimming may change before it is told as a cost: rounding.
LEAST_COSINE, MOST_CHANGE = 0.999, 0.002
ONE_ANSWER = N_(
    "Nearly every question has one right answer here, so the model does not learn how alike the "
    "experts find answers: likeness helps to find the other answers of a question, and with one "
    "answer each it has only cost unseen answers."
)
NO_READER = N_(
    "Besides the base model no expert takes part that can compare two answers: the others compare "
    "words or score pairs only. So the model does not learn from the experts how alike answers "
    "are; it learns from their labels of pairs. An expert that reads meaning and is stronger than "
    "the base model would help answers that no question asks for yet."
)
EXPLANATIONS = frozenset((NO_BETTER_EXPERT, OPEN_LEFT_OUT, ONE_ANSWER, NO_READER))


@dataclass(frozen=True)
class DeviceInfo:
    """The device that a run uses.

    Attributes
    ----------
    name : str
        What the maker calls it.
    kind : str
        ``cuda``, ``mps`` or ``cpu``: also the name that torch takes.
    precision : str
        ``bf16`` or ``fp32``.
    memory_gb : float or None
        Memory of a CUDA device in GiB; None elsewhere.
    cores : int
        Processor cores that this process may use.
    index : int or None
        Number that torch has for the card, where not the first one will do.
    """

    name: str
    kind: str
    precision: str
    memory_gb: float | None
    cores: int
    index: int | None = None


@dataclass(frozen=True)
class TuningEstimate:
    """What was said before a run started; kept in its request and compared with what happened.

    Attributes
    ----------
    seconds, low, high : float
        Time of all steps and checks, with a range.
    source : str
        ``same run``, ``probe``, ``probe of other settings``, ``same model`` or ``other model``.
    steps : int
    memory_mb, disk_mb : float or None
        The most that is taken at a time; None where nothing was measured.
    """

    seconds: float
    low: float
    high: float
    source: str
    steps: int
    memory_mb: float | None = None
    disk_mb: float | None = None


@dataclass(frozen=True)
class TuneRequest:
    """What a tuning run, or its short measurement, is told.

    All by value (recipe, overrides, settings), so that nothing that is changed later changes it.

    Attributes
    ----------
    recipe_name : str
        What the user calls the recipe.
    estimate_key : str
        Of the short measurement that fits these settings.
    from_race : str
        Run id of the race that the model was taken from, "" where it was learned here.
    from_cross_fit : str
        Run id of the cross-fitted verdict that delivered the model, "" where none did: it learned
        from every question, those of the dataset's test split included.
    then_compare : bool
        Whether its worker starts the comparison with the base model once it has finished.
    start_run : str
        Run id of the model whose weights it goes on from; "" = it begins with the base model.
    challenges : bool
        Whether its model becomes the challenger of the one in use once it has finished.
    """

    dataset_id: str
    recipe_name: str
    recipe: LabelRecipe
    overrides: tuple[Override, ...]
    tuning: TuningConfig
    estimate: TuningEstimate | None = None
    estimate_key: str = ""
    from_race: str = ""
    from_cross_fit: str = ""
    then_compare: bool = False
    start_run: str = ""
    challenges: bool = False


@dataclass(frozen=True)
class AgreedEnd:
    """Where a run without validation questions ends, because others like it agreed on that.

    Attributes
    ----------
    share : float in [0, 1]
        Of the planned steps, after which learning ends; 0 = the base model is kept.
    alpha : float in [0, 1]
        Share of what was learned in the model that is kept; the rest is the base model's.
    """

    share: float
    alpha: float = 1.0


@dataclass(frozen=True)
class CurvePoint:
    """Search quality on validation questions at one moment of a run.

    Attributes
    ----------
    step : int
        Steps done; 0 = the base model.
    score : float in [0, 1]
        Mean nDCG@10 over the regimes present.
    regimes : mapping of regime to nDCG@10
    first : float in [0, 1] or None
        Share of the questions whose first answer is right, as a mean over the regimes; None where
        something else than search was measured, and in runs of earlier versions.
    """

    step: int
    score: float
    regimes: dict[str, float] = field(default_factory=dict)
    first: float | None = None


@dataclass(frozen=True)
class ExampleMoment:
    """How a validation question is answered at one check of a run.

    Attributes
    ----------
    step : int
        Steps done; 0 = the base model.
    answers : tuple of int
        Rows of the first answers, best first.
    place : int or None
        Of the best right answer, from 1; None where it is not among the first ten.
    """

    step: int
    answers: tuple[int, ...]
    place: int | None


@dataclass(frozen=True)
class WatchedQuestion:
    """A validation question that a run shows at every check, so that people can look on.

    Attributes
    ----------
    row : int
        Of the question.
    moments : tuple of ExampleMoment
        Oldest first.
    """

    row: int
    moments: tuple[ExampleMoment, ...] = ()

    @property
    def climbed(self) -> int:
        """Places that its right answer has gained since the first check, negative if it fell."""
        before, now = (moment.place or 11 for moment in (self.moments[0], self.moments[-1]))
        return before - now


@dataclass(frozen=True)
class WatchedQuestions:
    """The questions of one run to look on at; a few, whose right answer was not first."""

    questions: tuple[WatchedQuestion, ...] = ()

    @property
    def livelier(self) -> WatchedQuestion | None:
        """The one whose right answer has climbed most, the first of them where several did."""
        seen = [question for question in self.questions if question.moments]
        return max(seen, key=lambda question: question.climbed, default=None)


@dataclass(frozen=True)
class SweepPoint:
    """One model between base and tuned.

    Attributes
    ----------
    alpha : float in [0, 1]
        Share of the tuned model; 0 = base.
    score : float in [0, 1]
        Validation nDCG@10, mean over regimes.
    regimes : mapping of regime to nDCG@10
    generality : float or None
        None where nothing measures it.
    """

    alpha: float
    score: float
    regimes: dict[str, float] = field(default_factory=dict)
    generality: float | None = None


@dataclass(frozen=True)
class TrimmedBase:
    """What keeping only the words of some languages did to the base model, before it learned.

    Attributes
    ----------
    languages : tuple of str
        ISO 639-1 codes.
    tokens, before : int
        Of the vocabulary, now and before.
    size_mb, before_mb : float
        Of the weights.
    texts : int
        Of the project, read by both models.
    least_cosine : float
        Between the two vectors of a text, the least of these texts.
    questions : int
        Validation questions that both models searched with; 0 = there are none.
    ndcg, ndcg_before : float
        Their nDCG@10 with the trimmed and with the whole base model.
    """

    languages: tuple[str, ...]
    tokens: int
    before: int
    size_mb: float
    before_mb: float
    texts: int
    least_cosine: float
    questions: int
    ndcg: float
    ndcg_before: float

    @property
    def cost_nothing(self) -> bool:
        """Whether vectors and search stayed what they were, as far as rounding goes."""
        lost = abs(self.ndcg - self.ndcg_before)
        return self.least_cosine >= LEAST_COSINE and lost < MOST_CHANGE

    def message(self) -> Message:
        """Return in a sentence what it cost to read with fewer words."""
        values = {
            "tokens": f"{self.tokens:,}",
            "before": f"{self.before:,}",
            "size": f"{self.size_mb:.0f}",
            "whole": f"{self.before_mb:.0f}",
            "texts": f"{self.texts:,}",
            "cosine": f"{self.least_cosine:.4f}",
            "questions": f"{self.questions:,}",
            "old": f"{self.ndcg_before:.4f}",
            "new": f"{self.ndcg:.4f}",
        }
        if not self.cost_nothing:
            return Message(TRIMMED_AT_A_COST, values)
        return Message(TRIMMED if self.questions else TRIMMED_UNASKED, values)


@dataclass(frozen=True)
class TuningResult:
    """What a run wrote when it ended.

    Attributes
    ----------
    has_model : bool
        False where a run was cancelled before it found anything better than the base model.
    best_step : int
        Steps behind the model that was kept; 0 = it is the base model.
    best_score, base_score : float or None
        Validation nDCG@10, mean over regimes; None without validation questions.
    curve : tuple of CurvePoint
    steps : int
        Steps done.
    planned : int
        Steps of all passes, had it not ended before; 0 in results of earlier versions.
    seconds : float
        Time spent, over all sessions of a resumed run.
    stopped_early, cancelled : bool
    labels_per_s : float
        Grid cells learned from per second of learning.
    device : DeviceInfo
    query_side : bool
        The model is for questions only; answers keep the vectors of the base model.
    alpha : float in [0, 1]
        Share of what was learned in the model that was kept; the rest is the base model's.
    alpha_sweep : tuple of SweepPoint
        The mixtures that were measured; empty where none were.
    memory_mb : float or None
        The most that was taken at a time.
    failed : bool
        The run broke off; this is what it had found until then.
    base_model : str
        Catalogue key.
    dataset_id, label_id : str
        The data and labels that it learned from.
    weights : mapping of expert to weight
    two_models : bool
        A larger model reads the answers.
    left_out : tuple of str
        Settings of which the run made no use, because validation or the data spoke against them.
    trimmed : TrimmedBase or None
        None where the base model kept all its words.
    """

    has_model: bool
    best_step: int
    best_score: float | None
    base_score: float | None
    curve: tuple[CurvePoint, ...]
    steps: int
    seconds: float
    stopped_early: bool
    cancelled: bool
    labels_per_s: float
    device: DeviceInfo
    query_side: bool = False
    alpha: float = 1.0
    alpha_sweep: tuple[SweepPoint, ...] = ()
    memory_mb: float | None = None
    failed: bool = False
    base_model: str = ""
    dataset_id: str = ""
    label_id: str = ""
    weights: dict[str, float] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    planned: int = 0
    two_models: bool = False
    trimmed: TrimmedBase | None = None

    @property
    def is_base(self) -> bool:
        """Whether it is the base model: two models are not, even where nothing was learned."""
        return self.best_step == 0 and not self.two_models

    @property
    def forgot(self) -> bool:
        """Whether a better model was found but left, for what it forgot."""
        return self.alpha == 0 and bool(self.alpha_sweep)


WINNER_MODEL, NO_MODELS, ALL_MODELS = "winner", "none", "all"
KEEP: Mapping[str, str] = {
    WINNER_MODEL: N_("Only the winner's model"),
    ALL_MODELS: N_("Every model (needs most disk space)"),
    NO_MODELS: N_("No model, only the figures"),
}
SHARES = (25, 50, 75, 100)  # percent


def trial_key(setting: str, seed: int) -> str:
    """Return the key of one tuning of an experiment: a setting with a seed."""
    return f"{setting}-s{seed}"


def share_key(share: int) -> str:
    """Return the key of a share of the data as a setting of an experiment."""
    return f"p{share:03d}"


@dataclass(frozen=True)
class Contestant:
    """One recipe with one loss.

    Attributes
    ----------
    key : str
        ``c01``, ``c02`` …
    recipe_name : str
        What the user calls the recipe; "" for a baseline.
    recipe : LabelRecipe
    loss : str
        Key of the loss.
    baseline : bool
        Known right answers only: what the experts' labels have to beat.
    """

    key: str
    recipe_name: str
    recipe: LabelRecipe
    loss: str
    baseline: bool = False

    def trial(self, seed: int) -> str:
        """Return the key of its run with one seed."""
        return trial_key(self.key, seed)

    def config(self, shared: TuningConfig, seed: int) -> TuningConfig:
        """Return its settings."""
        return dataclasses.replace(shared, loss=self.loss, seed=seed)


@dataclass(frozen=True)
class RaceRequest:
    """What a race is told; written once, before it starts.

    Attributes
    ----------
    tuning : TuningConfig
        What all contestants share.
    seeds : tuple of int
    overrides : tuple of Override
        By value, so that nothing that is changed later changes this race. Baselines do without.
    keep : str
        Key of ``KEEP``.
    """

    dataset_id: str
    tuning: TuningConfig
    contestants: tuple[Contestant, ...]
    seeds: tuple[int, ...]
    overrides: tuple[Override, ...] = ()
    keep: str = WINNER_MODEL


@dataclass(frozen=True)
class DataCurveRequest:
    """What a curve over the amount of data is told; written once, before it starts.

    Attributes
    ----------
    tuning : TuningConfig
        The same for every share.
    draws : tuple of int
        Seeds: each draws other answers first and tunes with other random numbers.
    shares : tuple of int
        Percent of the training questions, rising, the last one 100.
    """

    dataset_id: str
    recipe_name: str
    recipe: LabelRecipe
    overrides: tuple[Override, ...]
    tuning: TuningConfig
    draws: tuple[int, ...]
    shares: tuple[int, ...] = SHARES


@dataclass(frozen=True)
class Measured:
    """One model on the validation questions of an experiment.

    Attributes
    ----------
    ndcg : mapping of regime to nDCG@10 per validation question
        In the order of :attr:`ValidationSet.questions`.
    generality : float or None
        Spearman correlation on general sentence pairs; None where it cannot be measured.
    """

    ndcg: dict[str, tuple[float, ...]]
    generality: float | None = None

    def score_in(self, regime: str) -> float:
        """Return mean nDCG@10 in one regime."""
        return float(np.mean(self.ndcg[regime]))

    @property
    def score(self) -> float:
        """Mean over regimes of the mean nDCG@10."""
        return float(np.mean([self.score_in(regime) for regime in self.ndcg]))


@dataclass(frozen=True)
class ValidationSet:
    """What every model of an experiment is measured on.

    Attributes
    ----------
    kind : str
        Of the device the job began on: it bounds the corpus.
    questions, groups : mapping of regime to rows and answer groups of the validation questions
    base : Measured
        The untuned model.
    language : str
        Of the general sentence pairs.
    """

    kind: str
    questions: dict[str, tuple[int, ...]]
    groups: dict[str, tuple[int, ...]]
    base: Measured
    language: str = "en"

    def fits(self, measured: Measured) -> bool:
        """Return True if a model was measured on as many questions of each regime."""
        return {regime: len(values) for regime, values in measured.ndcg.items()} == {
            regime: len(rows) for regime, rows in self.questions.items()
        }


@dataclass(frozen=True)
class TrialResult:
    """One finished tuning of an experiment.

    Attributes
    ----------
    measured : Measured
        The model that was chosen, on the validation questions.
    seconds : float
        Of tuning.
    best_step, steps : int
        Steps behind the chosen model (0 = it is the base model) and steps done.
    questions : int
        Training questions.
    planned : int
        Steps that would have been done without stopping early; 0 where it was not written down.
    alpha : float in [0, 1]
        Share of what was learned in the chosen model.
    left_out : tuple of str
        As in :class:`TuningResult`.
    before : Measured or None
        The untuned model on the same questions, where they differ from trial to trial.
    """

    measured: Measured
    seconds: float
    best_step: int
    steps: int
    questions: int = 0
    planned: int = 0
    alpha: float = 1.0
    left_out: tuple[str, ...] = ()
    before: Measured | None = None


@dataclass(frozen=True)
class ExperimentResult:
    """What a race or a data curve wrote when it ended; its figures lie beside it.

    Attributes
    ----------
    cancelled : bool
        Somebody stopped it: what was finished is kept.
    runs, done : int
        Tunings planned and finished.
    seconds : float
        Of the session that ended it.
    """

    dataset_id: str
    cancelled: bool
    runs: int
    seconds: float
    done: int = 0


@dataclass(frozen=True)
class CrossFitRequest:
    """What a cross-fitted verdict is told; written once, before it starts.

    Attributes
    ----------
    recipe_name, recipe, overrides
        As in :class:`TuneRequest`, by value; calibrations and weights are fitted in each fold.
    tuning : TuningConfig
        The same for every fold; its seed also draws the folds.
    folds : int
    experts : tuple of str
        Catalogue keys of those that are compared too.
    examined : bool
        Whether the shape of the vectors and the speed of the models are measured as well.
    """

    dataset_id: str
    recipe_name: str
    recipe: LabelRecipe
    overrides: tuple[Override, ...]
    tuning: TuningConfig
    folds: int
    experts: tuple[str, ...] = ()
    examined: bool = True


@dataclass(frozen=True)
class CrossFitResult(ExperimentResult):
    """What a cross-fitted verdict wrote when it ended.

    Attributes
    ----------
    tune_run, compare_run : str
        Run ids of the delivered model and of the comparison; "" where it was stopped before.
    """

    tune_run: str = ""
    compare_run: str = ""


@dataclass(frozen=True)
class ImproveRequest:
    """What the whole walk from data to verdict is told; everything else it decides by itself.

    Attributes
    ----------
    preset : str
        Key of :data:`core.tuning.presets.PRESETS` that the settings are from.
    """

    dataset_id: str
    tuning: TuningConfig
    preset: str


@dataclass(frozen=True)
class Decided:
    """One decision on the walk from data to verdict, and why it was taken.

    Attributes
    ----------
    about : str
        ``experts``, ``teacher``, ``panel``, ``labels``, ``tuning`` or ``verdict``.
    text : Message
        One sentence.
    """

    about: str
    text: Message


@dataclass(frozen=True)
class Improvement:
    """How far a walk from data to verdict has come; what a killed worker goes on from.

    Attributes
    ----------
    runs : mapping of job kind to run id
        The jobs that it started, finished or not.
    decided : tuple of Decided
        Oldest first; a later one on the same subject and with the same words is not repeated.
    now : str
        The stop that it is at; "" before the first.
    """

    runs: Mapping[str, str] = field(default_factory=dict)
    decided: tuple[Decided, ...] = ()
    now: str = ""


@dataclass(frozen=True)
class ImproveResult:
    """What a walk from data to verdict ended in.

    Attributes
    ----------
    tune_run, compare_run : str
        Run ids of the tuned model and of its comparison.
    """

    dataset_id: str
    tune_run: str
    compare_run: str
