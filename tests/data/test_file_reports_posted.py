"""Layouts of data sets, help desks and annotation programs, as people post them."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest

from core.data.columns.guessing import guess_columns
from core.data.importing import import_table
from core.data.reading.formats import read_table
from tests.data.made_files import (
    ANSWERS,
    NOT_PAIRS,
    PAIRS,
    QUESTIONS,
    WRONG,
    ZIPPED,
    document,
    lines,
    packed,
    right,
    said,
    table,
    wrong,
)


def grades(report) -> dict[tuple[str, str], float]:
    return {(q, a): grade for q, a, grade in report.pairs}


def parquet(records) -> bytes:
    content = io.BytesIO()
    pd.DataFrame(records).to_parquet(content)
    return content.getvalue()


def test_squad_in_rows_finds_the_context_and_without_a_span_it_is_wrong(read):
    records = [
        {
            "id": str(i),
            "title": "Library",
            "context": a,
            "question": q,
            "answers": {"text": [a[:9]], "answer_start": [0]},
        }
        for i, (q, a, _) in enumerate(ZIPPED)
    ] + [
        {
            "id": f"w{i}",
            "title": "Library",
            "context": bad,
            "question": q,
            "answers": {"text": [], "answer_start": []},
        }
        for i, (q, _, bad) in enumerate(ZIPPED)
    ]
    for content, name in ((parquet(records), "a.parquet"), (lines(records), "a.jsonl")):
        report = read(content, name)
        assert right(report) == PAIRS and wrong(report) == NOT_PAIRS, said(report)
        assert "are spans marked in context" in said(report)


def test_passages_are_judged_where_the_short_answers_are_the_same_for_right_and_wrong(read):
    records = [
        {"q_id": q[:5], "question": q, "answers": [a[:6]], "title": "T", "text": text, "label": k}
        for q, a, bad in ZIPPED
        for text, k in ((a, 1), (bad, 0))
    ]
    report = read(lines(records), "jqara.jsonl")
    assert right(report) == PAIRS and wrong(report) == NOT_PAIRS
    assert "text was taken as the text that label judges" in said(report)


@pytest.mark.parametrize("by_annotator", [True, False])
def test_records_of_argilla_have_the_response_of_each_annotator(read, by_annotator):
    def responses(yes: bool):
        said_ = ("yes", "yes") if yes else ("no", "no")
        if by_annotator:
            return [
                {"user_id": f"u{i}", "values": {"relevance": {"value": v}}, "status": "submitted"}
                for i, v in enumerate(said_)
            ] + [{"user_id": "u9", "values": {"relevance": {"value": "no"}}, "status": "discarded"}]
        return {
            "relevance": [
                {"value": v, "user_id": f"u{i}", "status": "submitted"} for i, v in enumerate(said_)
            ]
        }

    records = [
        {"id": str(i), "fields": {"question": q, "answer": text}, "responses": responses(yes)}
        for i, (q, a, bad) in enumerate(ZIPPED)
        for text, yes in ((a, True), (bad, False))
    ]
    for content, name in ((lines(records), "a.jsonl"), (document(records), "a.json")):
        report = read(content, name)
        assert right(report) == PAIRS and wrong(report) == NOT_PAIRS, said(report)
        assert report.columns["rater"] == "annotator"


def test_lists_of_annotations_are_ratings_of_the_pair_and_no_answers(read):
    records = [
        {
            "question": q,
            "answer": a,
            "annotations": [{"annotator": "A", "label": 1}, {"annotator": "B", "label": k}],
        }
        for k, (q, a, _) in enumerate(ZIPPED[:2])
    ]
    report = read(document(records), "a.json")
    assert grades(report) == {
        (QUESTIONS[0], ANSWERS[0]): 0.5,
        (QUESTIONS[1], ANSWERS[1]): 1.0,
    }
    assert "Raters contradict each other" in said(report)


def test_responses_in_lists_of_one_word_are_ratings(read):
    records = [
        {
            "question": q,
            "answer": text,
            "relevance.responses": [word],
            "relevance.responses.users": ["a1"],
        }
        for q, a, bad in ZIPPED
        for text, word in ((a, "yes"), (bad, "no"))
    ]
    report = read(parquet(records), "a.parquet")
    assert right(report) == PAIRS and wrong(report) == NOT_PAIRS


def test_votes_beside_ids_and_texts_judge_the_texts(read):
    records = [
        {"title": q, "answers": {"a_id": ["a", "b"], "text": [a, bad], "score": [1, 0]}}
        for q, a, bad in ZIPPED
    ]
    report = read(lines(records), "eli5.jsonl")
    assert right(report) == PAIRS and wrong(report) == NOT_PAIRS


def test_lists_of_scores_for_several_texts_are_no_rating(read):
    records = [
        {"query": q, "positive": a, "negative_1": bad, "score": [9.1, 2.0]} for q, a, bad in ZIPPED
    ]
    report = read(parquet(records), "triples.parquet")
    assert right(report) == PAIRS and wrong(report) == NOT_PAIRS


def test_made_up_answers_are_wrong_ones(read):
    records = [
        {"knowledge": "k", "question": q, "right_answer": a, "hallucinated_answer": bad}
        for q, a, bad in ZIPPED
    ]
    report = read(lines(records), "halueval.jsonl")
    assert right(report) == PAIRS and wrong(report) == NOT_PAIRS


def test_the_text_of_a_nested_question_is_not_the_name_of_its_data_set(read):
    records = [
        {
            "question": {"dataset": "eli5", "id": q[:3], "full_text": q},
            "answer_0": a,
            "score_0": 1.0,
            "answer_1": bad,
            "score_1": -1.0,
        }
        for q, a, bad in ZIPPED
    ]
    report = read(lines(records), "webgpt.jsonl")
    assert right(report) == PAIRS and wrong(report) == NOT_PAIRS


def test_accept_and_reject_judge_the_passage_rather_than_the_whole_task(read):
    records = [
        {"text": f"{q}\n{text}", "question": q, "passage": text, "answer": word}
        for q, a, bad in ZIPPED
        for text, word in ((a, "accept"), (bad, "reject"))
    ]
    report = read(lines(records), "prodigy.jsonl")
    assert right(report) == PAIRS and wrong(report) == NOT_PAIRS


def test_passages_in_objects_of_a_script_without_spaces(read):
    pairs = [(f"第{i}个问题怎么办", f"第{i}个回答内容") for i in range(4)]
    records = [{"question": q, "answer_paragraphs": [{"paragraph_text": a}]} for q, a in pairs]
    report = read(lines(records), "dureader.jsonl")
    assert right(report) == set(pairs)


def test_a_table_without_names_whose_last_column_is_a_mark(read):
    asked = ("怎么退款？", "几点关门", "在哪里开发票？")
    rows = [(q, f"请问{q}{k}", k) for k in (1, 0) for q in asked]
    report = read("\n".join("\t".join(map(str, row)) for row in rows).encode(), "lcqmc.tsv")
    found = {frozenset(pair) for pair in right(report)}
    assert found == {frozenset((q, f"请问{q}1")) for q in asked} and report.rows_read == 6
    assert "no column names" in said(report)


def test_tags_in_the_cells_of_a_help_centre_are_taken_out_and_told(read):
    records = [
        {"id": i, "title": q, "body": f"<p>{a.replace(',', '<b>,</b>')}</p>"}
        for i, (q, a) in enumerate(sorted(PAIRS))
    ]
    report = read(document({"count": 5, "articles": records}), "articles.json")
    assert right(report) == PAIRS
    assert "The texts in body are HTML; their tags were taken out." in said(report)


@pytest.mark.parametrize(
    "block",
    [
        "<!-- wp:paragraph -->\n<p>{}</p>\n<!-- /wp:paragraph -->",
        "<!-- wp:paragraph --><p>{}</p><!-- /wp:paragraph -->",
        '<!-- wp:list {{"ordered":true}} --><ol><li>{}</li></ol><!-- /wp:list -->',
        '<!-- wp:image {{"id":7}} -->\n<figure><img/></figure><!-- /wp:image --><p>{}</p>',
        "<!--StartFragment--><!--[if gte mso 9]><xml>a</xml><![endif]--><span>{}</span>",
        "<!-- wp:freeform -->{}<!-- /wp:freeform -->",
    ],
)
def test_posts_that_begin_with_comments_are_read_without_them_and_their_tags(block, read):
    rows = [{"post_title": q, "post_content": block.format(a)} for q, a in sorted(PAIRS)]
    report = read(json.dumps(rows).encode(), "posts.json")
    assert {(q, a) for q, a, _ in report.pairs} == PAIRS
    assert "The texts in post_content are HTML; their tags were taken out." in said(report)


def test_blocks_of_a_post_keep_apart_and_texts_about_comments_stay(read):
    blocks = "<!-- wp:heading --><h3>Step {i}</h3><!-- /wp:heading --><ul><li>a<li>b</ul>Then {i}."
    rows = [{"title": f"How is {i} done?", "content": blocks.format(i=i)} for i in range(8)]
    report = read(
        json.dumps([*rows, {"title": "Why?", "content": "<p>So.</p>"}]).encode(), "a.json"
    )
    assert "Step 3\na\nb\nThen 3." in {a for _, a, _ in report.pairs}
    rows = [{"title": f"Which mark {i}?", "content": f"Write <!-- mark {i} -->."} for i in range(8)]
    report = read(json.dumps(rows).encode(), "a.json")
    assert ("Which mark 2?", "Write <!-- mark 2 -->.", 1.0) in report.pairs


def test_questions_about_tags_keep_them(read):
    rows = [(f"What does <h{i}> do here?", f"<h{i}> makes heading {i}.") for i in range(1, 6)]
    assert right(read(table(("question", "answer"), rows))) == set(rows)


def test_an_agent_of_dialogflow_cx_has_phrases_and_what_the_routes_reply(read):
    members = {"agent.json": b"{}"}
    for i, q in enumerate([*QUESTIONS, "Good morning"]):
        phrases = {"trainingPhrases": [{"parts": [{"text": q[:4]}, {"text": q[4:]}]}]}
        members[f"intents__i{i}__trainingPhrases__en.json"] = document(phrases)
    routes = [
        {
            "intent": f"i{i}",
            "triggerFulfillment": {"messages": [{"text": {"text": [a]}, "languageCode": "en"}]},
        }
        for i, a in enumerate(ANSWERS)
    ]
    members["flows__Start__Start.json"] = document({"transitionRoutes": routes})
    report = read(packed(**members), "agent.zip")
    assert right(report) == PAIRS, said(report)
    assert ("list", "i5", 1) in {(part.kind, part.name, part.count) for part in report.not_used}


@pytest.mark.parametrize(
    "element",
    [
        '<button class="accordion">{q}</button><div class="panel"><p>{a}</p></div>',
        '<div class="faq-item"><div class="faq-question">{q}</div><div>{a}</div></div>',
        "<ul class='toggle'><li><details><summary>{q}</summary><p>{a}</p></details></li></ul>",
        '<h2 id="FAQ-1">{q}</h2><p>{a}</p>',
    ],
)
def test_pages_that_open_and_close_and_what_stands_below_them(read, element):
    body = "".join(element.format(q=q, a=a) for q, a in sorted(PAIRS))
    page = f"<html><body>{body}<div id='footer'><p>Made on Mar 01, 2024</p></div></body></html>"
    assert right(read(page.encode(), "faq.html")) == PAIRS


# Several people, marks of schools, grades between


def test_the_grades_of_several_people_are_averaged_and_told(read):
    rows = [
        (who, q, a, grade)
        for q, a in sorted(PAIRS)
        for who, grade in (("ann", 3), ("bob", 2), ("cy", 1))
    ] + [(who, q, bad, 0) for q, bad in sorted(NOT_PAIRS) for who in ("ann", "bob", "cy")]
    report = read(table(("annotator", "question", "answer", "relevance"), rows))
    assert {round(grades(report)[pair], 3) for pair in PAIRS} == {0.667}
    assert wrong(report) == NOT_PAIRS
    assert "Several people rate the same pair (annotator)" in said(report)
    without = read(table(("shift", "question", "answer", "relevance"), rows))
    assert {grades(without)[pair] for pair in PAIRS} == {1.0}  # nobody says who: the highest


@pytest.mark.parametrize(
    ("head", "best"),
    [
        (("Frage", "Antwort", "Schulnote"), 1),
        (("Frage", "Antwort", "Note"), 1),
        (("question", "answer", "school grade"), 1),
        (("Question", "Réponse", "Note"), 0),
    ],
)
def test_school_marks_go_from_one_to_six(read, head, best):
    rows = [(q, a, "1") for q, a in sorted(PAIRS)] + [(q, a, "6") for q, a in sorted(NOT_PAIRS)]
    report = read(table(head, rows, ";"))
    assert right(report) == (PAIRS if best else NOT_PAIRS)
    assert ("school marks from 1 (best, right)" in said(report)) == bool(best)
    if best:
        chosen = read(table(head, rows, ";"), columns="scale=1-6")
        assert right(chosen) == NOT_PAIRS


@pytest.mark.parametrize("text", ["5 de 5|1 de 5", "5/5|1/5", "5|1", "★★★★★|★"])
def test_one_of_five_stars_is_not_right_however_it_is_written(read, text):
    most, least = text.split("|")
    rows = [(q, a, most) for q, a in sorted(PAIRS)] + [(q, a, least) for q, a in sorted(NOT_PAIRS)]
    report = read(table(("Pregunta", "Respuesta", "Valoración"), rows))
    assert right(report) == PAIRS and wrong(report) == NOT_PAIRS


def test_two_of_five_is_a_grade_of_a_quarter_and_neither_dropped_nor_full():
    topics = [f"topic {chr(97 + i)}{chr(110 - i)}" for i in range(14)]
    rows = []
    for i, topic in enumerate(topics):
        for form in ("Where is {}?", "Tell me about {}", "{}: who helps?"):
            question = form.format(topic)
            rows.append((question, f"The page on {topic} explains everything, {i}.", 5))
            rows.append((question, f"Somewhat related to {topics[i - 1]}: see page {i}.", 2))
            rows.append((question, f"Nothing of the kind, notice number {i}.", 1))
    content = table(("question", "answer", "rating"), rows)
    read_ = read_table(content, "graded.csv")
    dataset = import_table(read_, guess_columns(read_).mapping, name="graded").dataset
    texts = np.array(dataset.answers)[dataset.right_answer]
    half = np.char.startswith(texts, "Somewhat")
    assert dataset.right_grade[half].tolist() == [0.25] * len(topics) * 3
    assert dataset.right_grade[~half].tolist() == [1.0] * len(topics) * 3
    assert not any(text.startswith("Nothing") for text in texts)
    gains = {float(g) for g in dataset.right_grade}
    assert gains == {0.25, 1.0} and len(dataset.wrong_answer) == len(topics) * 3


def test_a_number_with_two_readings_is_the_same_whatever_the_order(read):
    numbers = ["1,009", "2,010", "3,001", "1,234"]
    told = set()
    for order in (numbers, numbers[::-1]):
        rows = [(q, a, n) for (q, a), n in zip(sorted(PAIRS), order, strict=False)]
        told.add(said(read(table(("question", "answer", "rating"), rows))).split(" may be read")[0])
    assert len(told) == 1 and next(iter(told)).endswith("1,009")


def test_json_of_two_lists_of_languages_is_read_whole(read):
    faq = {
        "en": [{"q": q, "a": a} for q, a in sorted(PAIRS)],
        "de": [{"q": "Wann?", "a": WRONG[0]}],
    }
    report = read(json.dumps({"faqs": faq}).encode(), "faqs.json")
    assert right(report) == PAIRS | {("Wann?", WRONG[0])}


@pytest.mark.parametrize("scored", [True, False])
def test_two_replies_and_which_is_preferred(read, scored):
    """The Stanford Human Preferences layout: 1 = the first; without scores it is asked."""
    records = []
    for i, (q, a, bad) in enumerate(ZIPPED):
        first = i % 2 == 0
        records.append(
            {
                "history": q,
                "human_ref_A": a if first else bad,
                "human_ref_B": bad if first else a,
                "labels": int(first) if scored else int(not first),
            }
        )
        if scored:
            records[-1] |= {"score_A": 9 if first else 2, "score_B": 2 if first else 9}
    report = read(lines(records), "shp.jsonl")
    assert right(report) == PAIRS
    assert wrong(report) == NOT_PAIRS
    told = ("score_A, score_B say so", "If it says the opposite")[not scored]
    assert told in said(report)


def test_an_arena_names_the_winner(read):
    records = [
        {
            "prompt": q,
            "response_a": bad if i % 2 else a,
            "response_b": a if i % 2 else bad,
            "winner": "model_b" if i % 2 else "model_a",
        }
        for i, (q, a, bad) in enumerate(ZIPPED)
    ]
    report = read(lines(records), "arena.jsonl")
    assert right(report) == PAIRS
    assert wrong(report) == NOT_PAIRS


def test_of_two_outputs_in_a_list_the_first_is_better(read):
    records = [{"instruction": q, "input": "", "output": [a, bad]} for q, a, bad in ZIPPED]
    report = read(lines(records), "preferences.jsonl")
    assert right(report) == PAIRS
    assert wrong(report) == NOT_PAIRS
    assert "the first counts as right" in said(report)


def test_marks_at_the_end_of_prompts_and_completions_are_left_out(read):
    records = [{"prompt": f"{q}\n\n###\n\n", "completion": f" {a} END"} for q, a, _ in ZIPPED]
    report = read(lines(records), "tuning.jsonl")
    assert right(report) == PAIRS
    assert "ends with “###”" in said(report) and "ends with “END”" in said(report)
    kept = [
        {"prompt": q, "completion": f"{a} END" if i else a} for i, (q, a, _) in enumerate(ZIPPED)
    ]
    assert any(a.endswith("END") for _, a in right(read(lines(kept), "tuning.jsonl")))


def test_a_table_below_a_title_is_another_table(read):
    rows = [("question", "answer"), *((q, a) for q, a, _ in ZIPPED)]
    rows += [("", ""), ("Feedback", ""), ("Rating", "Comment"), ("5", "fine"), ("4", "good")]
    content = "\n".join(",".join(f'"{cell}"' if cell else "" for cell in row) for row in rows)
    report = read(content.encode(), "two.csv")
    assert right(report) == PAIRS
    assert "Another table begins" in said(report)
