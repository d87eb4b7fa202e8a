"""Several files together: ZIP archives, opened with care, and BEIR folders, plain or zipped."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path, PurePosixPath

from core.data.columns.column_names import ATTRIBUTES
from core.data.reading.json_records import build_records, load_yaml
from core.data.reading.layouts import Found, find_records
from core.data.reading.records.keyed_objects import NO_DOCUMENT
from core.data.table import NotUsed, Table, clean_cell
from core.errors import DataError
from core.messages import N_, Message, N_n

MAX_UNPACKED_MB = 1000
MAX_MEMBERS = 10_000
_MOST_RATIO, _HARMLESS = 300, 20_000_000  # texts pack to a tenth; bytes that hurt at no ratio
CORPUS, QUERIES, QRELS, SPLITS_FILE = "corpus.jsonl", "queries.jsonl", "qrels.tsv", "splits.json"
_NEEDED = (CORPUS, QUERIES)
_ID_NAMES = ("_id", "id", "doc_id", "docid", "query_id", "qid")
_BODY_NAMES = ("text", "contents", "content", "body", "passage", "question", "query")


def open_archive(content: bytes, name: str) -> zipfile.ZipFile:
    """Open a ZIP from memory.

    The unpacked size is the declared one; zipfile never reads more than that from a member.

    Raises
    ------
    DataError
        If it is damaged, encrypted, unpacks to more than ``MAX_UNPACKED_MB``, or is packed as no
        program packs texts: parts over each other, or far more text than its bytes can hold.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise DataError(
            "{name} begins like an Excel workbook or a ZIP archive but is damaged ({detail}). "
            "Export or save it again and upload that.",
            name=name,
            detail=str(error)[:120],
        ) from error
    members = archive.infolist()
    size = sum(member.file_size for member in members)
    if size > MAX_UNPACKED_MB * 1_000_000 or len(members) > MAX_MEMBERS:
        raise DataError(
            "{name} unpacks to {size} MB in {count} files; the limits are {limit} MB and {most} "
            "files. Upload a part of it.",
            name=name,
            size=size // 1_000_000,
            count=len(members),
            limit=MAX_UNPACKED_MB,
            most=MAX_MEMBERS,
        )
    packed = sum(member.compress_size for member in members)
    if packed > len(content) or any(map(_is_bomb, members)) or _is_ratio_odd(size, packed):
        raise DataError(
            "{name} is packed in a way that no program packs texts: {size} MB in {packed} kB. Pack "
            "its files again and upload that.",
            name=name,
            size=size // 1_000_000,
            packed=min(packed, len(content)) // 1000,
        )
    if any(member.flag_bits & 1 for member in members):
        raise DataError("{name} is protected by a password. Save it without one.", name=name)
    return archive


def _is_bomb(member: zipfile.ZipInfo) -> bool:
    return _is_ratio_odd(member.file_size, member.compress_size)


def _is_ratio_odd(size: int, packed: int) -> bool:
    """Tell whether a few bytes stand for so many that they are no texts, however repetitive."""
    return size > _HARMLESS and size > _MOST_RATIO * packed


@dataclass(frozen=True)
class BeirFiles:
    """The content of a BEIR folder, as it stands there.

    Attributes
    ----------
    corpus, queries : mapping of id to text
        Title and text of a document joined by one space.
    qrels : mapping of split name to list of (query id, document id, grade)
        ``""`` is the name where there is a single ``qrels.tsv``.
    splits : mapping of split name to query ids, from ``splits.json``; empty without it
    corpus_group, query_group : mapping of id to group, where the files name groups
    query_attributes : mapping of attribute to (mapping of query id to value)
        From the ``metadata`` of the queries, as far as it names category, language or source.
    problems : mapping of kind to ids
        What does not fit together, see :func:`beir_warnings`.
    not_used : tuple of NotUsed
        Other sets in the archive.
    """

    corpus: Mapping[str, str]
    queries: Mapping[str, str]
    qrels: Mapping[str, list[tuple[str, str, float]]]
    splits: Mapping[str, list[str]] = field(default_factory=dict)
    corpus_group: Mapping[str, str] = field(default_factory=dict)
    query_group: Mapping[str, str] = field(default_factory=dict)
    query_attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    problems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    not_used: tuple[NotUsed, ...] = ()


def beir_root(names: list[str]) -> str | None:
    """Return the folder inside an archive that holds a BEIR data set, None where there is none."""
    for name in sorted(names, key=lambda name: (name.count("/"), name)):
        path = PurePosixPath(name)
        if path.name == CORPUS and all(str(path.parent / part) in names for part in _NEEDED):
            return str(path.parent)
    return None


