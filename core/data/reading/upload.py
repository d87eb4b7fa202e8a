"""An upload as its readers see it: bytes, text and archive, each opened once, and the choices."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from core.data.reading.archives import open_archive
from core.data.reading.decoding import Decoded, decode
from core.data.table import Table

START = 4096  # characters that a reader looks at to know its files
_JSON_ENDINGS = (".json", ".jsonl", ".ndjson")


@dataclass(frozen=True)
class ReadingChoices:
    """What the user has set by hand; None = found out from the file.

    Attributes
    ----------
    sheet : str or None
        Which sheet of a workbook, which list of a document.
    encoding : str or None
        A name that Python knows, such as ``mac_roman``.
    delimiter : str or None
        Between the cells of a text file.
    header_row : int or None
        The row with the column names, counted from 1.
    hidden_rows : bool
        Whether rows that the spreadsheet hides (by hand or by a filter) are read.
    below : bool
        Whether sums and other tables below the first are read as rows of it.
    """

    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    hidden_rows: bool = True
    below: bool = False


@dataclass(frozen=True, eq=False)
class Upload:
    """A file that somebody uploaded.

    Attributes
    ----------
    content : bytes
    name : str
        For messages, and a hint where the content leaves it open; never a path.
    choices : ReadingChoices
    """

    content: bytes
    name: str
    choices: ReadingChoices = ReadingChoices()

    def named(self, *endings: str) -> bool:
        """Tell whether the file name ends in one of these."""
        return self.name.lower().endswith(endings)

    @cached_property
    def archive(self) -> zipfile.ZipFile | None:
        """The ZIP archive that the file is, None where it is none; DataError if damaged."""
        return open_archive(self.content, self.name) if self.content.startswith(b"PK") else None

    @cached_property
    def members(self) -> frozenset[str]:
        """The names of the files in the archive."""
        return frozenset(self.archive.namelist() if self.archive else ())

    @cached_property
    def decoded(self) -> Decoded:
        """The content as text, in the encoding chosen or found; DataError if it is none."""
        return decode(self.content, self.name, self.choices.encoding)

    @cached_property
    def start(self) -> str:
        """The first signs of the text, without what stands blank before them."""
        return self.decoded.text[:START].lstrip("\ufeff\x00\t\r\n ")

    @property
    def is_text(self) -> bool:
        """Whether it is neither an archive nor one of the binary formats."""
        return not self.content.startswith((b"PK", b"PAR1", b"\xd0\xcf\x11\xe0"))

    @cached_property
    def is_json(self) -> bool:
        """Whether it is a text that begins like JSON or is called so."""
        if not self.is_text:
            return False
        return self.start[:1] in ("[", "{") or self.named(*_JSON_ENDINGS)

    @cached_property
    def document(self) -> object:
        """The text as one JSON document; None where it is not JSON as a whole."""
        try:
            return json.loads(self.decoded.text) if self.is_json else None
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True)
class Reader:
    """One kind of file that can be read.

    Attributes
    ----------
    key : str
        The ``format`` of its tables.
    title : str
        What people call such files.
    looks_like : str
        How to recognise one, in a sentence.
    example : str
        A small one, as text.
    endings : tuple of str
        Usual file names; the content decides, not they.
    knows : callable
        Tells whether an upload is one, at little cost; nothing that an earlier reader knows
        reaches it.
    read : callable
        Upload to table; None where it turns out to be something else after all.
    """

    key: str
    title: str
    looks_like: str
    example: str
    endings: tuple[str, ...]
    knows: Callable[[Upload], bool]
    read: Callable[[Upload], Table | None]
