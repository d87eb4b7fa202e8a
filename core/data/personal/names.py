"""Names and postal addresses of people, in English and Japanese, by what they stand beside.

Names have no check digits. They are seen by a title (Ms, 様), a label (Name:, 氏名：), a phrase
(my name is, と申します) or as a common first and last name side by side; addresses by the order of
their parts. Everything works on texts as :func:`core.data.personal.recognition.plain_width`
returns them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.data.personal.name_lists import (
    FIRST_EN,
    GIVEN_ENDINGS_JA,
    GIVEN_JA,
    NO_FIRST_EN,
    NO_SURNAME_EN,
    SURNAMES_EN,
    SURNAMES_JA,
    WORDS_JA,
    WORDY_FIRST_EN,
)

Place = tuple[int, int]

KANJI = "\u4e00-\u9fff\u3005\ufa11"  # with 々 and 﨑
_CAP = r"[A-Z][a-z\u00e0-\u00ff]+(?:(?:-|'(?!s(?![a-z])))[A-Z]?[a-z]+)*"
_LAST = rf"(?:(?:Mc|Mac|O')[A-Z][a-z]+|(?:(?:van|de|von|da|del|di) )?{_CAP})"
_TITLES_EN = ("Mr", "Mrs", "Ms", "Miss", "Mx", "Dr", "Prof", "Sir", "Madam", "Lady", "Lord")
_TITLED = re.compile(
    rf"(?<![A-Za-z])(?:{'|'.join(_TITLES_EN)})\.? "
    rf"(?P<v>(?:{_CAP} |[A-Z]\. ?){{0,2}}{_LAST})(?![A-Za-z])"
)
_WORD = re.compile("[A-Za-z]+")
_REST = re.compile(rf" (?:[A-Z]\.? )?(?P<last>{_LAST}|[a-z']+)(?![A-Za-z])")
_MY_NAME = re.compile(
    r"(?<![A-Za-z])my (?:full |first |last )?name(?:'s| is) (?P<v>[A-Za-z'-]+(?: [A-Z][a-z'-]+)*)",
    re.IGNORECASE,
)
_LABEL_EN = re.compile(
    rf"(?<![A-Za-z])(?i:(?:full|first|last|customer|contact|patient|cardholder|recipient|guest|"
    rf"account holder|user)? ?name|attn|attention|recipient|card ?holder|signed|addressee)"
    rf" ?[:=] ?(?P<v>(?:{_CAP} |[A-Z]\. ?){{0,2}}{_LAST})(?![A-Za-z])"
)
_GREETED = re.compile(
    rf"(?<![A-Za-z])(?i:dear|hi|hello|regards|sincerely|cheers|yours|i am|i'm|this is|call me)"
    rf"[,:]?\s+(?P<v>(?P<first>{_CAP})(?: {_LAST})?)(?![A-Za-z])"
)
_GREETINGS = frozenset("dear hi hello regards sincerely cheers yours i this call".split())
_NO_NAME = frozenset(
    """
    not on in wrong spelled spelt misspelled incorrect missing the a an different too long
    required shown written still being only also now no and but used invalid already what
    """.split()
)

_MOST_WORDS = 3  # of a name
_BEFORE_NAMES = frozenset("mr mrs ms miss dr prof herr hr frau mme sr sra".split())
_AFTER_NAMES = ("さん", "様", "氏", "씨")
_TITLES_JA = "さん|様|さま|氏|殿|先生|くん|君|ちゃん|部長|課長|係長|店長"
_TITLED_JA = re.compile(
    rf"(?P<v>[{KANJI}]{{1,7}}(?: [{KANJI}]{{1,4}}| ?[ぁ-ん]{{2,4}}?)?)(?={_TITLES_JA})"
)
_KANJI_RUN = re.compile(f"[{KANJI}]+")
_KANJI_SIGN = re.compile(f"[{KANJI}]")
_RUN_JA = re.compile(rf"[{KANJI}]{{2,7}}(?: [{KANJI}ぁ-ん]{{1,4}}|[ぁ-ん]{{2,4}})?")
_LABEL_JA = re.compile(
    rf"(?:氏名|お名前|名前|契約者名?|名義人?|宛名|受取人|担当者?名?|患者名?|申込者|注文者|会員名|フリガナ|ふりがな)"
    rf"(?:\([^)]*\))? ?[:=「] ?(?P<v>[{KANJI}]{{1,4}}[ ・]?[{KANJI}ぁ-んァ-ヶー]{{1,5}}"
    rf"|[ァ-ヶー]{{2,7}}[ ・]?[ァ-ヶー]{{0,7}}|[ぁ-ん]{{2,6}} [ぁ-ん]{{2,6}})"
)
_SAID_JA = re.compile(
    rf"(?P<v>[{KANJI}]{{2,4}} ?[{KANJI}ぁ-ん]{{0,4}}?|[ァ-ヶー]{{2,8}})(?=と(?:申し|もうし))"
    rf"|(?:私|わたし|僕|わたくし)(?:の名前)?は ?(?P<w>[{KANJI}]{{2,6}}(?: [{KANJI}ぁ-ん]{{1,4}})?|[{KANJI}] [{KANJI}ぁ-ん]{{1,4}})(?=です|と)"
)

_PREFECTURES = (
    "北海道|青森県|岩手県|宮城県|秋田県|山形県|福島県|茨城県|栃木県|群馬県|埼玉県|千葉県|東京都|神奈川県|新潟県|富山県|石川県|福井県|"
    "山梨県|長野県|岐阜県|静岡県|愛知県|三重県|滋賀県|京都府|大阪府|兵庫県|奈良県|和歌山県|鳥取県|島根県|岡山県|広島県|山口県|徳島県|"
    "香川県|愛媛県|高知県|福岡県|佐賀県|長崎県|熊本県|大分県|宮崎県|鹿児島県|沖縄県"
)
_BLOCK = r"\d{1,4}(?:丁目|番地|番|号|-|の)(?:\d{1,4}(?:番地|番|号|-|の)?){0,4}"
_ROOM = rf"(?: [{KANJI}ァ-ヶーA-Za-z]{{1,16}} ?\d{{1,4}}(?:号室|号)?)?"
_PLACE = rf"[{KANJI}ぁ-んァ-ヶー]"
_ADDRESS_JA = re.compile(
    rf"(?:〒 ?\d{{3}}-?\d{{4}} ?)?"
    rf"(?:(?:{_PREFECTURES}) ?{_PLACE}{{1,14}}?[市区町村郡]|[{KANJI}]{{1,6}}(?<!地)[市区])"
    rf" ?[{KANJI}ぁ-んァ-ヶーA-Z]{{0,16}}? ?{_BLOCK}{_ROOM}"
    rf"|〒 ?\d{{3}}-?\d{{4}}"
    rf"|(?<![\d-])\d{{3}}-\d{{4}}(?= ?(?:{_PREFECTURES}))"
)
_STREETS = (
    "Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Square|Sq|"
    "Terrace|Parkway|Pkwy|Close|Crescent|Highway|Hwy|Gardens|Grove|Row|Mews"
)
_STATE_ZIP = r"[A-Z]{2} \d{5}(?:-\d{4})?"
_POSTCODE = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"
_ADDRESS_EN = re.compile(
    rf"(?<![\w.,-])\d{{1,5}}[A-Za-z]? (?:[NSEW]\.? )?(?:[A-Z][A-Za-z'-]* |\d{{1,3}}(?:st|nd|rd|th) ){{1,4}}"
    rf"(?:{_STREETS})\b\.?(?:,? ?(?:Apt|Apartment|Suite|Unit|Flat|#)\.? ?\w{{1,5}})?"
    rf"(?:,? [A-Z][A-Za-z' -]{{2,25}}?)?(?:,? (?:{_STATE_ZIP}|{_POSTCODE}))?(?!\w)"
    rf"|(?<![\w.,-])\d{{1,5}}[A-Za-z]? (?:[A-Z][A-Za-z'.-]* ){{0,4}}[A-Z][A-Za-z'-]*"
    rf"(?:,? (?:Apt|Apartment|Suite|Unit|Flat|#)\.? ?\w{{1,5}})?, [A-Z][A-Za-z' -]{{2,25}},? "
    rf"(?:{_STATE_ZIP}|{_POSTCODE})(?!\w)"
    rf"|(?<!\w)(?:(?:PSC|Unit|CMR) \d{{1,5}},? Box \d{{1,5}}|(?:USNS|USS|USCGC|USNV) [A-Z][a-z]+)"
    rf",? (?:[ADF]PO) A[AEP] \d{{5}}"
    rf"|(?<!\w)(?i:P\.? ?O\.? ?Box) \d{{1,6}}(?!\w)"
    rf"|(?<!\w)(?i:lives?|live|located|moved|address)(?i: at| to| is|:)* \d{{1,5}} (?P<v>[a-z' ]{{3,30}} "
    rf"(?:street|avenue|road|lane|drive|court))(?!\w)"
    rf"|(?<![A-Za-z0-9]){_POSTCODE.replace(' ?', ' ')}(?![A-Za-z0-9])"
)


def _place(match: re.Match[str]) -> Place:
    for name in ("v", "w"):
        if name in match.re.groupindex and match[name] is not None:
            return match.span(name)
    return match.span()


def surname_in(run: str) -> int:
    """Return where in a run of Kanji a common Japanese surname begins, -1 where none does.

    The surname must be followed by at most four more signs, the given name.
    """
    for start in range(len(run)):
        for length in (3, 2, 1):
            if len(run) >= start + length and run[start : start + length] in SURNAMES_JA:
                rest = run[start + length :].lstrip()
                if len(rest) <= 4 and (length > 1 or start == 0):
                    return start
    return -1


def names_person(text: str) -> bool:
    """Tell whether a few words are somebody's name: ``Anna``, ``Hr. Müller``, ``田中さん``."""
    words = re.findall(r"[^\W\d_]+", text.casefold())
    if not words or len(words) > _MOST_WORDS:
        return False
    if (len(words) > 1 and words[0] in _BEFORE_NAMES) or text.strip().endswith(_AFTER_NAMES):
        return True
    if words[0] in FIRST_EN:
        return words[0] not in WORDY_FIRST_EN
    plain = text.strip()
    return plain in GIVEN_JA or (plain in SURNAMES_JA and plain not in WORDS_JA)


