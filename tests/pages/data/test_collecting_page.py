"""The organiser collects and judges: link, live counts, review, and into the data."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.journey.people import asking
from core.types.asked_rounds import COLLECT, JUDGE, RIGHT_ANSWER
from tests.pages.data.test_taking_part_page import project as project, texts


@pytest.fixture
def organise(app, project, monkeypatch):
    # Of the draw: of some answers a test question cannot be taken, those kept for validation.
    monkeypatch.setattr(asking.secrets, "randbits", lambda _bits: 0)

    def opened(tab: str) -> AppTest:
        at = app(project.workspace.layout.root, "data", project.id)
        at.session_state["data_tabs"] = tab
        at.run()
        assert not at.exception
        return at

    return opened


def test_round_is_opened_watched_closed_reviewed_and_taken_in(organise, project):
    at = organise("Collect questions")
    at.number_input(key="collect_answers").set_value(4)
    at.button(key="collect_start").click().run()
    assert not at.exception and [error.value for error in at.error] == []
    (round_,) = asking.rounds(project, COLLECT)
    assert len(round_.rows) == 4
    assert any(f"join={round_.id}" in code.value for code in at.code)
    assert "appear here as they are written" in texts(at)
    for place, text in enumerate(("quite another wording", project.load_dataset().questions[0])):
        asking.write_question(project, round_, place, "Mika", text, f"t{place}")
    at.run()
    assert [metric.value for metric in at.metric][-3:-1] == ["2", "1"]
    assert "quite another wording" in texts(at)
    at.button(key="collect_close").click().run()
    assert not at.exception
    assert at.button(key="collect_take").label == "Take in 1 question", "a known one is left out"
    at.selectbox(key="collect_use").set_value("test")
    at.button(key="collect_take").click().run()
    assert not at.exception and [error.value for error in at.error] == []
    assert "Questions to test with: 1." in texts(at)
    fresh = project.workspace.project(project.id).load_dataset()
    assert "quite another wording" in fresh.questions


def test_judged_questions_are_taken_in(organise, project):
    at = organise("Judge results")
    at.button(key="judge_start").click().run()
    assert not at.exception and [error.value for error in at.error] == []
    (round_,) = asking.rounds(project, JUDGE)
    assert f"0 of {round_.pairs} pairs judged" in [bar.proto.text for bar in at.get("progress")]
    assert f"0 / {len(round_.rows)}" in [metric.value for metric in at.metric]
    assert "Pooled: BM25." in texts(at)
    for place, pool in enumerate(round_.pools):
        for who in ("Mika", "Ben"):
            asking.judge(project, round_, place, pool[0], who, RIGHT_ANSWER, f"{place}-{who}")
    at.button(key="judge_close").click().run()
    at.selectbox(key="judge_use").set_value("fit")
    at.button(key="judge_take").click().run()
    assert not at.exception and [error.value for error in at.error] == []
    fresh = project.workspace.project(project.id).load_dataset()
    assert len(fresh.open_rows) < 3


def test_without_open_questions_the_page_says_what_to_do(organise, project):
    from core.journey import data

    data.remove_open_questions(project, "ann")
    assert "There are no open questions" in texts(organise("Judge results"))
