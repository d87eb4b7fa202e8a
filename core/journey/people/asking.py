"""Rounds in which people write questions or judge results: opened, answered by link, taken in."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.asking.collecting import (
    FLAGS as FLAGS,
    MOST_ANSWERS as MOST_ANSWERS,
    ReviewedQuestion as ReviewedQuestion,
    answers_to_ask,
    next_answer,
    reviewed,
)
from core.asking.judging import (
    DEPTH as DEPTH,
    MOST_DEPTH as MOST_DEPTH,
    MOST_QUESTIONS as MOST_QUESTIONS,
    Agreement as Agreement,
    JudgedPair as JudgedPair,
    JudgingTask as JudgingTask,
    agreement,
    answered_questions,
    judged_pairs,
    judging_order,
    judging_task,
    pooled,
)
from core.data.answered_questions import (
    COLLECTED,
    JUDGED,
    TO_LEARN as TO_LEARN,
    TO_TEST as TO_TEST,
    USE_TITLES as USE_TITLES,
    WHERE_IT_FITS as WHERE_IT_FITS,
    AnsweredAccount as AnsweredAccount,
    AnsweredQuestion,
    answered_told as answered_told,
    kept_back_answers,
    with_answered_questions,
)
from core.data.personal.recognition import japanese_model
from core.errors import AppError, DataError
from core.experts.catalogue import find_entry
from core.experts.people import FAIR as FAIR, GOOD as GOOD
from core.jobs.folder import RunFolder
from core.jobs.state import FINISHED
from core.journey.compare_systems import BM25, encoders, expert_system, is_query_side
from core.journey.data import WITHOUT_OPEN, go_on_with, import_report
from core.journey.jobs import TUNE, jobs_of
from core.journey.personal import check_sharing, handling_of, keep_placeholders
from core.messages import N_, Message
from core.types import QADataset, Rows
from core.types.asked_rounds import (
    CLOSED,
    COLLECT,
    JUDGE,
    TAKEN_IN,
    WRITTEN,
    AskRound,
    Contribution,
    RoundStep,
    judgements_in_force,
    questions_in_force,
)
from core.types.judgements import WITHDRAWN
from core.types.personal_rules import MASK
from core.types.rights import CHANGE, DECIDE, VOTE
from core.workspace.database import now
from core.workspace.feedback import new_round_id, new_token as new_token
from core.workspace.workspace import Project, Workspace, asks

ANSWERS, PER_ANSWER = 30, 5  # to ask about, and questions wanted for each
QUESTIONS, JUDGES = 50, 2  # to judge, and people wanted for each
BEFORE, AFTER = N_("Before tuning"), N_("After tuning")


def rounds(project: Project, kind: str) -> tuple[AskRound, ...]:
    """Return the rounds of a kind, newest first, as far as their data are still there."""
    folder = project.workspace.layout.datasets
    found = project.workspace.records.ask_rounds(project.id, kind)
    return tuple(r for r in found if (folder / r.dataset_id / "meta.json").is_file())


def round_of_link(workspace: Workspace, link: str) -> tuple[Project, AskRound]:
    """Return the round that a link leads to, with its project.

    Raises
    ------
    DataError
        If the link leads nowhere, or not any more.
    RightsError
        If the person has nothing to do with the project.
    """
    return workspace.behind_link(workspace.records.ask_round(link))


def steps_of(project: Project, round_: AskRound) -> dict[str, RoundStep]:
    """Return what became of a round: ``closed`` and ``taken in``, as far as it came."""
    return project.workspace.records.steps(round_.id)


@asks(DECIDE)
def close_round(project: Project, round_: AskRound, who: str) -> None:
    """Close a round: what comes afterwards is refused and says so."""
    step = RoundStep(CLOSED, "", who, now())
    if project.workspace.records.add_step(project.id, round_.id, step):
        project.note("round closed", who, {"round": round_.id, "kind": round_.kind})


def _start(project: Project, round_: AskRound) -> AskRound:
    project.workspace.records.start_ask(project.id, round_)
    detail = {"round": round_.id, "kind": round_.kind, "asked": len(round_.rows)}
    project.note("round opened", round_.who, detail)
    return round_


def _give(project: Project, round_: AskRound, entry: Contribution) -> None:
    workspace = project.workspace
    project.keep_to_link(round_.id)
    if not 0 <= entry.place < len(round_.rows):
        raise DataError("This is not part of the round. Reload the page.")
    if not workspace.records.add_entry(project.id, round_.id, entry):
        raise DataError(
            "This round was closed while you were reading; your last entry does not count any "
            "more. Thank you for taking part."
        )


# Collecting questions


@asks(DECIDE)
def start_collecting(
    project: Project,
    who: str,
    *,
    answers: int = ANSWERS,
    wanted: int = PER_ANSWER,
    seed: int | None = None,
) -> AskRound:
    """Open a round in which people write questions, for the answers that have the fewest.

    Parameters
    ----------
    answers : int
        How many answers to ask about; fewer where there are fewer.
    wanted : int
        Questions wanted for each answer; more are taken, but other answers come first.
    seed : int or None
        Of the draw; None draws one. It is recorded.

    Raises
    ------
    DataError
        If a number is out of range, or personal data may not be shared.
    """
    check_sharing(project)
    if not 1 <= wanted <= 100:
        raise DataError("1 to 100 questions can be wanted for each answer.")
    seed = secrets.randbits(31) if seed is None else seed
    dataset = project.load_dataset()
    rows = tuple(answers_to_ask(dataset, answers, seed=seed).tolist())
    drawn = (rows, (), wanted, 0, (), seed, who, now())
    return _start(project, AskRound(new_round_id(), COLLECT, dataset.id, *drawn))


@dataclass(frozen=True)
class CollectingTask:
    """Where one participant is.

    Attributes
    ----------
    place : int or None
        Position of the answer to write for; None when there is none left.
    own, everybody : int
        Questions written so far.
    last : str
        Token of the person's newest question, "" without one.
    """

    place: int | None
    own: int
    everybody: int
    last: str


def collecting_task(
    project: Project, round_: AskRound, person: str, skipped: Collection[int] = ()
) -> CollectingTask:
    """Return the answer that a person should write for now."""
    given = written(project, round_)
    own = [entry.token for entry in given if entry.person == person]
    place = next_answer(round_, given, person, skipped)
    return CollectingTask(place, len(own), len(given), own[-1] if own else "")


def written(project: Project, round_: AskRound) -> list[Contribution]:
    """Return the questions that people wrote so far, oldest first."""
    return questions_in_force(project.workspace.records.entries(round_.id))


@asks(VOTE)
def write_question(
    project: Project, round_: AskRound, place: int, person: str, text: str, token: str
) -> None:
    """Record a question; the same token once more changes nothing.

    Raises
    ------
    DataError
        If the round was closed meanwhile.
    WorkspaceError
        If the person has no name, or the question is empty or too long.
    """
    answer = round_.rows[place] if 0 <= place < len(round_.rows) else -1
    text = " ".join(text.split())
    _give(project, round_, Contribution(place, answer, person, WRITTEN, text, token, now()))


@asks(VOTE)
def take_question_back(project: Project, round_: AskRound, person: str, token: str) -> None:
    """Withdraw a question that this person wrote; a second click withdraws no other."""
    for entry in written(project, round_):
        if entry.token == token and entry.person == person:
            gone = (entry.place, entry.answer, person, WITHDRAWN, token, f"-{token}", now())
            _give(project, round_, Contribution(*gone))


def review(project: Project, round_: AskRound) -> tuple[ReviewedQuestion, ...]:
    """Return the questions of a round with what speaks against each."""
    dataset = project.workspace.load_dataset(round_.dataset_id)
    return reviewed(dataset, written(project, round_), japanese_model())


@asks(CHANGE)
def take_in_questions(
    project: Project,
    round_: AskRound,
    tokens: Collection[str],
    who: str,
    *,
    use: str = WHERE_IT_FITS,
) -> AnsweredAccount:
    """Take chosen questions of a closed round into the data, each with its answer; once.

    Personal data in them are masked. The project goes on with another version of its data.

    Parameters
    ----------
    tokens : collection of str
        Which questions.
    use : str
        Key of :data:`USE_TITLES`.

    Raises
    ------
    DataError
        If the round is not closed, was taken in before, or no question can be taken.
    """
    handling = handling_of(project, MASK)
    chosen = [entry for entry in written(project, round_) if entry.token in set(tokens)]
    items = [
        AnsweredQuestion(handling.masked(entry.text)[0], {entry.answer: 1.0}) for entry in chosen
    ]
    account = _take_in(project, round_, items, use, COLLECTED, who)
    keep_placeholders(project, handling)
    return account


def _take_in(
    project: Project,
    round_: AskRound,
    items: Sequence[AnsweredQuestion],
    use: str,
    source: str,
    who: str,
) -> AnsweredAccount:
    """Make the data with these questions those of the project, and remember it."""
    records = project.workspace.records
    with records.alone():
        steps = records.steps(round_.id)
        if CLOSED not in steps:
            raise DataError("Close the round first: people may still be writing.")
        if TAKEN_IN in steps:
            raise DataError("This round was taken in before. Start another one to ask for more.")
        fresh = project.workspace.project(project.id)
        dataset = fresh.load_dataset()
        asked = project.workspace.load_dataset(round_.dataset_id)
        moved = _moved(items, asked, dataset)
        after, account = with_answered_questions(dataset, moved, use=use, source=source)
        if after is dataset:
            raise DataError(
                "None of the {count} questions can be taken this way: no right answer was found "
                "for them, not all of their answers were judged, or their answers are kept for "
                "the test. Nothing was changed.",
                count=len(items),
            )
        known = import_report(project.workspace, dataset.id)
        known.pop(WITHOUT_OPEN, None)  # that version lacks these questions
        judged = after.judged_rows
        known["summary"] = {
            **known.get("summary", {}),
            "questions": len(judged),
            "groups": len(np.unique(after.answer_group)),
        }
        go_on_with(fresh, dataset, after, known, who)
        records.add_step(project.id, round_.id, RoundStep(TAKEN_IN, after.id, who, now()))
        told = {"round": round_.id, "kind": round_.kind, "use": use, "questions": account.taken}
        project.note("round taken in", who, told)
    return account


def _moved(
    items: Sequence[AnsweredQuestion], asked: QADataset, dataset: QADataset
) -> list[AnsweredQuestion]:
    """Return questions whose answers count in another version of the data."""
    if asked.id == dataset.id:
        return list(items)
    row = {text: at for at, text in enumerate(dataset.answers)}
    place = {at: row[text] for at, text in enumerate(asked.answers) if text in row}
    found = []
    for item in items:
        right = {place[answer]: grade for answer, grade in item.right.items() if answer in place}
        wrong = tuple(place[answer] for answer in item.wrong if answer in place)
        complete = item.complete and len(right) == len(item.right)
        found.append(AnsweredQuestion(item.text, right, wrong, complete, item.weight))
    return found


# Judging results


@dataclass(frozen=True)
class JudgingSystems:
    """Systems whose first answers are pooled.

    Attributes
    ----------
    titles : tuple of str
    tops : tuple of int arrays [n, k]
        Their first answers for the open questions.
    absent : mapping of title to Message
        Why others are missing.
    """

    titles: tuple[str, ...]
    tops: tuple[np.ndarray, ...]
    absent: Mapping[str, Message]


def judging_systems(project: Project, dataset: QADataset, depth: int) -> JudgingSystems:
    """Search the open questions with keyword search, every expert in use, before and after tuning.

    Vectors of texts come from the cache where they are there.
    """
    from core.evaluation.search import rank

    rows, workspace = dataset.open_rows, project.workspace
    titles, tops, absent = [], [], {}
    scored = project.state.scored
    for key in dict.fromkeys((BM25, *(scored.experts if scored else ()))):
        try:
            system = expert_system(workspace, dataset, key)
            found = rank(system.question_matrix[rows], system.answer_matrix, depth).top_answers
        except AppError as error:
            absent[find_entry(key).title] = error.message
            continue
        titles.append(system.title)
        tops.append(found)
    # A model searches whatever it is asked: the data may have changed since it was tuned.
    runs = [view for view in jobs_of(project, TUNE) if view.state == FINISHED]
    if runs:
        try:
            for title, found in _before_and_after(workspace, dataset, runs[0].id, rows, depth):
                titles.append(title)
                tops.append(found)
        except AppError as error:
            absent[AFTER] = error.message
    return JudgingSystems(tuple(titles), tuple(tops), absent)


def _before_and_after(
    workspace: Workspace, dataset: QADataset, run: str, rows: Rows, depth: int
) -> list[tuple[str, np.ndarray]]:
    from core.evaluation.search import rank
    from core.experts.encoders import encode_cached
    from core.types.expert_entry import DOCUMENT, QUERY

    folder, cache = RunFolder(workspace.run_folder(run)), workspace.vectors
    before, after = encoders(workspace, folder)
    texts = [dataset.questions[row] for row in rows.tolist()]
    found = []
    for title, model in ((BEFORE, before), (AFTER, after)):
        beside = before if is_query_side(folder) else model
        questions = encode_cached(model, texts, QUERY, cache)
        answers = encode_cached(beside, dataset.answers, DOCUMENT, cache)
        found.append((title, rank(questions, answers, depth).top_answers))
    return found


@asks(DECIDE)
def start_judging(
    project: Project,
    who: str,
    *,
    questions: int = QUESTIONS,
    depth: int = DEPTH,
    wanted: int = JUDGES,
    use: str = TO_LEARN,
    seed: int | None = None,
) -> AskRound:
    """Open a round in which people judge results for open questions, what decides most first.

    Parameters
    ----------
    questions : int
        How many to judge; fewer where fewer are open.
    depth : int
        First answers of each system that are pooled.
    wanted : int
        People who should judge each question.
    use : str
        Key of :data:`USE_TITLES`: to learn from them, questions about answers that are kept for the
        test come late.

    Raises
    ------
    DataError
        If nothing is open, a number is out of range, or personal data may not be shared.
    """
    check_sharing(project)
    dataset = project.load_dataset()
    rows = dataset.open_rows
    if not len(rows):
        raise DataError(
            "There are no open questions to judge results for. Add a search log first: a file "
            "with a column of questions."
        )
    for number, most in ((questions, MOST_QUESTIONS), (wanted, 100)):
        if not 1 <= number <= most:
            raise DataError(
                "{number} does not fit here: 1 to {most} can be chosen.", number=number, most=most
            )
    systems = judging_systems(project, dataset, depth)
    pools = pooled(systems.tops, depth)
    order = judging_order(
        systems.tops,
        dataset.question_weight[rows],
        dataset.answer_group,
        depth=depth,
        count=questions,
        kept_back=kept_back_answers(dataset) if use == TO_LEARN else None,
    ).tolist()
    seed = secrets.randbits(31) if seed is None else seed
    chosen = tuple(int(rows[at]) for at in order)
    drawn = (chosen, tuple(pools[at] for at in order), wanted, depth, systems.titles)
    return _start(project, AskRound(new_round_id(), JUDGE, dataset.id, *drawn, seed, who, now()))


def judgements(project: Project, round_: AskRound) -> list[Contribution]:
    """Return the judgements in force, oldest first."""
    return judgements_in_force(project.workspace.records.entries(round_.id))


def next_judgement(project: Project, round_: AskRound, person: str) -> JudgingTask:
    """Return the pair that a judge should look at now."""
    return judging_task(round_, judgements(project, round_), person)


@asks(VOTE)
def judge(
    project: Project,
    round_: AskRound,
    place: int,
    answer: int,
    person: str,
    word: str,
    token: str,
) -> None:
    """Record a word on a pair, or ``withdrawn``; the same token once more changes nothing.

    Raises
    ------
    DataError
        If the pair is not part of the round, or the round was closed meanwhile.
    WorkspaceError
        If the person has no name or the word is unknown.
    """
    if not (0 <= place < len(round_.pools) and answer in round_.pools[place]):
        raise DataError("This is not part of the round. Reload the page.")
    _give(project, round_, Contribution(place, answer, person, word, "", token, now()))


@dataclass(frozen=True)
class JudgingProgress:
    """How far the judging is.

    Attributes
    ----------
    judgements, people : int
    pairs, of : int
        Pairs with a judgement, and pairs in all.
    complete : int
        Questions of which every answer is judged.
    disputed : int
        Pairs that somebody calls right and somebody wrong.
    agreement : Agreement or None
    found : tuple of JudgedPair
        What people say together.
    """

    judgements: int
    people: int
    pairs: int
    of: int
    complete: int
    disputed: int
    agreement: Agreement | None
    found: tuple[JudgedPair, ...]


def judging_progress(project: Project, round_: AskRound) -> JudgingProgress:
    """Return how far a round is and how far people agree."""
    given = judgements(project, round_)
    found = judged_pairs(given)
    done: dict[int, int] = {}
    for pair in found:
        done[pair.place] = done.get(pair.place, 0) + 1
    return JudgingProgress(
        len(given),
        len({entry.person for entry in given}),
        len(found),
        round_.pairs,
        sum(1 for place, count in done.items() if count == len(round_.pools[place])),
        sum(pair.disputed for pair in found),
        agreement(given),
        tuple(found),
    )


@asks(CHANGE)
def take_in_judged(
    project: Project, round_: AskRound, who: str, *, use: str = TO_LEARN
) -> AnsweredAccount:
    """Take the judged questions of a closed round into the data; once.

    Open questions with a right answer among those shown become questions with known answers, and
    answers judged wrong are known to be wrong for them. The project goes on with another version
    of its data.

    Parameters
    ----------
    use : str
        Key of :data:`USE_TITLES`; as a test only questions whose answers were all judged.

    Raises
    ------
    DataError
        If the round is not closed, was taken in before, or no question can be taken.
    """
    dataset = project.workspace.load_dataset(round_.dataset_id)
    pairs = judged_pairs(judgements(project, round_))
    items = answered_questions(round_, dataset, pairs)
    return _take_in(project, round_, items, use, JUDGED, who)
