"""The reader's language: texts, numbers, times."""

from __future__ import annotations

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


def t(text: str, **values: object) -> str:
    """Return a text in the reader's language, with its values filled in."""
    translated = translator(language())(text)
    return translated.format(**values) if values else translated


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
    """Return a UTC time in the browser's time zone, to the minute."""
    from datetime import datetime
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        zone = ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    return datetime.fromisoformat(iso).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def called(who: str) -> str:
    """Return how somebody is called: with a word about it where only a file names them."""
    name = bare_name(who)
    return name if name == who else t("{name} (says a file)", name=name)


def plain(text: str) -> str:
    """Return a user's text so that markdown shows it as it is: no HTML, links, formulas, icons."""
    escaped = "".join(f"\\{c}" if c in "\\`*_{}[]()<>#+-.!|~$:^=" else c for c in text)
    return escaped.replace("\n", "  \n")
