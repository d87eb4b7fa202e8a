"""Ratings as people write them: numbers of many formats, words of many languages, and scales."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from core.data.cells import is_nothing
from core.data.judging.rating_words import PASS_WORDS, RATING_WORDS, TICKS
from core.data.table import row_list
from core.messages import N_, Message

USUAL_HIGHEST = 5.0  # stars
_SLIPS = 0.1  # up to this share of values above five stars are slips, not another scale


# Signs that judge where a plus stands among them: ++ + o - --; a minus alone says that a cell is
# empty. Any dash is written for the minus.
_SIGN = re.compile(r"\+{1,5}|-{1,5}")
_BETWEEN = frozenset(("0", "o", "\u00b1", "+-", "+/-", "-/+"))  # neither plus nor minus
_DASHES = str.maketrans(
    dict.fromkeys("\u2212\u2013\u2014\u2015\u30fc\u2796", "-") | {"\u2795": "+"}
)

_UNIT = r"(?:stars?|点|points?|pts?|punkte?|sterne?|étoiles?|estrellas?|星|分|점)?"
_MARKED = re.compile(
    rf"(?P<number>[-+]?\d[\d.,'’ \u00a0\u202f]*)\s*"
    rf"(?P<mark>%|/\s*(?P<of>\d+)|(?:of|von|sur|de)\s*(?P<out>\d+))?\s*{_UNIT}"
)
_LABELLED = re.compile(r"([-+]?\d+(?:[.,]\d+)?)\s*[-–—:=.)(]\s*[^\W\d].*", re.DOTALL)
_GROUPED = {sign: re.compile(rf"[-+]?[1-9]\d{{0,2}}(?:{re.escape(sign)}\d{{3}})+") for sign in ".,"}


@dataclass(frozen=True)
class RatingScale:
    """A scale of ratings: ``low`` counts as 0, ``high`` as 1; school grades go from 6 to 1."""

    low: float
    high: float

    @property
    def key(self) -> str:
        """The name, for example ``1-5``."""
        return f"{self.low:g}-{self.high:g}"

    def grade(self, value: np.ndarray) -> np.ndarray:
        """Return ratings as grades in [0, 1]; beyond the ends they count as the end."""
        grades = (np.asarray(value, np.float64) - self.low) / (self.high - self.low or 1.0)
        return np.clip(grades, 0.0, 1.0)

    def holds(self, value: float) -> bool:
        """Return True for a rating that lies on the scale."""
        return min(self.low, self.high) <= value <= max(self.low, self.high)


SCALES: Mapping[str, RatingScale] = MappingProxyType(
    {
        scale.key: scale
        for scale in map(
            RatingScale,
            (1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 5, 6, 1),
            (5, 1, 2, 3, 4, 5, 7, 10, 10, 100, 100, 3, 4, 6, 1, 1, 0),
        )
    }
)
FIVE, HUNDRED, SCHOOL = "1-5", "0-100", "6-1"


_LONGEST_RATING = 300  # characters that say what it means


def plain_rating(text: str) -> str:
    """Return a rating folded: case, width, minus signs, outer spaces."""
    if len(text) > _LONGEST_RATING:
        return text  # a text, which nobody has to compare
    folded = unicodedata.normalize("NFKC", text).strip().casefold()
    if _SIGN.fullmatch(sign := folded.translate(_DASHES)):
        return sign
    return folded.replace("\u2212", "-").replace("\u2013", "-") if "-" not in folded else folded


def _stars(plain: str) -> float | None:
    if plain and set(plain) <= set("★☆⭐🌟\ufe0f "):
        return float(sum(map(plain.count, "★⭐🌟")))
    return None


@dataclass(frozen=True)
class Numbers:
    """The numbers of a column.

    Attributes
    ----------
    values : mapping of text to float
        Texts that are no number are absent.
    percent : bool
        Most have a per cent sign: values are points of 100.
    out_of : float
        What most are a part of (``8/10``: 10), 0 where they are not.
    doubt : str
        A value that may be read in two ways (``1,234``), "" where none is.
    """

    values: Mapping[str, float]
    percent: bool
    out_of: float
    doubt: str = ""


def read_numbers(texts: Iterable[str]) -> Numbers:
    """Read the numbers of a column, ``1.000,5`` and ``1,000.5`` told apart by all of them."""
    plain = {text: plain_rating(text) for text in set(texts) if text}
    marked: dict[str, re.Match[str]] = {}
    values: dict[str, float] = {}
    for text, folded in plain.items():
        stars = _stars(folded)
        match = _MARKED.fullmatch(folded)
        if stars is not None:
            values[text] = stars
        elif match is not None:
            marked[text] = match
        else:
            labelled = _LABELLED.fullmatch(folded)  # "0 - not relevant"
            if labelled is not None and (match := _MARKED.fullmatch(labelled[1])) is not None:
                marked[text] = match
                continue
            try:
                value = float(folded)
            except ValueError:
                continue
            if np.isfinite(value):
                values[text] = value
    bodies = {text: re.sub("['’ \u00a0\u202f]", "", m["number"]) for text, m in marked.items()}
    decimal, doubt = _decimal_sign(bodies.values())
    for text, body in bodies.items():
        plain_number = _plain_number(body, decimal)
        if plain_number is not None:
            values[text] = plain_number
    percents = sum(1 for match in marked.values() if match["mark"] == "%")
    parts = Counter(
        float(match["of"] or match["out"])
        for text, match in marked.items()
        if text in values and (match["of"] or match["out"])
    )
    percent = percents > len(values) / 2
    if percents and not percent:  # a few among shares
        for text, match in marked.items():
            if match["mark"] == "%":
                values[text] /= 100
    out_of, count = parts.most_common(1)[0] if parts else (0.0, 0)
    return Numbers(values, percent, out_of if count > len(values) / 2 else 0.0, doubt)


def _plain_number(body: str, decimal: str) -> float | None:
    """Return a number; the column's decimal sign decides only where both readings are possible."""
    comma, point = body.rfind(","), body.rfind(".")
    if comma >= 0 and point >= 0:
        decimal = "," if comma > point else "."
    elif comma >= 0 or point >= 0:
        sign = "," if comma >= 0 else "."
        grouped = bool(_GROUPED[sign].fullmatch(body))
        if body.count(sign) > 1 and not grouped:
            return None
        if body.count(sign) == 1 and not grouped:
            decimal = sign
        elif body.count(sign) > 1:
            decimal = "." if sign == "," else ","
    other = "," if decimal == "." else "."
    try:
        number = float(body.replace(other, "").replace(decimal, "."))
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _decimal_sign(bodies: Iterable[str]) -> tuple[str, str]:
    """Return the decimal sign of a column, and a number that leaves it open."""
    votes: Counter[str] = Counter()
    grouped: dict[str, str] = {}
    for body in sorted(bodies):  # the same example whatever the order
        comma, point = body.rfind(","), body.rfind(".")
        if comma >= 0 and point >= 0:
            votes["," if comma > point else "."] += 1
        elif comma >= 0 or point >= 0:
            sign = "," if comma >= 0 else "."
            if body.count(sign) > 1:
                votes["." if sign == "," else ","] += 1
            elif _GROUPED[sign].fullmatch(body):
                grouped.setdefault(sign, body)
            else:
                votes[sign] += 1
    if votes:
        return votes.most_common(1)[0][0], ""
    if "," in grouped:  # 1,000: a thousand wherever nothing else speaks for a decimal comma
        return ".", grouped[","]
    return ".", grouped.get(".", "")


