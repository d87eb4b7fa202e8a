"""One pair on the table: both texts, why it is here, what the experts say, and the judgement."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd
import streamlit as st

from core.journey import labels
from core.journey.labels import Review, Voice
from core.messages import N_
from core.types import Override
from core.types.judgements import bare_name
from core.types.rights import CHANGE
from pages.parts import session
from pages.parts.errors import succeeds
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import called, moment, plain, t, tm, unbroken

_QUICK = {0: "1", 25: "2", 50: "3", 75: "4", 100: "5"}  # label → key
# Why, where the person types nothing: what the label itself says.
_PLAIN_REASONS = (
    N_("The answer does not answer the question."),
    N_("The answer answers only a part of the question."),
    N_("The answer answers the question."),
)
_AGREED = N_("Agreed with the data.")


@dataclass
class Place:
    """Where one person stands in the review; lives as long as the browser tab.

    Attributes
    ----------
    opened : int or None
        Key of the pair on the table; None = the first that is left.
    skipped : set of int
        Keys of pairs to leave for later.
    turn : int
        Grows with each step, so that widgets of the next pair start afresh.
    """

    opened: int | None = None
    skipped: set[int] = field(default_factory=set)
    turn: int = 0

    def move(self, key: int | None) -> None:
        """Open another pair."""
        self.opened = key
        self.turn += 1


def place_of(context: Context) -> Place:
    """Return where this person stands in this project."""
    key = f"review_{context.project.id}_{context.project.dataset_id}"
    place = st.session_state.setdefault(key, Place())
    assert isinstance(place, Place)
    return place


@dataclass(frozen=True)
class _Judge:
    """What the buttons of the card do.

    Attributes
    ----------
    pair : (question, answer)
    seen : tuple of Override
        The values by hand that stand on the card.
    following : int or None
        Key of the pair to open after the judgement.
    keys : str
        End of the keys of slider and reason.
    """

    context: Context
    place: Place
    pair: tuple[str, str]
    seen: tuple[Override, ...]
    following: int | None
    keys: str

    def set(self, value: int | None = None, reason: str = "") -> None:
        """Record a label; slider and reason are read now, both may have changed with the click."""
        if value is None:
            value = int(st.session_state[f"review_value_{self.keys}"])
        typed = str(st.session_state.get(f"review_reason_{self.keys}") or "").strip()
        plainly = t(_PLAIN_REASONS[0 if value < 34 else 1 if value < 67 else 2])
        self.record(value / 100, typed or reason or plainly)

    def record(self, value: float, why: str) -> None:
        """Record a label in [0, 1] and go on, or say on the next card why not."""
        said = (self.pair, value, session.who(), why, self.seen)
        if succeeds(labels.correct, self.context.project, *said):
            self.place.move(self.following)

    def skip(self, key: int) -> None:
        """Leave the pair for later."""
        self.place.skipped.add(key)
        self.place.move(self.following)


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
    preview, pair = review.preview, review.texts(position)
    held = review.held.get(pair, ())
    judge = _Judge(context, place, pair, held, following, f"{place.turn}_{position}")
    heard = preview.voices(position)
    with st.container(border=True, key="open_pair"):
        st.markdown(f":material/lightbulb: {plain(tm(preview.reason(position)))}")
        if pair in review.reports:
            note = review.reports[pair]
            report = t(
                "Reported by {who} on {at}: {reason}",
                who=note.who,
                at=moment(note.at),
                reason=note.text,
            )
            st.markdown(f":material/flag: {plain(report)}")
        left, right = st.columns([1.15, 1], gap="medium")
        with left:
            row = int(preview.dataset.question_row[preview.sample.question_rows[position]])
            st.caption(t("Question (row {row} of your file)", row=row))
            st.text(unbroken(pair[0]))
            right_one = preview.sample.hard_label[position] > 0
            st.caption(
                t("Answer, right according to your data")
                if right_one
                else t("Answer, not listed as right in your data")
            )
            st.text(unbroken(pair[1]))
        with right:
            _voices(heard)
        if pair in review.conflicts:
            _conflict(judge)
        elif held:
            st.info(_said(held[-1]), icon=":material/edit:")
        _judgement(judge, review, position)


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
            "expert": texts(t("Expert"), width=190),
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
        who=plain(called(override.who)),
        at=moment(override.at),
        reason=plain(override.reason),
    )


def _conflict(judge: _Judge) -> None:
    """List the contradicting values and let somebody decide."""
    listed = "\n".join(f"- {_said(override)}" for override in judge.seen)
    st.warning(
        f"**{t('Two people set different labels. The newest counts until somebody decides.')}**"
        f"\n{listed}",
        icon=":material/group:",
    )
    with st.container(horizontal=True):
        for number, label in enumerate(judge.seen):
            why = t(
                "Decided for the label of {who}: {reason}",
                who=bare_name(label.who),
                reason=label.reason,
            )
            st.button(
                t(
                    "Decide for {value} ({who})",
                    value=round((label.value or 0) * 100),
                    who=plain(called(label.who)),
                ),
                key=f"decide_{number}",
                on_click=judge.record,
                args=(label.value, why),
                **only(CHANGE),
            )


def _judgement(judge: _Judge, review: Review, position: int) -> None:
    hard = round(float(review.preview.sample.hard_label[position]) * 100)
    left, right = st.columns([1, 1], gap="medium", vertical_alignment="bottom")
    with left:
        value = st.slider(
            t("Your label: how well does this answer the question?"),
            0,
            100,
            round(float(review.preview.combined[position]) * 100),
            format="%d",
            key=f"review_value_{judge.keys}",
        )
    with right:
        st.selectbox(
            t("Why?"),
            [t(text) for text in _PLAIN_REASONS],
            index=None,
            accept_new_options=True,
            placeholder=t("as your label says; choose or type another reason"),
            key=f"review_reason_{judge.keys}",
        )
    with st.container(horizontal=True):
        st.button(
            t("Agree with the data ({hard})", hard=hard),
            key="review_agree",
            shortcut="A",
            type="primary",
            icon=":material/thumb_up:",
            on_click=judge.set,
            args=(hard, t(_AGREED)),
            **only(
                CHANGE,
                help=t("The label becomes what your data say, 100 for right and 0 for not right."),
            ),
        )
        st.button(
            t("Save this label ({value})", value=value),
            key="review_override",
            shortcut="O",
            icon=":material/check:",
            on_click=judge.set,
            **only(CHANGE),
        )
        st.button(
            t("Skip"),
            key="review_skip",
            shortcut="S",
            icon=":material/skip_next:",
            on_click=judge.skip,
            args=(int(review.keys[position]),),
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t("Or with one key:"), width="content")
        for quick, key in _QUICK.items():
            st.button(
                str(quick),
                key=f"review_quick_{quick}",
                shortcut=key,
                on_click=judge.set,
                args=(quick,),
                **only(CHANGE),
            )
