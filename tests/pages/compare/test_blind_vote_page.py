"""The blind vote on the Compare page: voters see lists, organisers see progress, nobody a name."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.journey.compare import load_comparison
from core.journey.people import voting
from tests.pages.conftest import FinishedWorkspace
from tests.reporting.finished_journey import finished_journey


def texts(at: AppTest) -> str:
    kinds = (at.markdown, at.error, at.warning, at.info, at.success, at.caption)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


@pytest.fixture
def finished_workspace(tmp_path) -> FinishedWorkspace:
    """A journey without real models: nothing is searched for here."""
    made = finished_journey(tmp_path / "workspace", model=False)
    return FinishedWorkspace(
        tmp_path / "workspace", made.project.id, made.tune_run, made.compare_run
    )


@pytest.fixture
def place(finished_workspace):
    workspace = finished_workspace.open()
    project = workspace.project(finished_workspace.project)
    comparison = load_comparison(workspace, finished_workspace.compare_run)
    return workspace, project, comparison


@pytest.fixture
def round_(place, finished_workspace):
    return voting.start_round(
        *place[1:], finished_workspace.compare_run, "ann", questions=3, needed=4, seed=5
    )


@pytest.fixture
def organise(finished_workspace, app):
    def opened() -> AppTest:
        at = app(finished_workspace.root, "compare", finished_workspace.project)
        at.session_state["compare_tab"] = "Blind vote"
        return at.run()

    return opened


@pytest.fixture
def vote(finished_workspace, app):
    def opened(round_id: str, name: str = "") -> AppTest:
        at = app(finished_workspace.root, None, finished_workspace.project)
        at.query_params["vote"] = round_id
        at.switch_page("pages/compare.py").run()
        if name:
            at.text_input(key="voter_name").set_value(name).run()
        return at

    return opened


def test_voter_sees_two_lists_and_nothing_that_tells_them_apart(vote, round_, place):
    at = vote(round_.id)
    assert not any((b.key or "").startswith("vote_left") for b in at.button), "no name, no vote"
    at = vote(round_.id, "Mika <b>")
    assert not at.exception and not at.error
    shown = texts(at)
    for secret in (
        "nDCG",
        "Before (",
        "After (",
        "After:",
        "-badge[",
        "score ",
        "No clear difference",
    ):
        assert secret not in shown, secret
    workspace, _, comparison = place
    ballot = voting.ballot(workspace, round_, comparison, "Mika <b>")
    dataset = workspace.load_dataset(comparison.dataset_id)
    assert dataset.questions[ballot.question] in shown
    for left, right in zip(ballot.left, ballot.right, strict=True):
        if left != right:  # what is in the same place in both lists decides nothing
            assert {dataset.answers[a][:40] in shown for a in (left, right)} == {True}
    assert [link.proto.page for link in at.get("page_link")] == [], "no way to the results"


def test_clicks_are_votes_and_the_next_question_comes_by_itself(vote, round_, place):
    workspace, _, _ = place
    at = vote(round_.id, "Mika")
    for done, choice in enumerate(("left", "tie", "right")):
        position = round_.positions[done]
        at.button(key=f"vote_{choice}_{position}").click().run()
        assert not at.exception and not at.error
    assert "voted on every question" in texts(at)
    assert [(v.voter, v.choice) for v in workspace.records.votes(round_.id)] == [
        ("Mika", "left"), ("Mika", "tie"), ("Mika", "right")
    ]  # fmt: skip
    at.button(key="vote_back").click().run()
    assert at.button(key=f"vote_right_{round_.positions[2]}")


def test_organiser_starts_shares_and_opens_early_on_record(organise, place):
    workspace, project, _ = place
    at = organise()
    at.number_input(key="vote_questions").set_value(4).run()
    at.button(key="vote_start").click().run()
    assert not at.exception and not at.error
    (started,) = voting.rounds(project)
    assert len(started.positions) == 4
    assert any(f"vote={started.id}" in code.value for code in at.code)
    voting.cast(project, started, started.positions[0], "ann", "left")
    at = organise()
    assert "people prefer" not in texts(at).casefold()
    at.button(key="vote_open_early").click().run()
    assert not at.exception and not at.error
    assert voting.progress(workspace, started).opening.early
    shown = texts(at)
    assert "Opened early by user" in shown and "No clear difference" in shown
    assert "set against each other" in shown or "prefer the same system" in shown


def test_vote_that_ended_meanwhile_says_so(vote, round_, place):
    workspace, project, _ = place
    at = vote(round_.id, "Mika")
    voting.open_result(project, round_, "eve")
    at.button(key=f"vote_left_{round_.positions[0]}").click().run()
    assert not at.exception
    assert "does not count any more" in texts(at) and "This vote has ended" in texts(at)
    assert not workspace.records.votes(round_.id)
    assert "This vote has ended" in texts(vote(round_.id)), "nobody types a name to learn that"


@pytest.mark.parametrize("link", ["nothing", "<script>"])
def test_wrong_link_is_explained(vote, link):
    at = vote(link)
    assert not at.exception and len(at.error) == 1
    assert "no blind vote" in at.error[0].value


def test_savings_are_kept_for_the_report(finished_workspace, app, place):
    from core.journey.decisions import savings_of

    _workspace, project, comparison = place
    at = app(finished_workspace.root, "compare", finished_workspace.project)
    at.session_state["compare_tab"] = "Money"
    at.run()
    at.number_input(key="savings_questions").set_value(2000).run()
    at.text_input(key="savings_currency").set_value("<b>$x$").run()
    assert not at.exception and savings_of(project, comparison) is None
    at.button(key="savings_keep").click().run()
    assert not at.exception and not at.error
    kept = savings_of(project, comparison)
    assert kept.inputs.questions_per_month == 2000
    assert kept.middle.gain == comparison.difference("known", "top1").difference
    assert "The report prints these figures" in texts(at)


@pytest.fixture
def stranger(monkeypatch, finished_workspace, app):
    """Return a function that comes by a link without a role anywhere."""
    from core.types.rights import Person
    from pages.parts import session

    def come(vote: str, page: str | None = "compare") -> AppTest:
        monkeypatch.setattr(session, "person_of", lambda link="": Person("Eve", link=link))
        at = app(finished_workspace.root, None, finished_workspace.project)
        at.query_params["vote"] = vote
        at.query_params["project"] = finished_workspace.project
        if page:
            at.switch_page(f"pages/{page}.py")
        return at.run()

    return come


@pytest.mark.parametrize("page", ["compare", "data", "report", None])
def test_whoever_has_only_the_link_sees_the_vote_and_nothing_else(stranger, round_, page, place):
    at = stranger(round_.id, page)
    assert not at.exception and not at.error
    assert [title.value for title in at.title] == ["Blind vote"]
    assert not at.selectbox, "no projects to choose from"
    at.text_input(key="voter_name").set_value("Eve").run()
    at.button(key=f"vote_left_{round_.positions[0]}").click().run()
    assert not at.exception and not at.error
    votes = place[0].records.votes(round_.id)
    assert [(vote.voter, vote.choice) for vote in votes] == [("Eve", "left")]
    assert not any(b.label in ("New project", "Delete", "Rename") for b in at.button)
    assert "Shop" not in texts(at)


def test_a_link_to_no_vote_shows_nothing(stranger, round_):
    for page in ("compare", "data", None):
        at = stranger("0" * 16, page)
        assert not at.exception
        assert [error.value for error in at.error] == [
            "This link leads to no vote, or not any more. Ask for the link again."
        ]
        assert not at.title and not at.selectbox and not at.metric
