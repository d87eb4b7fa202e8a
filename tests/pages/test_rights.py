"""Whoever may only look meets no button that refuses: each is disabled and says who may."""

from __future__ import annotations

import pytest

from core.journey.people import voting
from core.types.rights import VIEWER, Member, Person
from pages.parts import session
from tests.reporting.typed_project import typed_project

ADDRESS = "vera@example.com"
PLACES = (
    *(("data", {"tabs": ("data_tabs", at)}) for at in range(8)),
    ("experts", {}),
    *(("labels", {"tabs": ("label_tabs", at)}) for at in range(5)),
    *(("tune", {"view": view}) for view in ("", "cross-fit", "race", "data")),
    *(("compare", {"tabs": ("compare_tab", at)}) for at in range(4)),
    *(
        ("compare", {"tabs": ("compare_tab", 4), "within": ("compare_advanced", at)})
        for at in range(5)
    ),
    *(("report", {"tabs": ("report_tab", at)}) for at in range(5)),
)
ELSEWHERE = ("Try with sample data", "New project")  # a project of their own is theirs


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    made = typed_project(tmp_path_factory.mktemp("viewer") / "workspace")
    made.project.state.members = (Member("olga@example.com", "owner"), Member(ADDRESS, VIEWER))
    return made


@pytest.fixture
def viewer(monkeypatch, app, made):
    """Return a function that opens a place as somebody who may look and nothing else."""
    monkeypatch.setattr(session, "person_of", lambda link="": Person(ADDRESS, True, link=link))
    monkeypatch.setattr(session, "signed_in_name", lambda: ADDRESS)

    def open_place(
        page: str,
        view: str = "",
        tabs: tuple[str, int] | None = None,
        within: tuple[str, int] | None = None,
    ):
        at = app(made.workspace.layout.root, None, made.project.id)
        if view:
            at.query_params["view"] = view
        at.switch_page(f"pages/{page}.py").run()
        for key, number in filter(None, (tabs, within)):
            at.session_state[key] = at.session_state[f"{key}_titles"][number]
            at.run()
        return at

    return open_place


def refusals(at) -> list[str]:
    said = [error.value for error in at.error] + [error.message for error in at.exception]
    return [text for text in said if "role" in text or "Rights" in text]


@pytest.mark.parametrize(("page", "place"), PLACES)
def test_no_button_of_a_viewer_refuses(viewer, page, place):
    at = viewer(page, **place)
    assert not at.exception and refusals(at) == []
    open_to_them = [
        number
        for number, button in enumerate(at.button)
        if not button.disabled and not button.label.startswith(ELSEWHERE)
    ]
    for number in open_to_them:
        label = at.button[number].label
        at.button[number].click().run()
        assert refusals(at) == [], label
        at = viewer(page, **place)
    for field in at.get("file_uploader"):
        # Their own settings are filled into a form, which nothing is kept of.
        assert field.proto.disabled or "Settings" in field.proto.label, field.proto.label


def test_what_is_disabled_says_who_may(viewer, made):
    at = viewer("compare")
    use = next(button for button in at.button if button.key in ("promote", "withdraw"))
    assert use.disabled
    assert use.help == (
        "For these roles: administrator, owner, editor. In this project you are viewer; ask one of "
        "its owners."
    )
    made.project.state.members = (Member("olga@example.com", "owner"), Member(ADDRESS, "editor"))
    try:
        at = viewer("compare")
        use = next(button for button in at.button if button.key in ("promote", "withdraw"))
        assert not use.disabled
    finally:
        members = (Member("olga@example.com", "owner"), Member(ADDRESS, VIEWER))
        made.project.state.members = members
    assert len(voting.rounds(made.project)) == 2  # nothing was started meanwhile
