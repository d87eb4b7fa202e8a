"""Files about data that are there already: ratings, scores, corrections, runs."""

from __future__ import annotations

import pytest

from core.data.file_reports import ReadingOptions, report_on
from tests.data.conftest import as_sent
from tests.data.made_files import (
    said,
    table,
)

# Files about data that are there already

FORMS = ("{0}", "Please tell me. {0}", "I need help: {0}", "Quick question. {0}", "{0} Thanks.")
TOPICS = ("parcel", "refund", "password", "invoice", "colour", "tent", "stove", "boots", "kettle")


@pytest.fixture
def about(tmp_path):
    """Return a function that reads a file for data with ids, and the data's rows."""
    rows = [
        (f"q{i}{j}", form.format(f"What about my {topic}?"), f"a{i}", f"All on every {topic}: {i}.")
        for i, topic in enumerate(TOPICS)
        for j, form in enumerate(FORMS)
    ]
    data = tmp_path / "data.csv"
    data.write_bytes(table(("question_id", "question", "answer_id", "answer"), rows))

    def reading(kind, content, name="file.csv", **options):
        path = tmp_path / name
        path.write_bytes(content)
        return as_sent(report_on(path, kind, data, ReadingOptions(**options)))

    return reading, rows


def test_a_kind_of_file_that_belongs_to_data_needs_them(read, tmp_path):
    path = tmp_path / "r.csv"
    path.write_bytes(b"question,answer,rating\na,b,1\n")
    assert "--for" in str(report_on(path, "ratings").refused)
    assert "no kind tables" in str(report_on(path, "tables").refused)


@pytest.mark.parametrize(
    ("said_", "values", "scale"),
    [
        (("10", "1", "7", "8"), (1, 0, 2 / 3, 7 / 9), "1-10"),
        (("7", "1", "6", "4"), (1, 0, 5 / 6, 0.5), "1-7"),
        (("10", "0", "6", "5"), (1, 0, 0.6, 0.5), "0-10"),
        (("5", "1", "3", "2"), (1, 0, 0.5, 0.25), "1-5"),
        (("100 %", "0 %", "60%", "50%"), (1, 0, 0.6, 0.5), "0-100"),
        (("8/10", "0/10", "10/10", "5/10"), (0.8, 0, 1, 0.5), "0-10"),
        (("ja", "nein", "teilweise", "ja"), (1, 0, 0.5, 1), "words"),
        (("👍", "👎", "👍", "👎"), (1, 0, 1, 0), "words"),
        (("1", "0", "1", "0"), (1, 0, 1, 0), "0-1"),
        (("5 - perfect", "1 - off topic", "3 - fair", "2 - poor"), (1, 0, 0.5, 0.25), "1-5"),
    ],
)
@pytest.mark.parametrize("who", ["annotator_id", "completed_by", "Rater", "reviewer", "worker_id"])
def test_scales_and_raters_of_rating_files(about, said_, values, scale, who):
    reading, rows = about
    lines_ = [(q, a, f"w{i % 2}", said_[i % 4]) for i, (_, q, _, a) in enumerate(rows)]
    report = reading("ratings", table(("question", "answer", who, "rating"), lines_))
    assert report.scale == scale and report.raters == ["w0", "w1"], said(report)
    wanted = {(q, a): values[i % 4] for i, (_, q, _, a) in enumerate(rows)}
    assert {(q, a): v for q, a, v in report.pairs} == {
        (q, a): pytest.approx(wanted[q, a], abs=1e-6) for q, a, _ in report.pairs
    }
    assert len(report.pairs) + len(report.set_aside) == len(rows)


def two_raters(rows, names):
    """Return two ratings of each pair, with what stands in the column of names beside them."""
    return [
        (q, a, name, rating)
        for i, (_, q, _, a) in enumerate(rows)
        for name, rating in zip(names(i), ("5", "2"), strict=True)
    ]


@pytest.mark.parametrize(
    "head",
    [
        *["PROLIFIC_PID", "ResponseId", "Respondent ID", "Email Address", "Reviewer e-mail"],
        *["Rater initials", "Kürzel", "Testperson", "Assessor code", "Full Name", "Jury"],
        *["Beoordelaar", "oceniający", "Hodnotitel", "Bedømmer", "Értékelő", "оценщик", "مقيم"],
        *["標註人", "标注者ID", "打分人", "記入者名", "채점자", "評価者番号"],
    ],
)
def test_who_rated_is_found_under_many_names(about, head):
    """Two raters taken for one would leave only the rating of the last."""
    reading, rows = about
    content = table(("question", "answer", head, "rating"), two_raters(rows, lambda i: "12"))
    assert reading("ratings", content).raters == ["1", "2"]


