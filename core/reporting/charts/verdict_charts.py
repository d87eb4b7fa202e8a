"""The verdict as charts: all systems, tuned against base, and how one question's answers moved."""

from __future__ import annotations

from core.errors import ComparisonError
from core.evaluation.differences import BASE, TUNED, intervals, present_regimes
from core.evaluation.measures import MAIN_METRIC, METRICS, Measure
from core.evaluation.verdict import BETTER, WORDS, WORSE, signed_effect
from core.messages import N_, Message
from core.reporting.charts import palette
from core.reporting.charts.chart import Chart, Translate, shortened
from core.reporting.charts.dot_intervals import (
    add_dot,
    facets,
    in_two_lines,
    regime_title,
)
from core.types import ArmResult, Comparison, Interval

NAME = 30  # characters of a name beside the axis
ARM_LOOKS = {  # colour, marker: told apart without colour too
    BASE: (palette.BASE, "diamond"),
    TUNED: (palette.TUNED, "circle"),
}
KIND_LOOKS = {  # other tuned models are blue too, but hollow
    "tuned": (palette.TUNED, "circle-open"),
    "interpolated": (palette.TUNED, "diamond-open"),
    "run_file": (palette.BASELINE, "square-open"),
}
OTHER_LOOK = (palette.BASELINE, "circle-open")
WORD_LOOKS = {BETTER: (palette.TUNED, "circle"), WORSE: (palette.WORSE, "x")}
NOT_SHOWN_LOOK = (palette.BASE, "circle-open")


def arm_chart(
    comparison: Comparison, t: Translate, *, metric: Measure | None = None, seed: int = 0
) -> Chart:
    """Draw every system's mean with its 95 % interval, one facet per regime.

    Parameters
    ----------
    t : callable
        Translates a text into the reader's language.
    metric : Measure or None
        One that the arms were measured by; None takes the main metric.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Chart
        Base first, then tuned, then all others from best to worst in the first regime.

    Raises
    ------
    ComparisonError
        If no system has results.
    """
    import pandas as pd

    if not comparison.arms:
        raise ComparisonError(
            "No system has results, so there is nothing to draw. Run the comparison again."
        )
    metric = metric or METRICS[MAIN_METRIC]
    regimes = present_regimes(comparison)
    found = {regime: intervals(comparison, regime, seed=seed) for regime in regimes}
    arms = _ordered(comparison, found[regimes[0]], metric.key)
    measure = metric.title_in(t)
    figure = facets(comparison, regimes, len(arms), [shortened(arm.title, NAME) for arm in arms], t)
    rows = []
    for column, regime in enumerate(regimes, start=1):
        for place, arm in enumerate(arms):
            interval = found[regime][arm.name, metric.key]
            colour, symbol = ARM_LOOKS.get(arm.name) or KIND_LOOKS.get(arm.kind, OTHER_LOOK)
            add_dot(figure, interval, place, colour, symbol, f"{interval.value:.2f}", column)
            rows.append((regime_title(regime, t), arm.title, *_numbers(interval)))
    figure.update_xaxes(range=[-0.02, 1.04], dtick=0.2, title_text=in_two_lines(measure))
    columns = (N_("Kind of question"), N_("System"), measure, N_("Low (95 %)"), N_("High (95 %)"))
    table = pd.DataFrame(rows, columns=[t(name) for name in columns])
    best = max(arms, key=lambda arm: found[regimes[0]][arm.name, metric.key].value)
    top = found[regimes[0]][best.name, metric.key]
    summary = Message(
        N_(
            "{count} systems on the same {questions} held-out questions, with 95 % intervals. "
            "{regime}: best is {best} with {value:.2f} ({low:.2f} to {high:.2f})."
        ),
        {
            "count": len(arms),
            "questions": len(comparison.question_rows),
            "regime": regime_title(regimes[0], t),
            "best": best.title,
            "value": round(top.value, 4),
            "low": round(top.low, 4),
            "high": round(top.high, 4),
        },
    )
    return Chart(figure, summary, table)


def difference_chart(comparison: Comparison, t: Translate) -> Chart:
    """Draw tuned minus base for every metric, with its 95 % interval and a line at zero.

    Filled dots are better, crosses are worse, hollow dots are not shown; each dot has its word.

    Raises
    ------
    ComparisonError
        If tuned was not compared with base.
    """
    import pandas as pd

    regimes = present_regimes(comparison)
    metrics = list(dict.fromkeys(d.metric for d in comparison.differences))
    if not metrics:
        raise ComparisonError(
            "The tuned model was not compared with the base model, so there is no difference to "
            "draw. Run the comparison again."
        )
    titles = [in_two_lines(METRICS[metric].title_in(t)) for metric in metrics]
    figure = facets(comparison, regimes, len(metrics), titles, t)
    rows, words = [], []
    for column, regime in enumerate(regimes, start=1):
        for place, metric in enumerate(metrics):
            difference = comparison.difference(regime, metric)
            if difference is None:
                continue
            interval = Interval(difference.difference, difference.low, difference.high)
            colour, symbol = WORD_LOOKS.get(difference.word, NOT_SHOWN_LOOK)
            word = t(WORDS[difference.word])
            label = f"{signed_effect(interval.value)} · {word}"
            add_dot(figure, interval, place, colour, symbol, label, column)
            rows.append(
                (
                    regime_title(regime, t),
                    METRICS[metric].title_in(t),
                    *_numbers(interval),
                    round(difference.p, 4),
                    difference.wins,
                    difference.ties,
                    difference.losses,
                    word,
                )
            )
            words.append(difference.word)
        figure.add_vline(x=0, line={"color": palette.HARD_LABEL, "width": 1.5}, row=1, col=column)
    reach = max(max(abs(d.low), abs(d.high)) for d in comparison.differences)
    reach = max(1.15 * reach, 0.02)
    figure.update_xaxes(
        range=[-reach, reach], title_text=t(N_("Tuned minus base")), tickformat="+.2~f", nticks=6
    )
    columns = (
        N_("Kind of question"),
        N_("Measure"),
        N_("Difference"),
        N_("Low (95 %)"),
        N_("High (95 %)"),
        N_("p-value"),
        N_("Wins"),
        N_("Ties"),
        N_("Losses"),
        N_("Verdict"),
    )
    table = pd.DataFrame(rows, columns=[t(name) for name in columns])
    summary = Message(
        N_(
            "Tuned minus base in {count} comparisons (measures and kinds of question), with 95 % "
            "intervals: better in {better}, worse in {worse}, not shown in the others."
        ),
        {"count": len(words), "better": words.count(BETTER), "worse": words.count(WORSE)},
    )
    return Chart(figure, summary, table)


def _ordered(
    comparison: Comparison, found: dict[tuple[str, str], Interval], metric: str
) -> list[ArmResult]:
    first = [arm for name in (BASE, TUNED) if (arm := comparison.arm(name)) is not None]
    others = [arm for arm in comparison.arms if arm.name not in (BASE, TUNED)]
    return first + sorted(others, key=lambda arm: -found[arm.name, metric].value)


def _numbers(interval: Interval) -> tuple[float, float, float]:
    return round(interval.value, 4), round(interval.low, 4), round(interval.high, 4)
