"""Texts and ids: what counts as the same text, each text once, and text or id to row."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from core.data.reading.documents.marks import SIGNED
from core.data.table import row_list
from core.messages import N_, Message
from core.types import QADataset

LONGEST_CELL = 32_767  # characters; spreadsheet programs cut longer texts
_SHOWN = 80  # characters of a cell in a reason
# Signs of no width: removed, since "pass\u200bword" must equal "password". Joiners stay after emoji
# and in scripts that need them (Arabic, Hebrew, Indic).
_ZERO_WIDTH = re.compile(
    "[\u00ad\u180e\u200b\u2060\ufeff]"
    "|(?<![\u0590-\u0dff\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])[\u200c\u200d]"
)


def clean_text(text: str) -> str:
    """Remove signs of no width and outer spaces; everything else stays as the user wrote it."""
    return (text if text.isascii() else _ZERO_WIDTH.sub("", text)).strip()


def same_key(text: str) -> str:
    """Return what two texts share when they are the same but for width and spaces."""
    return " ".join((text if text.isascii() else unicodedata.normalize("NFKC", text)).split())


class DistinctTexts:
    """Texts in order of appearance, each once, with the ids that the file gives them."""

    def __init__(self, prefix: str, given: Sequence[str] | None) -> None:
        self.prefix = prefix
        self.given = given
        self.texts: list[str] = []
        self.places: list[int] = []
        self._at: dict[str, int] = {}
        self._owner: dict[str, int] = {}
        self._clashing: list[int] = []

    def add(self, text: str, place: int) -> int:
        """Return the position of a text, taken in with its place in the file if it is new."""
        at = self._at.get(text)  # most texts are their own key, and many come again and again
        return self.add_key(same_key(text), text, place) if at is None else at

    def add_key(self, key: str, text: str, place: int) -> int:
        """Do the same for a text whose :func:`same_key` is known."""
        at = self._at.get(key)
        if at is None:
            at = self._at[key] = len(self.texts)
            self.texts.append(text)
            self.places.append(place)
            given = self.given[place] if self.given else ""
            if given and self._owner.setdefault(given, at) != at:
                self._clashing.append(place)
        return at

    def ids(self) -> list[str]:
        """Return ids: the file's own where it is given to one text only, else numbered ones."""
        owned = {at: given for given, at in self._owner.items()}
        taken = set(owned.values())
        result = []
        for at in range(len(self.texts)):
            name = owned.get(at) or f"{self.prefix}{at + 1}"
            while at not in owned and name in taken:
                name += "'"
            result.append(name)
        return result

    def warnings(self, rows: Sequence[int]) -> list[Message]:
        """Return a warning where the file gives one id to different texts."""
        if not self._clashing:
            return []
        text = N_(
            "An id that stands for two different texts was replaced. Rows: {rows} ({count} in all)."
        )
        odd = [rows[i] for i in self._clashing]
        return [Message(text, {"count": len(odd), "rows": row_list(odd)})]


@dataclass(frozen=True)
class Match:
    """The row that a cell names.

    Attributes
    ----------
    row : int
        -1 where there is none.
    by_id : bool
        The cell holds the id, not the text.
    reason : Message or None
        Why there is none.
    """

    row: int
    by_id: bool = False
    reason: Message | None = None


class _TextRows:
    """Rows of the questions or of the answers, by text and by id.

    Attributes
    ----------
    by_id : mapping of str to int
    """

    def __init__(self, texts: Sequence[str], ids: Sequence[str], empty: str, unknown: str) -> None:
        self.by_id: Mapping[str, int] = {name.strip(): row for row, name in enumerate(ids)}
        self._texts, self._empty, self._unknown = texts, empty, unknown

    @cached_property
    def _by_text(self) -> dict[str, int]:
        cut = {
            same_key(text[:LONGEST_CELL]): row
            for row, text in enumerate(self._texts)
            if len(text) > LONGEST_CELL
        }
        return cut | {same_key(text): row for row, text in enumerate(self._texts)}

    @cached_property
    def _by_shown(self) -> dict[str, int]:
        """Texts with escapes or marks by what a file is read as that holds the same ones.

        Data may be older than the reading of escapes, or mean them: ``Write &amp;``.
        """
        shown: dict[str, int] = {}
        twice: set[str] = set()
        for row, text in enumerate(self._texts):
            mark = SIGNED.match(text)
            bare = text[mark.end() :] if mark else text
            plain = html.unescape(bare).replace("\\n", "\n")
            if plain == text:
                continue
            key = same_key(clean_text(plain))
            twice |= {key} & shown.keys()
            shown[key] = row
        return {key: row for key, row in shown.items() if key and key not in twice}

    def find(self, cell: str) -> Match:
        """Return the row of a text, whole or as a spreadsheet cuts it, else of an id."""
        if not cell.strip():
            return Match(-1, reason=Message(self._empty))
        key = same_key(clean_text(cell))
        row = self._by_text.get(key)
        if row is None:
            row = self._by_shown.get(key)
        if row is not None:
            return Match(row)
        row = self.by_id.get(cell.strip())
        if row is not None:
            return Match(row, by_id=True)
        return Match(-1, reason=Message(self._unknown, {"text": cell[:_SHOWN]}))


class TextIndex:
    """Where the questions and answers of a dataset are found again by what a file says.

    The one rule for every file about data that are there already (scores, ratings, labels set by
    hand, runs of another search): the text counts, width and spaces do not; else the id. ::

        index = TextIndex(dataset)
        match = index.questions.find(cell)
        if match.reason is not None: ...  # a sentence for the user; match.row is -1

    Attributes
    ----------
    questions, answers : TextRows
    """

    def __init__(self, dataset: QADataset) -> None:
        self.questions = _TextRows(
            dataset.questions,
            dataset.question_ids,
            N_("The question is empty."),
            N_("No question of your data has this text or id: {text}."),
        )
        self.answers = _TextRows(
            dataset.answers,
            dataset.answer_ids,
            N_("The answer is empty."),
            N_("No answer of your data has this text or id: {text}."),
        )
