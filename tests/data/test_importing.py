"""Every row is accounted for: taken, merged or set aside with its row number and reason."""

import csv
import io
import json
from dataclasses import asdict

import numpy as np
import pytest

from core.data.columns.column_mapping import ColumnMapping
from core.data.columns.guessing import guess_columns, guess_mapping
from core.data.importing import import_table
from core.data.pairs import collect_pairs
from core.data.reading.formats import read_table
from core.errors import DataError, TooLittleDataError
from tests.growth import assert_growth

WORDS = (
    *("parcel", "refund", "password", "invoice", "colour", "tent", "stove"),
    *("boots", "voucher", "kettle", "bicycle", "window", "garden", "piano"),
    *("library", "dentist"),
)
FORMS = ("Where can I find the {0} department?", "{0} broken, please help", "My {0}: who to call?")


def sound_rows():
    """48 rows: 16 answers that differ, three wordings each."""
    return [
        [form.format(word), f"Everything on {word}s is explained in leaflet {word[::-1] * 3}."]
        for word in WORDS
        for form in FORMS
    ]


def table_of(rows, columns=("question", "answer")):
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerows([columns, *rows])
    return read_table(buffer.getvalue().encode(), "faq.csv")


def imported(extra=(), columns=("question", "answer"), rating="", **settings):
    width = len(columns)
    rows = [[*row, *[rating] * (width - 2)] for row in sound_rows()]
    table = table_of([*rows, *extra], columns)
    return import_table(table, guess_mapping(table), name="test", **settings)


def test_sound_rows_are_all_taken():
    result = imported()
    dataset, summary = result.dataset, result.summary
    assert (summary.rows_read, summary.rows_taken, summary.rows_set_aside) == (48, 48, 0)
    assert (len(dataset.questions), len(dataset.answers)) == (48, 16)
    assert dataset.question_row.tolist() == list(range(2, 50))
    assert len(np.unique(dataset.question_group)) == 16
    assert result.set_aside == ()
    json.dumps(asdict(summary))


def test_rows_without_question_answer_or_word_are_named():
    extra = [["", "a"], ["q text", ""], ["\u200b ", "a"], ["?!", "a"], ["...", ""]]
    result = imported(extra)
    reasons = {item.row: str(item.reason) for item in result.set_aside}
    assert set(reasons) == {50, 52, 53, 54}
    assert "question is empty" in reasons[50] and "question is empty" in reasons[52]
    assert "answer is empty" in reasons[54]
    assert result.dataset.questions[-1] == "q text" and result.summary.rows_open == 1
    assert "no letter" in reasons[53]
    summary = result.summary
    assert summary.rows_read == summary.rows_taken + len(result.set_aside) + summary.rows_open


def test_repeated_pairs_are_merged_whatever_their_width_and_spaces():
    first = sound_rows()[0]
    wide = first[0].replace("W", "Ｗ").replace(" ", "\u3000")
    result = imported([first, [wide, f"  {first[1]}  "]])
    assert result.summary.rows_merged == 2
    assert len(result.dataset.questions) == 48
    assert result.dataset.questions[0] == first[0]


def test_case_makes_another_question_but_not_another_group():
    first = sound_rows()[0]
    dataset = imported([[first[0].upper(), first[1]]]).dataset
    assert len(dataset.questions) == 49
    assert dataset.question_group[48] == dataset.question_group[0]


def test_one_question_with_two_answers_keeps_both():
    dataset = imported([[sound_rows()[0][0], "Quite another answer, right as well."]]).dataset
    assert dataset.right_answers(0).tolist() == [0, 16]
    assert dataset.answer_group[0] == dataset.answer_group[16]


def test_zero_width_signs_vanish_but_emoji_and_persian_keep_their_joiners():
    extra = [
        ["pass\u200bword\ufeff re\u00adset", "see\u2060 page"],
        ["👩\u200d🚀 می\u200cخواهم?", "yes"],
    ]
    dataset = imported(extra).dataset
    assert dataset.questions[48:] == ("password reset", "👩\u200d🚀 می\u200cخواهم?")
    assert dataset.answers[16] == "see page"


