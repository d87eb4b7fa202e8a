"""Nothing with personal data is sent or shared before a person said that it may."""

from __future__ import annotations

import pytest

from core.data.personal.recognition import Span
from core.errors import DataError, ExpertError, LabelError
from core.journey import data, delivery, personal, report
from core.journey.data import take_out_personal_data
from core.journey.decisions import RISK_QUESTIONS, keep_risk
from core.journey.experts import launch_scoring
from core.journey.people import voting
from core.journey.personal import (
    MASK,
    allow_sharing,
    check_sharing,
    found_in,
    own_found_in,
    sharing_leave,
    withdraw_leave,
)
from core.journey.projects import SAMPLES_FOLDER, create_sample_project
from core.journey.sending import (
    confirm_terms,
    confirmed_terms,
    save_connection,
    send_plans,
    terms_sheets,
    unconfirmed_terms,
)
from core.types.personal_rules import RiskAssessment
from core.types.scoring import ApiConnection
from core.workspace.workspace import Workspace
from tests.data.made_files import shop_faq

FILE = shop_faq("write to jo@example.com please,We will.")


@pytest.fixture
def project(tmp_path):
    workspace = Workspace.open(tmp_path)
    project = workspace.create_project("p", "me")
    data.import_file(project, FILE, "faq.csv", who="me")
    return workspace.project(project.id)


def test_every_way_out_is_closed_until_somebody_decides(project):
    connection = ApiConnection("out", "https://api.example.com/v1", "m")
    save_connection(project, connection, "me", {})
    confirm_terms(project, terms_sheets(project, ["api:out"]), "me")
    plans = send_plans(project, project.load_dataset(), ["api:out"])
    dataset = project.load_dataset()
    hub = type("Hub", (), {"check": lambda self, repository: None})()
    ways = {
        "API": lambda: launch_scoring(project, ["api:out"], "me", agreed=plans),
        "report": lambda: report.write_report(project, "no-run", "en", "me"),
        "exchange": lambda: delivery.write_exchange(project, dataset, "no-run", "beir", "me"),
        "hub": lambda: delivery.push_model(project, "no-run", None, "a/b", "me", hub),
        "vote": lambda: voting.start_round(project, None, "no-run", "me"),
    }
    for way, go in ways.items():
        with pytest.raises(DataError, match=r"personal data \(rows: 1 or more,"):
            go()
            pytest.fail(f"{way} was open")


def test_leave_needs_a_reason_and_a_name_and_holds_for_these_data(project):
    for reason, who in (("", "me"), ("ours", " ")):
        with pytest.raises(DataError, match="Say why"):
            allow_sharing(project, reason, who)
    allow_sharing(project, "our own contact details", "Eve")
    check_sharing(project)
    assert (sharing_leave(project).who, sharing_leave(project).kinds) == ("Eve", ("email",))
    trail = project.workspace.records.audit_trail(project.id)
    assert trail[-1]["what"] == "sharing allowed"
    withdraw_leave(project, "Eve")
    with pytest.raises(DataError):
        check_sharing(project)


def test_leave_does_not_hold_for_other_data(project):
    allow_sharing(project, "ours", "Eve")
    more = FILE + b"\ncall 090-1234-5678,We will call."
    data.import_file(project, more, "faq2.csv", who="me")
    project = project.workspace.project(project.id)
    with pytest.raises(DataError):
        check_sharing(project)


def test_masking_afterwards_opens_the_way(project):
    before = project.dataset_id
    take_out_personal_data(project, MASK, "me")
    project = project.workspace.project(project.id)
    assert project.dataset_id != before
    assert not found_in(project.load_dataset())
    check_sharing(project)
    again = data.import_report(project.workspace, project.dataset_id)["summary"]
    assert again["personal_data"] == {} and again["personal_removed"]["email"]["count"] == 1


