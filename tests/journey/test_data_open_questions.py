"""A log gives a project another version of its data; what was chosen stays chosen."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import DataError
from core.journey import data
from core.journey.projects import create_project_with
from core.types import LabelRecipe
from core.workspace.workspace import Workspace


@pytest.fixture
def project(tmp_path, tiny_dataset):
    workspace = Workspace.open(tmp_path)
    return create_project_with(workspace, "Shop", tiny_dataset, {"summary": {}}, "me")


def log(text="query,count\ndo you rent out kayaks,9\nmy kayak leaks badly,4\n"):
    return data.read_questions(text.encode(), "log.csv")


def now(project):
    return project.workspace.project(project.id)


def test_the_recipe_in_use_stays_in_use(project):
    saved = project.workspace.records.save_recipe(project.id, "mine", LabelRecipe(("bm25",)), "me")
    project.state.recipe_id, project.state.recipe_dataset = saved.id, project.dataset_id
    data.add_open_questions(project, log(), who="me")
    assert project.state.recipe_dataset == now(project).dataset_id != project.dataset_id


def test_two_logs_are_told_apart_and_some_can_be_taken_out(project, tiny_dataset):
    data.add_open_questions(project, log(), who="me")
    data.add_open_questions(now(project), log("query\ngift cards for friends\n"), who="me")
    grown = now(project).load_dataset()
    assert len(grown.open_rows) == 3
    report = data.import_report(project.workspace, grown.id)
    assert [account.asked for account in data.open_accounts(report)] == [13, 1]
    left = data.remove_open_questions(now(project), "me", grown.open_rows[:1])
    assert len(left.open_rows) == 2 and now(project).dataset_id == left.id
    data.remove_open_questions(now(project), "me")
    assert now(project).dataset_id == tiny_dataset.id


def test_a_log_without_a_question_changes_nothing(project):
    with pytest.raises(DataError, match="None of the 2 rows"):
        data.add_open_questions(project, log("query,count\n?!,9\nrefund please,0\n"), who="me")
    assert now(project).dataset_id == project.dataset_id


def test_trying_a_log_writes_nothing(project):
    read = log()
    account = data.try_open_questions(project.load_dataset(), read, read.columns)
    assert account.questions == 2 and now(project).dataset_id == project.dataset_id


def test_uploaded_scores_stay_with_their_questions(project, tiny_dataset):
    """They are kept by row: after a log was added they would be those of other questions."""
    data.add_open_questions(project, log(), who="me")
    first = now(project).load_dataset()
    kept, about = project.workspace.score_files, {"title": "mine"}
    rows = np.array([0, first.open_rows[0]], np.int32)
    arrays = {"question_rows": rows, "answer_rows": np.array([1, 2], np.int32)}
    kept.save(first.id, "file:mine", arrays | {"values": np.array([0.2, 0.9])}, about)
    data.add_open_questions(now(project), log("query,count\nmy kayak leaks badly,40\n"), who="me")
    second = now(project).load_dataset()
    found = kept.load(second.id, "file:mine")
    texts = [second.questions[row] for row in found["question_rows"]]
    assert texts == [first.questions[row] for row in rows]
    assert second.open_rows[0] != second.questions.index(first.questions[rows[1]])
    assert found["values"].tolist() == [0.2, 0.9] and found["answer_rows"].tolist() == [1, 2]
    assert kept.about(second.id, "file:mine")["title"] == "mine"
