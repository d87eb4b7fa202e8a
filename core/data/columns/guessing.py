"""Which column of a table is what: by its name and by what it holds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.data.columns.answer_choice import (
    take_judged_text,
    take_right_text,
    take_varying_text,
)
from core.data.columns.column_doubts import (
    answer_doubts,
    judging_doubts,
    may_be_exchanged,
    several_in_cells,
    tell_votes,
)
from core.data.columns.column_languages import agree, languages_among, without_language
from core.data.columns.column_mapping import ColumnMapping, Guess
from core.data.columns.column_names import (
    DESCRIBING,
    REMARKS,
    ROLES,
    TEXT_ROLES,
    WEAK_NAMES,
    both_of_two,
    counts_answers,
    is_count,
    is_negative,
    is_wording,
    less_wanted,
    name_fit,
    name_list,
    names_place,
    names_texts,
    plain_name,
    role_of,
    says_feeling,
    says_who,
    smaller_is_better,
    whole_name_role,
    words_of,
)
from core.data.columns.column_texts import (
    MOSTLY,
    NEARLY_ALL,
    SHORT_MARK,
    is_note,
    is_url,
    mean_length,
    questionness,
)
from core.data.columns.further_columns import context_column, offered_pairs, with_wordings
from core.data.judging.judging_columns import (
    drop_sparse,
    is_code,
    is_running,
    marks,
    on_named_scale,
    rater_column,
    school_scale,
    take_accepted,
    take_raters,
    take_rating,
    vote_columns,
)
from core.data.judging.ratings import looks_like_ratings, rated_cells, read_numbers
from core.data.reading.row_kinds import says_something
from core.data.table import Table
from core.messages import N_, Message

SAMPLE_ROWS = 2000  # enough to tell texts from codes
_HTML = "html"  # a text without tags is better, where an object holds both
_SHORTER = 0.3  # of another column's length
_DATE = re.compile(
    r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2(?:\d{4}|\d\d))(?:[T ,].{1,24})?"
    r"|\d{1,2}:\d\d(?::\d\d)?(?: ?[ap]m)?",
    re.IGNORECASE,
)
_SCORES = frozenset(name_list("score scores label labels rating ratings grade grades"))


def guess_mapping(table: Table, *, rated: bool = False) -> ColumnMapping:
    """Return the columns as :func:`guess_columns` finds them."""
    return guess_columns(table, rated=rated).mapping


def guess_columns(table: Table, *, rated: bool = False) -> Guess:
    """Find the columns by name in many languages, checked against what they hold.

    Where no name fits, the two columns with the longest texts are question and answer; the
    question is the one with more question marks, else the one with more distinct texts, else the
    shorter one. Empty columns are nothing; columns named as negatives are never answers, and notes
    only where nothing else is there. A judgement is known by its name and its values.

    Parameters
    ----------
    rated : bool
        The file is known to hold ratings: any column that may judge is the rating.
    """
    sample = table.frame.head(SAMPLE_ROWS)
    texts = {
        column: [*filter(None, rated_cells(sample[column].tolist()))] for column in table.columns
    }
    negatives = tuple(
        c
        for c in table.columns
        if is_negative(c) and texts[c] and not (marks(texts[c]) or _scores(c, texts[c]))
    )
    votes = vote_columns([c for c in table.columns if texts[c]], texts)
    negatives = tuple(c for c in negatives if c not in votes)
    wrong = set(negatives)
    free = [c for c in table.columns if texts[c] and c not in wrong]
    felt = [] if rated else [c for c in free if says_feeling(c)]
    judging = [c for c in free if c not in votes and c not in felt]
    found: dict[str, str] = dict(
        zip(("answer", "rating"), (c for c in table.judged if texts.get(c)), strict=False)
    )
    notes: list[Message] = []
    _take_named(found, free, judging, texts)
    if not table.judged:
        _agree_in_language(found, free, texts)
    _take_texts(found, free, texts, notes)
    displaced = take_right_text(found, free, texts, notes)
    displaced = take_judged_text(found, free, texts, notes, sample) or displaced
    unclear = take_rating(found, judging, texts, notes, sample, rated=rated)
    take_accepted(found, judging, texts)
    told = set(votes) if not rated and tell_votes(found, votes, notes) else set()
    if not rated and not table.judged and "rating" in found:
        told |= {found["rating"]}
        drop_sparse(found, texts, notes, sample)
    take_varying_text(found, free, texts, notes, sample)
    raters = () if table.judged else take_raters(found, judging, texts, notes, sample, rated=rated)
    _take_own_id(found, free)
    context = context_column(found, free, texts)
    scale = school_scale(found.get("rating"), table.columns, texts, notes)
    roles: dict[str, Any] = {role: column for role, column in found.items() if role in ROLES}
    mapping = ColumnMapping(
        **roles,
        context=context,
        raters=raters,
        rater=rater_column(found, free, sample),
        scale=scale,
        negatives=negatives if "question" in found and "answer" in found else (),
    )
    notes += answer_doubts(mapping, texts)
    mapping = with_wordings(mapping, free, texts, notes)
    if mapping.question and mapping.answer:
        notes += judging_doubts(mapping, sample, [*unclear, *felt], told)
        notes += may_be_exchanged(mapping, texts)
        notes += several_in_cells(mapping, texts)
    offered = [pair for pair in offered_pairs(mapping, free, texts) if displaced not in pair]
    offered = [*mapping.further, *(pair for pair in offered if pair not in mapping.further)]
    return Guess(mapping, tuple(notes), tuple(offered))


def _take_named(
    found: dict[str, str],
    free: Sequence[str],
    judging: Sequence[str],
    texts: Mapping[str, list[str]],
) -> None:
    """Give each role the column whose name fits it best and whose texts go with it."""
    for level in (0, 1):  # equal names first, over all roles, then names that contain one
        for role in ROLES:
            if role in found:
                continue
            fits = [
                (
                    _least_wanted(role, column),
                    "." in column and len(texts[column]) > len(set(texts[column])) == 1,
                    fit,
                    _HTML in words_of(column)[-1:],
                    position,
                    column,
                )
                for position, column in enumerate(free)
                if column not in found.values()
                if (fit := name_fit(column, role)) is not None and fit[0] == level
                if _may_be(role, column, texts[column], level)
                if role != "rating" or column in judging
            ]
            if fits:
                found[role] = min(fits)[-1]


def _take_texts(
    found: dict[str, str], free: Sequence[str], texts: Mapping[str, list[str]], notes: list[Message]
) -> None:
    """Find the question and the answer that no name gave: by weak names, by content, by topic."""
    asking_subject = _subject_asks(found, free, texts)
    if asking_subject:
        found["question"] = found.pop("category")
    for role in TEXT_ROLES:
        if role not in found:
            _take_weak(role, found, free, texts)
    _take_numbers(found, free, texts)
    _take_by_content(found, free, texts)
    for role in TEXT_ROLES:
        if role not in found:  # codes under the very name: the user said what they are
            named = [(f, c) for c in free if c not in found.values() and (f := name_fit(c, role))]
            if named and min(named)[0][0] == 0:
                found[role] = min(named)[1]
    if asking_subject and "answer" in found:
        _tell_subject(found, notes)
    elif "question" in found and "answer" not in found and "category" in found:
        found["answer"] = found["category"]
        text = N_(
            "No column holds answers, so the names in {column} count as the answers: what is "
            "searched for is the topic of a question."
        )
        notes.append(Message(text, {"column": found["answer"]}))
    elif "question" not in found and "category" in found and "answer" in found:
        _ask_subjects(found, texts, notes)


def _agree_in_language(
    found: dict[str, str], free: Sequence[str], texts: Mapping[str, list[str]]
) -> None:
    """Take another answer, else another question, where the two are in different languages.

    Only one that has the whole name, but for its language, and holds as much.
    """
    question, answer = (found.get(role, "") for role in TEXT_ROLES)
    if not (question and answer) or agree(question, answer):
        return
    languages = {column: languages_among(column, free) for column in free}
    spoken = [languages[column] for column in (question, answer)]
    if not all(spoken) or spoken[0] & spoken[1]:
        return
    for role, beside in (("answer", question), ("question", answer)):
        fits = [
            (_least_wanted(role, column), fit, position, column)
            for position, column in enumerate(free)
            if column not in found.values() and languages[column] & languages[beside]
            if (fit := name_fit(column, role)) is not None and role_of(column) == role
            if role in (whole_name_role(column), whole_name_role(without_language(column)))
            if _holds_as_much(texts[column], texts[found[role]])
            if _may_be(role, column, texts[column], fit[0])
            if _least_wanted(role, column) <= _least_wanted(role, found[role])
        ]
        if fits:
            found[role] = min(fits)[-1]
            return


def _holds_as_much(texts: Sequence[str], others: Sequence[str]) -> bool:
    """Tell whether texts are about as many as others, as different, and not far shorter."""
    return (
        len(texts) >= NEARLY_ALL * len(others)
        and len(set(texts)) >= MOSTLY * len(set(others))
        and mean_length(texts) >= _SHORTER * mean_length(others)
    )


def _ask_subjects(
    found: dict[str, str], texts: Mapping[str, list[str]], notes: list[Message]
) -> None:
    """Take a subject for the question where each row has its own and nothing else may ask."""
    held, answer = texts[found["category"]], found["answer"]
    if len(set(held)) < NEARLY_ALL * len(held) or mean_length(held) > mean_length(texts[answer]):
        return
    found["question"] = found.pop("category")
    _tell_subject(found, notes)


def _tell_subject(found: Mapping[str, str], notes: list[Message]) -> None:
    text = N_(
        "No other column may hold questions, so {question} was taken as the question and {answer} "
        "as the answer. Look whether {answer} really answers."
    )
    notes.append(Message(text, {"question": found["question"], "answer": found["answer"]}))


def _subject_asks(
    found: Mapping[str, str], free: Sequence[str], texts: Mapping[str, list[str]]
) -> bool:
    """Tell whether each row has a subject of its own that asks, where no name says what does."""
    subject = found.get("category")
    if subject is None or "question" in found or "answer" in found:
        return False
    if len(set(texts[subject])) < NEARLY_ALL * len(texts[subject]):
        return False
    others = [c for c in free if c not in found.values() and not is_code(texts[c])]
    asking = [questionness(texts[column])[0] >= MOSTLY for column in (subject, *others)]
    return asking[0] and not any(asking[1:])


def _take_own_id(found: dict[str, str], free: Sequence[str]) -> None:
    """Prefer the id that bears the name of the text: ``SentenceID`` of ``Sentence``."""
    for role in TEXT_ROLES:
        if role in found:
            own = plain_name(found[role]) + "id"
            column = next((c for c in free if plain_name(c) == own), None)
            if column is not None and column not in found.values():
                found[f"{role}_id"] = column


def _least_wanted(role: str, column: str) -> int:
    return 2 * less_wanted(column) + is_wording(column) if role in TEXT_ROLES else 0


def _may_be(role: str, column: str, texts: list[str], level: int) -> bool:
    """Tell whether what a column holds goes with what its name says."""
    if role in TEXT_ROLES:
        return not is_code(texts)
    if role == "must_find":
        return level == 0 and marks(texts)
    if role == "weight":
        numbers = read_numbers(texts).values
        values = [numbers.get(text, 0.0) for text in texts]
        return level == 0 and min(values) >= 0 and max(values) > min(values)
    if role == "rating":
        if is_count(column) or smaller_is_better(column) or says_who(column):
            return False
        if sum(text.startswith(("[", "{")) for text in texts) > len(texts) / 2:
            return False  # lists: of scores for several texts
        unknown = plain_name(column) not in REMARKS
        rates = looks_like_ratings(texts, named=level == 0, unknown=unknown)
        return rates or on_named_scale(column, texts)
    return True


def _take_weak(
    role: str, found: dict[str, str], free: Sequence[str], texts: Mapping[str, list[str]]
) -> None:
    for name in WEAK_NAMES[role]:
        if role == "question" and name in DESCRIBING and "answer" not in found:
            continue
        for column in free:
            fits = plain_name(column) == name or plain_name(column.split(".")[-1]) == name
            if not fits or column in found.values() or is_code(texts[column]):
                continue
            if role == "question" and _better_asked(column, found, free, texts):
                continue
            if role == "question" and name == "text" and _explains(column, found, free, texts):
                continue
            found[role] = column
            return


def _better_asked(
    column: str, found: Mapping[str, str], free: Sequence[str], texts: Mapping[str, list[str]]
) -> bool:
    """Tell whether a subject of few different values stands beside a text of its own per row."""
    held = texts[column]
    if "answer" not in found or len(set(held)) >= MOSTLY * len(held):
        return False
    return any(
        len(set(texts[other])) >= NEARLY_ALL * len(held)
        and mean_length(texts[other]) > mean_length(held)
        for other in free
        if other not in {column, *found.values()} and not is_code(texts[other])
        if not (is_note(other) or is_url(texts[other]))
        if role_of(other) in (None, "question") and not less_wanted(other)
    )


def _explains(
    column: str, found: Mapping[str, str], free: Sequence[str], texts: Mapping[str, list[str]]
) -> bool:
    """Tell whether a text stands beside a keyword of its own in each row, as its only partner."""
    if "answer" in found or questionness(texts[column])[0] >= MOSTLY:
        return False
    others = [c for c in free if c not in {column, *found.values()} and not is_code(texts[c])]
    if len(others) != 1 or role_of(others[0]) or plain_name(others[0]) in WEAK_NAMES["answer"]:
        return False
    held = texts[others[0]]
    return len(set(held)) >= NEARLY_ALL * len(held) and mean_length(held) <= min(
        SHORT_MARK, MOSTLY * mean_length(texts[column])
    )


def _take_numbers(
    found: dict[str, str], free: Sequence[str], texts: Mapping[str, list[str]]
) -> None:
    """Take numbers under the very name of an answer: the user said what they are.

    A text beside them may be a remark, an owner or an address. Few different numbers, and those
    that count the rows, are places of choices and ids; counts and dates may stand beside the text.
    """
    for column in free if "answer" not in found else ():
        fit, held = name_fit(column, "answer"), texts[column]
        if fit is None or fit[0] > 0 or column in found.values() or names_place(column):
            continue
        values = is_code(held) and not (marks(held) or is_running(held))
        if values and len(set(held)) >= MOSTLY * len(held):
            if _beside_text(column, [c for c in free if c not in found.values()], texts):
                continue
            found["answer"] = column
            return


def _beside_text(column: str, free: Sequence[str], texts: Mapping[str, list[str]]) -> bool:
    """Tell whether numbers may count or date answers whose sentences stand in another column."""
    held = texts[column]
    others = [
        c
        for c in free
        if len(texts[c]) >= MOSTLY * len(held) and role_of(c) in (None, "answer")
        if sum(map(says_something, texts[c])) >= NEARLY_ALL * len(texts[c]) and not is_url(texts[c])
    ]
    if counts_answers(column):
        return bool(others)
    dated = sum(1 for text in held if _DATE.fullmatch(text.strip())) >= NEARLY_ALL * len(held)
    return dated and not all(is_note(c) for c in others)


def _take_by_content(
    found: dict[str, str], free: Sequence[str], texts: Mapping[str, list[str]]
) -> None:
    missing = [role for role in TEXT_ROLES if role not in found]
    filled = max(map(len, texts.values()), default=0)
    candidates = [
        column
        for column in free
        if column not in found.values() and not is_code(texts[column])
        if len(texts[column]) >= 0.2 * filled
    ]
    varied = [c for c in candidates if len(set(texts[c])) > 1]
    candidates = varied if len(varied) >= len(missing) else candidates
    spoken = [c for c in candidates if not is_note(c)]
    candidates = spoken if len(spoken) >= len(missing) else candidates
    if missing == ["answer"] and "category" in found:
        # a short label beside an utterance is its topic; only longer texts are answers
        candidates = [c for c in candidates if mean_length(texts[c]) >= 25]
    for stem, pair in both_of_two(free).items():
        first, second = pair["a"], pair["b"]
        if not names_texts(stem):
            continue
        if missing == list(TEXT_ROLES) and {first, second} <= set(candidates):
            found["question"] = first
        if found.get("question") == first and second in candidates:
            found["answer"] = second
            return
    longest = sorted(candidates, key=lambda c: -mean_length(texts[c]))[:2]
    if len(missing) == 2 and len(longest) == 2:
        question = max(longest, key=lambda c: questionness(texts[c]))
        asked = max(candidates, key=lambda c: questionness(texts[c])[0])
        if questionness(texts[asked])[0] >= 0.5 > questionness(texts[question])[0]:
            question = asked
        found["question"] = question
        found["answer"] = next(c for c in longest if c != question)
    elif len(missing) == 1 and longest:
        found[missing[0]] = longest[0]


def _scores(column: str, texts: Sequence[str]) -> bool:
    """Tell numbers and lists of numbers, such as ``neg_scores``, from texts."""
    return bool(_SCORES & set(words_of(column))) and is_code(list(texts))
