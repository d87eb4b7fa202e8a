"""What was searched for in addresses and in the logs of web servers: ``/search?q=ski+wax``.

Of a server's log nothing but these words and the day is read: the rest is about visitors.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import unquote_plus

from core.data.columns.column_names import ROLES
from core.data.logs.log_names import QUESTION_NAMES, name_place
from core.data.reading.upload import Upload
from core.data.table import NotUsed, Table, build_table
from core.errors import DataError
from core.messages import N_, Message

_QUESTIONS = (*ROLES["question"], *QUESTION_NAMES)
_SAMPLE = 500  # lines that tell what a file is
_NEARLY_ALL = 0.8
_SOME = 0.3
# What programs call the words searched for in an address, the surest first.
_NAMES = (
    *("q", "query", "search", "searchterm", "search_term", "searchquery", "search_query"),
    *("searchtext", "search_text", "searchstring", "searchphrase", "searchword", "keyword"),
    *("keywords", "kw", "term", "terms", "phrase", "field-keywords", "querytext", "querystring"),
    *("query_string", "wd", "find", "question", "frage", "suche", "suchbegriff", "suchwort"),
    *("suchtext", "suchanfrage", "recherche", "motcle", "busqueda", "buscar", "busca", "pesquisa"),
    *("ricerca", "cerca", "zoek", "zoekterm", "szukaj", "ara", "kensaku", "text", "s"),
)
_WORDS = re.compile(
    rf"(?:^|[?&\s\"',{{\[;])(?P<name>{'|'.join(map(re.escape, _NAMES))})="
    r"(?:\"(?P<quoted>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^&\s\"'#;]*))",
    re.IGNORECASE,
)
_PATH = re.compile(
    r"/(?:search|suche|recherche|buscar|busca|ricerca|zoeken|szukaj|arama)/(?P<bare>[^/?&\s\"'#]+)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?:https?://|www\.|/)\S*$|[\w./-]*\?[\w.%-]+=\S*$", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_IP = re.compile(
    r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])|\b(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{1,4}\b", re.I
)
_REQUEST = re.compile(r"\b(?:GET|POST|HEAD|PUT)\s+(?:/|https?://)\S*")
_STAMPED = re.compile(
    r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\[?\d{1,2}/\w{3}/\d{4}:"
    r"|\w{3}\s+\d{1,2} \d\d:\d\d:\d\d |(?:\d{1,3}\.){3}\d"
)
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_APACHE_DAY = re.compile(r"(\d{1,2})/(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/(\d{4})")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def searched_words(address: str) -> str:
    """Return the words searched for in an address or a line of a log, "" where there are none."""
    found: dict[str, str] = {}
    for match in _WORDS.finditer(address):
        value = match["quoted"] or match["single"] or match["bare"] or ""
        found.setdefault(match["name"].lower(), value)
    values = [found[name] for name in _NAMES if name in found]
    values += [match["bare"] for match in _PATH.finditer(address)]
    decoded = (" ".join(unquote_plus(value).split()) for value in values)
    return next((words for words in decoded if _LETTER.search(words)), "")


def read_server_log(upload: Upload) -> Table | None:
    """Return what was searched for in the log of a web server; None where the file is none.

    Raises
    ------
    DataError
        If no request of it searches for anything.
    """
    if not upload.is_text or upload.is_json:
        return None
    lines = upload.decoded.text.splitlines()
    if not _is_server_log([line for line in lines if line.strip()][:_SAMPLE]):
        return None
    rows, numbers, without = [], [], 0
    for number, line in enumerate(lines, 1):
        words = searched_words(line) if line.strip() and not line.startswith("#") else ""
        if words:
            rows.append([words, _day(line)])
            numbers.append(number)
        else:
            without += bool(line.strip())
    if not rows:
        raise DataError(
            "{name} is the log of a server, and none of its lines holds words searched for (q=, "
            "query=, search= …). Export the searches with their counts instead.",
            name=upload.name,
        )
    text = N_(
        "The file is the log of a server. Only what was searched for was read ({count} lines); "
        "addresses of visitors and everything else were left out."
    )
    return build_table(
        ["query", "date"],
        rows,
        numbers,
        name=upload.name,
        kind="csv",
        encoding=upload.decoded.encoding,
        warnings=[*upload.decoded.warnings, Message(text, {"count": len(rows)})],
        not_used=[NotUsed("rows", "lines without words searched for", without)] * bool(without),
    )


def _is_server_log(lines: Sequence[str]) -> bool:
    """Tell whether lines are those of a server: requests, or moments with words searched for."""
    lines = [line for line in lines if not line.startswith("#")]
    if not lines:
        return False
    requests = sum(
        1 for line in lines if _REQUEST.search(line) and ("HTTP/" in line or _IP.search(line))
    )
    if requests >= _NEARLY_ALL * len(lines):
        return True
    stamped = sum(1 for line in lines if _STAMPED.match(line))
    searching = sum(1 for line in lines if _STAMPED.match(line) and searched_words(line))
    table = any(
        len({line.count(sign) for line in lines}) == 1 and sign in lines[0] for sign in ",;\t"
    )
    return not table and stamped >= _NEARLY_ALL * len(lines) and searching >= _SOME * len(lines)


def _day(line: str) -> str:
    """Return the day of a line as ISO 8601, "" where it has none."""
    if found := _APACHE_DAY.search(line):
        return f"{found[3]}-{_MONTHS.index(found[2]) + 1:02d}-{int(found[1]):02d}"
    found = _DAY.search(line)
    return found[0] if found else ""


def with_searched_words(table: Table) -> Table:
    """Take what was searched for out of a column of addresses, where no column holds questions."""
    columns: dict[str, list[str]] = {
        column: table.frame[column].tolist() for column in table.columns
    }
    addresses = [column for column, texts in columns.items() if _are_addresses(texts[:_SAMPLE])]
    others = set(columns) - set(addresses)
    if not addresses or any(name_place(column, _QUESTIONS) for column in others):
        return table
    found = Counter(
        {c: sum(map(bool, map(searched_words, columns[c][:_SAMPLE]))) for c in addresses}
    )
    (column, count), *_ = found.most_common(1)
    if not count:
        return table
    words = [searched_words(text) for text in columns[column]]
    kept = [i for i, text in enumerate(words) if text]
    without = [
        columns[column][i] for i, text in enumerate(words) if not text and columns[column][i]
    ]
    text = N_("What was searched for was taken out of the addresses in {column} ({example}).")
    example = columns[column][kept[0]][:60]
    name = f"addresses without words searched for, first: {without[0][:60]}" if without else ""
    return replace(
        table,
        frame=table.frame.assign(**{column: words}).iloc[kept].reset_index(drop=True),
        row_numbers=table.row_numbers[kept],
        wrong=table.wrong[kept],
        warnings=(*table.warnings, Message(text, {"column": column, "example": example})),
        not_used=(*table.not_used, *[NotUsed("rows", name, len(without))] * bool(without)),
    )


def _are_addresses(texts: Sequence[str]) -> bool:
    filled = [text for text in texts if text]
    found = sum(1 for text in filled if _ADDRESS.match(text))
    return bool(filled) and found >= _NEARLY_ALL * len(filled)
