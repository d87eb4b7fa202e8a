"""Uploaded scores on the Experts page: in use at once, every lost row shown, deleted on request."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.journey import data, experts
from core.journey.projects import scored_experts
from core.journey.score_files import score_files
from core.types import QADataset, SilentReporter
from core.types.scoring import ScoredExperts
from core.workspace.workspace import Workspace

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "shop_faq_flawed.xlsx"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with data on which BM25 has scored."""
    workspace = Workspace.open(tmp_path / "workspace")
    project = workspace.create_project("Loaded", "me")
    dataset = data.import_file(project, SAMPLE.read_bytes(), SAMPLE.name, who="me")
    result = experts.run_scoring(workspace, dataset, ["bm25"], SilentReporter())
    project.state.scored = ScoredExperts(dataset.id, ("bm25",), "", result)
    return workspace


@pytest.fixture
def page(workspace: Workspace, app):
    """Return a function that opens the Experts page of the project."""
    project = workspace.projects()[0]
    return lambda: app(workspace.layout.root, "experts", project.id)


def dataset_of(workspace: Workspace) -> QADataset:
    return workspace.load_dataset(str(workspace.projects()[0].dataset_id))


def scores_csv(dataset: QADataset, count: int = 40) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["question", "answer", "our score"])
    for q in range(count):
        right = int(dataset.right_answers(q)[0])
        other = (right + 1) % len(dataset.answers)
        writer.writerow([dataset.questions[q], dataset.answers[right], 0.9 - q / 1000])
        writer.writerow([dataset.questions[q], dataset.answers[other], 0.1 + q / 1000])
    writer.writerow(["<b>Who</b> asked that?", dataset.answers[0], "0.5"])
    return text.getvalue().encode()


def texts(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.error, at.warning, at.info, at.success)
    return "\n".join(str(e.value) for kind in kinds for e in kind).replace("\\", "")


def upload(at: AppTest, content: bytes, name: str = "gold.csv") -> AppTest:
    field = next(f for f in at.file_uploader if f.label.startswith("File of scores"))
    return field.set_value((name, content, "")).run()


def button(at: AppTest, label: str):
    return next(b for b in at.button if b.label == label)


def test_uploaded_scores_become_an_expert_in_use(page, workspace):
    dataset = dataset_of(workspace)
    at = upload(page(), scores_csv(dataset))
    assert not at.exception and not at.error
    chosen = {s.label: s.value for s in at.selectbox}
    assert (chosen["Question"], chosen["Answer"], chosen["Score"]) == (
        "question",
        "answer",
        "our score",
    )
    at = button(at, "Use these scores").click().run()
    assert not at.exception and not at.error
    project = workspace.projects()[0]
    assert scored_experts(project) == ("bm25", "file:gold")
    assert "80 pairs of 40 questions have a score, from 81 rows of gold.csv." in texts(at)
    assert "Rows that could not be used: 1." in texts(at)
    assert "Not ranked: gold." in texts(at)
    assert "Use these scores" not in [b.label for b in at.button], "the upload is taken"
    aside = next(d.value for d in at.dataframe if "Reason" in d.value.columns)
    assert aside["Row"].tolist() == [82] and "Who" in aside["Reason"][0]
    figures = next(d.value for d in at.dataframe if "Texts read" in d.value.columns)
    assert figures["First ten (nDCG@10)"].tolist()[1] == "–"
    box = next(b for b in at.checkbox if b.key == "expert_file:gold")
    assert box.value, "what is in use must be ticked, or the next scoring would drop it"


def test_deleted_scores_are_gone(page, workspace):
    at = upload(page(), scores_csv(dataset_of(workspace)))
    button(at, "Use these scores").click().run()
    at = page()
    at = button(at, "Delete these scores").click().run()
    assert not at.exception and not at.error
    project = workspace.projects()[0]
    assert scored_experts(project) == ("bm25",)
    assert score_files(project, dataset_of(workspace)) == []
    assert "expert_file:gold" not in [b.key for b in at.checkbox]


def test_a_file_of_another_dataset_is_refused_in_words(page, workspace):
    at = upload(page(), b"question,answer,score\nwhat is this?,something else,1\n")
    at = button(at, "Use these scores").click().run()
    assert not at.exception
    assert "None of the 1 rows of gold.csv could be used" in texts(at)
    assert scored_experts(workspace.projects()[0]) == ("bm25",)


def test_a_column_must_be_chosen_three_times(page, workspace):
    at = upload(page(), b"question,answer\nwhat is this?,something else\n")
    assert button(at, "Use these scores").disabled
    assert "Choose three different columns" in texts(at)
