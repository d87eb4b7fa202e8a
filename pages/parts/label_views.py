"""What the labels look like: one line of figures, the combined label, every expert."""

from __future__ import annotations

import streamlit as st

from core.labels.quality import pair_quality
from core.reporting.charts.distributions import label_histogram, score_histograms
from pages.parts.charts import show_chart
from pages.parts.label_studio import Studio
from pages.parts.translate import t


def recipe_summary(studio: Studio) -> None:
    """Say in three figures how well the labels tell right answers from other pairs."""
    quality = pair_quality(studio.combined, studio.sample, seed=0, replicates=0)
    changed = len({(o.question, o.answer) for o in studio.model.overrides if o.value is not None})
    columns = st.columns(4)
    columns[0].metric(
        t("Right pairs come first (average precision)"),
        f"{quality.average_precision.value:.3f}",
        help=t(
            "1 = every right pair is labelled higher than every other pair. Labels that contain "
            "the known right answers reach 1 by themselves: move the blend to 0% to judge the "
            "experts."
        ),
        border=True,
    )
    columns[1].metric(
        t("Chance that a right pair is labelled higher (ROC-AUC)"),
        f"{quality.roc_auc.value:.3f}",
        border=True,
    )
    columns[2].metric(
        t("Overlap of right and other pairs"),
        f"{quality.overlap:.0%}",
        help=t("0% = the two never mix; 100% = the labels cannot tell them apart."),
        border=True,
    )
    columns[3].metric(t("Labels set by hand"), str(changed), border=True)
    _weights(studio)


def _weights(studio: Studio) -> None:
    """Say how much each expert counts, where the rule weighs them."""
    from core.labels.rules import RULES

    if RULES[studio.model.recipe.rule].weigh is None or not studio.names:
        return
    shares = sorted(zip(studio.model.weights, studio.names, strict=True), reverse=True)
    listed = " · ".join(f"{name} {share:.0%}" for share, name in shares)
    st.caption(t("How much each expert counts: {listed}", listed=listed))


def distributions(studio: Studio) -> None:
    """Draw right against other pairs: the combined label, then every expert."""
    st.markdown(
        t(
            "How many pairs get which label: **right answers** should lie on the right, **other "
            "pairs** on the left. {pairs} pairs of training and validation questions are shown; "
            "the questions kept for the final test are not among them.",
            pairs=f"{len(studio.sample):,}",
        )
    )
    show_chart(label_histogram(studio.sample, studio.combined, t), key="label_histogram")
    if studio.names:
        st.markdown(f"##### {t('Each expert alone')}")
        chart = score_histograms(studio.sample, studio.calibrated, studio.combined, studio.names, t)
        show_chart(chart, key="expert_histograms")
