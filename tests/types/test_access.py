"""Who may come in: claims of an identity provider, passcodes, and how often one may guess."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from core.errors import RightsError
from core.types.access import (
    ALONE,
    PASSCODE,
    SIGN_IN,
    Access,
    Throttle,
    hashed,
    is_loopback,
    is_passcode,
)
from core.types.rights import ADMINISTRATOR, OWNER

NOW = 1_800_000_000.0
SETTINGS = {"PEOPLE": "anna@example.com, @corp.example", "ADMINISTRATORS": "it@corp.example"}
ACCESS = Access.of(SETTINGS, ("app-1",))
GOOD = {
    "aud": "app-1",
    "iat": NOW - 60,
    "email": "anna@example.com",
    "email_verified": True,
    "iss": "https://id.example",
}


def test_settings_choose_the_mode():
    assert Access.of({}).mode == ALONE
    assert Access.of({"PASSCODE": "correct horse battery"}).mode == PASSCODE
    both = Access.of({"PASSCODE": "correct horse battery"}, ("app-1",))
    assert both.mode == SIGN_IN, "a passcode is no way round sign-in"
    assert ACCESS.people == ("anna@example.com", "@corp.example")
    assert {Access.of({"SESSION_HOURS": text}).hours for text in ("nan", "x", "-1", "")} == {12}


def test_who_is_on_the_list_comes_in():
    anna = ACCESS.signed_in(GOOD, NOW)
    assert (anna.name, anna.signed_in, anna.everywhere) == ("anna@example.com", True, None)
    ben = ACCESS.signed_in(GOOD | {"email": "Ben@Corp.Example", "email_verified": "true"}, NOW)
    assert ben.name == "ben@corp.example"
    assert ACCESS.signed_in(GOOD | {"email": "it@corp.example"}, NOW).everywhere == ADMINISTRATOR
    assert ACCESS.signed_in(GOOD | {"aud": ["other", "app-1"]}, NOW).name == "anna@example.com"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"aud": "other"}, "another app"),
        ({"aud": ["other"]}, "another app"),
        ({"aud": None, "azp": "app-1"}, "another app"),
        ({"email_verified": False}, "verified"),
        ({"email_verified": None}, "verified"),
        ({"email_verified": "false"}, "verified"),
        ({"email_verified": 1.5}, "verified"),
        ({"email": ""}, "verified"),
        ({"email": "eve@example.com"}, "may not come in"),
        ({"email": "eve@sub.corp.example"}, "may not come in"),
        ({"iat": NOW - 13 * 3600}, "12 hours ago"),
        ({"iat": NOW + 3600}, "does not say when"),
        ({"iat": None}, "does not say when"),
    ],
)
def test_who_is_refused(changed, why):
    with pytest.raises(RightsError, match=why):
        ACCESS.signed_in(GOOD | changed, NOW)


def test_without_a_list_nobody_comes_in():
    """With a public provider an empty list would let the whole world in."""
    with pytest.raises(RightsError, match="may not come in"):
        Access.of({}, ("app-1",)).signed_in(GOOD, NOW)


def test_a_provider_that_verifies_all_addresses_can_be_named():
    silent = {name: value for name, value in GOOD.items() if name != "email_verified"}
    trusting = Access.of(SETTINGS | {"VERIFYING_ISSUERS": "https://id.example"}, ("app-1",))
    assert trusting.signed_in(silent, NOW).name == "anna@example.com"
    with pytest.raises(RightsError, match="verified"):
        trusting.signed_in(silent | {"iss": "https://other.example"}, NOW)


def test_passcode_in_plain_or_hashed():
    kept = hashed("correct horse battery")
    assert "horse" not in kept and kept != hashed("correct horse battery"), "salted"
    for stored in (kept, "correct horse battery"):
        assert is_passcode("correct horse battery", stored)
        assert not is_passcode("correct horse batterx", stored)
        assert not is_passcode("", stored) and not is_passcode(stored + "x", stored)
    assert not is_passcode(kept, kept), "the hash itself opens nothing"
    assert not is_passcode("short", "short"), "a short passcode opens nothing"
    assert not is_passcode("", "") and not is_passcode("x" * 12, "scrypt:zz:zz")
    with pytest.raises(RightsError, match="at least 12"):
        hashed("too short")
    assert Access.of({}).knows_passcode("Ann").everywhere == OWNER


def test_guessing_gets_slower_and_the_right_one_clears_it():
    throttle, now, tried = Throttle(), 0.0, 0
    while now < 3600:
        if throttle.wait("1.2.3.4", now):
            now += throttle.wait("1.2.3.4", now)
            continue
        throttle.failed("1.2.3.4", now)
        tried += 1
    assert tried < 30, "guesses in an hour"
    assert throttle.wait("5.6.7.8", now) == 0
    throttle.succeeded("1.2.3.4")
    assert throttle.wait("1.2.3.4", now) == 0


@given(st.lists(st.integers(0, 30_000), max_size=40))
def test_wrong_guesses_never_fill_the_memory(addresses):
    throttle = Throttle()
    for address in addresses:
        throttle.failed(str(address), 0.0)
    assert len(throttle._failures) <= 10_001


OWN = "127.0.0.1 127.8.9.1 ::1 [::1] localhost LOCALHOST. ::ffff:127.0.0.1 app.localhost"
OTHER = "10.0.0.1 127.0.0.1.evil.org localhost.evil.org 0.0.0.0 ::ffff:10.0.0.1 notlocalhost"


@pytest.mark.parametrize("host", OWN.split())
def test_this_machine(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", *OTHER.split()])
def test_other_machines(host):
    assert not is_loopback(host)
