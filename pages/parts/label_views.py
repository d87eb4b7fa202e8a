"""What the labels look like: one line of figures, the combined label, every expert."""

from __future__ import annotations

import streamlit as st

from core.labels.overrides import in_force
from core.labels.quality import pair_quality
from core.reporting.charts.distributions import label_histogram, score_histograms
from pages.parts.charts import show_chart
from pages.parts.label_studio import Studio
from pages.parts.translate import t


def expert_figures(studio: Studio) -> None:
    """Say how well the experts together tell right answers from other pairs, by themselves.

    The known right answers are left out here: labels that contain them agree with them anyway.
    """
    if not studio.names:
        return
    quality = pair_quality(studio.alone, studio.sample, seed=0, replicates=0)
    changed = len(in_force(studio.model.overrides))
    st.markdown(f"##### {t('The experts together, without the known right answers')}")
    columns = st.columns(2) + st.columns(2)
    columns[0].metric(
        t("Right pairs come first (AP)"),
        f"{quality.average_precision.value:.3f}",
        help=t(
            "Average precision over all pairs of question and answer: 1 = every right pair scores "
            "higher than every other pair; {chance} would be blind guessing.",
            chance=f"{quality.chance:.3f}",
        ),
        border=True,
    )
    columns[1].metric(
        t("Right beats other (ROC-AUC)"),
        f"{quality.roc_auc.value:.3f}",
        help=t("Chance that a right pair scores higher than another pair; 0.5 is guessing."),
        border=True,
    )
    columns[2].metric(
        t("Overlap of right and other"),
        f"{quality.overlap:.0%}",
        help=t("0% = the two never mix; 100% = the scores cannot tell them apart."),
        border=True,
    )
    columns[3].metric(t("Labels set by hand"), str(changed), border=True)
    _weights(studio)


def _weights(studio: Studio) -> None:
    """Say how much each expert counts, where the rule weighs them."""
    from core.labels.rules import RULES

    if RULES[studio.model.recipe.rule].weigh is None:
        return
    shares = sorted(zip(studio.model.weights, studio.names, strict=True), reverse=True)
    listed = " · ".join(f"{name} {share:.0%}" for share, name in shares)
    st.caption(t("How much each expert counts: {listed}", listed=listed))


def distributions(studio: Studio) -> None:
    """Draw right against other pairs: the combined label, then every expert."""
    st.markdown(f"##### {t('The labels that come out')}")
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
