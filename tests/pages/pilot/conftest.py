"""The Pilot page on a journey that has come as far as its comparison."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.reporting.finished_journey import finished_journey


@pytest.fixture
def made(tmp_path):
    return finished_journey(tmp_path / "workspace")


@pytest.fixture
def opened(made, app):
    def page(language: str = "en") -> AppTest:
        at = app(made.workspace.layout.root, "pilot", made.project.id, language)
        assert not at.exception
        return at

    return page
