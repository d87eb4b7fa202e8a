"""Paragraphs with questions, whose answers are spans in them: a question finds its paragraph."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from core.data.columns.column_names import name_list, plain_name, role_of
from core.data.reading.unfolding import text_of

Record = dict[str, object]
_ENOUGH = 0.5  # share of the answers that are spans
_SHORTER = 0.5  # of the paragraph
_SAMPLE = 200  # records that tell what all are
# How those who write no SQuAD call a paragraph, the list of its questions and what is in it.
_TEXTS = frozenset(
    name_list(
        "context contexttext paragraph paragraphtext passage passagetext story article document",
        "kontext absatz contexte paragraphe contexto contesto 文脈 段落 原文 문맥 지문",
    )
)
_LISTS = frozenset(name_list("qas qa qapairs questions questionanswers"))
_SENTENCE = re.compile(r"[.!?…。！？؟][\"'”’»」』）)\]]*\s*$")


def read_paragraphs(document: object) -> list[object] | None:
    """Return the questions about the paragraphs of SQuAD, JSQuAD, CMRC and their kin.

    A question without an answer has none in its paragraph, which is a known wrong one.
    """
    articles = document.get("data") if isinstance(document, dict) else document
    if isinstance(document, dict) and "paragraphs" in document:
        articles = [document]
    if not isinstance(articles, list):
        return None
    records: list[object] = []
    for article in articles:
        paragraphs = article.get("paragraphs") if isinstance(article, dict) else None
        for paragraph in paragraphs if isinstance(paragraphs, list) else ():
            if isinstance(paragraph, dict) and isinstance(paragraph.get("qas"), list):
                records += _asked(paragraph, "context", "qas", article.get("title"))
    if not records and are_about_spans(articles):
        for paragraph in articles:
            records += questions_about(paragraph) or ()
    return records or None


def are_about_spans(records: Sequence[object]) -> bool:
    """Tell whether records hold a paragraph each, and questions answered by spans of it."""
    spans = answered = 0
    for record in records[:_SAMPLE]:
        for entry in questions_about(record) or ():
            if entry["answer"]:
                answered += 1
                spans += _is_span(str(entry["span"]), str(entry["answer"]))
    return answered > 0 and spans >= _ENOUGH * answered


def questions_about(record: object) -> list[Record] | None:
    """Return the questions that a record lists about its own paragraph, None where it has none."""
    if not isinstance(record, dict):
        return None
    names = {plain_name(str(key)): key for key in record}
    text = next((names[n] for n in names if n in _TEXTS and isinstance(record[names[n]], str)), "")
    asked = next(
        (names[n] for n in names if n in _LISTS and isinstance(record[names[n]], list)), ""
    )
    if not (text and asked and record[text] and record[asked]):
        return None
    return _asked(record, text, asked, record.get("title")) or None


def _asked(paragraph: Mapping[str, object], text: str, asked: str, title: object) -> list[Record]:
    records: list[Record] = []
    entries = paragraph[asked]
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict):
            continue
        record: Record = {
            "question": _of_role(entry, "question"),
            "question_id": _of_role(entry, "question_id"),
            "category": title,
        }
        given = _of_role(entry, "answer")
        spans = [text_of(answer) for answer in (given if isinstance(given, list) else [given])]
        spans = [span for span in spans if span]
        if entry.get("is_impossible") or not spans:
            record |= {"answer": "", "negative": paragraph.get(text)}
        else:
            record |= {"answer": paragraph.get(text), "span": spans[0]}
        records.append(record)
    return records


def _of_role(entry: Mapping[str, object], role: str) -> object:
    """Return what has a role in a question, under its usual name or another: ``query_text``."""
    usual = {"question": "question", "question_id": "id", "answer": "answers"}[role]
    if usual in entry:
        return entry[usual]
    named = [key for key in entry if role_of(key) == role and "plausible" not in key.casefold()]
    worded = [key for key in named if role != "answer" or not isinstance(entry[key], bool | int)]
    return entry[worded[0]] if worded else None


def lists_with_spans(records: Sequence[object]) -> frozenset[str]:
    """Return the names of lists in records whose texts hold the short answers beside them."""
    held: Counter[str] = Counter()
    listed: Counter[str] = Counter()
    for record in records[:_SAMPLE]:
        if not isinstance(record, dict):
            continue
        answers = [
            text
            for key, value in record.items()
            if role_of(str(key)) == "answer"
            for text in (value if isinstance(value, list) else [value])
            if isinstance(text, str)
        ]
        for key, value in record.items():
            if isinstance(value, list) and any(isinstance(item, dict) for item in value):
                listed[str(key)] += 1
                held[str(key)] += stand_in(answers, map(text_of, value))
    return frozenset(key for key, count in listed.items() if held[key] >= _ENOUGH * count)


def stand_in(answers: Iterable[str], texts: Iterable[str]) -> bool:
    """Tell whether one of the answers stands word for word in one of the texts."""
    wanted = [plain for answer in answers if (plain := _plain(answer))]
    return any(answer in plain for plain in map(_plain, texts) for answer in wanted)


def _is_span(answer: str, paragraph: str) -> bool:
    short = len(answer) <= _SHORTER * len(paragraph) and not _SENTENCE.search(answer)
    return short and stand_in([answer], [paragraph])


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
