"""A project that is ready to be tuned several times; workers are not started by themselves."""

import shutil

import pytest

from core.jobs import launch
from core.jobs.folder import append_event
from core.journey import experts, labels, steps
from core.types import LabelRecipe
from core.workspace.workspace import Workspace


@pytest.fixture
def started(monkeypatch):
    """Keep workers from being started: a test works itself, or not at all."""
    folders = []

    def start(folder, _environment=None):
        append_event(folder, "launched")
        folders.append(folder)

    monkeypatch.setattr(launch, "_start", start)
    return folders


@pytest.fixture(scope="session")
def scored_once(tmp_path_factory, small_dataset):
    """A project with scores and a recipe, made once and copied for each test."""
    root = tmp_path_factory.mktemp("scored") / "workspace"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.setattr(launch, "_start", lambda folder, _environment=None: steps.work(folder.root))
        workspace = Workspace.open(root)
        workspace.save_dataset(small_dataset, {})
        made = workspace.create_project("Pilot", "ann")
        workspace.records.use_dataset(made.id, small_dataset.id, "ann")
        made = workspace.project(made.id)
        experts.launch_scoring(made, ["bm25", "tfidf"], "ann")
        labels.save_recipe(made, "Mean", LabelRecipe(("bm25", "tfidf"), "mean", blend=0.5), "ann")
    return root, made


@pytest.fixture
def project(scored_once, tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    root, made = scored_once
    shutil.copytree(root, tmp_path / "workspace")
    return Workspace.open(tmp_path / "workspace").project(made.id)
