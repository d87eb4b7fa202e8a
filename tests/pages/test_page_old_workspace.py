"""Every page opens a workspace that an earlier version wrote; see tests/workspace/old_workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.workspace.workspace import Workspace

PAGES = ("home", "data", "experts", "labels", "tune", "compare", "report")


@pytest.fixture
def project(old_workspace: Path) -> str:
    known = Workspace.open(old_workspace).projects()
    return next(one.id for one in known if one.name == "Old shop FAQ")


@pytest.mark.parametrize("page", PAGES)
def test_page_opens(page, old_workspace, project, app):
    at = app(old_workspace, page, project)
    assert not at.exception and not [error.value for error in at.error]


@pytest.mark.parametrize("kind", ["tune", "race", "curve"])
def test_run_is_shown(kind, old_workspace, project, app):
    """A link to a run in a mail is older than the update."""
    run = next(path.name for path in (old_workspace / "runs").glob(f"{kind}-*"))
    at = app(old_workspace, None, project)
    at.query_params["run"] = run
    at.query_params["view"] = {"tune": "one"}.get(kind, kind)
    at.switch_page("pages/tune.py").run()
    assert not at.exception and not [error.value for error in at.error]
