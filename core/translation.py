"""Translations: gettext catalogues in ``locales/``, compiled in memory when first used."""

from __future__ import annotations

import gettext
import io
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from core.messages import Message, Term

LOCALES = Path(__file__).resolve().parents[1] / "locales"
LANGUAGES: Mapping[str, str] = {"en": "English", "ja": "日本語"}
DEFAULT_LANGUAGE = "en"

Translate = Callable[[str], str]


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """Return the catalogue of a language; English, the source, needs none."""
    path = LOCALES / language / "LC_MESSAGES" / "messages.po"
    if language not in LANGUAGES or not path.is_file():
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translator(language: str) -> Translate:
    """Return the function that turns an English text into the given language."""
    return catalogue(language).gettext


def translate(message: Message, language: str) -> str:
    """Return a message in the given language, with its values filled in."""
    own = translator(language)
    values = {
        name: own(value) if isinstance(value, Term) else value
        for name, value in message.params.items()
    }
    return own(message.template).format(**values)