@pytest.mark.parametrize("key", ["en", "ja"])
def test_sample_projects_may_be_shared_and_are_not_read_for_names(tmp_path, monkeypatch, key):
    """A model of Japanese names read the sample twice: one click took more than a minute."""

    def asked(text):
        raise AssertionError("looked for names in what is invented")

    monkeypatch.setattr(personal, "japanese_model", lambda: asked)
    project = create_sample_project(Workspace.open(tmp_path), key, "s", "me")
    check_sharing(project)
    with pytest.raises(AssertionError):
        found_in(project.load_dataset())


def test_invented_texts_of_a_sample_need_no_leave_but_what_a_room_adds_does(tmp_path):
    """A presenter who had uploaded the sample was stopped before the vote."""
    project = Workspace.open(tmp_path).create_project("p", "me")
    sample = (SAMPLES_FOLDER / "shop_faq_en.csv").read_bytes()
    data.import_file(project, sample, "my copy.csv", who="me")
    project = project.workspace.project(project.id)
    dataset = project.load_dataset()
    assert set(found_in(dataset)) == {"email", "phone"} and own_found_in(dataset) == {}
    check_sharing(project)
    added = sample.rstrip() + b"\nmail me at room@example.org,We will call.,,\n"
    data.import_file(project, added, "more.csv", who="me")
    project = project.workspace.project(project.id)
    with pytest.raises(DataError, match="nobody has said yet"):
        check_sharing(project)
    assert own_found_in(project.load_dataset())["email"].count == 1


def test_a_model_reads_the_same_texts_once(project, monkeypatch):
    read = []
    monkeypatch.setattr(personal, "japanese_model", lambda: names)

    def names(text):
        read.append(text)
        return ()

    dataset = project.load_dataset()
    first = found_in(dataset)
    assert "email" in first and len(read) == len(dataset.questions) + len(dataset.answers)
    assert found_in(project.load_dataset()) == first
    assert len(read) == len(dataset.questions) + len(dataset.answers)
    monkeypatch.setattr(personal, "japanese_model", lambda: lambda text: [Span("name", 0, 2)])
    assert "name" in found_in(dataset), "another model sees for itself"


def test_nothing_is_sent_before_a_person_confirmed_the_terms(project, monkeypatch):
    save_connection(
        project,
        ApiConnection("out", "https://api.openai.com/v1", "m", "NO_SUCH_API_KEY"),
        "me",
        {"NO_SUCH_API_KEY": "x"},
    )
    allow_sharing(project, "ours", "Eve")
    plans = send_plans(project, project.load_dataset(), ["api:out"])
    key = {"NO_SUCH_API_KEY": "x"}
    with pytest.raises(ExpertError, match="confirmed the terms of out"):
        launch_scoring(project, ["api:out"], "me", agreed=plans, environment=key)
    (sheet,) = unconfirmed_terms(project, ["api:out", "bm25"])
    with pytest.raises(ExpertError, match="name"):
        confirm_terms(project, [sheet], " ")
    confirm_terms(project, [sheet], "Eve")
    assert confirmed_terms(project)[sheet.id].who == "Eve"
    assert unconfirmed_terms(project, ["api:out"]) == ()
    monkeypatch.setattr("core.jobs.launch._start", lambda folder, _=None: None)
    assert launch_scoring(project, ["api:out"], "me", agreed=plans, environment=key)


def test_a_risk_assessment_is_whole_or_not_kept(project):
    answers = dict.fromkeys(RISK_QUESTIONS, "x")
    for risk in (
        RiskAssessment(**answers),
        RiskAssessment(**answers | {"harm": " "}, level="low"),
        RiskAssessment(**answers, level="none"),
    ):
        with pytest.raises(LabelError, match="risk assessment"):
            keep_risk(project, risk, "Eve")
    keep_risk(project, RiskAssessment(**answers, level="low"), "Eve")
    told_of = dict(report.rules_of(project, project.load_dataset(), ("bm25",)))
    assert "e-mail addresses: 1" in str(told_of["Personal data"][0])
    assert str(told_of["What remains"][1]).startswith("Assessed by Eve on ")
    assert any("stay on this machine" in str(line) for line in told_of["Terms of the experts"])
