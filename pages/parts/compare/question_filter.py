"""Which held-out questions are listed, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from core.evaluation.movements import QuestionChange
from core.evaluation.statistics import TIE_MARGIN
from core.evaluation.verdict import REGIME_TEXTS
from core.journey.data import find_questions
from core.messages import N_
from core.types import REGIMES, TEST_KNOWN, TEST_UNSEEN, QADataset
from pages.parts.translate import t


@dataclass(frozen=True)
class Kind:
    """What became of a question, and how the list is narrowed to it."""

    title: str
    mark: str
    holds: Callable[[QuestionChange], bool]


KINDS = {
    "lost": Kind(N_("Right answer lost"), "✗", lambda change: change.lost),
    "worse": Kind(N_("Worse"), "↓", lambda change: change.change < -TIE_MARGIN),
    "found": Kind(N_("Right answer found"), "✓", lambda change: change.found),
    "better": Kind(N_("Better"), "↑", lambda change: change.change > TIE_MARGIN),
    "same": Kind(N_("Unchanged"), "=", lambda change: abs(change.change) <= TIE_MARGIN),
}


@dataclass(frozen=True)
class Order:
    """One order of the list; ``key`` None leaves it as it comes."""

    title: str
    key: Callable[[QuestionChange], float] | None = None


ORDERS = {
    "lost": Order(N_("Lost right answers first, then from worse to better")),
    "gains": Order(N_("Largest gains first"), lambda change: -change.change),
    "after": Order(N_("Worst rank now first"), lambda change: -change.after_rank),
    "file": Order(N_("As in your file"), lambda change: change.question),
}


def kind_of(change: QuestionChange) -> Kind:
    """Return what became of a question."""
    return next(kind for kind in KINDS.values() if kind.holds(change))


def filtered(dataset: QADataset, changes: Sequence[QuestionChange]) -> list[QuestionChange]:
    """Draw the filters and return the questions that pass, in the order asked for."""
    counts = {key: sum(map(kind.holds, changes)) for key, kind in KINDS.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.pills(
            t("Show"),
            [key for key in KINDS if counts[key]],
            format_func=lambda key: f"{KINDS[key].mark} {t(KINDS[key].title)} ({counts[key]})",
            key="wins_filter",
            help=t("All questions where nothing is chosen."),
        )
        regimes = [r for r in REGIMES if any(change.regime == r for change in changes)]
        regime = st.pills(
            t("Kind of question"),
            regimes,
            format_func=lambda key: t(REGIME_TEXTS[key].title),
            key="wins_regime",
        )
    shown = [
        change
        for change in changes
        if (chosen is None or KINDS[chosen].holds(change)) and regime in {None, change.regime}
    ]
    search, category, order = st.columns([1.2, 1, 1.2])
    shown = _with_words(dataset, shown, search)
    shown = _of_category(dataset, changes, shown, category)
    key = order.selectbox(
        t("Order"), list(ORDERS), format_func=lambda key: t(ORDERS[key].title), key="wins_order"
    )
    by = ORDERS[key].key
    return shown if by is None else sorted(shown, key=by)


def _with_words(
    dataset: QADataset, shown: list[QuestionChange], place: st.delta_generator.DeltaGenerator
) -> list[QuestionChange]:
    words = place.text_input(
        t("Search in question and right answer"), key="wins_words", max_chars=200
    )
    if not words.strip():
        return shown
    found = set(find_questions(dataset, words, (TEST_KNOWN, TEST_UNSEEN)).tolist())
    return [change for change in shown if change.question in found]


def _of_category(
    dataset: QADataset,
    changes: Sequence[QuestionChange],
    shown: list[QuestionChange],
    place: st.delta_generator.DeltaGenerator,
) -> list[QuestionChange]:
    every = dataset.attributes.get("category", ())
    names = sorted({str(every[c.question]) for c in changes if every and every[c.question]})
    chosen = place.selectbox(
        t("Category"),
        names,
        index=None,
        placeholder=t("all") if names else t("not in your data"),
        disabled=not names,
        key="wins_category",
    )
    if chosen is None:
        return shown
    return [change for change in shown if str(every[change.question]) == chosen]
