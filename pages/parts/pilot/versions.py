"""The versions of the model: champion and challenger, who decided why, and the way back."""

from __future__ import annotations

import os
from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.errors import AppError
from core.journey.compare import SLICERS, WORDS
from core.journey.jobs import FINISHED
from core.journey.pilot import challenging, searching, versions
from core.journey.pilot.challenging import FROM_BASE, GO_ON, Challenge
from core.journey.pilot.versions import ModelRegistry, ModelVersion
from core.messages import N_, N_n
from core.types import KNOWN, UNSEEN
from core.types.pilot_events import CHALLENGER, CHAMPION, PilotPlan
from core.types.rights import DECIDE, PUBLISH, START
from pages.parts import session
from pages.parts.errors import attempt, show_error
from pages.parts.job_card import job_card
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import moment, plain, t, tm

_ICONS = {CHAMPION: ":material/trophy:", CHALLENGER: ":material/swords:"}
_TOLD = 50  # decisions of the list; lost questions


def versions_of_model(context: Context, _plan: PilotPlan | None) -> None:
    """Draw the registry of a project: the two aliases, every version, and what can be decided."""
    present = versions.registry(context.project)
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, key="version_champion", height="stretch"):
        _champion(context, present)
    with right, st.container(border=True, key="version_challenger", height="stretch"):
        _challenger(context, present)
    _found(context, present)
    if present.versions:
        _table(context, present)
        _decide(context, present)
        _to_mlflow(context)
        _story(present)


def _title(context: Context, version: ModelVersion) -> str:
    words = tm(searching.arm_title(context.project, version.arm))
    return t("Version {number}: {title}", number=version.version, title=words)


def _champion(context: Context, present: ModelRegistry) -> None:
    champion, decided = present.champion, present.took_effect
    st.markdown(f"##### {_ICONS[CHAMPION]} {t('In use (champion)')}")
    if champion is None or decided is None:
        arm = searching.arm_in_use(context.project, context.dataset)
        st.markdown(plain(tm(searching.arm_title(context.project, arm))))
        st.caption(
            t(
                "Nobody has decided yet: this is the model to begin with. “Use this model” on "
                "Compare takes a tuned one into use."
            )
        )
        return
    st.markdown(plain(_title(context, champion)))
    said = t("Decided by {who}, {at}.", who=decided.who, at=moment(decided.at))
    why = t("Reason: {reason}", reason=decided.reason) if decided.reason else ""
    st.caption(plain(f"{said} {why}"))
    if not versions.is_there(context.project, champion.arm):
        st.error(
            t("Its model is not there any more. Restore its run from a backup, or go back."),
            icon=":material/error:",
        )


def _challenger(context: Context, present: ModelRegistry) -> None:
    project, challenger = context.project, present.challenger
    st.markdown(f"##### {_ICONS[CHALLENGER]} {t('Challenger')}")
    if challenger is None:
        st.markdown(t("None. A challenger is compared with the model in use, and never put there."))
    else:
        st.markdown(plain(_title(context, challenger)))
        if challenger.lineage.from_version:
            st.caption(
                t("It went on from version {number}.", number=challenger.lineage.from_version)
            )
    with st.container(horizontal=True):
        _training(context)
        if challenger is not None:
            _confirm(
                t("Take it off"),
                "take_off",
                t("It is challenger no more and stays in the list of versions."),
                lambda reason: versions.take_off_challenger(project, session.who(), reason),
            )
    training = challenging.training_job(project)
    if training is not None and not training.is_final:
        job_card(training, t("Training a challenger"))


def _training(context: Context) -> None:
    """Offer to train a challenger, with what it would learn from."""
    with st.popover(t("Train a challenger"), icon=":material/model_training:", **only(START)):
        refusal = challenging.why_not_go_on(context.project)
        begin = st.radio(
            t("Where it begins"),
            (FROM_BASE, GO_ON) if refusal is None else (FROM_BASE,),
            format_func=lambda key: t(challenging.BEGINNINGS[key]),
            key="challenger_begin",
        )
        if refusal is not None:
            st.caption(plain(tm(refusal)))
        told = challenging.rehearsal(context.project)
        st.markdown(
            t(
                "It learns from all of the present data. Questions that the champion has not met: "
                "{new}. Those that it has met, told again so that they are not forgotten: {known}. "
                "Those that it learned from and that are in the data no more: {gone}.",
                new=f"{told.new:,}",
                known=f"{told.known:,}",
                gone=f"{told.gone:,}",
            )
        )
        st.button(
            t("Start training"),
            type="primary",
            icon=":material/play_arrow:",
            key="challenger_train",
            on_click=attempt,
            args=(challenging.train_challenger, context.project, session.who(), begin),
            **only(START),
        )


