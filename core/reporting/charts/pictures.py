"""Small pictures in SVG, drawn from numbers alone: a hundred dots, lines between two lists.

They hold no text, so nothing that anybody typed can come into them, and they look the same on a
page, in the report and on paper. What they show is said beside them, in words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.evaluation.movements import AnswerMove
from core.messages import N_, Message
from core.reporting.charts import palette
from core.types import OfHundred

_CELL, _IN_A_ROW = 20, 10  # units of a dot's place
_EDGE = 8.0  # how far beyond a list, in units of a hundredth of its height, its lines go


@dataclass(frozen=True)
class Picture:
    """A picture and what it shows in words.

    Attributes
    ----------
    svg : str
        A whole SVG document without text; its colours stand out on white and near-black.
    summary : Message
        Text alternative.
    """

    svg: str
    summary: Message


@dataclass(frozen=True)
class Mark:
    """One kind of dot: its shape tells it apart without colour.

    Attributes
    ----------
    part : str
        Attribute of :class:`OfHundred` that counts it.
    sign : str
        The nearest letter-like sign, for words beside the picture.
    colour : str
        What the page calls its colour.
    title : str
        What it means, with ``{count}``; a message of the catalogue.
    draw : callable
        Centre in units to SVG.
    """

    part: str
    sign: str
    colour: str
    title: str
    draw: Callable[[int, int], str]


def _disc(x: int, y: int, colour: str) -> str:
    return f'<circle cx="{x}" cy="{y}" r="8" fill="{colour}"/>'


def _strokes(path: str, colour: str, width: int) -> str:
    return f'<path d="{path}" stroke="{colour}" stroke-width="{width}" stroke-linecap="round"/>'


def _kept(x: int, y: int) -> str:
    return _disc(x, y, palette.RIGHT)


def _gained(x: int, y: int) -> str:
    cross = _strokes(f"M{x - 4} {y}h8M{x} {y - 4}v8", "#ffffff", 2)
    return _disc(x, y, palette.TUNED) + cross


def _lost(x: int, y: int) -> str:
    return _strokes(f"M{x - 6} {y - 6}l12 12M{x + 6} {y - 6}l-12 12", palette.WORSE, 4)


def _missed(x: int, y: int) -> str:
    return f'<circle cx="{x}" cy="{y}" r="6" fill="none" stroke="{palette.BASE}" stroke-width="2"/>'


MARKS = (
    Mark("kept", "●", "green", N_("{count} right as before"), _kept),
    Mark("gained", "⊕", "blue", N_("{count} newly right"), _gained),
    Mark("lost", "✕", "red", N_("{count} no longer right"), _lost),
    Mark("missed", "○", "gray", N_("{count} not right"), _missed),
)


def hundred_dots(found: OfHundred) -> Picture:
    """Draw a hundred customers as ten rows of ten dots, in the order of :data:`MARKS`."""
    kinds = [mark for mark in MARKS for _ in range(getattr(found, mark.part))]
    dots = (
        mark.draw(
            _CELL * (place % _IN_A_ROW) + _CELL // 2, _CELL * (place // _IN_A_ROW) + _CELL // 2
        )
        for place, mark in enumerate(kinds)
    )
    side = _CELL * _IN_A_ROW
    summary = Message(
        N_(
            "Of 100 customers, the first answer is right for {kept} before and after, newly right "
            "for {gained}, no longer right for {lost}, and not right for {missed}."
        ),
        {mark.part: getattr(found, mark.part) for mark in MARKS},
    )
    return Picture(_svg(side, side, "".join(dots)), summary)


def movement_lines(moves: Sequence[AnswerMove], shown: int) -> Picture:
    """Draw a line from each answer's row in the left list to its row in the right one.

    An answer that comes in from below, or drops out, has a dashed line to the lower edge. The
    picture is stretched to the height of both lists; all rows are of one height.

    Parameters
    ----------
    shown : int
        Rows of each list.
    """
    row = 100 / shown
    kept, lines = 0, []
    # Right answers last, so that their lines lie on top.
    for move in sorted(moves, key=lambda move: move.right):
        ranks = move.before_rank, move.after_rank
        left, right = (rank if rank is not None and rank <= shown else None for rank in ranks)
        if left is None and right is None:
            continue
        kept += left is not None and right is not None
        start, end = (100 + _EDGE if rank is None else row * (rank - 0.5) for rank in (left, right))
        colour = palette.RIGHT if move.right else palette.BASE
        dash = "" if left and right else ' stroke-dasharray="5 4"'
        lines.append(
            f'<path d="M0 {start:.1f}C45 {start:.1f} 55 {end:.1f} 100 {end:.1f}" fill="none" '
            f'stroke="{colour}" stroke-width="{4 if move.right else 1.5}"{dash} '
            'vector-effect="non-scaling-stroke"/>'
        )
    entered = sum(_within(move.after_rank, shown) for move in moves) - kept
    summary = Message(
        N_(
            "Lines from the list before to the list after: {kept} of {shown} answers are in both; "
            "{new} are new."
        ),
        {"kept": kept, "shown": shown, "new": entered},
    )
    return Picture(_svg(100, 100, "".join(lines), stretched=True), summary)


_ENDS, _MIDDLE = (10.0, 190.0), 12  # of a line through a picture of 200 x 24


def panel_line(place: float, others: Sequence[float], shown: bool, summary: Message) -> Picture:
    """Draw where one expert stands on a line from the panel's lowest to its highest.

    The others are strokes on the line; the expert is a full dot where it differs beyond chance,
    else a ring. Without a place there is the line alone.

    Parameters
    ----------
    place : float in [0, 1] or NaN
    others : sequence of float in [0, 1] or NaN
    shown : bool
        Whether it differs beyond chance.
    summary : Message
        What the line is about, with the expert's figure.
    """
    left, right = _ENDS
    at = [left + (right - left) * one for one in others if one == one]
    parts = [
        f'<path d="M{left:g} {_MIDDLE}H{right:g}" stroke="{palette.BASE}" stroke-width="1.5"/>',
        *(_strokes(f"M{x:.1f} {_MIDDLE - 5}v10", palette.BASE, 2) for x in at),
    ]
    if place == place:
        fill = palette.TUNED if shown else "none"
        parts.append(
            f'<circle cx="{left + (right - left) * place:.1f}" cy="{_MIDDLE}" r="7" fill="{fill}" '
            f'stroke="{palette.TUNED}" stroke-width="3"/>'
        )
    return Picture(_svg(200, 2 * _MIDDLE, "".join(parts)), summary)


def _within(rank: int | None, shown: int) -> bool:
    return rank is not None and rank <= shown


def _svg(width: int, height: int, inner: str, *, stretched: bool = False) -> str:
    """Return a whole document; a stretched one takes whatever shape it is given."""
    fit = ' preserveAspectRatio="none"' if stretched else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}"{fit}>{inner}</svg>'
    )