def names(text: str) -> Iterator[Place]:
    """Yield where names of people stand, some of them twice."""
    if not text.isascii():
        yield from _names_ja(text)
    if re.search("[A-Za-z]", text):
        yield from _names_en(text)


def _given_in(rest: str, *, apart: bool) -> str:
    """Return the given name at the start of what follows a surname, "" where there is none."""
    listed = next((rest[:n] for n in (4, 3, 2, 1) if rest[:n] in GIVEN_JA), "")
    kanji = _KANJI_RUN.match(rest)
    if listed or kanji is None:
        return listed
    written = kanji[0]
    likely = 2 <= len(written) <= 3 and written[-1] in GIVEN_ENDINGS_JA
    return written if likely or (apart and len(written) <= 3) else ""


def _names_ja(text: str) -> Iterator[Place]:
    for match in _TITLED_JA.finditer(text):
        start = surname_in(match["v"])
        if start >= 0:
            yield match.start() + start, match.end()
    for match in _RUN_JA.finditer(text):
        run = match[0]
        for start in range(len(run)):
            for length in (3, 2):
                surname, rest = run[start : start + length], run[start + length :].lstrip()
                if surname in SURNAMES_JA and (surname not in WORDS_JA or " " in run[start:]):
                    given = _given_in(rest, apart=" " in run[start:])
                    if given and not _KANJI_SIGN.match(rest, len(given)):
                        offset = run.index(rest, start + length) + len(given)
                        yield match.start() + start, match.start() + offset
    for pattern in (_LABEL_JA, _SAID_JA):
        for match in pattern.finditer(text):
            yield _place(match)


