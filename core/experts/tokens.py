"""Words of a text in any script, for keyword search."""

from __future__ import annotations

import re
import unicodedata

# Scripts written without spaces: kana, CJK ideographs, Thai, Lao, Burmese, Khmer.
UNSPACED = (
    "\u3005\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"
)
# \w leaves out the vowel signs of Indic and Arabic scripts, which would cut their words apart.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0ddf"
_RUN = re.compile(
    f"(?P<unspaced>[{UNSPACED}]+)|(?:(?![{UNSPACED}_])[\\w{_MARKS}])+"
    f"(?:['’](?:(?![{UNSPACED}_])[\\w{_MARKS}])+)*"
)


def normalise(text: str) -> str:
    """Return a text in NFKC and lower case: full-width and half-width letters become equal."""
    return unicodedata.normalize("NFKC", text).casefold()


def words(text: str) -> list[str]:
    """Return the tokens of a text.

    Words where a script separates them; pairs of neighbouring characters (bigrams) where it does
    not, as Lucene's CJK analyzer does, so that no dictionary is needed. A run of one character is
    that character.
    """
    tokens: list[str] = []
    for match in _RUN.finditer(normalise(text)):
        run = match.group()
        if match.group("unspaced") is None or len(run) == 1:
            tokens.append(run)
        else:
            tokens += [run[i : i + 2] for i in range(len(run) - 1)]
    return tokens


def is_unspaced(texts: list[str] | tuple[str, ...]) -> bool:
    """Return True if at least a third of the letters belong to scripts without spaces."""
    sample = normalise(" ".join(texts))
    letters = sum(character.isalpha() for character in sample)
    unspaced = len(re.findall(f"[{UNSPACED}]", sample))
    return unspaced * 3 >= max(letters, 1)
