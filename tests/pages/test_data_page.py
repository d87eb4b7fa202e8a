"""The Data page: nothing is lost, nothing is written early, every trouble has a sentence."""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import sleep

import pyarrow as pa
import pytest
from pyarrow import parquet
from streamlit.testing.v1 import AppTest

from core.errors import DataError, Stopped
from core.journey import data
from core.messages import Message
from core.reporting.exchange import beir_archive
from core.types import SilentReporter
from core.workspace.workspace import Workspace
from pages.parts.reading import RunningStep

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
FLAWED = ("shop_faq_flawed.xlsx", (SAMPLES / "shop_faq_flawed.xlsx").read_bytes(), "")
TOPICS = (
    *("parcel", "refund", "password", "invoice", "size", "colour"),
    *("tent", "stove", "boots", "voucher", "shop", "bike"),
)


def table(rows: list[tuple[str, str]], header: tuple[str, str] = ("question", "answer")) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([header, *rows])
    return buffer.getvalue().encode()


def good_rows() -> list[tuple[str, str]]:
    forms = ("where is my {}", "the {} does not work, help", "I have a question about a {}")
    return [
        (form.format(topic), f"About your {topic}: call us, and our {topic} team will help you.")
        for topic in TOPICS
        for form in forms
    ]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path)


@pytest.fixture
def empty(workspace: Workspace, app) -> AppTest:
    """The Data page of a project without data."""
    project = workspace.create_project("Empty", "me")
    return app(workspace.layout.root, "data", project.id)


@pytest.fixture
def loaded(workspace: Workspace, app):
    """Return a function that opens the Data page of a project with the flawed sample."""
    project = workspace.create_project("Loaded", "me")
    data.import_file(project, FLAWED[1], FLAWED[0], who="me")
    return lambda: app(workspace.layout.root, "data", project.id)


def dataset_of(workspace: Workspace) -> str | None:
    return workspace.projects()[0].dataset_id


def upload(at: AppTest, name: str, content: bytes) -> AppTest:
    at.file_uploader[0].set_value((name, content, ""))
    return at.run()


def texts(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.error, at.warning, at.info, at.success, at.text)
    shown = "\n".join(str(element.value) for kind in kinds for element in kind)
    return shown.replace("\\", "")  # user texts are escaped for markdown


def button(at: AppTest, label: str):
    return next(b for b in at.button if b.label == label)


def keep_personal_data(at: AppTest) -> AppTest:
    """Answer what must be answered first: the flawed sample holds invented personal data."""
    assert button(at, "Import").disabled
    return next(r for r in at.radio if r.label == "What to do with them").set_value("keep").run()


