"""A pilot: what a search page was started with, and what people did on it; nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

SEARCHED, CLICKED = "search", "click"
THUMB_UP, THUMB_DOWN, NOTHING_FITS, NOTED = "thumb up", "thumb down", "none fits", "note"
EVENT_KINDS = (SEARCHED, CLICKED, THUMB_UP, THUMB_DOWN, NOTHING_FITS, NOTED)
ON_A_RESULT = (CLICKED, THUMB_UP, THUMB_DOWN)
# What says of a result that it helped.
HELPED = (CLICKED, THUMB_UP)

CHAMPION, CHALLENGER, BOTH = "champion", "challenger", "both"
TEAMS = (CHAMPION, CHALLENGER, BOTH)

CLOSED, OPENED_EARLY = "closed", "opened early"


@dataclass(frozen=True)
class PilotArm:
    """A model that searches.

    Attributes
    ----------
    run : str
        Tuning run whose model it is; "" = a model as it came.
    model : str
        Key of that model in the catalogue; with a run, the one it was tuned from.
    """

    run: str
    model: str


@dataclass(frozen=True)
class PilotPlan:
    """How a search page works from a moment on; never changed afterwards.

    A link stays while its plans change: the newest counts.

    Attributes
    ----------
    link : str
        Part of the address; cannot be guessed.
    dataset_id : str
        The version of the data whose answers are searched.
    champion : PilotArm or None
        The model in use; None for what was imported from another search.
    challenger : PilotArm or None
        Another one, whose results are mixed in; None = the champion alone.
    depth : int
        Results shown.
    days : int
        After so many days an event is deleted.
    alpha : float
        Chance of naming a better one where none is, however often somebody looks.
    source : str
        Kind and file that the events came from, ``ubi:queries.ndjson``; "" = the search page.
    words : float in [0, 1)
        How much keyword search counts in the list of each model; 0 = the model alone.
    who, at : str
    """

    id: str
    link: str
    dataset_id: str
    champion: PilotArm | None
    challenger: PilotArm | None
    depth: int
    days: int
    alpha: float
    who: str
    at: str
    source: str = ""
    words: float = 0.0


@dataclass(frozen=True)
class ShownList:
    """What a search showed.

    Attributes
    ----------
    answers : tuple of int
        Rows of the answers in the data of the plan, best first.
    scores : tuple of float
        Cosine of each with the question, by the model that brought it; with keyword search the
        order is another one.
    teams : tuple of str
        Which model brought each: ``champion``, ``challenger`` or ``both``.
    milliseconds : float
        From the question to the list.
    """

    answers: tuple[int, ...] = ()
    scores: tuple[float, ...] = ()
    teams: tuple[str, ...] = ()
    milliseconds: float = 0.0


@dataclass(frozen=True)
class PilotEvent:
    """One thing that somebody did.

    Attributes
    ----------
    token : str
        Made by the page, once in a plan: what a browser sends twice counts once.
    search : str
        Token of the search that it belongs to; of a search, its own.
    kind : str
        One of :data:`EVENT_KINDS`.
    visitor : str
        Tells people apart, and says nothing about who they are.
    text : str
        The question of a search, or a note; personal data in it are masked.
    place : int
        Which of the results, counted from 0; -1 where it is about none.
    shown : ShownList
        Of a search; empty otherwise.
    count : float
        How often; more than once only in what was imported.
    at : str
        Time in UTC, ISO 8601.
    """

    token: str
    search: str
    kind: str
    visitor: str
    text: str
    place: int
    at: str
    shown: ShownList = field(default_factory=ShownList)
    count: float = 1.0


@dataclass(frozen=True)
class PilotStep:
    """The page of a link was closed, or the result of a plan opened before it was decided.

    Attributes
    ----------
    what : str
        ``closed`` (by link) or ``opened early`` (by plan).
    """

    what: str
    who: str
    at: str


def searches_with_marks(
    events: Iterable[PilotEvent],
) -> list[tuple[PilotEvent, list[PilotEvent]]]:
    """Return each search with what was done about it, both in the order in which they came."""
    found: dict[str, tuple[PilotEvent, list[PilotEvent]]] = {}
    for event in events:
        if event.kind == SEARCHED:
            found.setdefault(event.token, (event, []))
        elif event.search in found:
            found[event.search][1].append(event)
    return list(found.values())


UBI, CLICKED_ANSWERS, TICKETS, QUERIES = "ubi", "clicks", "tickets", "queries"


@dataclass(frozen=True)
class ForeignSearch:
    """A search that another program recorded.

    Attributes
    ----------
    name : str
        What the file calls it, or a number in it: tells it from others of the same words.
    text : str
        The question.
    at : str
        Time in UTC, ISO 8601; "" = the file does not say.
    visitor : str
        What the file calls whoever searched; kept as a hash.
    count : float
        How often.
    shown : tuple of str
        Ids or texts of the results, best first; empty where the file does not say.
    clicks : tuple of (str, int)
        Id or text of each result that was opened, and its place counted from 0; -1 = not said.
    marks : tuple of (str, str)
        Thumb (as of :data:`EVENT_KINDS`) and id or text of the result.
    """

    name: str
    text: str
    at: str = ""
    visitor: str = ""
    count: float = 1.0
    shown: tuple[str, ...] = ()
    clicks: tuple[tuple[str, int], ...] = ()
    marks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class EventFile:
    """Events from elsewhere as they were understood, before anything is kept.

    Attributes
    ----------
    kind : str
        ``ubi``, ``clicks``, ``tickets`` or ``queries``.
    file : str
    searches : tuple of ForeignSearch
    set_aside : int
        Rows that are no search, or belong to none.
    """

    kind: str
    file: str
    searches: tuple[ForeignSearch, ...]
    set_aside: int
