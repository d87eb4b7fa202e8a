"""Pairs for Labels are drawn once, at the end of scoring; what was kept is what would be drawn."""

from __future__ import annotations

import os

import numpy as np
import pytest

from core.jobs.folder import create_run
from core.journey import experts, labels, projects
from core.journey.jobs import SCORE, new_run_id
from core.labels import drawn_pairs
from core.labels.model import LabelModel
from core.labels.pair_sample import sample_for_inspection
from core.types import LabelRecipe, SilentReporter
from core.types.scoring import ScoreRequest
from core.workspace.datasets import MOST_DRAWS
from core.workspace.records import now
from core.workspace.workspace import Workspace

PANEL = ("bm25", "tfidf")


@pytest.fixture
def project(tmp_path):
    workspace = Workspace.open(tmp_path)
    made = projects.create_sample_project(workspace, "bare_en", "Sample", "ann")
    return workspace.project(made.id)


def scored(project):
    request = ScoreRequest(project.dataset_id, PANEL)
    about = {"project_id": project.id, "who": "ann", "created_at": now()}
    folder = create_run(
        project.workspace.run_folder(new_run_id(SCORE)),
        {"kind": SCORE, "config": {"dataset_id": project.dataset_id, "experts": PANEL}, **about},
    )
    return experts.score_step(folder, request, SilentReporter())


def kept_files(project):
    return sorted((project.workspace.layout.datasets / project.dataset_id).glob("pairs-*"))


def same(left, right):
    assert left.experts == right.experts
    for name, values in left.arrays.items():
        np.testing.assert_array_equal(values, right.arrays[name])
    np.testing.assert_array_equal(left.kind, right.kind)


@pytest.fixture
def nothing_drawn(monkeypatch):
    def drawn(*_, **__):
        raise AssertionError("drawn again")

    def forbid():
        monkeypatch.setattr(drawn_pairs, "sample_pairs", drawn)

    return forbid


def test_scoring_leaves_labels_nothing_to_draw(project, nothing_drawn):
    told = scored(project)
    dataset = project.load_dataset()
    scores = experts.load_expert_scores(project.workspace, dataset, PANEL)
    panel = PANEL if told.panel is None else told.panel.kept
    nothing_drawn()
    model, sample = labels.model_and_sample(project.workspace, dataset, LabelRecipe(panel), PANEL)
    same(sample, sample_for_inspection(dataset, scores, seed=0))
    fresh = LabelModel.fit(dataset, [s for s in scores if s.expert in panel], LabelRecipe(panel))
    same(model.training, fresh.training)
    assert model.id == fresh.id


def test_a_damaged_file_is_drawn_anew(project):
    scored(project)
    dataset = project.load_dataset()
    before = labels.inspection_sample(project.workspace, dataset, PANEL)
    for path in kept_files(project):
        path.write_bytes(path.read_bytes()[:40])
    same(labels.inspection_sample(project.workspace, dataset, PANEL), before)


def test_arrays_of_another_panel_are_no_sample(project):
    scored(project)
    sample = labels.inspection_sample(project.workspace, project.load_dataset(), PANEL)
    assert sample.of_arrays(sample.arrays, ("bm25",)) is None
    assert sample.of_arrays({"kind": sample.arrays["kind"]}, PANEL) is None
    wild = sample.arrays | {"kind": np.full(len(sample), 9, np.uint8)}
    assert sample.of_arrays(wild, PANEL) is None


def test_only_the_newest_draws_are_kept_and_none_without_their_data(project):
    store, arrays = project.workspace.pair_files, {"rows": np.arange(3)}
    for number in range(MOST_DRAWS + 5):
        store.save(project.dataset_id, f"k{number}", arrays)
        path = kept_files(project)
        for file in path:
            if file.name == f"pairs-k{number}.safetensors":
                os.utime(file, (number, number))
    assert store.load(project.dataset_id, "k0") is None
    np.testing.assert_array_equal(
        store.load(project.dataset_id, f"k{MOST_DRAWS + 4}")["rows"], [0, 1, 2]
    )
    assert len(kept_files(project)) == MOST_DRAWS
    store.save("gone", "k", arrays)
    assert not (project.workspace.layout.datasets / "gone").exists()
