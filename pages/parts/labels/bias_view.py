"""The Bias tab: which groups get higher or lower labels, which expert causes it, and a switch."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

import numpy as np
import streamlit as st

from core.journey.labels import ATTRIBUTES, FavourMap, LabelPreview, TextGroups, groupings
from core.reporting.charts.bias_charts import bias_chart, bias_heatmap
from pages.parts.cached import cached
from pages.parts.charts import readable, show_numbers
from pages.parts.labels.pair_table import label_column, pair_table
from pages.parts.page import Context
from pages.parts.translate import plain, t, tm

_REPLICATES = 100
_LISTED = 10  # pairs of a cell


def corrected_attributes(context: Context) -> tuple[str, ...]:
    """Return the attributes whose switch is on, in the order of the registry."""
    return tuple(key for key in ATTRIBUTES if st.session_state.get(_switch(context, key)))


def set_corrected(context: Context, attributes: Collection[str]) -> None:
    """Turn the switches of these attributes on and all others off."""
    for key in ATTRIBUTES:
        st.session_state[_switch(context, key)] = key in attributes


def bias_view(context: Context, preview: LabelPreview) -> None:
    """Draw who favours which group as one map, the worst grouping first, and what evens it out."""
    if not preview.names:
        st.info(t("No expert takes part, so there is nothing that could lean to one side."))
        return
    known = _groupings(preview)
    if not known:
        st.info(t("These data have no groups to compare: all texts are alike in what is known."))
        return
    maps = cached(
        lambda: {key: preview.bias_map(grouping) for key, grouping in known.items()},
        "bias maps",
        *preview.key,
    )
    key = f"bias_by_{context.project.dataset_id}"
    if st.session_state.get(key) not in maps:
        st.session_state[key] = max(maps, key=lambda by: maps[by].severity)
    choice, switch = st.columns([4, 1.3], vertical_alignment="bottom")
    chosen = choice.pills(
        t("Compare by"),
        list(maps),
        required=True,
        format_func=lambda by: _with_count(by, maps[by]),
        key=key,
        persist_state="session",
        label_visibility="collapsed",
        wrap=True,
    )
    assert chosen is not None  # one is always chosen
    corrected = switch.toggle(
        t("Even out"),
        key=_switch(context, chosen),
        persist_state="session",
        help=t(
            "Right answers of every group get the same mean label, and so do other pairs; the "
            "order of pairs within a group stays. It becomes part of the recipe."
        ),
    )
    found = maps[chosen]
    _say(preview, found)
    drawn = cached(lambda: bias_heatmap(found, preview.names, t), "bias map", chosen, *preview.key)
    st.plotly_chart(
        readable(drawn),
        key=f"bias_map_{chosen}",
        alt=tm(drawn.summary),
        config={"displayModeBar": False},
        on_select=lambda: _take_cell(f"bias_map_{chosen}", chosen, 1 + len(preview.names)),
        selection_mode="points",
    )
    _cost(preview, chosen, corrected)
    _pairs_of_cell(preview, found, chosen)
    show_numbers(drawn, f"bias_map_{chosen}")
    with st.expander(t("Means with intervals"), icon=":material/table_chart:"):
        grouping = known[chosen]
        now = cached(lambda: preview.bias(grouping, _REPLICATES), "bias", chosen, *preview.key)
        before = None
        if corrected:
            plainer = preview.without_correction(chosen)
            before = cached(lambda: plainer.bias(grouping), "bias before", chosen, *plainer.key)
        means = cached(
            lambda: bias_chart(now, t, before), "bias chart", chosen, corrected, *preview.key
        )
        st.plotly_chart(
            readable(means),
            key=f"bias_{chosen}",
            alt=tm(means.summary),
            config={"displayModeBar": False},
        )
        st.caption(plain(tm(means.summary)))
        st.dataframe(means.table, hide_index=True, key=f"bias_{chosen}_table")


def _with_count(attribute: str, found: FavourMap) -> str:
    title = t(ATTRIBUTES[attribute].title)
    flagged = int(found.flagged[0].sum())
    return f"{title} · {flagged}" if flagged else title


def _say(preview: LabelPreview, found: FavourMap) -> None:
    """Say in one line what stands out most."""
    together, alone = found.severity
    row, group = found.worst
    words = {
        "group": plain(found.grouping.names[group]),
        "points": f"{100 * found.values[row, group]:+.0f}".replace("-", "−"),
        "expert": plain(preview.names[row - 1]) if row else "",
        "kind": t("right answers") if found.kind[row, group] == 0 else t("other pairs"),
    }
    if together:
        text = t(
            "**{group}** stands out: {kind} there get {points} points beside the other groups. "
            "Framed cells are beyond chance.",
            **words,
        )
    elif alone:
        text = t(
            "Together the experts favour no group beyond chance, but **{expert}** alone does: "
            "{kind} in **{group}** get {points} points.",
            **words,
        )
    else:
        text = t("No group gets higher or lower labels than the others beyond chance.")
    icon = "" if together or alone else ":material/balance: "
    st.markdown(icon + text)


def _take_cell(key: str, chosen: str, columns: int) -> None:
    """Write the cell that was clicked into the choice below the map."""
    points = [p for p in st.session_state[key].selection.points if "point_index" in p]
    if points:
        group, row = divmod(int(points[0]["point_index"]), columns)
        st.session_state[f"bias_cell_{chosen}_row"] = row
        st.session_state[f"bias_cell_{chosen}_group"] = group


def _cost(preview: LabelPreview, chosen: str, corrected: bool) -> None:
    """Say what evening out does to the largest difference and to the order of answers."""
    sides = (preview.without_correction(chosen), preview.with_correction(chosen))
    grouping = _groupings(preview)[chosen]
    largest, quality = [], []
    for side in sides:
        found = cached(partial(side.bias_map, grouping), "bias map of", chosen, *side.key)
        largest.append(float(np.nanmax(np.abs(found.values[0]), initial=0.0)))
        ndcg = cached(side.validation_ndcg, "validation", *side.key)
        quality.append("–" if ndcg is None else f"{ndcg.value:.3f}")
    template = (
        t(
            "Evened out: largest difference **{before} → {after}** points; search quality of the "
            "labels on validation questions (nDCG@10) **{was} → {now}**."
        )
        if corrected
        else t(
            "Evening out would bring the largest difference from **{before}** to **{after}** "
            "points, and the search quality of the labels on validation questions (nDCG@10) from "
            "**{was}** to **{now}**."
        )
    )
    st.markdown(
        template.format(
            before=f"{100 * largest[0]:.0f}",
            after=f"{100 * largest[1]:.0f}",
            was=quality[0],
            now=quality[1],
        )
    )


def _groupings(preview: LabelPreview) -> dict[str, TextGroups]:
    return cached(lambda: groupings(preview.dataset), "groups", preview.dataset.id)


def _pairs_of_cell(preview: LabelPreview, found: FavourMap, chosen: str) -> None:
    """List ten pairs behind a cell of the map, the worst one where none was clicked."""
    first = found.worst
    names = [t("Together"), *preview.names]
    first_column, second_column = st.columns(2)
    places = {}
    for column, title, part, options, start in (
        (first_column, t("Group"), "group", list(found.grouping.names), first[1]),
        (second_column, t("Labels by"), "row", names, first[0]),
    ):
        key = f"bias_cell_{chosen}_{part}"
        if st.session_state.get(key, -1) not in range(len(options)):
            st.session_state[key] = start
        places[part] = column.selectbox(
            title, range(len(options)), format_func=options.__getitem__, key=key
        )
    row, group = places["row"], places["group"]
    positions = preview.pairs_of_cell(found, row, group, _LISTED)
    if not len(positions):
        st.caption(t("There is no such pair."))
        return
    kind = t("right answers") if found.kind[row, group] == 0 else t("other pairs")
    st.caption(
        t(
            "{count} {kind} of this group that pull most in this direction; click another cell of "
            "the map for its pairs.",
            count=len(positions),
            kind=kind,
        )
    )
    values = preview.alone if row == 0 else preview.calibrated[row - 1]
    before = {"label": ((values[positions] * 100).round(), label_column(t("Label")))}
    pair_table(preview.dataset, preview.sample, positions, "bias_pairs", before, height=260)


def _switch(context: Context, key: str) -> str:
    return f"label_{context.project.id}_{context.project.dataset_id}_recentre_{key}"
