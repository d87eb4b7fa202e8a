"""All projects side by side; what a new one begins with is chosen, recorded and used."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import WorkspaceError
from core.journey.labels import draft_of, first_recipe
from core.journey.pilot import portfolio, searching, watching
from core.journey.pilot.portfolio import FollowingDefault
from core.pilot import criteria
from core.types import Interval
from core.types.pilot_events import THUMB_DOWN, THUMB_UP, PilotArm
from core.types.watch_looks import BestScores, DriftLook, FalseAlarms, Mix, Unlike, WatchCriteria
from core.workspace.files import write_bytes
from tests.journey.pilot.test_searching import LIVE
from tests.pilot.test_criteria import QUIET
from tests.reporting.finished_journey import BASE, finished_journey


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return finished_journey(tmp_path / "workspace")


def test_each_project_has_its_verdict_gain_and_satisfaction(made):
    workspace, project = made.workspace, made.project
    workspace.create_project("empty", "ann")
    plan = searching.start_page(project, "ann", champion=PilotArm("", BASE))
    searching.search(project, plan, LIVE, "a parcel", "v", "s1")
    for place, kind in enumerate((THUMB_UP, THUMB_UP, THUMB_UP, THUMB_DOWN)):
        searching.mark(project, plan, "s1", kind, "v", f"m{place}", place=place)
    empty, full = portfolio.portfolio(workspace)
    assert (empty.figures, empty.gain, empty.satisfaction, empty.in_use) == ((), None, None, False)
    assert {figure.regime for figure in full.figures} == {"known", "unseen"}
    assert full.satisfaction == pytest.approx(0.75) and full.generality.pairs == 283
    gain = full.gain
    assert gain.value == pytest.approx(sum(f.difference for f in full.figures) / 2)
    assert gain.low < gain.value < gain.high and gain.word == "better"
    assert (gain.experts, gain.rule, gain.blend) == (("bm25", "tfidf"), "mean", 0.3)
    assert portfolio.overall(portfolio.gains_of((empty, full))) is None
    assert portfolio.default_that_follows(workspace) is None


def test_the_newest_look_says_how_much_is_new_and_whether_to_train_anew(made, monkeypatch):
    """Before a look nothing is said; a damaged one stops no other project."""
    assert (portfolio.portfolio(made.workspace)[0].unlike,) == (None,)
    unlike = Unlike(Interval(0.25, 0.1, 0.4), (1,), 0.0001, 0.01)
    drift = DriftLook(40, unlike, Mix(0.6, 1, 0, 1), BestScores(0.7, 0.7, 0.5, 0.1))
    rare = FalseAlarms(5000, 0, 0.0)
    look = criteria.judged_by(replace(QUIET, drift=drift, simulated=rare), WatchCriteria())
    monkeypatch.setattr(watching, "newest_look", lambda project: look)
    (row,) = portfolio.portfolio(made.workspace)
    assert (row.unlike, row.reasons) == (0.25, 1) and row.gain is not None

    def broken(project):
        raise WorkspaceError("gone")

    monkeypatch.setattr(watching, "newest_look", broken)
    (row,) = portfolio.portfolio(made.workspace)
    assert (row.unlike, row.reasons) == (None, 0) and row.gain is not None


def test_a_damaged_project_stops_no_other(made):
    workspace = made.workspace
    write_bytes(workspace.run_folder(made.compare_run) / "result.json", b"{broken")
    (row,) = portfolio.portfolio(workspace)
    assert row.figures == () and row.gain is None


def test_a_new_project_begins_with_what_was_chosen_and_with_nothing_else(made):
    project = made.workspace.create_project("next", "ann")
    assert first_recipe(project, ("bm25",)).rule == "reliability"
    assert draft_of(project, "ann", ("bm25",)) is None
    portfolio.begin_with(project, FollowingDefault("mean", 0.3, 9, 7), "ann")
    recipe = first_recipe(project, ("bm25", "tfidf"))
    assert (recipe.rule, recipe.blend, recipe.experts) == ("mean", 0.3, ("bm25", "tfidf"))
    assert draft_of(project, "ann", ("bm25", "tfidf")) == recipe
    line = made.workspace.records.audit_trail(project.id)[-1]
    assert line["what"] == "labels as elsewhere" and line["detail"]["rule"] == "mean"
