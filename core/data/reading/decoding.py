"""Bytes to text when nobody says which encoding it is."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from core.errors import DataError

SAMPLE_BYTES = 200_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the UTF-16 one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_JAPANESE = ("cp932", "euc_jp")
_RUNS = re.compile("[^\x00-\x7f]+")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa\u30fc]")
_HALF_KANA = re.compile("[\uff61-\uff9f]")
# punctuation, full-width letters and digits, common kanji are judged by their JIS level
_JAPANESE_SIGN = re.compile("[\u3000-\u303f\u3041-\u30ff\uff01-\uff5e\u2010-\u2026\u25a0-\u266f]")
_WESTERN = re.compile("[¡¢£§©«°²³´·»¿À-ÖØ-öø-ÿŒœŠšŽžŸ–—‘’‚“”„†•…‰‹›€™\xa0]")
_BINARY = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
MAX_BINARY_SHARE = 0.1


@dataclass(frozen=True)
class Decoded:
    """Text with the encoding found.

    Attributes
    ----------
    odd_lines : tuple of int
        Physical lines, from 1, that are in another encoding than the rest.
    """

    text: str
    encoding: str
    odd_lines: tuple[int, ...] = ()


def decode(content: bytes, name: str) -> Decoded:
    """Find the encoding and decode; never fails on text, however mixed.

    Order: byte order mark, UTF-8, ISO-2022-JP, UTF-16 without mark (zero bytes on every other
    place), mostly UTF-8 with some lines in another encoding, CP932 and EUC-JP (kana and common
    kanji in runs), Western (accented letters that stand alone), then what charset-normalizer says.
    Short Japanese texts are why the own checks come first: statistics need more text than a
    ten-row file has.

    Raises
    ------
    DataError
        If the bytes are not text.
    """
    decoded = _decode(content)
    sample = decoded.text[:SAMPLE_BYTES]
    if sample and len(_BINARY.findall(sample)) > MAX_BINARY_SHARE * len(sample):
        raise DataError(
            "{name} is not a table of text: it holds binary data. Upload CSV, TSV, XLSX, JSON, "
            "JSONL or Parquet.",
            name=name,
        )
    return decoded


def _decode(content: bytes) -> Decoded:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return Decoded(content.decode(encoding, "replace").lstrip("\ufeff"), encoding)
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
        return Decoded(text, "utf-8")
    mixed = _decode_mixed(content)
    if mixed:
        return mixed
    encoding = legacy_encoding(content)
    return Decoded(content.decode(encoding, "replace"), encoding)


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
    other = legacy_encoding(b"\n".join(lines[i] for i in odd))
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


def legacy_encoding(content: bytes) -> str:
    """Return the likely encoding of bytes that are no Unicode."""
    sample = content[:SAMPLE_BYTES]
    scores = {encoding: japanese_share(sample, encoding) for encoding in _JAPANESE}
    best = max(scores, key=lambda encoding: scores[encoding])
    if scores[best] >= 0.8:
        return best
    western = "cp1252" if _fits(sample, "cp1252") else "latin-1"
    text = sample.decode(western)
    runs = _RUNS.findall(text)
    signs = sum(map(len, runs))
    # accented letters stand alone in Western languages; Cyrillic read this way comes in rows
    if signs and signs / len(runs) < 1.6 and len(_WESTERN.findall(text)) >= 0.9 * signs:
        return western
    from charset_normalizer import from_bytes

    guess = from_bytes(sample).best()
    found = guess.encoding if guess else western
    return found if found not in ("ascii", "utf_8") else western


def japanese_share(content: bytes, encoding: str) -> float:
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
