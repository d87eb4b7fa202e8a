"""Open questions on the Data page: previewed before anything is written, listed, taken out."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.journey import data
from core.workspace.workspace import Workspace

TOPICS = "parcel refund password invoice size colour tent stove boots voucher shop bike".split()
LOG = (
    b"query,count\ndo you rent out kayaks,9\nDo you rent out kayaks?,3\n"
    b"gift cards for friends,4\nx,1\n"
)


@pytest.fixture
def project(tmp_path):
    workspace = Workspace.open(tmp_path)
    made = workspace.create_project("Shop", "me")
    rows = [
        f"{form.format(topic)},About your {topic}: our {topic} team will help you."
        for topic in TOPICS
        for form in ("where is my {}", "the {} does not work at all", "a question about {}")
    ]
    rows += ["what about the new catalogue,"]
    content = "question,answer\n" + "\n".join(rows)
    data.import_file(made, content.encode(), "faq.csv", who="me")
    return workspace.project(made.id)


@pytest.fixture
def page(project, app):
    return lambda: app(project.workspace.layout.root, "data", project.id)


def uploader(at: AppTest):
    (found,) = [u for u in at.file_uploader if "search log" in u.label]
    return found


def shown(at: AppTest) -> str:
    return "\n".join(str(e.value) for e in (*at.markdown, *at.caption, *at.info, *at.error))


def now(project):
    return project.workspace.project(project.id)


def test_rows_without_an_answer_are_listed_and_told(page):
    at = page().run()
    assert not at.exception and any("Open questions (1)" in tab.label for tab in at.tabs)
    assert "1 of 1 open questions" in shown(at)


def test_a_log_is_previewed_before_anything_is_written_then_added(page, project):
    before = project.dataset_id
    at = page().run()
    uploader(at).set_value(("log.csv", LOG, "text/csv")).run()
    assert not at.exception and now(project).dataset_id == before
    assert "asked 16 times in all, are 2 open questions" in shown(at)
    assert "Set aside: 1 rows." in shown(at)
    at.button(key="open_add").click().run()
    assert not at.exception
    dataset = now(project).load_dataset()
    opened = {dataset.questions[r]: dataset.question_weight[r] for r in dataset.open_rows}
    assert opened["do you rent out kayaks"] == 12 and len(opened) == 3
    at = page().run()
    assert "What became of log.csv" in "\n".join(e.label for e in at.expander)


def test_columns_can_be_corrected(page):
    at = page().run()
    uploader(at).set_value(("log.csv", LOG, "text/csv")).run()
    (count,) = [box for box in at.selectbox if box.label == "How often"]
    assert count.value == "count"
    count.set_value(None).run()
    assert "asked 3 times in all" in shown(at)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"%PDF-1.4 x", "is a PDF"), (b"PK\x03\x04x", "damaged")],
)
def test_a_bad_file_is_refused_in_words(page, project, content, said):
    at = page().run()
    uploader(at).set_value(("log.xlsx", content, "")).run()
    assert not at.exception and said in shown(at)
    assert now(project).dataset_id == project.dataset_id


def test_all_can_be_taken_out_and_the_data_are_as_before(page, project):
    log = data.read_questions(LOG, "log.csv")
    data.add_open_questions(project, log, who="me")
    at = page().run()
    at.button(key="open_remove").click().run()
    assert not at.exception
    left = now(project).load_dataset()
    assert not len(left.open_rows) and (left.question_weight == 1).all()
    assert data.open_accounts(data.import_report(project.workspace, left.id)) == ()


def test_an_empty_list_offers_the_upload(page, project):
    data.remove_open_questions(project, "me")
    at = page().run()
    assert not at.exception and uploader(at) is not None
    assert any("Open questions (0)" in tab.label for tab in at.tabs)
