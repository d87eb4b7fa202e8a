"""Single pairs: a list to work off, one pair on the table, one key per judgement."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.journey.labels import LISTS, LabelPreview, Review, open_review
from pages.parts.deep_links import filter_in_address
from pages.parts.errors import guarded, show_failed_attempt
from pages.parts.labels.correction_history import correction_history
from pages.parts.labels.pair_card import Place, pair_card, place_of
from pages.parts.labels.pair_table import label_column, pair_table
from pages.parts.page import Context
from pages.parts.translate import called, plain, t

_WINDOW = 300  # rows sent to the browser at once


@st.fragment
@guarded
def pair_review(context: Context, preview: LabelPreview) -> None:
    """Draw the filter, the pair on the table with its buttons, the list, and the history.

    A fragment: one judgement redraws this part of the page only.
    """
    review, place = open_review(context.project, preview), place_of(context)
    show_failed_attempt()
    _announce_conflicts(review)
    left, right = st.columns(2)
    with left:
        chosen = st.selectbox(
            t("Show"),
            list(LISTS),
            format_func=lambda key: t(LISTS[key].title),
            key="pair_order",
            on_change=filter_in_address("pairs", "pair_order", LISTS),
            persist_state="session",
        )
    with right:
        wanted = st.text_input(
            t("Search in both texts"),
            key=f"pair_search_{context.project.id}",
            persist_state="session",
        )
    shown = LISTS[chosen]
    positions = review.containing(wanted, shown.find(review))
    if len(positions):
        left_over = _left_over(review, place, positions, shown.judged)
        at = _opened(review, place, positions, left_over)
        if not shown.judged:
            _progress(review, place, positions, left_over)
        following = _following(review, positions, left_over, at)
        pair_card(context, review, place, int(positions[at]), following)
        _table(review, place, positions, at)
    elif wanted:
        st.info(t("No pair matches. Clear the search, or choose another list."))
    else:
        st.info(t("There is no such pair: nothing here needs your attention."))
    correction_history(context, place)


def _announce_conflicts(review: Review) -> None:
    if not review.conflicts:
        return
    (question, _), held = next(reversed(review.conflicts.items()))
    st.warning(
        t(
            "Pairs on which two people set different labels: {count}. The last one: {first} says "
            "{first_value}, {second} says {second_value} for “{question}”. The newest label "
            "counts until somebody decides; choose the list “In conflict: two people set different "
            "labels”.",
            count=len(review.conflicts),
            first=plain(called(held[-2].who)),
            first_value=_points(held[-2].value),
            second=plain(called(held[-1].who)),
            second_value=_points(held[-1].value),
            question=plain(question[:80]),
        ),
        icon=":material/group:",
    )


def _points(value: float | None) -> str:
    return "–" if value is None else str(round(value * 100))


def _left_over(review: Review, place: Place, positions: np.ndarray, judged: bool) -> np.ndarray:
    """Return for each place of the list whether it is still to be looked at, bool [m]."""
    if judged:
        return np.ones(len(positions), bool)
    done = review.keys[review.among(review.held)].tolist()
    return ~np.isin(review.keys[positions], [*done, *place.skipped])


def _opened(review: Review, place: Place, positions: np.ndarray, left_over: np.ndarray) -> int:
    """Return the place in the list of the pair on the table."""
    if place.opened is not None:
        there = np.flatnonzero(review.keys[positions] == place.opened)
        if len(there):
            return int(there[0])
    return int(left_over.argmax())


def _following(review: Review, positions: np.ndarray, left_over: np.ndarray, at: int) -> int | None:
    """Return the key of the pair to open next, None where this is the last."""
    order = np.r_[np.arange(at + 1, len(positions)), np.arange(at)]
    rest = order[left_over[order]]
    return int(review.keys[positions[rest[0]]]) if len(rest) else None


def _progress(review: Review, place: Place, positions: np.ndarray, left_over: np.ndarray) -> None:
    total = len(positions)
    skipped = int(np.isin(review.keys[positions], list(place.skipped)).sum())
    reviewed = total - int(left_over.sum())
    st.progress(
        reviewed / total,
        text=t(
            "{reviewed} of {total} reviewed, {skipped} of them skipped",
            reviewed=reviewed,
            total=total,
            skipped=skipped,
        ),
    )
    if reviewed == total:
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.success(t("Every pair of this list was looked at."), icon=":material/check_circle:")
        if skipped and right.button(t("Show skipped pairs again"), key="show_skipped"):
            place.skipped.clear()
            place.move(None)
            st.rerun(scope="fragment")


def _table(review: Review, place: Place, positions: np.ndarray, at: int) -> None:
    """Draw the part of the list around the open pair; a click opens another one."""
    preview, start = review.preview, at // _WINDOW * _WINDOW
    positions = positions[start : start + _WINDOW]
    texts, numbers = st.column_config.TextColumn, st.column_config.NumberColumn
    opened = ["▶" if start + row == at else "" for row in range(len(positions))]
    by_hand = [_state(review, review.texts(int(position))) for position in positions]
    spread = numbers(
        t("Disagreement"),
        format="%d",
        width="small",
        help=t("How far the experts are apart (0–100)."),
    )
    event = pair_table(
        preview.dataset,
        preview.sample,
        positions,
        f"pairs_{place.turn}_{len(positions)}_{positions[0]}",
        before={
            "open": (opened, texts("", width=30)),
            "label": ((preview.combined[positions] * 100).round(), label_column(t("Label"))),
        },
        after={
            "spread": ((preview.findings.spread[positions] * 100).round(), spread),
            "by_hand": (by_hand, texts(t("Set by hand"), width="small")),
        },
        height=330,
        on_select="rerun",
        selection_mode="single-row",
    )
    if event.selection.rows:
        place.move(int(review.keys[positions[int(event.selection.rows[0])]]))
        st.rerun(scope="fragment")


def _state(review: Review, pair: tuple[str, str]) -> str:
    if pair in review.conflicts:
        return t("in conflict")
    return review.held[pair][-1].who if pair in review.held else ""
