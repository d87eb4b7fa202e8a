"""Every text is translated, and a translation never breaks its values."""

from __future__ import annotations

import importlib.util
import string
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from core.messages import Message
from core.translation import LANGUAGES, translate, translator

ROOT = Path(__file__).resolve().parents[1]
_spec = importlib.util.spec_from_file_location("locales_update", ROOT / "locales" / "update.py")
assert _spec and _spec.loader
update = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(update)

SOURCE = {message.id for message in update.collect() if message.id}
TRANSLATED = [language for language in LANGUAGES if language != "en"]


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated(language):
    """An untranslated message shows up as English in the middle of a Japanese page."""
    with update.catalogue_path(language).open("rb") as file:
        catalog = read_po(file, locale=language)
    done = {m.id for m in catalog if m.id and m.string and not m.fuzzy}
    assert sorted(SOURCE - done) == []
    assert sorted({m.id for m in catalog if m.id} - SOURCE) == [], "gone: run locales/update.py"


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_their_fields(language):
    """A lost or misspelt {field} would be a crash, seen by Japanese readers only."""
    translated = translator(language)
    wrong = [text for text in sorted(SOURCE) if fields(translated(text)) != fields(text)]
    assert wrong == []


def test_source_texts_are_whole_sentences_with_named_fields():
    """Numbered or empty fields cannot be reordered by a translator."""
    wrong = [text for text in sorted(SOURCE) if any(not f or f.isdigit() for f in fields(text))]
    assert wrong == []


def test_message_is_filled_in_after_translation():
    message = Message("{seconds} s", {"seconds": 5})
    assert translate(message, "en") == "5 s"
    assert translate(message, "ja") == "5秒"
