"""The split as a picture: what is learned from, what is held out, in both regimes."""

from __future__ import annotations

from collections.abc import Mapping

from core.messages import N_, Message, N_n
from core.reporting.charts.chart import Chart, Translate, new_figure, style_axes, table_of
from core.reporting.charts.palette import BASE, RIGHT, TUNED
from core.types import TEST_KNOWN, TEST_UNSEEN, TRAIN, VALIDATION_KNOWN, VALIDATION_UNSEEN

_PARTS = (  # name in the legend, colour, splits of the two bars (known answers, unseen answers)
    (N_("Learn from (training)"), BASE, (TRAIN, None)),
    (N_("Choose the best moment (validation)"), TUNED, (VALIDATION_KNOWN, VALIDATION_UNSEEN)),
    (N_("Final exam (test)"), RIGHT, (TEST_KNOWN, TEST_UNSEEN)),
)


def split_picture(counts: Mapping[str, tuple[int, int]], t: Translate) -> Chart:
    """Draw the two regimes as two stacked bars.

    Parameters
    ----------
    counts : mapping of split to (questions, answer groups)
        Splits of ``core.types.SPLITS``; absent ones count 0.
    """
    bars = [t(N_("Known answers,<br>new wording")), t(N_("Unseen answers"))]
    inside = t(N_n("{questions} question", "{questions} questions", by="questions"))
    figure = new_figure(
        240,
        barmode="stack",
        bargap=0.35,
        uniformtext={"minsize": 12, "mode": "hide"},
        margin={"l": 8, "r": 8, "t": 56, "b": 8},
    )
    rows = []
    for title, colour, splits in _PARTS:
        values = [counts.get(split, (0, 0)) if split else (0, 0) for split in splits]
        figure.add_bar(
            x=[questions for questions, _ in values],
            y=bars,
            orientation="h",
            name=t(title),
            text=[inside.format(questions=q) if q else "" for q, _ in values],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate="%{x}",
        )
        for bar, split, (questions, groups) in zip(bars, splits, values, strict=True):
            if split:
                rows.append((bar.replace("<br>", " "), t(title), questions, groups))
    style_axes(figure)
    figure.update_xaxes(title_text=t(N_("Questions")), rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_layout(
        legend={"y": 1, "yref": "container", "yanchor": "top", "traceorder": "normal"}
    )
    heads = (N_("Kind of question"), N_("Used for"), N_("Questions"), N_("Answer groups"))
    get = {split: counts.get(split, (0, 0)) for _, _, pair in _PARTS for split in pair if split}
    summary = Message(
        N_(
            "{train} questions are learned from. Known answers in new wording: {validation_known} "
            "questions for validation, {test_known} for the test. Answers never seen in training: "
            "{validation_unseen} questions for validation, {test_unseen} for the test, from "
            "{unseen_groups} answer groups."
        ),
        {split: questions for split, (questions, _) in get.items()}
        | {"unseen_groups": get[VALIDATION_UNSEEN][1] + get[TEST_UNSEEN][1]},
    )
    return Chart(figure, summary, table_of(rows, heads, t))
