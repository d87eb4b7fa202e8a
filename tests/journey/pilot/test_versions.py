"""The registry through the steps of the journey: one fact, carried over, followed, gone back to."""

from __future__ import annotations

import shutil

import pytest

from core.errors import ComparisonError, RightsError
from core.journey.compare import load_comparison
from core.journey.pilot import searching, versions
from core.journey.pilot.stages import pilot_stages
from core.types.pilot_events import CHALLENGER, CHAMPION, PilotArm
from core.types.rights import VIEWER, Member, Person
from core.workspace.workspace import Workspace
from tests.reporting.finished_journey import BASE, finished_journey

WHY = "we tried it on ten questions"


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return finished_journey(tmp_path / "workspace")


def take_into_use(made) -> None:
    comparison = load_comparison(made.workspace, made.compare_run)
    versions.promote(made.project, comparison, "ann", reason=WHY)


def test_use_this_model_writes_the_registry_with_where_it_came_from(made):
    project, tuned = made.project, PilotArm(made.tune_run, BASE)
    assert versions.promotion(project) is None
    take_into_use(made)
    present = versions.registry(project)
    assert [one.arm for one in present.versions] == [PilotArm("", BASE), tuned]
    assert present.champion.arm == tuned and present.took_effect.who == "ann"
    lineage = present.champion.lineage
    assert lineage.dataset_id == project.dataset_id and lineage.recipe == "first"
    assert lineage.label_id == "0123456789abcdef" and lineage.comparison == made.compare_run
    assert {one.regime for one in lineage.verdict} == {"known", "unseen"}
    assert len(lineage.code) == 16 and lineage.code == versions.code_version()
    assert versions.promotion(project).run == made.tune_run
    line = project.workspace.records.audit_trail(project.id)[-1]
    assert line["what"] == versions.PROMOTED and line["detail"]["version"] == 2


def test_one_click_goes_back_and_says_who_and_why(made):
    project = made.project
    take_into_use(made)
    versions.withdraw(project, "ben")
    assert versions.promotion(project) is None
    assert versions.registry(project).champion.arm == PilotArm("", BASE)
    decision = next(one for one in pilot_stages(project) if one.key == "decision")
    assert "ben decided" in str(decision.said[0]) and "not to use" in str(decision.said[0])
    with pytest.raises(ComparisonError, match="at least 10 characters why"):
        versions.make_champion(project, 2, "cy", "no")
    versions.make_champion(project, 2, "cy", WHY)
    present = versions.registry(project)
    assert present.champion.version == 2 and present.took_effect.reason == WHY
    told = [line["what"] for line in project.workspace.records.audit_trail(project.id)]
    assert told[-3:] == [versions.PROMOTED, versions.WITHDRAWN, versions.WENT_BACK]
    assert len(present.decisions) == 3, "nothing of the past is deleted"


def test_what_searches_follows_the_champion_and_the_link_stays(made):
    project, tuned, base = made.project, PilotArm(made.tune_run, BASE), PilotArm("", BASE)
    plan = searching.start_page(project, "ann", champion=base, challenger=tuned)
    assert searching.page_of_link(made.workspace, plan.link)[1] == plan
    take_into_use(made)
    followed = searching.page_of_link(made.workspace, plan.link)[1]
    assert (followed.champion, followed.challenger) == (tuned, None)
    assert followed.link == plan.link and followed.id != plan.id
    assert searching.page_in_use(project) == followed, "followed once, not with every visit"
    versions.make_champion(project, 1, "ann", WHY)
    assert searching.page_in_use(project).champion == base
    chosen = searching.start_page(project, "ann", champion=tuned)
    assert searching.page_in_use(project) == chosen, "what was chosen on the page since counts"


