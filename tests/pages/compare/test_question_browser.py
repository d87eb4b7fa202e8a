"""Questions one by one, and one typed by hand with both lists side by side."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.evaluation.movements import wins_and_losses
from core.journey import decisions
from core.journey.compare import load_comparison
from tests.as_seen import as_seen
from tests.reporting.finished_journey import EVIL, finished_journey


def texts(at: AppTest) -> str:
    kinds = (at.markdown, at.error, at.warning, at.info, at.success, at.caption)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


def listed(at: AppTest):
    return next(d.value for d in at.dataframe if "what" in d.value.columns)


@pytest.fixture
def made(tmp_path):
    return finished_journey(tmp_path / "workspace", model=False)


@pytest.fixture
def comparison(made):
    return load_comparison(made.workspace, made.compare_run)


@pytest.fixture
def dataset(made, comparison):
    return made.workspace.load_dataset(comparison.dataset_id)


@pytest.fixture
def opened(made, app, tmp_path):
    def open_tab() -> AppTest:
        at = app(tmp_path / "workspace", "compare", made.project.id)
        at.session_state["compare_tab"] = "Wins & losses"
        return at.run()

    return open_tab


def test_search_and_order_narrow_and_sort_the_list(opened, comparison, dataset):
    at = opened()
    everything = listed(at)
    at.text_input(key="wins_words").set_value("KAYAK").run()
    shown = listed(at)
    assert 0 < len(shown) < len(everything)
    assert all("kayak" in question for question in shown["question"])
    at.text_input(key="wins_words").set_value("no such word").run()
    assert "No question is of this kind" in texts(at)
    at.text_input(key="wins_words").set_value("").run()
    at.selectbox(key="wins_order").select("gains").run()
    assert listed(at)["change"].is_monotonic_decreasing
    at.selectbox(key="wins_order").select("after").run()
    assert listed(at)["after"].is_monotonic_decreasing
    at.selectbox(key="wins_order").select("file").run()
    asked = [dataset.questions[q] for q in sorted(comparison.question_rows)]
    assert list(listed(at)["question"]) == asked
    assert at.selectbox(key="wins_category").disabled, "these data have no category"
    assert not at.exception and not at.error


def test_category_filter_takes_the_datasets_categories(finished_workspace, app):
    at = app(finished_workspace.root, "compare", finished_workspace.project)
    at.session_state["compare_tab"] = "Wins & losses"
    at.run()
    at.session_state["wins_category"] = None
    names = at.selectbox(key="wins_category").options
    at.selectbox(key="wins_category").select(names[0]).run()
    assert set(listed(at)["category"]) == {names[0]}
    assert not at.exception and not at.error


def test_open_question_shows_full_texts_and_marks_shared_words(opened, comparison, dataset):
    at = opened()
    at.session_state["held_out_in_full"] = True
    change = wins_and_losses(comparison)[0]
    at.selectbox(key="compare_pick").select(change.position).run()
    right = dataset.answers[int(dataset.right_answers(change.question)[0])]
    assert {dataset.questions[change.question], right} <= {t.value for t in at.text}
    raw = "\n".join(m.value for m in at.markdown)
    assert ":blue-background[" in raw and EVIL not in raw


def test_comment_is_kept_with_who_and_shown_as_text(opened, made, comparison, dataset):
    at = opened()
    change = wins_and_losses(comparison)[0]
    at.selectbox(key="compare_pick").select(change.position).run()
    row, question = change.question, dataset.questions[change.question]
    at.text_area(key=f"comment_{row}").set_value(f"odd {EVIL}").run()
    at.button(key="comment_keep").click().run()
    assert not at.exception and not at.error
    (note,) = decisions.notes_on(made.project, question)
    assert (note.text, note.who, note.kind) == (f"odd {EVIL}", "user", "comment")
    assert EVIL not in "\n".join(m.value for m in at.markdown) and "odd" in texts(at)
    assert at.text_area(key=f"comment_{row}").value == ""
    at.button(key="comment_keep").click().run()
    assert len(at.error) == 1 and "empty" in at.error[0].value
    assert len(decisions.notes_on(made.project, question)) == 1


def test_bad_label_goes_to_the_labels_page_and_can_be_taken_back(opened, made, comparison, dataset):
    change = wins_and_losses(comparison)[0]
    right = int(dataset.right_answers(change.question)[0])
    at = opened()
    at.selectbox(key="compare_pick").select(change.position).run()
    at.text_input(key=f"report_reason_{change.question}_{right}").set_value("not the answer").run()
    at.button(key="report_keep").click().run()
    assert not at.exception and not at.error
    pair = dataset.questions[change.question], dataset.answers[right]
    (report,) = decisions.reported_pairs(made.project).items()
    assert report[0] == pair and report[1].text == "not the answer"
    at.button(key="report_settle").click().run()
    assert decisions.reported_pairs(made.project) == {}
    assert "settled the doubt" in texts(at)


def test_reported_pair_is_on_the_table_of_the_labels_page(finished_workspace, app):
    """A test question is in no sample of the Labels page: the report must bring it there."""
    workspace = finished_workspace.open()
    project = workspace.project(finished_workspace.project)
    comparison = load_comparison(workspace, finished_workspace.compare_run)
    dataset = workspace.load_dataset(comparison.dataset_id)
    question = int(comparison.question_rows[0])
    pair = dataset.questions[question], dataset.answers[int(dataset.right_answers(question)[0])]
    decisions.report_label(project, pair, "wrong <b>one</b>", "Mika")
    at = app(finished_workspace.root, "labels", finished_workspace.project)
    at.session_state["label_tabs"] = "Correct single pairs"
    at.run()
    at.selectbox(key="pair_order").select("reported").run()
    assert not at.exception and not at.error
    assert set(pair) <= {t.value for t in at.text}
    assert "Reported by Mika" in texts(at)


def page(texts: list[str], moves: list[tuple], question: str) -> None:
    from types import SimpleNamespace

    from core.evaluation.movements import AnswerMove
    from pages.parts.compare.side_by_side import side_by_side

    data = SimpleNamespace(answers=texts, id=str(texts))
    side_by_side(data, [AnswerMove(*move) for move in moves], "x", question=question)


def drawn(texts: list[str], moves: list[tuple], question: str = "") -> AppTest:
    at = AppTest.from_function(page, args=(texts, moves, question)).run()
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
        assert "http://" not in value, "no link is made of it either"
        assert as_seen(value) == evil


def test_spaces_beside_marked_words_are_plain_spaces():
    """A space that does not break stood after each marked word, on the card and in every copy."""
    answer = "  Put the tent  away"
    at = drawn([answer], [(0, 1, 1, 0.5, 0.5, True)], "Which tent?")
    shown = [m.value for m in at.markdown if "tent" in m.value]
    assert len(shown) == 2 and ":blue-background[tent]" in shown[0]
    unmarked = shown[0].replace(":blue-background[tent]", "tent")
    assert as_seen(unmarked) == "\u00a0\u00a0Put the tent \u00a0away", "indents and gaps are kept"


def test_long_answers_are_cut_on_cards_but_right_ones_later():
    at = drawn(["word " * 200, "字" * 900], [(0, 1, 1, 0.5, 0.5, False), (1, 2, 2, 0.4, 0.4, True)])
    lengths = [len(m.value) for m in at.markdown if m.value.startswith(("word", "字"))]
    assert lengths[0] == lengths[1] < 140 < lengths[2] == lengths[3] < 410


def test_japanese_answers_take_no_more_room_than_english_ones():
    """130 Japanese letters were five lines on each of twenty cards: a page without an end."""
    at = drawn(["字" * 900], [(0, 1, 1, 0.5, 0.5, False)])
    (card, _) = [m.value for m in at.markdown if m.value.startswith("字")]
    assert card == "字" * 65 + " …"
