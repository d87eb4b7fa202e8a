"""Sign-in with a real OpenID provider, Streamlit's own cookies and a real Chromium."""

from __future__ import annotations

import http.client
import time

import pytest

from core.types.rights import EDITOR, OWNER, Member
from core.workspace.workspace import Workspace
from tests.browser.conftest import Server
from tests.browser.identity_provider import CLIENT_ID, CLIENT_SECRET, identity_provider

pytestmark = pytest.mark.browser
SLOW = 90_000  # milliseconds; a machine that does other things meanwhile


@pytest.fixture
def provider():
    with identity_provider() as running:
        yield running


@pytest.fixture
def guarded(tmp_path, provider):
    """The app on a workspace with two projects of other people, where people sign in."""
    workspace = Workspace.open(tmp_path / "workspace")
    theirs = workspace.create_project("Plan of Ben", "ben")
    theirs.state.members = (Member("ben@example.com", OWNER),)
    shared = workspace.create_project("Shared plan", "ben")
    shared.state.members = (Member("ben@example.com", OWNER), Member("@example.com", EDITOR))
    workspace.records.close()
    made = Server(tmp_path / "workspace", tmp_path / "server.log")
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(
        f'PEOPLE = "@example.com"\nADMINISTRATORS = "it@example.com"\nSESSION_HOURS = "2"\n'
        f'[auth]\nredirect_uri = "{made.url}/oauth2callback"\n'
        f'cookie_secret = "sixteen letters or more"\nclient_id = "{CLIENT_ID}"\n'
        f'client_secret = "{CLIENT_SECRET}"\n'
        f'server_metadata_url = "{provider.issuer}/.well-known/openid-configuration"\n'
    )
    made.options = [f"--secrets.files={secrets}"]
    made.start()
    yield made
    made.stop()


def sign_in(page, server) -> None:
    page.goto(server.url)
    page.get_by_role("link", name="Sign in").click()


def upload(server: Server, cookie: str = "") -> int:
    """Return the status of an upload that no page asked for."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Cookie": cookie, "Content-Type": "multipart/form-data; boundary=x"}
    connection.request("PUT", "/_stcore/upload_file/any/any", b"x" * 1_000_000, headers)
    return connection.getresponse().status


def test_who_signs_in_sees_their_own_projects_and_leaves_again(page, guarded, provider):
    assert upload(guarded) == 401, "nobody uploads before sign-in"
    sign_in(page, guarded)
    page.get_by_text("anna@example.com").wait_for(timeout=SLOW)
    page.get_by_text("Shared plan").first.wait_for(timeout=SLOW)
    assert page.get_by_text("Plan of Ben").count() == 0
    assert page.get_by_label("Your name").count() == 0, "nobody types another name"
    cookies = {c["name"]: c for c in page.context.cookies()}
    kept = cookies["_streamlit_user"]
    assert kept["httpOnly"] and kept["sameSite"] == "Lax"
    assert upload(guarded, f"_streamlit_user={kept['value']}") in (400, 403), "past the door"

    page.get_by_role("button", name="New project").click()
    page.get_by_label("Name of the project").fill("Mine")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("heading", name="Data").wait_for(timeout=SLOW)
    made = next(p for p in Workspace.open(guarded.workspace).projects() if p.name == "Mine")
    assert made.state.members == (Member("anna@example.com", OWNER),)
    assert made.workspace.records.audit_trail(made.id)[0]["who"] == "anna@example.com"

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in").wait_for(timeout=SLOW)
    assert "/leave" in provider.seen, "signed out there, too"
    assert "_streamlit_user" not in {c["name"] for c in page.context.cookies()}
    page.goto(f"{guarded.url}/?project={made.id}")
    page.get_by_role("link", name="Sign in").wait_for(timeout=SLOW)


def test_sign_ins_that_are_refused(page, guarded, provider):
    """A wrong audience, an address that nobody verified, a stranger, a forged signature."""
    for claims, why in (
        ({"aud": ["another-app"], "azp": CLIENT_ID}, "made for another app"),
        ({"email_verified": False}, "does not say that the address"),
        ({"email_verified": None}, "does not say that the address"),
        ({"email": "eve@example.org"}, "eve@example.org may not come in"),
        ({"auth_time": int(time.time()) - 3 * 3600}, "more than 2 hours ago"),
    ):
        provider.claims = claims
        page.context.clear_cookies()
        sign_in(page, guarded)
        page.get_by_role("alert").filter(has_text=why).wait_for(timeout=SLOW)
        assert page.get_by_text("Shared plan").count() == 0
    for claims in ({"iss": "http://elsewhere.example"}, {"nonce": "x"}, {"exp": 1_000_000_000}):
        provider.claims = claims
        page.context.clear_cookies()
        sign_in(page, guarded)
        page.get_by_role("link", name="Sign in").wait_for(timeout=SLOW)
        assert "_streamlit_user" not in {c["name"] for c in page.context.cookies()}
    provider.claims, provider.sign_with = {}, provider.foreign_key
    page.context.clear_cookies()
    sign_in(page, guarded)
    page.get_by_role("link", name="Sign in").wait_for(timeout=SLOW)
    assert "_streamlit_user" not in {c["name"] for c in page.context.cookies()}