def _may_end_a_name(word: str) -> bool:
    return not NO_SURNAME_EN & set(re.split("[ -]", word.lower()))


def _is_name_en(first: str, last: str) -> bool:
    low_first, low_last = first.lower(), last.lower()
    if not _may_end_a_name(low_last):
        return False
    if (first[0].isupper() and last[0].isupper()) or " " in last:
        if low_first in FIRST_EN and low_first not in WORDY_FIRST_EN:
            return True
        return low_last in (SURNAMES_EN if low_first in WORDY_FIRST_EN else _SMALL_SURNAMES)
    # in small letters both must be names, and no words
    return low_first in FIRST_EN - WORDY_FIRST_EN and low_last in _SMALL_SURNAMES


_FIRST = FIRST_EN | WORDY_FIRST_EN
_SMALL_SURNAMES = SURNAMES_EN - set(
    """
    white young king green hill hall cook bell ward wood gray price long west cole ford
    woods wells black stone fox mills rice rose hunt hunter porter mason palmer baker carter
    cooper fisher gardner page day wu li shaw grant pierce banks parks brown
    """.split()
)


def _names_en(text: str) -> Iterator[Place]:
    # One look at every word instead of one at every sign for each pattern: most files have no
    # names, and a large one has tens of millions of words. The patterns begin with these words.
    titled: list[Place] = []
    written: list[Place] = []
    said: list[Place] = []
    greeted: list[Place] = []
    ends = dict.fromkeys((_TITLED, _MY_NAME, _GREETED), 0)  # what was found is not searched again
    for word in _WORD.finditer(text):
        found, start = word[0], word.start()
        low = found.lower()
        if found in _TITLES_EN and start >= ends[_TITLED]:
            match = _TITLED.match(text, start)
            if match is not None:
                ends[_TITLED] = match.end()
                if _may_end_a_name(match["v"]):
                    titled.append(match.span("v"))
        if low in _FIRST or (found[0].isupper() and len(low) > 2 and low not in NO_FIRST_EN):
            rest = _REST.match(text, word.end())
            if rest is not None and _is_name_en(found, rest["last"]):
                written.append((start, rest.end()))
        if low == "my" and start >= ends[_MY_NAME]:
            match = _MY_NAME.match(text, start)
            if match is not None:
                ends[_MY_NAME] = match.end()
                if match["v"].split()[0].lower() not in _NO_NAME:
                    said.append(match.span("v"))
        elif low in _GREETINGS and start >= ends[_GREETED]:
            match = _GREETED.match(text, start)
            if match is not None:
                ends[_GREETED] = match.end()
                if match["first"].lower() in _FIRST:
                    whole = "v" if _may_end_a_name(match["v"]) else "first"
                    greeted.append((match.start("v"), match.end(whole)))
    yield from titled
    yield from written
    yield from said
    if ":" in text or "=" in text:
        for match in _LABEL_EN.finditer(text):
            if match["v"].split()[0].lower() not in _NO_NAME:
                yield match.span("v")
    yield from greeted


def addresses(text: str) -> Iterator[Place]:
    """Yield where postal addresses, or their postcodes, stand."""
    if any(sign.isdigit() for sign in text):
        if not text.isascii():
            yield from (match.span() for match in _ADDRESS_JA.finditer(text))
        for match in _ADDRESS_EN.finditer(text):
            yield match.span()
