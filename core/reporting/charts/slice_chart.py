"""Where tuning helps: the difference on parts of the questions, attribute by attribute."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import ComparisonError
from core.evaluation.slices import SLICERS
from core.evaluation.verdict import BETTER, WORDS, WORSE, signed_effect
from core.messages import N_, Message
from core.reporting.charts import palette
from core.reporting.charts.chart import Chart, Translate, new_figure, shortened, style_axes
from core.reporting.charts.dot_intervals import ROW, add_dot
from core.reporting.charts.verdict_charts import NOT_SHOWN_LOOK, WORD_LOOKS
from core.types import Interval, SliceDifference

NAME = 44  # characters of a slice's name beside the axis
TOO_FEW = N_("too few to say")
TOO_FEW_LOOK = (palette.BASE, "line-ns")


def slice_chart(slices: Sequence[SliceDifference], t: Translate) -> Chart:
    """Draw tuned minus base for every slice, with its 95 % interval and a line at zero.

    Filled dots are better, crosses are worse, hollow dots are not shown; slices that are too small
    for a verdict are a mere stroke. Each has its word.

    Parameters
    ----------
    slices : sequence of SliceDifference
        Of one attribute after the other.
    t : callable
        Translates a text into the reader's language.

    Raises
    ------
    ComparisonError
        If there are none.
    """
    import pandas as pd
    from plotly.subplots import make_subplots

    if not slices:
        raise ComparisonError("There are no groups of questions to draw. Compare again.")
    lines: list[SliceDifference | str] = []
    for part in slices:
        heading = t(SLICERS[part.attribute].title)
        lines += [heading] * (heading not in lines) + [part]
    figure = make_subplots(
        rows=1,
        cols=1,
        figure=new_figure(70 + ROW * len(lines), margin={"l": 8, "r": 16, "t": 8, "b": 8}),
    )
    style_axes(figure)
    names, rows = [], []
    for place, line in enumerate(lines):
        if isinstance(line, str):
            names.append(f"<b>{shortened(line, NAME)}</b>")
            continue
        result, label = line.result, slice_label(line, t)
        size = t(N_("{questions} questions")).format(questions=result.questions)
        names.append(f"{shortened(label, NAME)}<br>{size}")
        word = t(TOO_FEW) if line.small else t(WORDS[result.word])
        colour, symbol = TOO_FEW_LOOK if line.small else WORD_LOOKS.get(result.word, NOT_SHOWN_LOOK)
        interval = Interval(result.difference, result.low, result.high)
        text = f"{signed_effect(interval.value)} · {word}"
        add_dot(figure, interval, place, colour, symbol, text, 1)
        rows.append(
            (
                t(SLICERS[line.attribute].title),
                label,
                result.questions,
                round(result.before, 4),
                round(result.after, 4),
                round(result.difference, 4),
                round(result.low, 4),
                round(result.high, 4),
                round(result.p_adjusted, 4) if not line.small else None,
                word,
            )
        )
    figure.add_vline(x=0, line={"color": palette.HARD_LABEL, "width": 1.5})
    reach = max(max(abs(part.result.low), abs(part.result.high)) for part in slices)
    reach = max(1.15 * reach, 0.02)
    figure.update_xaxes(
        range=[-reach, reach],
        title_text=t(N_("Tuned minus base (nDCG@10)")),
        tickformat="+.2~f",
        nticks=8,
    )
    figure.update_yaxes(
        tickvals=list(range(len(lines))),
        ticktext=names,
        range=[len(lines) - 0.5, -0.65],
        showgrid=False,
    )
    columns = (
        N_("Told apart by"),
        N_("Questions of this kind"),
        N_("Questions"),
        N_("Before"),
        N_("After"),
        N_("Difference"),
        N_("Low (95 %)"),
        N_("High (95 %)"),
        N_("p-value (Holm)"),
        N_("Verdict"),
    )
    table = pd.DataFrame(rows, columns=[t(name) for name in columns])
    words = [part.result.word for part in slices if not part.small]
    summary = Message(
        N_(
            "Tuned minus base on {count} groups of questions, with 95 % intervals: better in "
            "{better}, worse in {worse}, too few questions in {small}, not shown in the others."
        ),
        {
            "count": len(slices),
            "better": words.count(BETTER),
            "worse": words.count(WORSE),
            "small": len(slices) - len(words),
        },
    )
    return Chart(figure, summary, table)


def slice_label(part: SliceDifference, t: Translate) -> str:
    """Return what the reader calls a slice; a user's own category is not translated."""
    return t(part.label.template).format(**part.label.params)
