"""What the labels look like: one line of figures, the combined label, every expert."""

from __future__ import annotations

import streamlit as st

from core.labels.overrides import in_force
from core.labels.quality import pair_quality, reliability_curve
from core.reporting.charts.chart import Chart
from core.reporting.charts.label_charts import calibration_chart, score_histograms
from core.types import Interval
from pages.parts.charts import show_chart
from pages.parts.kept import kept
from pages.parts.labels.label_studio import Studio
from pages.parts.labels.range_pairs import selectable_histogram
from pages.parts.translate import t

_REPLICATES = 60  # bootstrap replicates: enough for an interval, quick enough for a slider


def expert_figures(studio: Studio) -> None:
    """Say how well the experts together tell right answers from other pairs, by themselves.

    The known right answers are left out here: labels that contain them agree with them anyway.
    """
    if not studio.names:
        return
    quality = kept(
        lambda: pair_quality(studio.alone, studio.sample, seed=0, replicates=_REPLICATES),
        "quality",
        *studio.key,
    )
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
        delta=_range(quality.average_precision),
        delta_color="off",
        delta_arrow="off",
        border=True,
    )
    columns[1].metric(
        t("Right beats other (ROC-AUC)"),
        f"{quality.roc_auc.value:.3f}",
        help=t("Chance that a right pair scores higher than another pair; 0.5 is guessing."),
        delta=_range(quality.roc_auc),
        delta_color="off",
        delta_arrow="off",
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
    _calibration(studio)


def _range(interval: Interval) -> str:
    return t("{low} to {high} (95%)", low=f"{interval.low:.3f}", high=f"{interval.high:.3f}")


def _calibration(studio: Studio) -> None:
    """Draw the calibration curve of the experts together, folded away."""
    with st.expander(
        t("Do the labels mean what they say? (calibration curve)"), icon=":material/show_chart:"
    ):
        curve = kept(
            lambda: reliability_curve(studio.alone, studio.sample, seed=0, replicates=_REPLICATES),
            "reliability",
            *studio.key,
        )
        st.markdown(
            t(
                "Of pairs labelled 70, are 70 of 100 right? Right answers and other pairs count "
                "the same here. Calibration error: {error}.",
                error=f"{curve.error:.0%}",
            )
        )
        chart = kept(lambda: calibration_chart(curve, t), "reliability chart", *studio.key)
        show_chart(chart, key="calibration_curve")


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
    selectable_histogram(studio)
    if studio.names:
        st.markdown(f"##### {t('Each expert alone')}")
        chart = kept(lambda: _each_expert(studio), "experts alone", *studio.key)
        show_chart(chart, key="expert_histograms")


def _each_expert(studio: Studio) -> Chart:
    return score_histograms(studio.sample, studio.calibrated, studio.combined, studio.names, t)
