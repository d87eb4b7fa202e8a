"""Questions whose answers people gave become part of the data, without a leak into the test.

An answer that the test keeps back whole must never be met in training with a question that names
it; so a question goes where the group of its answers lies, or stays out and is told.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.data.matching import clean_text
from core.data.near_duplicates.grouping import GroupingSettings, near_duplicates, nearest_known
from core.data.near_duplicates.ngrams import plain_form
from core.data.open_questions import differ_in_a_word
from core.errors import DataError
from core.messages import N_, Message
from core.types import (
    SPLITS,
    TEST_KNOWN,
    TEST_UNSEEN,
    TRAIN,
    VALIDATION_UNSEEN,
    QADataset,
)
from core.types.dataset import WRITTEN

SOURCE = "source"  # the attribute that says where a question comes from
COLLECTED, JUDGED = "collected", "judged"  # its values for questions of this module

TO_LEARN, TO_TEST, WHERE_IT_FITS = "learn", "test", "fit"
USE_TITLES: Mapping[str, str] = {
    TO_LEARN: N_("learn from them"),
    TO_TEST: N_("test with them"),
    WHERE_IT_FITS: N_("learn from them, test with those whose answers are kept for the test"),
}
_NEW, _SEEN, _HELD_VALIDATION, _HELD_TEST = range(4)  # what a group of answers is used for


@dataclass(frozen=True)
class AnsweredQuestion:
    """A question with what people say about answers to it.

    Attributes
    ----------
    text : str
        Of an open question of the data, or a new one.
    right : mapping of answer row to grade in (0, 1]
    wrong : tuple of int
        Rows of answers that were judged wrong.
    complete : bool
        Whether every answer of its pool was judged; others are no test.
    weight : float > 0
        How often it was asked; an open question keeps its own.
    """

    text: str
    right: Mapping[int, float]
    wrong: tuple[int, ...] = ()
    complete: bool = True
    weight: float = 1.0


@dataclass(frozen=True)
class AnsweredAccount:
    """What became of questions with answers by people.

    Attributes
    ----------
    learned, validated, tested : int
        Questions that joined training, validation and the test.
    joined : int
        Wordings that are nearly the same as one before them, which counts more for it.
    known : int
        Nearly the same as a question with a known answer, to whose weight they add.
    none_right : int
        No answer was judged right or partly right.
    kept_back : int
        Their answers are kept for validation or test, or they belong to several such parts: to be
        learned from they would make the test too easy. Open questions stay open.
    incomplete : int
        Not every answer of the pool was judged, so that they are no test.
    wrong_pairs : int
        Pairs of the questions taken that are known to be wrong now.
    """

    learned: int = 0
    validated: int = 0
    tested: int = 0
    joined: int = 0
    known: int = 0
    none_right: int = 0
    kept_back: int = 0
    incomplete: int = 0
    wrong_pairs: int = 0

    @property
    def taken(self) -> int:
        """Questions that have an answer in the data now."""
        return self.learned + self.validated + self.tested


@dataclass
class _Taken:
    """Questions on their way into the data."""

    items: list[AnsweredQuestion] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)


def with_answered_questions(
    dataset: QADataset,
    items: Sequence[AnsweredQuestion],
    *,
    use: str,
    source: str,
) -> tuple[QADataset, AnsweredAccount]:
    """Return the dataset with questions that people answered.

    A question of the data that is open loses that mark; any other is new. One that is nearly the
    same as a question with a known answer adds to the weight of that question. Groups of answers
    that one question links become one group, as in an import.

    Parameters
    ----------
    use : str
        ``learn``: those whose answers are kept back stay out; ``test``: all become test questions,
        of the regime of their answers; ``fit``: each goes where its answers are used.
    source : str
        Value of the attribute ``source`` that they get.

    Returns
    -------
    dataset : QADataset
        Rows of other questions keep their order; the same object where nothing was taken.
    account : AnsweredAccount

    Raises
    ------
    DataError
        If there is no such use.
    """
    if use not in USE_TITLES:
        raise DataError(
            "There is no use {use} for these questions. Choose one of: {known}.",
            use=use,
            known=", ".join(USE_TITLES),
        )
    count: dict[str, int] = {}
    weight = dataset.question_weight.astype(np.float64)
    open_row = {dataset.questions[row]: row for row in dataset.open_rows.tolist()}
    groups, taken = _Groups(dataset), _Taken()
    joined = _joined(items)
    if len(joined) < len(items):
        count["joined"] = len(items) - len(joined)
    known = _known_rows(dataset, [item.text for item in joined])
    for item, row in zip(joined, known, strict=True):
        if not item.right:
            _add(count, "none_right")
        elif row >= 0:
            _add(count, "known")
            weight[row] += item.weight
        elif use == TO_TEST and not item.complete:
            _add(count, "incomplete")
        else:
            split = groups.split_for(item, use)
            if split is None:
                _add(count, "kept_back")
                continue
            groups.join(item, split)
            taken.items.append(item)
            taken.splits.append(split)
            part = {TRAIN: "learned", VALIDATION_UNSEEN: "validated"}.get(split, "tested")
            _add(count, part)
            count["wrong_pairs"] = count.get("wrong_pairs", 0) + len(set(item.wrong))
    account = AnsweredAccount(**count)
    if not account.taken and not account.known:
        return dataset, account
    base = dataclasses.replace(dataset, question_weight=weight.astype(np.float32))
    return _assembled(base, taken, groups, open_row, source), account


def kept_back_answers(dataset: QADataset) -> np.ndarray:
    """Return which answers are kept whole for validation or test, bool [n_a]."""
    held = dataset.question_group[dataset.rows(VALIDATION_UNSEEN, TEST_UNSEEN)]
    return np.isin(dataset.answer_group, held)


def _add(count: dict[str, int], what: str) -> None:
    count[what] = count.get(what, 0) + 1


def _joined(items: Sequence[AnsweredQuestion]) -> list[AnsweredQuestion]:
    """Join each question to the first that is nearly the same: its answers answer that one, too."""
    texts = [clean_text(item.text) for item in items]
    near: dict[int, list[int]] = {}
    pairs = near_duplicates(texts, GroupingSettings().question_similarity)
    for one, other in zip(pairs.first.tolist(), pairs.second.tolist(), strict=True):
        near.setdefault(max(one, other), []).append(min(one, other))
    plain = [plain_form(text) or text for text in texts]
    result: dict[int, AnsweredQuestion] = {}
    leads: list[int] = []  # of each text the one that it was joined to, or itself
    for i, item in enumerate(items):
        leaders = sorted({leads[j] for j in near.get(i, ())})
        leader = next((j for j in leaders if not differ_in_a_word(plain[i], plain[j])), None)
        leads.append(i if leader is None else leader)
        if leader is None:
            result[i] = dataclasses.replace(item, text=texts[i])
            continue
        before = result[leader]
        result[leader] = dataclasses.replace(
            before,
            right={**item.right, **before.right},
            wrong=(*before.wrong, *item.wrong),
            complete=before.complete and item.complete,
            weight=before.weight + item.weight,
        )
    return list(result.values())


def _known_rows(dataset: QADataset, texts: Sequence[str]) -> list[int]:
    """Return for each text the row with a known answer that is nearly the same, -1 = none."""
    judged = dataset.judged_rows
    known = [dataset.questions[row] for row in judged.tolist()]
    nearest = nearest_known(texts, known, GroupingSettings().question_similarity)
    return [int(judged[position]) if position >= 0 else -1 for position in nearest.tolist()]


class _Groups:
    """Groups of answers while questions join them: what each is used for, and which became one."""

    def __init__(self, dataset: QADataset) -> None:
        highest = max(dataset.question_group.max(initial=-1), dataset.answer_group.max(initial=-1))
        self.of_answer = dataset.answer_group
        self._parent = np.arange(int(highest) + 1)
        self._use = np.zeros(len(self._parent), np.int8)
        for split, use in (
            (None, _SEEN),
            (VALIDATION_UNSEEN, _HELD_VALIDATION),
            (TEST_UNSEEN, _HELD_TEST),
        ):
            seen = (*SPLITS, WRITTEN)  # written from an answer: training has met it
            rows = dataset.rows(*(seen if split is None else (split,)))
            self._use[dataset.question_group[rows]] = use

    def root(self, group: int) -> int:
        """Return the group that a group is part of by now."""
        while self._parent[group] != group:
            group = int(self._parent[group])
        return group

    def _roots(self, item: AnsweredQuestion) -> set[int]:
        return {self.root(int(self.of_answer[answer])) for answer in item.right}

    def split_for(self, item: AnsweredQuestion, use: str) -> str | None:
        """Return where a question may go, None where it would be a leak."""
        uses = {int(self._use[root]) for root in self._roots(item)} - {_NEW}
        if len(uses) > 1:
            return None
        held = next(iter(uses), _NEW)
        if use == TO_TEST:
            splits = {_NEW: TEST_UNSEEN, _SEEN: TEST_KNOWN, _HELD_TEST: TEST_UNSEEN}
            return splits.get(held)
        if held in (_NEW, _SEEN):
            return TRAIN
        if use == TO_LEARN:
            return None
        return TEST_UNSEEN if held == _HELD_TEST else VALIDATION_UNSEEN

    def join(self, item: AnsweredQuestion, split: str) -> None:
        """Make the groups of its answers one, and remember what it is used for."""
        roots = sorted(self._roots(item))
        use = max(int(self._use[root]) for root in roots)
        if use == _NEW:
            use = {TRAIN: _SEEN, TEST_UNSEEN: _HELD_TEST}.get(split, _SEEN)
        for root in roots:
            self._parent[root] = roots[0]
        self._use[roots[0]] = use

    def renamed(self, group: np.ndarray) -> np.ndarray:
        """Return group numbers after everything that was joined."""
        table = np.array([self.root(number) for number in range(len(self._parent))], np.int32)
        return table[group]


def _assembled(
    dataset: QADataset,
    taken: _Taken,
    groups: _Groups,
    open_row: Mapping[str, int],
    source: str,
) -> QADataset:
    """Return the dataset with the questions taken; those that were open keep their rows."""
    texts: dict[str, int] = dict(open_row)
    questions, ids = list(dataset.questions), list(dataset.question_ids)
    question_group = groups.renamed(dataset.question_group).tolist()
    answer_group = groups.renamed(dataset.answer_group)
    split, row_of = dataset.split.astype("U18").tolist(), dataset.question_row.tolist()
    weight, must_find = dataset.question_weight.tolist(), dataset.must_find.tolist()
    names = dict.fromkeys([*dataset.attributes, SOURCE])
    blank = ("",) * len(questions)
    attributes = {name: list(dataset.attributes.get(name, blank)) for name in names}
    right = set(_pairs(dataset.right_question, dataset.right_answer))
    grade = dict(
        zip(
            _pairs(dataset.right_question, dataset.right_answer),
            dataset.right_grade.tolist(),
            strict=True,
        )
    )
    wrong = set(_pairs(dataset.wrong_question, dataset.wrong_answer))
    used, number = set(ids), 0
    for item, part in zip(taken.items, taken.splits, strict=True):
        best = min(item.right, key=lambda answer: (-item.right[answer], answer))
        group = int(answer_group[best])
        row = texts.get(item.text)
        if row is None:
            number += 1
            while f"p{number}" in used:
                number += 1
            used.add(f"p{number}")
            row = len(questions)
            questions.append(item.text)
            ids.append(f"p{number}")
            question_group.append(group)
            split.append(part)
            row_of.append(0)  # it stands in no file
            weight.append(item.weight)
            must_find.append(False)
            for values in attributes.values():
                values.append("")
        else:
            question_group[row], split[row] = group, part
        attributes[SOURCE][row] = source
        texts[item.text] = row
        right |= {(row, answer) for answer in item.right}
        grade |= {(row, answer): value for answer, value in item.right.items()}
        wrong |= {(row, answer) for answer in item.wrong if answer not in item.right}
    judged, denied = sorted(right), sorted(wrong - right)
    return dataclasses.replace(
        dataset,
        questions=tuple(questions),
        question_ids=tuple(ids),
        right_question=np.array([row for row, _ in judged], np.int32),
        right_answer=np.array([answer for _, answer in judged], np.int32),
        right_grade=np.array([grade[pair] for pair in judged], np.float32),
        question_group=np.array(question_group, np.int32),
        answer_group=answer_group.astype(np.int32),
        split=np.array(split, "U18"),
        question_row=np.array(row_of, np.int32),
        attributes={name: tuple(values) for name, values in attributes.items()},
        question_weight=np.array(weight, np.float32),
        must_find=np.array(must_find, bool),
        wrong_question=np.array([row for row, _ in denied], np.int32),
        wrong_answer=np.array([answer for _, answer in denied], np.int32),
    )


def _pairs(questions: np.ndarray, answers: np.ndarray) -> list[tuple[int, int]]:
    return list(zip(questions.tolist(), answers.tolist(), strict=True))


def answered_told(account: AnsweredAccount) -> list[Message]:
    """Return what became of the questions, in sentences."""
    facts = (
        (account.learned, N_("Questions to learn from: {count}.")),
        (account.tested, N_("Questions to test with: {count}.")),
        (
            account.validated,
            N_("Questions on which checkpoints are chosen (validation): {count}."),
        ),
        (
            account.joined,
            N_("Joined to a question before them that is nearly the same: {count}."),
        ),
        (
            account.known,
            N_(
                "Nearly the same as a question with a known answer, to whose weight they add: "
                "{count}."
            ),
        ),
        (account.none_right, N_("Without any right answer among those shown: {count}.")),
        (
            account.kept_back,
            N_(
                "Not taken, because their answers are kept for the test or for validation; "
                "learning from them would make the test too easy: {count}."
            ),
        ),
        (
            account.incomplete,
            N_("Not taken as a test, because not all of their answers were judged: {count}."),
        ),
        (account.wrong_pairs, N_("Pairs known to be wrong: {count}.")),
    )
    return [Message(text, {"count": count}) for count, text in facts if count]
