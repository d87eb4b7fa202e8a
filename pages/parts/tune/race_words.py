"""What a race found, in sentences that do not promise more than was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.evaluation.statistics import Estimate
from core.journey.race_result import ALONE, CLEAR, NOTHING, TIED, TOO_FEW, RaceResult, Standing
from pages.parts.translate import plain, t
from pages.parts.tune.race_form import contestant_title

_NAMED = 3  # contestants that a sentence names


def verdict_lines(found: RaceResult) -> list[str]:
    """Return the verdict and what else has to be said about the first, as markdown lines."""
    lines = [_WORDS[found.word](found)]
    if not found.standings:
        return lines
    first = found.standings[0]
    lines.append(
        t(
            "Over the untuned model: {gain} (nDCG@10, 95% interval).",
            gain=difference(first.gain, signed=True),
        )
    )
    lines += _against_hard_labels(found)
    if not first.general_enough:
        lines.append(
            t(
                "Every contestant understands everyday language clearly less than the untuned "
                "model. Try fewer passes or a smaller learning rate."
            )
        )
    return lines


def _against_hard_labels(found: RaceResult) -> list[str]:
    first, rest = found.standings[0], found.standings[1:]
    if first.contestant.baseline:
        return [
            t("Known right answers alone did best: a gain from the experts' labels is not shown.")
        ]
    lines = []
    for one in rest:
        if not one.contestant.baseline or one.behind is None:
            continue
        name = plain(contestant_title(one.contestant))
        shown = difference(one.behind, signed=True)
        lines.append(
            t("Ahead of {name}: {difference}.", name=name, difference=shown)
            if one.behind.low > 0
            else t("Against {name}: {difference}; may be luck.", name=name, difference=shown)
        )
    return lines


def _clear(found: RaceResult) -> str:
    first, second = found.standings[:2]
    assert second.behind is not None
    return t(
        "{name} is best: ahead of the next one by {difference}.",
        name=_name(first),
        difference=difference(second.behind),
    )


def _tied(found: RaceResult) -> str:
    ties = found.ties
    names = ", ".join(_name(one) for one in ties[:_NAMED])
    if len(ties) > _NAMED:
        names = t("{names} and {count} more", names=names, count=len(ties) - _NAMED)
    return t(
        "{name} has the highest mean but cannot be told apart from: {names}. The difference may "
        "be luck; more runs per contestant or more validation questions may tell.",
        name=_name(found.standings[0]),
        names=names,
    )


def _too_few(found: RaceResult) -> str:
    assert found.ruler is not None
    return t(
        "{name} has the highest mean, but {questions} validation questions are too few to tell "
        "who is better. Add questions, or give validation a larger share.",
        name=_name(found.standings[0]),
        questions=sum(len(rows) for rows in found.ruler.questions.values()),
    )


def _alone(found: RaceResult) -> str:
    return t(
        "Only {name} has finished a run: there is nothing to compare it with.",
        name=_name(found.standings[0]),
    )


def _nothing(found: RaceResult) -> str:
    return t("No run has finished, so there is nothing to compare yet.")


_WORDS: Mapping[str, Callable[[RaceResult], str]] = {
    CLEAR: _clear,
    TIED: _tied,
    TOO_FEW: _too_few,
    ALONE: _alone,
    NOTHING: _nothing,
}


def _name(one: Standing) -> str:
    return plain(contestant_title(one.contestant))


def difference(value: Estimate, *, signed: bool = False) -> str:
    """Return a difference with its interval as text."""
    shown = f"{value.value:+.3f}" if signed else f"{value.value:.3f}"
    words = t(
        "{value} ({low} to {high})", value=shown, low=f"{value.low:.3f}", high=f"{value.high:.3f}"
    )
    return words.replace("-", "−")
