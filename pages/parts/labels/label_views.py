"""What the labels look like: figures, the combined label with the pairs behind it, every expert."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from core.journey import labels
from core.journey.labels import LabelPreview
from core.messages import N_, N_n
from core.reporting.charts.chart import Chart
from core.reporting.charts.label_charts import calibration_chart, label_histogram, score_histograms
from core.types import Interval, LabelRecipe
from pages.parts import session
from pages.parts.cached import cached
from pages.parts.charts import readable, show_chart, show_numbers
from pages.parts.labels.pair_table import label_column, pair_table
from pages.parts.page import Context
from pages.parts.translate import plain, t, tm

_SHOWN = 200  # pairs sent to the browser
_COMBINED = ""
_KINDS = {
    "both": N_("All pairs"),
    "right": N_("Right answers"),
    "other": N_("Other pairs"),
}
_REPLICATES = 60  # bootstrap replicates: enough for an interval, quick enough for a slider


@st.cache_resource(show_spinner=False, max_entries=8)
def _opened(
    root: str, dataset_id: str, panel: tuple[str, ...], experts: tuple[str, ...]
) -> tuple[labels.LabelModel, labels.PairSample]:
    """Fit once per panel, on the same pairs as tuning does, and draw the pairs to look at.

    Slider moves only recombine. The pairs have the scores of all experts at hand.
    """
    workspace, dataset = session.workspace(), session.dataset_of(dataset_id)
    recipe = labels.default_recipe(panel) if panel else LabelRecipe((), "hard")
    model, sample = labels.model_and_sample(workspace, dataset, recipe, experts)
    assert len(model.weights) == len(panel)  # found here once, shared by moves that keep them
    return model, sample


def open_preview(context: Context, experts: tuple[str, ...], recipe: LabelRecipe) -> LabelPreview:
    """Return the preview for the recipe of the controls.

    Raises
    ------
    ExpertError
        If the scores of an expert are gone from the workspace.
    """
    root, dataset_id = str(context.workspace.layout.root), context.project.dataset_id
    assert dataset_id is not None
    model, sample = _opened(root, dataset_id, recipe.experts, experts)
    changed = labels.overrides(context.project)
    return LabelPreview(model.with_recipe(recipe).with_overrides(changed), sample)


def in_use_labels(
    context: Context, experts: tuple[str, ...], recipe: LabelRecipe
) -> LabelPreview | None:
    """Return the preview of the recipe in use, None where it is the one of the controls or gone."""
    saved = labels.recipe_in_use(context.project)
    if saved is None or saved.recipe == recipe or set(saved.recipe.experts) - set(experts):
        return None
    root, dataset_id = str(context.workspace.layout.root), context.project.dataset_id
    return cached(
        lambda: open_preview(context, experts, saved.recipe),
        "labels in use",
        root,
        dataset_id,
        experts,
        saved.id,
        labels.overrides(context.project),
    )


def tiles(preview: LabelPreview, before: LabelPreview | None) -> None:
    """Draw what the labels are like in four figures, each with its change against those in use."""
    now, was = preview.spread, (before or preview).spread
    figures = (
        (
            t("Right answers"),
            now.right,
            was.right,
            "{:.0f}",
            t("Mean label of the known right answers, 0 to 100."),
        ),
        (
            t("Other pairs"),
            now.other,
            was.other,
            "{:.0f}",
            t("Mean label of pairs that nobody judged right, 0 to 100."),
        ),
        (
            t("Overlap"),
            now.overlap,
            was.overlap,
            "{:.0f} %",
            t("0% = the two never mix; 100% = the labels cannot tell them apart."),
        ),
        (
            t("In between"),
            now.between,
            was.between,
            "{:.0f} %",
            t("Share of labels between 20 and 80; right answers and other pairs count the same."),
        ),
    )
    for column, (title, value, earlier, form, meaning) in zip(
        st.columns(4, gap="small"), figures, strict=True
    ):
        apart = 0 if np.isnan(value - earlier) else round(100 * (value - earlier))
        change = f"{apart:+d}".replace("-", "−") if apart else "±0"  # of one height: nothing jumps
        column.metric(
            title,
            "–" if np.isnan(value) else form.format(100 * value),
            delta=change,
            delta_color="off",
            delta_arrow="off",
            help=meaning,
        )


def expert_figures(preview: LabelPreview) -> None:
    """Say how well the experts together tell right answers from other pairs, by themselves.

    The known right answers are left out here: labels that contain them agree with them anyway.
    """
    if not preview.names:
        return
    quality = cached(lambda: preview.quality(_REPLICATES), "quality", *preview.key)
    st.markdown(f"##### {t('The experts together, without the known right answers')}")
    precision, area = quality.average_precision, quality.roc_auc
    still: Any = {"delta_color": "off", "delta_arrow": "off"}
    columns = st.columns(4)
    columns[0].metric(
        t("Right pairs come first (AP)"),
        f"{precision.value:.3f}",
        _range(precision),
        **still,
        help=t(
            "Average precision over all pairs of question and answer: 1 = every right pair scores "
            "higher than every other pair; {chance} would be blind guessing.",
            chance=f"{quality.chance:.3f}",
        ),
        border=True,
    )
    columns[1].metric(
        t("Right beats other (ROC-AUC)"),
        f"{area.value:.3f}",
        _range(area),
        **still,
        help=t("Chance that a right pair scores higher than another pair; 0.5 is guessing."),
        border=True,
    )
    columns[2].metric(
        t("Overlap, experts alone"),
        f"{quality.overlap:.0%}",
        help=t("0% = the two never mix; 100% = the scores cannot tell them apart."),
        border=True,
    )
    columns[3].metric(t("Labels set by hand"), str(preview.by_hand), border=True)
    if preview.shares:
        listed = " · ".join(f"{name} {share:.0%}" for name, share in preview.shares)
        st.caption(t("How much each expert counts: {listed}", listed=plain(listed)))
        if preview.model.recipe.rule == "reliability":
            st.caption(
                t(
                    "By how well its scores tell right pairs from others over all questions (AP), "
                    "which is what a label says; the order on the Experts page is by the first ten "
                    "answers of each question (nDCG@10), so the two may differ."
                )
            )
    _calibration(preview)


def _range(interval: Interval) -> str:
    return t("{low} to {high} (95%)", low=f"{interval.low:.3f}", high=f"{interval.high:.3f}")


def _calibration(preview: LabelPreview) -> None:
    """Draw the calibration curve of the experts together, folded away."""
    with st.expander(
        t("Do the labels mean what they say? (calibration curve)"), icon=":material/show_chart:"
    ):
        curve = cached(lambda: preview.reliability(_REPLICATES), "reliability", *preview.key)
        st.markdown(
            t(
                "Of pairs labelled 70, are 70 of 100 right? Right answers and other pairs count "
                "the same here. Calibration error: {error}.",
                error=f"{curve.error:.0%}",
            )
        )
        chart = cached(lambda: calibration_chart(curve, t), "reliability chart", *preview.key)
        show_chart(chart, key="calibration_curve")


def distributions(preview: LabelPreview) -> None:
    """Draw right against other pairs for every expert alone."""
    if not preview.names:
        return
    st.markdown(f"##### {t('Each expert alone')}")
    chart = cached(
        lambda: score_histograms(
            preview.sample, preview.calibrated, preview.combined, preview.names, t
        ),
        "experts alone",
        *preview.key,
    )
    show_chart(chart, key="expert_histograms")


def label_chart(
    preview: LabelPreview,
    before: LabelPreview | None,
    bend: Callable[[float, float], None],
) -> None:
    """Draw the labels that come out; what is dragged over lists its pairs or moves the cut lines.

    Parameters
    ----------
    before : LabelPreview or None
        Of the recipe in use, where it is another one.
    bend : callable
        Takes new cut lines in [0, 1], dragged in the strip below the labels.
    """
    chart = _cached_histogram(preview, before)
    key = f"label_histogram_{st.session_state.get('label_histogram_drawn', 0)}"
    st.plotly_chart(
        readable(chart),
        key=key,
        alt=tm(chart.summary),
        config={"displayModeBar": False},
        on_select=lambda: _take_selection(key, bend),
        selection_mode=("box", "points"),
    )


def label_numbers(preview: LabelPreview, before: LabelPreview | None) -> None:
    """Draw the numbers behind the chart of the labels, folded away."""
    show_numbers(_cached_histogram(preview, before), "label_histogram")


def range_pairs(preview: LabelPreview) -> None:
    """List the pairs of a range of labels, of the combined label or of one expert."""
    st.markdown(f"##### {t('Which pairs are these?')}")
    st.markdown(
        t(
            "Drag over the chart above, click a bar, or type a range. {pairs} pairs of training "
            "and validation questions are shown; the questions kept for the final test are not "
            "among them.",
            pairs=f"{len(preview.sample):,}",
        )
    )
    keys = [_COMBINED, *preview.model.recipe.experts]
    titles = dict(zip(keys, [t("Combined label"), *preview.names], strict=True))
    if st.session_state.get("range_whose") not in keys:
        st.session_state["range_whose"] = _COMBINED
    shown = st.selectbox(
        t("Whose labels"),
        keys,
        format_func=titles.__getitem__,
        key="range_whose",
        persist_state="session",
    )
    values = preview.combined if shown == _COMBINED else preview.calibrated[keys.index(shown) - 1]
    _pairs(preview, values)


def _cached_histogram(preview: LabelPreview, before: LabelPreview | None) -> Chart:
    return cached(
        lambda: _histogram(preview, before),
        "histogram",
        *preview.key,
        *(before.key if before else ("",)),
    )


def _histogram(preview: LabelPreview, before: LabelPreview | None) -> Chart:
    low, high = preview.model.recipe.cuts
    chart = label_histogram(
        preview.sample,
        preview.combined,
        t,
        in_use=before.combined if before else None,
        before=preview.before_cuts,
        cuts=(max(low, 0.0), min(high, 1.0)),
    )
    chart.figure.update_layout(dragmode="select", selectdirection="h")
    return chart


def _take_selection(key: str, bend: Callable[[float, float], None]) -> None:
    """Take what was dragged or clicked: a range of labels to list, or new cut lines."""
    selection = st.session_state[key].selection
    if selection.box:
        box = selection.box[0]
        low, high = sorted(min(max(float(x), 0.0), 1.0) for x in box["x"][:2])
        if box.get("yref") == "y2":
            bend(low, high)
            # Drawn anew: the box of this drag would stay where the lines were, not where they are.
            st.session_state["label_histogram_drawn"] = (
                st.session_state.get("label_histogram_drawn", 0) + 1
            )
            return
    elif selection.points:
        places = [float(point["x"]) for point in selection.points]
        low, high = min(places) - 0.0125, max(places) + 0.0125
    else:
        return
    st.session_state["range_whose"] = _COMBINED
    st.session_state["range_low"] = round(max(low, 0.0) * 100, 1)
    st.session_state["range_high"] = round(min(high, 1.0) * 100, 1)


def _pairs(preview: LabelPreview, values: np.ndarray) -> None:
    """Draw the typed range and the pairs inside it."""
    first, second = st.columns(2)
    for column, name, key, start in (
        (first, t("Labels from"), "range_low", 0.0),
        (second, t("to"), "range_high", 0.0),
    ):
        st.session_state.setdefault(key, start)
        column.number_input(name, 0.0, 100.0, step=1.0, format="%.1f", key=key)
    kind = st.segmented_control(
        t("Kind of pair"),
        list(_KINDS),
        default="both",
        format_func=lambda key: t(_KINDS[key]),
        key="range_kind",
    )
    low, high = st.session_state["range_low"] / 100, st.session_state["range_high"] / 100
    if high <= low:
        st.caption(t("No range yet: the second number must be above the first."))
        return
    inside = (values >= low) & ((values < high) | (high >= 1) & (values <= high))
    right = preview.sample.hard_label > 0
    inside &= {"right": right, "other": ~right}.get(str(kind), np.ones(len(right), bool))
    positions = np.flatnonzero(inside)
    st.caption(
        t(
            N_n(
                "{count} pair, {right} of them right answers; the first {shown} are listed.",
                "{count} pairs, {right} of them right answers; the first {shown} are listed.",
            ),
            count=f"{len(positions):,}",
            right=f"{int(right[positions].sum()):,}",
            shown=min(len(positions), _SHOWN),
        )
    )
    if len(positions):
        shown = positions[:_SHOWN]
        labels_shown = (values[shown] * 100).round()
        before = {"label": (labels_shown, label_column(t("Label")))}
        pair_table(preview.dataset, preview.sample, shown, "range_pairs", before, height=260)
