"""By link: one answer at a time, nothing else, nothing that tells who found an answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.open_questions import AskedQuestions, with_open_questions
from core.journey.people import asking
from core.types.asked_rounds import COLLECT, JUDGE
from core.workspace.workspace import Project, Workspace

ROOT = Path(__file__).resolve().parents[3]
LOG = ("how long until my refund is back", "do you sell kayaks", "tent leaks in the rain")


def texts(at: AppTest) -> str:
    kinds = (
        at.title,
        at.header,
        at.markdown,
        at.error,
        at.warning,
        at.info,
        at.success,
        at.caption,
    )
    found = [element.value for kind in kinds for element in kind]
    return "\n".join([*found, *(button.label for button in at.button)]).replace("\\", "")


@pytest.fixture
def project(tmp_path, monkeypatch, tiny_dataset) -> Project:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    workspace = Workspace.open(tmp_path / "workspace")
    made = workspace.create_project("Secret pilot", "ann")
    log = AskedQuestions(LOG, (2, 3, 4), (9, 2, 1))
    dataset = with_open_questions(tiny_dataset, log, file="log.csv")[0]
    workspace.save_dataset(dataset, {"summary": {}, "set_aside": [], "warnings": []})
    workspace.records.use_dataset(made.id, dataset.id, "ann")
    return workspace.project(made.id)


@pytest.fixture
def join(app, project):
    def opened(round_id: str, name: str = "", language: str = "en") -> AppTest:
        at = app(project.workspace.layout.root, None, None, language)
        at.query_params["join"] = round_id
        at.run()
        if name:
            at.text_input(key="join_name").set_value(name)
            at.button(key="join_go").click().run()
        assert not at.exception
        return at

    return opened


def test_name_is_asked_once_and_stays_in_the_link(join, project):
    round_ = asking.start_collecting(project, "ann", answers=3)
    at = join(round_.id)
    assert not at.error and "Your name" in [field.label for field in at.text_input]
    assert "written" not in [field.key for field in at.text_input]
    at = join(round_.id, "Mika <b>")
    assert "You take part as Mika <b>" in texts(at)
    assert re.fullmatch(r"Mika <b> #[0-9a-f]{4}", at.query_params["me"])
    at.button(key="join_other").click().run()
    assert "join_name" in [field.key for field in at.text_input]


def test_locked_phone_that_loads_the_link_anew_knows_the_name(app, join, project):
    round_ = asking.start_collecting(project, "ann", answers=3)
    join("guessed")
    at = AppTest.from_file(str(ROOT / "main.py"), default_timeout=60)
    at.query_params["join"], at.query_params["me"] = round_.id, "Ben"
    assert "You take part as Ben" in texts(at.run())


def test_name_that_the_browser_remembers_is_told_apart_from_others_of_that_name(app, project):
    """A vote remembered a name; whoever comes with it once more counts as one person."""
    round_ = asking.start_collecting(project, "Ann", answers=3, wanted=1, seed=0)
    people = []
    for _ in range(2):
        at = app(project.workspace.layout.root, None, None, "en")
        at.query_params["join"], at.session_state["who"] = round_.id, "Mika"
        at.run()
        assert not at.exception and "You take part as Mika." in texts(at)
        people.append(at.session_state["who"])
        again = at.run().session_state["who"]
        assert again == people[-1] and re.fullmatch(r"Mika #[0-9a-f]{4}", again)
    assert people[0] != people[1], "two browsers"


def test_questions_are_written_one_answer_after_another_and_taken_back(join, project):
    round_ = asking.start_collecting(project, "ann", answers=3)
    dataset = project.load_dataset()
    at = join(round_.id, "Mika")
    shown = []
    for number in range(3):
        shown += [a for a in dataset.answers if a in texts(at)]
        at.text_input(key="written").set_value(f"my wording {number}")
        at.button(key="write_send").click().run()
        assert not at.exception and not at.error
    given = asking.written(project, round_)
    assert [entry.text for entry in given] == [f"my wording {number}" for number in range(3)]
    assert [dataset.answers[entry.answer] for entry in given] == shown and len(set(shown)) == 3
    assert "3 by you · 3 by everybody" in texts(at)
    at.button(key="write_back").click().run()
    assert "2 by you · 2 by everybody" in texts(at)
    at.button(key="write_send").click().run()  # nothing was typed: nothing happens
    assert not at.error and len(asking.written(project, round_)) == 2
    before = [a for a in dataset.answers if a in texts(at)]
    skip = next(b for b in at.button if (b.key or "").startswith("write_skip"))
    skip.click().run()
    assert [a for a in dataset.answers if a in texts(at)] != before


def test_judges_see_neither_system_nor_project(join, project):
    round_ = asking.start_judging(project, "ann", questions=3, depth=2)
    at = join(round_.id, "Mika")
    while any((b.key or "").startswith("judge_right") for b in at.button):
        shown = texts(at)
        for secret in ("BM25", "Secret", "score", "nDCG", "tuning"):
            assert secret not in shown, secret
        next(b for b in at.button if (b.key or "").startswith("judge_partly")).click().run()
        assert not at.exception and not at.error
    assert "Nothing is left to judge for you" in texts(at)
    given = asking.judgements(project, round_)
    assert len(given) == round_.pairs and {entry.word for entry in given} == {"partly"}
    at.button(key="judge_back").click().run()
    assert len(asking.judgements(project, round_)) == round_.pairs - 1


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("kind", [COLLECT, JUDGE])
def test_closed_round_says_so_and_a_wrong_link_says_what_to_do(join, project, kind, language):
    start = asking.start_collecting if kind == COLLECT else asking.start_judging
    round_ = start(project, "ann")
    asking.close_round(project, round_, "ann")
    thanks = {"en": "This round is closed. Thank you", "ja": "ありがとうございました"}[language]
    assert thanks in texts(join(round_.id, language=language))
    wrong = join("guessed", language=language)
    assert {"en": "Ask for the link again", "ja": "リンクをもう一度"}[language] in texts(wrong)


def test_markup_that_somebody_types_stays_text(join, project):
    round_ = asking.start_collecting(project, "ann", answers=1)
    asking.write_question(project, round_, 0, "eve", "<b>**x**</b> [a](http://b.c)", "t1")
    at = join(round_.id, "**Mika**")
    assert "as \\*\\*Mika\\*\\*" in "\n".join(caption.value for caption in at.caption)


def test_two_people_of_one_name_count_as_two(join, project):
    """Two of them judge a pair, so the round must not take the second for the first."""
    round_ = asking.start_judging(project, "ann", questions=1, depth=1, wanted=2)
    for _ in range(2):
        at = join(round_.id, "Mika")
        assert "You take part as Mika." in texts(at)
        judge = next(one for one in at.button if (one.key or "").startswith("judge_right"))
        judge.click().run()
    given = asking.judgements(project, round_)
    assert len({entry.person for entry in given}) == 2
    assert asking.judging_progress(project, round_).people == 2
