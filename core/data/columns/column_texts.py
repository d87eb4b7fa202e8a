"""What the texts of a column look like: questions, notes, addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.data.columns.column_names import plain_name

# Shares of texts.
MOSTLY, NEARLY_ALL = 0.5, 0.8
SHORT_MARK = 30  # signs, of a value that may judge
_NOTE = re.compile(
    "note|notiz|comment|kommentar|bemerkung|remark|memo|internal|intern|anmerkung|remarque"
    "|comentario|nota|備考|メモ|コメント|备注"
)
_ASKING = re.compile(
    "[?？؟]|ですか|ますか|か。?$|吗|嗎|呢$"
    r"|^(how|what|when|where|who|why|which|can|do|does|is|are|may|could|should|wie|was|wann|wo|wer|warum"
    r"|welche|kann|darf|comment|quand|où|pourquoi|puis-je|est-ce|cómo|cuándo|dónde|qué|puedo)\b",
    re.IGNORECASE,
)


def is_note(column: str) -> bool:
    """Tell whether a column holds remarks by its name."""
    return bool(_NOTE.search(plain_name(column)))


def is_url(texts: Sequence[str]) -> bool:
    """Tell whether most texts are addresses or names of files."""
    places = sum(
        1 for text in texts if re.match(r"(https?://|www\.)\S+$|\S+\.(pdf|html?|docx?|md)$", text)
    )
    return places >= len(texts) / 2


def mean_length(texts: Sequence[str]) -> float:
    """Return how many signs the texts have on average; 0 without texts."""
    return sum(map(len, texts)) / len(texts) if texts else 0.0


def questionness(texts: Sequence[str]) -> tuple[float, float, float]:
    """Return how much texts look like questions: the share that ask, that differ, and brevity."""
    marks = sum(1 for text in texts if _ASKING.search(text)) / len(texts)
    distinct = len(set(texts)) / len(texts)
    return round(marks, 1), round(distinct, 2), -mean_length(texts)