def metrics(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def test_without_a_project_the_page_says_what_to_do(tmp_path, app):
    at = app(tmp_path, "data")
    assert not at.exception
    assert "Choose a project" in texts(at)
    assert sum("sample data" in b.label for b in at.button) == 4
    assert not at.file_uploader


def test_a_project_without_data_shows_what_a_file_should_hold(empty):
    assert not empty.exception and not empty.error
    assert "one question and its right answer per row" in texts(empty)
    assert "At least 20 different questions and 8 different answers" in texts(empty)
    assert list(empty.dataframe[0].value.columns) == ["question", "answer", "category"]
    assert "Import" not in [b.label for b in empty.button]


def test_nothing_is_written_before_import(empty, workspace):
    """Looking at a file must not change the project."""
    at = upload(empty, *FLAWED[:2])
    assert not at.exception and not at.error
    assert dataset_of(workspace) is None
    at = keep_personal_data(at)
    assert dataset_of(workspace) is None
    assert not list(workspace.layout.datasets.iterdir())
    at = button(at, "Import").click().run()
    assert not at.exception and not at.error
    assert dataset_of(workspace) is not None


def test_an_import_that_failed_while_the_page_was_left_says_why_when_one_is_back(empty, workspace):
    failed = RunningStep(error=DataError("The file {name} is odd.", name="x.csv"))
    failed.done.set()
    project = workspace.projects()[0]
    empty.session_state[f"import_{project.id}"] = failed
    at = empty.run()
    assert "The file x.csv is odd." in texts(at)
    assert at.file_uploader
    assert "is odd" not in texts(at.run())  # said once


def test_an_import_goes_on_while_other_pages_are_looked_at(empty, workspace, monkeypatch):
    """The script of a page ends with every click; half an import must not end with it."""
    go_on, import_file = Event(), data.import_file

    def slow(*args, **options):
        go_on.wait(30)
        return import_file(*args, **options)

    monkeypatch.setattr(data, "import_file", slow)
    at = keep_personal_data(upload(empty, *FLAWED[:2]))
    at.default_timeout = 4
    with pytest.raises(RuntimeError, match="timed out"):  # the page shows the import until its end
        button(at, "Import").click().run()
    assert dataset_of(workspace) is None
    running = at.session_state[f"import_{workspace.projects()[0].id}"]
    go_on.set()
    assert running.done.wait(60)
    assert running.error is None
    assert dataset_of(workspace) is not None


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_file_over_a_limit_is_refused_with_the_limit_and_the_setting(
    workspace, app, monkeypatch, language
):
    project = workspace.create_project("Limit", "me")
    at = app(workspace.layout.root, "data", project.id, language)
    monkeypatch.setenv("UPLOAD_MEMORY_MB", "30")
    texts = {name: [f"{name} {i % 500} " * 30 for i in range(150_000)] for name in "qa"}
    file = io.BytesIO()
    parquet.write_table(pa.table({"question": texts["q"], "answer": texts["a"]}), file)
    assert len(file.getvalue()) < 2_000_000
    at = upload(at, "large.parquet", file.getvalue())
    assert not at.exception
    (error,) = at.error
    assert "UPLOAD_MEMORY_MB" in error.value.replace("\\", "")
    assert ("MB of memory" if language == "en" else "MB を超えるメモリ") in error.value
    monkeypatch.setenv("UPLOAD_MEMORY_MB", "2000")
    assert not upload(at, "good.csv", table(good_rows())).error


def slow_preview(monkeypatch, told: list[str]) -> None:
    def preview(content, filename, *choices, report=None):
        report.progress(0.4, Message("Reading the texts"))
        told.append("begun")
        while not report.should_stop():
            sleep(0.02)
        told.append("stopped")
        raise Stopped

    monkeypatch.setattr(data, "preview", preview)


@pytest.mark.parametrize(
    ("language", "said", "again"),
    [
        ("en", "Reading slow.csv was stopped.", "Read it after all"),
        ("ja", "slow.csv の読み込みを中止しました", "やはり読み込む"),
    ],
)
def test_reading_shows_how_far_it_is_and_can_be_stopped(
    workspace, app, monkeypatch, language, said, again
):
    project = workspace.create_project("Slow", "me")
    at = app(workspace.layout.root, "data", project.id, language)
    read, told = data.preview, []
    slow_preview(monkeypatch, told)
    at.default_timeout = 4
    with pytest.raises(RuntimeError, match="timed out"):  # the page shows it until its end
        upload(at, "slow.csv", table(good_rows()))
    (running,) = at.session_state["files_read"].values()
    assert running.fraction == 0.4
    running.stop.set()  # what the button does
    assert running.done.wait(10)
    at.default_timeout = 60
    at.run()
    assert not at.exception and not at.error
    assert said in texts(at)
    assert told == ["begun", "stopped"]
    monkeypatch.setattr(data, "preview", read)
    at = button(at, again).click().run()
    assert not at.exception and not at.error
    assert said not in texts(at)
    assert at.dataframe  # the first rows of the file


def test_another_file_stops_the_reading_of_the_one_before(empty, monkeypatch):
    read, told = data.preview, []
    slow_preview(monkeypatch, told)
    empty.default_timeout = 4
    with pytest.raises(RuntimeError, match="timed out"):
        upload(empty, "slow.csv", table(good_rows()))
    (running,) = empty.session_state["files_read"].values()
    monkeypatch.setattr(data, "preview", read)
    empty.default_timeout = 60
    at = upload(empty, *FLAWED[:2])
    assert running.done.wait(10)
    assert isinstance(running.error, Stopped)
    assert not at.exception and not at.error


def test_a_file_that_was_made_to_hurt_costs_a_sentence(empty):
    index = pa.array([0] * 100_000, pa.int32())
    bomb = pa.DictionaryArray.from_arrays(index, pa.array(["y" * 500_000]))
    file = io.BytesIO()
    parquet.write_table(pa.table({"question": ["x"] * 100_000, "answer": bomb}), file)
    at = upload(empty, "bomb.parquet", file.getvalue())
    assert not at.exception
    assert "bomb.parquet holds 100000 rows and unpacks to" in texts(at)


def test_progress_of_an_import_only_grows_and_names_what_is_done(workspace):
    told = []

    class Ear(SilentReporter):
        def progress(self, fraction, message):
            told.append((fraction, str(message)))

    project = workspace.create_project("Told", "me")
    data.import_file(project, FLAWED[1], FLAWED[0], who="me", report=Ear())
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] < 1  # it is over when it is saved, not before
    steps = list(dict.fromkeys(text.split(" (")[0] for _, text in told))
    assert steps == [
        "Checking every row",
        "Looking for questions that are nearly the same",
        "Looking for answers that are nearly the same",
        "Keeping a part back for the test",
        "Saving the data",
    ]


