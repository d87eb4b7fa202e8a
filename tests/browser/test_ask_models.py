"""A language model is added, tried and asked; questions are written, looked at and taken in."""

from __future__ import annotations

import re

import pytest

from core.journey import experts, steps
from core.types import WRITTEN
from core.workspace.workspace import Project, Workspace
from tests.browser.conftest import PATIENCE
from tests.experts.api_server import KEY, ChatServer, embeddings_server

pytestmark = pytest.mark.browser

HERE = steps.in_this_process(lambda _: None, lambda report: report)


@pytest.fixture(autouse=True)
def key(monkeypatch):
    """The app's environment holds the key; a page only names the variable."""
    monkeypatch.setenv("TEST_API_KEY", KEY)


@pytest.fixture
def project(server, tiny_dataset, monkeypatch) -> Project:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    workspace = Workspace.open(server.workspace)
    made = workspace.create_project("Pilot", "ann")
    workspace.save_dataset(tiny_dataset, {"summary": {}, "set_aside": [], "warnings": []})
    workspace.records.use_dataset(made.id, tiny_dataset.id, "ann")
    project = workspace.project(made.id)
    experts.launch_scoring(project, ("bm25", "tfidf"), "ann", start=HERE)
    return project


@pytest.fixture
def chat():
    with embeddings_server(ChatServer) as running:
        yield running


def see(page, text: str | re.Pattern[str]) -> None:
    page.get_by_text(text).first.wait_for(timeout=PATIENCE)
    assert page.locator('[data-testid="stException"]').count() == 0


def add_model(page, url: str) -> None:
    """Fill the form for a language model on this machine."""
    page.get_by_text(re.compile("^Language models: 0")).click(timeout=PATIENCE)
    for field, value in (("name", "Judge"), ("url", url), ("model", "m")):
        page.locator(f'[class*="st-key-llm_{field}_"] input').fill(value, timeout=PATIENCE)
    page.get_by_text("Key, cost, speed, which pairs").click()
    page.locator('[class*="st-key-llm_variable_"] input').fill("TEST_API_KEY", timeout=PATIENCE)
    page.get_by_role("button", name="Add this language model").click()
    see(page, re.compile("Language models: 1"))


def test_language_model_is_added_tried_and_judges_what_was_confirmed(server, page, project, chat):
    page.goto(f"{server.url}/experts?project={project.id}&lang=en", timeout=PATIENCE)
    add_model(page, chat.url)
    assert not chat.answered, "nothing is sent before somebody asks for it"
    page.get_by_role("button", name="Test with one pair").click()
    see(page, "It works: the pair got 3 of 3")
    tried = len(chat.answered)
    sent = {answer for _, answer, _ in chat.answered}
    assert tried and not set(project.load_dataset().answers) & sent
    page.get_by_role("button", name=re.compile(r"Let \d+ experts score")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.wait_for(timeout=PATIENCE)
    assert len(chat.answered) == tried
    for box in dialog.get_by_role("checkbox").all():
        box.check(force=True)
    dialog.get_by_role("button", name="Send and score").click(timeout=PATIENCE)
    see(page, re.compile("Nobody has checked what Judge says"))
    assert len(chat.answered) > tried


def test_questions_are_written_from_answers_looked_at_and_taken_in(server, page, project):
    page.goto(f"{server.url}/data?project={project.id}&lang=en", timeout=PATIENCE)
    page.get_by_role("tab", name="Written questions").click(timeout=PATIENCE)
    page.get_by_role("button", name="Write questions").click(timeout=PATIENCE)
    see(page, re.compile("questions were written"))
    assert not len(project.workspace.project(project.id).load_dataset().written_rows)
    page.get_by_role("button", name=re.compile(r"Take in \d+ questions")).click(timeout=PATIENCE)
    see(page, re.compile(r"\d+ written questions are part of the data"))
    fresh = project.workspace.project(project.id).load_dataset()
    assert len(fresh.written_rows) and set(fresh.split[fresh.written_rows]) == {WRITTEN}
    page.get_by_role("button", name="Take the written questions out again").click()
    page.get_by_text("are part of the data").wait_for(state="hidden", timeout=PATIENCE)
    assert not len(project.workspace.project(project.id).load_dataset().written_rows)
