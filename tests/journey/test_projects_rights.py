"""Below the pages, too, nobody does what their role does not let them."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

import pytest

from core import journey
from core.errors import RightsError
from core.journey import jobs, labels, projects
from core.journey.people import voting
from core.types.judgements import VoteRound
from core.types.recipes import LabelRecipe
from core.types.rights import (
    ACTIONS,
    ADMINISTRATOR,
    EDITOR,
    OPERATOR,
    OWNER,
    ROLES,
    SEE,
    VIEWER,
    VOTER,
    Member,
    Person,
    may,
)
from core.workspace.records import RunRecord
from core.workspace.workspace import Project, Workspace

ROOM = Path(journey.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(ROOM).with_suffix("").parts) for path in ROOM.rglob("[a-z]*.py")
)
ROUND = "round-of-ann"


def steps() -> dict[str, object]:
    """Every public function of the journey that is written there."""
    found = {}
    for name in MODULES:
        module = import_module(f"core.journey.{name}")
        for key, value in vars(module).items():
            own = inspect.isfunction(value) and value.__module__ == module.__name__
            if own and not key.startswith("_"):
                found[f"{name}.{key}"] = value
    return found


STEPS = steps()
ASKING = {name: step for name, step in STEPS.items() if hasattr(step, "asks")}
# Begin by asking in another way: there is no project yet, or the project is made by the step.
OTHERWISE = {
    "projects.create_project_with",
    "projects.create_sample_project",
    "projects.open_finished_sample",
    # What a job that somebody was allowed to start leaves behind, and files read from a folder.
    "trials.publish_run",
    "labels.read_corrections",
    # Reads what a person has set and not put to use.
    "labels.draft_of",
    # Asks inside, and only where something would leave the machine.
    "sending.agree_to_send",
}


@pytest.fixture
def workspace(tmp_path, monkeypatch) -> Workspace:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return Workspace.open(tmp_path / "workspace")


@pytest.fixture
def project(workspace) -> Project:
    made = workspace.create_project("Secret", "ann")
    made.state.members = (
        Member("olga@example.com", OWNER),
        Member("edgar@example.com", EDITOR),
        Member("@example.com", VIEWER),
    )
    workspace.records.start_vote(
        made.id, VoteRound(ROUND, "c", "base", "tuned", (0, 1), 2, 5, 2, 0, "ann", "2026-01-01")
    )
    workspace.records.add_run(RunRecord("tune-1", made.id, "tune", "2026-01-01"))
    return made


PEOPLE = {
    ADMINISTRATOR: Person("it@example.com", True, ADMINISTRATOR),
    OWNER: Person("olga@example.com", True),
    EDITOR: Person("edgar@example.com", True),
    VIEWER: Person("vera@example.com", True),
    VOTER: Person("somebody", link=ROUND),
    None: Person("eve@example.org", True),
}


def as_role(project: Project, role) -> Project:
    return Project(project.workspace.acting(PEOPLE[role]), project.record)


def test_each_person_has_the_role(project):
    for role in (*ROLES, None):
        assert as_role(project, role).role == role
    assert project.role == ADMINISTRATOR, "whoever is at a terminal has the files themselves"
    assert Project(project.workspace.acting(Person("x", link="other")), project.record).role is None
    linked = Person("edgar@example.com", True, link=ROUND)
    assert Project(project.workspace.acting(linked), project.record).role == EDITOR


def test_every_step_that_changes_something_asks():
    """A step that takes the name of who does it changes something that others see."""
    wants = {name for name, step in STEPS.items() if "who" in inspect.signature(step).parameters}
    assert wants - set(ASKING) - OTHERWISE == set()
    assert len(ASKING) > 55
    for name, step in ASKING.items():
        first = next(iter(get_type_hints(inspect.unwrap(step)).values()))
        assert first in (Project, Workspace), name


def let_through(step) -> bool:
    """Return whether a step begins its work; what comes then would only see nonsense here."""
    seen, inner = [], step.__wrapped__
    cell = next(c for c in step.__closure__ if c.cell_contents is inner)
    cell.cell_contents = lambda *_args, **_named: seen.append(True)
    try:
        yield lambda: bool(seen)
    finally:
        cell.cell_contents = inner


@pytest.mark.parametrize("role", [*ROLES, None])
def test_each_step_refuses_whom_the_table_refuses(role, project):
    acting = as_role(project, role)
    before = project.workspace.records.dump()
    for name, step in ASKING.items():
        hints = get_type_hints(inspect.unwrap(step))
        first = acting.workspace if hints.get("workspace") is Workspace else acting
        names = list(inspect.signature(step).parameters)
        by_name = dict(zip(names, [first, *["tune-1"] * (len(names) - 1)], strict=True))
        with contextmanager(let_through)(step) as begun:
            if may(role, step.asks):
                step(**by_name)
            else:
                with pytest.raises(RightsError):
                    step(**by_name)
                with pytest.raises(RightsError):
                    step(*list(by_name.values())[:2])
            assert begun() is may(role, step.asks), name
    assert project.workspace.records.dump() == before


def test_every_action_but_seeing_is_asked_by_some_step():
    asked = {step.asks.key for step in ASKING.values()}
    assert {action.key for action in ACTIONS} - asked == {"manage"}


def test_who_may_not_see_a_project_does_not_learn_of_it(project, workspace):
    stranger = workspace.acting(PEOPLE[None])
    assert stranger.projects() == []
    with pytest.raises(RightsError) as refused:
        stranger.project(project.id)
    assert "Secret" not in str(refused.value)
    assert [p.id for p in workspace.acting(PEOPLE[VIEWER]).projects()] == [project.id]
    assert workspace.acting(PEOPLE[VOTER]).projects() == []
    assert not workspace.acting(PEOPLE[VOTER]).project(project.id).may(SEE)
    assert projects.journey_status(None)[0].state == "open"


def test_a_voter_votes_in_the_round_of_the_link_only(project, workspace):
    other = VoteRound("other", "c", "base", "tuned", (0, 1), 2, 5, 2, 0, "ann", "2026-01-01")
    workspace.records.start_vote(project.id, other)
    acting = as_role(project, VOTER)
    voting.cast(acting, voting.find_round(acting, ROUND), 0, "somebody", "left")
    with pytest.raises(RightsError, match="one place"):
        voting.cast(acting, voting.find_round(acting, "other"), 0, "somebody", "left")
    assert len(workspace.records.votes(ROUND)) == 1 and not workspace.records.votes("other")


def test_who_makes_a_project_owns_it(workspace):
    made = workspace.acting(PEOPLE[None]).create_project("Mine", "eve@example.org")
    assert made.role == OWNER
    assert workspace.acting(PEOPLE[OWNER]).projects() == []
    by_passcode = workspace.acting(Person("Ann", everywhere=OWNER))
    assert by_passcode.create_project("Ours", "Ann").state.members == ()
    with pytest.raises(RightsError, match="one place"):
        workspace.acting(PEOPLE[VOTER]).create_project("x", "x")
    with pytest.raises(RightsError, match="one place"):
        projects.create_sample_project(workspace.acting(PEOPLE[VOTER]), "en", "x", "x")
    assert {p.name for p in workspace.projects()} == {"Mine", "Ours"}


def test_roles_are_given_taken_and_recorded(project):
    owner = as_role(project, OWNER)
    projects.give_role(owner, "New@Example.org", EDITOR, "somebody else")
    assert Project(project.workspace.acting(PEOPLE[None]), project.record).role is None
    new = Person("new@example.org", True)
    assert Project(project.workspace.acting(new), project.record).role == EDITOR
    last = projects.audit_of(owner).entries[-1][0]
    assert (last.what, last.who) == ("role given", "olga@example.com"), "not the name handed in"
    assert last.detail == {"to": "new@example.org", "role": "editor"}
    projects.give_role(owner, "new@example.org", None, "olga")
    assert Project(project.workspace.acting(new), project.record).role is None
    with pytest.raises(RightsError, match="needs an owner"):
        projects.give_role(owner, "olga@example.com", VIEWER, "olga")


def test_whatever_name_is_handed_in_the_address_that_signed_in_is_recorded(project):
    owner = as_role(project, OWNER)
    projects.rename_project(owner, "Renamed", "eve")
    saved = labels.save_recipe(owner, "Mine", LabelRecipe(("bm25",)), who="eve")
    assert saved.who == "olga@example.com"
    written = project.workspace.records.audit_trail(project.id)
    assert {line["who"] for line in written} == {"ann", "olga@example.com"}
    projects.rename_project(project, "By a terminal", "ann")
    assert project.workspace.records.audit_trail(project.id)[-1]["who"] == "ann"


def test_jobs_of_unknown_projects_are_the_operators_alone(project, workspace):
    with pytest.raises(RightsError):
        jobs.stop(workspace.acting(PEOPLE[OWNER]), "tune-unknown")
    workspace.acting(OPERATOR).ask_about_run("tune-unknown", SEE)
