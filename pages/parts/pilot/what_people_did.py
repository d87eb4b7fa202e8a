"""What people did on the search page: their searches, their notes, and how to erase them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.journey.pilot import learning, searching
from core.types.pilot_events import PilotPlan
from core.types.rights import CHANGE, DELETE
from pages.parts import session
from pages.parts.errors import attempt
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import moment, plain, t

_ROWS = 500  # of a table


def searches_made(context: Context, plan: PilotPlan) -> None:
    """Draw the questions that were asked, most frequent first, with what came of each."""
    asked = searching.questions_asked(context.project, plan)
    if not asked:
        st.info(t("Nobody has searched yet."), icon=":material/hourglass_empty:")
        return
    lost = [one for one in asked if one.found_nothing]
    st.markdown(
        t(
            "{questions} different questions were asked {count} times. For {lost} of them somebody "
            "said that nothing fits, or nobody opened or liked a result.",
            questions=len(asked),
            count=f"{sum(one.asked for one in asked):g}",
            lost=len(lost),
        )
    )
    _take_in(context, plan)
    only_lost = st.toggle(t("Only those that found nothing"), key="pilot_only_lost")
    table = pd.DataFrame(
        [
            (one.text, one.asked, one.helped, one.thumbs_down, one.nothing)
            for one in (lost if only_lost else asked)[:_ROWS]
        ],
        columns=[
            t("Question"),
            t("Asked"),
            t("Opened or liked"),
            t("Thumbs down"),
            t("“None of these”"),
        ],
    )
    st.dataframe(table, hide_index=True, width="stretch", height=360)


def _take_in(context: Context, plan: PilotPlan) -> None:
    """Offer to give the data what was asked since the last time."""
    done = st.session_state.pop("pilot_taken", None)
    if done is not None:
        st.success(done, icon=":material/done_all:")
    waiting = learning.questions_not_taken(context.project, plan)
    if not waiting:
        return

    def take_in() -> None:
        account = learning.take_in_questions_asked(context.project, plan, session.who())
        st.session_state["pilot_taken"] = t(
            "{questions} open questions are new in the data; {known} known ones were asked, too. "
            "Let the experts score them next.",
            questions=account.questions,
            known=sum(account.known.values()),
        )

    st.button(
        t("Take {count} questions into the data as open questions", count=len(waiting)),
        icon=":material/playlist_add:",
        key="pilot_take_in",
        on_click=attempt,
        args=(take_in,),
        **only(
            CHANGE,
            help=t(
                "They get their counts and are taken in once. Experts say what could answer them; "
                "nobody has to know the answer. What is nearly a known question adds to its weight."
            ),
        ),
    )


def notes_written(context: Context, plan: PilotPlan) -> None:
    """Draw what people wrote, newest first."""
    notes = searching.newest_notes(context.project, plan)
    if not notes:
        st.info(t("Nobody has written a note yet."), icon=":material/edit_note:")
    for note in notes:
        with st.container(border=True):
            st.markdown(plain(note.text))
            asked = t("about the search “{asked}”", asked=plain(note.search)) if note.search else ""
            st.caption(" · ".join(part for part in (moment(note.at), asked) if part))


def erasing(context: Context, plan: PilotPlan) -> None:
    """Draw how searches are erased by their words."""
    st.markdown(
        t(
            "Searches and notes that hold all of these words, with everything that was done about "
            "them. Masked names, numbers and addresses are found by what they stand for."
        )
    )
    words = st.text_input(t("Words in the searches to erase"), key="pilot_erase_words")
    found = searching.found_searches(context.project, words)
    if not words.strip():
        return
    if not found:
        st.info(t("No search holds these words."), icon=":material/search_off:")
        return
    st.dataframe(
        pd.DataFrame({t("Found"): found[:_ROWS]}), hide_index=True, width="stretch", height=200
    )
    st.button(
        t("Erase these for good ({count})", count=len(found)),
        icon=":material/delete_forever:",
        key="pilot_erase",
        on_click=attempt,
        args=(searching.erase_searches, context.project, words, session.who()),
        **only(DELETE),
    )