def test_rated_zero_is_no_right_answer_but_stays_searchable():
    columns = ("question", "answer", "rating")
    question = sound_rows()[0][0]
    result = imported([[question, "A wrong answer.", "0"], ["Only wrong?", "Nope.", "0"]], columns)
    dataset = result.dataset
    assert dataset.right_answers(0).tolist() == [0]
    assert {"A wrong answer.", "Nope."} <= set(dataset.answers)
    assert "Only wrong?" not in dataset.questions
    assert [item.row for item in result.set_aside] == [50, 51]
    assert (dataset.right_grade > 0).all()


def test_contradicting_ratings_take_the_higher_and_are_reported():
    question, answer = sound_rows()[0]
    columns = ("question", "answer", "rating")
    result = imported(
        [[question, answer, "4"], [question, answer, "0"], ["x y", "z", "4"]], columns, rating="4"
    )
    (found,) = result.summary.contradictions
    assert found.rows == (2, 50, 51)
    assert any("right in one row and wrong in another" in str(w) for w in result.warnings)
    assert result.dataset.right_grade[0] == 1


def test_ids_of_the_file_are_kept_even_urls_and_clashes_get_new_ones():
    columns = ("question", "answer", "question_id")
    extra = [
        ["new one", "b", "https://x.test/?a=1&b=2#c"],
        ["other", "c", "https://x.test/?a=1&b=2#c"],
    ]
    result = imported(extra, columns)
    ids = result.dataset.question_ids
    assert ids[48] == "https://x.test/?a=1&b=2#c"
    assert len(set(ids)) == len(ids)
    assert any("two different texts" in str(warning) for warning in result.warnings)


def test_attributes_follow_their_questions():
    columns = ("question", "answer", "category")
    dataset = imported(
        [["", "a", "lost"], ["odd question", "odd answer", " Returns "]], columns
    ).dataset
    assert dataset.attributes["category"][-1] == "Returns"
    assert len(dataset.attributes["category"]) == len(dataset.questions)


def test_long_short_and_wordless_texts_are_kept_and_reported():
    extra = [["w" * 10 + " long" * 4000, "a normal answer"], ["12345", "a 2nd normal answer"]]
    summary = imported([*extra, ["why", "ok"]]).summary
    assert summary.long_texts.rows == (50,)
    assert summary.wordless.rows == (51,)
    assert summary.short_questions.rows == (52,)
    assert summary.short_answers.rows == (52,)
    assert summary.rows_set_aside == 0


def test_personal_data_is_counted_without_its_value():
    result = imported([["I am eve@example.com, call me", "We do, on +49 30 1234567"]])
    found = asdict(result.summary)["personal_data"]
    assert {key: value["rows"] for key, value in found.items()} == {"email": (50,), "phone": (50,)}
    assert "eve@" not in json.dumps(asdict(result.summary)) + str(result.warnings)


def test_the_same_file_gives_the_same_dataset_and_another_seed_another_split():
    table = table_of(sound_rows())
    mapping = guess_mapping(table)
    first = import_table(table, mapping, name="one").dataset
    assert first.id == import_table(table, mapping, name="two").dataset.id


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["same?", f"answer number {word}"] for word in WORDS * 3], "questions are the same"),
        ([[f"question {word}", "one answer"] for word in WORDS], "answers are the same"),
        ([["", "a"], ["q", ""]], "None of the 2 rows"),
    ],
)
def test_data_without_variety_are_refused_in_their_own_words(rows, said):
    table = table_of(rows)
    with pytest.raises(DataError) as caught:
        import_table(table, ColumnMapping("question", "answer"), name="x")
    assert said in str(caught.value)


