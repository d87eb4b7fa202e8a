"""The verdict as dots with intervals: all systems, tuned minus base, parts of the questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ComparisonError
from core.evaluation.measures import MAIN_METRIC, METRICS, Measure
from core.evaluation.slices import SLICERS
from core.evaluation.verdict import (
    BASE,
    BETTER,
    REGIME_TEXTS,
    TUNED,
    WORDS,
    WORSE,
    intervals,
    present_regimes,
    signed_effect,
)
from core.messages import N_, Message, N_n
from core.reporting.charts import palette
from core.reporting.charts.chart import (
    HIGH,
    LOW,
    Chart,
    Translate,
    error_bars,
    name_lines,
    rounded,
    shortened,
    side_by_side,
    style_axes,
    table_of,
)
from core.types import Comparison, Difference, Interval, SliceDifference, SystemResult

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

ROW = 42  # pixels per system, measure or part
NAME, PART_NAME = 30, 44  # characters of a name beside the axis
SYSTEM_LOOKS = {  # colour, marker: told apart without colour too
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
TOO_FEW, TOO_FEW_LOOK = N_("too few to say"), (palette.BASE, "line-ns")


def system_chart(
    comparison: Comparison, t: Translate, *, metric: Measure | None = None, seed: int = 0
) -> Chart:
    """Draw every system's mean with its 95 % interval, one facet per regime.

    Parameters
    ----------
    metric : Measure or None
        One that the systems were measured by; None takes the main metric.
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
    if not comparison.systems:
        raise ComparisonError(
            "No system has results, so there is nothing to draw. Run the comparison again."
        )
    metric = metric or METRICS[MAIN_METRIC]
    regimes = present_regimes(comparison)
    spread = {regime: intervals(comparison, regime, seed=seed) for regime in regimes}
    systems = _ordered(comparison, spread[regimes[0]], metric.key)
    measure = metric.title_in(t)
    figure = _facets(comparison, regimes, [shortened(system.title, NAME) for system in systems], t)
    rows = []
    for column, regime in enumerate(regimes, start=1):
        for place, system in enumerate(systems):
            interval = spread[regime][system.name, metric.key]
            look = SYSTEM_LOOKS.get(system.name) or KIND_LOOKS.get(system.kind, OTHER_LOOK)
            _add_dot(figure, interval, place, look, f"{interval.value:.2f}", column)
            rows.append((_regime_title(regime, t), system.title, *_numbers(interval)))
    figure.update_xaxes(range=[-0.02, 1.04], dtick=0.2, title_text=_in_two_lines(measure))
    heads = (N_("Kind of question"), N_("System"), measure, LOW, HIGH)
    best = max(systems, key=lambda system: spread[regimes[0]][system.name, metric.key].value)
    top = spread[regimes[0]][best.name, metric.key]
    summary = Message(
        N_(
            "{count} systems on the same {questions} held-out questions, with 95 % intervals. "
            "{regime}: best is {best} with {value:.2f} ({low:.2f} to {high:.2f})."
        ),
        {
            "count": len(systems),
            "questions": len(comparison.question_rows),
            "regime": _regime_title(regimes[0], t),
            "best": best.title,
            "value": round(top.value, 4),
            "low": round(top.low, 4),
            "high": round(top.high, 4),
        },
    )
    return Chart(figure, summary, table_of(rows, heads, t))


