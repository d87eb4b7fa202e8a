"""Small pictures hold numbers only, and every dot and line is there."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from core.evaluation.movements import AnswerMove
from core.messages import Message
from core.reporting.charts.pictures import MARKS, hundred_dots, movement_lines, panel_line
from core.types import BETTER, OfHundred

SVG = "{http://www.w3.org/2000/svg}"
FOUND = OfHundred("known", 45, 16, 5, 34, low=5.2, high=17.0, questions=245, word=BETTER)


def elements(svg: str, tag: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(svg)
    assert {one.tag for one in root.iter()} <= {
        f"{SVG}{name}" for name in ("svg", "circle", "path")
    }
    return list(root.iter(f"{SVG}{tag}"))


def test_a_hundred_dots_are_counted_and_told_apart_by_shape():
    circles = elements(hundred_dots(FOUND).svg, "circle")
    paths = elements(hundred_dots(FOUND).svg, "path")
    filled = [one for one in circles if one.get("fill") != "none"]
    assert (len(filled), len(circles) - len(filled)) == (45 + 16, 34)
    assert len(paths) == 16 + 5, "newly right has a cross in its disc, no longer right is a cross"
    places = {(one.get("cx"), one.get("cy")) for one in circles}
    assert len(places) == 95
    summary = str(hundred_dots(FOUND).summary)
    assert all(str(getattr(FOUND, mark.part)) in summary for mark in MARKS)
    assert len({mark.sign for mark in MARKS}) == len(MARKS)


def move(answer: int, before: int | None, after: int | None, right: bool = False) -> AnswerMove:
    return AnswerMove(answer, before, after, 0.5, 0.5, right)


@pytest.mark.parametrize("evil", [(), (move(9, 7, 8),)])
def test_lines_meet_their_rows_and_dashes_lead_out_of_the_list(evil):
    moves = [move(0, 1, 3), move(1, 2, None), move(2, None, 1, right=True), move(3, 12, 5), *evil]
    lines = elements(movement_lines(moves, 5).svg, "path")
    assert len(lines) == 4, "an answer in neither list has no line"
    starts = {line.get("d").split("C")[0]: line for line in lines}
    assert starts["M0 10.0"].get("stroke-dasharray") is None  # the middle of the first of five rows
    assert starts["M0 30.0"].get("stroke-dasharray")
    assert lines[-1].get("stroke-width") == "4", "the right answer lies on top"
    assert "1 of 5 answers are in both; 2 are new" in str(movement_lines(moves, 5).summary)


def test_an_expert_stands_between_the_others_full_only_beyond_chance():
    said = Message("Strictness 0.2")
    drawn = panel_line(0.25, [0.0, 1.0, float("nan")], True, said)
    [dot] = elements(drawn.svg, "circle")
    assert (float(dot.get("cx")), dot.get("fill")) == (55.0, dot.get("stroke"))
    assert len(elements(drawn.svg, "path")) == 1 + 2, "the line, and those whose place is known"
    assert drawn.summary is said
    [ring] = elements(panel_line(1.0, [], False, said).svg, "circle")
    assert (float(ring.get("cx")), ring.get("fill")) == (190.0, "none")
    assert not elements(panel_line(float("nan"), [0.5], True, said).svg, "circle")
