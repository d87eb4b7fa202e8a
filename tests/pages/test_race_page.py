"""The race and the data curve on the Tune page: no more certain than what was measured."""

from __future__ import annotations

import csv
import io
import json
import shutil

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.documents import from_json, to_json
from core.jobs.folder import RunFolder, append_event
from core.jobs.launch import follow
from core.journey import labels
from core.journey.experiments import ExperimentJob, race_result, racing_recipes
from core.journey.trials import BASE, TUNED, Trials
from core.messages import Message
from core.reporting.exchange import race_csv
from core.tuning.experiments.race import contestants
from core.tuning.presets import PRESETS
from core.types import LabelRecipe
from core.types.tuning import (
    DataCurveRequest,
    Measured,
    RaceRequest,
    TrialResult,
    ValidationSet,
    share_key,
    trial_key,
)
from core.workspace.files import write_json
from core.workspace.records import RunRecord, now

WORDLLAMA = "wordllama-l2-supercat-256"
QUESTIONS = {"known": 60, "unseen": 40}


def texts(at: AppTest) -> str:
    kinds = (at.markdown, at.error, at.warning, at.info, at.success, at.caption)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


def button(at: AppTest, label: str):
    return next((b for b in at.button if b.label == label), None)


def opened(app, finished, view, **link):
    at = app(finished.root, None, finished.project)
    at.query_params["view"] = view
    for name, value in link.items():
        at.query_params[name] = value
    return at.switch_page("pages/tune.py").run()


def measured(level: float, seed: int, spread: float = 0.2) -> Measured:
    """Per-question values around a level; questions are as hard for every model."""
    rng = np.random.default_rng(7)
    ndcg = {
        regime: tuple(np.clip(level + rng.normal(0, spread, n) + 0.002 * (seed - 1), 0, 1))
        for regime, n in QUESTIONS.items()
    }
    return Measured(ndcg, 0.8 - 0.001 * seed)


def validation(questions: dict[str, int] = QUESTIONS) -> ValidationSet:
    rows = {regime: tuple(range(n)) for regime, n in questions.items()}
    return ValidationSet("cpu", rows, rows, measured(0.5, 1))


def new_job(finished, kind: str, config: dict, *events) -> RunFolder:
    workspace, run_id = finished.open(), f"{kind}-20990101-000000-aaaa"
    folder = RunFolder(finished.run(run_id))
    request = {"kind": kind, "project_id": finished.project, "config": config}
    write_json(folder.request, request | {"who": "Mika", "created_at": now()})
    for event, values in events or (("launched", {}), ("started", {}), ("finished", {})):
        append_event(folder, event, **values)
    workspace.records.add_run(RunRecord(run_id, finished.project, kind, now()))
    return folder


def made_race(finished, levels=(0.7, 0.5, 0.6), *events, failed=(), seeds=(0, 1, 2)) -> RunFolder:
    """Add a race of one recipe with KL and of the two baselines, with these results."""
    workspace = finished.open()
    project = workspace.project(finished.project)
    everyone = contestants(racing_recipes(project), ["kl"])
    config = PRESETS["quick"].config(base_model=WORDLLAMA)
    request = RaceRequest(project.dataset_id, config, everyone, seeds)
    folder = new_job(finished, "race", to_json(request), *events)
    trials = Trials.of(folder.root)
    write_json(trials.folder(BASE).result, to_json(validation()))
    for one, level in zip(everyone, levels, strict=False):
        for seed in seeds:
            key = one.trial(seed)
            if (one.key, seed) in failed:
                trials.fail(key, Message("The loss is <b>not</b> a number."))
            else:
                trials.save(key, TrialResult(measured(level, seed), 61.0, 5, 10))
    return folder


def made_curve(finished, levels=(0.5, 0.55, 0.62, 0.7), draws=(0, 1)) -> RunFolder:
    workspace = finished.open()
    project = workspace.project(finished.project)
    saved = labels.recipe_in_use(project)
    config = PRESETS["quick"].config(base_model=WORDLLAMA)
    request = DataCurveRequest(project.dataset_id, saved.name, saved.recipe, (), config, draws)
    folder = new_job(finished, "curve", to_json(request))
    trials = Trials.of(folder.root)
    write_json(trials.folder(BASE).result, to_json(validation()))
    for share, level in zip(request.shares, levels, strict=True):
        for draw in draws:
            result = TrialResult(measured(level, draw), 9.0, 5, 10, questions=4 * share)
            trials.save(trial_key(share_key(share), draw), result)
    return folder


