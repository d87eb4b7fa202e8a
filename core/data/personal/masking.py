"""Personal data masked or taken out: of texts while they are imported, or of a dataset.

The same value has the same placeholder in all data of a project: ``[NAME-2]`` is one person
wherever it stands. What is kept to know a value again is a keyed hash, not the value.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.data.checks import Finding, finding
from core.data.personal.recognition import PERSONAL_DATA, Recogniser, Span, plain_width, spans
from core.errors import DataError
from core.messages import N_, Message
from core.types import OPEN, QADataset
from core.types.open_account import OPEN_ACCOUNTS, RowsFound
from core.types.personal_rules import DROP, KEEP, MASK, Pseudonyms

LEFT_OUT = N_("It holds personal data, which were to be left out.")
_NOT_COMPARED = re.compile(r"[\s.()・-]+")


@dataclass
class PersonalHandling:
    """What is done with personal data, and the placeholders given so far.

    Attributes
    ----------
    action : str
        ``keep``, ``mask`` or ``drop``.
    known : Pseudonyms
        Of the project; :attr:`pseudonyms` has those that were added, too.
    more : callable, optional
        See :func:`core.data.personal.recognition.spans`.
    """

    action: str = KEEP
    known: Pseudonyms = field(default_factory=Pseudonyms)
    more: Recogniser | None = None

    def __post_init__(self) -> None:
        if self.action not in (KEEP, MASK, DROP):
            raise DataError(
                "Personal data cannot be handled by {action}. Choose one of: {known}.",
                action=self.action,
                known=", ".join((KEEP, MASK, DROP)),
            )
        self._salt = self.known.salt or secrets.token_hex(16)
        self._numbers = {kind: dict(numbers) for kind, numbers in self.known.numbers.items()}
        self._spans: dict[str, list[Span]] = {}

    @property
    def pseudonyms(self) -> Pseudonyms:
        """All placeholders given so far."""
        return Pseudonyms(self._salt, self._numbers)

    def spans(self, text: str) -> list[Span]:
        """Return where personal data stand; each text is read once, a model takes its time."""
        if text not in self._spans:
            self._spans[text] = spans(text, self.more)
        return self._spans[text]

    def masked(self, text: str) -> tuple[str, set[str]]:
        """Return a text with placeholders, and the kinds of what they stand for."""
        parts, last, kinds = [], 0, set()
        for span in self.spans(text):
            value = _NOT_COMPARED.sub("", plain_width(text[span.start : span.end])).casefold()
            parts += [text[last : span.start], self._placeholder(span.kind, value)]
            last = span.end
            kinds.add(span.kind)
        return ("".join((*parts, text[last:])), kinds) if kinds else (text, kinds)

    def _placeholder(self, kind: str, value: str) -> str:
        digest = hashlib.blake2b(
            value.encode(), key=self._salt.encode(), digest_size=12
        ).hexdigest()
        numbers = self._numbers.setdefault(kind, {})
        return f"[{kind.upper()}-{numbers.setdefault(digest, len(numbers) + 1)}]"

    def masked_document(self, document: Any) -> Any:
        """Return a JSON document with placeholders in all of its texts; keys stay."""
        if isinstance(document, str):
            return self.masked(document)[0]
        if isinstance(document, Mapping):
            return {key: self.masked_document(value) for key, value in document.items()}
        if isinstance(document, list | tuple):
            return [self.masked_document(value) for value in document]
        return document


def personal_in(
    dataset: QADataset, look: Callable[[str], Iterable[Span]] = spans
) -> dict[str, Finding]:
    """Return the rows whose question or right answers hold personal data, per kind.

    Answers that no question has count as row 0.

    Parameters
    ----------
    look : callable
        Text → where personal data stand in it.
    """
    found: dict[str, list[int]] = {}
    for row, text in zip(dataset.question_row.tolist(), dataset.questions, strict=True):
        for span in look(text):
            found.setdefault(span.kind, []).append(row)
    first = np.zeros(len(dataset.answers), np.int64)
    first[dataset.right_answer[::-1]] = dataset.question_row[dataset.right_question[::-1]]
    for row, text in zip(first.tolist(), dataset.answers, strict=True):
        for span in look(text):
            found.setdefault(span.kind, []).append(row)
    return {kind: finding(found[kind]) for kind in PERSONAL_DATA if kind in found}


def handled_dataset(dataset: QADataset, handling: PersonalHandling) -> QADataset:
    """Return a dataset with personal data masked or left out; the same object to keep them.

    Raises
    ------
    DataError
        If nothing would be left.
    """
    if handling.action == KEEP:
        return dataset

    def treated(text: str) -> str | None:
        masked, kinds = handling.masked(text)
        return None if kinds and handling.action == DROP else masked

    changed = rewritten(
        dataset,
        [treated(text) for text in dataset.questions],
        [treated(text) for text in dataset.answers],
    )
    if changed.attributes:  # masked in either case: no row goes for what they say
        attributes = {
            name: tuple(handling.masked(value)[0] for value in values)
            for name, values in changed.attributes.items()
        }
        changed = dataclasses.replace(changed, attributes=attributes)
    return changed


def handled_import(
    dataset: QADataset, account: dict[str, Any], handling: PersonalHandling
) -> tuple[QADataset, dict[str, Any]]:
    """Mask or leave out the personal data of a dataset, and of what its import reported.

    Returns
    -------
    dataset : QADataset
        The same object where nothing is to be done.
    account : dict of JSON types
        Without personal data, and with the rows that had some; of questions that were left out the
        rows are set aside, without texts.

    Raises
    ------
    DataError
        If nothing would be left.
    """
    changed = handled_dataset(dataset, handling)
    if handling.action == KEEP:
        return dataset, account
    gone, left = personal_in(dataset, handling.spans), personal_in(changed, handling.spans)
    # also where texts are left out: rows that could not be used, and examples, hold texts, too
    told_of: dict[str, Any] = handling.masked_document(account)
    aside = _left_out(dataset, changed) if handling.action == DROP else []
    told_of["set_aside"] = [*told_of.get("set_aside", ()), *aside]
    told_of["set_aside"].sort(key=lambda row: row["row"])
    summary = dict(told_of.get("summary", {}))
    for count, more in (("rows_taken", -len(aside)), ("rows_set_aside", len(aside))):
        if count in summary:
            summary[count] += more
    told_of["summary"] = summary | {
        "questions": len(changed.judged_rows),
        "answers": len(changed.answers),
        "personal_data": {kind: dataclasses.asdict(one) for kind, one in left.items()},
        "personal_removed": {kind: dataclasses.asdict(one) for kind, one in gone.items()},
    }
    opened = told_of.get(OPEN_ACCOUNTS, ())
    told_of[OPEN_ACCOUNTS] = [dict(one) | {"personal_data": {}} for one in opened]
    return changed, told_of


def _left_out(before: QADataset, after: QADataset) -> list[dict[str, Any]]:
    """Return the rows of questions that are no more, as an import reports rows set aside."""
    left, reason = set(after.questions), Message(LEFT_OUT).to_json()
    return [
        {"row": int(before.question_row[row]), "reason": reason, "question": "", "answer": ""}
        for row in before.judged_rows  # the others may be of another file
        if before.questions[row] not in left
    ]


def rewritten(
    dataset: QADataset, questions: Sequence[str | None], answers: Sequence[str | None]
) -> QADataset:
    """Return a dataset with other texts; what became the same text is one row.

    Parameters
    ----------
    questions, answers : sequence of str or None, n_q and n_a long
        None takes a text out; a question all of whose right answers go is taken out, too.

    Raises
    ------
    DataError
        If no question with a right answer is left.
    """
    answer_rows, answer_at = _first_rows(answers)
    known = answer_at[dataset.right_answer] >= 0
    answered = np.zeros(len(dataset.questions), bool)
    answered[dataset.right_question[known]] = True
    answered |= dataset.split == OPEN
    kept = [text if answered[row] else None for row, text in enumerate(questions)]
    question_rows, question_at = _first_rows(kept)
    right = _moved_pairs(
        question_at[dataset.right_question],
        answer_at[dataset.right_answer],
        dataset.right_grade,
    )
    if not right:
        raise DataError(
            "No question with a right answer would be left. Mask personal data instead of leaving "
            "the texts out."
        )
    wrong = _moved_pairs(
        question_at[dataset.wrong_question],
        answer_at[dataset.wrong_answer],
        np.ones(len(dataset.wrong_question), np.float32),
    )
    wrong = {pair: grade for pair, grade in wrong.items() if pair not in right}
    right_pairs, wrong_pairs = (
        np.array(sorted(p), np.int32).reshape(-1, 2) for p in (right, wrong)
    )
    return dataclasses.replace(
        dataset.of_questions(question_rows),
        questions=tuple(str(questions[row]) for row in question_rows.tolist()),
        answers=tuple(str(answers[row]) for row in answer_rows.tolist()),
        answer_ids=tuple(dataset.answer_ids[row] for row in answer_rows.tolist()),
        answer_group=dataset.answer_group[answer_rows],
        right_question=right_pairs[:, 0],
        right_answer=right_pairs[:, 1],
        right_grade=np.array([right[pair] for pair in sorted(right)], np.float32),
        wrong_question=wrong_pairs[:, 0],
        wrong_answer=wrong_pairs[:, 1],
    )


def _first_rows(texts: Sequence[str | None]) -> tuple[np.ndarray, np.ndarray]:
    """Return the first row of each different text, and for every row its place among them or -1."""
    place: dict[str, int] = {}
    rows: list[int] = []
    at = np.full(len(texts), -1, np.int64)
    for row, text in enumerate(texts):
        if text is None:
            continue
        if text not in place:
            place[text] = len(rows)
            rows.append(row)
        at[row] = place[text]
    return np.array(rows, np.int64), at


def _moved_pairs(
    questions: np.ndarray, answers: np.ndarray, grades: np.ndarray
) -> dict[tuple[int, int], float]:
    """Return the pairs whose texts are both left, each once with its highest grade."""
    pairs: dict[tuple[int, int], float] = {}
    for question, answer, grade in zip(
        questions.tolist(), answers.tolist(), grades.tolist(), strict=True
    ):
        if question >= 0 and answer >= 0:
            pairs[question, answer] = max(grade, pairs.get((question, answer), 0.0))
    return pairs


def told(found: Mapping[str, Finding | RowsFound]) -> list[Message]:
    """Return which kinds were found in how many rows, in words."""
    return [
        Message(PERSONAL_DATA[kind].rows_title, {"count": one.count})
        for kind, one in found.items()
        if kind in PERSONAL_DATA
    ]
