"""Messages that answer one another by number, as Slack, Telegram and Teams write them.

The first message of a thread asks; what others reply to it is the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

from core.data.cells import cell_text, plain_text
from core.data.columns.column_names import name_list, plain_name, role_of
from core.data.reading.records.internal import is_internal
from core.data.reading.unfolding import text_of


class Exchange(TypedDict):
    """A question with its answers."""

    question: str
    answer: list[str]


# Names of a message's own number, and of that of the message it replies to; see plain_name().
_OWN = name_list("ts id messageid msgid postid eventid uuid number no")
_REPLY = name_list(
    "replytomessageid replytomsgid replytoid replyto inreplyto inreplytoid inreplytostatusid",
    "inresponseto inresponsetotweetid threadts threadrootid rootid tmid reference",
    "referencedmessage messagereference",
    "parentmessageid parentmessage parentid parentpostid parent quotedmessageid quotedmsgid",
    "repliedto repliedtoid repliedmessageid replymessageid",
)
REPLY_NAMES = frozenset(_REPLY) - {"reference", "parent", "parentid"}
_TOPIC = name_list("topicid threadid")  # of all messages that belong together, the first one too
_SAID = name_list("text content body message msg messagetext cleancontent plaintext")
_AUTHOR = name_list(
    "fromid authorid userid senderid from author user u sender username creator name"
)
_PEOPLE = name_list("id userid username name displayname email user application")
# What programs write into the list themselves.
_EVENTS = frozenset(
    name_list(
        "service system systemeventmessage systemmessage channeljoin channelleave channeltopic",
        "channelpurpose channelname groupjoin groupleave botadd systemjoinchannel",
        "systemleavechannel systemaddtochannel uj ul recipientadd guildmemberjoin call",
        "channelpinnedmessage chaneliconchange userpremiumguildsubscription pinneditem tombstone",
    )
)
_MANY_DEEP = 4


@dataclass(frozen=True)
class _Said:
    own: str
    parent: str
    who: str
    text: str


def read_replies(document: object) -> list[list[Exchange]] | None:
    """Return question and answers of each thread in the lists of messages of a document.

    There is an entry for every message, empty for those that are read elsewhere, so that each
    question keeps its place in the file. None where no list holds messages that name one another.
    """
    records: list[list[Exchange]] = []
    found = False
    for items in _lists(document, 0):
        threads = _threads(items)
        records += threads or [[] for _ in items]
        found = found or threads is not None
    return records if found else None


def _lists(document: object, depth: int) -> Iterator[Sequence[object]]:
    if isinstance(document, list):
        if any(isinstance(item, dict) for item in document[:5]):
            yield document
        return
    if not isinstance(document, dict) or depth > _MANY_DEEP:
        return
    inner = [value for value in document.values() if isinstance(value, dict)]
    if len(inner) > 2 and len(inner) == len(document) and _threads(inner) is not None:
        yield inner  # posts by their number, as Mattermost lists them
        return
    for value in document.values():
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            nested = [v for item in value for v in item.values() if isinstance(v, list | dict)]
            if _threads(value) is None and nested:  # a list of channels with their messages
                for item in value:
                    yield from _lists(item, depth + 1)
                continue
        if isinstance(value, dict | list):
            yield from _lists(value, depth + 1)


def _threads(items: Sequence[object]) -> list[list[Exchange]] | None:
    """Return the entries of a list of messages, None where none names another one."""
    messages = [_message(item) for item in items]
    if not any(message and message.parent for message in messages):
        messages = _by_topic(items, messages)
    known = [message for message in messages if message is not None]
    if len(known) < len(items) / 2 or not any(m.parent for m in known):
        return None
    place = {message.own: i for i, message in enumerate(messages) if message and message.own}
    replied = [
        m for m in known if m.parent in place and messages[place[m.parent]] is not m and m.who
    ]
    if not replied or len(place) < len(known):
        return None
    roots: dict[str, list[_Said]] = {}
    for message in known:
        roots.setdefault(_root(message, messages, place), []).append(message)
    entries: list[list[Exchange]] = []
    for item in messages:
        if item is None or item.own not in roots:
            entries.append([])
        elif item.parent and item.parent != item.own and item.parent not in place:
            missing: Exchange = {"question": "", "answer": [item.text]}
            entries.append([missing])  # it replies to what is not in the file
        else:
            entries.append(_exchanges(item, roots[item.own]))
    return entries


def _by_topic(items: Sequence[object], messages: Sequence[_Said | None]) -> list[_Said | None]:
    """Return messages that reply to the first one of their topic."""
    first: dict[str, str] = {}
    found: list[_Said | None] = []
    for item, message in zip(items, messages, strict=True):
        if message is not None and isinstance(item, dict):
            plain = {plain_name(str(key)): value for key, value in item.items()}
            topic = next((t for key in _TOPIC if (t := _number(plain.get(key)))), "")
            begun = first.setdefault(topic, message.own) if topic else message.own
            message = replace(message, parent="" if begun == message.own else begun)
        found.append(message)
    return found


def _root(message: _Said, messages: Sequence[_Said | None], place: Mapping[str, int]) -> str:
    seen: set[str] = set()
    while message.parent in place and message.own not in seen:
        seen.add(message.own)
        above = messages[place[message.parent]]
        if above is None or above is message:
            break
        message = above
    return message.own


def _exchanges(first: _Said, thread: Sequence[_Said]) -> list[Exchange]:
    """Return a record for each question of the one who began a thread, with its answers."""
    found: list[tuple[list[str], list[tuple[str, str]]]] = []
    for message in [first, *(m for m in thread if m is not first)]:
        if message.who == first.who:
            if not found or found[-1][1]:
                found.append(([], []))
            found[-1][0].append(message.text)
            continue
        told = found[-1][1]
        if told and told[-1][0] == message.who:
            told[-1] = (message.who, f"{told[-1][1]}\n{message.text}")
        else:
            told.append((message.who, message.text))
    kept = [item for item in found[1:] if item[1]]  # thanks at the end are no question
    return [
        {"question": "\n".join(asked), "answer": [text for _, text in told]}
        for asked, told in found[:1] + kept
    ]


def _message(item: object) -> _Said | None:
    """Return what a message says and names, None where it is none."""
    if not isinstance(item, dict) or is_internal(item):
        return None
    plain = {plain_name(str(key)): value for key, value in item.items()}
    kinds = {plain_name(str(plain.get(key, ""))) for key in ("type", "subtype", "messagetype", "t")}
    if kinds & _EVENTS:
        return None
    own = next((cell_text(plain[key]) for key in _OWN if _number(plain.get(key))), "")
    text = next((said for key in _SAID if plain.get(key) and (said := _text(plain[key]))), "")
    if not own or not text or {role_of(str(key)) for key in item} >= {"question", "answer"}:
        return None
    titled = plain.keys() & {"title", "slug", "heading"}  # pages below pages reply to nothing
    parents = [key for key in _REPLY if not (titled and key in ("parent", "parentid"))]
    parent = next((number for key in parents if (number := _number(plain.get(key)))), "")
    who = next((name for key in _AUTHOR if (name := _number(plain.get(key), _PEOPLE))), "")
    return _Said(own, "" if parent == own else parent, who, text)


def _number(value: object, keys: Sequence[str] = ("messageid", "id", "eventid")) -> str:
    """Return a number or name, also where it lies in an object; "" for none."""
    if isinstance(value, dict):
        plain = {plain_name(str(key)): inner for key, inner in value.items()}
        return next((found for key in keys if (found := _number(plain.get(key), keys))), "")
    return cell_text(value) if isinstance(value, str | int | float) and value else ""


def _text(value: object) -> str:
    """Return the text of a message; Telegram writes links and bold words as parts of a list."""
    if isinstance(value, list):
        return "".join(part if isinstance(part, str) else text_of(part) for part in value).strip()
    return plain_text(text_of(value))
