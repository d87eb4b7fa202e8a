"""What speaks against the tuned model, and the decision to use it."""

from __future__ import annotations

import streamlit as st

from core.evaluation.measures import MAIN_METRIC
from core.evaluation.verdict import BETTER, promotion_allowed, promotion_cautions
from core.journey.decisions import LEAST_REASON, Promotion, promote, promotion, withdraw
from core.types import Comparison
from pages.parts import session
from pages.parts.compare.comparison_job import Compared
from pages.parts.errors import show_error
from pages.parts.translate import moment, plain, t, tm


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
    if allowed and not cautions and _is_better(seen.comparison):
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
            help=t("Records the decision with your name; nothing else changes."),
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
        if st.button(t("Overrule and use it"), key="overrule", disabled=not enough):
            _promote(seen, reason or "")


def _promote(seen: Compared, reason: str) -> None:
    context = seen.context
    try:
        promote(context.project, seen.comparison, session.who(), reason=reason)
    except Exception as error:
        show_error(error)
    else:
        st.rerun()


def _in_use(seen: Compared, decided: Promotion) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        said = t("In use by decision of {who}, {at}.", who=decided.who, at=moment(decided.at))
        st.markdown(f":material/task_alt: {plain(said)}")
        if decided.overruled:
            why = t("The refusal was overruled: {reason}", reason=decided.reason)
            st.markdown(f":material/gavel: {plain(why)}")
        if st.button(t("Withdraw"), type="tertiary", key="withdraw"):
            try:
                withdraw(seen.context.project, session.who())
            except Exception as error:
                show_error(error)
            else:
                st.rerun()


def _is_better(comparison: Comparison) -> bool:
    words = {d.word for d in comparison.differences if d.metric == MAIN_METRIC}
    return BETTER in words