def test_a_challenger_is_named_offered_and_taken_off_but_searches_nothing(made):
    project, tuned = made.project, PilotArm(made.tune_run, BASE)
    plan = searching.start_page(project, "ann", champion=PilotArm("", BASE))
    with pytest.raises(ComparisonError, match="at least 10 characters"):
        versions.make_challenger(project, tuned, "ann", "")
    named = versions.make_challenger(project, tuned, "ann", WHY)
    present = versions.registry(project)
    assert present.challenger == named and present.champion is None
    assert searching.challenger_named(project) == tuned
    assert searching.arms(project, project.load_dataset())[1] == tuned
    assert searching.page_in_use(project) == plan
    versions.take_off_challenger(project, "ann", WHY)
    assert versions.registry(project).challenger is None
    with pytest.raises(ComparisonError, match="no challenger"):
        versions.take_off_challenger(project, "ann", WHY)
    assert [one.what for one in present.decisions] == [CHALLENGER]


def test_what_is_in_use_or_gone_can_be_neither(made):
    project, tuned = made.project, PilotArm(made.tune_run, BASE)
    take_into_use(made)
    with pytest.raises(ComparisonError, match="cannot challenge itself"):
        versions.make_challenger(project, tuned, "ann", WHY)
    with pytest.raises(ComparisonError, match="in use already"):
        versions.make_champion(project, 2, "ann", WHY)
    with pytest.raises(ComparisonError, match="no version 7"):
        versions.make_champion(project, 7, "ann", WHY)
    versions.withdraw(project, "ann")
    shutil.rmtree(made.workspace.run_folder(made.tune_run))
    with pytest.raises(ComparisonError, match="folder of its run was deleted"):
        versions.make_champion(project, 2, "ann", WHY)
    dataset = project.load_dataset()
    assert searching.arm_in_use(project, dataset) == PilotArm("", BASE)
    assert versions.registry(project).version(2).lineage.recipe == "first", "told by value"


def test_a_project_of_an_earlier_version_keeps_its_decisions(made):
    """Earlier, the audit trail alone said which model is in use."""
    project = made.project
    detail = {"run": made.tune_run, "comparison": "c", "overruled": ["It forgot."], "reason": WHY}
    project.note(versions.OVERRULED, "ann", detail)
    project.note(versions.WITHDRAWN, "ben", {})
    project.note(versions.PROMOTED, "cy", {**detail, "overruled": [], "reason": ""})
    told = versions.registry(project)
    assert [(one.version, one.who) for one in told.decisions] == [(1, "ann"), (2, "ben"), (1, "cy")]
    assert told.decisions[0].overruled == ("It forgot.",) and told.decisions[0].reason == WHY
    trail = project.workspace.records.audit_trail(project.id)
    assert [one.at for one in told.decisions] == [line["at"] for line in trail[-3:]]
    assert versions.promotion(project).who == "cy"
    assert versions.registry(project) == told, "carried over once"
    assert len(project.workspace.records.audit_trail(project.id)) == len(trail)


def test_viewers_decide_nothing_and_who_signed_in_is_named(made):
    project, records = made.project, made.workspace.records
    project.state.members = (Member("vi@x.org", VIEWER), Member("ed@x.org", "editor"))
    seen = Workspace.open(made.workspace.layout.root)
    viewer = seen.acting(Person("vi@x.org", signed_in=True)).project(project.id)
    arm = PilotArm(made.tune_run, BASE)
    for act in (
        lambda: versions.make_challenger(viewer, arm, "x", WHY),
        lambda: versions.make_champion(viewer, 1, "x", WHY),
        lambda: versions.take_off_challenger(viewer, "x", WHY),
        lambda: versions.withdraw(viewer, "x"),
    ):
        with pytest.raises(RightsError):
            act()
    editor = seen.acting(Person("ed@x.org", signed_in=True)).project(project.id)
    versions.make_challenger(editor, arm, "somebody else", WHY)
    assert records.model_decisions(project.id)[0].who == "ed@x.org"
    assert versions.registry(viewer).challenger.arm == arm and CHAMPION != CHALLENGER
