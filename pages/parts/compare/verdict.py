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
    headline,
    meaning,
    of_hundred,
    present_regimes,
    sentence,
    span_text,
    untested_text,
    way_text,
)
from core.journey.cross_fit import CROSS_FIT, verdict_way
from core.journey.decisions import promotion_allowed, promotion_cautions
from core.journey.jobs import CROSS_FIT as KIND, KINDS
from core.journey.pilot.keywords import share_of
from core.journey.pilot.versions import LEAST_REASON, promote, promotion, withdraw
from core.messages import N_
from core.types import BETTER, NOT_SHOWN, WORSE, Comparison, Difference
from core.types.project import Promotion
from core.types.rights import DECIDE
from pages.parts import session
from pages.parts.charts import hundred_words, show_hundred
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

_SMALL = 84  # pixels of the dots where answers need the room
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


def verdict_hero(comparison: Comparison, *, brief: bool = False) -> None:
    """Draw the verdict in plain words: one sentence and a hundred dots per kind of question.

    Parameters
    ----------
    brief : bool
        Leave room for a question's answers on the same screen.
    """
    regimes = present_regimes(comparison)
    with st.container(key="verdict_hero"):
        columns = st.columns(max(1, len(regimes)), gap="small")
        for column, regime in zip(columns, regimes, strict=False):
            with (
                column,
                st.container(border=True, height="stretch", gap="xxsmall", key=f"verdict_{regime}"),
            ):
                _plainly(comparison, regime, brief)


def _plainly(comparison: Comparison, regime: str, brief: bool) -> None:
    """Draw word, sentence, interval, meaning and dots of one kind of question."""
    texts = REGIME_TEXTS[regime]
    difference, found = comparison.difference(regime), of_hundred(comparison, regime)
    if difference is None or found is None:
        st.markdown(f"**{t(texts.title)}**", help=t(texts.meaning))
        st.markdown(t("Not measured: the model before or after tuning is absent."))
        return
    icon, colour = _LOOKS[difference.word]
    word = f"**:{colour}[{icon} {t(WORDS[difference.word])}]** :gray[· {t(texts.title)}]"
    measure = t("Measure: {measure}.", measure=METRICS[MAIN_METRIC].title_in(t))
    about = f"{t(texts.meaning)} {plain(tm(sentence(difference)))} {measure}"
    said, span = f"**{tm(headline(found))}**", tm(span_text(found))
    if brief:
        with st.container(horizontal=True, wrap=False, gap="small"):
            show_hundred(found, _SMALL)
            with st.container(gap="xxsmall", width="stretch"):
                st.markdown(word)
                st.markdown(said)
        return
    st.markdown(word, help=about)
    st.markdown(said)
    with st.container(horizontal=True, wrap=False, gap="small"):
        show_hundred(found)
        with st.container(gap="xsmall", width="stretch"):
            st.caption(span)
            st.caption(tm(meaning(found)))
            st.caption(hundred_words(found))


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


def verdict_figures(seen: Compared) -> None:
    """Draw the verdict in the field's terms: the measure it rests on, before and after."""
    comparison = seen.comparison
    regimes = present_regimes(comparison)
    for column, regime in zip(st.columns(max(1, len(regimes))), regimes, strict=False):
        difference = comparison.difference(regime)
        if difference is None:
            continue
        with column, st.container(border=True, height="stretch"):
            st.markdown(
                f"**{t(REGIME_TEXTS[regime].title)}**", help=t(REGIME_TEXTS[regime].meaning)
            )
            _figures(difference)
    generality_lines(comparison)
    st.caption(
        t(
            "The base model has another score on other pages because other questions are asked "
            "there: on Experts those to learn from, on Tune the validation questions, here the "
            "held-out ones that no model has met."
        )
    )


def _figures(difference: Difference) -> None:
    st.markdown(plain(tm(sentence(difference))))
    described = METRICS[MAIN_METRIC].meaning_in(t)
    left, right = st.columns(2)
    left.metric(t("Before (nDCG@10)"), f"{difference.before:.3f}", help=described)
    right.metric(
        t("After (nDCG@10)"),
        f"{difference.after:.3f}",
        delta=f"{difference.difference:+.3f}",
        delta_color="off" if difference.word == NOT_SHOWN else "normal",
        help=described,
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


_KEPT_IN_WORDS = {
    KEPT: N_("Everyday language is still understood ({language})."),
    UNSURE: N_("Everyday language seems to be still understood ({language})."),
    LOST: N_("Everyday language is understood less well ({language})."),
}


def generality_words(comparison: Comparison) -> None:
    """Say in one line whether everyday language is still understood; figures are under Advanced."""
    for probe in comparison.generality:
        state = generality_state(probe)
        icon = ":material/warning:" if state == LOST else ":material/check_circle:"
        text = t(_KEPT_IN_WORDS[state], language=language_title(probe.language))
        st.markdown(f"{icon} {plain(text)}")


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
    share = share_of(seen.comparison)
    if share is not None and share.suggested:
        st.info(
            f"{plain(tm(share.message))} "
            + t("The search page on Pilot and the code on Report can join them, too."),
            icon=":material/merge:",
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
