"""Japanese names by a model of language, where ja-ginza is installed (requirements-personal.txt).

ja-ginza comes from PyPI with its weights and works offline. For English no such package is kept by
the makers of a model (what lies there under their names are placeholders or copies by others), so
English names are seen by lists and by what stands beside them alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from typing import Any

from core.data.personal.recognition import Recogniser, Span, plain_width

_KANJI = re.compile("[\u4e00-\u9fff]")
_LONGEST = 5_000  # characters; the tokenizer refuses more than 49,149 bytes at once
_PERSON = "Person"


def japanese_model() -> Recogniser | None:
    """Return what sees Japanese names, None where the model is not installed."""
    return _names_by_model if find_spec("ja_ginza") and find_spec("spacy") else None


@cache
def _pipeline() -> Any:
    import spacy

    # Only what the names need: parsing is most of the time.
    return spacy.load("ja_ginza", exclude=["parser", "compound_splitter", "bunsetu_recognizer"])


def _names_by_model(text: str) -> Iterable[Span]:
    if not _KANJI.search(text):
        return
    for start in range(0, len(text), _LONGEST):
        part = plain_width(text[start : start + _LONGEST])
        for entity in _pipeline()(part).ents:
            if entity.label_ == _PERSON:
                yield Span("name", start + entity.start_char, start + entity.end_char)
