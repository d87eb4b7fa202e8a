"""One pair on the table: both texts, why it is here, what the experts say, and the judgement."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.journey import corrections
from core.labels.review import Voice, reason, voices
from core.messages import N_
from core.types import Override
from pages.parts import session
from pages.parts.labels.review_lists import Place, Review
from pages.parts.page import Context
from pages.parts.translate import moment, plain, t, tm

_QUICK = {0: "1", 25: "2", 50: "3", 75: "4", 100: "5"}  # label → key
# Why, where the person types nothing: what the label itself says.
_PLAIN_REASONS = (
    N_("The answer does not answer the question."),
    N_("The answer answers only a part of the question."),
    N_("The answer answers the question."),
)
_AGREED = N_("Agreed with the data.")


def pair_card(
    context: Context, review: Review, place: Place, position: int, following: int | None
) -> None:
    """Draw the pair and its buttons.

    Parameters
    ----------
    position : int
        Of the pair in the sample.
    following : int or None
        Key of the pair to open after the judgement.
    """
    studio, pair = review.studio, review.texts(position)
    heard = voices(studio.sample, studio.calibrated, studio.names, position)
    with st.container(border=True, key="open_pair"):
        why = tm(reason(heard, studio.findings, studio.sample, position))
        st.markdown(f":material/lightbulb: {plain(why)}")
        if pair in review.reports:
            note = review.reports[pair]
            told = {"who": note.who, "at": moment(note.at), "reason": note.text}
            st.markdown(
                f":material/flag: {plain(t('Reported by {who} on {at}: {reason}', **told))}"
            )
        left, right = st.columns([1.5, 1], gap="medium")
        with left:
            row = int(studio.dataset.question_row[studio.sample.question_rows[position]])
            st.caption(t("Question (row {row} of your file)", row=row))
            st.text(pair[0])
            right_one = studio.sample.hard_label[position] > 0
            st.caption(
                t("Answer, right according to your data")
                if right_one
                else t("Answer, not listed as right in your data")
            )
            st.text(pair[1])
        with right:
            _voices(heard)
        held = review.held.get(pair, ())
        if pair in review.conflicts:
            _conflict(context, place, pair, held, following)
        elif held:
            st.info(_said(held[-1]), icon=":material/edit:")
        _judgement(context, review, place, position, following)


def _voices(heard: list[Voice]) -> None:
    if not heard:
        st.caption(t("No expert takes part."))
        return
    frame = pd.DataFrame(
        {
            "expert": [voice.name for voice in heard],
            "score": [voice.score * 100 for voice in heard],
            "right": [voice.usual_right * 100 for voice in heard],
            "other": [voice.usual_other * 100 for voice in heard],
            "against": ["✗" if voice.against else "" for voice in heard],
        }
    )
    texts, numbers = st.column_config.TextColumn, st.column_config.NumberColumn
    usual = t("What this expert usually gives right answers and other pairs (0–100).")
    st.dataframe(
        frame,
        hide_index=True,
        key="pair_voices",
        column_config={
            "against": texts("✗", width=28, help=t("This expert contradicts your data.")),
            "expert": texts(t("Expert"), width=115),
            "score": numbers(t("Score"), format="%.0f", width=48),
            "right": numbers(t("Right"), format="%.0f", width=48, help=usual),
            "other": numbers(t("Other"), format="%.0f", width=48, help=usual),
        },
        column_order=("against", "expert", "score", "right", "other"),
    )


def _said(override: Override) -> str:
    return t(
        "Set to {value} by {who} on {at}: {reason}",
        value=round((override.value or 0) * 100),
        who=plain(override.who),
        at=moment(override.at),
        reason=plain(override.reason),
    )


def _conflict(
    context: Context,
    place: Place,
    pair: tuple[str, str],
    held: tuple[Override, ...],
    following: int | None,
) -> None:
    """List the contradicting values and let somebody decide."""
    listed = "\n".join(f"- {_said(one)}" for one in held)
    st.warning(
        f"**{t('Two people set different labels. The newest counts until somebody decides.')}**"
        f"\n{listed}",
        icon=":material/group:",
    )
    with st.container(horizontal=True):
        for number, one in enumerate(held):
            why = t("Decided for the label of {who}: {reason}", who=one.who, reason=one.reason)
            st.button(
                t(
                    "Decide for {value} ({who})",
                    value=round((one.value or 0) * 100),
                    who=plain(one.who),
                ),
                key=f"decide_{number}",
                on_click=_judge,
                args=(context, place, pair, one.value, why, held, following),
            )


def _judgement(
    context: Context, review: Review, place: Place, position: int, following: int | None
) -> None:
    pair = review.texts(position)
    held = review.held.get(pair, ())
    hard = round(float(review.studio.sample.hard_label[position]) * 100)
    keys = f"{place.turn}_{position}"
    left, right = st.columns([1, 1], gap="medium", vertical_alignment="bottom")
    with left:
        value = st.slider(
            t("Your label: how well does this answer the question?"),
            0,
            100,
            round(float(review.studio.combined[position]) * 100),
            format="%d",
            key=f"review_value_{keys}",
        )
    with right:
        st.selectbox(
            t("Why?"),
            [t(text) for text in _PLAIN_REASONS],
            index=None,
            accept_new_options=True,
            placeholder=t("as your label says; choose or type another reason"),
            key=f"review_reason_{keys}",
        )
    with st.container(horizontal=True):
        st.button(
            t("Agree with the data ({hard})", hard=hard),
            key="review_agree",
            shortcut="A",
            type="primary",
            icon=":material/thumb_up:",
            on_click=_set,
            args=(context, place, pair, held, following, keys, hard, t(_AGREED)),
            help=t("The label becomes what your data say, 100 for right and 0 for not right."),
        )
        st.button(
            t("Save this label ({value})", value=value),
            key="review_override",
            shortcut="O",
            icon=":material/check:",
            on_click=_set,
            args=(context, place, pair, held, following, keys),
        )
        st.button(
            t("Skip"),
            key="review_skip",
            shortcut="S",
            icon=":material/skip_next:",
            on_click=_skip,
            args=(place, int(review.keys[position]), following),
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t("Or with one key:"), width="content")
        for quick, key in _QUICK.items():
            st.button(
                str(quick),
                key=f"review_quick_{quick}",
                shortcut=key,
                on_click=_set,
                args=(context, place, pair, held, following, keys, quick),
            )


def _set(
    context: Context,
    place: Place,
    pair: tuple[str, str],
    seen: tuple[Override, ...],
    following: int | None,
    keys: str,
    value: int | None = None,
    reason: str = "",
) -> None:
    """Record a label; slider and reason are read now, for both may have changed with the click."""
    if value is None:
        value = int(st.session_state[f"review_value_{keys}"])
    typed = str(st.session_state.get(f"review_reason_{keys}") or "").strip()
    why = typed or reason or t(_PLAIN_REASONS[0 if value < 34 else 1 if value < 67 else 2])
    _judge(context, place, pair, value / 100, why, seen, following)


def _judge(
    context: Context,
    place: Place,
    pair: tuple[str, str],
    value: float,
    why: str,
    seen: tuple[Override, ...],
    following: int | None,
) -> None:
    try:
        corrections.correct(
            context.workspace, context.project, pair, value, session.who(), why, seen
        )
    except Exception as error:
        place.problem = error
    else:
        place.move(following)


def _skip(place: Place, key: int, following: int | None) -> None:
    place.skipped.add(key)
    place.move(following)
