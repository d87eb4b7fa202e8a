"""Chats as messengers write them into a text file: WhatsApp and LINE."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.data.reading.exchanges import sides_of
from core.data.table import Table, build_table
from core.errors import DataError
from core.messages import N_, Message, N_n

_DATE = r"\[?\u200e?\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"
_TIME = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[ \u202f\u00a0]?[AaPp]\.?[ ]?[Mm]\.?)?"
_WHATSAPP = re.compile(rf"\u200e?{_DATE},? {_TIME}(?:\]| -) (?:([^:\t]{{1,60}}): )?(.*)")
_LINE = re.compile(
    r"(?:午前|午後|上午|下午|오전|오후)?\s?\d{1,2}:\d{2}(?: ?[AP]M)?\t(?:([^\t]{1,60})\t)?(.*)"
)
_LINE_HEAD = re.compile(r"\ufeff?\[LINE\]|\[LINE\]")
_LEFT_OUT = re.compile(
    r"\u200e?(<[^<>]{3,60}>|\[[^\[\]]{1,20}\]"
    r"|\S+ \([^()]*(attached|angehängt|fichier|adjunto)[^()]*\))\s*"
)
_LEVELS = {"DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "FATAL", "TRACE", "CRITICAL"}
_LEAST, _START = 4, 60  # messages that make a chat; lines that are looked at first
_CLEARLY = 2  # how much more often the one who asks writes question marks
_WHO = N_(
    "{name} is a chat, and nothing says who asks and who replies. Rename one side to Customer and "
    "the other one to Agent in the file, or save it as a table with the columns speaker and text."
)
_GUESSED = N_(
    "{asks} was taken as the one who asks and {replies} as the one who replies. If it is the other "
    "way round, rename them to Agent and Customer in the file."
)
_MEDIA = N_n(
    "{count} line of the messenger (a picture, a change of the group) was left out.",
    "{count} lines of the messenger (pictures, changes of the group) were left out.",
)


@dataclass
class _Said:
    line: int
    who: str
    text: str


def is_chat_log(start: str) -> bool:
    """Tell whether a text begins like a chat that WhatsApp or LINE exported."""
    if _LINE_HEAD.match(start):
        return True
    lines = [line for line in start.split("\n")[:_START] if line.strip()]
    spoken = [match for line in lines[:-1] or lines if (match := _WHATSAPP.match(line))]
    named = {match[1] for match in spoken if match[1]} - _LEVELS
    return len(named) > 1 and len(spoken) >= max(_LEAST, 0.3 * len(lines))


def read_chat_log(text: str, name: str) -> Table | None:
    """Read a chat as a table of who speaks and what is said; None where it is none.

    Raises
    ------
    DataError
        If nothing says who asks and who replies.
    """
    said, left_out = _messages(text)
    people = list(dict.fromkeys(message.who for message in said))
    if len(said) < _LEAST or len(people) < 2:
        return None
    sides = sides_of(people)
    notes = [Message(_MEDIA, {"count": left_out})] if left_out else []
    if not {"user", "agent"} <= set(sides.values()):
        asks, replies = _guessed(said, people, name)
        sides = {asks: "user", replies: "agent"}
        notes.append(Message(_GUESSED, {"asks": asks, "replies": replies}))
    return build_table(
        ["speaker", "text"],
        [[sides.get(message.who, "system"), message.text] for message in said],
        [message.line for message in said],
        name=name,
        kind="chat",
        warnings=notes,
    )


def _messages(text: str) -> tuple[list[_Said], int]:
    """Return the messages of a chat and the number of lines that no person wrote."""
    form = _LINE if _LINE_HEAD.match(text) else _WHATSAPP
    said: list[_Said] = []
    left_out = 0
    speaking = False
    for number, line in enumerate(text.split("\n"), 1):
        match = form.match(line)
        if match is None:
            if speaking and line.strip() and not (form is _LINE and re.match(r"\d{4}[./]", line)):
                said[-1].text += "\n" + line.strip().strip('"')
            continue
        speaking = bool(match[1]) and _LEFT_OUT.fullmatch(match[2]) is None
        if speaking:
            said.append(_Said(number, match[1].strip(" \u200e\u202a\u202c"), match[2].strip(' "')))
        else:
            left_out += 1
    return said, left_out


def _guessed(said: Sequence[_Said], people: Sequence[str], name: str) -> tuple[str, str]:
    """Return who asks and who replies in a chat of two, by their question marks."""
    if len(people) != 2:
        raise DataError(_WHO, name=name)
    shares: dict[str, list[bool]] = {who: [] for who in people}
    for message in said:
        shares[message.who].append(message.text.rstrip().endswith(("?", "？")))
    first, second = sorted(people, key=lambda who: -sum(shares[who]) / len(shares[who]))
    if sum(shares[first]) < _CLEARLY or sum(shares[first]) < _CLEARLY * sum(shares[second]):
        raise DataError(_WHO, name=name)
    return first, second
