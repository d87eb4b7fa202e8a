"""The reader's language: texts, numbers, times."""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate

import streamlit as st

from core.messages import Message
from core.translation import DEFAULT_LANGUAGE, LANGUAGES, translate, translator
from core.types.judgements import bare_name


def language() -> str:
    """Return the language in use: chosen, else from the link, else the browser's, else English."""
    chosen = st.session_state.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    linked = st.query_params.get("lang")
    if linked in LANGUAGES:
        return str(linked)
    browser = (st.context.locale or DEFAULT_LANGUAGE).split("-")[0]
    return browser if browser in LANGUAGES else DEFAULT_LANGUAGE


# Where no space follows, as in Japanese, markdown takes ** after a bracket for plain signs.
_BOLD_BESIDE_LETTERS = re.compile(r"(?<=\w)\*\*({\w+})\*\*|\*\*({\w+})\*\*(?=\w)")


def t(text: str, **values: object) -> str:
    """Return a text in the reader's language, with its values filled in."""
    translated = translator(language())(text)
    if values and "**{" in translated:
        translated = _BOLD_BESIDE_LETTERS.sub(_held, translated)
    return translated.format(**values) if values else translated


def _held(found: re.Match[str]) -> str:
    return f"**\u200b{found[1] or found[2]}\u200b**"


def tm(message: Message) -> str:
    """Return a message of core in the reader's language."""
    return translate(message, language())


def duration(seconds: float | None) -> str:
    """Return a time span as people say it: ``40 s``, ``3 min``, ``1 h 20 min``."""
    if seconds is None:
        return t("unknown")
    if seconds < 90:
        return t("{seconds} s", seconds=max(1, round(seconds)))
    minutes = round(seconds / 60)
    if minutes < 90:
        return t("{minutes} min", minutes=minutes)
    return t("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)


def moment(iso: str) -> str:
    """Return a UTC time in the browser's time zone, to the minute; damaged files name none."""
    from datetime import datetime
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        zone = ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    try:
        return datetime.fromisoformat(iso).astimezone(zone).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return t("unknown")


# Links, mail addresses, icons, emoji, dashes and arrows are looked for in the parsed text, where
# nothing is escaped any more. Cut in two at these places, none is found.
_CUT = re.compile(
    r"(?<=h)(?=ttps?://)|(?<=w)(?=ww\.)|(?<=@)(?=[-\w])|(?<=:m)(?=aterial[/_])"
    r"|(?<=:[\w+-])(?=[\w+-]*:)|(?<=[<>=~-])(?=[<>=-])",
    re.IGNORECASE,
)
_NOTHING = ":small[]"  # an empty directive: it shows nothing and parts the text before and after
_MARKS = frozenset("\\`*_{}[]()<>#+-.!|~$:^=&")
# Spaces that HTML would swallow: before a line, in place of one, after another.
_SPACES = re.compile(r"^[ \t]+|^$|(?<= )[ \t]+|\t+", re.MULTILINE)


def called(who: str) -> str:
    """Return how somebody is called: with a word about it where only a file names them."""
    name = bare_name(who)
    return name if name == who else t("{name} (says a file)", name=name)


def plain(text: str, *, inside: bool = False) -> str:
    """Return a user's text so that markdown shows it as it was typed.

    No HTML, links, formulas, icons, emoji, dashes, arrows, lists or blocks of code come of it. For
    what Streamlit does not read as markdown, such as the options of select boxes, the text itself
    is right; for ``st.text`` see :func:`unbroken`. With ``inside``, the text goes on in a line of
    other text: a space that it begins with is no indent.
    """
    cut = (
        "".join(f"\\{sign}" if sign in _MARKS else sign for sign in part)
        for part in _CUT.split(text.replace("\r\n", "\n"))
    )
    escaped = _NOTHING.join(cut)
    if escaped:
        before = "x" if inside else ""
        escaped = _SPACES.sub(lambda found: _wide(found.group()) or "&nbsp;", before + escaped)
        escaped = escaped.removeprefix(before)
        escaped = escaped.replace("\u00a0", "&nbsp;")
    return escaped.replace("\n", "  \n")


def unbroken(text: str) -> str:
    """Return a user's text for ``st.text``, which would take indents away."""
    kept = _SPACES.sub(lambda found: _wide(found.group()), text)
    # Spaces of any kind at the start are stripped; one sign without width before them holds them.
    return f"\u2060{kept}" if kept[:1] == "\u00a0" else kept


def _wide(space: str) -> str:
    return space.replace("\t", "    ").replace(" ", "\u00a0")


def shortened(text: str, length: int) -> str:
    """Return the beginning of a text, cut between words where it has any."""
    wide = (1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)
    end = sum(reached <= length for reached in accumulate(wide))
    if end == len(text):
        return text
    kept = text[:end]
    words = kept.rpartition(" ")[0]
    return f"{words if len(words) > end // 2 else kept} …"
