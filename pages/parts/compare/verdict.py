"""The verdict: one card per kind of question, everyday language, and what speaks against use."""

from __future__ import annotations

import streamlit as st

from core.evaluation.measures import MAIN_METRIC, METRICS
from core.journey.compare import (
    GENERALITY_LIMIT,
    KEPT,
    LOST,
    REGIME_TEXTS,
    UNSURE,
    WORDS,
    generality_state,
    present_regimes,
    sentence,
    untested_text,
    way_text,
)
from core.journey.cross_fit import CROSS_FIT, verdict_way
from core.journey.decisions import (
    LEAST_REASON,
    promote,
    promotion,
    promotion_allowed,
    promotion_cautions,
    withdraw,
)
from core.journey.jobs import CROSS_FIT as KIND, KINDS
from core.messages import N_
from core.types import BETTER, NOT_SHOWN, WORSE, Comparison, Difference
from core.types.project import Promotion
from core.types.rights import DECIDE
from pages.parts import session
from pages.parts.compare.comparison_job import Compared
from pages.parts.deep_links import go_to
from pages.parts.errors import errors_shown
from pages.parts.model_titles import language_title
from pages.parts.rights import only
from pages.parts.translate import moment, plain, t, tm

_LOOKS = {  # icon, colour: told apart without colour too
    BETTER: (":material/trending_up:", "blue"),
    WORSE: (":material/trending_down:", "red"),
    NOT_SHOWN: (":material/trending_flat:", "gray"),
}

_GENERALITY = {
    KEPT: N_(
        "Everyday language is still understood ({language}): {before} before, {after} after, "
        "{change} ({low} to {high}) on {pairs} general sentence pairs (Spearman). A drop of up to "
        "{limit} is allowed."
    ),
    UNSURE: N_(
        "Everyday language seems to be still understood ({language}): {before} before, {after} "
        "after, {change} ({low} to {high}) on {pairs} general sentence pairs (Spearman). A drop of "
        "up to {limit} is allowed; the interval reaches past it."
    ),
    LOST: N_(
        "Everyday language is understood less well ({language}): {before} before, {after} after, "
        "{change} ({low} to {high}) on {pairs} general sentence pairs (Spearman). A drop of up to "
        "{limit} is allowed."
    ),
}


def verdict_cards(comparison: Comparison) -> None:
    """Draw one card per regime that has held-out questions."""
    regimes = present_regimes(comparison)
    columns = st.columns(max(1, len(regimes)))
    for column, regime in zip(columns, regimes, strict=False):
        difference = comparison.difference(regime)
        with column, st.container(border=True, height="stretch", key=f"verdict_{regime}"):
            st.markdown(f"**{t(REGIME_TEXTS[regime].title)}**")
            st.caption(t(REGIME_TEXTS[regime].meaning))
            if difference is None:
                st.markdown(t("Not measured: the model before or after tuning is absent."))
            else:
                _card(difference)


def verdict_way_lines(seen: Compared) -> None:
    """Say how the verdict was reached, and offer folds where one split has too few questions."""
    comparison = seen.comparison
    for said in (way_text(comparison), untested_text(comparison)):
        if said is not None:
            st.caption(plain(tm(said)))
    if comparison.way == CROSS_FIT or verdict_way(seen.context.dataset) != CROSS_FIT:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            t(
                "The test part of one split is small here. A verdict by cross-fitting makes every "
                "question a test question."
            ),
            icon=":material/grid_view:",
        )
        if st.button(t("Test every question"), key="to_cross_fit", icon=":material/grid_view:"):
            go_to("tune", view=KINDS[KIND].view)


def _card(difference: Difference) -> None:
    icon, colour = _LOOKS[difference.word]
    st.markdown(f"## :{colour}[{icon} {t(WORDS[difference.word])}]")
    said = tm(sentence(difference))
    st.markdown(plain(said))
    meaning = METRICS[MAIN_METRIC].meaning_in(t)
    left, right = st.columns(2)
    left.metric(t("Before (nDCG@10)"), f"{difference.before:.3f}", help=meaning)
    right.metric(
        t("After (nDCG@10)"),
        f"{difference.after:.3f}",
        delta=f"{difference.difference:+.3f}",
        delta_color="off" if difference.word == NOT_SHOWN else "normal",
        help=meaning,
    )
    st.caption(
        t(
            "The tuned model is better on {wins} of these questions, the same on {ties}, worse on "
            "{losses}.",
            wins=difference.wins,
            ties=difference.ties,
            losses=difference.losses,
        )
    )


