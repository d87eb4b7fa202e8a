"""The sample files: two sound ones, and one with every defect of its README."""

import csv
import unicodedata
from pathlib import Path

import pytest

from core.data.columns.guessing import guess_mapping
from core.data.importing import import_table
from core.data.personal.recognition import personal_data
from core.data.reading.formats import read_table

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"


def imported(name):
    path = SAMPLES / name
    if not path.is_file():
        pytest.skip(f"{name} has not been written yet")
    table = read_table(path.read_bytes(), name)
    return table, import_table(table, guess_mapping(table), name=name)


@pytest.mark.parametrize(
    ("name", "answers", "categories", "wordings", "language"),
    [("shop_faq_en.csv", 100, 10, 6, "en"), ("shop_faq_ja.xlsx", 60, 5, 5, "ja")],
)
def test_sound_samples_are_taken_whole(name, answers, categories, wordings, language):
    table, result = imported(name)
    summary = result.summary
    assert summary.rows_set_aside == 0
    assert summary.answers >= answers
    assert summary.questions >= wordings * summary.answers
    assert len(set(result.dataset.attributes["category"])) >= categories
    assert summary.language == language
    assert (table.warnings, result.warnings) == ((), ())
    assert min(summary.split.questions.values()) >= 30


BARE = {
    "en": ("bare_faq_en.csv", "bare_faq_en_log.csv", "utf-8"),
    "ja": ("bare_faq_ja.xlsx", "bare_faq_ja_log.csv", "cp932"),
}


def plain(text):
    return unicodedata.normalize("NFKC", text).casefold()


def logged(language):
    table = read_table((SAMPLES / BARE[language][1]).read_bytes(), BARE[language][1])
    return table, list(table.frame.iloc[:, 0])


@pytest.mark.parametrize("language", BARE)
def test_bare_faq_has_one_question_per_answer(language):
    table, result = imported(BARE[language][0])
    summary = result.summary
    assert (summary.rows_read, summary.rows_taken) == (60, 60)
    assert (summary.questions, summary.answers, summary.rows_set_aside) == (60, 60, 0)
    assert summary.near_duplicate_answers == summary.near_duplicate_questions == 0
    assert summary.language == language
    assert (table.warnings, summary.personal_data) == ((), {})
    # one question per answer: nothing can be held out with its answer staying known
    assert ["unseen answers only" in str(warning) for warning in result.warnings] == [True]
    assert summary.split.questions["test_unseen"] > 0 == summary.split.questions["test_known"]
    assert len(set(result.dataset.attributes["category"])) == 8


@pytest.mark.parametrize("language", BARE)
def test_log_of_a_bare_faq_holds_300_different_questions(language):
    table, questions = logged(language)
    assert table.encoding == BARE[language][2]
    assert len({plain(text) for text in questions}) == len(questions) == 300
    faq = imported(BARE[language][0])[1].dataset.questions
    assert not {plain(text) for text in questions} & {plain(text) for text in faq}
    counts = [int(value) for value in table.frame.iloc[:, 1]]
    assert counts == sorted(counts, reverse=True)
    # few are asked often, most hardly ever
    assert sum(counts[:30]) > sum(counts) / 2 and counts[150] <= 4 and counts[-1] == 1


@pytest.mark.parametrize(("language", "kinds"), [("en", 4), ("ja", 2)])
def test_log_of_a_bare_faq_holds_planted_personal_data(language, kinds):
    found = personal_data(logged(language)[1], range(300))
    assert [item.count for item in found.values()] == [1] * kinds


@pytest.mark.parametrize("language", BARE)
def test_answers_of_the_log_name_entries_of_the_faq(language):
    dataset = imported(BARE[language][0])[1].dataset
    path = SAMPLES / f"bare_faq_{language}_answers_of_log.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["question"] for row in rows] == logged(language)[1]
    right = [row for row in rows if row["faq_id"]]
    assert len(right) == 270
    title = {
        dataset.answer_ids[answer]: dataset.questions[question]
        for question, answer in zip(dataset.right_question, dataset.right_answer, strict=True)
    }
    assert all(title[row["faq_id"]] == row["faq_question"] for row in right)
    per_entry = {key: sum(row["faq_id"] == key for row in right) for key in title}
    assert min(per_entry.values()) == 0 and 10 <= max(per_entry.values()) <= 15


