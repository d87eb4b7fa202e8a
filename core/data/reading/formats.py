"""Any uploaded file to a :class:`core.data.table.Table`; the content decides, not the file name."""

from __future__ import annotations

from core.data.reading.archives import beir_root, open_archive, open_beir
from core.data.reading.decoding import decode
from core.data.reading.delimited import read_delimited
from core.data.reading.json_records import read_json, read_parquet
from core.data.reading.spreadsheets import cell_text, read_workbook
from core.data.table import Table, build_table
from core.errors import DataError
from core.messages import N_, Message

MAX_UPLOAD_MB = 200
# First bytes of what people upload by mistake, and what to do instead.
_PACKED = N_("{name} is a packed archive. Unpack it and upload the table inside.")
_PICTURE = N_("{name} is a picture. Questions and answers must be text: {formats}.")
_OFFICE = N_("{name} is a document, not a table. Save its table as one of: {formats}.")
_MARKUP = N_("{name} is a web page or XML, not a table. Save its table as one of: {formats}.")
_FOREIGN = (
    (
        b"\xd0\xcf\x11\xe0",
        N_(
            "{name} is an old Excel file (XLS) or is protected by a password. "
            "Save it as XLSX without a password."
        ),
    ),
    (b"%PDF", N_("{name} is a PDF. Export the table behind it as one of: {formats}.")),
    (b"\x1f\x8b", _PACKED),
    (b"7z\xbc\xaf", _PACKED),
    (b"Rar!", _PACKED),
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"{\\rtf", _OFFICE),
    (b"SQLite format 3", N_("{name} is a database. Export a table of it as one of: {formats}.")),
)
_BLANK = b"\x00\t\r\n \xef\xbb\xbf\xfe\xff"
_FORMATS = "CSV, TSV, XLSX, JSON, JSONL, Parquet"
_MARKUP_STARTS = ("<!doctype", "<html", "<?xml", "<table", "<body")


def read_table(content: bytes, filename: str, *, sheet: str | None = None) -> Table:
    """Read an uploaded file.

    Parameters
    ----------
    content : bytes
        At most ``MAX_UPLOAD_MB``.
    filename : str
        Only for messages, never a path.
    sheet : str, optional
        Which sheet of a workbook; default: the first with a table in it.

    Returns
    -------
    Table
        Of a zipped BEIR folder the judged pairs, for a preview;
        :func:`core.data.beir.read_beir` reads it with all its answers and its splits.

    Raises
    ------
    DataError
        For everything that cannot be used: too large, empty, damaged, another format, one column.
    """
    name = "".join(sign for sign in filename if sign.isprintable())[:120] or "file"
    if len(content) > MAX_UPLOAD_MB * 1_000_000:
        raise DataError(
            "{name} has {size} MB; at most {limit} MB can be uploaded. Leave out columns that are "
            "not needed, or upload a part of the rows.",
            name=name,
            size=round(len(content) / 1_000_000),
            limit=MAX_UPLOAD_MB,
        )
    if not (content[:4096].strip(_BLANK) or content.strip(_BLANK)):  # a copy only if it must be
        raise DataError("{name} is empty. Export it again and check its size.", name=name)
    for mark, template in _FOREIGN:
        if content.startswith(mark):
            raise DataError(template, name=name, formats=_FORMATS)
    if content.startswith(b"PK"):
        return _read_zip(content, name, sheet)
    if content.startswith(b"PAR1"):
        return read_parquet(content, name)
    return _read_text(content, name, filename.lower())


def _read_zip(content: bytes, name: str, sheet: str | None) -> Table:
    archive = open_archive(content, name)
    members = archive.namelist()
    if "[Content_Types].xml" in members and any(part.startswith("xl/") for part in members):
        return read_workbook(archive, content, name, sheet)
    if beir_root(members) is not None:
        return _beir_table(content, name)
    if "mimetype" in members or "[Content_Types].xml" in members:
        raise DataError(_OFFICE, name=name, formats=_FORMATS)
    files = [part for part in members if not part.endswith("/")]
    raise DataError(
        "{name} is a ZIP archive (files in it: {count}, first: {first}), not a table. Unpack it "
        "and "
        "upload the table inside; only a zipped BEIR folder (corpus.jsonl, queries.jsonl, qrels) "
        "can be read as it is.",
        name=name,
        count=len(files),
        first=files[0][:80] if files else "–",
    )


def _read_text(content: bytes, name: str, filename: str) -> Table:
    decoded = decode(content, name)
    start = decoded.text[:4096].lstrip("\ufeff\x00\t\r\n ")
    if start[:1] in ("[", "{") or filename.endswith((".json", ".jsonl", ".ndjson")):
        table = read_json(decoded.text, name)
        if table is not None:
            from dataclasses import replace

            return replace(table, encoding=decoded.encoding)
        if filename.endswith((".json", ".jsonl", ".ndjson")):
            raise DataError(
                "{name} is not valid JSON: {detail}. Export it again.",
                name=name,
                detail=_json_problem(decoded.text),
            )
    if start[:10].lower().startswith(_MARKUP_STARTS):
        raise DataError(_MARKUP, name=name, formats=_FORMATS)
    return read_delimited(decoded, name)


def _json_problem(text: str) -> str:
    import json

    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        return str(error)[:160]
    return "–"


def _beir_table(content: bytes, name: str) -> Table:
    files = open_beir(content)
    columns = ["question", "answer", "rating", "question_id", "answer_id", "split"]
    rows = [
        [files.queries[query], files.corpus[document], cell_text(grade), query, document, split]
        for split, judged in files.qrels.items()
        for query, document, grade in judged
        if query in files.queries and document in files.corpus
    ]
    if not rows:
        raise DataError(
            "No judgement in the qrels of {name} names a query and a document that exist.",
            name=name,
        )
    text = N_(
        "This is a BEIR folder: {answers} answers, {questions} questions, {judged} judgements."
    )
    counts = {"answers": len(files.corpus), "questions": len(files.queries), "judged": len(rows)}
    return build_table(
        columns,
        rows,
        range(1, len(rows) + 1),
        name=name,
        kind="beir",
        warnings=[Message(text, counts)],
        encoding="utf-8",
    )
