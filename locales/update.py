"""Collect every text that users see, and bring the catalogues up to date.

Run ``python locales/update.py`` after changing texts; then translate what is empty or fuzzy in
``locales/<language>/LC_MESSAGES/messages.po``. A test fails while anything is untranslated.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LOCALES = ROOT / "locales"
ERRORS = (
    "AppError DataError TooLittleDataError ExpertError ModelUnavailableError LabelError "
    "TuningError ComparisonError WorkspaceError JobError"
)
# The first argument of each of these calls is a text for people.
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    name: None for name in ("N_", "t", "_", *ERRORS.split())
}
HEADER = "# Texts of Search Tuner. Licence: Apache-2.0."
SOURCES = (
    ("python", ["app.py", "core/**/*.py", "pages/**/*.py"]),
    ("jinja2", ["core/reporting/templates/*.jinja"]),
)


def collect() -> Catalog:
    """Return a catalogue of all texts in the source, with the places where they stand."""
    catalog = Catalog(project="Search Tuner", charset="utf-8", header_comment=HEADER)
    for method, patterns in SOURCES:
        extractor = "jinja2.ext:babel_extract" if method == "jinja2" else method
        for path in sorted(p for pattern in patterns for p in ROOT.glob(pattern)):
            found = extract_from_file(extractor, path, keywords=KEYWORDS, comment_tags=("NOTE:",))
            for _line, message, comments, context in found:
                place = (path.relative_to(ROOT).as_posix(), None)
                catalog.add(message, None, [place], auto_comments=comments, context=context)
    return catalog


def catalogue_path(language: str) -> Path:
    """Return the catalogue file of a language."""
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


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
            include_lineno=False,
        )
    return catalog


if __name__ == "__main__":
    for language in sys.argv[1:] or ["ja"]:
        merged = update(language)
        empty = [m for m in merged if m.id and not m.string]
        sys.stdout.write(f"{language}: {len(merged)} texts, {len(empty)} untranslated\n")
