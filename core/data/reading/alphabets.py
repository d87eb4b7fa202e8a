"""Which old encoding European letters are in: the one that gives letters of one language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

# The letters beyond a to z of languages, by the encodings that people write them in.
_WESTERN = (
    *("äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúüªº", "áâãàçéêíóôõúªº", "àèéìíòóùú", "åäöéü", "æøåéäö"),
    *("éèëïóöüáíê", "áðéíóúýþæö", "àáèéíïòóúüçñ·", "äöõüšž", "āčēģīķļņšūž"),
)
_CENTRAL = ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîșțşţ", "čćđšž")
_TURKISH = ("çğıiöşüâîû",)
_CYRILLIC = ("абвгдежзийклмнопрстуфхцчшщъыьэюяё", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя")
# A later one must be clearly better than an earlier one, which more people use.
LANGUAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "cp1252": _WESTERN,
        "mac_roman": _WESTERN,
        "cp1250": _CENTRAL,
        "cp1254": _TURKISH,
        "iso8859_2": _CENTRAL,
        "cp850": _WESTERN,
        "cp852": _CENTRAL,
        "cp1251": _CYRILLIC,
        "koi8_r": _CYRILLIC,
        "cp866": _CYRILLIC,
        "mac_cyrillic": _CYRILLIC,
        "iso8859_15": _WESTERN,
        "mac_latin2": _CENTRAL,
        "mac_turkish": _TURKISH,
    }
)
CLEARLY = 0.08
_SIGNS = frozenset("’‘“”„‚‹›«»–—…•·°§€£¥©®™´¿¡²³½¼¾±×÷µ¢¶†‰ªº¹¬¦¨¸\xa0\xad")
_SIGN = re.compile(r"(?s)(.?)([^\x00-\x7f])(?=(.?))")
_CYRILLIC_LETTERS = frozenset("".join(_CYRILLIC) + "".join(_CYRILLIC).upper())
_MOST = 20_000  # signs beyond ASCII that are looked at


@cache
def _letters(encoding: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(low + low.upper() + "İ") for low in LANGUAGES[encoding])


def _alphabet_share(content: bytes, encoding: str) -> float:
    """Return which share of the signs beyond ASCII is right in one language, 0 to 1.

    A letter is right where the language has it and it is no capital inside a word; another sign
    where texts use it and it does not stand between two letters.
    """
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode(encoding, "replace")
    languages = _letters(encoding)
    right = [0] * len(languages)
    everywhere = frozenset().union(*languages)
    total = capitals = small = union = 0
    before = ""
    for match in _SIGN.finditer(text):
        total += 1
        if total > _MOST:
            break
        sign, after = match[2], match[3]
        before = match[1] or before
        if sign.isalpha() and sign not in "ªº":
            capitals += sign.isupper()
            small += sign.islower()
            if sign.isupper() and before.islower():
                continue
            if sign in _CYRILLIC_LETTERS and (_is_ascii_letter(before) or _is_ascii_letter(after)):
                continue
            union += sign in everywhere
            for i, letters in enumerate(languages):
                right[i] += sign in letters
        elif sign in _SIGNS and (sign in "’·\xad" or not (before.isalpha() and after.isalpha())):
            right = [count + 1 for count in right]
            union += 1
        before = sign
    shouted = 0.1 if capitals > small else 0.0
    # words of a second language of the same encoding (naïve in a German text) count, too
    return max(*right, 0.88 * union) / total - shouted if total else 0.0


def _is_ascii_letter(sign: str) -> bool:
    return sign.isascii() and sign.isalpha()


def european_encodings(content: bytes) -> dict[str, float]:
    """Return how well each encoding fits, the best first; one that changes nothing is left out."""
    shares: dict[str, float] = {}
    seen: set[str] = set()
    bonus = 0.05 if b"\r" in content and b"\n" not in content else 0.0  # line ends of old Macs
    for place, encoding in enumerate(LANGUAGES):
        text = content.decode(encoding, "replace")
        if text in seen:
            continue
        seen.add(text)
        share = _alphabet_share(content, encoding) - (CLEARLY if place else 0.0)
        shares[encoding] = share + (bonus if encoding.startswith("mac") else 0.0)
    return dict(sorted(shares.items(), key=lambda item: -item[1]))
