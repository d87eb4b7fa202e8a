"""Bold names stay bold in a language that sets no spaces."""

from __future__ import annotations

import re
import string

import pytest
from babel.messages.pofile import read_po
from markdown_it import MarkdownIt

from core.translation import LANGUAGES, LOCALES
from pages.parts import translate

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
    monkeypatch.setattr(translate, "language", lambda: language)
    read = MarkdownIt("commonmark")
    for text in texts:
        fields = {field for _, field, _, _ in string.Formatter().parse(text) if field}
        monkeypatch.setattr(translate, "translator", lambda _, text=text: lambda _: text)
        shown = translate.t("any", **dict.fromkeys(fields, _Anything(name)))
        assert "**" not in read.renderInline(shown), shown


class _Anything(str):
    """A name that takes the format of a number, too."""

    def __format__(self, spec: str) -> str:
        return str(self)


def test_text_between_spaces_is_left_alone(monkeypatch):
    monkeypatch.setattr(translate, "translator", lambda _: lambda text: text)
    monkeypatch.setattr(translate, "language", lambda: "en")
    assert translate.t("Strongest is **{name}**, by far.", name="A (1)") == (
        "Strongest is **A (1)**, by far."
    )
    assert translate.t("最も強いのは**{name}**です", name="A (1)") == (
        "最も強いのは**\u200bA (1)\u200b**です"
    )