def is_beir(content: bytes) -> bool:
    """Tell whether an upload is a zipped BEIR folder."""
    if not content.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return beir_root(archive.namelist()) is not None
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return False


def open_beir(source: Path | bytes) -> BeirFiles:
    """Read a BEIR folder or the bytes of its ZIP.

    Raises
    ------
    DataError
        If a needed file is missing or a line in it cannot be read; names file and line.
    """
    if isinstance(source, bytes):
        archive = open_archive(source, "ZIP")
        names = archive.namelist()
        root = beir_root(names)
        if root is None:
            raise DataError("The ZIP holds no {files}.", files=" and ".join(_NEEDED))
        prefix = "" if root == "." else f"{root}/"
        present = [name[len(prefix) :] for name in names if name.startswith(prefix)]
        files = _read(present, lambda name: archived(archive, prefix + name))
        others = [
            NotUsed("list", str(PurePosixPath(name).parent), 1)
            for name in names
            if PurePosixPath(name).name == CORPUS and name != prefix + CORPUS
        ]
        if others:
            told = {**files.problems, "other_sets": tuple(part.name for part in others)}
            files = replace(files, problems=told)
        return replace(files, not_used=(*files.not_used, *others))
    present = [
        path.relative_to(source).as_posix()
        for path in [*source.glob("*"), *source.glob("qrels/*.tsv")]
        if path.is_file()
    ]
    return _read(present, lambda name: (source / name).read_bytes())


# Kind of a problem in a BEIR folder, and what it means; the count and the first ids are filled in.
_PROBLEMS: Mapping[str, str] = {
    "corpus_twice": N_("{count} document ids stand more than once; the last text counts: {ids}."),
    "queries_twice": N_("{count} query ids stand more than once; the last text counts: {ids}."),
    "corpus_empty": N_n(
        "{count} document has no text: {ids}.", "{count} documents have no text: {ids}."
    ),
    "queries_empty": N_n(
        "{count} query has no text: {ids}.", "{count} queries have no text: {ids}."
    ),
    "no_query": N_n(
        "{count} judgement names a query that does not exist: {ids}.",
        "{count} judgements name a query that does not exist: {ids}.",
    ),
    "no_document": NO_DOCUMENT,
    "judged_twice": N_n(
        "{count} pair is judged differently more than once: {ids}.",
        "{count} pairs are judged differently more than once: {ids}.",
    ),
    "two_splits": N_n(
        "{count} question is judged in several qrels; it counts for the "
        "test, else for the validation, and is kept out of training: {ids}.",
        "{count} questions are judged in several qrels; they count for the "
        "test, else for the validation, and are kept out of training: "
        "{ids}.",
    ),
    "other_sets": N_("{count} other data sets in the archive were left out: {ids}."),
    "contents": N_n(
        "{count} document has its text under another name than “text”: {ids}.",
        "{count} documents have their text under another name than “text”: {ids}.",
    ),
}


def beir_warnings(files: BeirFiles) -> list[Message]:
    """Return what in a BEIR folder does not fit together, counted."""
    return [
        Message(
            _PROBLEMS[kind],
            {
                "count": len(ids),
                "ids": ", ".join(key[:40] for key in ids[:5]) + (", …" if len(ids) > 5 else ""),
            },
        )
        for kind, ids in files.problems.items()
        if ids
    ]


