"""APIs on the Experts page: added, tried out, and asked before a single text leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.jobs import launch
from core.jobs.folder import append_event
from core.journey import data, jobs, steps
from core.journey.personal import allow_sharing, withdraw_leave
from core.journey.sending import NEUTRAL_SENTENCE, api_connections
from core.workspace.workspace import Workspace
from tests.experts.api_server import KEY, embeddings_server
from tests.pages.test_experts_page import box, button, texts

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "shop_faq_flawed.xlsx"


@pytest.fixture
def server():
    with embeddings_server() as running_server:
        yield running_server


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.delenv("TEST_API_KEY", raising=False)
    workspace = Workspace.open(tmp_path / "workspace")
    project = workspace.create_project("Loaded", "me")
    data.import_file(project, SAMPLE.read_bytes(), SAMPLE.name, who="me")
    return workspace


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, dict[str, str]]]:
    """Run folder and environment of every worker that would have been started."""
    started: list[tuple[object, dict[str, str]]] = []

    def start(folder, environment=None):
        append_event(folder, "launched")
        started.append((folder, dict(environment or {})))

    monkeypatch.setattr(launch, "_start", start)
    return started


@pytest.fixture
def page(workspace: Workspace, app, handed):
    project = workspace.projects()[0]
    return lambda language="en": app(workspace.layout.root, "experts", project.id, language)


def field(at, label: str):
    kinds = (*at.text_input, *at.number_input)
    return next(one for one in kinds if one.label.startswith(label))


def add(at, server, name="Our API", **fields):
    typed = {"Name": name, "Address": server.url, "Model": "m", "Environment": "TEST_API_KEY"}
    for label, value in {**typed, **fields}.items():
        field(at, label).set_value(value)
    return button(at, "Add this API").click().run()


def only(at, *keys: str):
    """Tick these experts and no others."""
    for one in at.checkbox:
        if str(one.key).startswith("expert_"):
            one.set_value(str(one.key).removeprefix("expert_") in keys)
    return at.run()


def test_an_added_api_is_a_chosen_card_with_its_cost(page, workspace, server):
    at = add(page(), server, Price=0.5)
    assert not at.exception and not at.error
    assert box(at, "api:Our API").value
    shown = texts(at)
    assert server.url.split("/")[2] in shown and "TEST_API_KEY is not set on this server" in shown
    assert "cost about" in shown and "0.5 for a million tokens" in shown
    assert field(at, "Name").value == "", "the next form starts empty"
    assert server.requests == []


def test_a_key_typed_in_the_wrong_place_is_refused_and_kept_nowhere(page, workspace, server):
    at = add(page(), server, Environment=KEY)
    assert "never typed here" in at.error[0].value and KEY not in texts(at)
    assert api_connections(workspace.projects()[0]) == []
    for file in workspace.layout.root.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file


def test_a_test_sends_one_neutral_sentence(page, server, monkeypatch):
    monkeypatch.setenv("TEST_API_KEY", KEY)
    at = add(page(), server)
    at = button(at, "Test with one text").click().run()
    assert not at.exception and not at.error
    assert "It works: 8 numbers per text" in texts(at)
    assert server.texts == [NEUTRAL_SENTENCE]


def test_a_failed_test_says_why(page, server, monkeypatch):
    monkeypatch.setenv("TEST_API_KEY", "sk-another-key-0123456789")
    at = add(page(), server)
    at = button(at, "Test with one text").click().run()
    assert not at.exception
    assert "does not accept the key" in texts(at) and "0123456789" not in texts(at)


def test_a_change_is_kept_and_a_removed_api_is_no_choice(page, workspace, server):
    at = add(page(), server)
    at = button(at, "Edit").click().run()
    assert field(at, "Name").disabled and field(at, "Address").value == server.url
    field(at, "Model").set_value("another")
    at = button(at, "Save the change").click().run()
    assert "model another" in texts(at)
    (kept,) = api_connections(workspace.projects()[0])
    assert (kept.name, kept.model) == ("Our API", "another")
    at = button(at, "Remove").click().run()
    assert not at.exception
    assert not [one for one in at.checkbox if one.key == "expert_api:Our API"]


def test_nothing_is_sent_or_started_before_the_confirmation(page, workspace, server, handed):
    """A press on the start button alone must not let a single text out."""
    allow_sharing(workspace.projects()[0], "made up", "me")
    at = only(add(page(), server), "bm25", "api:Our API")
    at = button(at, "Let 2 experts score").click().run()
    assert not at.exception and not at.error[1:]
    shown = texts(at)
    assert "These texts would leave" in shown and "questions and" in shown
    assert len(at.text) == 5, "five examples"
    assert at.button(key="send_now").disabled, "there is no key yet"
    assert handed == [] and server.requests == []
    at = at.button(key="send_nothing").click().run()
    assert handed == [] and "These texts would leave" not in texts(at)
    trail = workspace.records.audit_trail(workspace.projects()[0].id)
    assert not [line for line in trail if "confirmed" in line["what"]]


def test_personal_data_are_not_sent_before_somebody_gave_leave(
    page, workspace, server, handed, monkeypatch
):
    """Row 16 of the sample names an address and a card."""
    monkeypatch.setenv("TEST_API_KEY", KEY)
    at = only(add(page(), server), "bm25", "api:Our API")
    at = button(at, "Let 2 experts score").click().run()
    assert not at.exception
    assert "nobody has said yet that they may be shared" in at.error[0].value
    assert "These texts would leave" not in texts(at), "nobody reads terms in vain"
    assert handed == [] and server.requests == []


def test_leave_taken_back_while_terms_are_read_leaves_no_confirmation(
    page, workspace, server, handed, monkeypatch
):
    """A confirmation on record would say that somebody let these texts out."""
    project = workspace.projects()[0]
    allow_sharing(project, "made up", "me")
    monkeypatch.setenv("TEST_API_KEY", KEY)
    at = only(add(page(), server), "bm25", "api:Our API")
    at = button(at, "Let 2 experts score").click().run()
    at = at.checkbox(key="terms_read").check().run()
    withdraw_leave(project, "me")
    at = at.button(key="send_now").click().run()
    assert "nobody has said yet that they may be shared" in at.error[0].value
    assert project.state.terms == () and handed == [] and server.requests == []


def test_a_confirmation_starts_the_job_and_is_recorded(
    page, workspace, server, handed, monkeypatch
):
    allow_sharing(workspace.projects()[0], "made up", "me")
    monkeypatch.setenv("TEST_API_KEY", KEY)
    at = only(add(page(), server, Price=1.0), "bm25", "api:Our API")
    at = button(at, "Let 2 experts score").click().run()
    assert at.button(key="send_now").disabled, "the terms are not confirmed yet"
    at = at.checkbox(key="terms_read").check().run()
    at = at.button(key="send_now").click().run()
    assert not at.exception and not at.error
    assert len(handed) == 1 and server.requests == []
    project = workspace.projects()[0]
    trail = workspace.records.audit_trail(project.id)
    (line,) = [one for one in trail if one["what"] == "sending to an API confirmed"]
    dataset = workspace.load_dataset(project.dataset_id)
    assert line["who"] == "user" and line["at"]
    assert line["detail"]["host"] == server.url.split("/")[2]
    assert line["detail"]["questions"] == len(set(dataset.questions))
    assert line["detail"]["answers"] == len(set(dataset.answers) - set(dataset.questions))
    assert KEY not in handed[0][0].request.read_text(encoding="utf-8")
    assert steps.work(handed[0][0].root) == 0
    assert len(server.texts) == line["detail"]["questions"] + line["detail"]["answers"]
    at = page()
    assert "Our API" in texts(at) and "Nothing to send" in texts(at)
    handed.clear()
    at = button(only(at, "bm25", "api:Our API"), "Let 2 experts score").click().run()
    assert len(handed) == 1, "nothing to send, nothing to ask"


def test_a_key_from_the_secrets_goes_to_the_worker_only(
    page, workspace, server, handed, monkeypatch
):
    allow_sharing(workspace.projects()[0], "made up", "me")
    monkeypatch.setattr("pages.parts.api_keys.server_secrets", lambda: {"TEST_API_KEY": KEY})
    at = only(add(page(), server), "api:Our API")
    assert "Key: found in TEST_API_KEY" in texts(at)
    at = button(at, "Let 1 expert score").click().run()
    assert at.button(key="send_now").disabled, "the terms are not confirmed yet"
    at = at.checkbox(key="terms_read").check().run()
    at = at.button(key="send_now").click().run()
    ((folder, environment),) = handed
    assert environment == {"TEST_API_KEY": KEY}
    append_event(folder, "failed", message={"template": "x", "params": {}})
    at = button(page(), "Resume").click().run()
    assert handed[1][1] == {"TEST_API_KEY": KEY}
    seen = jobs.jobs_of(workspace.projects()[0])
    assert KEY not in repr(seen)
    for file in workspace.layout.root.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file
