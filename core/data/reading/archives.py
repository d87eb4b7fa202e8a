"""Several files together: ZIP archives, opened with care, and BEIR folders, plain or zipped."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from core.data.columns import ATTRIBUTES
from core.errors import DataError

MAX_UNPACKED_MB = 1000
MAX_MEMBERS = 10_000
CORPUS, QUERIES, QRELS, SPLITS_FILE = "corpus.jsonl", "queries.jsonl", "qrels.tsv", "splits.json"
_NEEDED = (CORPUS, QUERIES)


def open_archive(content: bytes, name: str) -> zipfile.ZipFile:
    """Open a ZIP from memory.

    The unpacked size is the declared one; zipfile never reads more than that from a member.

    Raises
    ------
    DataError
        If it is damaged, encrypted, or unpacks to more than ``MAX_UNPACKED_MB``.
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
    if any(member.flag_bits & 1 for member in members):
        raise DataError("{name} is protected by a password. Save it without one.", name=name)
    return archive


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
    """

    corpus: Mapping[str, str]
    queries: Mapping[str, str]
    qrels: Mapping[str, list[tuple[str, str, float]]]
    splits: Mapping[str, list[str]] = field(default_factory=dict)
    corpus_group: Mapping[str, str] = field(default_factory=dict)
    query_group: Mapping[str, str] = field(default_factory=dict)
    query_attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


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
        return _read(present, lambda name: _archived(archive, prefix + name))
    present = [
        path.relative_to(source).as_posix()
        for path in [*source.glob("*"), *source.glob("qrels/*.tsv")]
        if path.is_file()
    ]
    return _read(present, lambda name: (source / name).read_bytes())


def _archived(archive: zipfile.ZipFile, name: str) -> bytes:
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
    corpus, corpus_group, _ = _documents(load(CORPUS), CORPUS)
    queries, query_group, attributes = _documents(load(QUERIES), QUERIES)
    qrels = {
        "" if name == QRELS else PurePosixPath(name).stem: _judgements(load(name), name)
        for name in judged
    }
    splits = _splits(load(SPLITS_FILE)) if SPLITS_FILE in present else {}
    return BeirFiles(corpus, queries, qrels, splits, corpus_group, query_group, attributes)


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            "Line {line} of {file} is not UTF-8. BEIR files are always UTF-8.", line=line, file=name
        ) from error


def _documents(
    content: bytes, name: str
) -> tuple[dict[str, str], dict[str, str], dict[str, dict[str, str]]]:
    """Return text and group of each id, and the attributes that the records' metadata name."""
    texts: dict[str, str] = {}
    groups: dict[str, str] = {}
    attributes: dict[str, dict[str, str]] = {}
    for number, line in enumerate(_text(content, name).split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            key, text = str(record["_id"]), str(record.get("text") or "")
            title = str(record.get("title") or "")
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                "Line {line} of {file} is not a BEIR record ({detail}). It must be a JSON object "
                "with _id and text.",
                line=number,
                file=name,
                detail=f"{type(error).__name__}: {error}"[:120],
            ) from error
        texts[key] = f"{title} {text}".strip()  # the text that published BEIR figures are made with
        if record.get("group") is not None:
            groups[key] = str(record["group"])
        metadata = record.get("metadata")
        for attribute in ATTRIBUTES if isinstance(metadata, dict) else ():
            if metadata.get(attribute):
                attributes.setdefault(attribute, {})[key] = str(metadata[attribute]).strip()
    return texts, groups, attributes


def _judgements(content: bytes, name: str) -> list[tuple[str, str, float]]:
    found = []
    lines = _text(content, name).splitlines()
    for number, cells in enumerate(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE), 1):
        if not any(cells):
            continue
        try:
            # TREC files have a second column that nobody uses: query, 0, document, grade
            query, document, grade = cells if len(cells) != 4 else (cells[0], cells[2], cells[3])
            found.append((query, document, float(grade)))
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