def test_preview_shows_the_first_rows_with_the_users_own_row_numbers(empty):
    at = upload(empty, *FLAWED[:2])
    shown = at.dataframe[0].value
    assert len(shown) == 20
    assert shown["Row"].tolist()[:2] == [2, 3]
    assert "What time do you open" in shown["Customer question"][0]
    guessed = {box.label: box.value for box in at.selectbox if box.label != "Project"}
    assert guessed == {
        "Question": "Customer question",
        "Answer": "Answer",
        "Category": "Category",
        "Rating": "Rating",
        "Language": "Language",
        "Source": None,
        "Weight": None,
        "Must be found": None,
        "Question number": "Ticket",
        "Answer number": None,
        "Scale of the ratings": "",
    }


def test_a_corrected_column_is_the_one_that_is_imported(empty, workspace):
    """A correction that is shown but not used would import the wrong texts silently."""
    rows = [(f"{q} (raw)", q, a) for q, a in good_rows()]
    at = upload(empty, "three.csv", table(rows, ("question", "reworded", "answer")))
    box = next(b for b in at.selectbox if b.label == "Question")
    assert box.value == "question"
    at = box.set_value("reworded").run()
    button(at, "Import").click().run()
    dataset = workspace.load_dataset(dataset_of(workspace))
    assert not any("(raw)" in question for question in dataset.questions)


def test_what_unknown_rating_words_mean_is_asked_and_decides_which_pairs_are_right(
    empty, workspace
):
    """Ratings in words nobody knows must not count as right, nor be lost for good."""
    rows = [(*pair, "splendid" if i % 3 else "meh") for i, pair in enumerate(good_rows())]
    at = upload(empty, "words.csv", table(rows, ("question", "answer", "rating")))
    assert "meaning of these ratings is not known" in texts(at)
    at = fields(at)["Ratings that mean “right”"].set_value(["splendid"]).run()
    assert fields(at)["Ratings that mean “wrong”"].options == ["meh"]
    assert "24** right pairs" in texts(at)
    at = fields(at)["Ratings that mean “wrong”"].set_value(["meh"]).run()
    assert "12 pairs are known to be wrong" in texts(at)
    button(at, "Import").click().run()
    dataset = workspace.load_dataset(dataset_of(workspace))
    right = {dataset.questions[i] for i in dataset.right_question.tolist()}
    assert right == {question for question, _, word in rows if word == "splendid"}


def test_school_marks_are_shown_as_their_scale_and_can_be_turned_round(empty):
    marks = [(*pair, str(1 if i % 3 else 6)) for i, pair in enumerate(good_rows())]
    at = upload(empty, "noten.csv", table(marks, ("Frage", "Antwort", "Schulnote")))
    box = next(b for b in at.selectbox if b.label == "Scale of the ratings")
    assert box.value == "6-1" and "24** right pairs" in texts(at)
    at = box.set_value("1-6").run()
    assert "12** right pairs" in texts(at)


def fields(at: AppTest):
    """Return the fields to choose several of by their labels."""
    return {field.label: field for field in at.multiselect}


