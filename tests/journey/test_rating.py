"""People rate pairs of real sample data: carelessness is found, a file is taken once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.journey import data, rating
from core.workspace.feedback import in_force
from core.workspace.workspace import Workspace

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "shop_faq_en.csv"


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Workspace, project and data of the English sample."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    workspace = Workspace.open(tmp_path)
    made = workspace.create_project("Pilot", "me")
    data.import_file(made, SAMPLE.read_bytes(), SAMPLE.name, who="me")
    project = workspace.project(made.id)
    return workspace, project, workspace.load_dataset(project.dataset_id)


def test_a_rater_who_answers_at_random_is_found_and_counts_little(desk):
    """Unnoticed, a quarter of the labels that people give would be noise."""
    workspace, project, dataset = desk
    pool = rating.rating_pool(workspace, dataset, ())
    rng = np.random.default_rng(0)
    habits = {"careful": 0.0, "strict": -0.8, "mild": 0.6}
    for name in (*habits, "random"):
        for _ in range(40):
            task = rating.rating_task(project, dataset, pool, name)
            pair = task.question_row, task.answer_row
            right = pair[1] in dataset.right_answers(pair[0])
            felt = (4.3 if right else 1.7) + habits.get(name, 0) + rng.normal(0, 0.7)
            stars = rng.integers(1, 6) if name == "random" else np.clip(round(felt), 1, 5)
            rating.rate_pair(project, dataset, pair, name, int(stars))
    summary = rating.rating_summary(project, dataset)
    weights = {rater.name: rater.weight for rater in summary.raters}
    assert summary.pairs == 40 and summary.ratings == 160, "all got the same pairs"
    assert weights["random"] < 0.4 * min(weights[name] for name in habits)
    assert summary.agreement.low < summary.agreement.alpha < 0.8


def test_undo_takes_back_the_rater_s_own_newest_word_only(desk):
    workspace, project, dataset = desk
    rating.rate_pair(project, dataset, (0, 0), "ann", 5)
    rating.rate_pair(project, dataset, (0, 1), "ben", 1)
    assert rating.undo_rating(project, dataset, "ann")
    assert not rating.undo_rating(project, dataset, "ann")
    assert [r.rater for r in in_force(workspace.records.ratings(project.id))] == ["ben"]


def test_the_same_file_twice_is_taken_once(desk):
    """Uploading again after a correction would fill the record with repetitions."""
    workspace, project, dataset = desk
    rows = [
        f'"{dataset.questions[q]}","{dataset.answers[0]}",ann,{1 + q % 5}'
        for q in dataset.rows("train")[:5].tolist()
    ]
    content = "\n".join(["question,answer,rater,rating", *rows]).encode()
    file = rating.read_ratings(content, "r.csv", dataset, "")
    assert rating.add_rating_file(project, file, "me") == 5
    assert rating.add_rating_file(project, file, "me") == 0
    assert len(workspace.records.ratings(project.id)) == 5
