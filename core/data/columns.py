"""Which column of a table is what: by its name and by what it holds."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from core.data.cells import nested_value, parting_sign
from core.data.column_languages import (
    agree,
    ending_of,
    further_pairs,
    languages_among,
    without_language,
)
from core.data.column_names import (
    CODE_WORDS,
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
    says_plural,
    says_who,
    smaller_is_better,
    whole_name_role,
    words_of,
)
from core.data.judging.judging_columns import (
    NUMBERED,
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
from core.data.table import NotUsed, Table
from core.messages import N_, Message

SAMPLE_ROWS = 2000  # enough to tell texts from codes


@dataclass(frozen=True)
class ColumnMapping:
    """Column names of a table for each role; None = the file has no such column.

    Attributes
    ----------
    negatives : tuple of str
        Columns of answers that are known to be wrong.
    further : tuple of (question, answer)
        More pairs of columns to take from every row: other wordings, other languages.
    raters : tuple of str
        More columns that rate the same pairs: other raters.
    rater : str or None
        The column that names who rated, where several people rate the same pairs in rows of their
        own: their grades are averaged.
    scale : str
        Of the ratings, see :data:`core.data.judging.ratings.SCALES`; "" = found from the values.
    words : tuple of (word, grade)
        What ratings in words mean, where the user said so; a grade in [0, 1].
    """

    question: str | None = None
    answer: str | None = None
    category: str | None = None
    language: str | None = None
    rating: str | None = None
    source: str | None = None
    weight: str | None = None
    must_find: str | None = None
    question_id: str | None = None
    answer_id: str | None = None
    context: str | None = None
    negatives: tuple[str, ...] = ()
    further: tuple[tuple[str, str], ...] = ()
    raters: tuple[str, ...] = ()
    rater: str | None = None
    scale: str = ""
    words: tuple[tuple[str, float], ...] = ()

    def roles(self) -> dict[str, str]:
        """Return the column of each role that has one."""
        return {role: column for role in ROLES if (column := getattr(self, role))}


_HTML = "html"  # a text without tags is better, where an object holds both
# Texts that are known to be right, whatever another column of answers holds.
_RIGHT_TEXT = re.compile(
    "reference|groundtruth|^truth$|gold|^gt$|^gtanswer|expected|^expect$|ideal|^target$|target(answer|text|output|response)"
    "|(correct|right|best|accepted|true|official|approved|model|human|sample)(answer|response|reply|output|solution)"
    "|musterantwort|musterlösung|sollantwort|erwartet|richtigeantwort|referenz|korrekteantwort"
    "|référence|bonneréponse|réponse(attendue|correcte)|respuesta(esperada|correcta)|referencia"
    "|rispostacorretta|模範|期待|正解|正答|参照|参考答案|标准答案|正确答案|標準答案|정답|모범"
)
_SHORTEST_RIGHT, _SHORTER = 12, 0.3  # signs on average; of the other answers' length
_NOTE = re.compile(
    "note|notiz|comment|kommentar|bemerkung|remark|memo|internal|intern|anmerkung|remarque"
    "|comentario|nota|備考|メモ|コメント|备注"
)
_DATE = re.compile(
    r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2(?:\d{4}|\d\d))(?:[T ,].{1,24})?"
    r"|\d{1,2}:\d\d(?::\d\d)?(?: ?[ap]m)?",
    re.IGNORECASE,
)
_LONGEST_WORD = 20  # signs, of a keyword
_SHORT_MARK, _FEW_MARKS = 30, 10  # signs, and distinct values, of a column that may judge


@dataclass(frozen=True)
class Guess:
    """Which column is what, and what is to be said about it.

    Attributes
    ----------
    notes : tuple of Message
        What was decided where another choice was possible.
    offered : tuple of (question, answer)
        More pairs of columns that could be taken, see ``ColumnMapping.further``.
    """

    mapping: ColumnMapping
    notes: tuple[Message, ...] = ()
    offered: tuple[tuple[str, str], ...] = ()


def unused_columns(table: Table, mapping: ColumnMapping) -> list[NotUsed]:
    """Return the filled columns that nothing is read from."""
    used = {*mapping.roles().values(), mapping.context, *mapping.negatives, *mapping.raters}
    used |= {mapping.rater, *(column for pair in mapping.further for column in pair)}
    return unused_beside(table, used)


def unused_beside(table: Table, used: Collection[str | None]) -> list[NotUsed]:
    """Return the filled columns that are not among those used."""
    return [
        NotUsed("column", column, count)
        for column in table.columns
        if column not in used and (count := sum(map(bool, table.frame[column].tolist())))
    ]


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
    if not table.judged:
        _agree_in_language(found, free, texts)
    asking_subject = _subject_asks(found, free, texts)
    if asking_subject:
        found["question"] = found.pop("category")
    for role in TEXT_ROLES:
        if role not in found:
            _take_weak(role, found, free, texts)
    _take_numbers(found, free, texts)
    _take_by_content(found, free, texts)
    for role in TEXT_ROLES:
        if role not in found:  # numbers under the very name: the user said what they are
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
    displaced = _take_right_text(found, free, texts, notes)
    displaced = _take_judged_text(found, free, texts, notes, sample) or displaced
    unclear = take_rating(found, judging, texts, notes, sample, rated=rated)
    take_accepted(found, judging, texts)
    told = set(votes) if not rated and _tell_votes(found, votes, notes) else set()
    if not rated and not table.judged and "rating" in found:
        told |= {found["rating"]}
        drop_sparse(found, texts, notes, sample)
    _take_varying_text(found, free, texts, notes, sample)
    raters = () if table.judged else take_raters(found, judging, texts, notes, sample, rated=rated)
    _take_own_id(found, free)
    context = _context(found, free, texts)
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
    if mapping.answer and mapping.answer != mapping.category and is_code(texts[mapping.answer]):
        text = N_(
            "The answers in {column} are numbers or codes, no texts: a search has nothing to read "
            "there. If they stand for texts in another file, put the texts into this one."
        )
        notes.append(Message(text, {"column": mapping.answer}))
    if mapping.answer and less_wanted(mapping.answer) > 1:
        text = N_(
            "The answers are those in {column}, which are internal or out of date by its name: no "
            "other column holds answers. Look at them before people see them."
        )
        notes.append(Message(text, {"column": mapping.answer}))
    mapping = _with_wordings(mapping, free, texts, notes)
    if mapping.question and mapping.answer:
        notes += _doubts(mapping, sample, [*unclear, *felt], told)
        notes += _swapped(mapping, texts)
        notes += _several_in_cells(mapping, texts)
    offered = [pair for pair in _offered(mapping, free, texts) if displaced not in pair]
    offered = [*mapping.further, *(pair for pair in offered if pair not in mapping.further)]
    return Guess(mapping, tuple(notes), tuple(offered))


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
        len(texts) >= _ASKED * len(others)
        and len(set(texts)) >= _MOSTLY * len(set(others))
        and _mean_length(texts) >= _SHORTER * _mean_length(others)
    )


def _ask_subjects(
    found: dict[str, str], texts: Mapping[str, list[str]], notes: list[Message]
) -> None:
    """Take a subject for the question where each row has its own and nothing else may ask."""
    held, answer = texts[found["category"]], found["answer"]
    if len(set(held)) < _ASKED * len(held) or _mean_length(held) > _mean_length(texts[answer]):
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
    if len(set(texts[subject])) < _ASKED * len(texts[subject]):
        return False
    others = [c for c in free if c not in found.values() and not is_code(texts[c])]
    asking = [_questionness(texts[column])[0] >= _MOSTLY for column in (subject, *others)]
    return asking[0] and not any(asking[1:])


def _take_right_text(
    found: dict[str, str], free: Sequence[str], texts: Mapping[str, list[str]], notes: list[Message]
) -> str:
    """Prefer what is known to be right (expected, reference) to what a program answered.

    Returns the column that gave way, "" where none did.
    """
    answer = found.get("answer")
    if answer is None or "question" not in found or _RIGHT_TEXT.search(plain_name(answer)):
        return ""
    if plain_name(answer.split(".")[0]).startswith(("pos", "chosen")):
        return ""  # named as right itself
    length = _mean_length(texts[answer])
    for column in free:
        known = _RIGHT_TEXT.search(plain_name(column)) and not CODE_WORDS & set(words_of(column))
        if not known or column in (answer, found["question"]) or is_negative(column):
            continue
        if is_code(texts[column]) or marks(texts[column]) or is_url(texts[column]):
            continue
        if looks_like_ratings(texts[column], named=False):
            continue
        if role_of(column) == "question" or _NOTE.search(plain_name(column)):
            continue
        least = _SHORTEST_RIGHT if role_of(column) == "answer" else 2 * _SHORTEST_RIGHT
        if _mean_length(texts[column]) < max(min(least, length), _SHORTER * length):
            text = N_(
                "Both {answer} and {right} may hold the right answer; {answer} was taken. If it is "
                "what a program answered, choose {right} as the answer."
            )
            notes.append(Message(text, {"answer": answer, "right": column}))
            return ""
        for role in [role for role, held in found.items() if held == column]:
            del found[role]
        found["answer"] = column
        text = N_(
            "{right} was taken as the right answer, as its name says, and not {answer}, which may "
            "be what a program answered. Choose {answer} as the answer if it is right."
        )
        notes.append(Message(text, {"answer": answer, "right": column}))
        return answer
    return ""


def is_url(texts: Sequence[str]) -> bool:
    """Tell whether most texts are addresses or names of files."""
    places = sum(
        1 for text in texts if re.match(r"(https?://|www\.)\S+$|\S+\.(pdf|html?|docx?|md)$", text)
    )
    return places >= len(texts) / 2


def _take_judged_text(
    found: dict[str, str],
    free: Sequence[str],
    texts: Mapping[str, list[str]],
    notes: list[Message],
    sample: pd.DataFrame,
) -> str:
    """Take the passage beside answers that say only yes and no."""
    answer, question = found.get("answer"), found.get("question")
    if answer is None or question is None or not marks(texts[answer]):
        return ""
    others = [
        column
        for column in free
        if column not in found.values()
        and (role_of(column) == "answer" or plain_name(column) in WEAK_NAMES["answer"])
        and not is_code(texts[column])
        and not marks(texts[column])
    ]
    if not others:
        return ""
    others.sort(key=lambda column: role_of(column) != "answer")
    found["answer"] = others[0]
    several = sample[sample[question].duplicated(keep=False)]
    judges = bool(len(several)) and bool(several.groupby(question)[answer].nunique().max() > 1)
    values = ", ".join(sorted(set(texts[answer]))[:4])
    told: dict[str, str | int | float] = {
        "column": answer,
        "values": values,
        "answer": others[0],
    }
    if judges and "rating" not in found:
        found["rating"] = answer
        text = N_(
            "The column {column} holds only {values}, so {answer} was taken as the answer and "
            "{column} as its judgement. If it says something else, choose no column as the rating."
        )
    else:
        text = N_(
            "The column {column} holds only {values}, so {answer} was taken as the answer. If "
            "{column} says whether that text is right, choose it as the rating; now all count as "
            "right."
        )
    notes.append(Message(text, told))
    return answer


def _take_varying_text(
    found: dict[str, str],
    free: Sequence[str],
    texts: Mapping[str, list[str]],
    notes: list[Message],
    sample: pd.DataFrame,
) -> None:
    """Take the text that varies with the judgement, where the answer beside it does not.

    ``answers`` of a question that stand again in each row judge nothing: the passages do.
    """
    question, answer, rating = (found.get(role) for role in ("question", "answer", "rating"))
    if question is None or answer is None or rating is None:
        return

    def contradicted(column: str) -> float:
        groups = sample.groupby([question, column])[rating].nunique()
        return float((groups > 1).mean())

    if contradicted(answer) < _MOSTLY:
        return
    for column in free:
        if column in found.values() or is_code(texts[column]) or marks(texts[column]):
            continue
        if role_of(column) != "answer" and plain_name(column) not in WEAK_NAMES["answer"]:
            continue
        if contradicted(column) > 1 - _ASKED:
            continue
        found["answer"] = column
        text = N_(
            "{answer} is the same for right and wrong rows of a question, so {column} was taken as "
            "the text that {rating} judges. Choose {answer} as the answer if that is not so."
        )
        notes.append(Message(text, {"answer": answer, "column": column, "rating": rating}))
        return


def _take_own_id(found: dict[str, str], free: Sequence[str]) -> None:
    """Prefer the id that bears the name of the text: ``SentenceID`` of ``Sentence``."""
    for role in TEXT_ROLES:
        if role in found:
            own = plain_name(found[role]) + "id"
            column = next((c for c in free if plain_name(c) == own), None)
            if column is not None and column not in found.values():
                found[f"{role}_id"] = column


def _swapped(mapping: ColumnMapping, texts: Mapping[str, list[str]]) -> list[Message]:
    """Say so where the answers ask and the questions do not."""
    question, answer = str(mapping.question), str(mapping.answer)
    asking = {
        column: sum(text.rstrip().endswith(("?", "？", "؟")) for text in texts[column])
        / max(len(texts[column]), 1)
        for column in (question, answer)
    }
    if asking[answer] < _ASKED or asking[question] > 1 - _ASKED:
        return []
    text = N_(
        "Nearly all texts in {answer} end with a question mark and hardly any in {question}: look "
        "whether the two columns are exchanged."
    )
    return [Message(text, {"question": question, "answer": answer})]


def _several_in_cells(mapping: ColumnMapping, texts: Mapping[str, list[str]]) -> list[Message]:
    """Say so where nearly every text holds a sign that parts several."""
    notes = []
    answer, question = str(mapping.answer), str(mapping.question)
    sign = parting_sign(texts.get(answer, []), ("||", "|", "¦", "<br>", ";;"), _ASKED)
    if sign:
        text = N_(
            "Nearly all texts in {answer} hold “{sign}”, which may part several answers; each "
            "cell was taken as one answer. Put every answer into a row of its own if so."
        )
        notes.append(Message(text, {"answer": answer, "sign": sign}))
    sign = parting_sign(texts.get(question, []), ("||", "|", "¦", "<br>", ";;", ";", "；"), _ASKED)
    if sign and not says_plural(question):
        text = N_(
            "Nearly all texts in {question} hold “{sign}”, which may part several questions; each "
            "cell was taken as one question. If so, name the column “questions”."
        )
        notes.append(Message(text, {"question": question, "sign": sign}))
    return notes


_MOSTLY = 0.5
_ASKED = 0.8  # share of texts with a question mark that makes a column look like questions


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
    if "answer" not in found or len(set(held)) >= _MOSTLY * len(held):
        return False
    return any(
        len(set(texts[other])) >= _ASKED * len(held)
        and _mean_length(texts[other]) > _mean_length(held)
        for other in free
        if other not in {column, *found.values()} and not is_code(texts[other])
        if not (_NOTE.search(plain_name(other)) or is_url(texts[other]))
        if role_of(other) in (None, "question") and not less_wanted(other)
    )


def _explains(
    column: str, found: Mapping[str, str], free: Sequence[str], texts: Mapping[str, list[str]]
) -> bool:
    """Tell whether a text stands beside a keyword of its own in each row, as its only partner."""
    if "answer" in found or _questionness(texts[column])[0] >= _MOSTLY:
        return False
    others = [c for c in free if c not in {column, *found.values()} and not is_code(texts[c])]
    if len(others) != 1 or role_of(others[0]) or plain_name(others[0]) in WEAK_NAMES["answer"]:
        return False
    held = texts[others[0]]
    return len(set(held)) >= _ASKED * len(held) and _mean_length(held) <= min(
        _SHORT_MARK, _MOSTLY * _mean_length(texts[column])
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
        if values and len(set(held)) >= _MOSTLY * len(held):
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
        if len(texts[c]) >= _MOSTLY * len(held) and role_of(c) in (None, "answer")
        if sum(map(says_something, texts[c])) >= _ASKED * len(texts[c]) and not is_url(texts[c])
    ]
    if counts_answers(column):
        return bool(others)
    dated = sum(1 for text in held if _DATE.fullmatch(text.strip())) >= _ASKED * len(held)
    return dated and not all(_NOTE.search(plain_name(c)) for c in others)


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
    spoken = [c for c in candidates if not _NOTE.search(plain_name(c))]
    candidates = spoken if len(spoken) >= len(missing) else candidates
    if missing == ["answer"] and "category" in found:
        # a short label beside an utterance is its topic; only longer texts are answers
        candidates = [c for c in candidates if _mean_length(texts[c]) >= 25]
    for stem, pair in both_of_two(free).items():
        first, second = pair["a"], pair["b"]
        if not names_texts(stem):
            continue
        if missing == list(TEXT_ROLES) and {first, second} <= set(candidates):
            found["question"] = first
        if found.get("question") == first and second in candidates:
            found["answer"] = second
            return
    longest = sorted(candidates, key=lambda c: -_mean_length(texts[c]))[:2]
    if len(missing) == 2 and len(longest) == 2:
        question = max(longest, key=lambda c: _questionness(texts[c]))
        asked = max(candidates, key=lambda c: _questionness(texts[c])[0])
        if _questionness(texts[asked])[0] >= 0.5 > _questionness(texts[question])[0]:
            question = asked
        found["question"] = question
        found["answer"] = next(c for c in longest if c != question)
    elif len(missing) == 1 and longest:
        found[missing[0]] = longest[0]


def _scores(column: str, texts: Sequence[str]) -> bool:
    """Tell numbers and lists of numbers, such as ``neg_scores``, from texts."""
    return bool(_SCORES & set(words_of(column))) and is_code(list(texts))


def _tell_votes(found: Mapping[str, str], votes: Sequence[str], notes: list[Message]) -> bool:
    """Say that votes are counted and not used, where several columns count them."""
    if "rating" in found or len(votes) < 2 or not ("question" in found and "answer" in found):
        return False
    text = N_(
        "The columns {columns} count votes, which are not used: all answers count as right. If the "
        "votes judge the answers, put their share (0–100 %) into a column named rating."
    )
    notes.append(Message(text, {"columns": ", ".join(votes)}))
    return True


def _doubts(
    mapping: ColumnMapping,
    sample: pd.DataFrame,
    unclear: Collection[str],
    told: Collection[str],
) -> list[Message]:
    """Name columns that may judge: they differ between the answers to one question, or say yes.

    Parameters
    ----------
    unclear : collection of str
        Columns of yes and no, or of few small numbers, whose meaning is not known.
    told : collection of str
        Columns of which something was said already.
    """
    used = {*mapping.roles().values(), mapping.context, *mapping.negatives, *mapping.raters}
    used -= {mapping.category}  # a topic does not differ between answers to one question
    used |= {column for pair in mapping.further for column in pair}
    several = sample[sample[mapping.question].duplicated(keep=False)]
    several = several.drop_duplicates([mapping.question, mapping.answer])
    notes = []
    for column in sample.columns:
        named = "rating" in (role_of(column), role_of(re.sub(r"\d+$", "", column)))
        values = sorted({*rated_cells(sample[column].tolist())} - {""})
        if column in used or column in told or not values or max(map(len, values)) > _SHORT_MARK:
            continue
        far = smaller_is_better(column) and len(read_numbers(values).values) == len(values) > 1
        differs = len(set(several[column])) >= 2 and len(values) <= _FEW_MARKS
        differs = differs and bool(several.groupby(mapping.question)[column].nunique().max() > 1)
        named = named and column != mapping.category
        if not differs and not named and not far and column not in unclear:
            continue
        said = {"column": column, "values": ", ".join(values[:7]), "rating": mapping.rating or ""}
        if mapping.rating is not None:
            text = N_(
                "The column {column} ({values}) may judge the answers, too, but only {rating} is "
                "used. If it is the better judgement, choose it as the rating."
            )
        elif far:
            text = N_(
                "The column {column} ({values}) says how far away an answer is, so it is not used: "
                "all answers count as right. If it judges them, choose it as the rating; the "
                "smaller, the better."
            )
        else:
            text = N_(
                "The column {column} ({values}) may say which answers are right, but it is not "
                "used: all answers count as right. If it is a judgement, choose it as the rating."
            )
        notes.append(Message(text, dict(said)))
    return notes[:5]


def _context(
    found: Mapping[str, str], free: Sequence[str], texts: Mapping[str, list[str]]
) -> str | None:
    """Return the column to be read together with the question where that says little alone."""
    question = found.get("question")
    if question is None or plain_name(question) != "instruction":
        return None
    column = next((c for c in free if plain_name(c) == "input" and c not in found.values()), None)
    alone = len(set(texts[question])) / len(texts[question])
    return column if column is not None and alone < 0.5 else None


def _with_wordings(
    mapping: ColumnMapping,
    free: Sequence[str],
    texts: Mapping[str, list[str]],
    notes: list[Message],
) -> ColumnMapping:
    """Take columns of more wordings of the question, where no rating judges one of them.

    ``Question 1`` to ``Question 3`` beside a single answer, ``Variant``, ``Synonyms``.
    """
    question, answer = mapping.question, mapping.answer
    if question is None or answer is None or answer == mapping.category or mapping.rating:
        return mapping
    stem = _stem(question)
    taken = {*mapping.roles().values(), mapping.context, *mapping.negatives}
    twins = {ending_of(c) for c in free if c != answer and role_of(c) == "answer"}
    wordings = [
        column
        for column in free
        if column not in taken and (is_wording(column) or (stem and _stem(column) == stem))
        if role_of(column) in (None, "question") and ending_of(column) not in twins - {""}
        if not is_code(texts[column]) and not marks(texts[column])
        if len(set(texts[column])) >= _MOSTLY * len(texts[column])
        if not _are_keywords(texts[column])
    ]
    if not wordings:
        return mapping
    text = N_(
        "More wordings of {question} stand in {columns}: each was taken as a question of its own "
        "with the same answer. If something else stands there, leave it out (--columns "
        "question={question})."
    )
    notes.append(Message(text, {"columns": ", ".join(wordings), "question": question}))
    return replace(mapping, further=tuple((column, answer) for column in wordings))


def _stem(name: str) -> str:
    """Return a name without its number; "" for a column that has none."""
    return "" if name.startswith(NUMBERED) else re.sub(r"\d+$", "", plain_name(name))


def _are_keywords(texts: Sequence[str]) -> bool:
    """Tell lists of words with commas from wordings."""
    lists = [re.split("[,、，]", text) for text in texts if not nested_value(text)]
    short = sum(len(parts) > 1 and max(map(len, parts)) <= _LONGEST_WORD for parts in lists)
    return short >= _MOSTLY * len(texts)


def _offered(
    mapping: ColumnMapping, free: Sequence[str], texts: Mapping[str, list[str]]
) -> tuple[tuple[str, str], ...]:
    """Return more pairs of columns that hold questions and answers: wordings and languages."""
    if mapping.question is None or mapping.answer is None or mapping.answer == mapping.category:
        return ()
    taken = {*mapping.roles().values(), mapping.context}
    if plain_name(mapping.question) == "instruction":
        taken |= {c for c in free if plain_name(c) == "input"}
    others = {
        role: [
            c
            for c in free
            if c not in taken and role_of(c) == role and less_wanted(c) < 2
            if not is_code(texts[c]) and not marks(texts[c])
            if len(texts[c]) < 3 or len(set(texts[c])) > 1
        ]
        for role in TEXT_ROLES
    }
    return further_pairs(mapping.question, mapping.answer, others, list(texts))


def _mean_length(texts: Sequence[str]) -> float:
    return sum(map(len, texts)) / len(texts) if texts else 0.0


_SCORES = frozenset(name_list("score scores label labels rating ratings grade grades"))
_ASKING = re.compile(
    "[?？؟]|ですか|ますか|か。?$|吗|嗎|呢$"
    r"|^(how|what|when|where|who|why|which|can|do|does|is|are|may|could|should|wie|was|wann|wo|wer|warum"
    r"|welche|kann|darf|comment|quand|où|pourquoi|puis-je|est-ce|cómo|cuándo|dónde|qué|puedo)\b",
    re.IGNORECASE,
)


def _questionness(texts: list[str]) -> tuple[float, float, float]:
    marks = sum(1 for text in texts if _ASKING.search(text)) / len(texts)
    distinct = len(set(texts)) / len(texts)
    return round(marks, 1), round(distinct, 2), -_mean_length(texts)
