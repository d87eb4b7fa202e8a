"""What searches and clicks say about questions: what is asked, what is found, what is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.types.pilot_events import (
    HELPED,
    NOTHING_FITS,
    SEARCHED,
    THUMB_DOWN,
    PilotEvent,
    searches_with_marks,
)
from core.types.watch_looks import WeekOfSearches


@dataclass(frozen=True)
class AskedQuestion:
    """One question, however often it was asked; case and spaces are no matter.

    Attributes
    ----------
    text : str
        As it was written first.
    asked : float
        How often.
    helped : float
        Searches in which somebody opened a result or gave a thumb up.
    thumbs_down, nothing : float
        Searches with a thumb down; in which somebody said that none of the results fits.
    """

    text: str
    asked: float
    helped: float
    thumbs_down: float
    nothing: float

    @property
    def found_nothing(self) -> bool:
        """Whether nobody found anything, or somebody said that nothing fits."""
        return self.nothing > 0 or self.helped == 0


def questions_asked(events: Iterable[PilotEvent]) -> tuple[AskedQuestion, ...]:
    """Return every question, most frequent first."""
    texts: dict[str, str] = {}
    sums: dict[str, list[float]] = {}
    for search, marks in searches_with_marks(events):
        key = _folded(search.text)
        texts.setdefault(key, search.text)
        counted = sums.setdefault(key, [0.0, 0.0, 0.0, 0.0])
        kinds = {mark.kind for mark in marks}
        for place, is_so in enumerate(
            (True, bool(kinds & set(HELPED)), THUMB_DOWN in kinds, NOTHING_FITS in kinds)
        ):
            counted[place] += search.count * is_so
    found = [AskedQuestion(texts[key], *counted) for key, counted in sums.items()]
    return tuple(sorted(found, key=lambda one: -one.asked))


@dataclass(frozen=True)
class SearchesLookedAt:
    """Searches of the last days, each question once.

    Attributes
    ----------
    since : str
        Where the days begin, ISO 8601.
    searches : float
        All of them.
    tokens, texts : tuple of str
        The newest search of each question, newest first.
    """

    since: str
    searches: float
    tokens: tuple[str, ...]
    texts: tuple[str, ...]


def searches_since(
    events: Iterable[PilotEvent], until: datetime, *, days: int, least: int, most: int
) -> SearchesLookedAt:
    """Return the questions that were searched in the days before a moment.

    Where these are fewer than ``least`` different ones, it reaches back until they are as many, or
    to the oldest search.

    Parameters
    ----------
    most : int
        Different questions that are taken, the newest of them.
    """
    begins = (until - timedelta(days=days)).isoformat(timespec="milliseconds")
    end = until.isoformat(timespec="milliseconds")
    found: dict[str, PilotEvent] = {}
    since, searches = begins, 0.0
    in_time = [event for event in events if event.kind == SEARCHED and event.at <= end]
    for event in sorted(in_time, key=lambda one: one.at, reverse=True):
        if event.at < begins and len(found) >= least:
            break
        since, searches = min(since, event.at), searches + event.count
        found.setdefault(_folded(event.text), event)
    taken = list(found.values())[:most]
    tokens, texts = (event.token for event in taken), (event.text for event in taken)
    return SearchesLookedAt(since, searches, tuple(tokens), tuple(texts))


def weeks_before(
    events: Sequence[PilotEvent], until: datetime, most: int
) -> tuple[WeekOfSearches, ...]:
    """Return what people made of searches week by week, oldest first; the last ends at ``until``.

    Weeks before the first search are left out; weeks without any are there.
    """
    begins = [until - timedelta(days=7 * back) for back in range(most, 0, -1)]
    sums = [[0.0] * 4 for _ in begins]
    first = most
    for search, marks in searches_with_marks(events):
        back = (until - datetime.fromisoformat(search.at)) / timedelta(days=7)
        if not 0 <= back < most:
            continue
        place = most - 1 - int(back)
        first = min(first, place)
        kinds = {mark.kind for mark in marks}
        helped, none_fits = bool(kinds & set(HELPED)), NOTHING_FITS in kinds
        said = (
            True,
            not helped,
            helped and not none_fits,
            not helped and (none_fits or THUMB_DOWN in kinds),
        )
        for column, is_so in enumerate(said):
            sums[place][column] += search.count * is_so
    told = (begin.isoformat(timespec="milliseconds") for begin in begins)
    weeks = [WeekOfSearches(at, *counted) for at, counted in zip(told, sums, strict=True)]
    return tuple(weeks[first:])


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
