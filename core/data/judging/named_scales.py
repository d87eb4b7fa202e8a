"""The scale of ratings that the name of a column tells: ``Rating (1-10)``, ``Note sur 20``."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from core.data.judging.rating_words import RATING_WORDS

_LONGEST_NAME = 300  # characters of a column name that say what it is
_SEVERAL = 10_000
_MOST = 100  # a higher number is a year or an amount
_FEWEST = 3  # from 1 to 2 is no scale, but a part of something

_FROM, _UPTO = r"(?<![a-z\d.,])(-?\d{1,3})", r"\+?(\d{1,3})(?![\d%]|[.,]\d)"
_RANGE = re.compile(
    _FROM + r"\s*(?:[-\u2010-\u2015\u2212~\u301c]|\.{2,3}|から|到|至|에서|"
    r"\b(?:to|bis|à|a|al|até|tot|do|til|till|до|đến|hingga|sampai|ile)\b)\s*" + _UPTO
)
_LEVELS = re.compile(
    r"(?<!\d)(\d{1,3})"
    r"(?:\s*(?:段階|段阶|级|級|단계)|[- ]?(?:point|punkte?|er|stufige)[- ]s[ck]al[ae])"
)
_UNITS = r"(?:points?|pts|punkten?|puntos|punti|pontos|stars?|sterne?n?|点|分|점)?"
# Not a rater or a part by its number: Rater 2 of 3, Judge B of 4.
_OUT_OF = re.compile(
    r"(?:(?<!\d)/|(?<!\d )(?<!\b\w )(?<!\bout )"
    r"\b(?:out of|of|von|sur|su|sobre|de|di|van|op|av|z|из|max\w*)\b\.?|满分|滿分|満分)"
    rf"\s*(\d{{1,3}})\s*{_UNITS}\W*$|(?<!\d)(\d{{1,3}})\s*(?:点満点|分制|점\s*만점)"
)
_WORD = r"[^\W\d_][^,;/|()\[\]=:\d]*"
_LEGEND = re.compile(
    rf"(?<!\d)(?P<number>-?\d{{1,3}})\s*(?:[=:]\s*|\(\s*)(?P<means>{_WORD})"
    rf"|(?P<word>{_WORD})=\s*(?P<is>-?\d{{1,3}})"
)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name[:_LONGEST_NAME]).casefold().replace("_", " ")


def _legend(folded: str) -> dict[float, str]:
    """Return what the numbers of a scale mean: ``(1 = bad, 5 = good)``."""
    found = _LEGEND.finditer(folded)
    return {
        float(m["number"] or m["is"]): (m["means"] or m["word"]).strip(" -\u2013\u2014.")
        for m in found
    }


@lru_cache(_SEVERAL)
def without_legend(name: str) -> str:
    """Return a name without what the numbers of its scale mean: those words do not name it.

    ``label (0 = wrong, 1 = right)`` does not say that something is wrong.
    """
    if "=" not in name and "\uff1d" not in name:
        return name
    folded = unicodedata.normalize("NFKC", name[:_LONGEST_NAME])
    return _LEGEND.sub(" ", folded) if len(_legend(_folded(name))) else name


@lru_cache(_SEVERAL)
def scale_in_name(name: str) -> tuple[float | None, float] | None:
    """Return the worst and the best rating that a name tells, None where it tells no scale.

    The worst is None where only the highest is told (``out of 10``). Where the legend says that
    the lower number is the better one (``1 = very good``), it comes second.
    """
    folded = _folded(name)
    legend = _legend(folded)
    low: float | None
    if match := _RANGE.search(folded):
        low, high = float(match[1]), float(match[2])
    elif match := _OUT_OF.search(folded):
        low, high = None, float(match[1] or match[2])
    elif match := _LEVELS.search(folded):
        low, high = 1.0, float(match[1])
    elif len(legend) > 1:
        low, high = min(legend), max(legend)
    elif "%" in folded:
        low, high = None, 100.0
    else:
        return None
    if high > _MOST or high < (_FEWEST if low == 1 else 1) or low not in (None, 0, 1, -high):
        return None
    worst, best = (RATING_WORDS.get(legend.get(end, ""), 0.5) for end in (low or 0.0, high))
    return (high, low or 0.0) if worst > best else (low, high)