def difference_chart(comparison: Comparison, t: Translate) -> Chart:
    """Draw tuned minus base for every metric, with its 95 % interval and a line at zero.

    Filled dots are better, crosses are worse, hollow dots show no clear difference;
    each dot has its word.

    Raises
    ------
    ComparisonError
        If tuned was not compared with base.
    """
    regimes = present_regimes(comparison)
    metrics = list(dict.fromkeys(d.metric for d in comparison.differences))
    if not metrics:
        raise ComparisonError(
            "The tuned model was not compared with the base model, so there is no difference to "
            "draw. Run the comparison again."
        )
    names = [_in_two_lines(METRICS[metric].title_in(t)) for metric in metrics]
    figure = _facets(comparison, regimes, names, t)
    rows, words = [], []
    for column, regime in enumerate(regimes, start=1):
        for place, metric in enumerate(metrics):
            difference = comparison.difference(regime, metric)
            if difference is None:
                continue
            interval = Interval(difference.difference, difference.low, difference.high)
            look, word = _verdict(difference.word)
            label = f"{signed_effect(interval.value)} · {t(word)}"
            _add_dot(figure, interval, place, look, label, column)
            rows.append(
                (
                    _regime_title(regime, t),
                    METRICS[metric].title_in(t),
                    *_numbers(interval),
                    round(difference.p, 4),
                    difference.wins,
                    difference.ties,
                    difference.losses,
                    t(word),
                )
            )
            words.append(difference.word)
    _centre_on_zero(figure, comparison.differences, t(N_("Tuned minus base")), nticks=6)
    heads = (
        N_("Kind of question"),
        N_("Measure"),
        N_("Difference"),
        LOW,
        HIGH,
        N_("p-value"),
        N_("Wins"),
        N_("Ties"),
        N_("Losses"),
        N_("Verdict"),
    )
    summary = Message(
        N_(
            "Tuned minus base in {count} comparisons (measures and kinds of question), with 95 % "
            "intervals: better in {better}, worse in {worse}, no clear difference in the others."
        ),
        {"count": len(words), "better": words.count(BETTER), "worse": words.count(WORSE)},
    )
    return Chart(figure, summary, table_of(rows, heads, t))


def slice_chart(slices: Sequence[SliceDifference], t: Translate) -> Chart:
    """Draw tuned minus base for every slice, with its 95 % interval and a line at zero.

    Filled dots are better, crosses are worse, hollow dots show no clear difference;
    slices that are too small for a verdict are a mere stroke. Each has its word.

    Parameters
    ----------
    slices : sequence of SliceDifference
        Of one attribute after the other.

    Raises
    ------
    ComparisonError
        If there are none.
    """
    if not slices:
        raise ComparisonError("There are no groups of questions to draw. Compare again.")
    lines: list[SliceDifference | str] = []
    for part in slices:
        heading = t(SLICERS[part.attribute].title)
        lines += [heading] * (heading not in lines) + [part]
    names, rows, dots = [], [], []
    for place, line in enumerate(lines):
        if isinstance(line, str):
            names.append(f"<b>{shortened(line, PART_NAME)}</b>")
            continue
        result, label = line.result, slice_label(line, t)
        size = t(N_n("{questions} question", "{questions} questions", by="questions")).format(
            questions=result.questions
        )
        names.append(f"{shortened(label, PART_NAME)}<br>{size}")
        look, word = (TOO_FEW_LOOK, TOO_FEW) if line.small else _verdict(result.word)
        interval = Interval(result.difference, result.low, result.high)
        dots.append((interval, place, look, f"{signed_effect(interval.value)} · {t(word)}"))
        rows.append(
            (
                t(SLICERS[line.attribute].title),
                label,
                result.questions,
                round(result.before, 4),
                round(result.after, 4),
                *_numbers(interval),
                round(result.p_adjusted, 4) if not line.small else None,
                t(word),
            )
        )
    figure = _dot_figure(names, ("",), 70, 8)
    for interval, place, look, label in dots:
        _add_dot(figure, interval, place, look, label, aside=True)
    title = t(N_("Tuned minus base (nDCG@10)"))
    _centre_on_zero(figure, [part.result for part in slices], title, nticks=8, room=1.9)
    heads = (
        N_("Told apart by"),
        N_("Questions of this kind"),
        N_("Questions"),
        N_("Before"),
        N_("After"),
        N_("Difference"),
        LOW,
        HIGH,
        N_("p-value (Holm)"),
        N_("Verdict"),
    )
    words = [part.result.word for part in slices if not part.small]
    summary = Message(
        N_(
            "Tuned minus base on {count} groups of questions, with 95 % intervals: better in "
            "{better}, worse in {worse}, too few questions in {small}, no clear difference in the "
            "others."
        ),
        {
            "count": len(slices),
            "better": words.count(BETTER),
            "worse": words.count(WORSE),
            "small": len(slices) - len(words),
        },
    )
    return Chart(figure, summary, table_of(rows, heads, t))


