"""A search page to share: started by the organiser, used by link, counted, judged and closed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.errors import AppError, DataError
from core.experts.catalogue import expert_title, find_entry
from core.jobs.folder import RunFolder
from core.journey.compare_systems import is_query_side, tune_request
from core.journey.jobs import TUNE
from core.journey.personal import check_sharing, handling_of, keep_placeholders
from core.journey.pilot.keywords import MOST_WORDS, keyword_search
from core.journey.pilot.versions import is_there, registry
from core.journey.projects import finished_runs
from core.journey.tune import suggested_model
from core.messages import N_, Message
from core.pilot.batching import MicroBatcher
from core.pilot.interleaving import ALPHA, InterleavingVerdict
from core.pilot.live_search import LiveSearch as LiveSearch, SearchingModel
from core.pilot.what_people_do import AskedQuestion as AskedQuestion, questions_asked as asked_in
from core.types import QADataset
from core.types.expert_entry import DOCUMENT, QUERY
from core.types.personal_rules import MASK
from core.types.pilot_events import (
    CLICKED,
    CLOSED,
    NOTED,
    NOTHING_FITS,
    ON_A_RESULT,
    OPENED_EARLY,
    SEARCHED,
    THUMB_DOWN,
    THUMB_UP,
    PilotArm,
    PilotEvent,
    PilotPlan,
    PilotStep,
    ShownList,
)
from core.types.rights import DECIDE, DELETE, SEE, VOTE
from core.workspace.database import now
from core.workspace.feedback import new_round_id, new_token as new_token
from core.workspace.pilot_records import MOST_NOTED as MOST_NOTED, MOST_SEARCHED as MOST_SEARCHED
from core.workspace.workspace import Project as Project, Workspace, asks

if TYPE_CHECKING:
    from core.experts.encoders import Encoder

DEPTH, MOST_DEPTH = 5, 20
DAYS, MOST_DAYS = 90, 3650
_KINDS_OF_MARKS = (*ON_A_RESULT, NOTHING_FITS, NOTED)


# What searches.


def arm_in_use(project: Project, dataset: QADataset) -> PilotArm:
    """Return the champion of the registry, else the model to begin with as it came."""
    champion = registry(project).champion
    if champion is not None and is_there(project, champion.arm):
        return champion.arm
    return PilotArm("", suggested_model(dataset))


def challenger_named(project: Project) -> PilotArm | None:
    """Return the challenger of the registry, None where there is none that could search."""
    named = registry(project).challenger
    return named.arm if named is not None and is_there(project, named.arm) else None


def arms(project: Project, dataset: QADataset) -> tuple[PilotArm, ...]:
    """Return every model that can search: the one in use first, then tuned ones, then as it came.

    After the champion comes the challenger, then what was in use before. Tuned are those of the
    present data, newest first, each followed by what it was tuned from.
    """
    found = [arm_in_use(project, dataset)]
    named, former = challenger_named(project), reversed(registry(project).versions)
    found += [] if named is None else [named]
    found += [one.arm for one in former if one.arm.run and is_there(project, one.arm)]
    came = []
    for view in finished_runs(project, TUNE):
        folder = RunFolder(project.workspace.run_folder(view.id))
        try:
            base = tune_request(folder).tuning.base_model
        except AppError:  # damaged: the Tune page says so
            continue
        if folder.model.is_dir():
            found.append(PilotArm(view.id, base))
            came.append(PilotArm("", base))
    return tuple(dict.fromkeys((*found, *came, PilotArm("", suggested_model(dataset)))))


def arm_title(project: Project, arm: PilotArm) -> Message:
    """Return what a model is called."""
    title = expert_title(arm.model)
    if not arm.run:
        return Message(N_("{title}, as it came"), {"title": title})
    known = {run.id: run.at for run in project.workspace.records.runs(project.id, TUNE)}
    told = {"title": title, "moment": known.get(arm.run, "")[:16].replace("T", " ")}
    return Message(N_("{title}, tuned ({moment} UTC)"), told)


def open_search(workspace: Workspace, plan: PilotPlan) -> LiveSearch:
    """Load what a plan searches with; vectors of answers come from the cache where they are there.

    Raises
    ------
    ModelUnavailableError
        If a model's files are missing.
    WorkspaceError
        If the data are gone.
    DataError
        If the plan is one of events that came from a file.
    """
    if plan.champion is None:
        raise DataError("Nothing searches here: these events came from a file.")
    answers = workspace.load_dataset(plan.dataset_id).answers
    other = plan.challenger
    return LiveSearch(
        searching_model(workspace, plan.champion, answers),
        None if other is None else searching_model(workspace, other, answers),
        keyword_search(answers, plan.words),
    )


def searching_model(workspace: Workspace, arm: PilotArm, answers: Iterable[str]) -> SearchingModel:
    """Return a model that is ready to search these answers, loaded and warm."""
    from core.experts.encoders import encode_cached

    asked, beside = arm_encoders(workspace, arm)
    vectors = encode_cached(beside, tuple(answers), DOCUMENT, workspace.vectors)
    asked.encode(["."], QUERY)
    return SearchingModel(MicroBatcher(lambda texts: asked.encode(texts, QUERY)), vectors)


def arm_encoders(workspace: Workspace, arm: PilotArm) -> tuple[Encoder, Encoder]:
    """Return what reads the questions of a model, and what reads its answers.

    Raises
    ------
    ModelUnavailableError
        If a model's files are missing.
    """
    from core.experts.encoders import load_encoder

    asked = beside = load_encoder(find_entry(arm.model), workspace.models)
    if arm.run:
        folder = RunFolder(workspace.run_folder(arm.run))
        asked = load_encoder(folder.model, workspace.models)
        beside = beside if is_query_side(folder) else asked
    return asked, beside


# The page: started, changed, closed.


@asks(DECIDE)
def start_page(
    project: Project,
    who: str,
    *,
    champion: PilotArm | None = None,
    challenger: PilotArm | None = None,
    depth: int = DEPTH,
    days: int = DAYS,
    words: float = 0.0,
) -> PilotPlan:
    """Open a search page, or let the one that is open go on with other models and the new data.

    Parameters
    ----------
    champion : PilotArm or None
        None takes the model in use.
    challenger : PilotArm or None
        Another model whose results are mixed in; None = the champion alone.
    depth : int
        Results shown.
    days : int
        After so many days, what people did is deleted.
    words : float in [0, 0.95]
        How much keyword search counts in the list of each model; 0 = the models alone.

    Raises
    ------
    DataError
        If a number is out of range, both models are one, or personal data may not be shared.
    ModelUnavailableError
        If a model's files are missing.
    """
    check_sharing(project)
    if not 1 <= depth <= MOST_DEPTH:
        raise DataError("1 to {most} results can be shown.", most=MOST_DEPTH)
    if not 1 <= days <= MOST_DAYS:
        raise DataError("Events can be kept for 1 to {most} days.", most=MOST_DAYS)
    if not 0 <= words <= MOST_WORDS:
        raise DataError("Keyword search can count 0% to {most:.0%}.", most=MOST_WORDS)
    dataset = project.load_dataset()
    champion = champion or arm_in_use(project, dataset)
    if champion == challenger:
        raise DataError("Champion and challenger are the same model. Choose another challenger.")
    for arm in (champion, challenger):
        if arm is not None and arm not in arms(project, dataset):
            raise DataError("This model is not there any more. Reload the page and choose again.")
    present = page_in_use(project)
    link = new_round_id() if present is None else present.link
    fixed = (champion, challenger, depth, days, ALPHA, who, now())
    plan = PilotPlan(new_round_id(), link, dataset.id, *fixed, words=words)
    open_search(project.workspace, plan)  # a page that cannot search is never opened
    project.workspace.records.add_plan(project.id, plan)
    detail = {"plan": plan.id, "champion": champion.run or champion.model}
    if challenger is not None:
        detail["challenger"] = challenger.run or challenger.model
    if words:
        detail["keyword search"] = f"{words:.0%}"
    project.note("pilot started", who, detail)
    return plan


def page_in_use(project: Project) -> PilotPlan | None:
    """Return the plan of the page that is open, None where none is."""
    plan = newest_plan(project)
    return None if plan is None or is_closed(project, plan) else _following(project, plan)


def _following(project: Project, plan: PilotPlan) -> PilotPlan:
    """Return the plan that a page goes on with: it follows the champion of the registry.

    A champion that was chosen on this page counts until somebody decides anew which model is in
    use. The link stays; champion and challenger begin to be compared anew.
    """
    present = registry(project)
    decided, champion = present.took_effect, present.champion
    if (
        decided is None
        or champion is None
        or decided.at <= plan.at
        or champion.arm == plan.champion
    ):
        return plan
    if not is_there(project, champion.arm):
        return plan
    records = project.workspace.records
    with records.alone():
        newest = records.plan_of_link(plan.link)
        if newest is not None and newest[1].id != plan.id:
            return newest[1]  # another visitor came first
        other = None if plan.challenger == champion.arm else plan.challenger
        following = replace(
            plan,
            id=new_round_id(),
            champion=champion.arm,
            challenger=other,
            who=decided.who,
            at=now(),
        )
        records.add_plan(project.id, following)
        detail = {"plan": following.id, "champion": champion.arm.run or champion.arm.model}
        project.note("pilot follows the champion", decided.who, detail)
    return following


def newest_plan(project: Project) -> PilotPlan | None:
    """Return how the search page works or last worked, None before there was one."""
    return next((plan for plan in plans(project) if not plan.source), None)


def plans(project: Project) -> tuple[PilotPlan, ...]:
    """Return every plan of a project, newest first: of imported events, too."""
    return project.workspace.records.plans(project.id)


def is_closed(project: Project, plan: PilotPlan) -> bool:
    """Return whether the page of a plan was closed."""
    return CLOSED in project.workspace.records.pilot_steps(plan.link)


@asks(DECIDE)
def close_page(project: Project, plan: PilotPlan, who: str) -> None:
    """Close the page of a link for good; what people did stays until its days are over."""
    step = PilotStep(CLOSED, who, now())
    if project.workspace.records.add_pilot_step(project.id, plan.link, step):
        project.note("pilot closed", who, {"plan": plan.id})


def page_of_link(workspace: Workspace, link: str) -> tuple[Project, PilotPlan]:
    """Return the search page that a link leads to, with its project.

    Raises
    ------
    DataError
        If the link leads nowhere, or not any more.
    RightsError
        If the person has nothing to do with the project.
    """
    project, plan = workspace.behind_link(workspace.records.plan_of_link(link))
    if is_closed(project, plan):
        workspace.behind_link(None)  # it leads nowhere any more
    return project, _following(project, plan)


# What people do.


def _admit(project: Project, plan: PilotPlan) -> None:
    project.keep_to_link(plan.link)
    if is_closed(project, plan):
        raise DataError("This search page was closed. Thank you for taking part.")


def _masked(project: Project, text: str) -> str:
    """Return a text as it may be kept: with placeholders for personal data."""
    if not handling_of(project, MASK).spans(text):
        return text
    with project.workspace.records.alone():  # two people at once get different placeholders
        handling = handling_of(project, MASK)
        masked = handling.masked(text)[0]
        keep_placeholders(project, handling)
    return masked


@asks(VOTE)
def search(
    project: Project,
    plan: PilotPlan,
    live: LiveSearch,
    question: str,
    visitor: str,
    token: str,
    *,
    keep: bool = True,
) -> ShownList:
    """Search the answers for a question that somebody typed, and record it.

    Parameters
    ----------
    visitor : str
        Tells people apart; says nothing about who they are.
    token : str
        Of the search; the same once more is recorded once.
    keep : bool
        Whether the person lets it be recorded.

    Raises
    ------
    DataError
        If nothing or too much was typed, or the page was closed.
    BusyError
        If too many people search at this moment.
    """
    _admit(project, plan)
    question = " ".join(question.split())
    if not question:
        raise DataError("Type what you are looking for first.")
    if len(question) > MOST_SEARCHED:
        raise DataError(
            "A question can have {most} characters; this one has {count}.",
            most=MOST_SEARCHED,
            count=len(question),
        )
    shown = live.find(question, plan.depth, np.random.default_rng(secrets.randbits(64)))
    if keep:
        kept = _masked(project, question)[:MOST_SEARCHED]
        event = PilotEvent(token, token, SEARCHED, visitor, kept, -1, now(), shown)
        project.workspace.records.add_events(project.id, plan.id, [event])
    return shown


@asks(VOTE)
def mark(
    project: Project,
    plan: PilotPlan,
    searched: str,
    kind: str,
    visitor: str,
    token: str,
    *,
    place: int = -1,
    text: str = "",
) -> None:
    """Record what somebody did about a search: opened a result, gave a thumb, wrote a note.

    Parameters
    ----------
    searched : str
        Token of the search.
    kind : str
        Anything of :data:`core.types.pilot_events.EVENT_KINDS` but a search.
    place : int
        Which of the results, counted from 0.
    text : str
        The note.

    Raises
    ------
    DataError
        If the page was closed, or that is nothing that can be done.
    WorkspaceError
        If a note is empty or too long.
    """
    _admit(project, plan)
    if kind not in _KINDS_OF_MARKS or place >= plan.depth:
        raise DataError("This is not part of the search page. Reload it.")
    text = _masked(project, " ".join(text.split()))[:MOST_NOTED] if kind == NOTED else ""
    event = PilotEvent(token, searched, kind, visitor, text, place, now())
    project.workspace.records.add_events(project.id, plan.id, [event])


@asks(VOTE)
def forget_visitor(project: Project, plan: PilotPlan, visitor: str) -> int:
    """Delete what somebody did here, at their wish; returns how many events."""
    _admit(project, plan)
    gone = project.workspace.records.erase_visitor(project.id, visitor)
    if gone:
        project.note("searches erased", "visitor", {"events": gone})
    return gone


@asks(DELETE)
def erase_searches(project: Project, words: str, who: str) -> int:
    """Delete searches and notes that hold all of these words, with what was done about them.

    Returns
    -------
    int
        Events that were deleted.

    Raises
    ------
    DataError
        If no word is given.
    """
    texts = found_searches(project, words)
    if not words.split():
        raise DataError("Type the words of the searches to erase.")
    gone = project.workspace.records.erase_searches(project.id, texts)
    project.note("searches erased", who, {"events": gone})
    return gone


def found_searches(project: Project, words: str) -> tuple[str, ...]:
    """Return the texts of searches and notes that hold all of these words, as they are kept.

    Where the words are personal data, what is looked for is their placeholders, too.
    """
    typed = words.casefold().split()
    masked = handling_of(project, MASK).masked(words)[0].casefold().split()

    def is_meant(text: str) -> bool:
        folded = text.casefold()
        return any(all(word in folded for word in wanted) for wanted in (typed, masked))

    texts = [event.text for event in project.workspace.records.events(project.id) if event.text]
    return tuple(text for text in dict.fromkeys(texts) if is_meant(text)) if typed else ()


# What came of it.


@dataclass(frozen=True)
class PilotCounts:
    """What was done on a page so far, by everybody and without saying with which model.

    Attributes
    ----------
    visitors, searches, clicks, thumbs_up, thumbs_down, nothing, notes : int
        ``nothing``: how often somebody said that none of the results fits.
    """

    visitors: int
    searches: int
    clicks: int
    thumbs_up: int
    thumbs_down: int
    nothing: int
    notes: int


def page_counts(project: Project, plan: PilotPlan) -> PilotCounts:
    """Return what was done on the page of a plan since its link was made."""
    ids = [one.id for one in plans(project) if one.link == plan.link]
    counts = project.workspace.records.event_counts(ids)
    kinds = (SEARCHED, CLICKED, THUMB_UP, THUMB_DOWN, NOTHING_FITS, NOTED)
    people = project.workspace.records.visitor_count(ids)
    return PilotCounts(people, *(counts[kind] for kind in kinds))


@dataclass(frozen=True)
class InterleavingState:
    """How far champion and challenger are.

    Attributes
    ----------
    decided : int
        Searches that speak for one of the two; for which is not told while it is sealed.
    verdict : InterleavingVerdict or None
        None while it is sealed.
    opened : PilotStep or None
        Who opened it before it was decided.
    """

    decided: int
    verdict: InterleavingVerdict | None
    opened: PilotStep | None


def interleaving(project: Project, plan: PilotPlan) -> InterleavingState:
    """Return how champion and challenger of a plan compare, as far as it may be told.

    It opens by itself at the first moment at which a decision is possible, and stays open.
    """
    records = project.workspace.records
    verdict = InterleavingVerdict.of(records.events(project.id, plan.id), plan.alpha)
    opened = records.pilot_steps(plan.id).get(OPENED_EARLY)
    told = verdict if opened or verdict.decision[0] else None
    return InterleavingState(verdict.decided, told, opened)


@asks(DECIDE)
def open_early(project: Project, plan: PilotPlan, who: str) -> None:
    """Open what the searches say before it is decided; who did it is recorded."""
    if interleaving(project, plan).verdict is None:
        step = PilotStep(OPENED_EARLY, who, now())
        project.workspace.records.add_pilot_step(project.id, plan.id, step)
        project.note("pilot opened early", who, {"plan": plan.id})


@asks(SEE)
def questions_asked(project: Project, plan: PilotPlan) -> tuple[AskedQuestion, ...]:
    """Return the questions that were asked on the page of a plan, most frequent first."""
    records = project.workspace.records
    same = [one.id for one in reversed(plans(project)) if one.link == plan.link]
    return asked_in(event for one in same for event in records.events(project.id, one))


@asks(SEE)
def newest_notes(project: Project, plan: PilotPlan, most: int = 50) -> tuple[PilotEvent, ...]:
    """Return what people wrote on the page of a plan, newest first, each with its search."""
    found = []
    for one in plans(project):
        if one.link == plan.link:
            events = project.workspace.records.events(project.id, one.id)
            asked = {event.token: event.text for event in events if event.kind == SEARCHED}
            found += [
                replace(event, search=asked.get(event.search, ""))
                for event in reversed(events)
                if event.kind == NOTED
            ]
    return tuple(found[:most])
