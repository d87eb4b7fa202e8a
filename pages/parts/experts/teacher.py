"""The teacher: whether there is one, the stronger expert that is suggested, and "not now"."""

from __future__ import annotations

import streamlit as st

from core.journey.experts import (
    TeacherOffer,
    hub_answers,
    put_off_teacher,
    teacher_advice,
    teacher_offer,
)
from core.messages import N_n
from core.types.rights import CHANGE
from core.types.scoring import TEACHER
from pages.parts import session
from pages.parts.experts.expert_card import Choice
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import duration, plain, t, tm


def teacher_sentence(context: Context) -> str:
    """Draw in one sentence whether there is a teacher, and what to add where there is none.

    Returns
    -------
    str
        Key of the teacher; "" where none is shown to be one.
    """
    advice = teacher_advice(context.project, context.dataset)
    text = plain(tm(advice.sentence))
    if advice.remedy is not None:
        text = f"{text} {plain(tm(advice.remedy))}"
    icon = ":material/school:" if advice.verdict == TEACHER else ":material/lightbulb:"
    st.markdown(f"{icon} {text}")
    return advice.teacher if advice.verdict == TEACHER else ""


def teacher_box(context: Context, choice: Choice) -> None:
    """Draw the stronger expert that is suggested and its cost; nothing once it has scored."""
    offer, project = teacher_offer(context.workspace, context.dataset), context.project
    key = offer.entry.key
    if key in choice.scored:
        return
    if project.state.teacher_put_off:
        with st.container(horizontal=True, vertical_alignment="center", key="teacher_put_off"):
            st.caption(t("A stronger expert, {title}, was put off.", title=plain(key)))
            if st.button(
                t("Suggest it again"), type="tertiary", key="teacher_again", **only(CHANGE)
            ):
                put_off_teacher(project, False, session.who())
                if offer.within_reach:
                    choice.add(key)
                st.rerun()
        return
    with st.container(border=True, key="teacher_box", gap="small"):
        st.markdown(
            t(
                ":material/school: **A stronger expert to learn from: {title}.** The others come "
                "with the app and are small; a model learns most from an expert that searches "
                "better than itself.",
                title=plain(offer.entry.title),
            )
        )
        st.caption("  \n".join(_facts(offer)))
        _state(offer)
        with st.container(horizontal=True):
            _buttons(context, offer, choice)


def _facts(offer: TeacherOffer) -> list[str]:
    entry, published = offer.entry, offer.entry.published
    use = t("commercial use allowed") if entry.commercial_use else t("not for commercial use")
    first = [t("{size} MB", size=entry.size_mb)]
    first.append(t("licence {licence}", licence=plain(entry.licence)))
    first.append(use)
    first.append(_time(offer))
    lines = [" · ".join(first)]
    if published is not None:
        lines.append(
            t(
                "Published: {value} against {than_value} of {than} ({benchmark}, [source]({url})).",
                value=published.value,
                than_value=published.than_value,
                than=plain(published.than),
                benchmark=t(published.benchmark),
                url=published.source,
            )
        )
    return lines


def _time(offer: TeacherOffer) -> str:
    if offer.reading is None:
        return t(
            N_n("{texts} text, read once", "{texts} texts, each read once", by="texts"),
            texts=offer.texts,
        )
    if offer.loading is None:
        return t(
            N_n(
                "{texts} text, read once: about {time}",
                "{texts} texts, each read once: about {time}",
                by="texts",
            ),
            texts=offer.texts,
            time=duration(offer.reading),
        )
    return t(
        N_n(
            "{texts} text, read once: about {time}, and {loading} to load it",
            "{texts} texts, each read once: about {time}, and {loading} to load it",
            by="texts",
        ),
        texts=offer.texts,
        time=duration(offer.reading),
        loading=duration(offer.loading),
    )


def _state(offer: TeacherOffer) -> None:
    """Say whether it is here, and what to do where it is not."""
    ready = offer.availability.ready
    if ready or (offer.hub and not offer.offline):
        st.caption(
            plain(tm(offer.availability.message))
            if ready
            else t("The model hub can be reached: it is downloaded when scoring starts.")
        )
        return
    if offer.offline:
        st.caption(t("Downloads are switched off on this machine (HF_HUB_OFFLINE)."))
    elif offer.hub is False:
        st.caption(t("The model hub cannot be reached from this machine."))
    else:
        st.caption(
            t(
                "Whether it can be downloaded is not known: the app sends no request by itself. "
                "Looking asks {host} once, without any of your data.",
                host=plain(offer.address),
            )
        )
    if offer.entry.command:
        st.caption(t("Without the model hub, install it on the computer that runs this app:"))
        st.code(offer.entry.command, language=None)


def _buttons(context: Context, offer: TeacherOffer, choice: Choice) -> None:
    key = offer.entry.key
    if not offer.within_reach and not offer.offline:
        again = offer.hub is False
        if st.button(
            t("Look again") if again else t("Look whether it can be downloaded"),
            icon=":material/cloud_sync:",
            key="ask_hub",
        ):
            with st.spinner(t("Asking the model hub …")):
                reachable = hub_answers(context.workspace)
            if reachable:
                choice.add(key)
            st.rerun()
    if (
        offer.within_reach
        and key not in choice
        and st.button(t("Let it take part"), icon=":material/add:", key="teacher_take")
    ):
        choice.add(key)
        st.rerun()
    if st.button(t("Not now"), type="tertiary", key="teacher_not_now", **only(CHANGE)):
        put_off_teacher(context.project, True, session.who())
        choice.remove(key)
        st.rerun()