def test_form_says_who_runs_and_launches_what_it_shows(finished_workspace, app, launched):
    workspace = finished_workspace.open()
    project = workspace.project(finished_workspace.project)
    first = labels.recipe_in_use(project).recipe
    other = LabelRecipe(first.experts, "mean", blend=0.0)
    labels.save_recipe(project, "Experts *alone*", other, "Mika")
    at = opened(app, finished_workspace, "race")
    assert not at.exception and not at.error
    assert "hard-label InfoNCE" in texts(at) and "hard-label squared error" in texts(at)
    figures = {metric.label: metric.value for metric in at.metric}
    assert (figures["Contestants"], figures["Runs"]) == ("4", "12")
    saved = {one.name: one.id for one in labels.recipes(project)}
    picker = next(box for box in at.multiselect if box.label == "Label recipes")
    picker.set_value(list(saved.values())).run()
    at.slider(key="race_seeds").set_value(2).run()
    figures = {metric.label: metric.value for metric in at.metric}
    assert (figures["Contestants"], figures["Runs"]) == ("6", "12")
    button(at, "Start the race").click().run()
    assert not at.exception and not at.error
    (folder,) = launched
    request = from_json(RaceRequest, folder.read_request()["config"])
    assert len(request.contestants) == 6 and request.seeds == (0, 1) and request.keep == "winner"
    assert {one.recipe_name for one in request.contestants} == {"", *saved}
    assert at.query_params["run"] == folder.root.name and "Starting" in texts(at)


def test_running_race_shows_what_is_done(finished_workspace, app, launched):
    event = (("launched", {}),)
    made_race(finished_workspace, (0.7,), *event)
    at = opened(app, finished_workspace, "race")
    assert not at.exception and not at.error
    assert "3 of 9 runs are done." in texts(at)
    rows = at.dataframe[0].value
    assert list(rows["runs"]) == ["3", "not yet", "not yet", None] or rows["runs"].isna().iloc[-1]
    assert button(at, "Use these settings") is None  # nobody has won yet


def test_clear_winner_is_said_with_its_lead_over_hard_labels(finished_workspace, app):
    made_race(finished_workspace)
    at = opened(app, finished_workspace, "race")
    assert not at.exception and not at.error
    shown = texts(at)
    assert "First recipe · Order of the experts (KL) is best: ahead of the next one by" in shown
    assert shown.count("Ahead of Right answers only (hard-label") == 2
    assert "test questions stay untouched" in shown.lower()
    rows = at.dataframe[0].value
    assert list(rows["place"])[:3] == [1, 2, 3] and "Untuned model" in list(rows["name"])
    assert "±" in rows["score"].iloc[0] and rows["score"].iloc[0].startswith("0.6")


def test_small_lead_is_called_luck(finished_workspace, app):
    """A podium for a lead of a thousandth sends people the wrong way."""
    made_race(finished_workspace, (0.6005, 0.6, 0.4), seeds=(0,))
    at = opened(app, finished_workspace, "race")
    assert "cannot be told apart from" in texts(at) and "is best:" not in texts(at)


def test_failed_runs_are_named_and_never_count_as_zero(finished_workspace, app):
    failed = [("c01", 1), ("c03", 0), ("c03", 1), ("c03", 2)]
    made_race(finished_workspace, failed=failed)
    at = opened(app, finished_workspace, "race")
    assert not at.exception
    warnings = [warning.value for warning in at.warning]
    assert len(warnings) == 2 and all("<b>" not in warning for warning in warnings)
    rows = at.dataframe[0].value.set_index("name")
    assert rows.loc["First recipe · Order of the experts (KL)", "runs"] == "2 of 3"
    assert list(rows["runs"]).count("failed") == 1


def test_settings_of_the_winner_fill_the_form(finished_workspace, app):
    made_race(finished_workspace, (0.4, 0.7, 0.5))
    at = opened(app, finished_workspace, "race")
    button(at, "Use these settings").click().run()
    assert not at.exception and not at.error
    assert "Labels in use:" in texts(at) and "Right answers only, no experts" in texts(at)
    loss = next(box for box in at.selectbox if box.key == "setting_quick_loss")
    assert loss.value == "infonce"
    base = next(box for box in at.selectbox if box.label == "Base model")
    assert base.value == WORDLLAMA