@pytest.mark.parametrize("names", [("Mia K.", "Jan P."), ("5f0a", "9c1e"), ("m@x.de", "j@x.de")])
def test_who_rated_is_found_by_what_differs_between_the_ratings_of_a_pair(about, names):
    reading, rows = about
    content = table(("question", "answer", "Team", "rating"), two_raters(rows, lambda i: names))
    report = reading("ratings", content)
    assert report.raters == sorted(names) and report.columns["rater"] == "Team"


@pytest.mark.parametrize(
    ("head", "names"),
    [
        ("Criterion", lambda i: ("style", "relevance")),
        ("Round", lambda i: ("a", "b")),
        ("Fluency", lambda i: ("4", "3")),
        ("Checked", lambda i: ("yes", "no")),
        ("Comment", lambda i: (f"fine, see page {i}", f"no, not {i}")),
        ("Team", lambda i: ("north", "north")),
        ("Comment", lambda i: ("fine", "hmm")),
        ("Product", lambda i: ("tent", "stove")),
    ],
)
def test_other_differences_between_the_ratings_of_a_pair_name_nobody(about, head, names):
    reading, rows = about
    content = table(("question", "answer", head, "rating"), two_raters(rows, names))
    report = reading("ratings", content)
    assert report.raters == ["you"] and "in different ways" in said(report)


def test_scores_in_any_number_format(about):
    reading, rows = about
    for texts, values in (
        (("1,000", "1,001"), (1000, 1001)),
        (("1.000,5", "2,25"), (1000.5, 2.25)),
        (("1'000", "\u22125"), (1000, -5)),
        (("0,125", "0,5"), (0.125, 0.5)),
        (("1e-3", "2"), (0.001, 2)),
    ):
        lines_ = [(q, a, texts[i % 2]) for i, (q, _, a, _) in enumerate(rows)]
        report = reading("scores", table(("question", "answer", "score"), lines_))
        assert sorted({v for *_, v in report.pairs}) == pytest.approx(sorted(values)), said(report)
    assert "two ways" in said(
        reading(
            "scores",
            table(
                ("question", "answer", "score"),
                [(r[0], r[2], f"1,00{i % 2}") for i, r in enumerate(rows)],
            ),
        )
    )


@pytest.mark.parametrize("head", ["score", "Similarity (model)", "Punktzahl", "スコア"])
@pytest.mark.parametrize(
    "texts", [("strong", "weak"), ("(1.5)", "(2.5)"), ("1,23,000", "2,34,000")]
)
def test_scores_that_are_no_numbers_are_named_with_an_example(about, head, texts):
    """“Choose three different columns” where all three are there sends people in circles."""
    reading, rows = about
    lines_ = [(q, a, texts[i % 2] if i else "") for i, (_, q, _, a) in enumerate(rows)]
    report = reading("scores", table(("question", "answer", head), lines_))
    assert f"The column {head} of file.csv holds no numbers (row 3: “{texts[1]}”)" in said(report)
    assert "Choose three different columns" not in said(report)


def test_without_a_column_of_scores_the_columns_are_to_be_chosen(about):
    reading, rows = about
    lines_ = [(q, a, f"note {i} on this") for i, (_, q, _, a) in enumerate(rows)]
    report = reading("scores", table(("question", "answer", "remark"), lines_))
    assert "Choose three different columns" in said(report)
    numbers = [(q, a, "n/a", 0.1 * i) for i, (_, q, _, a) in enumerate(rows)]
    report = reading("scores", table(("question", "answer", "score", "cosine"), numbers))
    assert report.columns["score"] == "cosine" and report.refused is None


def test_two_corrections_of_a_pair_by_one_person_are_named(about):
    reading, rows = about
    _, q, _, a = rows[0]
    content = table(
        ("question", "answer", "label", "reason", "who"),
        [(q, a, "80 %", "seen", "Mia"), (q, a, "20", "again", "Mia"), (q, a, "50", "no", "Bo")],
    )
    report = reading("corrections", content)
    assert {(v, q) for q, _, v in report.pairs} == {(0.2, q), (0.5, q)}
    assert [row for row, *_ in report.set_aside] == [2]
    shares = table(("question", "answer", "label", "reason"), [(q, a, "0.8", "seen")])
    report = reading("corrections", shares)
    assert report.pairs == [(q, a, 0.8)] and "shares" in said(report)


def run_of(rows, scores, name="live"):
    return "".join(
        f"{q} Q0 a{rank} {rank + 1} {score} {name}\n"
        for q, *_ in rows
        for rank, score in enumerate(scores)
    ).encode()


