"""How the answers of one question moved between the base and the tuned model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.evaluation.movements import SHOWN, AnswerMove
from core.messages import N_, Message
from core.reporting.charts import palette
from core.reporting.charts.chart import Chart, Translate, new_figure, shortened

if TYPE_CHECKING:
    from pandas import DataFrame

LINE = 32  # pixels per rank
LABEL = 32  # characters of an answer beside its rank


def movement_chart(
    rows: Sequence[AnswerMove], t: Translate, texts: Mapping[int, str] | None = None
) -> Chart:
    """Draw a line from each answer's rank before to its rank after; right answers stand out.

    Answers past the first ten, or not found at all, end below the line, one under the other.

    Parameters
    ----------
    rows : sequence of AnswerMove
        See :func:`core.evaluation.movements.answer_moves`.
    t : callable
        Translates a text into the reader's language.
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
        ticktext=[f"<b>{t(N_('Before (base)'))}</b>", f"<b>{t(N_('After (tuned)'))}</b>"],
        side="top",
        showgrid=False,
        zeroline=False,
    )
    figure.update_yaxes(range=[lowest + 0.6, 0.4], visible=False)
    figure.update_layout(legend={"y": 0, "yanchor": "top"}, margin={"b": 40})
    return Chart(figure, _summary(rows), _table(rows, texts, t))


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


def _summary(rows: Sequence[AnswerMove]) -> Message:
    right = [row for row in rows if row.right]
    before = min((row.before_rank for row in right if row.before_rank), default=None)
    after = min((row.after_rank for row in right if row.after_rank), default=None)
    if before and after:
        return Message(
            N_("The best right answer went from rank {before} to rank {after}."),
            {"before": before, "after": after},
        )
    if before:
        return Message(
            N_("The best right answer, on rank {before} before, dropped out of the list."),
            {"before": before},
        )
    if after:
        return Message(
            N_("The best right answer, not in the list before, came in on rank {after}."),
            {"after": after},
        )
    return Message(N_("No right answer is in either list."))


def _table(rows: Sequence[AnswerMove], texts: Mapping[int, str], t: Translate) -> DataFrame:
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