def test_kept_model_is_taken_over_and_ready_to_compare(finished_workspace, app):
    folder = made_race(finished_workspace)
    tuned = finished_workspace.run(finished_workspace.tune_run)
    place = Trials.of(folder.root).folder("c01-s2")
    shutil.copytree(tuned / "model", place.model)
    shutil.copy(tuned / "result.json", place.root / TUNED)
    at = opened(app, finished_workspace, "race")
    button(at, "Use this model").click().run()
    assert not at.exception and not at.error
    assert button(at, "Compare before and after") is not None
    assert len(at.dataframe[-1].value) == 2  # the first run and the one taken over


def test_csv_has_every_contestant_and_no_formula(finished_workspace):
    folder = made_race(finished_workspace, failed=[("c03", seed) for seed in range(3)])
    document = json.loads(folder.request.read_text())
    document["config"]["contestants"][0]["recipe_name"] = "=1+1"
    request = from_json(RaceRequest, document["config"])
    content = race_csv(
        race_result(finished_workspace.open(), ExperimentJob(follow(folder), request))
    ).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["recipe"] for row in rows] == ["'=1+1", "", "", ""]
    assert [row["loss"] for row in rows] == ["kl", "infonce", "mse", "untuned"]
    assert rows[2]["validation_mean"] == "" and rows[2]["failed"] == "3"
    assert float(rows[0]["behind_low"] or 1) > 0 and float(rows[1]["behind_low"]) > 0


@pytest.mark.parametrize("damage", ["request", "base", "trial", "folder"])
def test_damaged_race_is_explained(finished_workspace, app, damage):
    folder = made_race(finished_workspace)
    if damage == "request":
        document = json.loads(folder.request.read_text())
        document["config"]["contestants"] = "all"
        folder.request.write_text(json.dumps(document))
    elif damage == "base":
        (folder.root / "trials" / "base" / "result.json").write_text("{")
    elif damage == "trial":
        (folder.root / "trials" / "c01-s0" / "result.json").write_bytes(b"\x00")
    else:
        shutil.rmtree(folder.root)
    at = opened(app, finished_workspace, "race")
    assert not at.exception
    assert button(at, "Start the race") is not None
    said = {
        "request": "cannot be read",
        "base": "No run has finished",
        "trial": "damaged",
        "folder": "Who takes part",
    }
    assert said[damage] in texts(at)


def test_rising_curve_says_so_with_a_cautious_outlook(finished_workspace, app):
    made_curve(finished_workspace)
    at = opened(app, finished_workspace, "data")
    assert not at.exception and not at.error
    shown = texts(at)
    assert "the curve still rises" in shown and "100 more training questions" in shown
    assert any(element.type == "plotly_chart" for element in at.get("plotly_chart"))


@pytest.mark.parametrize(
    ("levels", "draws", "said"),
    [
        ((0.4, 0.6, 0.6, 0.6), (0, 1, 2), "has levelled off"),
        ((0.4, 0.6, 0.6, 0.603), (0,), "It cannot be told"),
        ((0.4, 0.6, 0.6, 0.5), (0, 1), "made search worse"),
    ],
)
def test_curve_promises_nothing_that_it_does_not_show(finished_workspace, app, levels, draws, said):
    made_curve(finished_workspace, levels, draws)
    at = opened(app, finished_workspace, "data")
    assert not at.exception
    assert said in texts(at)


def test_data_curve_is_launched_as_shown(finished_workspace, app, launched):
    at = opened(app, finished_workspace, "data")
    assert not at.exception and not at.error
    button(at, "Measure").click().run()
    assert not at.exception and not at.error
    request = from_json(DataCurveRequest, launched[0].read_request()["config"])
    assert (request.shares, request.draws) == ((25, 50, 75, 100), (0, 1))
    assert request.recipe_name == "First recipe"


def test_empty_trial_list_of_a_stopped_race_is_no_error(finished_workspace, app):
    events = (("launched", {}), ("started", {}), ("cancelled", {}))
    folder = made_race(finished_workspace, (), *events)
    (folder.root / "trials" / "base" / "result.json").unlink()
    at = opened(app, finished_workspace, "race")
    assert not at.exception and "No run has finished" in texts(at)
