"""How people voted between two systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.messages import N_
from core.reporting.charts import palette
from core.reporting.charts.chart import Chart, Translate, new_figure, shortened, style_axes

if TYPE_CHECKING:
    from core.evaluation.preference import Preference


def vote_chart(found: Preference, first: str, second: str, t: Translate) -> Chart:
    """Draw the shares of votes for either system and for neither.

    Parameters
    ----------
    first, second : str
        Names of the two systems in the reader's language.
    """
    import pandas as pd

    rows = (
        (first, found.losses, palette.BASE),
        (t(N_("Neither")), found.ties, palette.BASELINE),
        (second, found.wins, palette.TUNED),
    )
    figure = new_figure(
        150,
        barmode="stack",
        margin={"l": 8, "r": 8, "t": 40, "b": 8},
        legend={"traceorder": "normal"},
    )
    for name, votes, colour in rows:
        share = votes / found.votes
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
            t(N_("Share (%)")): [round(100 * votes / found.votes, 1) for _, votes, _ in rows],
        }
    )
    return Chart(figure, found.count_text(first, second), table)
