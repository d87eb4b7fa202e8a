"""Strengths and passports of the experts are each on the first screen, in both languages."""

from __future__ import annotations

import pytest

from core.journey import experts, projects
from core.types import SilentReporter
from core.types.scoring import ScoredExperts
from core.workspace.workspace import Workspace
from tests.browser.conftest import PATIENCE

pytestmark = pytest.mark.browser

EXPERTS = ("wordllama-l2-supercat-256", "bm25", "tfidf")
WIDTH, HEIGHT = 1280, 800
WORDS = {  # the tab, how a sentence ends that is said of keyword search, and a scale
    "en": ("Passports", "looks at words.", "Likes the same words"),
    "ja": ("採点の癖", "単語の一致を見る。", "同じ単語を好む度合い"),
}


@pytest.mark.parametrize("language", WORDS)
def test_strengths_and_passports_are_on_the_first_screen(shared_server, page, language):
    tab, sentence, scale = WORDS[language]
    workspace = Workspace.open(shared_server.workspace)
    project = projects.create_sample_project(workspace, language, f"Shop {language}", "ann")
    dataset = workspace.load_dataset(project.dataset_id)
    result = experts.run_scoring(workspace, dataset, EXPERTS, SilentReporter())
    project.state.scored = ScoredExperts(dataset.id, EXPERTS, "", result)

    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.goto(f"{shared_server.url}/experts?lang={language}&project={project.id}")
    strengths = page.locator(".st-key-expert_quality")
    strengths.wait_for(timeout=PATIENCE)
    foot = page.locator('[data-testid="stBottom"]')
    foot.wait_for(timeout=PATIENCE)  # drawn last
    page.wait_for_timeout(1500)
    bar = foot.bounding_box()
    box = strengths.bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] <= min(bar["y"] + 8, HEIGHT), (box, bar)

    page.get_by_role("tab", name=tab).click()
    lines = page.locator(f'img[alt^="{scale}"]')
    lines.nth(len(EXPERTS) - 1).wait_for(timeout=PATIENCE)
    page.wait_for_timeout(1500)
    for place in range(len(EXPERTS)):
        box = lines.nth(place).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= min(bar["y"], HEIGHT), (place, box)
    assert page.get_by_text(sentence).count() == 2, "keyword search by words and by letters"
    assert "experts-tab=passports" in page.url
    assert page.locator('[data-testid="stException"]').count() == 0
