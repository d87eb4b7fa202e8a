"""The Pilot page of an organiser: empty, open, sealed, decided, closed, without data."""

from __future__ import annotations

import pytest

from core.errors import DataError
from core.journey.pilot import searching
from core.types.pilot_events import THUMB_UP, PilotArm
from tests.as_seen import texts
from tests.reporting.finished_journey import BASE, add_hybrid


def test_before_a_page_is_open_one_click_opens_it(made, opened):
    at = opened()
    assert "need no account" in texts(at)
    at.selectbox(key="pilot_first_champion").set_value(PilotArm("", BASE)).run()
    at.selectbox(key="pilot_first_challenger").set_value(PilotArm(made.tune_run, BASE)).run()
    at.button(key="pilot_first_go").click().run()
    assert not at.exception and not at.error
    plan = searching.page_in_use(made.project)
    assert plan.champion == PilotArm("", BASE) and plan.challenger.run == made.tune_run
    assert "Sealed: 0 searches so far" in texts(at)
    at.session_state["pilot_tab"] = "Searches"  # the tab that was open before stays open
    assert "Nobody has searched yet" in texts(at.run())
    assert any(plan.link in code.value for code in at.code)
    assert any("<iframe" in code.value and "embed=true" in code.value for code in at.code)
    assert "試験運用" in texts(opened("ja"))


def test_the_advice_of_the_comparison_is_where_keyword_search_begins(made, opened):
    add_hybrid(made, 0.3, 0.05)
    at = opened()
    tuned, base = PilotArm(made.tune_run, BASE), PilotArm("", BASE)
    at.selectbox(key="pilot_first_champion").set_value(base).run()
    key = "pilot_first_words_{0.run}_{0.model}".format
    assert at.slider(key=key(base)).value == 0 and "adds to this model" not in texts(at)
    at.selectbox(key="pilot_first_champion").set_value(tuned).run()
    assert at.slider(key=key(tuned)).value == 30
    assert "counting 30% it takes" in texts(at)
    at.slider(key=key(tuned)).set_value(45)
    at.button(key="pilot_first_go").click().run()
    assert not at.exception and not at.error
    assert searching.page_in_use(made.project).words == 0.45
    assert "Keyword search counts 45%." in texts(at)
    changed = at.slider(key=f"pilot_change_words_{tuned.run}_{tuned.model}")
    assert changed.value == 45, "what the page does, not what was advised"


def test_who_opens_early_sees_figures_and_is_named(made, opened):
    base, tuned = PilotArm("", BASE), PilotArm(made.tune_run, BASE)
    plan = searching.start_page(made.project, "ann", champion=base, challenger=tuned)
    live = searching.open_search(made.workspace, plan)
    shown = searching.search(made.project, plan, live, "<b>kayak</b>", "v", "s1")
    place = next(at for at, team in enumerate(shown.teams) if team != "both")
    searching.mark(made.project, plan, "s1", THUMB_UP, "v", "c1", place=place)
    at = opened()
    assert "Sealed: 1 searches so far" in texts(at) and "helped in" not in texts(at)
    assert [metric.value for metric in at.metric] == ["1", "1", "1 / 0", "0"]
    at.button(key="pilot_take_in").click().run()
    assert not at.error and "open questions are new in the data" in "".join(
        success.value for success in at.success
    )
    assert "pilot_take_in" not in {button.key for button in at.button}
    at.button(key="pilot_open_early").click().run()
    assert "before it was decided" in texts(at) and "of 1 searches that were decided" in texts(at)
    at.button(key="pilot_close").click().run()
    assert "Its link leads nowhere any more" in texts(at)
    with pytest.raises(DataError, match="leads nowhere"):
        searching.page_of_link(made.workspace, plan.link)


def test_a_model_that_is_gone_is_told_and_nothing_is_opened(made, opened, monkeypatch):
    at = opened()

    def broken(*_given: object, **_settings: object) -> None:
        raise DataError("The model's files are missing.")

    monkeypatch.setattr(searching, "open_search", broken)
    at.button(key="pilot_first_go").click().run()
    assert "files are missing" in texts(at) and searching.newest_plan(made.project) is None


def test_without_data_the_page_leads_to_them(app, tmp_path, monkeypatch):
    from core.workspace.workspace import Workspace

    monkeypatch.delenv("DATABASE_URL", raising=False)
    project = Workspace.open(tmp_path / "w").create_project("empty", "ann")
    at = app(tmp_path / "w", "pilot", project.id)
    assert not at.exception and "Upload your questions and answers first" in texts(at)
