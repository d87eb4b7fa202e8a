"""Open questions (METHOD §9): what people asked, without a known answer, becomes part of the data.

They are learned from by what the experts say alone, so two things must never happen: that a
question of the test is among them, in whatever wording, and that one wording counts many times.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

import numpy as np

from core.data.matching import clean_text, same_key
from core.data.near_duplicates.grouping import GroupingSettings, nearest_known
from core.data.near_duplicates.ngrams import plain_form, similar_pairs
from core.data.personal.recognition import personal_data
from core.messages import N_, Message
from core.progress import Progress
from core.types import OPEN, TEST_SPLIT, TRAIN, QADataset, Rows
from core.types.open_account import (
    TEST,
    TRAINING,
    VALIDATION,
    JoinedQuestion,
    OpenAccount,
    QuestionSetAside,
    RowsFound,
    open_told as open_told,
)

# Every text costs each expert a reading, and the long tail of a log says the least per reading.
MOST_QUESTIONS = 20_000
_EXAMPLES = 200  # joined questions that are kept to be shown
_OTHER_WORDINGS = 20  # of each of them
# Shorter texts, in letters (a Japanese character counts as two), are told apart by a single word.
_SHORT = 40
_PARTICLE = 2  # letters: words as short as "on" and "my" rarely make another question
_SAME_SPELLING = 0.7  # share of letters in common from which two words are one, misspelt
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_GRAMMAR = re.compile("[\u3040-\u309fー\\s]")  # hiragana carries endings and particles
EMPTY = N_("The question is empty.")
ONE_SIGN = N_("One letter or sign is no question.")
NO_LETTER = N_("There is no letter in it: only numbers or signs, in which nothing can be learned.")
_COMPARING = N_("Looking for questions that are nearly the same ({count} questions)")


@dataclass(frozen=True)
class AskedQuestions:
    """Rows of questions without an answer, as a file has them.

    Attributes
    ----------
    texts : sequence of str
    rows : sequence of int
        Row of each in the user's own file.
    counts : sequence of float, > 0
        How often each was asked, or what it is worth; empty: once each.
    attributes : mapping of name to sequence of str
        As in ``QADataset``; names that the dataset does not have are left out.
    """

    texts: Sequence[str]
    rows: Sequence[int]
    counts: Sequence[float] = ()
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass
class _Question:
    """All wordings of one plain form, and those that were joined to it."""

    place: int  # of the first row in the file; -1 = open question of the dataset already
    texts: dict[str, str]  # by same_key, in order of appearance
    counts: dict[str, float]
    joined: dict[str, float] = field(default_factory=dict)  # by text
    added: float = 0.0  # asked in this file

    @property
    def asked(self) -> float:
        return sum(self.counts.values()) + sum(self.joined.values())

    @property
    def wordings(self) -> int:
        return len(self.counts) + len(self.joined)

    @property
    def text(self) -> str:
        """The most frequent wording; of several the first."""
        return self.texts[max(self.counts, key=self.counts.__getitem__)]

    def join(self, other: _Question) -> None:
        """Take in the wordings of a less frequent one."""
        self.joined |= other.joined | {other.texts[key]: n for key, n in other.counts.items()}
        self.added += other.added


def with_open_questions(
    dataset: QADataset,
    asked: AskedQuestions,
    *,
    file: str,
    columns: Mapping[str, str] | None = None,
    set_aside: Sequence[QuestionSetAside] = (),
    warnings: Sequence[Message] = (),
    days: tuple[str, str] = ("", ""),
    most: int = MOST_QUESTIONS,
    stretch: Progress | None = None,
) -> tuple[QADataset, OpenAccount]:
    """Return the dataset with more open questions, and what became of every row.

    Questions that are nearly the same are one, in the most frequent wording, with all their
    counts. What is nearly the same as a question with a known answer is not open: it adds to the
    weight of that question, whatever its part. So no question of the test is ever learned from,
    and neither is one of any other part that a later split or fold holds out.

    Parameters
    ----------
    dataset : QADataset
        May have open questions already; they are joined with the new ones.
    file : str
        What the account calls the source.
    columns : mapping of role to column, optional
        For the account, as are ``set_aside``, ``warnings`` and ``days``.
    set_aside : sequence of QuestionSetAside
        Rows that could not even be read as a question.
    most : int
        Open questions that are kept, the most frequent ones.
    stretch : Progress, optional
        To tell how far it is.

    Returns
    -------
    dataset : QADataset
        Rows of questions with a known answer stay where they are; open ones follow, the most
        frequent first. The same object where nothing was asked.
    account : OpenAccount
    """
    stretch = stretch or Progress()
    counts = [float(count) for count in asked.counts] or [1.0] * len(asked.texts)
    aside = list(set_aside)
    questions: dict[str, _Question] = {}
    for row in dataset.open_rows.tolist():
        text = dataset.questions[row]
        _take(questions, text, float(dataset.question_weight[row]), -1)
    taken: list[int] = []
    for place, (text, count) in enumerate(zip(asked.texts, counts, strict=True)):
        cleaned = clean_text(text)
        reason = why_no_question(cleaned)
        if reason is not None:
            aside.append(QuestionSetAside(asked.rows[place], Message(reason), cleaned))
            continue
        taken.append(place)
        _take(questions, cleaned, count, place)
    total = sum(counts[place] for place in taken)
    plain = list(questions)
    comparing = Message(_COMPARING, {"count": len(plain)})
    judged = dataset.judged_rows
    threshold = GroupingSettings().question_similarity
    nearest = nearest_known(
        plain,
        [dataset.questions[row] for row in judged.tolist()],
        threshold,
        stretch.part(0.0, 0.5, comparing),
    )
    weight = dataset.question_weight.astype(np.float64)
    known: dict[str, int] = {}
    known_asked: dict[str, float] = {}
    free: list[_Question] = []
    for question, position in zip(questions.values(), nearest.tolist(), strict=True):
        if position < 0:
            free.append(question)
            continue
        row = int(judged[position])
        part = _part_of(str(dataset.split[row]))
        known[part] = known.get(part, 0) + question.wordings
        known_asked[part] = known_asked.get(part, 0.0) + question.asked
        weight[row] += question.asked
    joined = _joined(free, threshold, stretch.part(0.5, 1.0, comparing))
    kept, beyond = joined[:most], joined[most:]
    found = personal_data([asked.texts[p] for p in taken], [asked.rows[p] for p in taken])
    several = [question for question in kept if question.wordings > 1]
    account = OpenAccount(
        file=file,
        columns=dict(columns or {}),
        rows_read=len(asked.texts) + len(set_aside),
        asked=total,
        questions=sum(1 for question in kept if question.added > 0),
        all_questions=len(kept),
        joined=sum(question.wordings - 1 for question in joined),
        known=known,
        known_asked=known_asked,
        left_out=len(beyond),
        left_out_asked=sum(question.asked for question in beyond),
        set_aside=tuple(sorted(aside, key=lambda item: item.row)),
        examples=tuple(_example(question) for question in several[:_EXAMPLES]),
        personal_data={key: RowsFound(item.count, item.rows) for key, item in found.items()},
        warnings=tuple(warnings),
        first_day=days[0],
        last_day=days[1],
    )
    if not taken:
        return dataset, account
    return _assembled(dataset, kept, asked, weight), account


def without_open_questions(dataset: QADataset, rows: Rows | None = None) -> QADataset:
    """Return the dataset without some of its open questions.

    Parameters
    ----------
    rows : int array or None
        Their rows; None = all. Rows of questions with a known answer stay, whatever is asked.
    """
    gone = dataset.open_rows if rows is None else np.intersect1d(rows, dataset.open_rows)
    return dataset.of_questions(np.setdiff1d(np.arange(len(dataset.questions)), gone))


def why_no_question(text: str) -> str | None:
    """Return why a cleaned text cannot be a question, None where it can."""
    if not text:
        return EMPTY
    if len(plain_form(text)) < 2:
        return ONE_SIGN
    return None if any(map(str.isalpha, text)) else NO_LETTER


def differ_in_a_word(one: str, other: str) -> bool:
    """Tell whether two short texts differ in a word and not merely in its spelling.

    N-grams alone take "direct debit date" and "direct debit date change" for one question, above
    all in Japanese, where a word has two characters. Longer texts are left to the n-grams.

    Parameters
    ----------
    one, other : str
        Nearly the same, as :func:`core.data.near_duplicates.ngrams.plain_form` leaves them.
    """
    if max(len(text) + len(_CJK.findall(text)) for text in (one, other)) >= _SHORT:
        return False
    words, others = one.split(), other.split()
    left = _without(words, Counter(others))
    right = _without(others, Counter(words))
    if _CJK.search(left + right):  # no spaces to go by: characters that carry meaning
        here, there = (Counter(_GRAMMAR.sub("", text)) for text in (left, right))
        return max((here - there).total(), (there - here).total()) > 1
    if not left or not right:
        return max(len(left), len(right)) > _PARTICLE
    return SequenceMatcher(None, left, right, autojunk=False).ratio() < _SAME_SPELLING


def _without(words: Sequence[str], common: Counter[str]) -> str:
    """Return the words that another text does not have as often, as one."""
    kept = []
    for word in words:
        if common[word]:
            common[word] -= 1
        else:
            kept.append(word)
    return "".join(kept)


def _take(questions: dict[str, _Question], text: str, count: float, place: int) -> None:
    plain, key = plain_form(text) or text, same_key(text)
    question = questions.get(plain)
    if question is None:
        question = questions[plain] = _Question(place, {}, {})
    question.counts[key] = question.counts.get(key, 0.0) + count
    question.texts.setdefault(key, text)
    if place >= 0:
        question.added += count
        if question.place < 0:
            question.place = place


def _part_of(split: str) -> str:
    if split in TEST_SPLIT.values():
        return TEST
    return TRAINING if split == TRAIN else VALIDATION


def _joined(questions: Sequence[_Question], threshold: float, stretch: Progress) -> list[_Question]:
    """Join each question to the most similar more frequent one; the most frequent first.

    Each is nearly the same as the wording that it is joined to: chains of ever so slightly
    different texts, which templated questions make, do not end in one. Short texts that differ in
    a whole word stay apart.
    """
    plain = [plain_form(question.text) or question.text for question in questions]
    order = sorted(range(len(plain)), key=plain.__getitem__)
    first, second, similarity = similar_pairs([plain[i] for i in order], threshold, stretch)
    near: dict[int, list[tuple[float, int]]] = {}
    for a, b, alike in zip(first.tolist(), second.tolist(), similarity.tolist(), strict=True):
        near.setdefault(order[a], []).append((alike, order[b]))
        near.setdefault(order[b], []).append((alike, order[a]))
    ranked = sorted(range(len(plain)), key=lambda i: (-questions[i].asked, i))
    place = {i: rank for rank, i in enumerate(ranked)}
    leads: set[int] = set()
    result: list[int] = []
    for i in ranked:
        leaders = sorted((-alike, place[j], j) for alike, j in near.get(i, ()) if j in leads)
        leader = next((j for _, _, j in leaders if not differ_in_a_word(plain[i], plain[j])), None)
        if leader is not None:
            questions[leader].join(questions[i])
        else:
            leads.add(i)
            result.append(i)
    return sorted((questions[i] for i in result), key=lambda question: -question.asked)


def _example(question: _Question) -> JoinedQuestion:
    text = question.text
    written = {question.texts[key]: asked for key, asked in question.counts.items()}
    others = [item for item in (written | question.joined).items() if item[0] != text]
    others.sort(key=lambda item: -item[1])
    return JoinedQuestion(text, question.asked, tuple(others[:_OTHER_WORDINGS]))


def _assembled(
    dataset: QADataset, questions: Sequence[_Question], asked: AskedQuestions, weight: np.ndarray
) -> QADataset:
    """Return the dataset with these open questions instead of those that it has."""
    old = {dataset.questions[row]: row for row in dataset.open_rows.tolist()}
    base = dataclasses.replace(dataset, question_weight=weight.astype(np.float32))
    base = without_open_questions(base)
    count, taken = len(questions), set(base.question_ids)
    numbered = (f"o{number}" for number in itertools.count(1))
    ids = itertools.islice((name for name in numbered if name not in taken), count)
    rows: list[int] = []
    attributes = {name: list(values) for name, values in base.attributes.items()}
    for question in questions:
        before, place = old.get(question.text), question.place
        rows.append(asked.rows[place] if before is None else int(dataset.question_row[before]))
        for name, values in attributes.items():
            given = asked.attributes.get(name)
            if before is not None:
                values.append(dataset.attributes[name][before])
            else:
                values.append(given[place] if given is not None else "")
    highest = max(base.question_group.max(initial=-1), base.answer_group.max(initial=-1))
    groups = int(highest) + np.arange(1, count + 1)
    return dataclasses.replace(
        base,
        questions=(*base.questions, *(question.text for question in questions)),
        question_ids=(*base.question_ids, *ids),
        question_group=np.concatenate([base.question_group, groups]).astype(np.int32),
        split=np.concatenate([base.split, np.full(count, OPEN, base.split.dtype)]),
        question_row=np.concatenate([base.question_row, rows]).astype(np.int32),
        attributes={name: tuple(values) for name, values in attributes.items()},
        question_weight=np.concatenate(
            [base.question_weight, [question.asked for question in questions]]
        ).astype(np.float32),
        must_find=np.concatenate([base.must_find, np.zeros(count, bool)]),
    )