def test_import_waits_until_question_and_answer_are_two_columns(empty):
    at = upload(empty, "good.csv", table(good_rows()))
    assert not button(at, "Import").disabled
    at = next(b for b in at.selectbox if b.label == "Answer").set_value("question").run()
    assert button(at, "Import").disabled
    assert "the same column" in texts(at)


def test_changing_a_column_does_not_read_the_file_again(empty, monkeypatch):
    """Reading a large file takes seconds; every click would."""
    read = []
    original = data.preview
    monkeypatch.setattr(data, "preview", lambda *args, **more: read.append(1) or original(*args))
    at = upload(empty, *FLAWED[:2])
    at = next(b for b in at.selectbox if b.label == "Category").set_value(None).run()
    at = button(keep_personal_data(at), "Import").click().run()
    assert not at.exception and metrics(at)
    assert len(read) == 1


BAD_FILES = {
    "empty": ("empty.csv", b"", "empty"),
    "header only": ("header.csv", b"question,answer\n", "no rows"),
    "pdf": ("faq.pdf", b"%PDF-1.7 ...", "PDF"),
    "zip as csv": ("faq.csv", b"PK\x05\x06" + bytes(18), "ZIP"),
    "one column": ("one.csv", b"question\nwhere?\nwhen?\n", "one column"),
    "too large": ("big.csv", bytes(200_000_001), "at most 200 MB"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_file_that_cannot_be_read_is_answered_with_a_reason(empty, workspace, case):
    name, content, reason = BAD_FILES[case]
    at = upload(empty, name, content)
    assert not at.exception
    assert len(at.error) == 1 and reason in texts(at)
    assert at.file_uploader[0].value.name == name, "the upload must be kept"
    assert dataset_of(workspace) is None


def test_too_little_data_keeps_the_preview_and_says_how_much_is_needed(empty, workspace):
    at = upload(empty, "few.csv", table(good_rows()[:9]))
    at = button(at, "Import").click().run()
    assert not at.exception
    assert "at least 20 questions and 8 groups" in at.error[0].value
    assert dataset_of(workspace) is None
    assert button(at, "Import"), "the user can correct the columns and try again"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["Enough to learn: with a stronger expert", "Enough to prove: yes, by cross-"]),
        ("ja", ["より強いエキスパートがあれば", "交差検証でできます"]),
    ],
)
def test_the_page_says_first_what_the_data_allow(workspace, app, language, said):
    project = workspace.create_project("Bare", "me")
    name = "bare_faq_en.csv"
    data.import_file(project, (SAMPLES / name).read_bytes(), name, who="me")
    at = app(workspace.layout.root, "data", project.id, language=language)
    assert not at.exception and not at.error
    shown = texts(at)
    places = [shown.index(text) for text in (*said, "+0.15", "+0.07", "+0.06")]
    assert places[2:] == sorted(places[2:])
    assert "StackFAQ" in next(m.proto.help for m in at.markdown if "nDCG@10" in m.value)


def test_the_page_promises_nothing_that_was_not_measured(loaded):
    shown = texts(loaded())
    assert "Enough to learn: yes" in shown
    assert "Nothing in particular" in shown


def test_summary_agrees_with_the_import_report(loaded, workspace):
    at = loaded()
    assert not at.exception and not at.error
    summary = data.import_report(workspace, dataset_of(workspace))["summary"]
    assert metrics(at) == {
        "Questions": str(summary["questions"]),
        "Answers": str(summary["answers"]),
        "Answer groups": str(summary["groups"]),
        "Rows taken": str(summary["rows_taken"]),
        "Rows set aside": str(summary["rows_set_aside"]),
    }
    primary = [b.label for b in at.button if b.proto.type == "primary"]
    assert primary == ["Improve my search"]


def test_set_aside_rows_are_listed_with_the_users_row_numbers(loaded, workspace):
    at = loaded()
    listed = next(d.value for d in at.dataframe if "Reason" in d.value.columns)
    kept = data.import_report(workspace, dataset_of(workspace))["set_aside"]
    assert listed["Row"].tolist() == [row["row"] for row in kept]
    assert listed["Reason"][0] == "The question is empty."
    assert any(b.label == "Download as CSV" for b in at.get("download_button"))


