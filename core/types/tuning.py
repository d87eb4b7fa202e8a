"""What jobs that tune are told and what they write when they end."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from core.messages import N_
from core.types.recipes import LabelRecipe, Override
from core.types.tuning_config import TuningConfig


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
        ``same run``, ``probe``, ``same model`` or ``other model``.
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
    """

    step: int
    score: float
    regimes: dict[str, float] = field(default_factory=dict)


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