def slice_label(part: SliceDifference, t: Translate) -> str:
    """Return what the reader calls a slice; a user's own category is not translated."""
    return t(part.label.template).format(**part.label.params)


def _facets(
    comparison: Comparison, regimes: Sequence[str], names: Sequence[str], t: Translate
) -> Figure:
    """Return a figure with one column per regime and one named line per system or measure."""
    size = t(N_n("{questions} question", "{questions} questions", by="questions"))
    titles = [
        f"<b>{_regime_title(regime, t)}</b><br>"
        + size.format(questions=int(np.count_nonzero(comparison.regimes == regime)))
        for regime in regimes
    ]
    return _dot_figure(names, titles, 130, 56)


def _dot_figure(names: Sequence[str], titles: Sequence[str], around: int, top: int) -> Figure:
    """Return a figure with a column per title; ``around`` and ``top`` are pixels besides lines."""
    height, margin = around + ROW * len(names), {"l": 8, "r": 16, "t": top, "b": 8}
    figure = side_by_side(titles, height, 0.05, shared="y", margin=margin)
    style_axes(figure)
    figure.update_annotations(font_size=14)
    name_lines(figure, names)
    return figure


def _add_dot(
    figure: Figure,
    interval: Interval,
    place: int,
    look: tuple[str, str],
    label: str,
    column: int = 1,
    *,
    aside: bool = False,
) -> None:
    """Draw one mean with its interval and a label above it; place 0 is the top line.

    Parameters
    ----------
    aside : bool
        Let the label begin at the dot and lead away from zero, so that it never lies over the line.
    """
    colour, symbol = look
    value, low, high = rounded([interval.value, interval.low, interval.high], 3)
    figure.add_scatter(
        x=[value],
        y=[place],
        mode="markers+text",
        text=[label],
        textposition=("top left" if interval.value < 0 else "top right") if aside else "top center",
        marker={
            "color": colour,
            "symbol": symbol,
            "size": 11,
            "line": {"width": 2, "color": colour},
        },
        error_x=error_bars([interval.value], [interval.low], [interval.high], colour),
        hovertemplate=f"{value} ({low} – {high})<extra></extra>",
        showlegend=False,
        row=1,
        col=column,
    )


def _verdict(word: str) -> tuple[tuple[str, str], str]:
    """Return the look of a verdict and what the reader calls it, a message id."""
    return WORD_LOOKS.get(word, NOT_SHOWN_LOOK), WORDS[word]


def _centre_on_zero(
    figure: Figure,
    differences: Sequence[Difference],
    title: str,
    nticks: int,
    room: float = 1.15,
) -> None:
    """Put zero in the middle; the farthest interval ends at ``1 / room`` of the way to the edge."""
    figure.add_vline(x=0, line={"color": palette.HARD_LABEL, "width": 1.5})
    reach = max(room * max(max(abs(d.low), abs(d.high)) for d in differences), 0.02)
    figure.update_xaxes(range=[-reach, reach], title_text=title, tickformat="+.2~f", nticks=nticks)


def _ordered(
    comparison: Comparison, spread: dict[tuple[str, str], Interval], metric: str
) -> list[SystemResult]:
    first = [system for name in (BASE, TUNED) if (system := comparison.system(name)) is not None]
    others = [system for system in comparison.systems if system.name not in (BASE, TUNED)]
    return first + sorted(others, key=lambda system: -spread[system.name, metric].value)


def _numbers(interval: Interval) -> tuple[float, float, float]:
    return round(interval.value, 4), round(interval.low, 4), round(interval.high, 4)


def _in_two_lines(title: str) -> str:
    """Put the field's term in brackets under the plain words; also for full-width brackets."""
    start = max(title.rfind("("), title.rfind("（"))
    return title if start < 1 else f"{title[:start].rstrip()}<br>{title[start:]}"


def _regime_title(regime: str, t: Translate) -> str:
    return t(REGIME_TEXTS[regime].title)
