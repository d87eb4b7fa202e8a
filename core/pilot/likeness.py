"""Projects like this one: alike by what is seen of their data, wider where too few are.

Five traits are compared, and where fewer projects than wanted are alike in all of them, the one
that says least about how labels are best made is left aside first: how far the best expert is ahead
of the base model, then whether questions have several right answers, then wordings of an answer,
then the number of questions, at last the language. What is not known of one of the two speaks
neither for nor against.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from core.messages import N_

LANGUAGE, QUESTIONS, WORDINGS, SEVERAL, LEAD = (
    *("language", "questions", "wordings", "several", "lead"),
)
TRAITS: Mapping[str, str] = {  # the first one is given up last
    LANGUAGE: N_("language"),
    QUESTIONS: N_("number of questions"),
    WORDINGS: N_("wordings of an answer"),
    SEVERAL: N_("right answers of a question"),
    LEAD: N_("lead of the best expert"),
}
TIMES_QUESTIONS, TIMES_WORDINGS = 4.0, 2.0  # so many times as many are still alike
SEVERAL_FROM = 1.1  # right answers per question
CLOSE_LEAD = 0.05  # nDCG@10


@dataclass(frozen=True)
class DataSeen:
    """What is seen of the data of a project before anything is tuned; None or "" = not known.

    Attributes
    ----------
    language : str
        ``en``, ``ja`` or ``other``.
    questions : int or None
        Held out for the test, which is a fixed share of all.
    wordings : float or None
        Questions with a known answer for each group of answers.
    right_answers : float or None
        For each such question.
    lead : float or None
        Of the best expert over the model to be tuned, nDCG@10.
    """

    language: str = ""
    questions: int | None = None
    wordings: float | None = None
    right_answers: float | None = None
    lead: float | None = None


def _within(times: float, one: float | None, other: float | None) -> bool:
    if not one or not other:
        return True
    return max(one, other) <= times * min(one, other)


_ALIKE: Mapping[str, Callable[[DataSeen, DataSeen], bool]] = {
    LANGUAGE: lambda a, b: not a.language or not b.language or a.language == b.language,
    QUESTIONS: lambda a, b: _within(TIMES_QUESTIONS, a.questions, b.questions),
    WORDINGS: lambda a, b: _within(TIMES_WORDINGS, a.wordings, b.wordings),
    SEVERAL: lambda a, b: (
        a.right_answers is None
        or b.right_answers is None
        or (a.right_answers >= SEVERAL_FROM) == (b.right_answers >= SEVERAL_FROM)
    ),
    LEAD: lambda a, b: a.lead is None or b.lead is None or abs(a.lead - b.lead) <= CLOSE_LEAD,
}


class HasSeen(Protocol):
    """Anything of which the data are known."""

    @property
    def seen(self) -> DataSeen:
        """What is seen of its data."""
        ...


Alike = TypeVar("Alike", bound=HasSeen)


@dataclass(frozen=True)
class LikeThis(Generic[Alike]):
    """What is like a project.

    Attributes
    ----------
    found : tuple
    by, left_aside : tuple of str
        Keys of :data:`TRAITS` in which all of them are alike, as far as known; and those that were
        given up because too few were alike in them, too.
    """

    found: tuple[Alike, ...]
    by: tuple[str, ...]
    left_aside: tuple[str, ...]


def like_this(
    seen: DataSeen, others: Sequence[Alike], enough: Callable[[Sequence[Alike]], bool]
) -> LikeThis[Alike]:
    """Return those that are alike in as many traits as leave enough of them.

    Parameters
    ----------
    enough : callable
        Whether something can be said over these.
    """
    keys = list(TRAITS)
    known = [key for key in keys if _is_known(seen, key)]
    for kept in range(len(known), 0, -1):
        found = tuple(o for o in others if all(_ALIKE[key](seen, o.seen) for key in known[:kept]))
        if enough(found):
            return LikeThis(found, tuple(known[:kept]), tuple(known[kept:]))
    return LikeThis(tuple(others), (), tuple(known))


def _is_known(seen: DataSeen, key: str) -> bool:
    value = {
        LANGUAGE: seen.language or None,
        QUESTIONS: seen.questions,
        WORDINGS: seen.wordings,
        SEVERAL: seen.right_answers,
        LEAD: seen.lead,
    }[key]
    return value is not None
