"""Fixtures for tests of pages: the app in a workspace of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., AppTest]]:
    """Return a function that opens the app on a workspace, a page and a project."""
    for clear in (st.cache_resource.clear, st.cache_data.clear):
        clear()
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    make = PagesManager.__init__

    def make_declared(self: PagesManager, *args: object, **settings: object) -> None:
        # A server takes the folder "pages" for its older kind of app until app.py has run once;
        # AppTest goes back to that state before every run, which would swallow every click.
        make(self, *args, **settings)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", make_declared)

    def open_app(
        workspace: Path, page: str | None = None, project: str | None = None, language: str = "en"
    ) -> AppTest:
        monkeypatch.setenv("WORKSPACE", str(workspace))
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        at.query_params["lang"] = language
        if project is not None:
            at.query_params["project"] = project
        at.run()
        if page is not None:
            at.switch_page(f"pages/{page}.py").run()
        return at

    yield open_app
    for clear in (st.cache_resource.clear, st.cache_data.clear):
        clear()
