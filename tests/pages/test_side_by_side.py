"""Two result lists of one question as cards: marks, movement, and texts that stay texts."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def page(texts: list[str], moves: list[tuple]) -> None:
    from types import SimpleNamespace

    from core.evaluation.movements import AnswerMove
    from pages.parts.compare.side_by_side import side_by_side

    side_by_side(SimpleNamespace(answers=texts), [AnswerMove(*move) for move in moves], "x")


def drawn(texts: list[str], moves: list[tuple]) -> AppTest:
    at = AppTest.from_function(page, args=(texts, moves)).run()
    assert not at.exception
    return at


def test_lost_right_answer_comes_first_and_movements_are_told():
    at = drawn(
        ["kept", "lost", "risen", "new"],
        [
            (0, 2, 3, 0.8, 0.7, False),
            (1, 1, 14, 0.9, 0.1, True),
            (2, 3, 1, 0.7, 0.9, False),
            (3, None, 2, None, 0.8, False),
        ],
    )
    (note,) = at.warning
    assert "it was on rank 1, now it is on rank 14" in note.value
    cards = [m.value for m in at.markdown if m.value.startswith("**")]
    assert "right answer" in cards[0] and "drops out" in cards[0]
    after = {card[2]: card for card in cards[1::2]}
    assert "↑ 2" in cards[1] and ":blue-badge[new]" in cards[3] and "↓ 1" in cards[5], after


def test_markup_in_an_answer_is_shown_as_text():
    """An answer with HTML or markdown could rewrite the page or load a picture from elsewhere."""
    evil = "<script>alert(1)</script> ![x](http://e.example/p.png) **bold** $x$"
    at = drawn([evil], [(0, 1, 1, 0.5, 0.5, True)])
    shown = [m.value for m in at.markdown if "script" in m.value]
    assert len(shown) == 2
    for value in shown:
        assert "<script>" not in value and "![x](" not in value and "**bold**" not in value
        assert value.replace("\\", "") == evil


def test_long_answers_are_cut_on_cards_but_right_ones_later():
    at = drawn(["word " * 200, "字" * 900], [(0, 1, 1, 0.5, 0.5, False), (1, 2, 2, 0.4, 0.4, True)])
    lengths = [len(m.value) for m in at.markdown if m.value.startswith(("word", "字"))]
    assert lengths[0] == lengths[1] < 140 < lengths[2] == lengths[3] < 410


def test_japanese_answers_take_no_more_room_than_english_ones():
    """130 Japanese letters were five lines on each of twenty cards: a page without an end."""
    at = drawn(["字" * 900], [(0, 1, 1, 0.5, 0.5, False)])
    (card, _) = [m.value for m in at.markdown if m.value.startswith("字")]
    assert card == "字" * 65 + " …"
