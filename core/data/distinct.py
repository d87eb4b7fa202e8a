"""Texts, each once: what counts as the same text, and which id it has."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from core.data.table import row_list
from core.messages import N_, Message

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
