"""Any uploaded file to a :class:`core.data.table.Table`; the content decides, not the file name.

``READERS`` describes every kind of file that can be read; a new kind is one entry in it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from core.data.cells import (
    NOTHING_WRITTEN,
    cell_text,
    entities_are_meant,
    with_line_breaks,
    without_entities,
)
from core.data.columns.column_names import role_of
from core.data.judging.ratings import judging_minus
from core.data.reading.archives import archived, beir_root, beir_warnings, open_beir, read_packed
from core.data.reading.delimited import read_delimited
from core.data.reading.documents.faq_documents import TABLE_FORMATS
from core.data.reading.documents.labelled_rows import (
    entries_across,
    has_labelled_rows,
    labelled_rows,
    lies_across,
)
from core.data.reading.documents.marks import is_label, without_cell_marks
from core.data.reading.documents.plain_texts import is_chat_export, pairs_in_column, pairs_in_text
from core.data.reading.documents.web_pages import (
    is_html,
    is_markdown,
    read_html,
    read_markdown,
    without_tags,
)
from core.data.reading.documents.word_documents import is_docx, read_docx
from core.data.reading.exchanges import turns_apart, without_end_marks
from core.data.reading.json_records import read_json, read_parquet, read_yaml
from core.data.reading.judged_lists import judged_apart
from core.data.reading.other_spreadsheets import XLS_START, is_ods, read_ods, read_xls
from core.data.reading.records.chat_logs import is_chat_log, read_chat_log
from core.data.reading.records.objects_in_cells import objects_apart
from core.data.reading.records.posts import posts_joined
from core.data.reading.saved_datasets import is_saved_dataset, read_saved_dataset
from core.data.reading.unfolding import unfolded
from core.data.reading.upload import Reader, ReadingChoices, Upload
from core.data.reading.xlsx import is_workbook, read_workbook
from core.data.table import FEW_ROWS, OneColumnError, Table, build_table, file_title, row_list
from core.errors import DataError
from core.messages import N_, Message

MAX_UPLOAD_MB = 200
# First bytes of what people upload by mistake, and what to do instead.
_PACKED = N_("{name} is a packed archive. Unpack it and upload the table inside.")
_PICTURE = N_("{name} is a picture. Questions and answers must be text: {formats}.")
_OFFICE = N_("{name} is a document, not a table. Save its table as one of: {formats}.")
_MARKUP = N_("{name} is XML, not a table. Save its table as one of: {formats}.")
_NUMBERS = N_(
    "{name} is a file of Apple Numbers. In Numbers choose File, Export To, Excel (or CSV), and "
    "upload that."
)
_PAGES = N_(
    "{name} is a file of Apple Pages. In Pages choose File, Export To, Word, and upload that."
)
_APPLE = ((".pages", _PAGES), (".key", _OFFICE), (".numbers", _NUMBERS))
_LINK = N_(
    "{name} is a link to a file, not the file itself. Open the link, download the file as XLSX or "
    "DOCX (in Google Drive: File, Download), and upload that."
)
_LINK_NAMES = frozenset(("", "url", "doc_id", "email", "resource_id", "resource_key"))  # of Drive
_LONGEST_LINK = 4096  # bytes of a file that is a link
_FOREIGN = (
    (b"%PDF", N_("{name} is a PDF. Export the table behind it as one of: {formats}.")),
    (b"\x1f\x8b", _PACKED),
    (b"7z\xbc\xaf", _PACKED),
    (b"Rar!", _PACKED),
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"{\\rtf", _OFFICE),
    (b"SQLite format 3", N_("{name} is a database. Export a table of it as one of: {formats}.")),
)
_CHAT = N_(
    "{name} looks like a chat export: lines with date, time and name. Write each question and its "
    "answer as lines that begin with Q: and A:, or make a table with the columns conversation, "
    "speaker and text."
)
_SHEETS = ("csv", "xlsx", "xls", "ods")
_TABLE_ENDINGS = (
    *(".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xlsm", ".xls", ".ods", ".json", ".jsonl"),
    *(".ndjson", ".parquet", ".html", ".htm", ".md", ".docx", ".yml", ".yaml"),
)
_BLANK = b"\x00\t\r\n \xef\xbb\xbf\xfe\xff"


def read_table(
    content: bytes,
    filename: str,
    *,
    sheet: str | None = None,
    choices: ReadingChoices | None = None,
    unfold: bool = True,
    below: bool = True,
) -> Table:
    """Read an uploaded file.

    Parameters
    ----------
    content : bytes
        At most ``MAX_UPLOAD_MB``.
    filename : str
        Only for messages and as a hint, never a path.
    sheet : str, optional
        Which sheet of a workbook, where that is the only choice.
    choices : ReadingChoices, optional
        What the user has set by hand.
    unfold : bool
        Whether lists in questions and answers become rows.
    below : bool
        Whether lines below a question may be its answer where there is only one column.

    Returns
    -------
    Table
        Of a zipped BEIR folder the judged pairs, for a preview;
        :func:`core.data.beir.read_beir` reads it with all its answers and its splits.

    Raises
    ------
    DataError
        For everything that cannot be used: too large, empty, damaged, another format, one column.
    RecursionError
        If lists lie inside one another too deep; :func:`core.jobs.limited.run_limited` tells it.
    """
    name = file_title(filename)
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
            raise DataError(template, name=name, formats=TABLE_FORMATS)
    upload = Upload(content, name, choices or ReadingChoices(sheet=sheet))
    if _is_link(upload):
        raise DataError(_LINK, name=name)
    for reader in READERS:
        if reader.knows(upload) and (table := _read_with(reader, upload, below)) is not None:
            table = objects_apart(table)
            table = without_cell_marks(_without_escapes(_without_nothings(table)))
            table = judged_apart(posts_joined(turns_apart(without_end_marks(table))))
            return unfolded(table) if unfold else table
    only = _only_table(upload)
    if only is not None and upload.archive is not None:
        table = read_table(
            archived(upload.archive, only),
            PurePosixPath(only).name,
            choices=choices,
            unfold=unfold,
            below=below,
        )
        text = N_("The file {file} in the archive was read.")
        return replace(table, warnings=(Message(text, {"file": only[:80]}), *table.warnings))
    raise _refusal(upload)


def _read_with(reader: Reader, upload: Upload, below: bool) -> Table | None:
    """Read with one reader; questions may also stand above their answers."""
    plain = reader.key == "csv" and upload.named(".txt", ".text") and not upload.choices.delimiter
    if plain and below and is_chat_export(upload):
        raise DataError(_CHAT, name=upload.name)
    if plain and below and (table := pairs_in_text(upload)) is not None:
        return table
    try:
        table = reader.read(upload)
    except OneColumnError as error:
        table = pairs_in_column(error.table, upload) if below else None
        if table is None:
            raise
        return table
    if table is None or reader.key not in _SHEETS:
        return table
    again = replace(upload.choices, header_row=0, below=True, sheet=table.sheet or None)
    if upload.choices.header_row is None and lies_across(table):
        every = reader.read(replace(upload, choices=again))
        upright = entries_across(every, upload.name) if every else None
        if upright is not None:
            return upright
    if not has_labelled_rows(table):
        return table
    nameless = table.header_row != 1 or is_label(table.columns[0])
    if nameless and upload.choices.header_row is None:
        every = reader.read(replace(upload, choices=again)) or table
    elif turns_apart(table) is table:
        every = table
    else:
        return table
    return labelled_rows(every, upload.name) or table


def _only_table(upload: Upload) -> str | None:
    """Return the only file of a ZIP archive where it may be a table, None where there are more."""
    if upload.members & {"mimetype", "[Content_Types].xml"}:
        return None
    files = [
        member
        for member in upload.members
        if not member.endswith("/")
        and not member.startswith("__MACOSX/")
        and not PurePosixPath(member).name.startswith(".")
    ]
    return files[0] if len(files) == 1 and files[0].lower().endswith(_TABLE_ENDINGS) else None


def _without_nothings(table: Table) -> Table:
    """Empty the cells that say they are empty; among ratings N/A says more than that."""
    few = len(table.frame) <= FEW_ROWS  # a call of pandas costs more than so many cells
    emptied: dict[str, pd.Series] = {}
    words: set[str] = set()
    rows: set[int] = set()
    for column in table.columns:
        cells = table.frame[column]
        if few:
            written = cells.tolist()
            hit = np.array([word in NOTHING_WRITTEN for word in written], bool)
        else:
            hit = cells.isin(NOTHING_WRITTEN).to_numpy()
        if not hit.any() or role_of(column) == "rating" or judging_minus(cells.tolist()):
            continue
        if few:
            words |= NOTHING_WRITTEN.intersection(written)
            left = ["" if empty else word for word, empty in zip(written, hit, strict=True)]
            emptied[column] = pd.Series(left, cells.index, cells.dtype)
        else:
            words |= set(cells[hit])
            emptied[column] = cells.mask(hit, "")
        rows |= set(table.row_numbers[hit].tolist())
    if not emptied:
        return table
    text = N_("Cells that say {words} were read as empty. Rows: {rows} ({count} in all).")
    shown = ", ".join(sorted(words)[:6])
    warning = Message(text, {"words": shown, "rows": row_list(rows), "count": len(rows)})
    return replace(table, frame=table.frame.assign(**emptied), warnings=(*table.warnings, warning))


# Formats whose cells are texts as somebody stored them, not as a page shows them.
_STORED = frozenset(("csv", "xlsx", "xls", "ods", "json", "jsonl", "parquet", "yaml", "datasets"))


def _without_escapes(table: Table) -> Table:
    """Return a table whose cells are as a reader sees them: without tags and escapes."""
    shown = without_tags(table)
    if table.format not in _STORED:
        return shown
    changed: dict[str, pd.Series] = {}
    decoded: dict[str, str] = {}
    doubtful: dict[str, str] = {}
    broken: list[str] = []
    every = {column: shown.frame[column].tolist() for column in table.columns}
    meant = bool(every) and entities_are_meant(list(every.values()))
    for column in table.columns:
        if shown is not table and not shown.frame[column].equals(table.frame[column]):
            continue  # its entities went with its tags
        cells = every[column]
        plain, examples = without_entities(cells, meant=meant)
        if examples:
            (doubtful if plain is None else decoded)[column] = examples
        lines = with_line_breaks(plain or cells)
        if lines is not (plain or cells):
            broken.append(column)
        if lines is not cells:
            changed[column] = pd.Series(lines, shown.frame.index, dtype="str")
    notes = []
    for held, text in (
        (decoded, N_("Signs written as {examples} in {columns} were read as what they stand for.")),
        (
            doubtful,
            N_(
                "Texts in {columns} hold {examples}. All were left as they are, as some rows talk "
                "about code; write the signs themselves where that is meant."
            ),
        ),
    ):
        if held:
            examples = ", ".join(dict.fromkeys(", ".join(held.values()).split(", ")))
            notes.append(Message(text, {"examples": examples, "columns": ", ".join(held)}))
    if broken:
        text = N_("Line breaks written as {sign} in {columns} were read as line breaks.")
        notes.append(Message(text, {"sign": "\\n", "columns": ", ".join(broken)}))
    if not changed and not notes:
        return shown
    frame = shown.frame.assign(**changed)
    return without_tags(replace(shown, frame=frame, warnings=(*shown.warnings, *notes)))


def _refusal(upload: Upload) -> DataError:
    """Say what a file is that no reader knows."""
    if _is_apple(upload):
        folders = tuple(f"{member.split('/')[0]}".lower() for member in upload.members)
        texts = (
            t for end, t in _APPLE if upload.named(end) or any(f.endswith(end) for f in folders)
        )
        return DataError(next(texts, _NUMBERS), name=upload.name, formats=TABLE_FORMATS)
    if upload.archive is None:
        return DataError(_MARKUP, name=upload.name, formats=TABLE_FORMATS)
    if upload.members & {"mimetype", "[Content_Types].xml"}:
        return DataError(_OFFICE, name=upload.name, formats=TABLE_FORMATS)
    files = [part for part in upload.archive.namelist() if not part.endswith("/")]
    return DataError(
        "{name} is a ZIP archive (files in it: {count}, first: {first}), not a table. Unpack it "
        "and upload the table inside; zipped folders can be read as they are only of BEIR "
        "(corpus.jsonl, queries.jsonl, qrels), datasets.save_to_disk, Rasa and Dialogflow.",
        name=upload.name,
        count=len(files),
        first=files[0][:80] if files else "–",
    )


def _read_json(upload: Upload) -> Table | None:
    table = read_json(upload.decoded.text, upload.name)
    if table is None:
        if upload.named(".json", ".jsonl", ".ndjson", ".jsonld"):
            raise DataError(
                "{name} is not valid JSON: {detail}. Export it again.",
                name=upload.name,
                detail=_json_problem(upload.decoded.text),
            )
        return None
    decoded = upload.decoded
    return replace(
        table,
        encoding=decoded.encoding,
        encodings=decoded.others,
        warnings=(*decoded.warnings, *table.warnings),
    )


def _json_problem(text: str) -> str:
    import json

    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        return str(error)[:160]
    return "–"


def _read_packed(upload: Upload) -> Table | None:
    return read_packed(upload.archive, upload.name) if upload.archive else None


def _read_yaml(upload: Upload) -> Table | None:
    return read_yaml(upload.decoded.text, upload.name)


def _read_chat(upload: Upload) -> Table | None:
    table = read_chat_log(upload.decoded.text, upload.name)
    if table is None:
        return None
    decoded = upload.decoded
    return replace(table, encoding=decoded.encoding, warnings=(*decoded.warnings, *table.warnings))


def _may_be_packed(upload: Upload) -> bool:
    return not upload.members & {"mimetype", "[Content_Types].xml"} and not _is_apple(upload)


def _is_apple(upload: Upload) -> bool:
    """Tell a file of Numbers, Pages or Keynote, also as a folder that was zipped."""
    return any(part.endswith((".iwa", "/Index.zip")) for part in upload.members)


def _is_link(upload: Upload) -> bool:
    """Tell what a folder of Google Drive, a browser or a desktop keeps in the place of a file."""
    if not upload.is_text or len(upload.content) > _LONGEST_LINK:
        return False
    link = upload.document
    if isinstance(link, dict):
        return link.keys() <= _LINK_NAMES and bool(link.keys() & {"doc_id", "resource_id"})
    if upload.start.startswith("[InternetShortcut]"):
        return True
    return upload.start.startswith("<?xml") and "<plist" in upload.start and ">URL<" in upload.start


def _is_xml(upload: Upload) -> bool:
    return upload.start[:10].lower().startswith(("<?xml", "<!doctype"))


def _read_beir(upload: Upload) -> Table:
    files, name = open_beir(upload.content), upload.name
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
        warnings=[Message(text, counts), *beir_warnings(files)],
        encoding="utf-8",
        not_used=files.not_used,
    )


# Asked in this order: the first that knows a file reads it.
READERS: tuple[Reader, ...] = (
    Reader(
        key="xlsx",
        title=N_("Excel workbook (XLSX)"),
        looks_like=N_("A sheet with column names in one row and a question and an answer below."),
        example="| question | answer |\n| When do you open? | At nine. |",
        endings=(".xlsx", ".xlsm"),
        knows=is_workbook,
        read=read_workbook,
    ),
    Reader(
        key="beir",
        title=N_("BEIR folder (ZIP)"),
        looks_like=N_(
            "A zipped folder with corpus.jsonl, queries.jsonl and qrels.tsv or qrels/*.tsv."
        ),
        example=(
            'corpus.jsonl   {"_id": "d1", "text": "At nine."}\n'
            'queries.jsonl  {"_id": "q1", "text": "When do you open?"}\n'
            "qrels.tsv      q1\td1\t1"
        ),
        endings=(".zip",),
        knows=lambda upload: beir_root(list(upload.members)) is not None,
        read=_read_beir,
    ),
    Reader(
        key="ods",
        title=N_("LibreOffice spreadsheet (ODS)"),
        looks_like=N_("A sheet with column names in one row and a question and an answer below."),
        example="| question | answer |\n| When do you open? | At nine. |",
        endings=(".ods", ".ots"),
        knows=is_ods,
        read=read_ods,
    ),
    Reader(
        key="xls",
        title=N_("Old Excel workbook (XLS)"),
        looks_like=N_("A sheet with column names in one row and a question and an answer below."),
        example="| question | answer |\n| When do you open? | At nine. |",
        endings=(".xls",),
        knows=lambda upload: upload.content.startswith(XLS_START),
        read=read_xls,
    ),
    Reader(
        key="docx",
        title=N_("Word document (DOCX)"),
        looks_like=N_(
            "Each question is a heading or a bold line, its answer the text below; or a table."
        ),
        example="When do you open?      (heading or bold)\nAt nine.",
        endings=(".docx",),
        knows=is_docx,
        read=read_docx,
    ),
    Reader(
        key="datasets",
        title=N_("Data set of Hugging Face (ZIP)"),
        looks_like=N_(
            "A zipped folder that save_to_disk wrote, with Arrow files and state.json; several "
            "splits are all read."
        ),
        example="train/data-00000-of-00001.arrow\ntrain/dataset_info.json\ntrain/state.json",
        endings=(".zip",),
        knows=is_saved_dataset,
        read=read_saved_dataset,
    ),
    Reader(
        key="chatbot",
        title=N_("Exports of chatbots (Dialogflow and Rasa, zipped)"),
        looks_like=N_(
            "The wordings of each intent with its answer; without answers the intent's name."
        ),
        example="intents/hours.json\nintents/hours_usersays_en.json",
        endings=(".zip",),
        knows=lambda upload: upload.archive is not None and _may_be_packed(upload),
        read=_read_packed,
    ),
    Reader(
        key="parquet",
        title="Parquet",
        looks_like=N_("A table with named columns; lists in a cell become rows."),
        example="question, answer",
        endings=(".parquet",),
        knows=lambda upload: upload.content.startswith(b"PAR1"),
        read=lambda upload: read_parquet(upload.content, upload.name),
    ),
    Reader(
        key="json",
        title="JSON, JSONL",
        looks_like=N_("A list of objects, or one object per line, with named values."),
        example='[{"question": "When do you open?", "answer": "At nine."}]',
        endings=(".json", ".jsonl", ".ndjson", ".jsonld"),
        knows=lambda upload: upload.is_json,
        read=_read_json,
    ),
    Reader(
        key="yaml",
        title=N_("Training data of a chatbot (Rasa YAML)"),
        looks_like=N_("The examples of each intent with its response."),
        example="nlu:\n- intent: hours\n  examples: |\n    - When are you open?\n"
        "responses:\n  utter_hours:\n  - text: At nine.",
        endings=(".yml", ".yaml"),
        knows=lambda upload: (
            upload.is_text
            and (upload.named(".yml", ".yaml") or upload.start.startswith(("version:", "nlu:")))
        ),
        read=_read_yaml,
    ),
    Reader(
        key="chat",
        title=N_("Chat of WhatsApp or LINE (TXT)"),
        looks_like=N_(
            "A line for each message, with time, name and text; the names say who is the customer."
        ),
        example="02.01.25, 10:00 - Customer: When do you open?\n02.01.25, 10:01 - Agent: At nine.",
        endings=(".txt",),
        knows=lambda upload: upload.is_text and is_chat_log(upload.start),
        read=_read_chat,
    ),
    Reader(
        key="html",
        title=N_("Web page (HTML)"),
        looks_like=N_(
            "An FAQ page: each question a heading, its answer the text below; or a table; or an "
            "FAQ marked up for search engines."
        ),
        example="<h2>When do you open?</h2>\n<p>At nine.</p>",
        endings=(".html", ".htm"),
        knows=is_html,
        read=read_html,
    ),
    Reader(
        key="markdown",
        title="Markdown",
        looks_like=N_(
            "Each question is a heading, its answer the text below; or lines with Q: and A:."
        ),
        example="## When do you open?\nAt nine.",
        endings=(".md", ".markdown", ".txt"),
        knows=is_markdown,
        read=read_markdown,
    ),
    Reader(
        key="csv",
        title=N_("CSV, TSV and other text tables"),
        looks_like=N_(
            "One row a line, cells separated by comma, semicolon, tab or |; the first row names "
            "the columns."
        ),
        example="question,answer\nWhen do you open?,At nine.",
        endings=(".csv", ".tsv", ".tab", ".txt"),
        knows=lambda upload: upload.is_text and not _is_xml(upload),
        read=read_delimited,
    ),
)
