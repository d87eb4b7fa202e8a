"""XLSX workbooks, ordinary and Strict Open XML: cells as the user sees them, nothing computed."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any

from core.data.cells import cell_text
from core.data.reading.number_formats import GENERAL, shown
from core.data.reading.spreadsheets import LAST_ROW, Range, SheetRows, table_of
from core.data.reading.upload import Upload
from core.data.table import Table
from core.errors import DataError

_DECLARATION = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,12})")
_LINK = re.compile(r'HYPERLINK\(\s*"[^"]*"\s*[,;]\s*"((?:[^"]|"")*)"\s*\)', re.IGNORECASE)
_MOST_COLUMNS = 16_384


def is_workbook(upload: Upload) -> bool:
    """Tell whether an archive is a workbook of a kind with XML inside."""
    return "[Content_Types].xml" in upload.members and any(
        part.startswith("xl/") for part in upload.members
    )


def read_workbook(upload: Upload) -> Table:
    """Read one sheet of a workbook: the chosen one, else the first with a table in it.

    Formula cells show the value that the spreadsheet program stored; where none is stored, they
    are empty, and so are cells with errors (#N/A …).

    Raises
    ------
    DataError
        If the workbook is damaged, has no such sheet or no sheet with two columns.
    """
    if any(part.startswith("xl/workbook.bin") for part in upload.members):
        raise DataError("{name} is a binary workbook (XLSB). Save it as XLSX.", name=upload.name)
    try:
        return table_of(_Workbook(upload).sheets(), upload, "xlsx")
    except DataError:
        raise
    except Exception as error:  # the parser meets damaged files with errors of every kind
        raise DataError(
            "{name} looks like an Excel workbook but is damaged ({detail}). Open it in your "
            "spreadsheet program, save it again as XLSX, and upload that.",
            name=upload.name,
            detail=f"{type(error).__name__}: {error}"[:200],
        ) from error


def local(tag: object) -> str:
    """Return a tag without its namespace; Strict Open XML differs in these only."""
    return str(tag).rpartition("}")[2]


def parsed(file: IO[bytes], *tags: str) -> Iterator[tuple[str, Any]]:
    """Yield elements of an XML file with these tags as they end, without keeping them.

    Entities are left alone: nested ones turn a kilobyte into gigabytes.
    """
    from lxml import etree

    for _, element in etree.iterparse(
        file,
        events=("end",),
        tag=[f"{{*}}{tag}" for tag in tags],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
    ):
        yield local(element.tag), element
        element.clear()
        while (before := element.getprevious()) is not None:
            element.getparent().remove(before)


@dataclass(eq=False)
class _Workbook:
    upload: Upload
    texts: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)  # number format of each cell style
    date1904: bool = False

    def sheets(self) -> Iterator[SheetRows]:
        for part in self.archive.namelist():
            if part.endswith((".xml", ".rels")) and _DECLARATION.search(self._head(part)):
                raise DataError(
                    "{name} contains document type declarations, which no spreadsheet program "
                    "writes. Save it again as XLSX.",
                    name=self.upload.name,
                )
        book = self._main_part()
        related = self._related(book)
        for kind, target in related.values():
            if kind == "sharedStrings":
                self.texts = self._shared_texts(target)
            elif kind == "styles":
                self.codes = self._number_formats(target)
        listed: list[tuple[SheetRows, str]] = []
        with self.archive.open(book) as file:
            for tag, element in parsed(file, "workbookPr", "sheet"):
                if tag == "workbookPr":
                    self.date1904 = element.get("date1904") in ("1", "true")
                    continue
                values = {local(key): value for key, value in element.attrib.items()}
                kind, target = related.get(values.get("id", ""), ("", ""))
                if kind == "worksheet":
                    visible = values.get("state", "visible") == "visible"
                    listed.append((SheetRows(values.get("name", ""), visible), target))
        for sheet, target in listed:
            self._fill(sheet, target)
            yield sheet

    @property
    def archive(self) -> zipfile.ZipFile:
        assert self.upload.archive
        return self.upload.archive

    def _head(self, part: str) -> bytes:
        with self.archive.open(part) as file:
            return file.read(4096)

    def _main_part(self) -> str:
        if "_rels/.rels" in self.upload.members:
            for kind, target in self._relations("_rels/.rels", "").values():
                if kind == "officeDocument":
                    return target
        return "xl/workbook.xml"

    def _related(self, part: str) -> Mapping[str, tuple[str, str]]:
        folder, name = posixpath.split(part)
        return self._relations(f"{folder}/_rels/{name}.rels".lstrip("/"), folder)

    def _relations(self, part: str, folder: str) -> Mapping[str, tuple[str, str]]:
        """Return kind and target of the parts that one names, by id."""
        found = {}
        with self.archive.open(part) as file:
            for _, element in parsed(file, "Relationship"):
                target = element.get("Target", "").replace("\\", "/")
                path = target.lstrip("/") if target.startswith("/") else f"{folder}/{target}"
                kind = element.get("Type", "").rpartition("/")[2]
                found[element.get("Id", "")] = (kind, posixpath.normpath(path.lstrip("/")))
        return found

    def _shared_texts(self, part: str) -> list[str]:
        if part not in self.upload.members:
            return []
        with self.archive.open(part) as file:
            return [_rich_text(element) for _, element in parsed(file, "si")]

    def _number_formats(self, part: str) -> list[str]:
        from openpyxl.styles.numbers import BUILTIN_FORMATS

        if part not in self.upload.members:
            return []
        own: dict[str, str] = {}
        codes: list[str] = []
        with self.archive.open(part) as file:
            for tag, element in parsed(file, "numFmt", "cellXfs"):
                if tag == "numFmt":
                    own.setdefault(element.get("numFmtId", ""), element.get("formatCode", ""))
                else:
                    codes = [style.get("numFmtId", "0") for style in element]
        usual = {str(key): code for key, code in BUILTIN_FORMATS.items()}
        return [own.get(code) or usual.get(code, GENERAL) for code in codes]

    def _fill(self, sheet: SheetRows, part: str) -> None:
        """Read the rows of a sheet; blank cells and rows may be missing in it."""
        number = 0
        with self.archive.open(part) as file:
            for tag, element in parsed(file, "row", "col", "mergeCell"):
                if tag == "row":
                    number = int(element.get("r") or number + 1)
                    if element.get("hidden") in ("1", "true"):
                        sheet.hidden_rows.add(number)
                    sheet.add(number, self._cells(sheet, element, number), self.upload.name)
                elif tag == "mergeCell":
                    if (area := _range(element.get("ref", ""))) is not None:
                        sheet.merged.append(area)
                elif element.get("hidden") in ("1", "true"):
                    first = int(element.get("min", "1"))
                    last = min(int(element.get("max", first)), _MOST_COLUMNS)
                    sheet.hidden_columns.update(range(first, last + 1))

    def _cells(self, sheet: SheetRows, row: Any, number: int) -> list[str]:
        texts: list[str] = []
        for cell in row:
            reference = cell.get("r")
            found = _REFERENCE.fullmatch(reference) if reference else None
            column = _column(found[1]) if found else len(texts) + 1
            if column > _MOST_COLUMNS:
                raise DataError(
                    "{name} has more than {rows} rows or {cells} cells. Upload a part of it.",
                    name=self.upload.name,
                    rows=LAST_ROW,
                    cells=_MOST_COLUMNS * LAST_ROW,
                )
            text = self._text(sheet, cell, number)
            if column > len(texts) + 1:
                texts += [""] * (column - len(texts) - 1)
            if column <= len(texts):
                texts[column - 1] = text
            else:
                texts.append(text)
        return texts

    def _text(self, sheet: SheetRows, cell: Any, number: int) -> str:
        kind = cell.get("t", "n")
        value, formula = None, None
        for child in cell:
            tag = local(child.tag)
            if tag == "v":
                value = child.text
            elif tag == "f":
                formula = child
            elif tag == "is":
                return _rich_text(child)
        if formula is not None and not value and kind != "str":
            if text := _link_text(formula.text or ""):
                return cell_text(text)
            sheet.uncomputed.append(number)
            return ""
        if value is None or value == "":
            return ""
        if kind == "n":
            return self._number(sheet, value, cell.get("s"), number)
        if kind == "s":
            return self.texts[int(value)]
        if kind == "b":
            return cell_text(value.strip() in ("1", "true"))
        if kind == "e":
            return ""
        if kind == "d":
            return cell_text(datetime.fromisoformat(value))
        return cell_text(value)

    def _number(self, sheet: SheetRows, value: str, style: str | None, number: int) -> str:
        place = int(style) if style else 0
        code = self.codes[place] if place < len(self.codes) else GENERAL
        if code == GENERAL and value.isdigit():
            return value
        text, rounded = shown(float(value), code, self.date1904)
        if rounded:
            sheet.rounded.append(number)
        return text


def _rich_text(element: Any) -> str:
    """Return the runs of a text; readings above Japanese characters (rPh) are no part of it."""
    runs = []
    for child in element:
        tag = local(child.tag)
        if tag == "t":
            runs.append(child.text or "")
        elif tag == "r":
            runs += [part.text or "" for part in child if local(part.tag) == "t"]
    return cell_text("".join(runs))


def _link_text(formula: str) -> str:
    """Return the text of ``HYPERLINK("address","text")``, which needs no computing."""
    found = _LINK.fullmatch(formula.strip())
    return found[1].replace('""', '"') if found else ""


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _range(reference: str) -> Range | None:
    first, _, last = reference.partition(":")
    a, b = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last or first)
    return (_column(a[1]), int(a[2]), _column(b[1]), int(b[2])) if a and b else None
