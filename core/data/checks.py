"""What a data owner should know about the texts before they are used."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

SHORT_QUESTION = 5  # characters: less than a word in English, "返品" with a particle in Japanese
SHORT_ANSWER = 10
LONG_TEXT = 10_000  # characters; models read the first 128 to 512 tokens, a few hundred words
EXAMPLE_ROWS = 20
LANGUAGE_SAMPLE = 500
NOTICEABLE = 0.03  # share of texts in a language from which on it counts
OTHER = "other"


@dataclass(frozen=True)
class Finding:
    """How many rows show something, with the first of them; never the value itself."""

    count: int
    rows: tuple[int, ...]


def finding(rows: Sequence[int]) -> Finding:
    """Return a finding over distinct row numbers."""
    distinct = sorted(set(rows))
    return Finding(len(distinct), tuple(distinct[:EXAMPLE_ROWS]))


_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_KANJI = re.compile("[\u4e00-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
_ENGLISH = re.compile(
    r"\b(the|is|are|do|does|how|what|when|where|can|my|your|you|it|to|of|for|and|i|we|not|with)\b",
    re.IGNORECASE,
)


def languages_in(*sides: Sequence[str]) -> tuple[str, ...]:
    """Return the languages that texts are in, of those known here; () if others are among them.

    Parameters
    ----------
    *sides : sequences of str
        Texts that belong together, for example the questions, and the answers.
    """
    found: Counter[str] = Counter()
    for texts in filter(len, sides):
        most = guess_language(texts)
        if most == OTHER:
            return ()
        # Each text by itself, too: answers in English beside Japanese ones count, a name does not.
        step = max(1, len(texts) // LANGUAGE_SAMPLE)
        found.update(guess_language([text]) for text in texts[::step])
        found[most] += len(texts[::step])
    least = NOTICEABLE * sum(found.values())
    return tuple(code for code in ("en", "ja") if found[code] and found[code] >= least)


def guess_language(texts: Sequence[str]) -> str:
    """Return ``ja``, ``en`` or ``other`` for most of the texts; enough to choose defaults.

    By script: kana among the letters is Japanese; Latin letters with English function words in a
    third of the texts are English.
    """
    step = max(1, len(texts) // LANGUAGE_SAMPLE)
    sample = [text[:500] for text in texts[::step]]
    joined = " ".join(sample)
    letters = len(_LETTER.findall(joined))
    kana, kanji = len(_KANA.findall(joined)), len(_KANJI.findall(joined))
    if letters and kana + kanji >= 0.3 * letters:
        return "ja" if kana >= 0.1 * (kana + kanji) else "other"
    ascii_letters = sum(1 for sign in joined if sign.isascii() and sign.isalpha())
    worded = sum(1 for text in sample if _ENGLISH.search(text))
    latin = letters and ascii_letters >= 0.97 * letters
    return "en" if latin and worded >= len(sample) / 3 else "other"
