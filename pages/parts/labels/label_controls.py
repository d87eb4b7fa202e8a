"""The controls of the Labels page: experts, rule, blend, calibration with its cuts, curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.journey import labels
from core.journey.decisions import panel_in_use
from core.journey.labels import ATTRIBUTES, expert_title
from core.labels.calibration import CALIBRATIONS
from core.labels.rules import RULES
from core.messages import N_
from core.reporting.charts.chart import one_line
from core.types import Calibration, LabelRecipe
from core.types.rights import CHANGE, may
from pages.parts import session
from pages.parts.labels.bias_view import corrected_attributes, set_corrected
from pages.parts.page import Context
from pages.parts.translate import plain, t

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

_DEFAULT = LabelRecipe(("",))
_NEAREST = 0.05  # distance of the cut lines: nearer, labels would be right or wrong and no more
_CURVE = {  # field of the recipe: title, (lowest, highest, step), meaning
    "gain": (
        N_("Contrast (gain)"),
        (0.2, 1 / _NEAREST, 0.05),
        N_("Above 1, labels are pushed away from the middle point; below 1, towards it."),
    ),
    "threshold": (N_("Middle point (threshold)"), (0.0, 1.0, 0.01), ""),
    "temperature": (
        N_("Softness (temperature)"),
        (0.2, 5.0, 0.1),
        N_("Above 1, labels become softer; below 1, more decided."),
    ),
}


def take_up(context: Context, experts: tuple[str, ...]) -> None:
    """Set the controls to what the person left, once per visit; to be called before they are drawn.

    Parameters
    ----------
    experts : tuple of str
        All that have scored these data.
    """
    taken_up = f"{_prefix(context)}_taken_up"
    if st.session_state.get(taken_up):
        return
    st.session_state[taken_up] = True
    panel = panel_in_use(context.project, experts)
    recipe = labels.draft_of(context.project, session.who(), panel)
    if recipe is not None:
        set_controls(context, experts, recipe)
    st.session_state[f"{_prefix(context)}_kept"] = recipe


def keep_draft(context: Context, experts: tuple[str, ...], recipe: LabelRecipe) -> None:
    """Keep what the controls say, where that changed and the person may change the project."""
    kept = f"{_prefix(context)}_kept"
    panel = panel_in_use(context.project, experts)
    before = st.session_state.get(kept) or labels.default_recipe(panel)
    if recipe != before and may(session.role(), CHANGE):
        labels.keep_draft(context.project, recipe, panel, session.who())
        st.session_state[kept] = recipe


def label_controls(
    context: Context, experts: tuple[str, ...], advanced: DeltaGenerator
) -> LabelRecipe:
    """Draw the controls and return the recipe that they describe.

    Their values stay while the user looks at other pages (``persist_state``).

    Parameters
    ----------
    advanced : container
        Where formula, calibration and curve are drawn, folded away.
    """
    keys = _prefix(context)
    panel = panel_in_use(context.project, experts)
    chosen = st.pills(
        t("Experts that take part"),
        experts,
        selection_mode="multi",
        default=list(panel),
        format_func=lambda key: plain(one_line(expert_title(key), 26)),
        key=_experts_key(keys, experts, panel),
        persist_state="session",
        wrap=True,
        help=t("Click an expert to leave it out or take it back in."),
    )
    if not chosen:
        st.info(t("No expert takes part: the labels are the known right answers only."))
    taking_part = tuple(key for key in experts if key in chosen)
    rule = _rule(keys) if taking_part else "hard"
    weights = _weights(keys, taking_part) if rule == "weighted_mean" else {}
    blend = st.slider(
        t("Share of the known right answers (blend λ)"),
        0,
        100,
        round(_DEFAULT.blend * 100),
        format="%d%%",
        key=f"{keys}_blend",
        persist_state="session",
        disabled=rule == "hard",
        help=t(
            "0% listens to the experts alone, 100% to the known right answers alone. In between, "
            "experts soften the labels and right answers keep them honest."
        ),
    )
    with advanced, st.expander(t("Advanced"), icon=":material/tune:"):
        _formula(rule)  # across the page: the longest one is 560 px wide
        scale, shape = st.columns(2, gap="large")
        with scale:
            calibrations = _calibrations(keys, taking_part)
        with shape:
            curve = _curve(keys)
    recentre = corrected_attributes(context) if taking_part else ()
    if recentre:
        listed = ", ".join(t(ATTRIBUTES[key].title) for key in recentre)
        st.caption(t("Evened out by {listed} (see the tab Bias).", listed=listed))
    return LabelRecipe(
        experts=taking_part,
        rule=rule,
        blend=blend / 100,
        calibrations=calibrations,
        weights=weights,
        recentre=recentre,
        **curve,
    )


def cut_lines(context: Context, recipe: LabelRecipe) -> None:
    """Draw both cut lines as a slider; what stands under the strip of the histogram moves them."""
    keys = _prefix(context)
    key = f"{keys}_cut_lines"
    low, high = (min(max(cut, 0.0), 1.0) for cut in recipe.cuts)
    st.session_state[key] = (round(100 * low), round(100 * high))
    st.slider(
        t("Cut lines: what becomes 0 and what becomes 100"),
        0,
        100,
        key=key,
        on_change=_move_cuts,
        args=(keys, recipe, key),
        help=t(
            "Labels left of the first line become 0, right of the second 100; those in between "
            "are spread over the whole range. You can also drag over the strip in the chart, from "
            "one line to the other."
        ),
    )


def set_cuts(context: Context, recipe: LabelRecipe, low: float, high: float) -> None:
    """Move the cut lines, labels in [0, 1]; they keep a distance of five points."""
    _set_curve(_prefix(context), recipe, low, high)


def _move_cuts(keys: str, recipe: LabelRecipe, key: str) -> None:
    low, high = st.session_state[key]
    _set_curve(keys, recipe, low / 100, high / 100)


def _set_curve(keys: str, recipe: LabelRecipe, low: float, high: float) -> None:
    if high - low < _NEAREST:
        low = min(low, 1 - _NEAREST)
        high = low + _NEAREST
    bent = recipe.with_cuts(low, high)
    st.session_state[f"{keys}_gain"] = bent.gain
    st.session_state[f"{keys}_threshold"] = bent.threshold


def set_controls(context: Context, experts: tuple[str, ...], recipe: LabelRecipe) -> None:
    """Set every control to a saved recipe; to be called before the controls are drawn.

    Parameters
    ----------
    experts : tuple of str
        All that have scored these data; others of the recipe are left out.
    """
    keys, state = _prefix(context), st.session_state
    panel = panel_in_use(context.project, experts)
    state[_experts_key(keys, experts, panel)] = [key for key in experts if key in recipe.experts]
    state[f"{keys}_rule"] = recipe.rule
    state[f"{keys}_blend"] = round(recipe.blend * 100)
    for name, (_, (low, high, _), _) in _CURVE.items():
        state[f"{keys}_{name}"] = min(max(float(getattr(recipe, name)), low), high)
    for key in experts:
        state[f"{keys}_weight_{key}"] = float(recipe.weights.get(key, 1.0))
        _forget(f"{keys}_{key}")
    state[f"{keys}_calibrations"] = {key: recipe.calibration_of(key) for key in recipe.experts}
    set_corrected(context, recipe.recentre)


def _prefix(context: Context) -> str:
    return f"label_{context.project.id}_{context.project.dataset_id}"


def _experts_key(keys: str, experts: tuple[str, ...], panel: Sequence[str]) -> str:
    return f"{keys}_experts_{len(experts)}_{'_'.join(panel)}"


def _rule(keys: str) -> str:
    # What the chosen rule means stands in the tooltip, which is drawn before the choice is known.
    now = st.session_state.get(f"{keys}_rule", _DEFAULT.rule)
    return str(
        st.selectbox(
            t("How their scores are combined (rule)"),
            list(RULES),
            index=list(RULES).index(_DEFAULT.rule),
            format_func=lambda key: t(RULES[key].title),
            key=f"{keys}_rule",
            persist_state="session",
            help=t(RULES[now].meaning) if now in RULES else None,
        )
    )


def _formula(rule: str) -> None:
    st.markdown(f"**{t('Formula')}**")
    st.caption(t(RULES[rule].meaning))
    st.latex(RULES[rule].formula)
    if RULES[rule].source:
        st.caption(plain(t(RULES[rule].source)))


def _choice(title: str, entries: Mapping[str, Any], now: str, **options: Any) -> str:
    """Draw the choice among the entries of a registry, with what the chosen one means."""
    key = st.selectbox(
        title,
        list(entries),
        index=list(entries).index(now),
        format_func=lambda key: t(entries[key].title),
        **options,
    )
    st.caption(t(entries[key].meaning))
    return str(key)


def _weights(keys: str, experts: tuple[str, ...]) -> dict[str, float]:
    return {
        key: st.slider(
            plain(expert_title(key)),
            0.0,
            3.0,
            1.0,
            0.1,
            key=f"{keys}_weight_{key}",
            persist_state="session",
        )
        for key in experts
    }


def _calibrations(keys: str, experts: tuple[str, ...]) -> dict[str, Calibration]:
    """Return the calibrations that differ from the default."""
    st.markdown(f"**{t('Bring scores to one scale (calibration)')}**")
    if not experts:
        st.caption(t("There is nothing to calibrate without experts."))
        return {}
    expert = st.selectbox(
        t("Expert"),
        experts,
        format_func=expert_title,
        key=f"{keys}_calibrated",
        persist_state="session",
    )
    stored = st.session_state.setdefault(f"{keys}_calibrations", {})
    changed = _calibration(f"{keys}_{expert}", stored.get(expert, Calibration()))
    stored[expert] = changed
    if st.button(t("Use this for every expert"), key=f"{keys}_all"):
        for key in experts:
            stored[key] = changed
            _forget(f"{keys}_{key}")
        st.rerun()
    return {k: c for k, c in stored.items() if k in experts and c != Calibration()}


def _calibration(keys: str, now: Calibration) -> Calibration:
    method = _choice(t("Method"), CALIBRATIONS, now.method, key=f"{keys}_method")
    low, high = now.low, now.high
    if CALIBRATIONS[method].cuts:
        low, high = _cuts(keys, now.low, now.high)
        if low >= high:
            st.warning(t("Both cuts are at the same place; the default cuts are used."))
            low, high = Calibration().low, Calibration().high
    gamma = st.slider(
        t("Strictness (gamma)"),
        0.2,
        5.0,
        now.gamma,
        0.1,
        key=f"{keys}_gamma",
        help=t("Above 1, middling scores count for less; below 1, for more."),
    )
    return Calibration(method, low, high, gamma)


def _forget(keys: str) -> None:
    for part in ("method", "gamma", "cut_state"):
        st.session_state.pop(f"{keys}_{part}", None)


def _curve(keys: str) -> dict[str, float]:
    st.markdown(f"**{t('Shape of the labels (curve)')}**")
    return {
        name: st.slider(
            t(title),
            low,
            high,
            float(getattr(_DEFAULT, name)),
            step,
            key=f"{keys}_{name}",
            persist_state="session",
            help=t(meaning) if meaning else None,
        )
        for name, (title, (low, high, step), meaning) in _CURVE.items()
    }


def _cuts(keys: str, low: float, high: float) -> tuple[float, float]:
    """Draw the slider and both numbers, in percent; what is changed last counts."""
    state = st.session_state.setdefault(
        f"{keys}_cut_state", {"low": low, "high": high, "slider": 0, "numbers": 0}
    )
    slider, numbers = f"{keys}_cuts_{state['slider']}", f"{keys}_typed_{state['numbers']}"
    st.slider(
        t("Scores that become 0 and 100 (percentiles)"),
        0.0,
        100.0,
        (state["low"], state["high"]),
        0.1,
        key=slider,
        on_change=_dragged,
        args=(state, slider),
    )
    columns = st.columns(2)
    for column, name, end in (
        (columns[0], t("Becomes 0 (%)"), "low"),
        (columns[1], t("Becomes 100 (%)"), "high"),
    ):
        column.number_input(
            name,
            0.0,
            100.0,
            state[end],
            0.1,
            format="%.1f",
            key=f"{numbers}_{end}",
            on_change=_typed,
            args=(state, numbers, end),
        )
    return float(state["low"]), float(state["high"])


def _dragged(state: dict[str, Any], slider: str) -> None:
    state["low"], state["high"] = st.session_state[slider]
    state["numbers"] += 1  # the numbers start afresh; the slider keeps its focus


def _typed(state: dict[str, Any], numbers: str, end: str) -> None:
    typed = st.session_state[f"{numbers}_{end}"]
    if typed is not None:
        state[end] = typed
        state["slider"] += 1