def _confirm(
    label: str, key: str, asked: str, act: Callable[[str], object], *, icon: str | None = None
) -> None:
    """Draw a decision that wants a reason."""
    with st.popover(label, icon=icon, **only(DECIDE)):
        st.markdown(asked)

        def decide() -> None:
            attempt(act, str(st.session_state.get(f"{key}_why") or ""))

        # A form: what was typed last goes with the click, whoever is quick.
        with st.form(f"{key}_form", border=False):
            st.text_area(t("Why? It is recorded with your name."), key=f"{key}_why", max_chars=1000)
            st.form_submit_button(
                t("Confirm"), type="primary", key=key, on_click=decide, **only(DECIDE)
            )


def _found(context: Context, present: ModelRegistry) -> None:
    """Draw how the challenger compares, or that it is being compared."""
    if present.challenger is None:
        return
    job = challenging.challenge_job(context.project)
    if job is None or (job.is_final and job.state != FINISHED):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(t("It has not been compared with the model in use."))
            st.button(
                t("Compare with the champion"),
                icon=":material/compare_arrows:",
                key="challenge_start",
                on_click=attempt,
                args=(challenging.launch_challenge, context.project, session.who()),
                **only(START),
            )
    if job is not None and job.state != FINISHED:
        job_card(job, t("Comparing challenger and champion"))
        return
    try:
        found = challenging.challenge_found(context.project)
    except AppError as error:
        show_error(error)
        return
    if found is not None:
        _compared(context, found)


def _compared(context: Context, found: Challenge) -> None:
    with st.container(border=True, key="challenge_found"):
        st.markdown(f"##### {t('Challenger against champion')}")
        for part in found.parts:
            st.markdown(f"- {_part_told(part)}")
        if found.everyday is not None:
            values = {"before": found.everyday.before, "after": found.everyday.after}
            if found.everyday_lost:
                words = N_("Everyday language is understood less: {before:.3f} → {after:.3f}.")
            else:
                words = N_("Everyday language is understood as before: {before:.3f} → {after:.3f}.")
            st.markdown(f"- {t(words, **values)}")
        if found.questions.left_out:
            st.caption(
                t(
                    N_n(
                        "{count} held-out question is left out, because one of the two models has "
                        "learned from it.",
                        "{count} held-out questions are left out, because one of the two models "
                        "has learned from them.",
                    ),
                    count=found.questions.left_out,
                )
            )
        _forgotten(context, found)


def _part_told(part: challenging.PartFigure) -> str:
    title, found = t(challenging.PARTS[part.key]), part.found
    if found is None:
        return f"**{title}** · {t('no question yet')}"
    said = t(
        "nDCG@10 {before:.3f} → {after:.3f} ({low:+.3f} to {high:+.3f}); won {wins}, lost {losses} "
        "of {count} questions.",
        before=found.before,
        after=found.after,
        low=found.low,
        high=found.high,
        wins=found.wins,
        losses=found.losses,
        count=found.questions,
    )
    return f"**{title}** · **{t(WORDS[found.word])}** · {said}"


def _forgotten(context: Context, found: Challenge) -> None:
    """Draw what was won and lost, group by group, and the questions that are lost."""
    slices = found.comparison.slices
    if slices:
        st.dataframe(
            pd.DataFrame(
                [
                    (
                        t(SLICERS[one.attribute].title),
                        tm(one.label),
                        one.result.questions,
                        one.result.wins,
                        one.result.losses,
                        round(one.result.difference, 3),
                        t("too few") if one.small else t(WORDS[one.result.word]),
                    )
                    for one in slices
                ],
                columns=[
                    *(t("Told apart by"), t("Group"), t("Questions"), t("Won"), t("Lost")),
                    *(t("Difference"), t("Verdict")),
                ],
            ),
            hide_index=True,
            key="challenge_groups",
        )
    lost = found.forgotten
    if lost:
        with st.expander(
            t("Right answers no longer among the first ten: {count}", count=len(lost)),
            icon=":material/history_toggle_off:",
        ):
            for change in lost[:_TOLD]:
                st.markdown(
                    "- "
                    + t(
                        "{question} (place {before} → {after})",
                        question=plain(context.dataset.questions[change.question]),
                        before=change.before_rank,
                        after=change.after_rank,
                    )
                )


