"""One look at a pilot: what is asked now against what was learned; the model tested again.

Nothing is written; :mod:`core.journey.pilot.watching` makes a job of it and keeps what it found.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from core.documents import from_json
from core.errors import AppError, Stopped, WorkspaceError
from core.experts.catalogue import expert_title, find_entry
from core.experts.lexical import words
from core.jobs.folder import RunFolder
from core.journey.compare_systems import encoders, is_query_side, tune_request
from core.journey.experts import (
    load_expert_scores,
    passports,
    people_said,
    scoring_context,
)
from core.journey.jobs import COMPARE, jobs_of, request_of
from core.journey.labels import recipe_in_use
from core.journey.pilot.events import tells_satisfaction
from core.journey.pilot.searching import arm_encoders, arm_in_use, plans
from core.journey.pilot.versions import promotion
from core.journey.projects import scored_experts, summary_file
from core.messages import N_, Message
from core.pilot import drift
from core.pilot.criteria import (
    BASELINE_WEEKS,
    judged_by,
    looks_a_year,
)
from core.pilot.seasons import FEWEST
from core.pilot.what_people_do import SearchesLookedAt, searches_since, weeks_before
from core.progress import Progress, Reporter
from core.types import BASE, TUNED, QADataset
from core.types.comparison import Difference, Interval, OfHundred, VerdictSummary
from core.types.expert_entry import DOCUMENT, QUERY
from core.types.pilot_events import PilotArm, PilotEvent
from core.types.project import Promotion
from core.types.watch_looks import (
    FOLDS,
    GONE,
    NO_EXPERTS,
    NO_MODEL,
    NO_SEARCHES,
    NOTHING_LEARNED,
    DriftLook,
    ExpertAgreement,
    ExpertVoice,
    FalseAlarms,
    FrozenVerdict,
    WatchCriteria,
    WatchLook,
)
from core.workspace.database import now
from core.workspace.files import read_json
from core.workspace.workspace import Project

if TYPE_CHECKING:
    from core.experts.encoders import Encoder

MOST_QUESTIONS = 3_000  # that a look encodes: the newest
_MOST_SECONDS = 60.0  # that an expert may read for a look, on the processor
_SEED = 0


def look_at(
    project: Project, criteria: WatchCriteria, report: Reporter, at: str | None = None
) -> WatchLook:
    """Look at a pilot once, and return what was found; nothing is written.

    Parameters
    ----------
    at : str or None
        The present time, ISO 8601; None = now.

    Raises
    ------
    AppError
        If the data or the model in use cannot be read.
    Stopped
        If the reporter was asked to stop.
    """
    at = at or now()
    until = datetime.fromisoformat(at)
    report.progress(0.0, Message(N_("Reading what people searched and liked")))
    events = events_of(project)
    reach = {"days": criteria.days, "least": drift.LEAST, "most": MOST_QUESTIONS}
    asked = searches_since(events, until, **reach)
    weeks = weeks_before(_judging(project), until, BASELINE_WEEKS + criteria.weeks)
    present = project.load_dataset()
    arm = arm_in_use(project, present)
    learned, no_data = present, ""
    if arm.run:
        learned_id = tune_request(RunFolder(project.workspace.run_folder(arm.run))).dataset_id
        try:
            learned = project.workspace.load_dataset(learned_id)
        except WorkspaceError:  # that version was erased: nobody can tell what it held
            no_data = GONE
    _go_on(report)
    found, no_drift = _drift(
        *(project, criteria, learned, present, asked, Progress(report, 0.05, 0.5))
    )
    _go_on(report)
    agreed, no_agreement, not_asked = _agreement(
        *(project, criteria, learned if not no_data else None, present, asked),
        Progress(report, 0.5, 0.65),
    )
    _go_on(report)
    verdict, no_verdict = _frozen(project, present, Progress(report, 0.65, 1.0))
    return judged_by(
        WatchLook(
            at,
            asked.since,
            arm.model,
            arm.run,
            learned.id if not no_data else "",
            present.id,
            asked.searches,
            len(asked.texts),
            found.drift,
            no_drift,
            tuple(asked.tokens[row] for row in found.rows),
            found.simulated,
            weeks,
            verdict,
            no_verdict,
            drift.answer_changes(learned, present),
            _new_judged(learned, present),
            agreement=agreed,
            no_agreement=no_agreement,
            not_asked=not_asked,
        ),
        criteria,
    )


def _go_on(report: Reporter) -> None:
    if report.should_stop():
        raise Stopped


def events_of(project: Project) -> tuple[PilotEvent, ...]:
    """Return what people did in all plans; of the same plan in the order in which it came."""
    return project.workspace.records.events(project.id)


def _judging(project: Project) -> tuple[PilotEvent, ...]:
    """Return the events that say of every search whether somebody was satisfied."""
    records = project.workspace.records
    telling = [plan.id for plan in reversed(plans(project)) if tells_satisfaction(plan)]
    return tuple(event for plan in telling for event in records.events(project.id, plan))


def _new_judged(learned: QADataset, present: QADataset) -> int:
    """Return how many questions with a known answer the model has not met, in a test neither."""
    known = {learned.questions[row] for row in learned.judged_rows.tolist()}
    return sum(present.questions[row] not in known for row in present.judged_rows.tolist())


@dataclass(frozen=True)
class _Drifted:
    drift: DriftLook | None = None
    rows: tuple[int, ...] = ()
    simulated: FalseAlarms | None = None


def _drift(
    project: Project,
    criteria: WatchCriteria,
    learned: QADataset,
    present: QADataset,
    asked: SearchesLookedAt,
    report: Progress,
) -> tuple[_Drifted, str]:
    """Compare the questions of the last days with the known ones; or say why not."""
    from core.experts.encoders import encode_cached

    if not asked.texts:
        return _Drifted(), NO_SEARCHES
    known_texts = _known(learned)
    if len(known_texts) < 2:
        return _Drifted(), NOTHING_LEARNED
    workspace = project.workspace
    reads, beside = arm_encoders(workspace, arm_in_use(project, present))
    cache = workspace.vectors
    answers = encode_cached(beside, present.answers, DOCUMENT, cache, report.part(0.0, 0.3))
    known = encode_cached(reads, known_texts, QUERY, cache, report.part(0.3, 0.6))
    # What customers typed goes into no cache: it is gone when its days are over.
    new = reads.encode(asked.texts, QUERY, report.part(0.6, 0.8))
    _go_on(report)
    then = drift.SearchedQuestions(tuple(known_texts), known, _best(known, answers))
    today = drift.SearchedQuestions(asked.texts, new, _best(new, answers))
    tolerated = drift.TOLERATED if criteria.unlike is None else criteria.unlike
    allowed, a_year = criteria.false_alarms, looks_a_year(criteria)
    told = Message(N_("Comparing the questions with those that were learned"))
    report.progress(0.8, Message(N_("Simulating looks at the past")))
    simulated = None
    if len(then) >= FEWEST:
        tolerated, simulated = drift.safe_share(
            then, len(today), tolerated=tolerated, false_alarms=allowed, looks=a_year
        )
    report.progress(0.9, told)
    found = drift.look(then, today, words, tolerated=tolerated, false_alarms=allowed, looks=a_year)
    unlike_rows = found.unlike.rows
    # Words are texts of people; rows mean nothing without the texts.
    kept = replace(found, words=(), unlike=replace(found.unlike, rows=()))
    return _Drifted(kept, unlike_rows, simulated), ""


def _best(questions: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Return the highest cosine of each question with any answer, float32 [n]."""
    best = np.empty(len(questions), np.float32)
    for start in range(0, len(questions), drift.BLOCK):
        block = questions[start : start + drift.BLOCK] @ answers.T
        best[start : start + drift.BLOCK] = block.max(axis=1)
    return best