def named_scale(values: np.ndarray, ends: tuple[float | None, float] | None) -> RatingScale | None:
    """Return the scale that the name of a column tells, None where its values lie beyond it.

    Parameters
    ----------
    ends : tuple or None
        See :func:`core.data.judging.named_scales.scale_in_name`.
    """
    if ends is None or not len(values):
        return None
    worst, best = ends
    if worst is None:  # as for ratings such as 4/5
        worst = 1.0 if best == USUAL_HIGHEST and values.min() == 1 else 0.0
    scale = RatingScale(worst, best)
    beyond = (values < min(worst, best)) | (values > max(worst, best))
    shares = best > USUAL_HIGHEST and values.max() <= 1  # 0.8 where the name says per cent
    return None if shares or beyond.mean() > _SLIPS else scale


def _find_scale(
    values: np.ndarray, numbers: Numbers, ends: tuple[float | None, float] | None
) -> RatingScale:
    """Return the scale that a column of ratings is on, judged by its name and all its values."""
    if numbers.percent:
        return SCALES[HUNDRED]
    if numbers.out_of:  # stars: nobody can give fewer than one
        least = 1 if numbers.out_of == USUAL_HIGHEST and min(values, default=0) == 1 else 0
        return RatingScale(least, numbers.out_of)
    if (named := named_scale(values, ends)) is not None:
        return named
    if not len(values):
        return SCALES["0-1"]
    usual = values[values <= USUAL_HIGHEST]
    if len(usual) > 0 and (usual > 0).any() and len(usual) >= (1 - _SLIPS) * len(values):
        values = usual
    high = float(values.max())
    whole = bool((values == np.round(values)).all())
    if high <= 1:
        return SCALES["0-1"]
    if high == USUAL_HIGHEST and values.min() >= 1 and (values * 2 == np.round(values * 2)).all():
        return SCALES[FIVE]  # stars: nobody can give fewer than one
    if high <= USUAL_HIGHEST:
        return RatingScale(0, high)
    for most in (7, 10, 100):
        if high <= most:
            return RatingScale(1 if whole and values.min() >= 1 and most < 100 else 0, most)
    return RatingScale(0, high)


