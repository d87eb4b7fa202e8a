"""Personal data in a text: which kinds there are, and where each stands.

Everything works without a model of language; the one for Japanese names is an addition where it is
installed. Signs are compared in one width (NFKC where it is one sign for one), so that places fit
the text as it was written; edges are look-arounds over ASCII, because in Japanese no space parts a
number from the words beside it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

from core.data.checks import Finding, finding
from core.data.personal.names import KANJI, Place, addresses, names
from core.data.personal.numbers import (
    iban_valid,
    luhn_valid,
    my_number_valid,
    nhs_valid,
    phone_valid,
    ssn_valid,
)
from core.messages import N_

# Signs that are one other sign in NFKC, and what people write for a hyphen between digits.
_SAME_LENGTH = {
    **{code: 0x2D for code in (0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0xFE63)},
    **{
        code: ord(folded)
        for block in (range(0xFF01, 0xFFEF), range(0x2070, 0x209F), range(0x1D7CE, 0x1D800))
        for code in block
        if len(folded := unicodedata.normalize("NFKC", chr(code))) == 1
    },
    0x3000: 0x20,
    0xA0: 0x20,
    0x202F: 0x20,
}
_LONG_VOWEL = re.compile(r"(?<=\d)ー(?=\d)", re.ASCII)


def plain_width(text: str) -> str:
    """Return a text of the same length with digits, letters and hyphens in their usual width."""
    if text.isascii():
        return text
    return _LONG_VOWEL.sub("-", text.translate(_SAME_LENGTH))


@dataclass(frozen=True)
class Pattern:
    """One way in which something is written; its group ``v`` (else all of it) is what is meant."""

    regex: re.Pattern[str]
    is_valid: Callable[[str], bool] = bool

    def places(self, text: str) -> Iterator[Place]:
        """Yield where it stands in a text of plain width."""
        named = "v" in self.regex.groupindex
        for match in self.regex.finditer(text):
            if self.is_valid(match["v" if named else 0]):
                yield match.span("v" if named else 0)


def _written(pattern: str, is_valid: Callable[[str], bool] = bool, flags: int = 0) -> Pattern:
    return Pattern(re.compile(pattern, re.ASCII | flags), is_valid)


def _after(label: str, value: str, is_valid: Callable[[str], bool] = bool) -> Pattern:
    """Return a value that counts only behind a label: “SSN: …”, 「口座番号は…」."""
    between = r"(?:[\s:=#.,()'/-]|\b(?:is|no|number|num|nr|was|id)\b|番号|は|が|の|、|「){0,6}"
    edge = r"(?![A-Za-z0-9]|-\d)"
    return Pattern(
        re.compile(
            rf"(?:(?<![A-Za-z])(?i:{label})){between}(?P<v>{value}){edge}",
            re.ASCII,
        ),
        is_valid,
    )


def _lasting(*patterns: Pattern) -> Callable[[str], Iterator[Place]]:
    def places(text: str) -> Iterator[Place]:
        for pattern in patterns:
            yield from pattern.places(text)

    return places


_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DATE = (
    r"(?:\d{4}[-/.年] ?\d{1,2}[-/.月] ?\d{1,2}日?|\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2,4}"
    r"|(?:明治|大正|昭和|平成|令和|[MTSHR])\.?\d{1,2}[年.]\d{1,2}[月.]\d{1,2}日?"
    rf"|\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH},? \d{{4}}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})"
)


_SIX_DIGITS = re.compile(r"\d(?:[ ().-]{0,3}\d){5}", re.ASCII)
_DIGIT = re.compile(r"\d", re.ASCII)


@dataclass(frozen=True)
class PersonalData:
    """One kind of personal data and how it is recognised.

    Attributes
    ----------
    key : str
        In reports and placeholders: ``email`` becomes ``[EMAIL-1]``.
    places : callable
        Text of plain width → where it stands.
    needs : pattern or None
        What a text must hold at least, so that most texts are passed over quickly.
    structured : bool
        Whether it has a form of its own (and check digits), unlike names and addresses.
    """

    key: str
    title: str
    rows_title: str
    meaning: str
    places: Callable[[str], Iterable[Place]]
    needs: re.Pattern[str] | None = _SIX_DIGITS
    structured: bool = True


# In this order: what an earlier kind has claimed is nothing else as well.
PERSONAL_DATA: Mapping[str, PersonalData] = MappingProxyType(
    {
        kind.key: kind
        for kind in (
            PersonalData(
                "email",
                N_("E-mail addresses"),
                N_("Rows with e-mail addresses: {count}"),
                N_("Something like name@example.com"),
                _lasting(
                    _written(
                        r"(?<![\w.+%-])[\w.+%'-]{1,64} ?(?:@|[\[(] ?(?:at|@|アット) ?[\])]) ?"
                        r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}",
                        lambda text: text.rsplit(".", 1)[-1].isalpha(),
                        re.IGNORECASE,
                    )
                ),
                needs=re.compile(r"@|[\[(] ?(?:at|アット) ?[\])]", re.IGNORECASE),
            ),
            PersonalData(
                "iban",
                N_("Bank accounts"),
                N_("Rows with bank accounts: {count}"),
                N_(
                    "International account numbers (IBAN) with the right check digits, and numbers "
                    "that stand beside words such as “account number”"
                ),
                _lasting(
                    _written(
                        r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)",
                        iban_valid,
                        re.IGNORECASE,
                    ),
                    _after(
                        r"口座番号|口座|普通預金|当座預金|普通|当座|(?:bank )?account (?:number|no)|acct|"
                        r"routing(?: number)?|sort code",
                        r"\d{6,12}|\d{2}-\d{2}-\d{2}|\d{3,4}-\d{6,8}",
                    ),
                ),
            ),
            PersonalData(
                "card",
                N_("Card numbers"),
                N_("Rows with card numbers: {count}"),
                N_("13 to 19 digits that pass the check of payment cards (Luhn)"),
                _lasting(_written(r"(?<![\w.=/-])\d(?:[ -]?\d){12,18}(?!\w|-\d)", luhn_valid)),
            ),
            PersonalData(
                "national_id",
                N_("National identity numbers"),
                N_("Rows with national identity numbers: {count}"),
                N_(
                    "My Number (with its check digit), residence cards, pension, licence and "
                    "passport numbers; US social security, UK insurance and health service numbers"
                ),
                _lasting(
                    _written(
                        r"(?<![\w.=/-])(?<!\d[ -])\d{4}([ -]?)\d{4}\1\d{4}(?!\w|[ -]\d)",
                        my_number_valid,
                    ),
                    _after(r"マイナンバー|個人番号|my ?number", r"\d{4}[ -]?\d{4}[ -]?\d{4}"),
                    _written(r"(?<![\w-])\d{3}([ -])\d{2}\1\d{4}(?![\w-])", ssn_valid),
                    _after(
                        r"ssn|social security(?: number)?",
                        r"\d{3}[ -]?\d{2}[ -]?\d{4}",
                        ssn_valid,
                    ),
                    _written(
                        r"(?<!\w)(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
                        r" ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)"
                    ),
                    _after(r"nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", nhs_valid),
                    _written(r"(?<!\w)[A-Z]{2}\d{8}[A-Z]{2}(?!\w)"),
                    _after(r"passport|パスポート|旅券", r"[A-Z]{1,2}\d{6,8}|\d{9}"),
                    _after(
                        r"driver'?s?,? (?:license|licence)|driving licence|免許証?",
                        r"[A-Z]{0,2}\d[A-Z0-9-]{5,16}",
                    ),
                    _after(r"年金", r"\d{4}-?\d{6}"),
                    _after(r"被?保険者?証?", r"\d{6,8}"),
                ),
            ),
            PersonalData(
                "birth_date",
                N_("Dates of birth"),
                N_("Rows with dates of birth: {count}"),
                N_("A date beside words such as “born” or 生年月日"),
                _lasting(
                    _after(
                        r"date of birth|birth ?date|d\.?o\.?b\.?|born(?: on)?|生年月日|誕生日",
                        _DATE,
                    ),
                    Pattern(re.compile(rf"(?<!\d)(?P<v>{_DATE})(?=\s?(?:生まれ|生れ|うまれ))")),
                ),
                needs=_DIGIT,
            ),
            PersonalData(
                "address",
                N_("Postal addresses"),
                N_("Rows with postal addresses: {count}"),
                N_("A house number with street, town or postcode"),
                addresses,
                needs=_DIGIT,
                structured=False,
            ),
            PersonalData(
                "phone",
                N_("Telephone numbers"),
                N_("Rows with telephone numbers: {count}"),
                N_("8 to 15 digits in groups, with a leading + or 0 or an area code"),
                _lasting(
                    _written(
                        r"(?<![\w.,/-])(?:\+\d{1,3}[ .()-]{0,2}(?:\d{1,5}[ .()-]{0,2}){1,5}\d{2,4}"
                        r"|\(?0\d{1,4}\)?[ .-]\d{1,4}[ .-]?\d{3,4}(?:[ .-]?\d{1,4})?|0\d{9,10}"
                        r"|\(?0\d{1,4}\)? ?\(?\d{1,4}\)? ?-?\d{3,4}"
                        r"|\d{2}-\d{4}-\d{4}|(?:(?:00)?1[ .-])?\(\d{3}\) ?\d{3}[ .-]\d{4}|(?:(?:00)?1[ .-])?\d{3}[ .-]\d{3}[ .-]\d{4})(?![\w-])",
                        phone_valid,
                    ),
                    _after(
                        r"電話(?:番号)?|携帯(?:電話|番号)?|tel|phone(?: number)?|mobile|cell|fax|my number|"
                        r"(?:call|ring|reach|text|dial|contact)(?: (?:me|us|him|her|them|at|on|back))*",
                        r"\+?\d[\d ().-]{6,16}\d",
                        lambda text: 7 <= len(re.sub(r"\D", "", text)) <= 15,
                    ),
                ),
            ),
            PersonalData(
                "name",
                N_("Names of people"),
                N_("Rows with names of people: {count}"),
                N_("A common name, or a word beside a title or after “my name is”"),
                names,
                needs=None,
                structured=False,
            ),
        )
    }
)


@dataclass(frozen=True)
class Span:
    """Where personal data stand in a text.

    Attributes
    ----------
    kind : str
        Key of :data:`PERSONAL_DATA`.
    start, end : int
        ``text[start:end]`` is what is meant.
    """

    kind: str
    start: int
    end: int


Recogniser = Callable[[str], Iterable[Span]]


def spans(text: str, more: Recogniser | None = None) -> list[Span]:
    """Return where personal data stand in a text, from left to right; none overlap.

    Parameters
    ----------
    more : callable, optional
        Sees what has no form of its own, such as a model of language; what has a form wins.
    """
    plain = plain_width(text)
    taken: list[Span] = []
    claimed = bytearray(len(plain))

    def claim(kind: str, start: int, end: int) -> None:
        while start < end and plain[start] in " \n\t":
            start += 1
        while end > start and plain[end - 1] in " \n\t.,;":
            end -= 1
        if plain[start:end].count("(") > plain[start:end].count(")"):
            start += plain[start] == "("
        if start < end and not any(claimed[start:end]):
            claimed[start:end] = b"\x01" * (end - start)
            taken.append(Span(kind, start, end))

    there: dict[re.Pattern[str], bool] = {}  # several kinds share what they need
    for kind in PERSONAL_DATA.values():
        needs = kind.needs
        if needs is not None and needs not in there:
            there[needs] = needs.search(plain) is not None
        if needs is None or there[needs]:
            for start, end in kind.places(plain):
                claim(kind.key, start, end)
    for span in more(text) if more is not None else ():
        claim(span.kind, span.start, span.end)
    return sorted(taken, key=lambda span: span.start)


_NOTHING: frozenset[str] = frozenset()  # one for all texts without any: there may be millions


def personal_data(
    texts: Sequence[str], rows: Sequence[int], more: Recogniser | None = None
) -> dict[str, Finding]:
    """Return the rows whose text holds personal data, per kind; kinds not found are absent.

    Parameters
    ----------
    texts, rows : sequences, one entry per text
        A row may come with several texts; a text that stands in many rows is looked at once.
    """
    found: dict[str, set[int]] = {}
    seen: dict[str, frozenset[str]] = {}
    for text, row in zip(texts, rows, strict=True):
        kinds = seen.get(text)
        if kinds is None:
            kinds = seen[text] = frozenset(span.kind for span in spans(text, more)) or _NOTHING
        for kind in kinds:
            found.setdefault(kind, set()).add(row)
    return {key: finding(sorted(found[key])) for key in PERSONAL_DATA if key in found}


# Japanese names by ja-ginza (requirements-personal.txt), which comes from PyPI with its weights.
# English has no such package (docs/personal_data.md).
_KANJI = re.compile(f"[{KANJI}]")
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
