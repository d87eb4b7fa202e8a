"""The answers to one question before and after, as cards, and how they moved."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import streamlit as st

from core.journey.compare import (
    SHOWN,
    AnswerMove,
    common_words,
    in_pieces,
    shared_spans,
)
from core.reporting.charts.comparison_charts import movement_chart
from core.types import QADataset
from pages.parts.cached import cached
from pages.parts.charts import show_chart
from pages.parts.translate import plain, shortened, t

# Room for an answer on a card in Latin letters, Japanese ones take two; a right answer gets more.
_LENGTH = 130
_RIGHT_LENGTH = 400
_WHOLE = 20_000


def side_by_side(
    dataset: QADataset, moves: Sequence[AnswerMove], key: str, question: str = ""
) -> None:
    """Draw both result lists of one question, lost right answers first as a note.

    Parameters
    ----------
    question : str, optional
        Its words are marked in the answers.
    """
    common: frozenset[str] = frozenset()
    if question:
        common = cached(lambda: common_words(dataset.answers), "common words", dataset.id)
    moves = [
        move for move in moves if min(_rank(move.before_rank), _rank(move.after_rank)) <= SHOWN
    ]
    for move in moves:
        if move.right and _rank(move.before_rank) <= SHOWN < _rank(move.after_rank):
            _lost(dataset, move)
    before = {move.before_rank: move for move in moves}
    after = {move.after_rank: move for move in moves}
    if question:
        st.caption(
            t(
                "Marked: words of the question, other than those that most answers use. Bars: "
                "score as a share of the best in the same list; scores of two models cannot be "
                "compared with each other."
            )
        )
    whole = st.toggle(t("Whole answers"), key=f"whole_{key.partition('_')[0]}")
    tops = [
        max((score for score in scores if score is not None), default=None)
        for scores in ([m.before_score for m in moves], [m.after_score for m in moves])
    ]
    left, right = st.columns(2)
    left.markdown(f"##### :material/history: {t('Before (base)')}")
    right.markdown(f"##### :blue[:material/auto_awesome: {t('After (tuned)')}]")
    for rank in range(1, SHOWN + 1):
        left, right = st.columns(2)
        if rank in before:
            move = before[rank]
            with left, _frame():
                _card(rank, move, Score(move.before_score, tops[0]), _went(move))
                _text(question, dataset.answers[move.answer], common, _room(move, whole))
        if rank in after:
            move = after[rank]
            with right, _frame():
                _card(rank, move, Score(move.after_score, tops[1]), _came(move))
                _text(question, dataset.answers[move.answer], common, _room(move, whole))
    texts = {move.answer: dataset.answers[move.answer] for move in moves}
    st.markdown(f"##### {t('How the answers moved')}")
    show_chart(movement_chart(moves, t, texts), key=f"moves_{key}")


def _rank(rank: int | None) -> int:
    return 10**9 if rank is None else rank


def _lost(dataset: QADataset, move: AnswerMove) -> None:
    text = plain(shortened(dataset.answers[move.answer], _LENGTH))
    note = (
        t(
            "A right answer dropped out of the first ten: it was on rank {before}.",
            before=move.before_rank,
        )
        if move.after_rank is None
        else t(
            "A right answer dropped out of the first ten: it was on rank {before}, now it is on "
            "rank {after}.",
            before=move.before_rank,
            after=move.after_rank,
        )
    )
    st.warning(f"**{note}**  \n{text}", icon=":material/trending_down:")


@dataclass(frozen=True)
class Score:
    """A score and the best one of its list; None = not in the list."""

    value: float | None
    top: float | None

    @property
    def share(self) -> float | None:
        """Share in [0, 1] of the best score, None where that says nothing."""
        if self.value is None or self.top is None or self.top <= 0:
            return None
        return min(max(self.value / self.top, 0.0), 1.0)


def _frame() -> st.delta_generator.DeltaGenerator:
    return st.container(border=True, height="stretch", gap="xxsmall")


def _card(rank: int, move: AnswerMove, score: Score, moved: str) -> None:
    parts = [f"**{rank}**"]
    if move.right:
        parts.append(f":green-badge[:material/check: {t('right answer')}]")
    parts.append(moved)
    if score.value is not None:
        parts.append(f":gray[{t('score {score}', score=f'{score.value:.2f}')}]")
    st.markdown(" ".join(parts))
    if score.share is not None:
        st.progress(score.share)


def _room(move: AnswerMove, whole: bool) -> int:
    return _WHOLE if whole else _RIGHT_LENGTH if move.right else _LENGTH


def _text(question: str, answer: str, common: Collection[str], room: int) -> None:
    """Draw an answer with the words that the question shares; its own markup stays text."""
    shown = shortened(answer, room)
    pieces = in_pieces(shown, shared_spans(question, shown, common) if question else ())
    st.markdown(
        "".join(
            f":blue-background[{plain(piece)}]" if marked else plain(piece, inside=number > 0)
            for number, (piece, marked) in enumerate(pieces)
        )
    )


def _went(move: AnswerMove) -> str:
    """Say where an answer of the list before went."""
    assert move.before_rank is not None
    if _rank(move.after_rank) > SHOWN:
        return f":orange-badge[{t('drops out')}]"
    if move.after_rank == move.before_rank:
        return ":gray-badge[=]"
    return f":gray-badge[→ {move.after_rank}]"


def _came(move: AnswerMove) -> str:
    """Say from where an answer of the list after came."""
    assert move.after_rank is not None
    if move.before_rank is None:
        return f":blue-badge[{t('new')}]"
    if move.before_rank > SHOWN:
        return f":blue-badge[{t('new, was on rank {rank}', rank=move.before_rank)}]"
    up = move.before_rank - move.after_rank
    if up == 0:
        return ":gray-badge[=]"
    return f":blue-badge[↑ {up}]" if up > 0 else f":orange-badge[↓ {-up}]"
