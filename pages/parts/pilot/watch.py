"""Does the model still fit: what the last look found, and how far each criterion is."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import pandas as pd
import streamlit as st

from core.journey.experts import expert_title
from core.journey.jobs import FAILED, INTERRUPTED, JobView
from core.journey.pilot import watching
from core.journey.pilot.watching import COUNT, CRITERIA, POINTS, SHARE, WatchCriteria, WatchLook
from core.messages import N_
from core.reporting.charts.watch_charts import agreement_line, satisfaction_line, unlike_line
from core.types import KNOWN, UNSEEN
from core.types.pilot_events import PilotPlan
from core.types.rights import CHANGE, SEND, START
from core.types.watch_looks import (
    FOLDS,
    GONE,
    NO_EXPERTS,
    NO_MODEL,
    NO_SEARCHES,
    NOTHING_LEARNED,
    SENDING,
    SENDING_FAILED,
    SENT,
    CriterionState,
    DriftLook,
    ExpertAgreement,
)
from pages.parts import session
from pages.parts.charts import show_chart
from pages.parts.errors import attempt
from pages.parts.job_card import job_card
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import moment, plain, t, tm

_ROWS = 200  # of a table
_WHOLE = 8  # rows of a table that is shown whole
_NO_VERDICT = {
    NO_MODEL: N_("No tuned model is in use, so there is no frozen test to ask again."),
    FOLDS: N_(
        "The model in use learned from every question: its verdict came from folds, and no frozen "
        "test is left to ask again."
    ),
    GONE: N_("The model in use or its data are gone, so the frozen test cannot be asked again."),
}
_NO_DRIFT = {
    NO_SEARCHES: N_("Nobody has searched yet: share the search page, or import events."),
    NOTHING_LEARNED: N_("There are no known questions to compare searches with."),
}
_NO_AGREEMENT = {
    **_NO_DRIFT,
    NO_EXPERTS: N_("Fewer than two experts of the labels in use could be asked."),
}
_WAYS = {"webhook": N_("webhook"), "e-mail": N_("e-mail")}
_ENDS = {
    SENT: N_("sent"),
    SENDING_FAILED: N_("not sent; the next look tries again"),
    SENDING: N_("ended while it was sent: it may not have arrived"),
}
_REGIMES = {KNOWN: N_("known answers, new wording"), UNSEEN: N_("unseen answers")}


def watch(context: Context, _plan: PilotPlan | None) -> None:
    """Draw the watch of a project."""
    running = watching.look_running(context.project)
    looks = watching.looks(context.project)
    _head(context, looks[-1] if looks else None, running)
    if running is not None:
        job_card(running, t("Looking at the pilot"))
    if looks:
        _criteria(looks[-1])
    _change(context)
    _alerts(context)
    if looks:
        _pictures(context, looks)
        _agreement(looks)
        _tables(context, looks[-1])


def _head(context: Context, look: WatchLook | None, running: JobView | None) -> None:
    words, button = st.columns([0.78, 0.22], vertical_alignment="center")
    with words, st.container(key="watch_head"):
        if look is None:
            st.info(
                t(
                    "A look compares what people ask with what the model has learned, asks the "
                    "frozen test again, and says by your criteria whether the model should learn "
                    "anew. It changes nothing."
                ),
                icon=":material/visibility:",
            )
        elif look.fired:
            rules = [tm(watching.state_told(s)) for s in look.criteria if s.fires]
            st.warning(
                t("**The model should learn again.** {reasons}", reasons=" ".join(rules)),
                icon=":material/notification_important:",
            )
        else:
            st.success(
                t(
                    "**Nothing says that the model should learn again.** Last look: {moment}.",
                    moment=moment(look.at),
                ),
                icon=":material/check_circle:",
            )
    busy = running is not None and running.state not in (FAILED, INTERRUPTED)
    button.button(
        t("Look now"),
        type="primary",
        icon=":material/visibility:",
        key="watch_look",
        width="stretch",
        on_click=attempt,
        args=(watching.launch_look, context.project, session.who()),
        **only(
            START,
            disabled=busy,
            help=t(
                "For a look each week by itself: `python -m core watch PROJECT` in the "
                "machine's schedule (cron)."
            ),
        ),
    )


def _criteria(look: WatchLook) -> None:
    """Draw each criterion with how far it is from holding."""
    with st.container(border=True, key="watch_criteria", gap="xsmall"):
        for state in look.criteria:
            _criterion(state)


def _criterion(state: CriterionState) -> None:
    one = CRITERIA[state.key]
    mark = ":material/notification_important:" if state.fires else ":material/circle:"
    title, bar, words = st.columns([0.24, 0.2, 0.56], vertical_alignment="center")
    title.markdown(f"{mark} **{t(one.title)}**", help=t(one.meaning))
    limit = one.told(state.limit)
    known = "–" if state.value is None else one.told(max(state.value, 0.0))
    bar.progress(state.way, text=t("{value} of {limit}", value=known, limit=limit))
    chance = f" :gray[{tm(watching.chance_told(state))}]" if state.value is not None else ""
    raised = watching.raised_told(state)
    stricter = f" :gray[{tm(raised)}]" if raised is not None else ""
    words.markdown(f"{tm(watching.state_told(state))}{chance}{stricter}")


def _change(context: Context) -> None:
    """Draw the criteria in plain words, each to be changed or switched off."""
    wanted = watching.criteria_of(context.project)
    label = t("When should the model learn again?")
    with (
        st.expander(label, icon=":material/tune:"),
        st.form("watch_form", border=False),
    ):
        limits = {key: _limit(key, wanted) for key in CRITERIA}
        left, right = st.columns(2)
        left.number_input(t("A look reaches back days"), 1, 90, wanted.days, key="watch_days")
        right.number_input(
            t("False alarms that are accepted, in a year and by each criterion (%)"),
            0.1,
            50.0,
            100 * wanted.false_alarms,
            step=1.0,
            key="watch_false_alarms",
        )
        st.checkbox(
            t("Send an alert when a criterion begins to hold"),
            wanted.alert,
            key="watch_alert",
            **only(SEND, help=t("Where to is a setting of the server: docs/pilot.md.")),
        )
        st.checkbox(
            t("Alerts may hold questions that people asked"),
            wanted.texts,
            key="watch_texts",
            **only(SEND, help=t("Without this an alert holds figures alone.")),
        )

        def save() -> None:
            chosen: dict[str, Any] = {CRITERIA[key].setting: limits[key]() for key in CRITERIA}
            state = st.session_state
            watching.set_criteria(
                context.project,
                replace(
                    wanted,
                    **chosen,
                    days=int(state["watch_days"]),
                    weeks=int(state["watch_weeks"]),
                    false_alarms=float(state["watch_false_alarms"]) / 100,
                    alert=bool(state["watch_alert"]),
                    texts=bool(state["watch_texts"]),
                ),
                session.who(),
            )

        st.form_submit_button(
            t("Use these criteria"),
            icon=":material/save:",
            key="watch_save",
            on_click=attempt,
            args=(save,),
            **only(CHANGE),
        )


def _alerts(context: Context) -> None:
    """Say where alerts go, and what became of the last ones."""
    told = watching.alerts(context.project)
    ways = watching.alert_ways(os.environ)
    if watching.criteria_of(context.project).alert and not ways:
        st.warning(
            t(
                "Alerts are switched on, but this server has nowhere to send them: whoever runs it "
                "sets ALERT_WEBHOOK or ALERT_MAIL (docs/pilot.md)."
            ),
            icon=":material/notifications_off:",
        )
    if not told:
        return
    with st.expander(t("Alerts that were sent"), icon=":material/notifications:"):
        rows = [
            (
                moment(one.at),
                t(CRITERIA[one.firing.split()[0]].title),
                t(_WAYS[one.way]),
                t(_ENDS[one.state]),
                tm(one.problem) if one.problem else "",
            )
            for one in told
            if one.firing.split()[0] in CRITERIA
        ]
        heads = (t("Time"), t("Criterion"), t("Sent by"), t("What came of it"), t("Why"))
        _show(pd.DataFrame(rows, columns=list(heads)))


def _limit(key: str, wanted: WatchCriteria) -> Callable[[], float | int | None]:
    """Draw the limit of a criterion; returns what reads it once the form was sent."""
    one = CRITERIA[key]
    present = getattr(wanted, one.setting)
    proposed = getattr(WatchCriteria(), one.setting)
    limit = proposed if present is None else present
    scale = 1 if one.unit == COUNT else 100
    title = {SHARE: t("limit (%)"), POINTS: t("limit (points)"), COUNT: t("limit")}[one.unit]
    switch, number, more = st.columns([0.5, 0.2, 0.3], vertical_alignment="bottom")
    on: dict[str, Any] = {one.setting: limit}
    rule = watching.rule_told(key, replace(wanted, **on))
    switch.checkbox(tm(rule), present is not None, key=f"watch_{key}_on", help=t(one.meaning))
    number.number_input(
        title,
        int(scale * one.lowest),
        int(scale * one.highest),
        round(scale * limit),
        key=f"watch_limit_{key}",
    )
    if one.setting == "fall":
        more.number_input(t("weeks in a row"), 1, 8, wanted.weeks, key="watch_weeks")

    def chosen() -> float | int | None:
        if not st.session_state[f"watch_{key}_on"]:
            return None
        value = int(st.session_state[f"watch_limit_{key}"])
        return value if one.unit == COUNT else value / 100

    return chosen


def _pictures(context: Context, looks: tuple[WatchLook, ...]) -> None:
    left, right = st.columns(2, gap="medium")
    newest = looks[-1]
    with left, st.container(border=True, key="watch_unlike", height="stretch"):
        st.markdown(f"**{t('Questions unlike anything learned')}**")
        if newest.drift is None:
            st.caption(t(_NO_DRIFT[newest.no_drift]))
        if any(look.drift is not None for look in looks):
            limit = watching.criteria_of(context.project).unlike
            if limit is not None and newest.drift is not None:
                limit = max(limit, newest.drift.unlike.tolerated)
            show_chart(unlike_line(looks, limit, t), "watch_unlike_chart")
    with right, st.container(border=True, key="watch_satisfaction", height="stretch"):
        st.markdown(f"**{t('What people made of their searches')}**")
        if newest.weeks:
            show_chart(satisfaction_line(newest.weeks, t), "watch_satisfaction_chart")
        else:
            st.caption(t(_NO_DRIFT[NO_SEARCHES]))


def _agreement(looks: tuple[WatchLook, ...]) -> None:
    """Draw how far the experts agree, look by look, and each of them in the newest look."""
    newest = looks[-1]
    with st.container(border=True, key="watch_agreement"):
        st.markdown(f"**{t('Agreement of the experts')}**")
        picture, table = st.columns([0.44, 0.56], gap="medium")
        found = newest.agreement
        with picture:
            if any(look.agreement is not None for look in looks):
                chart = agreement_line(looks, t)
                st.caption(plain(tm(chart.summary)))
                show_chart(chart, "watch_agreement_chart")
            if found is None and newest.no_agreement:
                st.caption(t(_NO_AGREEMENT[newest.no_agreement]))
        with table:
            if found is not None:
                _voices(found)
            for why in newest.not_asked if found is None else found.not_asked:
                st.caption(tm(why))


def _voices(found: ExpertAgreement) -> None:
    """Draw how far each expert goes with the others, and with people where these judged."""
    rows = []
    for one in found.voices:
        people = ""
        if one.people is not None:
            ends = (f"{end:.2f}" for end in (one.people.value, one.people.low, one.people.high))
            value, low, high = ends
            people = t(
                "{value} ({low}–{high}), {pairs} pairs",
                value=value,
                low=low,
                high=high,
                pairs=one.pairs,
            )
        rows.append(
            (expert_title(one.expert), round(100 * one.known), round(100 * one.now), people)
        )
    heads = [
        *(t("Expert"), t("Learned from"), t("New")),
        t("With people (κ)"),
    ]
    table = pd.DataFrame(rows, columns=heads)
    if not any(one.people is not None for one in found.voices):
        table = table.drop(columns=heads[-1])
    st.markdown(t("Agreement of each expert with the others, of 100 points"))
    _show(table)


def _tables(context: Context, look: WatchLook) -> None:
    unlike = watching.unlike_questions(context.project, look)
    if look.unlike_searches:
        label = t("Questions unlike anything learned ({count})", count=len(look.unlike_searches))
        with st.expander(label, icon=":material/help:", expanded=bool(unlike)):
            _unlike(context, look, unlike)
    if look.drift is not None:
        with st.expander(t("More about what is asked"), icon=":material/query_stats:"):
            _more(look.drift)
    if look.answers.changed or look.answers.added:
        label = t(
            "Answers: {changed} changed or gone, {added} added since the model learned",
            changed=len(look.answers.changed),
            added=look.answers.added,
        )
        with st.expander(label, icon=":material/edit_document:"):
            _answers(context, look)
    with st.expander(t("The frozen test"), icon=":material/ac_unit:"):
        _frozen(look)


def _unlike(
    context: Context, look: WatchLook, questions: tuple[watching.UnlikeQuestion, ...]
) -> None:
    st.markdown(
        t(
            "Least like anything known first. Nothing was learned about them: judge them, add "
            "answers where there are none, and learn again."
        )
    )
    table = pd.DataFrame(
        [(one.text, moment(one.at)) for one in questions[:_ROWS]],
        columns=[t("Question"), t("Searched last")],
    )
    st.dataframe(
        table, hide_index=True, width="stretch", height="content" if len(table) < 8 else 300
    )
    if len(questions) < len(look.unlike_searches):
        st.caption(
            t(
                "Erased since, or older than their days: {count}.",
                count=len(look.unlike_searches) - len(questions),
            )
        )
    words = watching.words_of_look(context.project, look)
    if words:
        told = ", ".join(f"{one.word} ({one.questions})" for one in words)
        st.markdown(t("Words that no known question has: {words}.", words=plain(told)))


def _more(found: DriftLook) -> None:
    st.markdown(
        t(
            "A classifier tells the new questions from the known ones with an AUC of {auc} "
            "(0.5: not at all; p = {auc_p}); MMD² is {mmd} (p = {mmd_p}). That changes with every "
            "season, so it is told and never an alarm.",
            auc=f"{found.mix.auc:.2f}",
            auc_p=f"{found.mix.auc_p:.3f}",
            mmd=f"{found.mix.mmd:.4f}",
            mmd_p=f"{found.mix.mmd_p:.3f}",
        )
    )
    st.markdown(
        t(
            "The best answer of a question scores {now} in the middle; of the known questions it "
            "was {known} (one-sided p of a fall = {p}; population stability index {stability}).",
            now=f"{found.scores.now:.2f}",
            known=f"{found.scores.known:.2f}",
            p=f"{found.scores.p:.3f}",
            stability=f"{found.scores.stability:.2f}",
        )
    )


def _answers(context: Context, look: WatchLook) -> None:
    suspects = watching.suspect_answers(context.project, look)
    if not suspects:
        if look.answers.changed:
            st.caption(t("The data that the model learned from are gone, so none can be shown."))
        return
    st.markdown(t("The labels of these questions rest on an answer that reads otherwise now."))
    rows = [
        (number, question, one.before, one.now or t("gone"))
        for one in suspects
        for number, question in one.questions
    ]
    table = pd.DataFrame(
        rows[:_ROWS], columns=[t("Row"), t("Question"), t("Answer then"), t("Answer now")]
    )
    st.dataframe(
        table, hide_index=True, width="stretch", height="content" if len(rows) < 8 else 300
    )


def _frozen(look: WatchLook) -> None:
    verdict = look.verdict
    if verdict is None:
        st.caption(t(_NO_VERDICT[look.no_verdict]))
        return
    st.markdown(
        t("Right answers in the first place, of 100 questions that the model never learned from.")
    )
    then = {one.regime: one.after for one in verdict.then}
    today = {one.regime: one.after for one in verdict.today}
    rows = [
        (
            t(_REGIMES[one.regime]),
            one.questions,
            one.before,
            then.get(one.regime),
            one.after,
            today.get(one.regime),
        )
        for one in verdict.found
    ]
    heads = (
        *(t("Questions"), t("Count"), t("Base model")),
        *(t("When it was taken"), t("Asked again"), t("Among the answers of today")),
    )
    table = pd.DataFrame(rows, columns=list(heads)).dropna(axis=1, how="all")
    st.dataframe(table, hide_index=True, width="stretch")
    if verdict.left_out:
        st.caption(
            t(
                "Of these, without a right answer today: {count}.",
                count=verdict.left_out,
            )
        )


def _show(table: pd.DataFrame) -> None:
    height: int | Literal["content"] = 300 if len(table) > _WHOLE else "content"
    st.dataframe(table, hide_index=True, width="stretch", height=height)
