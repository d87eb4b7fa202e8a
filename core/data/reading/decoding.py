"""Bytes to text when nobody says which encoding it is."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from core.data.columns.column_names import role_of
from core.data.reading.alphabets import european_encodings
from core.errors import DataError
from core.messages import N_, Message

SAMPLE_BYTES = 200_000
USUAL_ENCODINGS = (
    *("utf-8", "utf-8 twice", "utf-16", "cp1252", "latin-1", "mac_roman", "cp1250", "cp1254"),
    *("cp1251", "cp932", "euc_jp", "gb18030", "big5", "cp949"),
)
TWICE = "utf-8 twice"  # UTF-8 that was read as something else and saved as UTF-8 again
_WRONGLY = ("cp1252", "mac_roman", "cp932", "cp1254", "cp437")
# Where these are found, a ten-row file is enough to be sure.
_CERTAIN = frozenset({"cp1252", "latin-1", "cp932", "euc_jp", "iso2022_jp"})
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the UTF-16 one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_JAPANESE = ("cp932", "euc_jp")
# Two bytes of the everyday characters of Chinese and Korean, and of their punctuation.
_EVERYDAY = {
    "cp949": re.compile("[\xb0-\xc8\xa1\xa3][\xa1-\xfe]"),
    "gb18030": re.compile("[\xb0-\xd7\xa1\xa3][\xa1-\xfe]"),
    "big5": re.compile("[\xa4-\xc6\xa1][\x40-\x7e\xa1-\xfe]"),
}
_RUNS = re.compile("[^\x00-\x7f]+")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa\u30fc]")
_HALF_KANA = re.compile("[\uff61-\uff9f]")
# punctuation, full-width letters and digits, common kanji are judged by their JIS level
_JAPANESE_SIGN = re.compile("[\u3000-\u303f\u3041-\u30ff\uff01-\uff5e\u2010-\u2026\u25a0-\u266f]")
_BINARY = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
MAX_BINARY_SHARE = 0.1
_SHOWN = 120  # characters of an example line


@dataclass(frozen=True)
class Decoded:
    """Text with the encoding found.

    Attributes
    ----------
    odd_lines : tuple of int
        Physical lines, from 1, that are in another encoding than the rest.
    warnings : tuple of Message
    others : mapping of encoding to str
        Where it is not certain: other encodings, and a line of the text in each.
    """

    text: str
    encoding: str
    odd_lines: tuple[int, ...] = ()
    warnings: tuple[Message, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict)


def decode(content: bytes, name: str, encoding: str | None = None) -> Decoded:
    """Find the encoding, unless it is given, and decode; never fails on text, however mixed.

    Order: byte order mark, UTF-8, ISO-2022-JP, UTF-16 without mark (zero bytes on every other
    place), mostly UTF-8 with some lines in another encoding, CP932 and EUC-JP (kana and common
    kanji in runs), Western (accented letters that stand alone), then what charset-normalizer says.
    Short Japanese texts are why the own checks come first: statistics need more text than a
    ten-row file has.

    Raises
    ------
    DataError
        If the bytes are not text, or nobody knows the encoding given.
    """
    decoded = _decode(content) if encoding is None else _decode_as(content, encoding)
    sample = decoded.text[:SAMPLE_BYTES]
    if sample and len(_BINARY.findall(sample)) > MAX_BINARY_SHARE * len(sample):
        raise DataError(
            "{name} is not a table of text: it holds binary data. Upload CSV, TSV, XLSX, JSON, "
            "JSONL or Parquet.",
            name=name,
        )
    return decoded


def _decode_as(content: bytes, encoding: str) -> Decoded:
    """Decode with the encoding that the user has chosen."""
    if encoding == TWICE:
        text = content.decode("utf-8-sig", "replace")
        return Decoded(_undone(text, _wrongly_read_as(text) or _WRONGLY[0]), TWICE)
    try:
        found = codecs.lookup(encoding)
        text = content.decode(found.name, "replace")
    except (LookupError, ValueError, AssertionError) as error:
        raise DataError(
            "There is no encoding called {encoding}. Usual ones are: {usual}.",
            encoding=encoding[:60],
            usual=", ".join(USUAL_ENCODINGS),
        ) from error
    return Decoded(text.lstrip("\ufeff"), encoding)


def _decode(content: bytes) -> Decoded:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            text = content.decode(encoding, "replace").lstrip("\ufeff")
            return _once(text, encoding) if mark == codecs.BOM_UTF8 else Decoded(text, encoding)
    wide = _wide_encoding(content)
    if wide:
        return Decoded(content.decode(wide, "replace"), wide)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        if b"\x1b$" in content:  # the escape that switches ISO-2022-JP to kanji
            try:
                return Decoded(content.decode("iso2022_jp"), "iso2022_jp")
            except UnicodeDecodeError:
                pass
        return _once(text)
    mixed = _decode_mixed(content)
    if mixed:
        return mixed
    encoding = _legacy_encoding(content)
    text = content.decode(encoding, "replace")
    if encoding in _CERTAIN:
        return Decoded(text, encoding)
    line = _example(text.splitlines())
    shown = content[:SAMPLE_BYTES]
    others = [*european_encodings(shown), "gb18030", "cp932"]
    place = text[:SAMPLE_BYTES].splitlines().index(line) if line else 0
    lines = {other: _line(shown.decode(other, "replace"), place) for other in others}
    doubt = N_(
        "The file is not UTF-8; it was read as {encoding}. Row with special letters: “{line}”. If "
        "they are wrong, choose another encoding."
    )
    return Decoded(
        text,
        encoding,
        warnings=(Message(doubt, {"encoding": encoding, "line": line[:_SHOWN]}),),
        others={other: text for other, text in lines.items() if text not in ("", line)},
    )


def _line(text: str, place: int) -> str:
    lines = text.splitlines()
    return lines[place][:_SHOWN] if place < len(lines) else ""


def _example(lines: Sequence[str]) -> str:
    """Return the line with most signs beyond ASCII among the first ones that have any."""
    special = [line for line in lines if not line.isascii()][:50]
    return max(special, key=lambda line: sum(sign > "~" for sign in line[:_SHOWN]), default="")


def _once(text: str, encoding: str = "utf-8") -> Decoded:
    """Undo what made UTF-8 of UTF-8: Ã¼ for ü."""
    wrong = None if text.isascii() else _wrongly_read_as(text)
    if wrong is None:
        return Decoded(text, encoding)
    line = _example(text[:SAMPLE_BYTES].splitlines())
    mended = _undone(text, wrong)
    doubt = N_(
        "The file was saved as UTF-8 twice over; this was undone. “{before}” is now “{after}”. If "
        "that is wrong, choose utf-8 as the encoding."
    )
    values = {"before": line[:_SHOWN], "after": _undone(line, wrong)[:_SHOWN]}
    return Decoded(
        mended, TWICE, warnings=(Message(doubt, values),), others={"utf-8": line[:_SHOWN]}
    )


def _wrongly_read_as(text: str) -> str | None:
    """Return the encoding that UTF-8 was taken for, None where most signs are what they seem."""
    runs = _RUNS.findall(text[:SAMPLE_BYTES])[:500]
    if not runs:
        return None
    shares = {
        wrong: sum(_reread(run, wrong) is not None for run in runs) / len(runs)
        for wrong in _WRONGLY
    }
    best = max(shares, key=lambda wrong: shares[wrong])
    return best if shares[best] >= 0.8 else None


def _reread(run: str, wrong: str) -> str | None:
    """Return what a run of signs was before it was read wrongly; None where it was nothing."""
    try:
        # the five places that are empty in cp1252 come through as they are
        content = b"".join(
            bytes((ord(sign),)) if "\x80" <= sign <= "\x9f" else sign.encode(wrong) for sign in run
        )
        return content.decode("utf-8")
    except UnicodeError:
        return None


def _undone(text: str, wrong: str) -> str:
    return _RUNS.sub(lambda run: _reread(run[0], wrong) or run[0], text)


def _wide_encoding(content: bytes) -> str | None:
    """Recognise UTF-16 without a mark: its ASCII signs leave zeros on one side of each pair."""
    sample = content[: SAMPLE_BYTES // 2 * 2]
    zeros = sample.count(0)
    if len(content) % 2 or len(content) < 4 or not zeros:
        return None
    left, right = sample[0::2].count(0), sample[1::2].count(0)
    encoding = "utf-16-le" if right >= left else "utf-16-be"
    if min(left, right) > 0.05 * max(left, right):
        return None
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return None
    # A stray zero in a text of another encoding also lies on one side only; then the pairs
    # decode to characters from all over the code table, hardly ever to line breaks.
    known = sum(1 for sign in text if sign in "\t\r\n" or " " <= sign <= "ÿ" or _is_cjk(sign))
    ascii_signs = sum(1 for sign in text if sign in "\t\r\n" or " " <= sign <= "~")
    return encoding if known >= 0.9 * len(text) and ascii_signs >= 0.01 * len(text) else None


def _is_cjk(sign: str) -> bool:
    return bool(_JAPANESE_SIGN.match(sign)) or "\u4e00" <= sign <= "\u9fff"


def _decode_mixed(content: bytes) -> Decoded | None:
    """Decode line by line where most lines beyond ASCII are UTF-8 and some are not."""
    lines = content.split(b"\n")
    odd = [i for i, line in enumerate(lines) if not _fits(line, "utf-8")]
    proper = sum(1 for line in lines if not line.isascii()) - len(odd)
    if proper < len(odd):
        return None
    other = _legacy_encoding(b"\n".join(lines[i] for i in odd))
    strange = set(odd)
    texts = [
        line.decode(other if i in strange and _fits(line, other) else "utf-8", "replace")
        for i, line in enumerate(lines)
    ]
    return Decoded("\n".join(texts), "utf-8", tuple(i + 1 for i in odd))


def _fits(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _legacy_encoding(content: bytes) -> str:
    """Return the likely encoding of bytes that are no Unicode."""
    sample = content[:SAMPLE_BYTES]
    if (named := _of_known_names(sample)) is not None:
        return named
    scores = {encoding: _japanese_share(sample, encoding) for encoding in _JAPANESE}
    best = max(scores, key=lambda encoding: scores[encoding])
    if scores[best] >= 0.8:
        return best
    for encoding, pattern in _EVERYDAY.items():
        if _everyday_share(sample, encoding, pattern) >= 0.9:
            return encoding
    shares = european_encodings(sample)
    best = next(iter(shares))
    if shares[best] >= 0.85:
        return "latin-1" if best == "cp1252" and not _fits(sample, best) else best
    from charset_normalizer import from_bytes

    guess = from_bytes(sample).best()
    found = guess.encoding if guess else "latin-1"
    return found if found not in ("ascii", "utf_8") else "latin-1"


def _of_known_names(content: bytes) -> str | None:
    """Return the Asian encoding in which the first line names two columns, None where none does.

    A few signs above English texts are too few to count; two known names are no accident.
    """
    head = content.splitlines()[0] if content else b""
    for encoding in () if head.isascii() else (*_JAPANESE, *_EVERYDAY):
        with suppress(UnicodeDecodeError):
            cells = re.split(r'[,;\t|"]+', head.decode(encoding))
            if len({role_of(cell) for cell in cells if not cell.isascii()} - {None}) >= 2:
                return encoding
    return None


def _everyday_share(content: bytes, encoding: str, everyday: re.Pattern[str]) -> float:
    """Return which share of the signs beyond ASCII is of the common ones of an encoding."""
    text = content.decode(encoding, "replace")
    runs = _RUNS.findall(text)
    if not runs or text.count("\ufffd") > 1:
        return 0.0
    signs = "".join(runs)
    codes = [sign.encode(encoding, "replace") for sign in signs]
    good = sum(1 for code in codes if everyday.fullmatch(code.decode("latin-1")))
    return good / len(signs) if len(signs) / len(runs) >= 1.6 else 0.0


def _japanese_share(content: bytes, encoding: str) -> float:
    """Return which share of the signs beyond ASCII is everyday Japanese in this encoding, 0 to 1.

    Half-width kana count against it (another encoding read as CP932 looks like that), and so do
    kanji that stand alone between Latin letters (a French or curly-quoted English text).
    """
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        # a few broken bytes, or a sample cut inside a character, do not change the language
        text = content.decode(encoding, "replace")
        if text.count("\ufffd") > max(1, 0.02 * len(text)):
            return 0.0
    runs = _RUNS.findall(text)
    if not runs:
        return 0.0
    signs = "".join(runs)
    half = len(_HALF_KANA.findall(signs))
    good = sum(1 for sign in signs if _JAPANESE_SIGN.match(sign) or _is_common_kanji(sign))
    alone = len(signs) / len(runs) < 1.6
    if alone or (encoding == "euc_jp" and not _KANA.search(signs)):
        return 0.0
    return max(0.0, (good - half) / len(signs))


def _is_common_kanji(sign: str) -> bool:
    """Tell JIS level 1 (2,965 everyday kanji) from the rest by its place in the code table."""
    if not "\u4e00" <= sign <= "\u9fff":
        return False
    try:
        code = sign.encode("euc_jp")
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and 0xB0 <= code[0] <= 0xCF
