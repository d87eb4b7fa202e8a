"""Rows of a report's longer tables: moved questions, steps of work, texts sent away."""

from __future__ import annotations

from dataclasses import dataclass


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
class InUse:
    """Somebody decided to use the tuned model.

    Attributes
    ----------
    reason : str
        Why the guard was overruled, in the person's words; "" where it had nothing against it.
    at : str
        UTC, ISO 8601.
    """

    who: str
    at: str
    reason: str = ""


@dataclass(frozen=True)
class AlphaPoint:
    """A mix of the tuned weights with those of the base model, measured on validation questions.

    Attributes
    ----------
    alpha : float in [0, 1]
        Share of the tuned weights; 0 = base.
    score : float in [0, 1]
        nDCG@10 on the project's own validation questions.
    generality : float in [-1, 1] or None
        Everyday language (Spearman); None where it was not measured.
    chosen : bool
        This mix was kept.
    """

    alpha: float
    score: float
    generality: float | None
    chosen: bool = False