@dataclass(frozen=True, eq=False)
class Judgements:
    """A column of ratings as grades.

    Attributes
    ----------
    grade : float32 array [n] in [0, 1]
        NaN where the rating is a word that nobody knows, or missing while other rows have one.
    unknown : mapping of str to int
        Those words, and how often each stands there.
    scale : RatingScale or None
        None where there is no number.
    warnings : tuple of Message
    """

    grade: np.ndarray
    unknown: Mapping[str, int]
    scale: RatingScale | None
    warnings: tuple[Message, ...]


def judge(
    texts: Sequence[str],
    rows: Sequence[int],
    *,
    scale: str = "",
    ends: tuple[float | None, float] | None = None,
    words: Sequence[tuple[str, float]] = (),
    wrong: bool = False,
    smaller: bool = False,
) -> Judgements:
    """Turn a column of ratings into grades; nothing that is not understood counts as right.

    The highest usual rating becomes 1, the lowest of the scale 0 (explicitly not right): of 1 to 5
    stars the single one. Where no row is rated at all, every answer is right; where some are, the
    others are not rated. Ratings above 5 are taken as 5 where they are rare; where more than one
    in ten is above 5, the column is on a larger scale (1–7, 0–10, 0–100, its highest value).

    Parameters
    ----------
    scale : str
        Key of :data:`SCALES`; "" = found from the values.
    ends : tuple or None
        The scale that the name of the column tells, see
        :func:`core.data.judging.named_scales.scale_in_name`.
    words : sequence of (word, grade)
        What the user said that words mean.
    wrong : bool
        The column says what is wrong: yes and 1 are not right, no and 0 are.
    smaller : bool
        The column says how far away an answer is: the smaller, the better.
    """
    texts = rated_cells(texts)
    said = school_grades(texts) | sign_grades(texts)
    numbers = read_numbers(text for text in texts if plain_rating(text) not in said)
    said |= {plain_rating(word): grade for word, grade in words}
    tick = _only_tick(texts)
    if tick:
        said.setdefault(tick, 1.0)
    meaning: dict[str, float] = {}  # of ratings in words
    unknown: Counter[str] = Counter()
    passed: list[int] = []
    worded: dict[str, list[int]] = {}
    for text, row in zip(texts, rows, strict=True):
        if not text or text in numbers.values:
            continue
        plain = plain_rating(text)
        grade = said.get(plain, RATING_WORDS.get(plain))
        if grade is not None:
            meaning[text] = grade
            worded.setdefault(text, []).append(row)
        elif plain in PASS_WORDS:
            passed.append(row)
        else:
            unknown[text] += 1
    value = np.array([numbers.values.get(text, np.nan) for text in texts], np.float64)
    known = ~np.isnan(value)
    warnings = []
    chosen = SCALES.get(scale) or (
        _find_scale(value[known], numbers, ends) if known.any() else None
    )
    grade_ = np.ones(len(texts))
    if chosen is not None:
        warnings += _number_warnings(value, known, chosen, rows, numbers, given=bool(scale))
        grade_[known] = chosen.grade(value[known])
    for i, text in enumerate(texts):
        if text in meaning:
            grade_[i] = meaning[text]
        elif text in unknown:
            grade_[i] = np.nan
    if smaller and not wrong and not scale:
        grade_ = 1 - grade_
        said_ = N_(
            "The name of the rating says how far away an answer is, so it was turned round: the "
            "smaller, the better."
        )
        warnings.append(Message(said_, {}))
    if wrong:
        grade_ = 1 - grade_
        grade_[[not text for text in texts]] = 1
        said_ = N_(
            "The name of the rating says what is wrong, so it was turned round: 1 and “yes” mean "
            "that the answer is wrong, 0 and “no” that it is right."
        )
        warnings.append(Message(said_, {}))
    if passed:
        grade_[np.isin(np.array(rows), passed)] = np.nan
        said_ = N_("“Cannot say” and the like: neither right nor wrong. Rows: {rows} ({count}).")
        warnings.append(Message(said_, {"count": len(passed), "rows": row_list(passed)}))
    if worded and known.any():
        odd = [row for group in worded.values() for row in group]
        said_ = N_(
            "Ratings that are not numbers were read as words: {words}. Rows: {rows} ({count} in "
            "all)."
        )
        warnings.append(Message(said_, _counted(odd, words=_meanings(meaning))))
    elif worded:
        said_ = N_("Ratings in words were read as: {words}.")
        warnings.append(Message(said_, {"words": _meanings(meaning)}))
    if unknown:
        counts = ", ".join(f"{word[:30]} ({n})" for word, n in unknown.most_common(8))
        said_ = N_(
            "Ratings whose meaning is not known: {words}. Their rows are set aside; say which of "
            "them mean “right”."
        )
        warnings.append(Message(said_, {"words": counts, "count": sum(unknown.values())}))
    blank = [row for text, row in zip(texts, rows, strict=True) if not text]
    marked = set(filter(None, texts))
    if blank and not wrong and len(marked) == 1 and (tick or plain_rating(*marked) in _MARKS):
        grade_[[not text for text in texts]] = np.nan
        said_ = N_(
            "Only “{mark}” stands in the ratings, else nothing: rows with it count as right, rows "
            "without it are set aside. Rows: {rows} ({count} in all)."
        )
        warnings.append(Message(said_, _counted(blank, mark=next(iter(marked)))))
    elif (  # a word that nobody knows may say that its row is right
        blank
        and not wrong
        and marked
        and not unknown
        and not np.nansum(grade_[[*map(bool, texts)]])
    ):
        said_ = N_(
            "Rows without a rating count as “right”, since all rated ones are wrong. Rows: {rows} "
            "({count} in all)."
        )
        warnings.append(Message(said_, _counted(blank)))
    elif blank and not wrong and marked:
        grade_[[not text for text in texts]] = np.nan
        said_ = N_(
            "Rows without a rating are not rated, as others are, and set aside. Rows: {rows} "
            "({count} in all). If they are right, fill in their ratings or choose no rating."
        )
        warnings.append(Message(said_, _counted(blank)))
    return Judgements(grade_.astype(np.float32), unknown, chosen, tuple(warnings))


