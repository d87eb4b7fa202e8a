"""Posts of a forum in one table: each answer finds its question, and pages are no answers."""

import csv
import io
import json

import pytest

from core.data.file_reports import ReadingOptions, report_on

ASKED = [f"Waar staat kast {i}?" for i in range(8)]
TOLD = [f"In zaal {i}, links van de deur." for i in range(8)]
STACK = ("Id", "PostTypeId", "ParentId", "AcceptedAnswerId", "Title", "Body", "Score")
BIGQUERY = ("id", "post_type_id", "parent_id", "accepted_answer_id", "title", "body", "score")
FORUM = ("ID", "post_type", "post_parent", "best_answer_id", "post_title", "post_content", "votes")


def posts(names, *, none="", reply="", second=False, kinds=("1", "2")):
    rows = []
    for i, q in enumerate(ASKED):
        rows.append([str(10 * i + 1), kinds[0], none, str(10 * i + 3), q, f"<p>Hulp: {q}</p>", "7"])
        if second:
            rows.append([str(10 * i + 2), kinds[1], rows[-1][0], "", "", f"<p>Nee {i}.</p>", "9"])
    for i, a in enumerate(TOLD):
        title = f"{reply}{ASKED[i]}" if reply else ""
        rows.append([str(10 * i + 3), kinds[1], str(10 * i + 1), "", title, f"<p>{a}</p>", "1"])
    return [dict(zip(names, row, strict=True)) for row in rows]


def as_csv(rows):
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def report_of(content, tmp_path, name="posts.csv"):
    path = tmp_path / name
    path.write_bytes(content)
    return report_on(path, options=ReadingOptions())


def right(report):
    return {(q, a) for q, a, grade in report.pairs if grade}


@pytest.mark.parametrize("names", [STACK, BIGQUERY, FORUM])
@pytest.mark.parametrize("changed", [{}, {"none": "0"}, {"reply": "Re: "}, {"kinds": ("4", "7")}])
def test_an_answer_goes_to_the_title_of_the_post_that_it_names(names, changed, tmp_path):
    rows = posts(names, **changed)
    for content, file in (
        (as_csv(rows), "posts.csv"),
        ("\n".join(map(json.dumps, rows)).encode(), "posts.jsonl"),
    ):
        report = report_of(content, tmp_path, file)
        assert right(report) == set(zip(ASKED, TOLD, strict=True))
        assert len(report.pairs) == len(ASKED) and not report.set_aside
        assert report.columns["question_id"] == names[0]
        assert any(f"where {names[2]} is the same as {names[0]}" in str(w) for w in report.warnings)
        assert names[6] in {part.name for part in report.not_used}, "votes make no answer wrong"


def test_the_accepted_answer_is_right_and_a_question_without_an_answer_is_open(tmp_path):
    rows = posts(STACK, second=True)
    rows[0]["AcceptedAnswerId"] = ""  # nobody has accepted one: both count
    rows = [row for row in rows if row["ParentId"] != "11"]
    rows.append(dict.fromkeys(STACK, "") | {"Id": "990", "ParentId": "999", "Body": "Naar niets."})
    report = report_of(as_csv(rows), tmp_path)
    assert right(report) == {p for p in zip(ASKED, TOLD, strict=True) if p[0] != ASKED[1]} | {
        (ASKED[0], "Nee 0.")
    }
    assert {a for _, a, grade in report.pairs if grade == 0} == {f"Nee {i}." for i in range(2, 8)}
    assert report.open == [ASKED[1]]
    assert [item[3] for item in report.set_aside] == ["Naar niets."]


@pytest.mark.parametrize("title", ["{q}", "Page of {q}"], ids=["earlier version", "page below"])
def test_a_page_with_a_title_of_its_own_answers_no_other_page(title, tmp_path):
    rows = []
    for i, (q, a) in enumerate(zip(ASKED, TOLD, strict=True)):
        rows.append({"ID": f"{i + 1}", "post_parent": "0", "post_title": q, "post_content": a})
        below = {"post_title": title.format(q=q), "post_content": f"Vroeger: {a}"}
        rows.append({"ID": f"{i + 101}", "post_parent": f"{i + 1}"} | below)
    report = report_of(as_csv(rows), tmp_path)
    assert set(zip(ASKED, TOLD, strict=True)) <= right(report)


def test_answers_to_posts_of_another_file_join_nothing(tmp_path):
    rows = posts(STACK)
    for row in rows:
        row["ParentId"] = row["ParentId"] and f"7{row['ParentId']}"
    report = report_of(as_csv(rows), tmp_path)
    assert not right(report) & set(zip(ASKED, TOLD, strict=True))


def test_questions_that_are_their_own_answers_are_told(tmp_path):
    asked = [{"Title": q, "Body": f"<p>{q}</p>"} for q in ASKED]
    said = " ".join(map(str, report_of(as_csv(asked), tmp_path).warnings))
    assert "Question and answer are the same text. Rows: 2, 3, 4" in said
    told = [{"Title": q, "Body": f"<p>{a}</p>"} for q, a in zip(ASKED, TOLD, strict=True)]
    assert "same text" not in " ".join(map(str, report_of(as_csv(told), tmp_path).warnings))
