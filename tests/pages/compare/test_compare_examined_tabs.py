"""Map, other fields and cost on the Compare page: old comparisons, full ones, damaged ones."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.evaluation.cost import EncodingCost
from core.evaluation.examination import SetResult
from core.evaluation.geometry import SHAPE_MEASURES, ShapeChange
from core.jobs.folder import RunFolder
from core.journey import compare
from core.journey.compare import load_comparison
from core.messages import Message
from core.workspace.files import read_json, read_tensors, write_json, write_tensors
from tests.pages.conftest import open_compare_tab
from tests.reporting.finished_journey import EVIL, FinishedJourney, finished_journey

TABS = ("Map", "Other fields", "Money")


def texts(at: AppTest) -> str:
    kinds = (at.markdown, at.error, at.warning, at.info, at.success, at.caption)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


@pytest.fixture
def made(tmp_path) -> FinishedJourney:
    return finished_journey(tmp_path / "workspace", model=False)


@pytest.fixture
def opened(made, app, tmp_path):
    def open_tab(title: str) -> AppTest:
        at = app(tmp_path / "workspace", "compare", made.project.id)
        return open_compare_tab(at, title)

    return open_tab


@pytest.fixture
def examined(made) -> FinishedJourney:
    """The comparison's folder as a job leaves it, without the minutes."""
    folder = RunFolder(made.workspace.run_folder(made.compare_run))
    comparison = load_comparison(made.workspace, made.compare_run)
    costs = [
        EncodingCost(
            *(900.0, 800.0, 950.0, 1.5, 3.0, 90.0, "cpu", 64, 5),
            arm=arm,
            title=arm,
            kind=arm,
            vectors_mb=1.2,
        )
        for arm in ("base", "tuned")
    ]
    results = [
        SetResult(f"set {EVIL}", "beir", 30, 90, comparison.difference("unseen")),
        SetResult("gone", "mteb", 0, 0, None, Message("It failed: {why}", {"why": EVIL})),
    ]
    document = read_json(folder.result) | {
        "examination": {
            "shape": [asdict(ShapeChange(key, 0.5, 0.4, -0.2, -0.05)) for key in SHAPE_MEASURES],
            "sets": [
                asdict(one) | {"failure": one.failure.to_json() if one.failure else None}
                for one in results
            ],
            "costs": [asdict(one) for one in costs],
            "explained": 0.31,
        }
    }
    points = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    more = {
        "map.before": points,
        "map.after": points + 1,
        "map.questions": np.array([0, 1, 2], np.int32),
        "map.answers": np.array([0, 1], np.int32),
    }
    write_tensors(folder.arrays, read_tensors(folder.arrays) | more)
    write_json(folder.result, document)
    return made


@pytest.mark.parametrize("title", TABS)
def test_comparison_made_without_it_says_how_to_get_it(opened, title):
    at = opened(title)
    assert not at.exception and not at.error
    if title != "Other fields":
        assert "Compare again to see it" in texts(at)


def test_map_says_how_much_it_leaves_out_and_what_changed(examined, opened):
    at = opened("Map")
    assert not at.exception and not at.error
    shown = texts(at)
    assert "31%" in shown and "3 held-out questions and 2 of 24 answers" in shown
    assert SHAPE_MEASURES["alignment"].less in shown
    assert len(at.metric) >= 4


def test_sets_are_shown_added_and_taken_off(examined, opened):
    workspace, project = examined.workspace, examined.project
    kept = compare.GeneralitySet("beir", f"set {EVIL}", "0" * 16, 30, 90)
    workspace.records.set(project.id, "generality_sets", [asdict(kept)])
    at = opened("Other fields")
    assert not at.exception and not at.error
    raw = "\n".join(m.value for m in (*at.markdown, *at.warning))
    assert "<script>" not in raw and "It failed" in raw and "30 questions, 90 documents" in raw
    at.button(key=f"generality_remove_beir_set {EVIL}").click().run()
    assert not at.exception
    assert compare.generality_sets(project) == ()


def test_alpha_curve_is_drawn_where_the_run_swept(made, opened):
    folder = RunFolder(made.workspace.run_folder(made.tune_run))
    sweep = [
        {"alpha": a, "score": 0.6 + a / 10, "regimes": {}, "generality": 0.8 - a / 20}
        for a in (0.0, 0.5, 1.0)
    ]
    assert "Own field against everyday language" not in [
        s.value for s in opened("Other fields").subheader
    ]
    write_json(folder.result, read_json(folder.result) | {"alpha_sweep": sweep, "alpha": 0.5})
    at = opened("Other fields")
    assert not at.exception and not at.error
    assert "Own field against everyday language" in [s.value for s in at.subheader]


def test_costs_are_a_table_beside_the_calculator(examined, opened):
    at = opened("Money")
    assert not at.exception and not at.error
    table = next(d.value for d in at.dataframe if "rate" in d.value.columns)
    assert list(table["rate"]) == [900.0, 900.0]
    assert "Before and after cost the same" in texts(at)
    assert at.number_input(key="savings_questions")


@pytest.mark.parametrize("damage", ["shape", "costs", "sets"])
def test_damaged_examination_is_an_error_in_words(examined, opened, damage):
    folder = RunFolder(examined.workspace.run_folder(examined.compare_run))
    document = read_json(folder.result)
    document["examination"][damage] = [{"nonsense": 1}]
    write_json(folder.result, document)
    at = opened("Map")
    assert not at.exception
    assert len(at.error) == 1 and "Something went wrong" not in at.error[0].value
