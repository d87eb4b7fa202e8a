"""What else a comparison shows: moved answers, the map, mixed weights, and how people voted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.evaluation.movements import SHOWN, AnswerMove
from core.messages import N_, Message
from core.reporting.charts import palette
from core.reporting.charts.chart import (
    TRANSPARENT,
    Chart,
    Translate,
    new_figure,
    one_line,
    shortened,
    side_by_side,
    style_axes,
)

if TYPE_CHECKING:
    from pandas import DataFrame
    from plotly.graph_objects import Figure

    from core.evaluation.preference import Preference
    from core.tuning.mixing import SweepPoint

LINE = 32  # pixels per rank
LABEL = 32  # characters of an answer beside its rank
MAP_HEIGHT = 460
_HOVER = 60  # columns of a text in tooltip and table: 1,200 texts are sent three times over
_BEFORE, _AFTER = N_("Before (base)"), N_("After (tuned)")
_MOVEMENTS = {  # whether the best right answer was in the list before, whether it is after
    (True, True): N_("The best right answer went from rank {before} to rank {after}."),
    (True, False): N_("The best right answer, on rank {before} before, dropped out of the list."),
    (False, True): N_("The best right answer, not in the list before, came in on rank {after}."),
    (False, False): N_("No right answer is in either list."),
}


def movement_chart(
    rows: Sequence[AnswerMove], t: Translate, texts: Mapping[int, str] | None = None
) -> Chart:
    """Draw a line from each answer's rank before to its rank after; right answers stand out.

    Answers past the first ten, or not found at all, end below the line, one under the other.

    Parameters
    ----------
    rows : sequence of AnswerMove
        See :func:`core.evaluation.movements.answer_moves`.
    texts : mapping of answer row to str, optional
        Beginning of the answer beside its rank; without them only ranks are written.
    """
    texts = texts or {}
    before = _places(rows, [row.before_rank for row in rows])
    after = _places(rows, [row.after_rank for row in rows])
    lowest = max([SHOWN, *before, *after])
    figure = new_figure(
        int(80 + LINE * lowest), margin={"l": 8, "r": 8, "t": 64, "b": 8}, hovermode="closest"
    )
    names = {True: t(N_("Right answers")), False: t(N_("Other answers"))}
    legend_shown: set[bool] = set()
    # Right answers last, so that their lines lie on top.
    for i in sorted(range(len(rows)), key=lambda i: rows[i].right):
        row = rows[i]
        colour = palette.RIGHT if row.right else palette.BASE
        hover = t(N_("Rank {before} → {after}")).format(
            before=_rank(row.before_rank), after=_rank(row.after_rank)
        )
        text = texts.get(row.answer, "")
        figure.add_scatter(
            x=[0, 1],
            y=[before[i], after[i]],
            mode="lines+markers+text",
            text=[
                _side(text, row.before_rank, row.right, left=True),
                _side(text, row.after_rank, row.right, left=False),
            ],
            textposition=["middle left", "middle right"],
            line={
                "color": colour,
                "width": 3.5 if row.right else 1.5,
                "dash": "solid" if row.before_rank and row.after_rank else "dot",
            },
            marker={"color": colour, "size": 10 if row.right else 7},
            opacity=1 if row.right else 0.85,
            name=names[row.right],
            legendgroup=names[row.right],
            showlegend=row.right not in legend_shown,
            hovertemplate=f"{shortened(text, 90)}<br>{hover}<extra></extra>",
        )
        legend_shown.add(row.right)
    if lowest > SHOWN:
        figure.add_hline(
            y=SHOWN + 0.6,
            line={"color": palette.GUIDE, "width": 1.5, "dash": "dash"},
            annotation={"text": t(N_("not in the first ten")), "font": {"size": 12}},
            annotation_position="bottom left",
        )
    room = 1.35 if texts else 0.25
    figure.update_xaxes(
        range=[-room, 1 + room],
        tickvals=[0, 1],
        ticktext=[f"<b>{t(_BEFORE)}</b>", f"<b>{t(_AFTER)}</b>"],
        side="top",
        showgrid=False,
        zeroline=False,
    )
    figure.update_yaxes(range=[lowest + 0.6, 0.4], visible=False)
    figure.update_layout(legend={"y": 0, "yanchor": "top"}, margin={"b": 40})
    return Chart(figure, _movement(rows), _moves_table(rows, texts, t))


def _places(rows: Sequence[AnswerMove], ranks: Sequence[int | None]) -> list[float]:
    """Return heights: the rank inside the first ten, else one line each below it."""
    past = [i for i, rank in enumerate(ranks) if rank is None or rank > SHOWN]
    past.sort(key=lambda i: (ranks[i] or 10**9, rows[i].answer))
    below = {i: SHOWN + 1.7 + 0.8 * place for place, i in enumerate(past)}
    return [below[i] if i in below else float(rank or 0) for i, rank in enumerate(ranks)]


def _rank(rank: int | None) -> str:
    return "–" if rank is None else str(rank)


def _side(text: str, rank: int | None, right: bool, *, left: bool) -> str:
    short = shortened(text, LABEL)
    short = f"<b>{short}</b>" if right and short else short
    parts = [short, _rank(rank)] if left else [_rank(rank), short]
    return "  ".join(part for part in parts if part)


def _movement(rows: Sequence[AnswerMove]) -> Message:
    right = [row for row in rows if row.right]
    before = min((row.before_rank for row in right if row.before_rank), default=0)
    after = min((row.after_rank for row in right if row.after_rank), default=0)
    text = _MOVEMENTS[before > 0, after > 0]
    return Message(text, {"before": before, "after": after} if before or after else {})


def _moves_table(rows: Sequence[AnswerMove], texts: Mapping[int, str], t: Translate) -> DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            t(N_("Answer")): [texts.get(row.answer, str(row.answer + 1)) for row in rows],
            t(N_("Rank before")): pd.array([row.before_rank for row in rows], dtype="Int64"),
            t(N_("Rank after")): pd.array([row.after_rank for row in rows], dtype="Int64"),
            t(N_("Score before")): [_short(row.before_score) for row in rows],
            t(N_("Score after")): [_short(row.after_score) for row in rows],
            t(N_("Right answer")): [row.right for row in rows],
        }
    )


def _short(score: float | None) -> float | None:
    return None if score is None else round(score, 4)


def map_chart(
    before: np.ndarray,
    after: np.ndarray,
    questions: Sequence[str],
    answers: Sequence[str],
    t: Translate,
) -> Chart:
    """Draw both pictures side by side; the same place means the same thing in both.

    Parameters
    ----------
    before, after : float arrays [n_q + n_a, 2]
        First the questions, then the answers.
    questions, answers : sequences of str
        Their texts, shown when the mouse is over a point.
    """
    count = len(questions)
    questions, answers = (
        [one_line(text, _HOVER, other=3) for text in texts] for texts in (questions, answers)
    )
    figure = side_by_side(
        [t(_BEFORE), t(_AFTER)],
        MAP_HEIGHT,
        0.03,
        shared="xy",
        margin={"l": 8, "r": 8, "t": 32, "b": 40},
        legend={"y": -0.02, "yanchor": "top"},
    )
    kinds = (
        (t(N_("Questions")), slice(0, count), questions, palette.TUNED, "circle", 5),
        (t(N_("Answers")), slice(count, None), answers, palette.OTHER, "diamond", 6),
    )
    for column, points in enumerate((before, after), start=1):
        for name, rows, texts, colour, symbol, size in kinds:
            figure.add_scatter(
                x=points[rows, 0].astype(np.float32),
                y=points[rows, 1].astype(np.float32),
                mode="markers",
                name=name,
                legendgroup=name,
                showlegend=column == 1,
                text=[shortened(text, _HOVER) for text in texts],
                hovertemplate="%{text}<extra>" + shortened(name) + "</extra>",
                marker={"color": colour, "symbol": symbol, "size": size, "opacity": 0.65},
                row=1,
                col=column,
            )
    _map_axes(figure, np.vstack([before, after]))
    summary = Message(
        N_(
            "{questions} questions and {answers} answers as points in two dimensions, before and "
            "after tuning, by the same projection. Points that lie near each other are alike to "
            "the model."
        ),
        {"questions": count, "answers": len(answers)},
    )
    return Chart(figure, summary, _map_table(before, after, [*questions, *answers], count, t))


def _map_axes(figure: Figure, points: np.ndarray) -> None:
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.04 * (high - low + 1e-6)
    quiet = {"showticklabels": False, "zeroline": False, "gridcolor": palette.GUIDE}
    figure.update_xaxes(range=[float(low[0] - room[0]), float(high[0] + room[0])], **quiet)
    figure.update_yaxes(range=[float(low[1] - room[1]), float(high[1] + room[1])], **quiet)


def _map_table(
    before: np.ndarray, after: np.ndarray, texts: Sequence[str], count: int, t: Translate
) -> DataFrame:
    import pandas as pd

    moved = np.linalg.norm(after - before, axis=1)
    kind = [t(N_("Question"))] * count + [t(N_("Answer"))] * (len(texts) - count)
    return pd.DataFrame(
        {
            t(N_("Text")): list(texts),
            t(N_("Kind")): kind,
            t(N_("Moved by")): moved.astype(float).round(3),
        }
    ).sort_values(t(N_("Moved by")), ascending=False, kind="stable")


def alpha_chart(sweep: Sequence[SweepPoint], chosen: float | None, t: Translate) -> Chart | None:
    """Draw search quality against generality, one point per share α of the tuned weights.

    Parameters
    ----------
    sweep : sequence of SweepPoint
    chosen : float or None
        The α of the model that was kept.

    Returns
    -------
    Chart or None
        None where fewer than two points were measured both ways.
    """
    import pandas as pd

    points = sorted(
        (point.alpha, point.score, point.generality)
        for point in sweep
        if point.generality is not None
    )
    if len(points) < 2:
        return None
    nearest = min(points, key=lambda p: abs(p[0] - chosen)) if chosen is not None else None
    figure = new_figure(360, margin={"l": 8, "r": 8, "t": 40, "b": 8})
    figure.add_scatter(
        x=[round(p[2], 4) for p in points],
        y=[round(p[1], 4) for p in points],
        mode="lines+markers+text",
        text=[f"\u2003α {p[0]:g}" for p in points],  # beside the ring, not under it
        textposition="middle right",
        cliponaxis=False,
        line={"color": palette.TUNED, "width": 2},
        marker={"color": palette.TUNED, "size": 8},
        hovertemplate="%{text}: %{y} · %{x}<extra></extra>",
        name=t(N_("Share of the tuned weights (α)")),
    )
    if nearest is not None:
        figure.add_scatter(
            x=[round(nearest[2], 4)],
            y=[round(nearest[1], 4)],
            mode="markers",
            marker={
                "color": TRANSPARENT,
                "size": 20,
                "line": {"color": palette.RIGHT, "width": 3},
            },
            hoverinfo="skip",
            name=t(N_("Chosen")),
        )
    style_axes(figure)
    own = t(N_("Own questions (nDCG@10, validation)"))
    everyday = t(N_("Everyday language (Spearman)"))
    figure.update_xaxes(title=everyday)
    figure.update_yaxes(title=own)
    table = pd.DataFrame(
        {
            "α": [p[0] for p in points],
            own: [round(p[1], 4) for p in points],
            everyday: [round(p[2], 4) for p in points],
            t(N_("Chosen")): ["✓" if p == nearest else "" for p in points],
        }
    )
    first, last = points[0], points[-1]
    summary = Message(
        N_(
            "From α = {first:g} to α = {last:g}, search on own validation questions goes from "
            "{low:.3f} to {high:.3f} and everyday language from {before:.3f} to {after:.3f}."
        ),
        {
            "first": first[0],
            "last": last[0],
            "low": first[1],
            "high": last[1],
            "before": first[2],
            "after": last[2],
        },
    )
    return Chart(figure, summary, table)


def vote_chart(result: Preference, first: str, second: str, t: Translate) -> Chart:
    """Draw the shares of votes for either system and for neither.

    Parameters
    ----------
    first, second : str
        Names of the two systems in the reader's language.
    """
    import pandas as pd

    rows = (
        (first, result.losses, palette.BASE),
        (t(N_("Neither")), result.ties, palette.BASELINE),
        (second, result.wins, palette.TUNED),
    )
    figure = new_figure(
        150,
        barmode="stack",
        margin={"l": 8, "r": 8, "t": 40, "b": 8},
        legend={"traceorder": "normal"},
    )
    for name, votes, colour in rows:
        share = votes / result.votes
        figure.add_bar(
            x=[round(share * 100, 1)],
            y=[0],
            orientation="h",
            name=shortened(name, 40),
            marker={"color": colour},
            text=[f"{votes} ({share:.0%})" if share >= 0.08 else ""],
            textposition="inside",
            insidetextanchor="middle",
            hovertemplate=f"{shortened(name, 40)}: {votes} ({share:.0%})<extra></extra>",
        )
    style_axes(figure)
    figure.update_xaxes(range=[0, 100], ticksuffix=" %", showgrid=False)
    figure.update_yaxes(visible=False)
    figure.add_vline(x=50, line={"color": palette.MARK, "width": 1.5, "dash": "dot"})
    table = pd.DataFrame(
        {
            t(N_("Vote for")): [name for name, _, _ in rows],
            t(N_("Votes")): [votes for _, votes, _ in rows],
            t(N_("Share (%)")): [round(100 * votes / result.votes, 1) for _, votes, _ in rows],
        }
    )
    return Chart(figure, result.count_text(first, second), table)
