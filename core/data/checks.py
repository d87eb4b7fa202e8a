"""What a data owner should know about the texts before they are used."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from core.messages import N_

SHORT_QUESTION = 5  # characters: less than a word in English, "返品" with a particle in Japanese
SHORT_ANSWER = 10
LONG_TEXT = 10_000  # characters; models read the first 128 to 512 tokens, a few hundred words
EXAMPLE_ROWS = 20
LANGUAGE_SAMPLE = 500


@dataclass(frozen=True)
class PersonalData:
    """One kind of personal data and how it is recognised."""

    key: str
    title: str
    meaning: str
    pattern: re.Pattern[str]
    is_valid: Callable[[str], bool]


def luhn_valid(text: str) -> bool:
    """Tell whether the digits in a text pass the check of card numbers (ISO/IEC 7812-1)."""
    digits = [int(sign) for sign in text if sign.isascii() and sign.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def iban_valid(text: str) -> bool:
    """Tell whether a text is an account number with the right check digits (ISO 13616)."""
    plain = re.sub(r"\s", "", text).upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", plain):
        return False
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _phone_valid(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    least = 8 if text.lstrip().startswith("+") else 9
    return least <= len(digits) <= 15 and len(set(digits)) > 2 and not luhn_valid(text)


PERSONAL_DATA: Mapping[str, PersonalData] = MappingProxyType(
    {
        kind.key: kind
        for kind in (
            PersonalData(
                "email",
                N_("E-mail addresses"),
                N_("Something like name@example.com"),
                re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"),
                lambda text: text.rsplit(".", 1)[-1].isalpha(),
            ),
            PersonalData(
                "iban",
                N_("Bank accounts"),
                N_("International account numbers (IBAN) with the right check digits"),
                re.compile(
                    r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)",
                    re.ASCII | re.IGNORECASE,
                ),
                iban_valid,
            ),
            PersonalData(
                "card",
                N_("Card numbers"),
                N_("13 to 19 digits that pass the check of payment cards (Luhn)"),
                re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?!\w)", re.ASCII),
                luhn_valid,
            ),
            PersonalData(
                "phone",
                N_("Telephone numbers"),
                N_("8 to 15 digits in groups, with a leading + or 0 or an area code"),
                re.compile(
                    r"(?<![\w.,/-])(?:\+\d{1,3}[ .()-]{0,2}(?:\d{1,5}[ .()-]{0,2}){1,5}\d{2,4}"
                    r"|\(?0\d{1,4}\)?[ .-]\d{1,4}[ .-]?\d{3,4}(?:[ .-]?\d{1,4})?|0\d{9,10}"
                    r"|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}[ .-]\d{3}[ .-]\d{4})(?![\w-])",
                    re.ASCII,
                ),
                _phone_valid,
            ),
        )
    }
)


@dataclass(frozen=True)
class Finding:
    """How many rows show something, with the first of them; never the value itself."""

    count: int
    rows: tuple[int, ...]


def finding(rows: Sequence[int]) -> Finding:
    """Return a finding over distinct row numbers."""
    distinct = sorted(set(rows))
    return Finding(len(distinct), tuple(distinct[:EXAMPLE_ROWS]))


def personal_data(texts: Sequence[str], rows: Sequence[int]) -> dict[str, Finding]:
    """Return the rows whose text holds personal data, per kind; kinds not found are absent."""
    found: dict[str, list[int]] = {}
    for text, row in zip(texts, rows, strict=True):
        plain = unicodedata.normalize("NFKC", text) if not text.isascii() else text
        has_digits = any(sign in plain for sign in "0123456789")
        for kind in PERSONAL_DATA.values():
            if kind.key == "email":
                if "@" not in plain:
                    continue
            elif not has_digits:
                continue
            values = [match[0] for match in kind.pattern.finditer(plain) if kind.is_valid(match[0])]
            if values:
                found.setdefault(kind.key, []).append(row)
            for value in values:  # the digits of an account are no telephone number as well
                plain = plain.replace(value, " ")
    return {key: finding(numbers) for key, numbers in found.items()}


_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_KANJI = re.compile("[\u4e00-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
_ENGLISH = re.compile(
    r"\b(the|is|are|do|does|how|what|when|where|can|my|your|you|it|to|of|for|and|i|we|not|with)\b",
    re.IGNORECASE,
)


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