_LETTERS = dict(zip("abcdef", (1.0, 0.75, 0.5, 0.25, 0.0, 0.0), strict=True))


def school_grades(texts: Iterable[str]) -> dict[str, float]:
    """Return what the letters A to F mean where a column holds them as school grades."""
    distinct = {plain_rating(text) for text in set(texts) if text and not is_nothing(text)}
    letters = {text for text in distinct if text.rstrip("+-") in _LETTERS}
    # C and F may be correct and false, A and C two classes of anything
    if len(letters) < max(2, len(distinct)) or letters in ({"c", "f"}, {"a", "c"}):
        return {}
    return {text: _LETTERS[text.rstrip("+-")] for text in letters}


def _signs(texts: Iterable[str]) -> dict[str, int]:
    """Return how many signs plus (or minus, below 0) a column holds where a plus is among them."""
    plain = {plain_rating(text) for text in set(texts) if text and text.strip()}
    steps = {sign: sign.count("+") - sign.count("-") for sign in plain if _SIGN.fullmatch(sign)}
    if max(steps.values(), default=0) <= 0:
        return {}
    others = {text for text in plain - steps.keys() if not is_nothing(text)}
    return steps | dict.fromkeys(others, 0) if others <= _BETWEEN else steps


def judging_minus(texts: Sequence[str]) -> frozenset[str]:
    """Return the cells of a column in which a minus, or a dash, says that an answer is wrong.

    They do beside a plus; elsewhere such cells are empty.
    """
    distinct = set(texts)
    steps = _signs(distinct)
    return frozenset(text for text in distinct if steps.get(plain_rating(text), 0) < 0)


def rated_cells(texts: Sequence[str]) -> list[str]:
    """Return the cells of a column of ratings, "" where they say that there is none."""
    minus = judging_minus(texts)
    return ["" if is_nothing(text) and text not in minus else text for text in texts]