def test_findings_name_their_rows(loaded):
    """Row 16 holds invented personal data, rows 2 and 24 are the same, 3 and 31 nearly so."""
    shown = texts(loaded())
    for expected in ("Rows with card numbers: 1", "Rows in your file: 16", "2 = 24", "3 = 31"):
        assert expected in shown


def test_search_narrows_the_list_of_questions(loaded):
    at = loaded()

    def listed() -> list[str]:
        return next(d.value for d in at.dataframe if "Right answer" in d.value.columns)[
            "Question"
        ].tolist()

    assert len(listed()) == 50, "one page"
    box = next(i for i in at.text_input if i.label.startswith("Search"))
    at = box.set_value("SATURDAYS open").run()
    assert listed() == ["What time do you open on Saturdays?"]
    at = box.set_value("no such words at all").run()
    assert not at.exception
    assert "No question and no answer has all these words." in texts(at)


def test_uploaded_markup_never_becomes_markup(loaded):
    """The flawed sample has script tags; only cells and plain texts may carry user texts."""
    at = loaded()
    cells = "".join(str(d.value.to_dict()) for d in at.dataframe)
    assert "<script" in cells, "otherwise this test proves nothing"
    assert not any(m.allow_html for m in at.markdown)
    assert "<script" not in "".join(m.value for m in at.markdown)


def test_replacing_warns_and_can_be_called_off(loaded, workspace):
    before = dataset_of(workspace)
    at = button(loaded(), "Replace the data").click().run()
    assert "belong to the present data" in texts(at)
    at = button(at, "Keep the present data").click().run()
    assert metrics(at) and dataset_of(workspace) == before
    at = button(at, "Replace the data").click().run()
    at = upload(at, "good.csv", table(good_rows()))
    assert dataset_of(workspace) == before
    at = button(at, "Import").click().run()
    assert metrics(at)["Questions"] == "36"
    assert dataset_of(workspace) != before
    assert (workspace.layout.datasets / before / "meta.json").is_file(), "nothing is lost"


@pytest.mark.parametrize("damage", ["folder gone", "meta cut off", "table cut off"])
def test_a_damaged_dataset_is_named_and_can_be_uploaded_again(loaded, workspace, damage):
    folder = workspace.layout.datasets / str(dataset_of(workspace))
    if damage == "folder gone":
        shutil.rmtree(folder)
    else:
        file = folder / ("meta.json" if damage == "meta cut off" else "question.parquet")
        file.write_bytes(file.read_bytes()[:40])
    at = loaded()
    assert not at.exception
    assert len(at.error) == 1 and "Something went wrong" not in at.error[0].value
    at = keep_personal_data(upload(at, *FLAWED[:2]))
    at = button(at, "Import").click().run()
    assert not at.exception and not at.error
    assert metrics(at)["Questions"] == "76"


def test_a_damaged_database_is_named(loaded, workspace):
    for file in workspace.layout.root.glob("records.db*"):
        file.write_bytes(b"no database at all" * 400)
    at = loaded()
    assert not at.exception
    assert any("records database" in error.value for error in at.error)


# Open questions: previewed before anything is written, listed, taken out again

OPEN_LOG = (
    b"query,count\ndo you rent out kayaks,9\nDo you rent out kayaks?,3\n"
    b"gift cards for friends,4\nx,1\n"
)


@pytest.fixture
def open_project(tmp_path):
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
def open_page(open_project, app):
    return lambda: app(open_project.workspace.layout.root, "data", open_project.id)


def uploader(at: AppTest):
    (found,) = [u for u in at.file_uploader if "search log" in u.label]
    return found


def told(at: AppTest) -> str:
    shown = "\n".join(str(e.value) for e in (*at.markdown, *at.caption, *at.info, *at.error))
    return shown.replace("\\", "")  # signs of Markdown in texts of users are escaped


def now(open_project):
    return open_project.workspace.project(open_project.id)


def test_rows_without_an_answer_are_listed_and_told(open_page):
    at = open_page().run()
    assert not at.exception and any("Open questions (1)" in tab.label for tab in at.tabs)
    assert "1 of 1 open questions" in told(at)


