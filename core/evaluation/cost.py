"""What a model costs here, and what a gain would be worth with the user's own figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import ComparisonError
from core.evaluation.verdict import NOT_SHOWN
from core.experts.speed import Speed
from core.messages import N_, Message
from core.types import Difference

TOP1, RECALL = "top1", "recall@10"


@dataclass(frozen=True, kw_only=True)
class EncodingCost(Speed):
    """Speed and memory of one model, measured on the machine that compared it.

    Attributes
    ----------
    arm, title, kind : str
        As in :class:`core.types.SystemResult`.
    vectors_mb : float
        Memory of the vectors of all answers of these data.
    """

    arm: str
    title: str
    kind: str
    vectors_mb: float


@dataclass(frozen=True)
class Miss:
    """What counts as a missed answer, by the metric whose gain is used."""

    title: str
    assumption: str


MISSES: Mapping[str, Miss] = {
    TOP1: Miss(
        N_("The first answer is not right"),
        N_(
            "People read the first answer only: a question counts as missed where it is not right "
            "(top-1)."
        ),
    ),
    RECALL: Miss(
        N_("No right answer among the first ten"),
        N_(
            "People read ten answers: what counts as missed is the share of right answers that are "
            "not among them (recall@10)."
        ),
    ),
}


@dataclass(frozen=True)
class SavingsInput:
    """The user's own figures.

    Attributes
    ----------
    questions_per_month : int >= 0
    minutes_per_miss : float >= 0
        Working time that one missed answer costs.
    hourly_cost : float >= 0
        Of that working time, in ``currency``.
    currency : str
        As the user writes it; only shown.
    measure : str
        Key of ``MISSES``.
    regime : str
        Whose gain is used: ``known`` or ``unseen``.
    """

    questions_per_month: int = 10_000
    minutes_per_miss: float = 5.0
    hourly_cost: float = 40.0
    currency: str = "€"
    measure: str = TOP1
    regime: str = "known"

    def __post_init__(self) -> None:
        if self.measure not in MISSES:
            raise ComparisonError(
                "There is no savings measure {measure}. Choose one of: {known}.",
                measure=self.measure,
                known=", ".join(MISSES),
            )
        if min(self.questions_per_month, self.minutes_per_miss, self.hourly_cost) < 0:
            raise ComparisonError(
                "Questions ({questions}), minutes ({minutes}) and cost ({cost}) must not be below "
                "0.",
                questions=self.questions_per_month,
                minutes=self.minutes_per_miss,
                cost=self.hourly_cost,
            )


@dataclass(frozen=True)
class Saving:
    """One end or the middle of the verdict's interval, per month.

    Attributes
    ----------
    gain : float
        Share of questions that are no longer missed; below 0 = more are missed.
    questions, hours, money : float
    """

    gain: float
    questions: float
    hours: float
    money: float


@dataclass(frozen=True)
class Savings:
    """What the gain would be worth per month, for the low end, the middle and the high end.

    Attributes
    ----------
    inputs : SavingsInput
    difference : Difference
        Where the gain comes from.
    low, middle, high : Saving
    """

    inputs: SavingsInput
    difference: Difference
    low: Saving
    middle: Saving
    high: Saving

    @property
    def shown(self) -> bool:
        """Whether the verdict on this measure is ``better`` or ``worse``."""
        return self.difference.word != NOT_SHOWN

    @property
    def assumptions(self) -> tuple[Message, ...]:
        """What has to hold for the figures; to be printed beside them."""
        difference = self.difference
        lines = [
            Message(MISSES[self.inputs.measure].assumption),
            Message(
                N_(
                    "The gain is that of {questions} held-out questions ({low} to {high} points "
                    "per hundred, 95 % interval); your customers' questions are assumed to be like "
                    "these."
                ),
                {
                    "questions": difference.questions,
                    "low": f"{difference.low * 100:.1f}",
                    "high": f"{difference.high * 100:.1f}",
                },
            ),
            Message(
                N_(
                    "Every missed answer costs {minutes} minutes of somebody's time at {cost} "
                    "{currency} an hour; questions per month, minutes and cost are your own "
                    "figures and are taken as exact."
                ),
                {
                    "minutes": f"{self.inputs.minutes_per_miss:g}",
                    "cost": f"{self.inputs.hourly_cost:g}",
                    "currency": self.inputs.currency,
                },
            ),
            Message(N_("The cost of tuning, hosting and re-encoding is not taken off.")),
        ]
        if not self.shown:
            lines.insert(
                0,
                Message(
                    N_("For this measure the gain may be chance: there may be no saving at all.")
                ),
            )
        return tuple(lines)


def savings(inputs: SavingsInput, difference: Difference) -> Savings:
    """Return questions × gain × minutes / 60 × hourly cost, at both ends and in the middle.

    Parameters
    ----------
    difference : Difference
        Tuned minus base of the metric ``inputs.measure`` in the regime ``inputs.regime``.

    Raises
    ------
    ComparisonError
        If the difference is of another metric or regime.
    """
    if (difference.metric, difference.regime) != (inputs.measure, inputs.regime):
        raise ComparisonError(
            "The savings ask for {asked} but the difference is {found}. Choose the measure again.",
            asked=f"{inputs.measure} ({inputs.regime})",
            found=f"{difference.metric} ({difference.regime})",
        )

    def at(gain: float) -> Saving:
        questions = inputs.questions_per_month * gain
        hours = questions * inputs.minutes_per_miss / 60
        return Saving(gain, questions, hours, hours * inputs.hourly_cost)

    return Savings(
        inputs, difference, at(difference.low), at(difference.difference), at(difference.high)
    )


@dataclass(frozen=True)
class RunningPrices:
    """What running a search costs, in the user's own figures.

    Attributes
    ----------
    machine_hour : float >= 0
        Price of an hour of the machine that searches, in ``currency``.
    searches_per_month : int >= 0
    reindexes_per_year, retrainings_per_year : int >= 0
    currency : str
        As the user writes it; only shown.
    """

    machine_hour: float = 0.50
    searches_per_month: int = 10_000
    reindexes_per_year: int = 4
    retrainings_per_year: int = 2
    currency: str = "€"

    def __post_init__(self) -> None:
        figures = (self.searches_per_month, self.reindexes_per_year, self.retrainings_per_year)
        if min(self.machine_hour, *figures) < 0:
            raise ComparisonError("A price or a number must not be below 0.")


@dataclass(frozen=True)
class RunningCosts:
    """What running a model costs with the speed that was measured.

    Attributes
    ----------
    thousand_searches, reindex, retraining : float
        Money for 1,000 searches, for reading all answers anew, for one training run; the machine
        is taken to be paid for while it computes.
    reindex_seconds, retraining_seconds : float
    month : float
        All of it per month.
    """

    thousand_searches: float
    reindex: float
    retraining: float
    reindex_seconds: float
    retraining_seconds: float
    month: float


def running_costs(
    prices: RunningPrices,
    speed: Speed,
    answers: int,
    retraining_seconds: float,
    *,
    reindexed: bool = True,
) -> RunningCosts:
    """Return seconds × price of an hour / 3600, per 1,000 searches, re-index and retraining.

    Parameters
    ----------
    speed : Speed
        Of the model that is put into use; a search takes as long as its median question.
    answers : int
        How many are read for an index.
    retraining_seconds : float
        That the model's own run took.
    reindexed : bool
        False where answers keep their vectors: then an index is never read anew.
    """
    second = prices.machine_hour / 3600
    reading = answers / speed.texts_per_second if reindexed and speed.texts_per_second else 0.0
    thousand = speed.query_ms * second  # 1,000 searches of so many thousandths of a second
    month = (
        thousand * prices.searches_per_month / 1000
        + reading * second * prices.reindexes_per_year / 12
        + retraining_seconds * second * prices.retrainings_per_year / 12
    )
    return RunningCosts(
        thousand,
        reading * second,
        retraining_seconds * second,
        reading,
        retraining_seconds,
        month,
    )
