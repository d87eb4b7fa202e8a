"""Every text is translated, and a translation never breaks its values."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import string
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from markdown_it import MarkdownIt

from core.messages import Message, N_n
from core.translation import FORMER, LANGUAGES, LOCALES, catalogue, translate, translator
from pages.parts import translate as page_texts

ROOT = Path(__file__).resolve().parents[1]
_spec = importlib.util.spec_from_file_location("locales_update", ROOT / "locales" / "update.py")
assert _spec and _spec.loader
update = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(update)

SOURCE = {message.id for message in update.collect() if message.id}  # pairs: one, and more
TRANSLATED = [language for language in LANGUAGES if language != "en"]


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated(language):
    """An untranslated message shows up as English in the middle of a Japanese page."""
    with update.catalogue_path(language).open("rb") as file:
        catalog = read_po(file, locale=language)
    done = {m.id for m in catalog if m.id and update.is_translated(m) and not m.fuzzy}
    assert sorted(map(str, SOURCE - done)) == []
    gone = {m.id for m in catalog if m.id} - SOURCE
    assert sorted(map(str, gone)) == [], "gone: run locales/update.py"


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_their_fields(language):
    """A lost or misspelt {field} would be a crash, seen by Japanese readers only."""
    found, wrong = catalogue(language), []
    for text in SOURCE:
        forms = (text,) if isinstance(text, str) else text
        own = [found.gettext(text)] if isinstance(text, str) else []
        own += [found.ngettext(*text, number) for number in (1, 2)] if len(forms) > 1 else []
        wrong += [one for one in own if fields(one) != fields(forms[-1])]
    assert wrong == []


def test_source_texts_are_whole_sentences_with_named_fields():
    """Numbered or empty fields cannot be reordered by a translator."""
    texts = [form for text in SOURCE for form in ((text,) if isinstance(text, str) else text)]
    assert [text for text in texts if any(not f or f.isdigit() for f in fields(text))] == []


def test_message_is_filled_in_after_translation():
    message = Message("{seconds} s", {"seconds": 5})
    assert translate(message, "en") == "5 s"
    assert translate(message, "ja") == "5秒"


ROWS = N_n("{count} row was left out.", "{count} rows were left out.")


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 rows were left out."),
        (1, "1 row was left out."),
        ("1", "1 row was left out."),  # a number that is written already
        ("1,001", "1,001 rows were left out."),
        (2, "2 rows were left out."),
    ],
)
def test_one_is_said_otherwise_than_many(count, said):
    """ "1 rows" reads as if nobody had looked."""
    message = Message(ROWS, {"count": count})
    assert str(message) == translate(message, "en") == said
    assert translator("en")(ROWS).format(count=count) == said
    kept = Message.from_json(json.loads(json.dumps(message.to_json())))  # as in an event log
    assert kept == message and str(kept) == said


def test_a_language_without_plurals_has_one_form():
    counted = [text for text in SOURCE if not isinstance(text, str)]
    assert counted, "no text counts anything"
    for singular, plural in counted:
        said = catalogue("ja").ngettext(singular, plural, 1)
        assert said == catalogue("ja").ngettext(singular, plural, 2) != singular


NAMED = re.compile(r"“([A-Z][^”{}]*)”")
# Quoted for another reason than being the name of something in the app.
EXAMPLES = {"SSN: …", "Save as PDF", "None of these"}


def test_what_a_text_names_exists_under_that_name_in_every_language():
    """Advice to lower a share that no page has sends people on a search."""
    known = {text for text in SOURCE if isinstance(text, str)}
    found = 0
    for text in known:
        for name in set(NAMED.findall(text)) - EXAMPLES:
            found += 1
            assert name in known, (name, text)
            own = translator("ja")(name)
            assert f"「{own}」" in translator("ja")(text), (own, text)
    assert found >= 15


WARNERS = (  # what these say is stored with a run and read in later versions
    *("core/tuning/run.py", "core/tuning/learner.py", "core/experts/expert_scores.py"),
    *("core/evaluation/systems.py", "core/evaluation/examination.py"),
)
STORED = ROOT / "tests" / "stored_texts.json"


def test_a_stored_warning_stays_in_the_catalogue():
    """Reworded, it would be an English sentence in a Japanese page of every earlier run."""
    said = {text for path in WARNERS for text in marked_in(ROOT / path)} | set(FORMER)
    recorded = set(json.loads(STORED.read_text("utf-8")))
    assert sorted(said - recorded) == [], f"new: add them to {STORED.name}"
    known = {text if isinstance(text, str) else text[-1] for text in SOURCE}
    assert sorted(recorded - known) == [], "move the old words to core/translation.py: FORMER"


def marked_in(path: Path) -> set[str]:
    """Return the texts that a module marks for later, other than errors and page texts."""
    found = set()
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            place = {"N_": 0, "N_n": 1}.get(call.func.id)
            text = call.args[place] if place is not None else None
            if isinstance(text, ast.Constant):
                found.add(str(text.value))
    return found


NAMES = ("e5-small (4-bit)", "「検索窓」", "BM25")


def bold_texts(language: str) -> list[str]:
    with (LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        texts = [message.string for message in read_po(file, locale=language)]
    plain = [one for text in texts for one in ([text] if isinstance(text, str) else text)]
    return sorted({text for text in plain if re.search(r"\*\*\{\w+\}\*\*", text)})


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
@pytest.mark.parametrize("name", NAMES)
def test_a_bold_name_is_bold_whatever_stands_beside_it(monkeypatch, language, name):
    """Markdown takes ** between a bracket and a letter for two asterisks."""
    texts = bold_texts(language)
    assert texts
    monkeypatch.setattr(page_texts, "language", lambda: language)
    read = MarkdownIt("commonmark")
    for text in texts:
        fields = {field for _, field, _, _ in string.Formatter().parse(text) if field}
        monkeypatch.setattr(page_texts, "translator", lambda _, text=text: lambda _: text)
        shown = page_texts.t("any", **dict.fromkeys(fields, _Anything(name)))
        assert "**" not in read.renderInline(shown), shown


class _Anything(str):
    """A name that takes the format of a number, too."""

    def __format__(self, spec: str) -> str:
        return str(self)


def test_text_between_spaces_is_left_alone(monkeypatch):
    monkeypatch.setattr(page_texts, "translator", lambda _: lambda text: text)
    monkeypatch.setattr(page_texts, "language", lambda: "en")
    assert page_texts.t("Strongest is **{name}**, by far.", name="A (1)") == (
        "Strongest is **A (1)**, by far."
    )
    assert page_texts.t("最も強いのは**{name}**です", name="A (1)") == (
        "最も強いのは**\u200bA (1)\u200b**です"
    )