def test_ranks_that_contradict_scores_are_asked_about(about):
    reading, rows = about
    distances = run_of(rows, (0.2, 0.3, 0.4))
    assert "contradict" in said(reading("run", distances))
    report = reading("run", distances, order="rank")
    first = [(q, a) for q, a, _ in report.pairs[:2]]
    assert first == [(rows[0][1], rows[0][3]), (rows[0][1], rows[5][3])]
    assert reading("run", run_of(rows, (0.4, 0.3, 0.2))).refused is None


def test_several_systems_in_a_run_stay_apart_and_json_lists_are_named(about):
    reading, rows = about
    both = run_of(rows, (3, 2, 1), "one") + run_of(rows, (3, 2, 1), "two")
    report = reading("run", both)
    assert report.systems == ["one", "two"] and "2 systems" in said(report)
    assert len(reading("run", both, system="one").pairs) * 2 == len(report.pairs)
    assert "JSON list" in said(reading("run", b'[{"id": 1}]'))


def test_distances_are_turned_round_and_the_first_of_two_scores_counts(about):
    """Taken as it is, the farthest answer would be the best."""
    reading, rows = about
    lines_ = [(q, a, 0.1 * i) for i, (_, q, _, a) in enumerate(rows)]
    _, first, _, answer = rows[0]
    more = [(first, answer, 0.0), (first, answer, 9.5), (rows[1][1], "No such text.", 0.3)]
    report = reading("scores", table(("question", "answer", "distance"), [*lines_, *more]))
    scores = {(q, a): value for q, a, value in report.pairs}
    assert scores[first, answer] == 0
    assert scores[rows[9][1], rows[9][3]] == pytest.approx(-0.9)
    assert "smaller is better" in said(report)
    reasons = {row: str(why) for row, why, *_ in report.set_aside}
    assert "scored the same pair already" in reasons[len(rows) + 3]
    assert set(reasons) == {len(rows) + 3, len(rows) + 4}


def test_raters_side_by_side_are_told_apart_and_the_last_of_two_ratings_counts(about):
    reading, rows = about
    asked = [(q, a) for _, q, _, a in rows]
    head = ("question", "answer", "rating")
    first = reading("ratings", table(head, [(*pair, 1 + i % 5) for i, pair in enumerate(asked)]))
    open_to_all = [(q, a) for q, a, _ in first.pairs]  # the others are kept for the test
    lines_ = [(*pair, 5, 1 + i % 5) for i, pair in enumerate(open_to_all)]
    again = [(*open_to_all[0], 1, 1)]
    report = reading(
        "ratings", table(("question", "answer", "Rating Anna", "Rating Ben"), [*lines_, *again])
    )
    assert report.raters == ["Anna", "Ben"] and report.scale == "1-5"
    anna = [value for _, _, value in report.pairs[: len(report.pairs) // 2]]
    assert anna[-1] == 0 and set(anna[:-1]) == {1.0}
    assert "The same person rates the same pair in different ways; the last rating counts" in said(
        report
    )


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (("question", "answer", "label", "reason"), ("yes", "no")),
        (("Frage", "Antwort", "Wert", "Begründung"), ("ja", "nein")),
        (("Question", "Réponse", "Valeur", "Raison"), ("oui", "non")),
        (("Pregunta", "Respuesta", "Valor", "Motivo"), ("sí", "no")),
        (("質問", "回答", "ラベル", "理由"), ("はい", "いいえ")),
        (("问题", "答案", "标签", "原因"), ("是", "否")),
        (("question", "answer", "corrected", "why"), ("right", "wrong")),
        (("question", "answer", "label", "reason"), ("100 %", "0 %")),
    ],
)
def test_corrections_in_words_and_under_names_of_many_languages(about, head, words):
    reading, rows = about
    lines_ = [(q, a, words[i % 2], "checked") for i, (_, q, _, a) in enumerate(rows)]
    report = reading("corrections", table(head, lines_))
    assert report.refused is None, said(report)
    assert {(q, a): v for q, a, v in report.pairs} == {
        (q, a): float(1 - i % 2) for i, (_, q, _, a) in enumerate(rows)
    }
    assert ("Labels in words were read as" in said(report)) == ("%" not in words[0])


def test_an_unknown_word_is_no_correction(about):
    reading, rows = about
    lines_ = [(q, a, "hmm" if i else "yes", "so") for i, (_, q, _, a) in enumerate(rows)]
    report = reading("corrections", table(("question", "answer", "label", "reason"), lines_))
    assert len(report.pairs) == 1 and len(report.set_aside) == len(rows) - 1