def _known(learned: QADataset) -> list[str]:
    """Return the different questions that a model learned from, open ones too."""
    rows = np.concatenate([learned.judged_rows, learned.open_rows]).tolist()
    return list(dict.fromkeys(learned.questions[row] for row in rows))


# Whether the experts agree.


def _agreement(
    project: Project,
    criteria: WatchCriteria,
    learned: QADataset | None,
    present: QADataset,
    asked: SearchesLookedAt,
    report: Progress,
) -> tuple[ExpertAgreement | None, str, tuple[Message, ...]]:
    """Let the experts of the recipe in use rank answers of known and of new questions.

    Only those that send nothing, need no card and read texts, not pairs, so that the time grows
    with the number of texts. What customers typed goes into no cache.

    Returns
    -------
    agreement or None, why there is none, why experts were not asked
    """
    from core.experts.encoders import encode_cached
    from core.pilot.expert_agreement import MOST, agreements, compared

    if not asked.texts:
        return None, NO_SEARCHES, ()
    known = [] if learned is None else _known(learned)
    if len(known) < 2:
        return None, NOTHING_LEARNED, ()
    arm = arm_in_use(project, present)
    if len(known) > MOST:
        drawn = np.random.default_rng(_SEED).choice(len(known), MOST, replace=False)
        known = [known[row] for row in np.sort(drawn).tolist()]
    new, keys = asked.texts[:MOST], _experts(project, arm)
    workspace = project.workspace
    context = replace(scoring_context(workspace, keys), device="cpu")
    scores, not_asked = [], []
    for number, key in enumerate(keys):
        part = report.part(0.8 * number / len(keys), 0.8 * (number + 1) / len(keys))
        told = {"title": expert_title(key)}
        part.progress(0.0, Message(N_("Asking {title} about the new questions"), told))
        _go_on(report)
        try:
            expert = context.apis.get(key) or find_entry(key)
            texts = (known, new, present.answers)
            scores.append(expert.read_unseen(*texts, context, part, most_seconds=_MOST_SECONDS))
        except Stopped:
            raise
        except AppError as error:
            not_asked.append(error.message)
    if len(scores) < 2:
        return None, NO_EXPERTS, tuple(not_asked)
    report.progress(0.8, Message(N_("Comparing what the experts say")))
    reads, _ = arm_encoders(workspace, arm)
    vectors = encode_cached(reads, known, QUERY, workspace.vectors)
    found, named = agreements(scores, seed=_SEED), [one.expert for one in scores]
    tolerated = WatchCriteria.disagree if criteria.disagree is None else criteria.disagree
    assert tolerated is not None
    told_apart = compared(
        *(found[: len(known)], found[len(known) :], named, vectors),
        tolerated=tolerated,
        false_alarms=criteria.false_alarms,
        looks=looks_a_year(criteria),
        seed=_SEED,
    )
    voices = _beside_people(project, present, told_apart.voices)
    return replace(told_apart, voices=voices, not_asked=tuple(not_asked)), "", ()


