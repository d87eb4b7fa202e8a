"""The table of actions and roles, cell by cell, and what it is asked with."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from core.errors import RightsError
from core.types import rights
from core.types.rights import (
    ACTIONS,
    ADMINISTRATOR,
    EDITOR,
    OPERATOR,
    OWNER,
    ROLES,
    VIEWER,
    VOTER,
    Member,
    Person,
    ask,
    covers,
    may,
    with_role,
)

# Written down a second time on purpose: a slip in the table would let somebody in.
ALLOWED = {
    "vote": "administrator owner editor viewer voter",
    "see": "administrator owner editor viewer",
    "change": "administrator owner editor",
    "start": "administrator owner editor",
    "send": "administrator owner editor",
    "export": "administrator owner editor",
    "decide": "administrator owner editor",
    "publish": "administrator owner",
    "rename": "administrator owner",
    "delete": "administrator owner",
    "give roles": "administrator owner",
    "read audit": "administrator owner",
    "manage": "administrator",
}


def test_every_action_is_in_the_table():
    assert {action.key for action in ACTIONS} == set(ALLOWED)
    made = {value for value in vars(rights).values() if isinstance(value, rights.Action)}
    assert made == set(ACTIONS)


@pytest.mark.parametrize("role", [*ROLES, None])
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.key)
def test_each_cell(action, role):
    allowed = role is not None and role in ALLOWED[action.key].split()
    assert may(role, action) is allowed
    if allowed:
        ask(Person(), role, action, "Secret project")
        return
    with pytest.raises(RightsError) as refused:
        ask(Person(), role, action, "Secret project")
    may_know = role in ALLOWED["see"].split()
    assert ("Secret project" in str(refused.value)) is may_know


def test_docs_show_this_table():
    text = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    assert rights.rights_table() in text


def test_roles_count_only_for_who_signed_in():
    members = (Member("anna@example.com", OWNER), Member("@example.com", VIEWER))
    assert Person("anna@example.com", signed_in=True).role_among(members) == OWNER
    assert Person("Ben@Example.com", signed_in=True).role_among(members) == VIEWER
    assert Person("anna@example.com").role_among(members) is None, "a typed name proves nothing"
    assert Person("eve@example.org", signed_in=True).role_among(members) is None
    assert Person("eve", everywhere=EDITOR).role_among(()) == EDITOR
    assert OPERATOR.role_among(()) == ADMINISTRATOR
    assert (
        Person(link="x").comes_by_link_only and not Person("a", True, link="x").comes_by_link_only
    )
    assert VOTER not in rights.GIVEN_ROLES and ADMINISTRATOR not in rights.GIVEN_ROLES


@pytest.mark.parametrize(
    ("entry", "address", "meant"),
    [
        ("@example.com", "anna@example.com", True),
        ("@example.com", "anna@sub.example.com", False),
        ("@example.com", "anna@example.com.evil.org", False),
        ("@example.com", "@example.com", False),
        ("@example.com", "anna@evil.org@example.com", True),
        ("anna@example.com", "ANNA@example.com ", True),
        ("anna@example.com", "xanna@example.com", False),
        ("", "", False),
        ("example.com", "anna@example.com", False),
    ],
)
def test_an_entry_means_an_address_or_a_whole_domain(entry, address, meant):
    assert covers(entry, address) is meant


def test_the_last_owner_stays():
    members = with_role((), "Anna@Example.com", OWNER)
    members = with_role(members, "@example.com", VIEWER)
    assert [member.who for member in members] == ["anna@example.com", "@example.com"]
    for role in (None, EDITOR):
        with pytest.raises(RightsError, match="needs an owner"):
            with_role(members, "anna@example.com", role)
    both = with_role(members, "ben@example.com", OWNER)
    assert with_role(both, "anna@example.com", None)[0].who == "ben@example.com"


@pytest.mark.parametrize(
    ("who", "role", "why"),
    [
        ("anna", EDITOR, "neither"),
        ("a b@example.com", EDITOR, "neither"),
        ("anna@localhost", EDITOR, "neither"),
        ("a@b@example.com", EDITOR, "neither"),
        ("anna@example.com", "administrator", "no role administrator"),
        ("anna@example.com", "voter", "no role voter"),
        ("@example.com", OWNER, "one person"),
    ],
)
def test_roles_that_cannot_be_given(who, role, why):
    with pytest.raises(RightsError, match=why):
        with_role((), who, role)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([OWNER, EDITOR, VIEWER, None]))))
def test_whatever_is_given_everybody_has_one_role_and_an_owner_stays(changes):
    members: tuple[Member, ...] = (Member("z@example.com", OWNER),)
    for letter, role in changes:
        try:
            members = with_role(members, f"{letter}@example.com", role)
        except RightsError:
            continue
        assert len({member.who for member in members}) == len(members)
        assert any(member.role == OWNER for member in members)
