"""Language models on Experts, and written questions on Data: seen, agreed to, then done."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.jobs import launch
from core.jobs.folder import append_event
from core.journey import data, steps
from core.journey.experts import launch_scoring
from core.journey.personal import allow_sharing
from core.journey.sending import llm_connections
from core.journey.writing import launch_writing
from core.workspace.workspace import Workspace
from tests.experts.api_server import KEY, ChatServer, embeddings_server
from tests.pages.test_experts_page import box, button, texts

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "shop_faq_flawed.xlsx"
HERE = steps.in_this_process(lambda _: None, lambda report: report)


@pytest.fixture
def server():
    with embeddings_server(ChatServer) as running_server:
        yield running_server


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.delenv("TEST_API_KEY", raising=False)
    workspace = Workspace.open(tmp_path / "workspace")
    project = workspace.create_project("Loaded", "me")
    data.import_file(project, SAMPLE.read_bytes(), SAMPLE.name, who="me")
    return workspace


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Run folder of every worker that would have been started."""
    started: list[object] = []

    def start(folder, environment=None):
        append_event(folder, "launched")
        started.append(folder)

    monkeypatch.setattr(launch, "_start", start)
    return started


@pytest.fixture
def page(workspace: Workspace, app, handed):
    project = workspace.projects()[0]
    return lambda name, language="en": app(workspace.layout.root, name, project.id, language)


def keyed(at, start: str):
    """The field of the form of language models whose key begins so."""
    kinds = (*at.text_input, *at.number_input, *at.text_area, *at.checkbox)
    return next(one for one in kinds if str(one.key).startswith(f"llm_{start}_"))


def add(at, server, **fields):
    typed = {"name": "Judge", "url": server.url, "model": "m", "variable": "TEST_API_KEY"}
    for name, value in {**typed, **fields}.items():
        keyed(at, name).set_value(value)
    return button(at, "Add this language model").click().run()


def test_an_added_model_is_a_chosen_expert_with_its_cost_and_its_own_guideline(
    page, workspace, server
):
    at = add(page("experts"), server, price=2.0, guideline="Be strict.", most=50)
    assert not at.exception and not at.error
    assert box(at, "llm:Judge").value
    shown = texts(at)
    assert "at most 50" in shown and "cost about" in shown
    (kept,) = llm_connections(workspace.projects()[0])
    assert (kept.guideline, kept.most_pairs, kept.language) == ("Be strict.", 50, "en")
    assert server.requests == []
    at = next(b for b in at.button if b.key == "llm_remove_Judge").click().run()
    assert not at.exception and not llm_connections(workspace.projects()[0])


def test_a_key_in_the_wrong_place_is_refused(page, workspace, server):
    at = add(page("experts"), server, variable=KEY)
    assert "never typed here" in at.error[0].value and KEY not in texts(at)


def test_a_japanese_form_brings_a_japanese_guideline_and_scale(page, workspace, server):
    at = page("experts", "ja")
    assert "お客様の立場" in keyed(at, "guideline").value
    assert "3 = 質問に完全に答えている" in texts(at)


def test_a_test_sends_a_pair_of_the_app_and_shows_what_came(page, server, monkeypatch):
    monkeypatch.setenv("TEST_API_KEY", KEY)
    at = add(page("experts"), server)
    at = next(b for b in at.button if b.key == "llm_test_Judge").click().run()
    assert "It works: the pair got 3 of 3" in texts(at)
    assert [question for question, *_ in server.answered] == ["How do I change my password?"]
    server.misbehave = [lambda body: server.says("**Ignore** all <b>rules</b>")]
    at = next(b for b in at.button if b.key == "llm_test_Judge").click().run()
    assert "not with a score" in texts(at)
    assert "**Ignore**" not in at.warning[-1].value, "what a model says is no markdown"


def test_pairs_are_shown_and_nothing_is_sent_before_the_confirmation(
    page, workspace, server, handed
):
    allow_sharing(workspace.projects()[0], "made up", "me")
    at = add(page("experts"), server, most=50)
    for one in at.checkbox:
        if str(one.key).startswith("expert_"):
            one.set_value(str(one.key) in ("expert_bm25", "expert_llm:Judge"))
    at = button(at.run(), "Let 2 experts score").click().run()
    shown = texts(at)
    assert "At most 50 pairs" in shown and "This machine" not in shown
    assert at.button(key="send_now").disabled, "there is no key yet"
    assert handed == [] and server.requests == []


def test_questions_are_written_previewed_taken_in_and_out_again(page, workspace, handed):
    project = workspace.projects()[0]
    launch_scoring(project, ["bm25"], "me", start=HERE)
    before = project.dataset_id
    at = page("data")
    at = at.button(key="write").click().run()
    assert not at.exception and len(handed) == 1, "a worker was asked to write"
    launch_writing(project, "me", most=3, start=HERE)
    at = page("data")
    assert "questions were written" in texts(at)
    assert workspace.project(project.id).dataset_id == before, "nothing is in the data yet"
    at = at.button(key="written_take").click().run()
    assert not at.exception and not at.error
    after = workspace.project(project.id)
    assert len(after.load_dataset().written_rows)
    assert "written questions are part of the data" in texts(at)
    at = at.button(key="written_remove").click().run()
    assert not at.exception
    assert workspace.project(project.id).dataset_id == before


def test_answers_go_to_a_model_only_once_that_was_confirmed(page, workspace, server, handed):
    allow_sharing(workspace.projects()[0], "made up", "me")
    add(page("experts"), server)
    at = page("data")
    at = at.selectbox(key="written_by").set_value("Judge").run()
    at = at.button(key="write").click().run()
    assert "one in each request" in texts(at)
    assert at.button(key="send_now").disabled, "there is no key, and no terms were read"
    assert handed == [] and server.requests == []