def _experts(project: Project, arm: PilotArm) -> tuple[str, ...]:
    """Return the experts of the recipe that the model in use learned from, else of the next one."""
    if arm.run:
        return tune_request(RunFolder(project.workspace.run_folder(arm.run))).recipe.experts
    saved = recipe_in_use(project)
    return saved.recipe.experts if saved is not None else scored_experts(project)


def _beside_people(
    project: Project, present: QADataset, voices: tuple[ExpertVoice, ...]
) -> tuple[ExpertVoice, ...]:
    """Add how far each expert agrees with people, where people judged pairs."""
    people = people_said(project, present)
    if people is None:
        return voices
    there = []
    for voice in voices:
        with suppress(
            AppError
        ):  # it has not scored the present data: nothing is known of the pairs
            there += load_expert_scores(project.workspace, present, (voice.expert,))
    if not there:
        return voices
    named = tuple(one.expert for one in there)
    found = {one.expert: one.people for one in passports(project.workspace, present, named, people)}

    def beside(voice: ExpertVoice) -> ExpertVoice:
        agreed = found.get(voice.expert)
        if agreed is None or agreed.kappa is None:
            return voice
        ends = Interval(agreed.kappa, agreed.low, agreed.high)
        return replace(voice, people=ends, pairs=agreed.pairs)

    return tuple(beside(voice) for voice in voices)


# The frozen test.