def sign_grades(texts: Iterable[str]) -> dict[str, float]:
    """Return what plus and minus mean: the most plus signs are right, the most minus signs wrong.

    Where no minus stands in the column, it goes as far down as the plus goes up.
    """
    steps = _signs(texts)
    if not steps:
        return {}
    high = max(steps.values())
    low = min(0, *steps.values()) or -high
    return {plain: (step - low) / (high - low) for plain, step in steps.items()}


_MARKS = frozenset(("1", "yes", "y", "true", "right", "correct", "ja", "oui", "sí", "ok"))


def _only_tick(texts: Sequence[str]) -> str:
    """Return the tick that is all that a column holds beside empty cells, "" if it is not so."""
    distinct = {plain_rating(text) for text in set(texts) if text and not is_nothing(text)}
    blank = any(not text or is_nothing(text) for text in texts)
    return next(iter(distinct)) if blank and len(distinct) == 1 and distinct <= TICKS else ""


def _counted(rows: Sequence[int], **values: str | int | float) -> dict[str, str | int | float]:
    return {"count": len(rows), "rows": row_list(rows), **values}


def _meanings(meaning: Mapping[str, float]) -> str:
    return ", ".join(f"{word} = {grade:g}" for word, grade in list(meaning.items())[:12])


def _number_warnings(
    value: np.ndarray,
    known: np.ndarray,
    scale: RatingScale,
    rows: Sequence[int],
    numbers: Numbers,
    *,
    given: bool,
) -> list[Message]:
    warnings = []
    least = min(scale.low, scale.high, 0)
    negative = [rows[i] for i in np.flatnonzero(known & (value < least)).tolist()]
    if negative:
        text = N_("Ratings below 0 count as “not right”. Rows: {rows} ({count} in all).")
        warnings.append(Message(text, _counted(negative)))
    most = max(scale.low, scale.high)
    above = [rows[i] for i in np.flatnonzero(known & (value > most)).tolist()]
    if above:
        text = N_("Ratings above {highest} count as {highest}. Rows: {rows} ({count} in all).")
        warnings.append(Message(text, _counted(above, highest=f"{most:g}")))
    if most > 1 and not given:
        text = N_(
            "Ratings were read as {low} to {high}: {high} counts as the best rating of the file, "
            "{low} as not right."
        )
        values: dict[str, str | int | float] = {"low": f"{scale.low:g}", "high": f"{scale.high:g}"}
        warnings.append(Message(text, values))
    return warnings + doubtful_number(numbers)


def doubtful_number(numbers: Numbers) -> list[Message]:
    """Return a sentence on a number that may be read in two ways, where there is one."""
    if not numbers.doubt:
        return []
    text = N_(
        "{number} may be read in two ways; it was read as {value}. Look at the numbers before you "
        "go on."
    )
    read = next(v for k, v in sorted(numbers.values.items()) if numbers.doubt in plain_rating(k))
    return [Message(text, {"number": numbers.doubt, "value": f"{read:g}"})]


def grades(texts: Sequence[str], rows: Sequence[int]) -> tuple[np.ndarray, list[Message]]:
    """Return a relevance grade per row, see :func:`judge`, and what was odd about the ratings."""
    judged = judge(texts, rows)
    return judged.grade, list(judged.warnings)


def looks_like_ratings(texts: Sequence[str], *, named: bool, unknown: bool = True) -> bool:
    """Tell whether a column judges something: few small numbers, or words such as yes and no.

    Parameters
    ----------
    texts : sequence of str
        Without empty ones.
    named : bool
        Its name speaks of a rating: then any numbers do, and most of its words may be unknown.
    unknown : bool
        Whether under such a name a few words do of which none is known.
    """
    distinct = set(texts)
    if not distinct:
        return False
    numbers = read_numbers(distinct).values
    share = sum(text in numbers for text in texts) / len(texts)
    plain = {text: plain_rating(text) for text in distinct}
    known = {t for t, p in plain.items() if p in RATING_WORDS or p in PASS_WORDS}
    words = sum(text in known for text in texts) / len(texts)
    if named:
        few_words = unknown and len(distinct) <= 12 and max(map(len, distinct)) <= 40
        return share >= 0.5 or share + words >= 0.5 or few_words
    if share == 1 and len(distinct) > 1 and set(numbers.values()) <= {-1, 0, 1}:
        return True
    if share >= 0.95 and 2 <= len(distinct) <= 7:
        return all(0 <= value <= 5 for value in numbers.values())
    return share + words >= 0.9 and words > 0 and 2 <= len(distinct) <= 7
