"""The workspace folder is deleted under an open app: said plainly, nothing is made anew."""

from __future__ import annotations

import shutil

import pytest
from streamlit.testing.v1 import AppTest


def errors(at: AppTest) -> str:
    return "\n".join(error.value for error in at.error).replace("\\", "")


@pytest.mark.parametrize("page", ["tune", "home"])
def test_deleted_workspace_is_told_and_not_made_again(finished_workspace, app, page, tmp_path):
    """An empty workspace in its place would look as if all projects had never been."""
    at = app(finished_workspace.root, page, finished_workspace.project)
    assert not at.error
    aside = tmp_path / "aside"
    shutil.move(finished_workspace.root, aside)
    at.run()
    assert not at.exception
    assert "was deleted or moved while the app was running" in errors(at)
    assert not finished_workspace.root.exists()
    shutil.move(aside, finished_workspace.root)  # restored
    at.run()
    assert not at.exception and not at.error
    assert at.query_params["project"] in (finished_workspace.project, [finished_workspace.project])
