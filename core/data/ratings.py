"""A rating column to relevance grades."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from core.data.table import row_list
from core.messages import N_, Message

USUAL_HIGHEST = 5.0  # stars
_WORDS: Mapping[str, float] = MappingProxyType(
    {
        **dict.fromkeys(
            ("yes", "true", "right", "correct", "relevant", "○", "〇", "◯", "◎", "はい"), 1.0
        ),
        **dict.fromkeys(
            ("no", "false", "wrong", "incorrect", "irrelevant", "×", "✕", "いいえ"), 0.0
        ),
    }
)
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?")


def parse_rating(text: str) -> float | None:
    """Return a rating as a number: ``4``, ``4,5``, ``4/5``, ``80 %``, ``★★★``, ``yes``; else None.

    ``4/5`` gives 4, ``80 %`` gives 0.8: the scale is judged over the whole column.
    """
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    if plain in _WORDS:
        return _WORDS[plain]
    if plain and set(plain) <= set("★☆⭐\ufe0f"):
        return float(plain.count("★") + plain.count("⭐"))
    number = re.fullmatch(rf"({_NUMBER.pattern})\s*(%|/\s*\d+|stars?|点)?", plain)
    if number is None:
        try:
            value = float(plain)  # 1e-3
        except ValueError:
            return None
        return value if np.isfinite(value) else None
    value = float(number[1].replace(",", "."))
    return value / 100 if number[2] == "%" else value


def grades(texts: Sequence[str], rows: Sequence[int]) -> tuple[np.ndarray, list[Message]]:
    """Return a relevance grade per row and what was odd about the ratings.

    The highest usual rating becomes 1, 0 stays 0 (explicitly not right), a missing or unreadable
    rating is 1. Ratings above 5 are taken as 5 where they are rare; where more than one in ten
    is above 5, the column is on a larger scale (0–10, 0–100) and is divided by its highest value.

    Returns
    -------
    grade : float32 array [n] in [0, 1]
    warnings : list of Message
    """
    value = np.full(len(texts), np.nan)
    unreadable = []
    parsed = {text: parse_rating(text) for text in set(texts)}  # a few, however many rows
    for i, text in enumerate(texts):
        if not text:
            continue
        number = parsed[text]
        if number is None:
            unreadable.append(rows[i])
        else:
            value[i] = number
    known = ~np.isnan(value)
    negative = [rows[i] for i in np.flatnonzero(known & (value < 0)).tolist()]
    above = known & (value > USUAL_HIGHEST)
    warnings = []
    if unreadable:
        text = N_("Ratings that are not numbers count as “right”. Rows: {rows} ({count} in all).")
        warnings.append(Message(text, {"count": len(unreadable), "rows": row_list(unreadable)}))
    if negative:
        text = N_("Ratings below 0 count as “not right”. Rows: {rows} ({count} in all).")
        warnings.append(Message(text, {"count": len(negative), "rows": row_list(negative)}))
    rare = above.sum() <= 0.1 * known.sum() or not (known & ~above & (value > 0)).any()
    rare = rare and bool((known & ~above & (value > 0)).any())
    usual = known & ~above if rare else known
    highest = float(value[usual].max()) if usual.any() else 1.0
    if above.any():
        odd = [rows[i] for i in np.flatnonzero(above).tolist()]
        values: dict[str, str | int | float] = {"count": len(odd), "rows": row_list(odd)}
        if rare:
            text = N_("Ratings above {highest} count as {highest}. Rows: {rows} ({count} in all).")
        else:
            text = N_(
                "Some ratings are above 5, so {highest} counts as the best rating of the file. "
                "Rows: {rows} ({count} in all)."
            )
        warnings.append(Message(text, {**values, "highest": f"{highest:g}"}))
    scaled = np.clip(np.where(known, value, highest) / (highest if highest > 0 else 1.0), 0, 1)
    grade = np.where(known, scaled, 1.0)
    return grade.astype(np.float32), warnings
