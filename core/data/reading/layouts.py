"""Where in a document the records are: the layouts in which programs write questions and answers.

A layout is one described entry in :data:`LAYOUTS`; what fits none of them is searched for lists of
records with a question and an answer, however deep they lie.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.data.cells import cell_text, plain_text
from core.data.columns.column_names import is_negative, plain_name, role_of
from core.data.reading.exchanges import (
    CHATS,
    LATER,
    NOTE,
    exchanges,
    last_turns,
    public_record,
)
from core.data.reading.records.annotators import read_argilla, read_label_studio
from core.data.reading.records.gemini import with_messages
from core.data.reading.records.intents import read_chatterbot, read_rasa, read_watson
from core.data.reading.records.internal import LEFT_OUT
from core.data.reading.records.joins import answers_of, as_texts, join_of, joined_note
from core.data.reading.records.keyed_objects import (
    are_questions,
    keyed_records,
    read_dictionaries,
    read_dictionary,
    text_maps,
    with_ids,
)
from core.data.reading.records.marked_lists import with_marked_lists
from core.data.reading.records.paragraphs import (
    are_about_spans,
    lists_with_spans,
    questions_about,
    read_paragraphs,
)
from core.data.reading.records.replies import read_replies
from core.data.reading.records.threads import read_chat_trees, read_threads
from core.data.reading.unfolding import text_of
from core.data.table import NotUsed
from core.errors import DataError
from core.messages import N_, Message, N_n

Record = dict[str, object]
_FIRST = 20  # records that tell what all lines are
MAX_DEPTH = 8
_SPLITS = frozenset(
    {"train", "training", "test", "testing", "dev", "valid", "validation", "eval"}
    | {"data", "rows", "items"}
)
_TALKS = ("helpdesk", "chat_tree")  # layouts whose records are talks and nothing else
# Layouts that also come as one record per line.
_LINE_BY_LINE = ("argilla", *_TALKS, "replies", "hits")
_LISTED_PAIRS = frozenset(
    ("qa", "qas", "qna", "qnas", "questions", "pairs", "qapairs", "faq", "faqs", "items", "entries")
)
_ARTICLE_TEXTS = ("body", "description", "descriptiontext", "content", "text", "html", "answer")
_VOTES = frozenset(
    ("thumbsup", "thumbsdown", "votesum", "votecount", "upvotes", "downvotes", "upvotecount")
)
_ARTICLE = 30  # signs of a text that says more than a title
_NAMES = ("title", "name", "category", "topic", "section", "heading", "label", "tag", "intent")


@dataclass(frozen=True)
class Found:
    """The records of a document.

    Attributes
    ----------
    layout : str
        Key of :data:`LAYOUTS`, "" where they were found by their names alone.
    """

    records: Sequence[object]
    layout: str = ""
    warnings: list[Message] = field(default_factory=list)
    not_used: list[NotUsed] = field(default_factory=list)


@dataclass(frozen=True)
class RecordLayout:
    """One way in which programs write questions and answers.

    Attributes
    ----------
    title, meaning : str
        What the user calls it; what becomes of it.
    example : str
        A small file of it.
    read : callable
        Returns the records of a document, None where it is no such document.
    """

    key: str
    title: str
    meaning: str
    example: str
    read: Callable[[object], Sequence[object] | None]


def find_records(document: object) -> Found | None:
    """Return the records of a JSON document; None where there is no list of records in it."""
    for layout in LAYOUTS:
        records = layout.read(document)
        if records:
            note = Message(N_("Read as: {layout}."), {"layout": layout.title})
            warnings = [note]
            if layout.key == "rows" and len(records) == len(document):  # type: ignore[arg-type]
                text = N_(
                    "No list names the columns, so the first one was taken as a question and its "
                    "answer like all others."
                )
                warnings.append(Message(text))
            beside = _beside_hits(document) if layout.key == "hits" else []
            if layout.key == "maps" and (maps := text_maps(document)):
                warnings += maps.warnings()
                beside = maps.not_used()
            return _expanded(Found(records, layout.key, warnings, beside))
    return _searched(document)


def expand_lines(records: list[object]) -> Found:
    """Return the records of a file with one record per line."""
    if are_about_spans(records):
        note = Message(N_("Read as: {layout}."), {"layout": _layout("squad").title})
        return _expanded(Found([questions_about(r) or r for r in records], "squad", [note]))
    for layout in LAYOUTS:
        if layout.key not in _LINE_BY_LINE or not layout.read(records[:_FIRST]):
            continue
        found: list[object] = [*(layout.read(records) or ())]
        if len(found) == len(records):  # who is who is seen best in all talks together
            note = Message(N_("Read as: {layout}."), {"layout": layout.title})
            return _expanded(Found(found, layout.key, [note]))
        found = []
        for record in records:
            parts = layout.read([record]) or [record]
            found.append(parts[0] if len(parts) == 1 else parts)
        note = Message(N_("Read as: {layout}."), {"layout": layout.title})
        return _expanded(Found(found, layout.key, [note]))
    return _expanded(Found(records))


def _layout(key: str) -> RecordLayout:
    return next(layout for layout in LAYOUTS if layout.key == key)


def _read_maps(document: object) -> list[object] | None:
    maps = text_maps(document)
    return maps.records() if maps else None


# Documents as a whole


def _structured_data(document: object) -> list[object] | None:
    """FAQPage and QAPage of schema.org, as JSON-LD, wherever the questions lie."""
    if '"@type"' not in _head(document):
        return None
    records: list[object] = []
    for item in _walk(document):
        if str(item.get("@type", "")).casefold() != "question":
            continue
        answers: list[str] = []
        for key in ("acceptedAnswer", "suggestedAnswer"):
            given = item.get(key)
            for answer in given if isinstance(given, list) else [given]:
                text = text_of(answer) if answer is not None else ""
                if text and not (key == "suggestedAnswer" and answers):
                    answers.append(plain_text(text))
        question = text_of(item.get("name") or item.get("text") or "")
        records.append({"question": plain_text(question), "answer": answers})
    return records or None


def _head(document: object) -> str:
    """Return a little of a document as text, to look for a mark."""
    if isinstance(document, list):
        document = document[:2]
    keys: list[str] = []
    for item in _walk(document, 2):
        keys += [f'"{key}"' for key in item]
    return " ".join(keys[:200])


def _walk(document: object, depth: int = MAX_DEPTH) -> Iterator[Mapping[str, object]]:
    if isinstance(document, dict):
        yield document
        inner: Sequence[object] = list(document.values())
    else:
        inner = document if isinstance(document, list) else ()
    if depth:
        for item in inner:
            if isinstance(item, dict | list):
                yield from _walk(item, depth - 1)


def _columns(document: object) -> list[object] | None:
    """Columns instead of rows, as pandas writes them (orient columns, index, split, list)."""
    if not isinstance(document, dict) or len(document) < 2:
        return None
    names, data = document.get("columns"), document.get("data")
    rows = data if isinstance(data, list) else []
    if isinstance(names, list) and rows and all(isinstance(row, list) for row in rows):
        return [dict(zip(map(str, names), row, strict=False)) for row in rows]
    if are_questions(document):
        return None
    values = list(document.values())
    roles = {role_of(str(key)) for key in document}
    named = {"question", "answer"} <= roles
    _check_lengths(document)
    if all(isinstance(value, dict) for value in values):
        keys = list(values[0])
        if named and keys and all(set(value) == set(keys) for value in values):
            return [{name: column[key] for name, column in document.items()} for key in keys]
        if not named and not any(map(keyed_records, values)):
            pairs = sum(_is_pair(value) for value in values) >= 0.5 * len(values)
            return with_ids(document) if pairs else None
    if all(isinstance(value, list) for value in values) and len({len(v) for v in values}) == 1:
        plain = not any(isinstance(item, dict | list) for value in values for item in value[:50])
        if named or plain:
            return [dict(zip(document, row, strict=True)) for row in zip(*values, strict=True)]
    return None


def _check_lengths(document: Mapping[str, object]) -> None:
    """Refuse a list of questions and one of answers that are not equally long."""
    lists = {
        name: value
        for name, value in document.items()
        if isinstance(value, list) and value and all(isinstance(item, str) for item in value)
    }
    asked = [name for name in lists if role_of(name) == "question"]
    told = [name for name in lists if role_of(name) == "answer"]
    if len(asked) != 1 or len(told) != 1 or len(lists) < len(document):
        return
    first, second = asked[0], told[0]
    many, others = len(lists[first]), len(lists[second])
    if many != others and min(many, others) > 1:
        raise DataError(
            "The list {first} has {many} elements and {second} has {others}, so it is not known "
            "which answer belongs to which question. Make them equally long.",
            first=first,
            second=second,
            many=many,
            others=others,
        )


def _hits(document: object) -> list[object] | None:
    """Hits of Elasticsearch and OpenSearch: their fields; how well they matched judges nothing."""
    if isinstance(document, dict) and isinstance(document.get("hits"), dict | list):
        hits = document["hits"]
        document = hits.get("hits") if isinstance(hits, dict) else hits
    if not isinstance(document, list) or not document:
        return None
    records: list[object] = []
    for hit in document:
        if not isinstance(hit, dict) or not isinstance(hit.get("_source"), dict):
            return None
        records.append({"_id": hit.get("_id"), **hit["_source"]})
    return records


def _rows(document: object) -> list[object] | None:
    """Read a list of lists: the names of the columns in the first one, or none at all."""
    if not isinstance(document, list) or not document:
        return None
    if not all(isinstance(item, list) for item in document):
        return None
    width = max(len(item) for item in document)
    if width < 2 or any(isinstance(cell, dict) for item in document[:20] for cell in item):
        return None
    first = [cell_text(cell) if not isinstance(cell, list) else "" for cell in document[0]]
    named = any(len(name) <= 60 and role_of(name) for name in first) and not any(
        name.rstrip().endswith(("?", "？")) for name in first
    )
    body = document[1:] if named else document
    names = first if named else [f"column {i + 1}" for i in range(width)]
    return [dict(zip(names, item, strict=False)) for item in body]


def _beside_hits(document: object) -> list[NotUsed]:
    hits = [item for item in _walk(document) if "_source" in item]
    counts = ((name, sum(name in hit for hit in hits)) for name in ("_score", "_index"))
    return [NotUsed("column", name, count) for name, count in counts if count]


# Records one by one


def _expanded(found: Found) -> Found:
    records: list[object] = []
    later = talks = hidden = silent = 0
    spans = lists_with_spans(found.records)
    for record in found.records:
        if not isinstance(record, dict):
            records.append(record)
            if isinstance(record, list) and found.layout == "replies":
                talks += 1
                later += max(0, len(record) - 1)
            continue
        shown, count = public_record(with_messages(record))
        hidden += count
        record = last_turns(shown)
        talk = exchanges(record)
        if talk is None and found.layout in _TALKS:
            silent += 1
            records.append([])
            continue
        if talk is None:
            inner = _inner_pairs(record, spans)
            records.append(with_marked_lists(record, spans) if inner is None else inner)
            continue
        talks += 1
        later += max(0, len(talk) - 1)
        records.append(talk)
    warnings = list(found.warnings)
    if talks:
        warnings.append(Message(NOTE))
    if later:
        warnings.append(Message(LATER, {"count": later}))
    if hidden:
        warnings.append(Message(LEFT_OUT, {"count": hidden}))
    if silent:
        text = N_n(
            "{count} conversation without a message of a customer was left out.",
            "{count} conversations without a message of a customer were left out.",
        )
        warnings.append(Message(text, {"count": silent}))
    return Found(records, found.layout, warnings, found.not_used)


def _inner_pairs(record: Record, spans: Collection[str]) -> list[object] | None:
    """Return the questions and answers that a record lists about its text, None without any."""
    for key, value in record.items():
        if re.sub(r"[\W_]+", "", str(key)).casefold() not in _LISTED_PAIRS:
            continue
        if not isinstance(value, list) or not value:
            continue
        if not all(isinstance(item, dict) and _is_pair(item) for item in value):
            continue
        rest = {name: given for name, given in record.items() if name != key}
        return [
            with_marked_lists(item | {k: v for k, v in rest.items() if k not in item}, spans)
            for item in value
        ]
    return None


# Any document


def _is_pair(record: object) -> bool:
    """Tell whether a record names a question and an answer."""
    if not isinstance(record, dict):
        return False
    if any(isinstance(with_messages(record).get(key), list) for key in CHATS):
        return True
    roles = {role_of(str(key)) for key in _flat_names(record)}
    return "question" in roles and bool(roles & {"answer", "category"})


def _articles(records: Sequence[object]) -> bool:
    """Tell whether records are articles of a help centre: a title and a longer text."""
    found = 0
    for record in records[:200]:
        if isinstance(record, dict):
            plain = {plain_name(str(key)): value for key, value in record.items()}
            titles = any(plain.get(name) for name in ("title", "question", "name", "subject"))
            texts = [plain[name] for name in _ARTICLE_TEXTS if isinstance(plain.get(name), str)]
            found += titles and any(len(str(text)) > _ARTICLE for text in texts)
    return bool(records) and found >= 0.5 * min(len(records), 200)


def _flat_names(record: Mapping[str, object], prefix: str = "", depth: int = 0) -> Iterator[str]:
    for key, value in record.items():
        if isinstance(value, dict) and value and depth < 4:
            yield from _flat_names(value, f"{prefix}{key}.", depth + 1)
        elif not is_negative(str(key)):
            yield f"{prefix}{key}"


@dataclass(frozen=True)
class _List:
    path: str
    records: list[object]
    pairs: bool
    group: str


def _searched(document: object) -> Found | None:
    lists = list(_lists(document, "", "", 0))
    if not lists:
        return None
    joined = _joined_lists(lists) if len(lists) > 1 else None
    if joined is not None:
        return joined
    chosen = [item for item in lists if item.pairs]
    if not chosen:
        largest = max(lists, key=lambda i: (i.path == "data", _is_wide(i), len(i.records)))
        chosen = [largest]
    votes: Counter[str] = Counter()
    records: list[object] = []
    for item in chosen:
        readers = _VOTES if _articles(item.records) else frozenset()
        several = len(chosen) > 1 and item.group and item.group.casefold() not in _SPLITS
        for record in item.records:
            if several and isinstance(record, dict):
                own = {role_of(str(key)) for key in record}
                record = record if "category" in own else record | {"category": item.group}
            if readers and isinstance(record, dict):  # how many liked it; no judgement of a pair
                votes.update(str(key) for key in record if plain_name(str(key)) in readers)
                record = {k: v for k, v in record.items() if plain_name(str(k)) not in readers}
            records.append(record)
    unused = [
        NotUsed("list", item.path or "–", len(item.records))
        for item in lists
        if not any(item is taken for taken in chosen)
    ]
    beside = [NotUsed("column", key, count) for key, count in votes.items()]
    warnings = []
    if len(chosen) > 1:
        text = N_("Several lists were put together: {lists}.")
        told = ", ".join(f"{item.path} ({len(item.records)})" for item in chosen[:12])
        warnings.append(Message(text, {"lists": told}))
    warnings += _others(unused)
    return _expanded(Found(records, warnings=warnings, not_used=[*unused, *beside]))


def _is_wide(item: _List) -> bool:
    return any(isinstance(record, dict) and len(record) > 1 for record in item.records[:20])


def _joined_lists(lists: Sequence[_List]) -> Found | None:
    """Return the questions of one list with the answers of another, which share a name."""
    rows = [[as_texts(record) for record in item.records] for item in lists]
    for i, asking in enumerate(lists):
        for k, telling in enumerate(lists):
            join = join_of(rows[i], rows[k]) if i != k else None
            if join is None:
                continue
            answers = answers_of(rows[k], join)
            keys = [row[join.question_key] for row in rows[i] if row.get(join.question_key)]
            records: list[object] = [
                {**record, "answer": answers.get(row.get(join.question_key, ""), [])}
                for record, row in zip(asking.records, rows[i], strict=True)
                if isinstance(record, dict)
            ]
            note = joined_note(join, asking.path or "–", telling.path or "–", keys, answers)
            rest = [item for item in lists if item not in (asking, telling)]
            unused = [NotUsed("list", item.path or "–", len(item.records)) for item in rest]
            return _expanded(Found(records, "", [note, *_others(unused)], unused))
    return None


def _others(unused: Sequence[NotUsed]) -> list[Message]:
    if not unused:
        return []
    text = N_("Other lists in the file were not used: {lists}.")
    told = ", ".join(f"{item.name} ({item.count})" for item in unused[:12])
    return [Message(text, {"lists": told})]


def _lists(document: object, path: str, group: str, depth: int) -> Iterator[_List]:
    """Yield the lists of records of a document; with questions and answers however deep."""
    if depth > MAX_DEPTH:
        return
    if isinstance(document, list):
        records = [item for item in document if isinstance(item, dict)]
        if not records:
            return
        sample = records[:200]
        if sum(map(_is_pair, sample)) >= 0.5 * len(sample):
            yield _List(path, document, True, group)
            return
        inner: list[_List] = []
        for record in records:
            name = next((text_of(record[key]) for key in _NAMES if record.get(key)), group)
            for key, value in record.items():
                if isinstance(value, dict | list):
                    inner += _lists(value, f"{path}.{key}".strip("."), name, depth + 1)
        if any(item.pairs for item in inner):
            yield from (item for item in inner if item.pairs)
            return
        if not _articles(sample) and any(_articles(item.records) for item in inner):
            for item in inner:  # of categories or folders without a text of their own
                yield replace(item, pairs=_articles(item.records))
            return
        yield _List(path, document, False, group)
    elif isinstance(document, dict):
        keyed = keyed_records(document)
        if keyed is not None:
            yield _List(path, keyed, True, group)
            return
        for key, value in document.items():
            if isinstance(value, dict | list):
                yield from _lists(value, f"{path}.{key}".strip("."), str(key), depth + 1)


LAYOUTS: tuple[RecordLayout, ...] = (
    RecordLayout(
        "faqpage",
        N_("FAQPage of a web site (JSON-LD, schema.org)"),
        N_("Each question with its accepted answer."),
        '{"@type": "FAQPage", "mainEntity": [{"@type": "Question", "name": "…?", '
        '"acceptedAnswer": {"@type": "Answer", "text": "…"}}]}',
        _structured_data,
    ),
    RecordLayout(
        "squad",
        N_("Paragraphs with questions (SQuAD, JSQuAD)"),
        N_("Each question with its whole paragraph; the marked answer stands beside it."),
        '{"data": [{"title": "…", "paragraphs": [{"context": "…", "qas": [{"question": "…?", '
        '"answers": [{"text": "…", "answer_start": 0}]}]}]}]}',
        read_paragraphs,
    ),
    RecordLayout(
        "label_studio",
        N_("Tasks of Label Studio"),
        N_("The data of each task with the choice or rating of each annotator."),
        '[{"data": {"question": "…?", "answer": "…"}, "annotations": [{"completed_by": 1, '
        '"result": [{"value": {"choices": ["yes"]}}]}]}]',
        read_label_studio,
    ),
    RecordLayout(
        "helpdesk",
        N_("Tickets and conversations of a help desk (Zendesk, Intercom, Help Scout …)"),
        N_(
            "What the customer writes is asked, the reply is the answer; internal notes are left "
            "out."
        ),
        '{"conversations": [{"source": {"body": "…?", "author": {"type": "user"}}, '
        '"conversation_parts": {"conversation_parts": [{"body": "…", "author": '
        '{"type": "admin"}}]}}]}',
        read_threads,
    ),
    RecordLayout(
        "chat_tree",
        N_("Conversations of ChatGPT"),
        N_("What the user writes is asked, the reply is the answer."),
        '[{"mapping": {"a": {"message": {"author": {"role": "user"}, "content": {"parts": '
        '["…?"]}}}, "b": {"parent": "a", "message": {"author": {"role": "assistant"}, '
        '"content": {"parts": ["…"]}}}}}]',
        read_chat_trees,
    ),
    RecordLayout(
        "replies",
        N_("Messages that reply to one another (Slack, Teams, Discord, Telegram …)"),
        N_("The first message of a thread is asked, what others reply to it is the answer."),
        '[{"ts": "1.0", "user": "U1", "text": "…?", "thread_ts": "1.0"}, '
        '{"ts": "1.1", "user": "U2", "text": "…", "thread_ts": "1.0"}]',
        read_replies,
    ),
    RecordLayout(
        "argilla",
        N_("Records of Argilla"),
        N_("The fields of each record with the response of each annotator."),
        '[{"fields": {"question": "…?", "answer": "…"}, "responses": {"relevance": '
        '[{"value": "yes", "user_id": "…"}]}}]',
        read_argilla,
    ),
    RecordLayout(
        "hits",
        N_("Hits of Elasticsearch or OpenSearch"),
        N_("The fields of each hit; how well it matched a search judges nothing."),
        '{"hits": {"hits": [{"_score": 1.0, "_source": {"question": "…?", "answer": "…"}}]}}',
        _hits,
    ),
    RecordLayout(
        "watson",
        N_("Skill of Watson Assistant"),
        N_("The examples of each intent with what its dialog node says."),
        '{"intents": [{"intent": "hours", "examples": [{"text": "…?"}]}], "dialog_nodes": '
        '[{"conditions": "#hours", "output": {"text": "…"}}]}',
        read_watson,
    ),
    RecordLayout(
        "rasa",
        N_("Training data of a chatbot (Rasa)"),
        N_("The examples of each intent with its response."),
        '{"nlu": [{"intent": "hours", "examples": "- When are you open?"}], '
        '"responses": {"utter_hours": [{"text": "…"}]}}',
        read_rasa,
    ),
    RecordLayout(
        "chatterbot",
        N_("Corpus of ChatterBot"),
        N_("What the user writes is asked, the reply is the answer."),
        '{"categories": ["hours"], "conversations": [["When are you open?", "At nine."]]}',
        read_chatterbot,
    ),
    RecordLayout(
        "maps",
        N_("Questions and documents joined by their ids (LlamaIndex)"),
        N_("Each question with its documents; documents of no question are left out."),
        '{"queries": {"q1": "When are …?"}, "corpus": {"d1": "From nine …"}, "relevant_docs": '
        '{"q1": ["d1"]}}',
        _read_maps,
    ),
    RecordLayout(
        "columns",
        N_("Columns instead of rows (pandas)"),
        N_("The columns put side by side."),
        '{"question": {"0": "…?"}, "answer": {"0": "…"}}',
        _columns,
    ),
    RecordLayout(
        "dictionary",
        N_("Questions as names, answers as values"),
        N_("Each name with its value."),
        '{"When are you open?": "From nine to five.", "…?": "…"}',
        read_dictionary,
    ),
    RecordLayout(
        "dictionaries",
        N_("Topics with questions as names, answers as values"),
        N_("Each name with its value; the topic is the category."),
        '{"Orders": {"When are you open?": "From nine to five.", "…?": "…"}}',
        read_dictionaries,
    ),
    RecordLayout(
        "rows",
        N_("Lists of cells"),
        N_("The first list names the columns, or is a pair like all others."),
        '[["question", "answer"], ["…?", "…"]]',
        _rows,
    ),
)