def _table(context: Context, present: ModelRegistry) -> None:
    """Draw every version with where it came from; newest first."""
    rows = []
    for one in reversed(present.versions):
        figures = {figure.regime: figure for figure in versions.verdict_of(context.project, one)}
        origin = one.lineage
        rows.append(
            (
                one.version,
                t(versions.STAGES[present.stage(one)]),
                tm(searching.arm_title(context.project, one.arm)),
                *(
                    t(WORDS[figures[regime].word]) + f" ({figures[regime].difference:+.3f})"
                    if regime in figures
                    else "–"
                    for regime in (KNOWN, UNSEEN)
                ),
                origin.recipe or "–",
                origin.dataset_id or "–",
                one.arm.run or "–",
                moment(one.at),
                one.who,
                origin.code,
            )
        )
    st.dataframe(
        pd.DataFrame(
            rows,
            columns=[
                *(t("Version"), t("Stage"), t("Model"), t("Verdict, known answers")),
                *(t("Verdict, unseen answers"), t("Labels"), t("Data"), t("Run")),
                *(t("Taken in"), t("By"), t("Program")),
            ],
        ),
        hide_index=True,
        key="versions_table",
        height="content",
    )


def _decide(context: Context, present: ModelRegistry) -> None:
    """Draw what can be decided about a version."""
    project = context.project
    others = [one for one in reversed(present.versions) if one != present.champion]
    if not others:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            t("Decide about"),
            others,
            format_func=lambda one: _title(context, one),
            key="version_chosen",
            width=420,
        )
        if not versions.is_there(project, chosen.arm):
            st.caption(t("Its model is not there any more."))
            return
        number, who = chosen.version, session.who()
        if chosen != present.challenger and chosen.arm.run:
            _confirm(
                t("Make it challenger"),
                f"version_challenge_{number}",
                t("It is compared with the model in use; what searches stays as it is."),
                lambda reason: versions.make_challenger(project, chosen.arm, who, reason),
                icon=_ICONS[CHALLENGER],
            )
        back = present.stage(chosen) == versions.FORMER
        _confirm(
            t("Go back to this version") if back else t("Make it champion"),
            f"version_champion_{number}",
            t("It is in use from now on: the search page and its link go on with it at once."),
            lambda reason: versions.make_champion(project, number, who, reason),
            icon=":material/undo:" if back else _ICONS[CHAMPION],
        )


def _to_mlflow(context: Context) -> None:
    """Offer to write all of this to an MLflow server, where one was named for this server."""
    address = versions.address_of(os.environ)
    if not address:
        return
    written = st.session_state.pop("mlflow_written", None)
    if written is not None:
        st.success(
            t(
                N_n(
                    "Written to MLflow; {count} version is new there.",
                    "Written to MLflow; {count} versions are new there.",
                ),
                count=written,
            ),
            icon=":material/cloud_done:",
        )

    def write() -> None:
        new = versions.write_versions_to_mlflow(context.project, address, session.who())
        st.session_state["mlflow_written"] = new

    st.button(
        t("Write to MLflow"),
        icon=":material/cloud_upload:",
        type="tertiary",
        key="mlflow",
        on_click=attempt,
        args=(write,),
        **only(
            PUBLISH,
            help=t(
                "Versions, who is champion and challenger, where each came from, verdicts, names "
                "and reasons; no texts of your data and no weights."
            ),
        ),
    )


_DECIDED = {
    CHAMPION: N_("Version {number} is in use"),
    CHALLENGER: N_("Version {number} is challenger"),
    versions.TAKEN_OFF: N_("Version {number} is challenger no more"),
}


def _story(present: ModelRegistry) -> None:
    """Draw what was decided, newest first."""
    with st.expander(t("What was decided"), icon=":material/history:"):
        for one in [*reversed(present.decisions)][:_TOLD]:
            what = t(_DECIDED[one.what], number=one.version)
            line = f"{moment(one.at)} · {one.who} · {what}"
            st.markdown(f"- {plain(line)}{': ' + plain(one.reason) if one.reason else ''}")
