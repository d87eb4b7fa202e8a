"""Choose experts: cards by where the model is, a folder of one's own, and the start."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.journey.experts import (
    ExpertCard,
    ModelFolders,
    add_model_folder,
    expert_cards,
    model_folders,
    remove_model_folder,
)
from core.journey.rating import is_people
from core.journey.score_files import score_files
from core.journey.sending import api_connections, llm_connections
from core.messages import N_, N_n
from core.types.rights import CHANGE, START
from pages.parts import session
from pages.parts.errors import errors_shown
from pages.parts.experts.expert_api import expert_api, start_scoring
from pages.parts.experts.expert_card import Choice, draw_cards
from pages.parts.experts.language_models import language_models
from pages.parts.experts.score_files import score_file_section
from pages.parts.experts.teacher import teacher_box
from pages.parts.experts.terms import terms_overview
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import duration, plain, t, tm

_WORTH_TELLING = 5.0  # seconds of loading that are told apart from reading
_GROUPS = (  # where an expert is: title, one sentence
    (
        ("bundled", "downloaded"),
        N_("On this machine"),
        N_("Ready to score, also without internet."),
    ),
    (
        ("hub",),
        N_("From the model hub"),
        N_("Downloaded at first use; this machine must be able to reach the internet then."),
    ),
    (
        ("folder",),
        N_("Your own folders"),
        N_("Models that you or your colleagues made."),
    ),
)


def expert_choice(context: Context, scored: Sequence[str], busy: bool, main_action: bool) -> None:
    """Draw the choice of experts and the button that lets them score.

    Parameters
    ----------
    scored : sequence of str
        Experts whose scores are there already.
    busy : bool
        Whether experts are scoring the present data now.
    main_action : bool
        Whether to let experts score is what the user should do next.
    """
    folders = model_folders(context.project)
    connections, models = api_connections(context.project), llm_connections(context.project)
    files = [file.key for file in score_files(context.project, context.dataset)]
    people = tuple(key for key in scored if is_people(key))
    keys = (*folders.usable, *files, *people)
    wanted = not context.project.state.teacher_put_off
    servers = [*connections, *models]
    cards = expert_cards(context.workspace, context.dataset, keys, servers, teacher=wanted)
    choice = Choice(context, cards, scored)
    st.subheader(t("Choose other experts") if scored else t("Choose experts"), anchor=False)
    st.markdown(
        t(
            "Take three or more that differ: models that read meaning and at least one that "
            "compares words. The suggested ones suit the language of your data."
        )
    )
    start = st.container()  # on top, so that it is in sight; filled once the boxes are drawn
    teacher_box(context, choice)
    for places, title, meaning in _GROUPS:
        group = [card for card in cards if card.availability.where in places]
        if places == ("folder",):
            _own_folders(context, group, folders, choice)
        elif group and places == ("hub",):
            ticked = sum(card.entry.key in choice for card in group)
            label = t(
                N_n(
                    "{group}: {count} model, {picked} chosen",
                    "{group}: {count} models, {picked} chosen",
                ),
                group=t(title),
                count=len(group),
                picked=ticked,
            )
            with st.expander(label, icon=":material/cloud_download:"):
                st.caption(t(meaning))
                draw_cards(group, choice)
        elif group:
            st.markdown(f"#### {t(title)}")
            st.caption(t(meaning))
            draw_cards(group, choice)
    expert_api(context, connections, choice)
    language_models(context, models, choice)
    score_file_section(context, choice)
    with start:
        picked = [card for card in cards if card.entry.key in choice]
        _start(context, picked, scored, busy, main_action)
        terms_overview(context, [card.entry.key for card in picked])


def _own_folders(
    context: Context,
    group: Sequence[ExpertCard],
    folders: ModelFolders,
    choice: Choice,
) -> None:
    _, title, meaning = _GROUPS[-1]
    label = t("{group}: {count}", group=t(title), count=len(group))
    with st.expander(label, icon=":material/folder_open:", expanded=bool(group or folders.broken)):
        st.caption(t(meaning))
        draw_cards(group, choice)
        for path, reason in folders.broken.items():
            with st.container(horizontal=True, vertical_alignment="center"):
                st.warning(plain(tm(reason)), icon=":material/folder_off:")
                if st.button(t("Forget this folder"), key=f"forget_{path}", **only(CHANGE)):
                    remove_model_folder(context.project, path, session.who())
                    st.rerun()
        with st.form("own_folder", border=False):
            path = st.text_input(
                t("Path of a sentence-transformers folder on the computer that runs this app"),
                placeholder="/models/our-support-model",
            )
            if st.form_submit_button(
                t("Add this folder"), icon=":material/create_new_folder:", **only(CHANGE)
            ):
                _add(context, path, choice)


def _add(context: Context, path: str, choice: Choice) -> None:
    if not path.strip():
        st.warning(t("Type the path of a folder first."))
        return
    with errors_shown():
        key = add_model_folder(context.project, path, session.who())
        choice.add(key)
        st.rerun()


def _start(
    context: Context,
    cards: Sequence[ExpertCard],
    scored: Sequence[str],
    busy: bool,
    main_action: bool,
) -> None:
    keys = [card.entry.key for card in cards]
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            t(N_n("Let {count} expert score", "Let {count} experts score"), count=len(keys)),
            type="primary" if main_action else "secondary",
            icon=":material/play_arrow:",
            key="let_score",
            **only(START, disabled=busy or not keys),
        )
        st.caption(_time_needed(context, cards, scored) if keys else t("No expert is chosen yet."))
    if busy:
        st.caption(t("Experts are scoring now. You can start again when they are done."))
    elif scored and keys and set(keys) != set(scored):
        st.caption(t("Your choice takes effect once these experts have scored."))
    remote = [plain(card.entry.title) for card in cards if not card.availability.ready]
    if remote:
        st.info(
            t(
                "Downloaded when scoring starts: {names}. If the model hub cannot be reached, the "
                "other experts score without them.",
                names=", ".join(remote),
            ),
            icon=":material/cloud_download:",
        )
    start_scoring(context, keys, pressed)


def _time_needed(context: Context, cards: Sequence[ExpertCard], scored: Sequence[str]) -> str:
    new = [card for card in cards if card.entry.key not in scored and card.seconds != 0]
    known = [card.seconds for card in new if card.seconds is not None]
    loading = sum(card.loading or 0.0 for card in new)
    if not new:
        return t("A few seconds: these experts have read your texts already.")
    if not known:
        return t(
            "{texts} texts. How long it takes shows as soon as the first ones are read: usually "
            "some minutes on a laptop.",
            texts=len(context.dataset.questions) + len(context.dataset.answers),
        )
    time = duration(sum(known) + 5)
    if loading >= _WORTH_TELLING:
        return t(
            "About {time} on this machine for what these experts have not read yet, and {loading} "
            "to load the models.",
            time=time,
            loading=duration(loading),
        )
    return t("About {time} on this machine for what these experts have not read yet.", time=time)
