"""What the curve over the amount of data says, in sentences; "cannot be told" is one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.journey.data_curve_result import (
    FALLING,
    LEVEL,
    MORE,
    NOTHING,
    RISING,
    SMALL_GAIN,
    TOO_FEW,
    UNCLEAR,
    DataCurve,
)
from pages.parts.translate import t
from pages.parts.tune.race_words import difference


def curve_lines(found: DataCurve) -> list[str]:
    """Return the answer, then what more questions would bring, as markdown lines."""
    lines = [_WORDS[found.word](found)]
    if found.doubling is None:
        return lines
    gain = found.gain_of_more()
    if gain is None:
        lines.append(t("What {count} more questions would bring cannot be told.", count=MORE))
    elif found.word == LEVEL:
        lines.append(
            t(
                "{count} more training questions of the same kind would bring about {gain} "
                "(nDCG@10).",
                count=MORE,
                gain=difference(gain, signed=True),
            )
        )
    else:
        lines.append(
            t(
                "{count} more training questions of the same kind would bring at most about "
                "{gain} (nDCG@10): curves like this flatten out.",
                count=MORE,
                gain=difference(gain, signed=True),
            )
        )
    return lines


def _rising(found: DataCurve) -> str:
    return t(
        "Yes, more data would probably help: the curve still rises. The second half of your "
        "questions brought {gain}.",
        gain=_gain(found),
    )


def _level(found: DataCurve) -> str:
    return t(
        "More data of the same kind would hardly help: the curve has levelled off. The second "
        "half of your questions brought {gain}, less than {small} in any case.",
        gain=_gain(found),
        small=f"{SMALL_GAIN:g}",
    )


def _falling(found: DataCurve) -> str:
    return t(
        "The second half of your questions made search worse ({gain}). Look for contradictions "
        "in the data before you collect more.",
        gain=_gain(found),
    )


def _unclear(found: DataCurve) -> str:
    return t(
        "It cannot be told: the second half of your questions brought {gain}, which may be luck. "
        "More draws or more validation questions may tell.",
        gain=_gain(found),
    )


def _too_few(found: DataCurve) -> str:
    assert found.ruler is not None
    return t(
        "It cannot be told: {questions} validation questions are too few. Add questions, or give "
        "validation a larger share.",
        questions=sum(len(rows) for rows in found.ruler.questions.values()),
    )


def _nothing(found: DataCurve) -> str:
    return t("It cannot be told yet: the runs with half and with all of the data are needed.")


def _gain(found: DataCurve) -> str:
    assert found.doubling is not None
    return difference(found.doubling, signed=True)


_WORDS: Mapping[str, Callable[[DataCurve], str]] = {
    RISING: _rising,
    LEVEL: _level,
    FALLING: _falling,
    UNCLEAR: _unclear,
    TOO_FEW: _too_few,
    NOTHING: _nothing,
}
