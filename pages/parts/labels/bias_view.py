"""The Bias tab: which groups get higher or lower labels, which expert causes it, and a switch."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from core.journey.labels import ATTRIBUTES, GroupBias, LabelPreview, groupings
from core.reporting.charts.bias_charts import bias_chart, expert_bias_table
from pages.parts.cached import cached
from pages.parts.charts import show_chart
from pages.parts.page import Context
from pages.parts.translate import plain, t

_REPLICATES = 100


def corrected_attributes(context: Context) -> tuple[str, ...]:
    """Return the attributes whose switch is on, in the order of the registry."""
    return tuple(key for key in ATTRIBUTES if st.session_state.get(_switch(context, key)))


def set_corrected(context: Context, attributes: Collection[str]) -> None:
    """Turn the switches of these attributes on and all others off."""
    for key in ATTRIBUTES:
        st.session_state[_switch(context, key)] = key in attributes


def bias_view(context: Context, preview: LabelPreview) -> None:
    """Draw the labels by the groups of one attribute, and the switch that evens them out."""
    if not preview.names:
        st.info(t("No expert takes part, so there is nothing that could lean to one side."))
        return
    known = cached(lambda: groupings(preview.dataset), "groups", preview.dataset.id)
    st.markdown(
        t(
            "Do some groups of questions or answers get higher labels than others, although they "
            "are just as right or wrong? Shown is what the experts say together, without the known "
            "right answers."
        )
    )
    chosen = st.pills(
        t("Compare by"),
        list(known),
        default=next(iter(known), None),
        required=True,
        format_func=lambda key: t(ATTRIBUTES[key].title),
        key=f"bias_by_{context.project.dataset_id}",
    )
    if chosen is None:
        st.info(t("These data have no groups to compare: all texts are alike in what is known."))
        return
    corrected = st.toggle(
        t("Even these groups out (correct this)"),
        key=_switch(context, chosen),
        persist_state="session",
        help=t(
            "Right answers of every group get the same mean label, and so do other pairs; the "
            "order of pairs within a group stays. It becomes part of the recipe."
        ),
    )
    grouping = known[chosen]
    now = cached(lambda: preview.bias(grouping, _REPLICATES), "bias", chosen, *preview.key)
    before, cost = None, ""
    if corrected:
        plainer = preview.without_correction(chosen)
        before = cached(lambda: plainer.bias(grouping), "bias before", chosen, *plainer.key)
        cost = t(
            "Hollow grey dots: before the groups were evened out. Over all groups, right pairs "
            "come first (AP) with {now} now and {before} before: evening out can cost precision.",
            now=_precision(preview),
            before=_precision(plainer),
        )
    _say(now)
    if cost:
        st.caption(cost)
    drawn = cached(
        lambda: bias_chart(now, t, before), "bias chart", chosen, corrected, *preview.key
    )
    show_chart(drawn, key=f"bias_{chosen}")
    _experts(preview, now)


def _precision(preview: LabelPreview) -> str:
    quality = cached(preview.quality, "precision", *preview.key)
    return f"{quality.average_precision.value:.3f}"


def _switch(context: Context, key: str) -> str:
    return f"label_{context.project.id}_{context.project.dataset_id}_recentre_{key}"


def _say(bias: GroupBias) -> None:
    """Name the groups that stand out, one sentence per kind of pair and direction."""
    if not bias.shown:
        st.success(
            t("No group gets higher or lower labels than the others beyond chance."),
            icon=":material/balance:",
        )
        return
    sentences = (
        (bias.right, 1, t("**Right answers** get **higher** labels in: {groups}.")),
        (bias.right, -1, t("**Right answers** get **lower** labels in: {groups}.")),
        (bias.other, 1, t("**Other pairs** get **higher** labels in: {groups}.")),
        (bias.other, -1, t("**Other pairs** get **lower** labels in: {groups}.")),
    )
    lines = []
    for kind, sign, sentence in sentences:
        groups = [
            f"{plain(bias.grouping.names[group])} ({100 * kind.difference[group]:+.0f})"
            for group in kind.standing_out(sign)
        ]
        if groups:
            lines.append(f"- {sentence.format(groups=' · '.join(groups).replace('-', '−'))}")
    st.warning(
        "\n".join(lines)
        + "\n\n"
        + t(
            "These differences (▶ higher, ◀ lower) are larger than chance explains, all "
            "comparisons taken together (Holm). A group may really be easier or harder: even it "
            "out where labels should mean the same everywhere."
        ),
        icon=":material/balance:",
    )


def _experts(preview: LabelPreview, bias: GroupBias) -> None:
    """Say which expert treats a group unlike the other experts do."""
    if len(preview.names) < 2:
        return
    grouping = bias.grouping
    causes = cached(
        lambda: preview.expert_bias(grouping), "expert bias", grouping.attribute.key, *preview.key
    )
    st.markdown(f"##### {t('Which expert causes it')}")
    if not causes.worst:
        st.caption(t("No expert treats a group unlike the other experts do, beyond chance."))
        return
    expert, group = causes.worst[0]
    st.markdown(
        t(
            "**{expert}** stands out most, in the group **{group}**. In points of 100: how much "
            "more (▲) or less (▼) than the middle opinion of the others an expert gives a group, "
            "compared with all other groups.",
            expert=plain(preview.names[expert]),
            group=plain(bias.grouping.names[group]),
        )
    )
    st.dataframe(
        expert_bias_table(causes, bias.grouping.names, preview.names, t),
        hide_index=True,
        key="bias_experts",
    )
