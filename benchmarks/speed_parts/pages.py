"""How fast pages are: ``python benchmarks/speed_parts/pages.py [WORK]`` (1 to 16, default 16).

WORK 16 is a project of 10,000 questions and 5,000 answers, made by ``large_project.py``, with
scores, corrections, a tuning run and a comparison; 1 is a sixteenth of both. Measured are

- ``first_page_s``: from the start of ``streamlit run app.py`` until Chromium shows the heading of
  the first page; median of 5 starts (the browser itself is open before);
- ``page_rerun_ms``: from asking a running server for a page until it has sent all of it, over the
  websocket, without a browser that would share the processor; median of 10 for every page and
  every tab of it, the worst counts;
- ``page_payload_kb``: what the server sends for a page or tab to a browser that has seen nothing
  of it yet, in 1,000 bytes; the worst counts;
- ``page_open_s``: the first opening of a page or tab on a server that has read nothing yet.

Prints a table, and as its last line one JSON object.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.support.large_project import ANSWERS, QUESTIONS, LargeProject, build  # noqa: E402
from benchmarks.support.page_visits import (  # noqa: E402
    Visit,
    Visitor,
    free_port,
    server,
    start_server,
    wait_for,
)

PAGES = ("", "data", "experts", "labels", "tune", "compare", "report")
RERUNS, STARTS, FULL_WORK = 10, 5, 16
CHROMIUM = "/usr/bin/chromium"
LIMITS = {"first_page_s": 2.5, "page_rerun_ms": 300, "page_payload_kb": 500}


@dataclass(frozen=True)
class Opened:
    """One page, or one tab of it, with its figures."""

    page: str
    tab: str
    open_s: float
    rerun_ms: float
    payload_kb: float
    heaviest: str


def opened_pages(made: LargeProject) -> list[Opened]:
    """Open every page and tab on a fresh server, in the order of the journey."""
    query = {"project": made.project, "lang": "en"}
    with server(made.root) as url, Visitor(url, query) as visitor:
        return [one for page in PAGES for one in _tabs(visitor, page)]


def _tabs(visitor: Visitor, page: str) -> Iterator[Opened]:
    bare = visitor.open(page)
    yield _measured(visitor, page, "", bare)
    for title in bare.switches:
        visitor.open(page)
        yield _measured(visitor, page, title, visitor.switch(bare, title))


def _measured(visitor: Visitor, page: str, tab: str, first: Visit) -> Opened:
    again = [visitor.rerun() for _ in range(RERUNS)]
    payload = max(visit.kilobytes for visit in [first, *again])
    return Opened(
        page or "home",
        tab,
        first.seconds,
        1e3 * statistics.median(visit.seconds for visit in again),
        payload,
        first.heaviest,
    )


def first_page_seconds(made: LargeProject) -> float:
    """Return the median time from starting the app to its first heading in Chromium."""
    from playwright.sync_api import sync_playwright

    times = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for _ in range(STARTS):
            # Nothing is kept from the start before: neither scripts nor styles of the page.
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            port = free_port()
            began = time.perf_counter()
            process = start_server(made.root, port)
            try:
                page.goto(wait_for(f"http://127.0.0.1:{port}"), wait_until="commit")
                page.wait_for_selector("h1", state="visible", timeout=60_000)
                times.append(time.perf_counter() - began)
            finally:
                page.context.close()
                process.terminate()
                process.wait(20)
        browser.close()
    return statistics.median(times)


def measure(work: float) -> dict[str, float]:
    """Return the figures for a project of this share of the full one; prints the table."""
    share = work / FULL_WORK
    questions, answers = round(QUESTIONS * share), round(ANSWERS * share)
    with tempfile.TemporaryDirectory() as folder:
        made = build(Path(folder), questions, answers)
        return figures_of(made, f"{questions:,} questions × {answers:,} answers")


def figures_of(made: LargeProject, title: str) -> dict[str, float]:
    """Return the figures of a project that was made before; prints the table."""
    first = first_page_seconds(made)  # before the Tune page starts to try a few steps
    opened = opened_pages(made)
    print(f"\n{title}\n{'page':9}{'tab':32}{'first (s)':>10}{'again (ms)':>11}{'sent (kB)':>10}")
    for one in opened:
        figures = f"{one.open_s:10.2f}{one.rerun_ms:11.0f}{one.payload_kb:10.1f}"
        print(f"{one.page:9}{one.tab[:30]:32}{figures}   {one.heaviest}")
    found = {
        "first_page_s": round(first, 2),
        "page_rerun_ms": round(max(one.rerun_ms for one in opened), 1),
        "page_payload_kb": round(max(one.payload_kb for one in opened), 1),
        "page_open_s": round(max(one.open_s for one in opened), 2),
    }
    for name, limit in LIMITS.items():
        print(f"{name:18}{found[name]:>10}   target < {limit}")
    return found


def main() -> None:
    """Measure, print the table, then the JSON line."""
    print(json.dumps(measure(float(sys.argv[1]) if len(sys.argv) > 1 else FULL_WORK)))


if __name__ == "__main__":
    main()
