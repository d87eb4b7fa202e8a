"""Versions and Rollout on the Pilot page: empty, decided, gone back, broken; for a viewer."""

from __future__ import annotations

import shutil

from streamlit.testing.v1 import AppTest

from core.journey.compare import load_comparison
from core.journey.pilot import challenging, rollout, versions
from core.journey.pilot.rollout import RunningPrices
from core.journey.steps import in_this_process
from core.types.exporting import DISTILLED, INT8
from core.types.pilot_events import PilotArm
from tests.as_seen import texts
from tests.reporting.finished_journey import BASE

WHY = "customers complained about it"


HERE = in_this_process(lambda _: None, lambda report: report, lambda _: None)


def take_into_use(made) -> None:
    comparison = load_comparison(made.workspace, made.compare_run)
    versions.promote(made.project, comparison, "ann", reason=WHY)


def keys(at: AppTest) -> set[str | None]:
    return {button.key for button in at.button}


def test_before_anybody_decides_the_model_to_begin_with_is_named(opened):
    at = opened()
    assert "Nobody has decided yet" in texts(at) and "None. A challenger" in texts(at)
    assert not [frame for frame in at.dataframe if "Stage" in frame.value.columns]
    assert at.radio(key="challenger_begin").options == ["from the base model"]
    assert "as it came: begin with it" in texts(at)
    assert "現行モデル" in texts(opened("ja"))


def test_a_reason_is_wanted_and_one_click_goes_back(made, opened):
    take_into_use(made)
    versions.withdraw(made.project, "ben")
    at = opened()
    assert "Version 1" in texts(at) and "Decided by ben" in texts(at)
    at.button(key="version_champion_2").click().run()
    assert "at least 10 characters why" in texts(at)
    at.text_area(key="version_champion_2_why").set_value(WHY)
    at.button(key="version_champion_2").click().run()
    assert not at.error and versions.promotion(made.project).reason == WHY
    shown = texts(at)
    assert "Version 2" in shown and WHY in shown
    assert "Stage" in at.dataframe[0].value.columns and len(at.dataframe[0].value) == 2


def test_a_challenger_is_named_shown_and_offered_for_comparison(made, opened, monkeypatch):
    take_into_use(made)
    versions.withdraw(made.project, "ben")
    at = opened()
    at.text_area(key="version_challenge_2_why").set_value(WHY)
    at.button(key="version_challenge_2").click().run()
    assert not at.error
    assert versions.registry(made.project).challenger.arm == PilotArm(made.tune_run, BASE)
    assert "has not been compared with the model in use" in texts(at)
    asked = []
    monkeypatch.setattr(challenging, "launch_challenge", lambda *given: asked.append(given))
    at.run()  # the button is drawn with what it does
    at.button(key="challenge_start").click().run()
    assert len(asked) == 1


def test_a_champion_whose_files_are_gone_is_said_and_the_page_stands(made, opened):
    take_into_use(made)
    shutil.rmtree(made.workspace.run_folder(made.tune_run))
    at = opened()
    assert "Its model is not there any more" in texts(at)
    assert "version_champion_1" in keys(at)


def test_rollout_has_costs_forms_and_the_sheet(made, opened, monkeypatch):
    at = opened()
    at.session_state["pilot_tab"] = "Rollout"
    at.run()
    assert "No tuned model is in use yet" in texts(at)
    take_into_use(made)
    at.run()
    assert not at.exception and not at.error
    assert "speed of this model was not measured" in texts(at)
    assert "smaller_start" in keys(at)
    costs = rollout.RunningCosts(0.01, 0.02, 0.03, 4.0, 500.0, 6.0)
    monkeypatch.setattr(rollout, "costs_of", lambda *_: costs)
    at.number_input(key="price_hour").set_value(2.5).run()
    assert "4.0 s to read all answers" in texts(at)
    at.button(key="prices_keep").click().run()
    assert rollout.prices_of(made.project) == RunningPrices(2.5)
    rollout.launch_smaller(made.project, made.tune_run, "ann", start=HERE)
    at.run()
    at.button(key=f"make_form_{INT8}").click().run()
    assert not at.exception and not at.error
    assert rollout.form_archive(made.project, made.tune_run, INT8, "en").is_file()
    assert f"make_form_{DISTILLED}" not in keys(at), "this model is one of word vectors already"
