"""25 people at once, for ``benchmarks/asking.py``: seconds to the next answer, and what was lost.

Each is a Chromium context of its own, in one browser on the machine that serves, and presses Enter
or a key as soon as the next answer is there. What counts is the time from the key to the next
answer on the screen.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.support.page_visits import server

PEOPLE, EACH = 25, 8
_PATIENCE = 180_000  # ms
# Which pair the buttons are for, "" while those of the pair before are still there: a key pressed
# then is for a pair that is gone, and counts for none.
_PAIR = """(before) => {
  const found = [...document.querySelectorAll('[class*="st-key-judge_right_"]')]
    .flatMap((one) => [...one.classList]).filter((name) => name.startsWith('st-key-judge_right_'));
  return found.length === 1 && found[0] !== before ? found[0] : "";
}"""
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


async def _write(page: Any, person: int, each: int) -> list[float]:
    seconds = []
    field = page.get_by_label(re.compile("How would a customer ask"))
    for number in range(each):
        await field.fill(f"person {person} asks number {number}", timeout=_PATIENCE)
        began = time.perf_counter()
        await field.press("Enter")
        told = re.compile(rf"^{number + 1} by you")
        await page.get_by_text(told).first.wait_for(timeout=_PATIENCE)
        seconds.append(time.perf_counter() - began)
    return seconds


async def _judge(page: Any, person: int, each: int) -> list[float]:
    seconds, pair = [], ""
    for number in range(each):
        word = ("right", "partly", "wrong")[(person + number) % 3]
        button = page.locator(f'[class*="st-key-judge_{word}_"] button')
        shown = await page.wait_for_function(_PAIR, arg=pair, timeout=_PATIENCE)
        pair = await shown.json_value()
        began = time.perf_counter()
        await button.click(timeout=_PATIENCE)
        told = re.compile(rf"^{number + 1} by you")
        await page.get_by_text(told).first.wait_for(timeout=_PATIENCE)
        seconds.append(time.perf_counter() - began)
    return seconds


async def _room(
    url: str, link: str, people: int, act: Callable[[Any, int], Awaitable[list[float]]]
) -> list[float]:
    """Let everybody come in, then act at once; returns seconds of every key."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        pages = []
        for person in range(people):
            context = await browser.new_context(viewport={"width": 390, "height": 844})
            page = await context.new_page()
            await page.goto(f"{url}/?join={link}&lang=en&me=P{person}", timeout=_PATIENCE)
            await page.get_by_text("You take part as").first.wait_for(timeout=_PATIENCE)
            pages.append(page)
        found = await asyncio.gather(*(act(page, i) for i, page in enumerate(pages)))
        await browser.close()
    return [second for one in found for second in one]


def people(people: int = PEOPLE, each: int = EACH) -> dict[str, Any]:
    """Measure collecting and judging; returns p50 and p95 in seconds, and lost entries."""
    from core.journey import data
    from core.journey.people import asking
    from core.journey.personal import allow_sharing
    from core.journey.projects import create_sample_project
    from core.workspace.workspace import Workspace

    os.environ.pop("DATABASE_URL", None)
    figures: dict[str, Any] = {"people": people, "people_each": each}
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.open(Path(folder) / "workspace")
        project = create_sample_project(workspace, "en", "Sample", "bench")
        words = ("refund", "parcel", "invoice", "jacket", "voucher", "tent", "stove", "boots")
        log = "question\n" + "\n".join(
            f"{word} {more}" for word in words for more in ("broken again", "how does it go")
        )
        read = data.read_questions(log.encode(), "log.csv")
        data.add_open_questions(project, read, who="bench")
        project = workspace.project(project.id)
        allow_sharing(project, "sample texts", "bench")
        collect = asking.start_collecting(project, "bench", answers=100)
        judge = asking.start_judging(project, "bench", questions=20, depth=10, wanted=people)
        with server(workspace.layout.root) as url:
            for name, round_, act in (("collecting", collect, _write), ("judging", judge, _judge)):
                seconds = asyncio.run(
                    _room(url, round_.id, people, lambda page, i, act=act: act(page, i, each))
                )
                kept = len(workspace.records.entries(round_.id))
                p50, p95 = np.percentile(seconds, [50, 95])
                lost = people * each - kept
                figures |= {
                    f"{name}_p50": round(float(p50), 3),
                    f"{name}_p95": round(float(p95), 3),
                    f"{name}_lost": lost,
                }
                told = f"{people} browsers, {people * each} entries: p50 {p50:.2f} s, p95 {p95:.2f}"
                print(f"{name:12}{told} s, lost {lost}", flush=True)
    return figures