def test_a_log_is_previewed_before_anything_is_written_then_added(open_page, open_project):
    before = open_project.dataset_id
    at = open_page().run()
    uploader(at).set_value(("log.csv", OPEN_LOG, "text/csv")).run()
    assert not at.exception and now(open_project).dataset_id == before
    assert "asked 16 times in all, are 2 open questions" in told(at)
    assert "Set aside: 1 row." in told(at)
    at.button(key="open_add").click().run()
    assert not at.exception
    dataset = now(open_project).load_dataset()
    opened = {dataset.questions[r]: dataset.question_weight[r] for r in dataset.open_rows}
    assert opened["do you rent out kayaks"] == 12 and len(opened) == 3
    at = open_page().run()
    labels = "".join(e.label for e in at.expander).replace("\\", "")
    assert "What became of log.csv" in labels


def test_columns_can_be_corrected(open_page):
    at = open_page().run()
    uploader(at).set_value(("log.csv", OPEN_LOG, "text/csv")).run()
    (count,) = [box for box in at.selectbox if box.label == "How often"]
    assert count.value == "count"
    count.select_index(0).run()
    assert "asked 3 times in all" in told(at)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"%PDF-1.4 x", "is a PDF"), (b"PK\x03\x04x", "damaged")],
)
def test_a_bad_file_is_refused_in_words(open_page, open_project, content, said):
    at = open_page().run()
    uploader(at).set_value(("log.xlsx", content, "")).run()
    assert not at.exception and said in told(at)
    assert now(open_project).dataset_id == open_project.dataset_id


def test_all_can_be_taken_out_and_the_data_are_as_before(open_page, open_project):
    log = data.read_questions(OPEN_LOG, "log.csv")
    data.add_open_questions(open_project, log, who="me")
    at = open_page().run()
    at.button(key="open_remove").click().run()
    assert not at.exception
    left = now(open_project).load_dataset()
    assert not len(left.open_rows) and (left.question_weight == 1).all()
    assert data.open_accounts(data.import_report(open_project.workspace, left.id)) == ()


def test_an_empty_list_offers_the_upload(open_page, open_project):
    data.remove_open_questions(open_project, "me")
    at = open_page().run()
    assert not at.exception and uploader(at) is not None
    assert any("Open questions (0)" in tab.label for tab in at.tabs)


def test_a_zipped_beir_folder_asks_about_personal_data_too(empty, workspace):
    """A document that nobody judged holds the address: it would be read by every expert."""
    dataset, _ = data.read_dataset(FLAWED[1], FLAWED[0])
    texts_of = [f"Answer {number} about tents" for number in range(len(dataset.answers))]
    asked = [f"How about number {number}?" for number in range(len(dataset.questions))]
    alone = set(range(len(texts_of))) - set(dataset.right_answer.tolist())
    place = min(alone, default=0)
    texts_of[place] = "Write to anna.schmidt@example.org"
    changed = replace(dataset, questions=tuple(asked), answers=tuple(texts_of))
    at = upload(empty, "set.zip", beir_archive(changed))
    assert not at.exception and not at.error
    assert "Rows with e-mail addresses: 1" in texts(at)
    assert button(at, "Import").disabled
    at = next(r for r in at.radio if r.label == "What to do with them").set_value("mask").run()
    at = button(at, "Import").click().run()
    assert not at.exception and not at.error
    kept = workspace.load_dataset(str(dataset_of(workspace)))
    assert not any("anna.schmidt" in text for text in (*kept.answers, *kept.questions))
    assert any("[EMAIL-1]" in text for text in kept.answers)


def test_a_beir_folder_without_personal_data_asks_nothing(empty, workspace):
    dataset, _ = data.read_dataset(FLAWED[1], FLAWED[0])
    plain_texts = tuple(f"Answer {number} about tents" for number in range(len(dataset.answers)))
    asked = tuple(f"How about number {number}?" for number in range(len(dataset.questions)))
    content = beir_archive(replace(dataset, questions=asked, answers=plain_texts))
    at = upload(empty, "set.zip", content)
    assert "What to do with them" not in [radio.label for radio in at.radio]
    assert not button(at, "Import").disabled
