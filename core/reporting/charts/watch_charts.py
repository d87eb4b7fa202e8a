"""A pilot over time: questions unlike anything learned look by look, satisfaction week by week."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.messages import N_, Message
from core.reporting.charts import palette
from core.reporting.charts.chart import Chart, Translate, error_bars, new_figure, style_axes
from core.types.watch_looks import WatchLook, WeekOfSearches

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_HEIGHT = 230
_MARGIN = {"l": 8, "r": 16, "t": 12, "b": 8}
_NO_LINE = N_("No look has found searches yet.")
_UNLIKE = N_(
    "In the newest of {count} looks {share} of the questions were unlike anything learned."
)
_NO_AGREEMENT = N_("No look has asked two experts yet.")
_AGREE = N_(
    "In the newest of {count} looks the experts agree by {now} of 100 points about new questions "
    "({low} to {high}); about those learned from it is {known}."
)
_NO_WEEK = N_("No week has searches that say something yet.")
_SATISFIED = N_(
    "In the newest week {share} of the searches that say something found something that helped."
)


def unlike_line(looks: Sequence[WatchLook], limit: float | None, t: Translate) -> Chart:
    """Draw the share of questions unlike anything learned, look by look, with its interval.

    Parameters
    ----------
    looks : sequence of WatchLook
        Oldest first; those without searches are left out.
    limit : float or None
        Of the criterion, 0 to 1; None = it is switched off.
    """
    import pandas as pd

    shares = [(look.at[:16], look.drift.unlike.share) for look in looks if look.drift is not None]
    at = [moment for moment, _ in shares]
    values, lows, highs = (
        [100 * getattr(share, end) for _, share in shares] for end in ("value", "low", "high")
    )
    figure = new_figure(_HEIGHT, margin=_MARGIN, showlegend=False)
    figure.add_scatter(
        x=at,
        y=values,
        mode="lines+markers",
        line={"color": palette.TUNED, "width": 3},
        marker={"size": 9},
        error_y=error_bars(values, lows, highs, palette.MARK, thin=True),
        hovertemplate="%{x}: %{y:.0f}%<extra></extra>",
    )
    style_axes(figure)
    figure.update_yaxes(range=[0, max([100 * (limit or 0.1) * 1.5, *highs])], ticksuffix="%")
    _days(figure, at)
    if limit is not None:
        _limit(figure, 100 * limit, t(N_("limit")))
    heads = (N_("Look"), N_("Unlike anything learned"), N_("Low (95 %)"), N_("High (95 %)"))
    cells = zip(at, *([round(v, 1) for v in part] for part in (values, lows, highs)), strict=True)
    table = pd.DataFrame(list(cells), columns=[t(head) for head in heads])
    if not shares:
        return Chart(figure, Message(_NO_LINE), table)
    told: dict[str, str | int | float] = {"count": len(shares), "share": f"{values[-1]:.0f}%"}
    return Chart(figure, Message(_UNLIKE, told), table)


def agreement_line(looks: Sequence[WatchLook], t: Translate) -> Chart:
    """Draw look by look how far the experts agree about new questions, beside the known ones.

    Parameters
    ----------
    looks : sequence of WatchLook
        Oldest first; those in which fewer than two experts were asked are left out.
    """
    import pandas as pd

    found = [(look.at[:16], look.agreement) for look in looks if look.agreement is not None]
    at = [moment for moment, _ in found]
    now, known = ([one.now for _, one in found], [one.known for _, one in found])
    figure = new_figure(_HEIGHT, margin=_MARGIN, legend={"y": 1.02})
    for name, ends, colour, dash in (
        (N_("new questions"), now, palette.TUNED, "solid"),
        (N_("questions learned from"), known, palette.BASE, "dot"),
    ):
        parts = ([100 * getattr(one, end) for one in ends] for end in ("value", "low", "high"))
        values, low, high = parts
        bars = error_bars(values, low, high, palette.MARK, thin=True)
        _line(figure, at, values, t(name), colour, dash, "%{x}: %{y:.0f}", error_y=bars)
    style_axes(figure)
    lows = [100 * one.low for one in (*now, *known)]
    figure.update_yaxes(range=[min([0, *lows]) - 4, 104])
    _days(figure, at)
    heads = (
        *(N_("Look"), N_("New questions"), N_("Low (95 %)"), N_("High (95 %)")),
        *(N_("Questions learned from"), N_("Questions")),
    )
    rows = [
        (
            moment,
            *(round(100 * value) for value in (one.now.value, one.now.low, one.now.high)),
            *(round(100 * one.known.value), one.questions),
        )
        for moment, one in found
    ]
    table = pd.DataFrame(rows, columns=[t(head) for head in heads])
    if not found:
        return Chart(figure, Message(_NO_AGREEMENT), table)
    told: dict[str, str | int | float] = {
        "count": len(found),
        "now": round(100 * now[-1].value),
        "low": round(100 * now[-1].low),
        "high": round(100 * now[-1].high),
        "known": round(100 * known[-1].value),
    }
    return Chart(figure, Message(_AGREE, told), table)


def satisfaction_line(weeks: Sequence[WeekOfSearches], t: Translate) -> Chart:
    """Draw week by week how many searches helped, and in how many nothing was opened or liked.

    Parameters
    ----------
    weeks : sequence of WeekOfSearches
        Oldest first.
    """
    import pandas as pd

    at = [week.begins[:10] for week in weeks]
    pleased = [None if w.satisfaction is None else 100 * w.satisfaction for w in weeks]
    without = [100 * w.without / w.searches if w.searches else None for w in weeks]
    figure = new_figure(_HEIGHT, margin=_MARGIN, legend={"y": 1.02})
    for name, values, colour, dash in (
        (N_("satisfied, of those who say something"), pleased, palette.RIGHT, "solid"),
        (N_("nothing opened or liked"), without, palette.BASE, "dot"),
    ):
        _line(figure, at, values, t(name), colour, dash, "%{x}: %{y:.0f}%")
    style_axes(figure)
    figure.update_yaxes(range=[-4, 104], tickvals=[0, 50, 100], ticktext=["0%", "50%", "100%"])
    _days(figure, at)
    heads = (
        *(N_("Week from"), N_("Searches"), N_("Satisfied"), N_("Dissatisfied")),
        N_("Nothing opened or liked"),
    )
    rows = [
        (day, round(w.searches), round(w.satisfied), round(w.dissatisfied), round(w.without))
        for day, w in zip(at, weeks, strict=True)
    ]
    table = pd.DataFrame(rows, columns=[t(head) for head in heads])
    newest = next((value for value in reversed(pleased) if value is not None), None)
    if newest is None:
        return Chart(figure, Message(_NO_WEEK), table)
    return Chart(figure, Message(_SATISFIED, {"share": f"{newest:.0f}%"}), table)


def _line(
    figure: Figure,
    at: Sequence[str],
    values: Sequence[float | None],
    name: str,
    colour: str,
    dash: str,
    hover: str,
    **options: object,
) -> None:
    """Draw one of two lines over time."""
    figure.add_scatter(
        x=at,
        y=values,
        name=name,
        mode="lines+markers",
        line={"color": colour, "width": 3, "dash": dash},
        marker={"size": 8},
        hovertemplate=f"{hover}<extra></extra>",
        **options,
    )


def _days(figure: Figure, at: Sequence[str]) -> None:
    """Write a few of the days below the points, without the year, which says nothing here."""
    places = list(range(len(at)))[:: max(1, len(at) // 6)]
    figure.update_xaxes(
        type="category",
        showgrid=False,
        tickangle=0,
        tickvals=[at[place] for place in places],
        ticktext=[at[place][5:10] for place in places],
    )


def _limit(figure: Figure, value: float, name: str) -> None:
    figure.add_hline(
        value,
        line={"color": palette.WORSE, "dash": "dash", "width": 1.5},
        annotation={"text": name, "x": 1, "xanchor": "right", "yanchor": "bottom"},
    )
