"""Two short lists of answers, before and after, with the lines between them; fits one screen."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.journey.compare import AnswerMove
from core.reporting.charts.pictures import movement_lines
from core.types import QADataset
from pages.parts.translate import plain, shortened, t, tm

FIVE = 5  # answers of each list
_ROW = 44  # pixels; the lines between the lists rely on rows of one height
_LINES = 88  # pixels between the lists
_LENGTH = 260  # letters that are sent; what does not fit into two lines is cut by the page

# Rows of one height, so that a picture of numbers meets them; no text of anybody's is in here.
_STYLE = f"""<style>
[class*="st-key-answer_row_"] {{
  height: {_ROW}px; min-height: {_ROW}px; padding: 2px 8px; overflow: hidden;
  border-bottom: 1px solid rgba(128,128,128,.25);
}}
[class*="st-key-answer_row_right_"] {{
  border-left: 5px solid #12a08a; background: rgba(18,160,138,.14);
}}
[class*="st-key-answer_row_other_"] {{ border-left: 5px solid transparent; }}
[class*="st-key-answer_row_"] p {{
  font-size: 14px; line-height: 20px; margin: 0; overflow: hidden;
  display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2;
}}
[class*="st-key-answer_lines_"] img {{
  width: {_LINES}px; height: {_ROW * FIVE}px; display: block; border-radius: 0;
}}
</style>"""


def two_lists(
    dataset: QADataset,
    moves: Sequence[AnswerMove],
    key: str,
    places: tuple[int | None, int | None] | None = None,
) -> None:
    """Draw the first five answers before and after; right ones are green and say so.

    Parameters
    ----------
    moves : sequence of AnswerMove
        Of one question, at least the first five of both lists.
    places : (before, after) or None
        Rank of the best right answer, None past what was looked at; None where nobody knows what
        is right.
    """
    st.html(_STYLE)
    before = {move.before_rank: move for move in moves}
    after = {move.after_rank: move for move in moves}
    with st.container(key=f"two_lists_{key}", gap="xxsmall"):
        with st.container(horizontal=True, gap=None, wrap=False):
            _head(t("Before"), places and _place(places[0]))
            st.container(width=_LINES, height=1, border=False)
            _head(t("Now"), places and _place(places[1]))
        with st.container(horizontal=True, gap=None, wrap=False):
            _list(dataset, before, f"before_{key}")
            with st.container(width=_LINES, key=f"answer_lines_{key}"):
                picture = movement_lines(moves, FIVE)
                st.image(picture.svg, width=_LINES, alt=tm(picture.summary))
            _list(dataset, after, f"after_{key}")


def _place(rank: int | None) -> str:
    if rank is None:
        return t("right answer not found")
    return t("right answer in place {rank}", rank=rank)


def _head(title: str, said: str | None) -> None:
    """Write over a list whose it is, and where the right answer is."""
    with st.container(width="stretch"):
        st.markdown(f"**{title}** :gray[· {said}]" if said else f"**{title}**")


def _list(dataset: QADataset, ranked: dict[int | None, AnswerMove], key: str) -> None:
    with st.container(gap=None, width="stretch"):
        for rank in range(1, FIVE + 1):
            move = ranked.get(rank)
            kind = "right" if move is not None and move.right else "other"
            with st.container(key=f"answer_row_{kind}_{rank}_{key}"):
                if move is None:
                    continue
                mark = f":green[:material/check:] **{t('right')}** · " if move.right else ""
                text = shortened(dataset.answers[move.answer], _LENGTH).replace("\n", " ")
                st.markdown(f"**{rank}** {mark}{plain(text, inside=True)}")
