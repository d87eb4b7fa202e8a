"""Tune in one view: three cards and one start; then one line, one example question, one time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from filelock import FileLock

from core.documents import to_json
from core.jobs.folder import RunFolder, append_event, create_run
from core.journey import labels, tune
from core.journey.jobs import TUNE
from core.tuning.presets import PRESETS
from core.tuning.validation import Watch
from core.workspace.records import RunRecord, now
from core.workspace.workspace import Project
from tests.browser.conftest import PATIENCE, inside_the_screen, keep_probe, scored_sample

pytestmark = pytest.mark.browser

EXPERTS = ("wordllama-l2-supercat-256", "bm25", "tfidf")
SCREEN = {"width": 1280, "height": 800}


class Words(NamedTuple):
    start: str
    advanced: str
    device: str
    climbed: str
    of_hundred: str


WORDS = {
    "en": Words("Start tuning", "Advanced", "Device", "at place 2; before", "45 instead of 31"),
    "ja": Words("チューニングを開始", "詳細", "デバイス", "2 位です（開始時は", "100 件中 45 件"),
}


@pytest.fixture
def ready(shared_server, language) -> Project:
    """A project in the language with labels in use and a measurement of the usual settings."""
    project = scored_sample(shared_server, language, EXPERTS)
    workspace, dataset = project.workspace, project.load_dataset()
    labels.save_recipe(project, "First", labels.default_recipe(EXPERTS), "ann")
    keep_probe(project, dataset)
    return workspace.project(project.id)


def goes_on(project: Project) -> FileLock:
    """Make a run that learns, as its worker would have written it by now; hold its lock."""
    workspace, dataset = project.workspace, project.load_dataset()
    config = PRESETS["balanced"].config(base_model=tune.suggested_model(dataset))
    run_id = f"tune-20990101-000000-{project.id[:4]}"
    request = {
        "kind": TUNE,
        "project_id": project.id,
        "config": to_json(tune.tuning_request(project, config)),
        "who": "ann",
        "created_at": now(),
    }
    folder: RunFolder = create_run(workspace.run_folder(run_id), request)
    lock = FileLock(folder.lock)
    lock.acquire()
    workspace.records.add_run(RunRecord(run_id, project.id, TUNE, now()))
    append_event(folder, "launched")
    append_event(folder, "started")
    watch, rows = Watch(dataset), dataset.validation_rows[:6]
    answers = {int(row): int(dataset.right_answers(int(row))[0]) for row in rows}
    for step, first, place in ((0, 0.31, 8), (14, 0.38, 5), (28, 0.45, 2)):
        found = []
        for right in answers.values():
            others = [answer for answer in range(10) if answer != right][:9]
            found.append([*others[: place - 1], right, *others[place - 1 :]])
        watch.see(rows, np.array(found))
        folder.write_examples(to_json(watch.note(step)))
        values = {"step": step, "validation": first + 0.1, "validation_known": first + 0.1}
        append_event(folder, "metric", values=values | {"first": first})
    message = {"template": "Learning: step {step} of {steps}", "params": {"step": 28, "steps": 56}}
    append_event(folder, "progress", fraction=0.5, message=message)
    warning = {"template": tune.TOO_LITTLE, "params": {"reason": "x"}}
    append_event(folder, "warning", message=warning)
    return lock


def settle(page) -> None:
    for _ in range(2):  # a second run may follow the first
        page.wait_for_timeout(1000)
        page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


@pytest.mark.parametrize("language", WORDS)
def test_what_is_chosen_and_what_is_watched_are_on_one_screen(shared_server, page, ready, language):
    """A run that shows a bar for minutes, and a form of forty settings, lose the room."""
    words, project = WORDS[language], ready
    page.set_viewport_size(SCREEN)
    address = f"{shared_server.url}/tune?lang={language}&project={project.id}"
    page.goto(address)
    cards = page.locator('.st-key-tune_preset [role="radiogroup"] > div')
    cards.first.wait_for(timeout=PATIENCE)
    settle(page)
    assert cards.count() == 3
    for number in range(3):
        inside_the_screen(cards.nth(number), f"card {number}")
        assert any(sign in cards.nth(number).inner_text() for sign in "≈約")
    assert page.get_by_role("button", name=words.start).count() == 1
    assert page.get_by_text(words.device, exact=True).locator("visible=true").count() == 0
    inside_the_screen(page.get_by_text(words.advanced, exact=True).first, "what opens the rest")
    box = cards.nth(2).bounding_box()  # anywhere on a card, its figures too
    page.mouse.click(box["x"] + box["width"] - 20, box["y"] + box["height"] - 12)
    settle(page)
    assert cards.nth(2).get_attribute("data-selected") == "true"

    lock = goes_on(project)
    try:
        page.goto(address)
        example = page.locator('[class*="st-key-live_example_"]')
        inside_the_screen(example, "the example question")
        inside_the_screen(page.locator('[data-testid="stPlotlyChart"]').first, "the rising line")
        inside_the_screen(page.locator('[data-testid="stProgress"]').first, "the time left")
        assert page.get_by_text(words.of_hundred).count() == 1
        assert words.climbed in example.inner_text()
        right = page.locator('[class*="st-key-example_row_right_"]')
        assert right.count() == 1 and right.inner_text().startswith("2")
        said, dataset = example.inner_text(), project.load_dataset()
        held_out = {dataset.questions[row] for row in dataset.held_out_rows.tolist()}
        assert not any(question in said for question in held_out)
        assert page.locator('[data-testid="stException"]').count() == 0
    finally:
        lock.release()