def test_too_little_data_says_what_is_there_and_what_is_needed():
    table = table_of(sound_rows()[:15])
    with pytest.raises(TooLittleDataError) as caught:
        import_table(table, ColumnMapping("question", "answer"), name="x")
    assert caught.value.message.params | {} == {
        **{"questions": 15, "groups": 5, "least": 20, "fewest": 8}
    }


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        (ColumnMapping(None, "answer"), "No column was found for the question"),
        (ColumnMapping("question", "nope"), "no column nope"),
        (ColumnMapping("answer", "answer"), "same column"),
    ],
)
def test_wrong_mappings_name_the_columns_there_are(mapping, said):
    with pytest.raises(DataError) as caught:
        collect_pairs(table_of(sound_rows()), mapping)
    assert said in str(caught.value)


def test_unreadable_rows_of_the_file_are_in_the_account():
    table = table_of([*sound_rows(), ["a", "b", "c"]])
    result = import_table(table, guess_mapping(table), name="x")
    assert [item.row for item in result.set_aside] == [50]
    assert result.summary.rows_read == 49


def test_eight_times_the_rows_do_not_take_sixty_times_as_long():
    rng = np.random.default_rng(0)
    letters = rng.choice(list("abcdefghijklmnop"), (4000, 6))
    words = rng.choice(["".join(word) for word in letters], (8_000, 38))
    rows = [[" ".join(row[:8]) + "?", " ".join(row[8:])] for row in words.tolist()]

    def take_in(count: int) -> None:
        table = table_of(rows[:count])
        result = import_table(table, guess_mapping(table), name="large")
        assert len(result.dataset.questions) == count

    assert_growth(take_in, 1_000, 8_000, at_most=24)


def test_pairs_known_to_be_wrong_are_part_of_the_dataset():
    rows = [[f"How is thing {i} done?", f"Thing {i} is done so.", "1"] for i in range(40)]
    rows += [["How is thing 3 done?", "Thing 5 is done so.", "0"]]
    rows += [["How is thing 3 done?", "Nobody knows at all.", "0"]]
    rows += [["Does nobody answer this?", "Thing 7 is done so.", "0"]]
    lines = ["question,answer,correct", *(",".join(row) for row in rows)]
    table = read_table("\n".join(lines).encode(), "faq.csv")
    dataset = import_table(table, guess_mapping(table), name="faq").dataset
    pairs = {
        (dataset.questions[q], dataset.answers[a])
        for q, a in zip(dataset.wrong_question, dataset.wrong_answer, strict=True)
    }
    assert pairs == {
        ("How is thing 3 done?", "Thing 5 is done so."),
        ("How is thing 3 done?", "Nobody knows at all."),
    }
    assert dataset.known_wrong(dataset.wrong_question, dataset.wrong_answer).all()
    assert not dataset.known_wrong(dataset.right_question, dataset.right_answer).any()


def test_weights_and_must_find_questions_are_read_from_their_columns():
    lines = ["question,answer,times asked,must find"]
    for i in range(30):
        lines.append(
            f"How does thing {i} work exactly?,Answer number {i} explains it.,{i},{'x' * (i == 4)}"
        )
    lines.append("How does thing 5 work exactly?,Another answer to five says more.,99,yes")
    content = "\n".join(lines).encode()
    table = read_table(content, "faq.csv")
    guess = guess_columns(table)
    assert (guess.mapping.weight, guess.mapping.must_find) == ("times asked", "must find")
    pairs = collect_pairs(table, guess.mapping)
    weight = dict(zip(pairs.questions, pairs.question_weight.tolist(), strict=True))
    assert weight["How does thing 7 work exactly?"] == 7
    assert weight["How does thing 5 work exactly?"] == 99, "the largest of its rows"
    assert weight["How does thing 0 work exactly?"] == 1
    assert any("Rows: 2" in str(warning) for warning in pairs.warnings)
    must = [q for q, needed in zip(pairs.questions, pairs.must_find, strict=True) if needed]
    assert must == ["How does thing 4 work exactly?", "How does thing 5 work exactly?"]


@pytest.mark.parametrize("values", ["3", "high", "-1"])
def test_a_column_that_says_nothing_about_weight_is_none(values):
    lines = [
        "question,answer,weight",
        *(f"What is {i}?,It is {i} indeed.,{values}" for i in range(9)),
    ]
    table = read_table("\n".join(lines).encode(), "faq.csv")
    assert guess_columns(table).mapping.weight is None