def _frozen(
    project: Project, present: QADataset, report: Progress
) -> tuple[FrozenVerdict | None, str]:
    """Ask the questions again that the model was taken into use with; or say why not."""
    used = promotion(project)
    if used is None:
        return None, NO_MODEL
    workspace = project.workspace
    folder = RunFolder(workspace.run_folder(used.run))
    if not folder.model.is_dir():
        return None, GONE
    if tune_request(folder).from_cross_fit:
        return None, FOLDS
    then = _decided_by(project, used)
    dataset_id = then.dataset_id if then else tune_request(folder).dataset_id
    try:
        frozen = workspace.load_dataset(dataset_id)
    except WorkspaceError:
        return None, GONE
    report.progress(0.0, Message(N_("Asking the frozen test again")))
    found = _asked_again(project, used.run, frozen, frozen.answers, report.part(0.0, 0.5))
    verdict = FrozenVerdict(frozen.id, then.found if then else (), *found)
    if present.answers == frozen.answers:
        return verdict, ""
    _go_on(report)
    moved, left_out = _among(frozen, present)
    if not len(moved.held_out_rows):
        return replace(verdict, left_out=left_out), ""
    of_today, _ = _asked_again(project, used.run, moved, moved.answers, report.part(0.5, 1.0))
    return replace(verdict, today=of_today, left_out=left_out), ""


def _decided_by(project: Project, used: Promotion) -> VerdictSummary | None:
    """Return what the comparison said that a model was taken into use by."""
    for view in jobs_of(project, COMPARE):  # newest first
        try:
            if request_of(view).tune_run != used.run or view.created_at > used.at:
                continue
            file = summary_file(RunFolder(project.workspace.run_folder(view.id)))
            return from_json(VerdictSummary, read_json(file))
        except AppError:
            continue  # damaged, or of an earlier version that nobody has looked at since
    return None


def _asked_again(
    project: Project,
    run: str,
    dataset: QADataset,
    answers: tuple[str, ...],
    report: Progress,
) -> tuple[tuple[OfHundred, ...], tuple[Difference, ...]]:
    """Search the held-out questions of a dataset with base and tuned model.

    The questions are read anew and not taken from the cache: so a changed file, library or machine
    shows.
    """
    from core.evaluation.measures import MAIN_METRIC
    from core.evaluation.of_hundred import verdict_summary
    from core.evaluation.systems import EncodedSystem, compare
    from core.experts.encoders import encode_cached

    workspace = project.workspace
    folder = RunFolder(workspace.run_folder(run))
    before, after = encoders(workspace, folder)
    texts = [dataset.questions[row] for row in dataset.held_out_rows.tolist()]

    def system(name: str, reads: Encoder, beside: Encoder, part: Progress) -> EncodedSystem:
        left = reads.encode(texts, QUERY, part.part(0.0, 0.5))
        cache = workspace.vectors
        right = encode_cached(beside, answers, DOCUMENT, cache, part.part(0.5, 1.0))
        return EncodedSystem(name, name, name, reads.fingerprint, left, right)

    systems = (
        system(BASE, before, before, report.part(0.0, 0.4)),
        system(TUNED, after, before if is_query_side(folder) else after, report.part(0.4, 0.8)),
    )
    compared = compare(dataset, systems, run_id=run, seed=_SEED, report=report.part(0.8, 1.0))
    main = tuple(one for one in compared.differences if one.metric == MAIN_METRIC)
    return verdict_summary(compared).found, main


def _among(frozen: QADataset, present: QADataset) -> tuple[QADataset, int]:
    """Return the held-out questions among the answers of today, and how many have none left.

    Answers keep their groups of then; new ones are a group each.
    """
    place = {text: row for row, text in enumerate(present.answers)}
    moved = np.array([place.get(text, -1) for text in frozen.answers], np.int32)
    held = frozen.of_questions(frozen.held_out_rows)
    stays = moved[held.right_answer] >= 0
    has_right = np.zeros(len(held.questions), bool)
    has_right[held.right_question[stays]] = True
    group_of = {text: int(g) for text, g in zip(frozen.answers, frozen.answer_group, strict=True)}
    following = int(frozen.answer_group.max(initial=-1)) + 1
    groups = [group_of.get(text, following + n) for n, text in enumerate(present.answers)]
    order = np.lexsort((moved[held.right_answer[stays]], held.right_question[stays]))
    among = replace(
        held,
        answers=present.answers,
        answer_ids=present.answer_ids,
        answer_group=np.array(groups, np.int32),
        right_question=held.right_question[stays][order],
        right_answer=moved[held.right_answer[stays]][order],
        right_grade=held.right_grade[stays][order],
        wrong_question=np.empty(0, np.int32),
        wrong_answer=np.empty(0, np.int32),
    )
    rows = np.flatnonzero(has_right).astype(np.int32)
    return among.of_questions(rows), int((~has_right).sum())
