"""The Bias tab: which groups get higher or lower labels, which expert causes it, and a switch."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import streamlit as st

from core.labels.bias import GroupBias, KindBias, expert_bias, group_bias
from core.labels.groups import ATTRIBUTES, groupings
from core.labels.quality import pair_quality
from core.reporting.charts.bias_charts import bias_chart, expert_bias_table
from pages.parts.cached import cached
from pages.parts.charts import show_chart
from pages.parts.labels.label_studio import Studio
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


def bias_view(context: Context, studio: Studio) -> None:
    """Draw the labels by the groups of one attribute, and the switch that evens them out."""
    if not studio.names:
        st.info(t("No expert takes part, so there is nothing that could lean to one side."))
        return
    known = cached(lambda: groupings(studio.dataset), "groups", studio.dataset.id)
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
    common = {"dataset": studio.dataset, "grouping": grouping, "seed": 0}
    now = cached(
        lambda: group_bias(studio.alone, studio.sample, **common, replicates=_REPLICATES),
        "bias",
        chosen,
        *studio.key,
    )
    before, cost = None, ""
    if corrected:
        rest = tuple(key for key in studio.model.recipe.recentre if key != chosen)
        bare = replace(studio.model.recipe, recentre=rest)
        plainer = Studio(studio.model.with_recipe(bare), studio.sample)
        before = cached(
            lambda: group_bias(plainer.alone, studio.sample, **common, replicates=0),
            "bias before",
            chosen,
            *plainer.key,
        )
        cost = t(
            "Hollow grey dots: before the groups were evened out. Over all groups, right pairs "
            "come first (AP) with {now} now and {before} before: evening out can cost precision.",
            now=_precision(studio),
            before=_precision(plainer),
        )
    _say(now)
    if cost:
        st.caption(cost)
    drawn = cached(lambda: bias_chart(now, t, before), "bias chart", chosen, corrected, *studio.key)
    show_chart(drawn, key=f"bias_{chosen}")
    _experts(studio, now)


def _precision(studio: Studio) -> str:
    quality = cached(
        lambda: pair_quality(studio.alone, studio.sample, seed=0, replicates=0),
        "precision",
        *studio.key,
    )
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
    sentences = [
        *_named(bias, bias.right, 1, t("**Right answers** get **higher** labels in: {groups}.")),
        *_named(bias, bias.right, -1, t("**Right answers** get **lower** labels in: {groups}.")),
        *_named(bias, bias.other, 1, t("**Other pairs** get **higher** labels in: {groups}.")),
        *_named(bias, bias.other, -1, t("**Other pairs** get **lower** labels in: {groups}.")),
    ]
    st.warning(
        "\n".join(f"- {sentence}" for sentence in sentences)
        + "\n\n"
        + t(
            "These differences (▶ higher, ◀ lower) are larger than chance explains, all "
            "comparisons taken together (Holm). A group may really be easier or harder: even it "
            "out where labels should mean the same everywhere."
        ),
        icon=":material/balance:",
    )


def _named(bias: GroupBias, kind: KindBias, sign: int, sentence: str) -> list[str]:
    found = [group for group in range(len(kind.sign)) if kind.sign[group] == sign]
    listed = " · ".join(
        f"{plain(bias.grouping.names[group])} ({100 * kind.difference[group]:+.0f})".replace(
            "-", "−"
        )
        for group in sorted(found, key=lambda group: -abs(kind.difference[group]))
    )
    return [sentence.format(groups=listed)] if found else []


def _experts(studio: Studio, bias: GroupBias) -> None:
    """Say which expert treats a group unlike the other experts do."""
    if len(studio.names) < 2:
        return
    found = cached(
        lambda: expert_bias(studio.calibrated, studio.sample, studio.dataset, bias.grouping),
        "expert bias",
        bias.grouping.attribute.key,
        *studio.key,
    )
    st.markdown(f"##### {t('Which expert causes it')}")
    if not found.worst:
        st.caption(t("No expert treats a group unlike the other experts do, beyond chance."))
        return
    expert, group = found.worst[0]
    st.markdown(
        t(
            "**{expert}** stands out most, in the group **{group}**. In points of 100: how much "
            "more (▲) or less (▼) than the middle opinion of the others an expert gives a group, "
            "compared with all other groups.",
            expert=plain(studio.names[expert]),
            group=plain(bias.grouping.names[group]),
        )
    )
    st.dataframe(
        expert_bias_table(found, bias.grouping.names, studio.names, t),
        hide_index=True,
        key="bias_experts",
    )