@pytest.fixture(scope="module")
def flawed():
    return imported("shop_faq_flawed.xlsx")


def question_at(result, row):
    return result.dataset.questions[result.dataset.question_row.tolist().index(row)]


def test_columns_of_the_flawed_file_are_recognised(flawed):
    table, _ = flawed
    mapping = guess_mapping(table)
    assert (mapping.question, mapping.answer) == ("Customer question", "Answer")
    assert (mapping.category, mapping.rating, mapping.language) == (
        "Category",
        "Rating",
        "Language",
    )
    assert mapping.question_id == "Ticket"
    assert table.columns == (
        *("Ticket", "Customer question", "Answer", "Category", "Rating", "Language"),
    )


def test_every_filled_row_is_accounted_for(flawed):
    _, result = flawed
    assert result.summary.rows_read == 86
    assert result.summary.rows_taken + len(result.set_aside) + result.summary.rows_open == 86


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        *[(row, "The question is empty.") for row in (10, 26, 65)],
        *[(row, "The question has no letter or digit.") for row in (57, 59)],
        (29, "The rating is 0: this answer is not right for this question."),
    ],
)
def test_rows_of_no_use_are_set_aside_with_their_reason(flawed, row, reason):
    _, result = flawed
    assert {item.row: str(item.reason) for item in result.set_aside}[row] == reason


def test_nothing_else_is_set_aside(flawed):
    assert {item.row for item in flawed[1].set_aside} == {10, 26, 29, 57, 59, 65}


def test_rows_without_an_answer_are_open_questions(flawed):
    dataset = flawed[1].dataset
    assert dataset.question_row[dataset.open_rows].tolist() == [13, 43, 64]


def test_texts_survive_as_written(flawed):
    _, result = flawed
    dataset = result.dataset
    assert question_at(result, 6) == question_at(result, 6).strip()
    texts = [*dataset.questions, *dataset.answers]
    for start in ("=HYPERLINK(", "=1+1", "=cmd|", "+", "-", "@"):
        assert any(text.startswith(start) for text in texts), start
    assert "<script" in question_at(result, 49)
    assert "_x0007_" in question_at(result, 54) and "_x005F" not in question_at(result, 54)
    assert "\x07" not in question_at(result, 53) and "_x0007_" not in question_at(result, 53)
    assert any("\u0600" <= sign <= "\u06ff" for sign in question_at(result, 55))
    assert len(question_at(result, 58)) > 15_000
    assert not set("\u200b\u2060\ufeff\u00ad") & set(question_at(result, 60))
    returns = dataset.attributes["category"][dataset.question_row.tolist().index(18)]
    assert returns == "Returns"
    assert any(item.startswith("https://") for item in dataset.question_ids)


def test_duplicates_merge_and_near_duplicates_share_a_group(flawed):
    _, result = flawed
    dataset = result.dataset
    rows = dataset.question_row.tolist()
    assert 24 not in rows and result.summary.rows_merged == 1
    group = dict(zip(rows, dataset.question_group.tolist(), strict=True))
    assert group[22] == group[3] == group[31]
    answers = {row: dataset.right_answers(rows.index(row)).tolist() for row in (67, 68)}
    assert answers[67] == answers[68]


def test_findings_name_the_rows(flawed):
    _, result = flawed
    summary = result.summary
    assert summary.long_texts.rows == (58,)
    assert {33, 35, 36} <= set(summary.wordless.rows)
    assert summary.personal_data["email"].rows == (16,)
    assert summary.personal_data["phone"].rows == (16,)
    assert summary.personal_data["card"].rows == (16,)


@pytest.mark.parametrize(
    ("said", "row"),
    [
        ("Formulas", 43),
        ("Control characters", 53),
        ("not numbers", 71),
        ("above 1", 70),
        ("Merged", 68),
    ],
)
def test_warnings_name_the_rows(flawed, said, row):
    (found,) = [w for w in flawed[1].warnings if said in str(w)]
    assert str(row) in str(found.params["rows"]).split(", ")
