"""The terms sheet says where texts go and whether outputs may teach; APIs wait for a person."""

from __future__ import annotations

import pytest

from core.experts.catalogue import catalogue
from core.experts.outside.api import ApiExpert
from core.experts.outside.terms import ALLOWED, FORBIDDEN, UNKNOWN, terms_of
from core.messages import Message
from core.types.expert_entry import BUNDLED, Availability
from core.types.scoring import ApiConnection

HERE = Availability(True, BUNDLED, Message("here"))


def sheet_of(url: str):
    connection = ApiConnection("a", url, "m")
    return terms_of(ApiExpert.of(connection), HERE, connection)


@pytest.mark.parametrize(
    ("url", "teaching"),
    [
        ("https://api.openai.com/v1", FORBIDDEN),
        ("https://ours.openai.azure.com/v1", FORBIDDEN),
        ("https://generativelanguage.googleapis.com/v1", FORBIDDEN),
        ("https://aiplatform.googleapis.com/v1", UNKNOWN),
        ("https://evilapi.openai.com.example.org/v1", UNKNOWN),
        ("https://notapi.openai.com.attacker.net", UNKNOWN),
        ("http://localhost:8000/v1", UNKNOWN),
    ],
)
def test_what_is_known_of_a_server(url, teaching):
    sheet = sheet_of(url)
    assert (sheet.teaching, sheet.needs_confirmation) == (teaching, True)


def test_experts_of_the_catalogue_stay_here_and_say_a_licence():
    for entry in catalogue().values():
        sheet = terms_of(entry, HERE)
        assert "stay on this machine" in str(sheet.goes_to)
        assert not sheet.needs_confirmation
        assert sheet.teaching == ALLOWED or sheet.licence, entry.key


def test_another_text_is_another_sheet():
    """A confirmation holds for what was read, not for whatever it says later."""
    first, second = sheet_of("https://a.example/v1"), sheet_of("https://b.example/v1")
    assert first.id != second.id == sheet_of("https://b.example/v1").id
