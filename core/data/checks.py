"""What a data owner should know about the texts before they are used."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

SHORT_QUESTION = 5  # characters: less than a word in English, "返品" with a particle in Japanese
SHORT_ANSWER = 10
LONG_TEXT = 10_000  # characters; models read the first 128 to 512 tokens, a few hundred words
EXAMPLE_ROWS = 20
LANGUAGE_SAMPLE = 500
NOTICEABLE = 0.03  # share of texts in a language from which on it counts
OTHER = "other"
CLEAR = 3  # words that tell a language
_LATIN = ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "tr")
# Of these the language is known where the script or the words are. Danish words are Norwegian ones.
KNOWN = frozenset({*_LATIN, "ja", "zh", "ko", "el", "he", "th"} - {"da"})


@dataclass(frozen=True)
class Finding:
    """How many rows show something, with the first of them; never the value itself."""

    count: int
    rows: tuple[int, ...]


def finding(rows: Sequence[int]) -> Finding:
    """Return a finding over distinct row numbers."""
    distinct = sorted(set(rows))
    return Finding(len(distinct), tuple(distinct[:EXAMPLE_ROWS]))


# By ISO 639-1 code where a script is that of one language.
_SCRIPTS = {
    "ko": re.compile("[\uac00-\ud7a3]"),
    "cyrillic": re.compile("[\u0400-\u04ff]"),
    "el": re.compile("[\u0370-\u03ff]"),
    "arabic": re.compile("[\u0600-\u06ff]"),
    "he": re.compile("[\u0590-\u05ff]"),
    "th": re.compile("[\u0e00-\u0e7f]"),
    "devanagari": re.compile("[\u0900-\u097f]"),
}
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_KANJI = re.compile("[\u4e00-\u9fff]")
_LETTER, _WORD = re.compile(r"[^\W\d_]"), re.compile(r"[^\W\d_]+")
_ENGLISH = re.compile(
    r"\b(the|is|are|do|does|how|what|when|where|can|my|your|you|it|to|of|for|and|i|we|not|with)\b",
    re.IGNORECASE,
)


def languages_in(*sides: Sequence[str]) -> tuple[str, ...]:
    """Return the languages that texts are in as ISO 639-1 codes; () where a side's is not sure.

    Parameters
    ----------
    *sides : sequences of str
        Texts that belong together, for example the questions, and the answers.
    """
    found: Counter[str] = Counter()
    whole = [_known_language(texts) for texts in sides if len(texts)]
    if OTHER in whole:
        return ()
    for texts, most in zip(filter(len, sides), whole, strict=True):
        # Each text by itself, too: answers in English beside Japanese ones count, a name does not.
        step = max(1, len(texts) // LANGUAGE_SAMPLE)
        found.update(_known_language([text]) for text in texts[::step])
        found[most] += len(texts[::step])
    least = NOTICEABLE * sum(found.values())
    if "zh" not in whole:  # a short Japanese text can do without kana
        del found["zh"]
    return tuple(sorted(code for code in KNOWN if found[code] and found[code] >= least))


def _known_language(texts: Sequence[str]) -> str:
    guessed = guess_language(texts)
    sure = sure_language(texts) if guessed == OTHER else guessed
    return sure if sure in KNOWN else OTHER


def sure_language(texts: Sequence[str]) -> str | None:
    """Return the language or script that texts are in, None where it is not sure.

    By script, else by the words that are in the stop words of one language alone: at least
    ``CLEAR`` of them, and twice as many as of any other language.

    Returns
    -------
    str or None
        An ISO 639-1 code, or the name of a script that several languages share.
    """
    step = max(1, len(texts) // LANGUAGE_SAMPLE)
    joined = " ".join(text[:500] for text in texts[::step])
    letters = max(len(_LETTER.findall(joined)), 1)
    kana, kanji = len(_KANA.findall(joined)), len(_KANJI.findall(joined))
    if kana + kanji > letters / 3:
        return "ja" if kana > 0.05 * (kana + kanji) else "zh"
    for name, pattern in _SCRIPTS.items():
        if len(pattern.findall(joined)) > letters / 3:
            return name
    languages = _stop_words()
    found = Counter(
        languages[word] for word in _WORD.findall(joined.casefold()) if word in languages
    ).most_common(2)
    if not found:
        return None
    (code, most), second = found[0], found[1][1] if len(found) > 1 else 0
    return code if most >= CLEAR and most > 2 * second else None


@cache
def _stop_words() -> dict[str, str]:
    """Return words that texts of a language are full of, and its code; each is of one alone."""
    from bm25s import stopwords

    lists = (
        *(stopwords.STOPWORDS_EN_PLUS, stopwords.STOPWORDS_GERMAN, stopwords.STOPWORDS_FRENCH),
        *(stopwords.STOPWORDS_SPANISH, stopwords.STOPWORDS_ITALIAN),
        *(stopwords.STOPWORDS_PORTUGUESE, stopwords.STOPWORDS_DUTCH),
        *(stopwords.STOPWORDS_SWEDISH, stopwords.STOPWORDS_DANISH, stopwords.STOPWORDS_TURKISH),
    )
    shared = Counter(word for words in lists for word in set(words))
    return {
        word: code
        for code, words in zip(_LATIN, lists, strict=True)
        for word in words
        if shared[word] == 1
    }


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