def generality_lines(comparison: Comparison) -> None:
    """Say how well everyday language is understood before and after."""
    for probe in comparison.generality:
        state = generality_state(probe)
        icon = ":material/warning:" if state == LOST else ":material/check_circle:"
        text = t(
            _GENERALITY[state],
            before=f"{probe.before:.3f}",
            after=f"{probe.after:.3f}",
            change=_signed(probe.after - probe.before),
            low=_signed(probe.low),
            high=_signed(probe.high),
            pairs=probe.pairs,
            language=language_title(probe.language),
            limit=GENERALITY_LIMIT,
        )
        st.markdown(f"{icon} {plain(text)}")
    if not comparison.generality:
        st.caption(t("Everyday language was not measured in this comparison."))


def _signed(value: float) -> str:
    # A change that rounds to nothing has no sign.
    return f"{value:+.3f}".replace("-", "−") if abs(value) >= 0.0005 else "0.000"


def promotion_view(seen: Compared) -> None:
    """Say what speaks against the tuned model, and who decided to use it."""
    allowed, reasons = promotion_allowed(seen.comparison)
    if reasons:
        head = t("Better not use this model in place of the old one:")
        listed = "\n".join(f"- {plain(tm(reason))}" for reason in reasons)
        st.warning(f"**{head}**\n\n{listed}", icon=":material/front_hand:")
    cautions = promotion_cautions(seen.comparison)
    for caution in cautions:
        st.info(plain(tm(caution)), icon=":material/info:")
    words = {d.word for d in seen.comparison.differences if d.metric == MAIN_METRIC}
    if allowed and not cautions and BETTER in words:
        st.success(
            t("Nothing measured here speaks against using the tuned model."),
            icon=":material/verified:",
        )
    decided = promotion(seen.context.project)
    if decided is not None and decided.run == seen.comparison.run_id:
        _in_use(seen, decided)


def promotion_button(seen: Compared) -> None:
    """Draw the decision to use the model; where it is refused, with a reason to be given."""
    decided = promotion(seen.context.project)
    if decided is not None and decided.run == seen.comparison.run_id:
        return
    allowed, _ = promotion_allowed(seen.comparison)
    if allowed:
        if st.button(
            t("Use this model"),
            icon=":material/task_alt:",
            key="promote",
            **only(DECIDE, help=t("Records the decision with your name; nothing else changes.")),
        ):
            _promote(seen, "")
        return
    with st.popover(t("Use it all the same"), icon=":material/gavel:"):
        st.markdown(
            t(
                "The model is refused for the reasons above. You may overrule that; your name and "
                "your reason are recorded and shown in the project."
            )
        )
        reason = st.text_area(
            t("Why it should be used all the same"), key="overrule_reason", max_chars=1000
        )
        enough = len((reason or "").strip()) >= LEAST_REASON
        if st.button(t("Overrule and use it"), key="overrule", **only(DECIDE, disabled=not enough)):
            _promote(seen, reason or "")


def _promote(seen: Compared, reason: str) -> None:
    with errors_shown():
        promote(seen.context.project, seen.comparison, session.who(), reason=reason)
        st.rerun()


def _in_use(seen: Compared, decided: Promotion) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        said = t("In use by decision of {who}, {at}.", who=decided.who, at=moment(decided.at))
        st.markdown(f":material/task_alt: {plain(said)}")
        if decided.overruled:
            why = t("The refusal was overruled: {reason}", reason=decided.reason)
            st.markdown(f":material/gavel: {plain(why)}")
        if st.button(t("Withdraw"), type="tertiary", key="withdraw", **only(DECIDE)):
            with errors_shown():
                withdraw(seen.context.project, session.who())
                st.rerun()