def archived(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a file of a ZIP archive; raises DataError where it is damaged."""
    try:
        return archive.read(name)
    except Exception as error:  # damaged members fail in zlib, zipfile or struct
        raise DataError(
            "{file} in the ZIP is damaged ({detail}). Pack it again.", file=name, detail=str(error)
        ) from error


def _read(present: list[str], load: Callable[[str], bytes]) -> BeirFiles:
    missing = [name for name in _NEEDED if name not in present]
    judged = sorted(n for n in present if n.startswith("qrels/") and n.endswith(".tsv"))
    judged = [QRELS] if QRELS in present else judged
    if missing or not judged:
        raise DataError(
            "The BEIR folder lacks {missing}. It needs corpus.jsonl, queries.jsonl and qrels.tsv "
            "or qrels/*.tsv.",
            missing=", ".join(missing) or QRELS,
        )
    problems: dict[str, list[str]] = {kind: [] for kind in _PROBLEMS}
    corpus, corpus_group, _ = _documents(load(CORPUS), CORPUS, problems)
    queries, query_group, attributes = _documents(load(QUERIES), QUERIES, problems)
    qrels = {
        "" if name == QRELS else PurePosixPath(name).stem: _judgements(load(name), name)
        for name in judged
    }
    for pairs in qrels.values():
        grades: dict[tuple[str, str], float] = {}
        for query, document, grade in pairs:
            if query not in queries:
                problems["no_query"].append(query)
            elif document not in corpus:
                problems["no_document"].append(document)
            if grades.setdefault((query, document), grade) != grade:
                problems["judged_twice"].append(f"{query} {document}")
    if SPLITS_FILE not in present:
        where = Counter(query for pairs in qrels.values() for query in {q for q, _, _ in pairs})
        problems["two_splits"] = [query for query, count in where.items() if count > 1]
    splits = _splits(load(SPLITS_FILE)) if SPLITS_FILE in present else {}
    told = {kind: tuple(ids) for kind, ids in problems.items() if ids}
    return BeirFiles(corpus, queries, qrels, splits, corpus_group, query_group, attributes, told)


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            "Line {line} of {file} is not UTF-8. BEIR files are always UTF-8.", line=line, file=name
        ) from error


def _documents(
    content: bytes, name: str, problems: dict[str, list[str]]
) -> tuple[dict[str, str], dict[str, str], dict[str, dict[str, str]]]:
    """Return text and group of each id, and the attributes that the records' metadata name."""
    texts: dict[str, str] = {}
    groups: dict[str, str] = {}
    attributes: dict[str, dict[str, str]] = {}
    part = PurePosixPath(name).stem
    for number, line in enumerate(_text(content, name).split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            key = next(clean_cell(str(record[n])) for n in _ID_NAMES if record.get(n) is not None)
            at = next((n for n in _BODY_NAMES if record.get(n)), "text")
            text, title = clean_cell(str(record.get(at) or "")), str(record.get("title") or "")
        except (ValueError, RecursionError, StopIteration, TypeError, AttributeError) as error:
            raise DataError(
                "Line {line} of {file} is not a BEIR record ({detail}). It must be a JSON object "
                "with _id and text.",
                line=number,
                file=name,
                detail=f"{type(error).__name__}: {error}"[:120],
            ) from error
        if key in texts:
            problems[f"{part}_twice"].append(key)
        if at != "text":
            problems["contents"].append(key)
        # the text that published BEIR figures are made with
        texts[key] = f"{clean_cell(title)} {text}".strip()
        if not texts[key]:
            problems[f"{part}_empty"].append(key)
        if record.get("group") is not None:
            groups[key] = str(record["group"])
        metadata = record.get("metadata")
        for attribute in ATTRIBUTES if isinstance(metadata, dict) else ():
            if metadata.get(attribute):
                attributes.setdefault(attribute, {})[key] = str(metadata[attribute]).strip()
    return texts, groups, attributes


def _judgements(content: bytes, name: str) -> list[tuple[str, str, float]]:
    found = []
    for number, line in enumerate(_text(content, name).splitlines(), 1):
        cells = [cell.strip() for cell in line.split("\t")]
        if not any(cells):
            continue
        try:
            # TREC files have a second column that nobody uses: query, 0, document, grade
            query, document, grade = cells if len(cells) != 4 else (cells[0], cells[2], cells[3])
            value = float(grade)
            if not isfinite(value):
                raise ValueError(grade)
            found.append((clean_cell(query), clean_cell(document), value))
        except ValueError as error:
            if number == 1:
                continue  # the column names
            raise DataError(
                "Line {line} of {file} is not a judgement. It must hold query id, document id and "
                "grade, separated by tabs.",
                line=number,
                file=name,
            ) from error
    return found


def _splits(content: bytes) -> dict[str, list[str]]:
    try:
        document = json.loads(_text(content, SPLITS_FILE))
        return {str(key): [str(item) for item in items] for key, items in document.items()}
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        raise DataError(
            "{file} cannot be read ({detail}). It must be an object such as {example}.",
            file=SPLITS_FILE,
            detail=str(error)[:120],
            example='{"train": ["q1"], "test_unseen": ["q2"]}',
        ) from error


# Other zipped folders


def read_packed(archive: zipfile.ZipFile, name: str) -> Table | None:
    """Read a zipped folder of Rasa or Dialogflow; None if it is none."""
    members = [part for part in archive.namelist() if not part.startswith("__MACOSX/")]
    if any("/trainingPhrases/" in f"/{part}" for part in members):
        return _dialogflow_cx_table(archive, members, name)
    if any(re.search(r"(^|/)intents/[^/]+\.json$", part) for part in members):
        return _dialogflow_table(archive, members, name)
    merged: dict[str, object] = {}
    for part in members:
        if part.endswith((".yml", ".yaml")):
            document = load_yaml(archived(archive, part).decode("utf-8", "replace"))
            for key, value in document.items() if isinstance(document, dict) else ():
                held = merged.get(key)
                if isinstance(held, list) and isinstance(value, list):
                    merged[key] = held + value
                elif isinstance(held, dict) and isinstance(value, dict):
                    merged[key] = held | value
                else:
                    merged[key] = value
    found = find_records(merged) if "nlu" in merged else None
    if found is None:
        return None
    return build_records(found, range(1, len(found.records) + 1), name, "rasa")


def _dialogflow_table(archive: zipfile.ZipFile, members: list[str], name: str) -> Table:
    """Read intents of Dialogflow ES: what users say, and the texts of the response."""
    records: list[object] = []
    for part in sorted(members):
        match = re.search(r"(?:^|/)intents/([^/]+)\.json$", part)
        if match is None or "_usersays_" in part:
            continue
        intent = _json_member(archive, part)
        if not isinstance(intent, dict):
            continue
        said: list[str] = []
        stem = part.removesuffix(".json")
        for other in members:
            if other.startswith(f"{stem}_usersays_") and other.endswith(".json"):
                given = _json_member(archive, other)
                for phrase in given if isinstance(given, list) else ():
                    pieces = phrase.get("data") if isinstance(phrase, dict) else None
                    texts = [str(p.get("text", "")) for p in pieces or () if isinstance(p, dict)]
                    said.append("".join(texts))
        for phrase in intent.get("userSays") or ():
            pieces = phrase.get("data") if isinstance(phrase, dict) else None
            said.append(
                "".join(str(p.get("text", "")) for p in pieces or () if isinstance(p, dict))
            )
        told: list[str] = []
        for response in intent.get("responses") or ():
            for message in (response.get("messages") or ()) if isinstance(response, dict) else ():
                speech = message.get("speech") if isinstance(message, dict) else None
                told += [str(s) for s in (speech if isinstance(speech, list) else [speech]) if s]
        if said:
            named = str(intent.get("name") or match[1])
            records.append({"question": said, "answer": told, "category": named})
    if not records:
        raise DataError(
            "{name} looks like an agent of Dialogflow, but no intent in it has training phrases.",
            name=name,
        )
    return build_records(Found(records), range(1, len(records) + 1), name, "dialogflow")


def _dialogflow_cx_table(archive: zipfile.ZipFile, members: list[str], name: str) -> Table:
    """Read intents of Dialogflow CX: training phrases, and what the routes of an intent reply."""
    said: dict[str, list[str]] = {}
    told: dict[str, list[str]] = {}
    for part in sorted(members):
        phrases = re.search(r"(?:^|/)intents/([^/]+)/trainingPhrases/[^/]+\.json$", part)
        if phrases is not None:
            given = _json_member(archive, part)
            for phrase in given.get("trainingPhrases") or () if isinstance(given, dict) else ():
                pieces = phrase.get("parts") if isinstance(phrase, dict) else None
                texts = [str(p.get("text", "")) for p in pieces or () if isinstance(p, dict)]
                said.setdefault(phrases[1], []).append("".join(texts))
        elif re.search(r"(?:^|/)flows/.*\.json$", part):
            for intent, text in _cx_replies(_json_member(archive, part)):
                told.setdefault(intent, []).append(text)
    records: list[object] = [
        {"question": texts, "answer": told.get(intent, []), "category": intent}
        for intent, texts in said.items()
        if intent in told or not told  # greetings and the like, which no route answers
    ]
    left = [NotUsed("list", i, len(said[i])) for i in said if told and i not in told]
    if not records:
        raise DataError(
            "{name} looks like an agent of Dialogflow, but no intent in it has training phrases.",
            name=name,
        )
    found = Found(records, not_used=left)
    return build_records(found, range(1, len(records) + 1), name, "dialogflow")


def _cx_replies(node: object) -> Iterator[tuple[str, str]]:
    """Yield intent and text of the routes of a flow or page."""
    if isinstance(node, list):
        for item in node:
            yield from _cx_replies(item)
    if not isinstance(node, dict):
        return
    reply = node.get("triggerFulfillment")
    if isinstance(node.get("intent"), str) and isinstance(reply, dict):
        for message in reply.get("messages") or ():
            lines = message.get("text") if isinstance(message, dict) else None
            for text in (lines.get("text") or ()) if isinstance(lines, dict) else ():
                yield node["intent"], str(text)
    for value in node.values():
        if isinstance(value, dict | list):
            yield from _cx_replies(value)


def _json_member(archive: zipfile.ZipFile, part: str) -> object:
    try:
        document: object = json.loads(archived(archive, part))
    except (ValueError, RecursionError) as error:
        raise DataError(
            "{file} in the ZIP is damaged ({detail}). Pack it again.", file=part, detail=str(error)
        ) from error
    return document
