"""Who may show the search page in a frame: nobody, until whoever runs the server names the site."""

from __future__ import annotations

import pytest

from core.types.access import Access
from pages.parts import door

SITES = "https://www.example.com,http://localhost:8000"


def headers(monkeypatch: pytest.MonkeyPatch, sites: str, query: str) -> dict[str, str]:
    access = Access.of({"EMBED_SITES": sites})
    monkeypatch.setattr(door, "read_access", lambda: access)
    return door._headers_for({"type": "http", "query_string": query.encode(), "headers": []})


def test_search_page_may_stand_in_pages_of_named_sites_only(monkeypatch):
    told = headers(monkeypatch, SITES, "search=abc&lang=en")
    policy = told["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'self' https://www.example.com http://localhost:8000")
    assert "X-Frame-Options" not in told and told["X-Content-Type-Options"] == "nosniff"
    for sites, query in ((SITES, "lang=en"), (SITES, "vote=abc"), ("", "search=abc")):
        told = headers(monkeypatch, sites, query)
        assert told["Content-Security-Policy"].endswith("frame-ancestors 'self'")
        assert told["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize(
    "evil", ["*", "https:", "https://a;script-src", "javascript:x", "www.example.com", "https://*"]
)
def test_what_is_no_site_is_not_let_in(evil):
    assert Access.of({"EMBED_SITES": f"https://good.example.com {evil}"}).embed_sites == (
        "https://good.example.com",
    )
