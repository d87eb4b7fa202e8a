"""Collect every text that users see, and bring the catalogues up to date.

Run ``python locales/update.py`` after changing texts; then translate what is empty or fuzzy in
``locales/<language>/LC_MESSAGES/messages.po``. A test fails while anything is untranslated.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LOCALES = ROOT / "locales"
ERRORS = (
    "AppError DataError TooLittleDataError LimitError ExpertError ModelUnavailableError LabelError "
    "TuningError ComparisonError BrokenSystemError ExportError WorkspaceError RightsError JobError "
    "SeveralSystemsError ContradictoryRanksError"
)
# The first argument of each of these calls is a text for people, of the last one the first two:
# for one, and for any other number.
KEYWORDS = frozenset(("N_", "t", "_", *ERRORS.split()))
COUNTED = "N_n"
Text = str | tuple[str, str]
HEADER = "# Texts of Search Tuner. Licence: Apache-2.0."
PYTHON = ("*.py", "core/**/*.py", "pages/**/*.py")
TEMPLATES = ("core/reporting/templates/*.jinja",)


def collect() -> Catalog:
    """Return a catalogue of all texts in the source."""
    catalog = Catalog(project="Search Tuner", charset="utf-8", header_comment=HEADER)
    for patterns, texts_of in ((PYTHON, python_texts), (TEMPLATES, template_texts)):
        for path in sorted(p for pattern in patterns for p in ROOT.glob(pattern)):
            for text in texts_of(path):
                catalog.add(text)
    return catalog


def python_texts(path: Path) -> list[Text]:
    """Return the texts of a module; pairs where one reads differently.

    Read from the syntax tree, because Babel's own reader of Python 3.11 sources does not look
    inside f-strings.
    """
    calls = (n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call))
    found: list[Text] = []
    for call in calls:
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        given = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
        texts = [value for value in given if isinstance(value, str)]
        if name == COUNTED:
            found.append((texts[0], texts[1]))
        elif name in KEYWORDS and texts and isinstance(call.args[0], ast.Constant):
            found.append(texts[0])
    return found


def template_texts(path: Path) -> list[Text]:
    """Return the texts of a Jinja2 template."""
    keywords = dict.fromkeys(KEYWORDS)
    found = extract_from_file("jinja2.ext:babel_extract", path, keywords=keywords)
    return [message for _line, message, _comments, _context in found if isinstance(message, str)]


def catalogue_path(language: str) -> Path:
    """Return the catalogue file of a language."""
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


def is_translated(message: Message) -> bool:
    """Return True if every form of a text is there."""
    string = message.string
    return bool(string) if isinstance(string, str) else bool(string) and all(string)


def update(language: str) -> Catalog:
    """Merge new texts into the catalogue of a language and drop those that are gone."""
    path = catalogue_path(language)
    template = collect()
    if path.is_file():
        with path.open("rb") as file:
            catalog = read_po(file, locale=language)
        catalog.update(template, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        catalog.header_comment = HEADER
    else:
        catalog = template
        catalog.locale = language
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(
            file,
            catalog,
            width=100,
            sort_output=True,
            no_location=True,  # where a text stands changes with every move of a file
        )
    return catalog


if __name__ == "__main__":
    for language in sys.argv[1:] or ["ja"]:
        merged = update(language)
        empty = [m for m in merged if m.id and not is_translated(m)]
        sys.stdout.write(f"{language}: {len(merged)} texts, {len(empty)} untranslated\n")
