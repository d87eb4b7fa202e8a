"""Tickets and conversations of help desks: who asks, who replies, what was kept from the asker.

Programs differ in names only: where the messages lie, what they call a customer, and how they mark
a note. A talk becomes a record with ``messages`` of a role and a content.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from core.data.cells import cell_text, plain_text
from core.data.columns.column_names import TEXT_ROLES, name_list, plain_name, role_of
from core.data.reading.exchanges import CHATS, sides_of, speaker_of
from core.data.reading.records.internal import flag, is_internal, kinds_of, says_publicity
from core.data.reading.unfolding import text_of
from core.errors import DataError

Record = dict[str, object]
# Lists of messages inside a ticket, and objects in which they may lie.
_LISTS = frozenset(
    name_list(
        "conversationparts comments comment conversations threads thread messages articles article",
        "events parts posts entries replies updates transcript chatmessages history activities",
        "interactions results embedded fields data chat chats payload messagelist items",
    )
)
_NOTE_LISTS = frozenset(name_list("comments notes internalnotes privatenotes internalcomments"))
_SAID = (
    *("plainbody", "bodytext", "textbody", "strippedtext", "messagetext", "text", "body"),
    *("content", "message", "utterance", "value", "bodyhtml", "html", "richtext", "comment", "msg"),
    "summary",
)
_FIRST_SAID = ("descriptiontext", "description", "initialmessage", "firstmessage")
# Flags of a message that was written by the customer, by the help desk.
_FROM_ASKER = frozenset(
    name_list("incoming isincoming inbound isinbound fromcustomer iscustomer fromuser isuser")
)
_FROM_DESK = frozenset(
    name_list("fromagent isagent outgoing isoutgoing outbound isoutbound frombot isbot fromstaff")
)
_WAYS = {
    **dict.fromkeys(("in", "incoming", "inbound", "received", "0"), "user"),
    **dict.fromkeys(("out", "outgoing", "outbound", "sent", "1"), "agent"),
    **dict.fromkeys(("activity", "2"), "other"),
}
# Message and response of osTicket; visitor and agent of tawk.to.
_LETTERS = ({"M": "user", "R": "agent"}, {"v": "user", "a": "agent"})
_WAY_KEYS = frozenset(name_list("direction messagetype messagedirection"))
_AUTHORS = name_list(
    "role from sender sendertype senderrole author authortype authorrole createdby createdbytype",
    "speaker participant creator creatortype by usertype actor actortype type fromtype source",
)
_AUTHOR_PARTS = ("type", "role", "usertype", "kind", "accounttype", "t")
_ASKERS = name_list(
    "requesterid customerid contactid visitorid requester customer contact reporter visitor",
    "primarycustomer enduser",
)
_AUTHOR_IDS = name_list(
    "authorid userid senderid fromid createdbyid creatorid author user sender from createdby by"
)
_IDS = name_list("id accountid userid key name email emailaddress")
_TIMES = name_list("createdat created timestamp createtime createdtime date time ts senttime")
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_PAIR = {"question", "answer"}
_HEADINGS = frozenset(name_list("title heading headline name titel titre título タイトル 标题"))
_MANY_DEEP = 4


def read_threads(document: object) -> list[object] | None:
    """Return a record with messages for each talk of a help desk, None where there are none."""
    for items in _candidates(document, 0):
        talks = [_turns(item) for item in items]
        known = [talk for talk in talks if talk]
        if len(known) * 2 <= len(items):
            continue
        names = {name for talk in known for turn in talk for name in _names(turn)}
        sides = sides_of(names)
        for letters in _LETTERS:
            sides |= letters if letters.keys() <= names else {}
        records = [
            _record(item, talk or [], sides) for item, talk in zip(items, talks, strict=True)
        ]
        if any(_has_both(record) for record in records):
            return list(records)
        if 2 * sum(map(_hides_some, known)) > len(items):
            raise DataError(
                "The messages in these tickets do not say who wrote them, customer or staff, so "
                "questions and answers cannot be told apart. Export the role of each author or the "
                "requester of each ticket, or a table with a question and its answer in each row."
            )
    return None


def _hides_some(turns: Sequence[Record]) -> bool:
    """Tell whether messages say which of them customers see: a talk of a help desk, surely."""
    return any(_is_comment(turn) for turn in turns)


def _is_comment(turn: Mapping[str, object]) -> bool:
    """Tell a message that says whether customers see it from an article that does."""
    headed = any(plain_name(str(k)) in _HEADINGS or role_of(str(k)) in TEXT_ROLES for k in turn)
    return says_publicity(turn) and not headed


def _candidates(document: object, depth: int) -> Iterator[list[Record]]:
    """Yield lists of objects that may be tickets, the outermost first; last the document itself."""
    if isinstance(document, list):
        items = [item for item in document if isinstance(item, dict)]
        if items and len(items) == len(document):
            yield items
    elif isinstance(document, dict):
        if depth < _MANY_DEEP:
            for value in document.values():
                if isinstance(value, dict | list):
                    yield from _candidates(value, depth + 1)
        if depth == 0:  # one ticket, perhaps in an object of its own
            yield from ([value] for value in document.values() if isinstance(value, dict))
            yield [document]


def _turns(item: Mapping[str, object], depth: int = 0) -> list[Record] | None:
    """Return the messages of a ticket, None where it lists none; sides may lie deeper."""
    if depth == 0 and (_plain_chat(item) or {role_of(str(k)) for k in item} >= _PAIR):
        return None  # read anyway, or a pair with the talk of those who wrote it
    found: list[Record] = []
    source = item.get("source")
    if isinstance(source, dict) and _said(source):
        found = [source]  # what began a conversation of Intercom
    for key, value in item.items():
        if plain_name(str(key)) not in _LISTS:
            continue
        if isinstance(value, dict) and depth < _MANY_DEEP:
            inner = _turns(value, depth + 1)
        elif isinstance(value, list) and value and all(isinstance(turn, dict) for turn in value):
            if any(_said(turn) and _speaks(turn) for turn in value):
                inner = value
            elif plain_name(str(key)) == "threads":  # of LiveChat: parts of one chat
                inner = [turn for part in value for turn in _turns(part, depth + 1) or ()]
            else:
                continue
        else:
            continue
        if inner:
            return [*found, *inner]
    return None


def _plain_chat(item: Mapping[str, object]) -> bool:
    """Tell talks that name ``user`` and ``assistant`` for each message: those are read anyway."""
    for key in CHATS:
        turns = item.get(key)
        if isinstance(turns, list) and turns and all(isinstance(turn, dict) for turn in turns):
            names = [speaker_of(turn) for turn in turns]
            return all(names) and set(sides_of(set(names)).values()) >= {"user", "agent"}
    return False


def _plainly(turn: Mapping[str, object]) -> dict[str, object]:
    return {plain_name(str(key)): value for key, value in turn.items()}


def _said(turn: Mapping[str, object]) -> str:
    plain = _plainly(turn)
    return next(
        (plain_text(text) for key in _SAID if plain.get(key) and (text := text_of(plain[key]))), ""
    )


def _names(turn: Mapping[str, object]) -> Iterator[str]:
    """Yield what a message calls its author: ``customer``, ``admin``."""
    plain = _plainly(turn)
    for key in _AUTHORS:
        value = plain.get(key)
        if isinstance(value, dict):
            parts = _plainly(value)
            yield from (str(parts[part]) for part in _AUTHOR_PARTS if parts.get(part))
        elif isinstance(value, str) and value:
            yield value


def _speaks(turn: Mapping[str, object]) -> bool:
    plain = _plainly(turn)
    own = {*_FROM_ASKER, *_FROM_DESK, *_WAY_KEYS, *_AUTHOR_IDS, *_AUTHORS} - {"type", "source"}
    return bool(plain.keys() & own) or _is_comment(turn)


def _side(turn: Mapping[str, object], sides: Mapping[str, str], askers: frozenset[str]) -> str:
    """Return ``user``, ``agent``, ``other`` or "" for who wrote a message."""
    plain = _plainly(turn)
    for key, value in plain.items():
        if key in _FROM_ASKER and (said := flag(value)) is not None:
            return "user" if said else "agent"
        if key in _FROM_DESK and (said := flag(value)) is not None:
            return "agent" if said else "user"
        if key in _WAY_KEYS and (way := _WAYS.get(cell_text(value).casefold())):
            return way
    known = [side for name in _names(turn) if (side := sides.get(name))]
    if known:
        return known[0]
    if askers and (own := _ids_in(plain, _AUTHOR_IDS)):
        return "user" if own & askers else "agent"
    return ""


def _ids_in(plain: Mapping[str, object], keys: Iterable[str]) -> frozenset[str]:
    found: list[str] = []
    for key in keys:
        value = plain.get(key)
        if isinstance(value, dict):
            parts = _plainly(value)
            found += [
                cell_text(parts[part]) for part in _IDS if isinstance(parts.get(part), str | int)
            ]
        elif isinstance(value, str | int) and value:
            found.append(cell_text(value))
    return frozenset(found)


def _askers(item: Mapping[str, object]) -> frozenset[str]:
    """Return ids and names of those who opened a ticket, also where it lists its users."""
    plain = _plainly(item)
    fields = plain.get("fields")
    if isinstance(fields, dict):  # of Jira
        plain = {**plain, **_plainly(fields)}
    found = set(_ids_in(plain, _ASKERS))
    for key in ("users", "participants"):
        people = plain.get(key)
        for person in people if isinstance(people, list) else ():
            if isinstance(person, dict):
                sides = sides_of({str(person.get("type")), str(person.get("role"))})
                if "user" in sides.values():
                    found |= _ids_in(_plainly(person), ("id", "userid"))
    return frozenset(found)


def _record(
    item: Mapping[str, object], turns: Sequence[Record], sides: Mapping[str, str]
) -> Record:
    askers = _askers(item) or _first_author(item, turns, sides)
    kinds = frozenset(kind for turn in turns for kind in kinds_of(turn))
    messages: list[Record] = []
    for turn in _in_time(turns):
        said = _said(turn)
        if said:
            hidden: Record = {"internal": True} if is_internal(turn, kinds) else {}
            messages.append({"role": _side(turn, sides, askers), "content": said} | hidden)
    messages += [
        {"role": "agent", "content": said, "internal": True}
        for note in _notes_beside(item, turns)
        if (said := _said(note)) and is_internal({"type": "note", **note})
    ]
    first = _opening(item)
    asked = [str(m["content"]) for m in messages if m["role"] == "user" and "internal" not in m]
    if first and not any(_same(first, text) for text in asked):
        messages.insert(0, {"role": "user", "content": first})
    return {"id": next((item[k] for k in ("id", "key", "ticket_id") if k in item), None)} | {
        "messages": messages
    }


def _first_author(
    item: Mapping[str, object], turns: Sequence[Record], sides: Mapping[str, str]
) -> frozenset[str]:
    """Return the author of the first message where it is what the ticket says, or all it says.

    Only where no message says who wrote it and others reply.
    """
    if any(_side(turn, sides, frozenset()) for turn in turns):
        return frozenset()
    shown = [t for t in _in_time(turns) if says_publicity(t) and not is_internal(t) and _said(t)]
    authors = [_ids_in(_plainly(turn), _AUTHOR_IDS) for turn in shown]
    if not authors or not all(authors) or not any(own.isdisjoint(authors[0]) for own in authors):
        return frozenset()
    first = _opening(item)
    return authors[0] if not first or _same(first, _said(shown[0])) else frozenset()


def _notes_beside(item: Mapping[str, object], turns: Sequence[Record]) -> list[Record]:
    """Return the comments that some programs list beside the messages: the staff wrote them."""
    found: list[Record] = []
    for key, value in item.items():
        if plain_name(str(key)) in _NOTE_LISTS:
            inner = list(value.values()) if isinstance(value, dict) else [value]
            lists = (part for part in inner if isinstance(part, list))
            found += [note for part in lists for note in part if isinstance(note, dict)]
    return [note for note in found if not any(note is turn for turn in turns)]


def _opening(item: Mapping[str, object]) -> str:
    """Return what a ticket says before its messages, else its subject."""
    plain = _plainly(item)
    fields = plain.get("fields")
    if isinstance(fields, dict):
        plain = {**plain, **_plainly(fields)}
    return next((plain_text(text_of(plain[k])) for k in _FIRST_SAID if plain.get(k)), "")


def _same(first: str, second: str) -> bool:
    a, b = (re.sub(r"\W+", "", text).casefold()[:200] for text in (first, second))
    return a.startswith(b) or b.startswith(a)


def _in_time(turns: Sequence[Record]) -> list[Record]:
    """Return messages the oldest first, where all say when they were written."""
    if not turns:
        return []
    key = next((k for k in turns[0] if plain_name(k) in _TIMES), None)
    times = [turn.get(key) for turn in turns] if key else []
    if times and all(isinstance(t, int | float) for t in times):
        return sorted(turns, key=lambda turn: float(str(turn[str(key)])))
    if times and all(isinstance(t, str) and _ISO.match(t) for t in times):
        return sorted(turns, key=lambda turn: str(turn[str(key)]).replace(" ", "T"))
    return list(turns)


def _has_both(record: Record) -> bool:
    messages = record["messages"]
    assert isinstance(messages, list)
    return {"user", "agent"} <= {message["role"] for message in messages}


# Conversations with language models


def read_chat_trees(document: object) -> list[Record] | None:
    """Read the export of ChatGPT: messages in a tree, of which the last branch was kept."""
    items: list[object] = document if isinstance(document, list) else [document]
    talks: list[Record] = []
    for item in items:
        if not isinstance(item, dict):
            return None
        nodes = item.get("mapping")
        if not isinstance(nodes, dict) or not all(isinstance(n, dict) for n in nodes.values()):
            return None
        turns = []
        for node in _branch(nodes, item.get("current_node")):
            message = node.get("message")
            author = message.get("author") if isinstance(message, dict) else None
            if not isinstance(message, dict) or not isinstance(author, dict):
                continue
            content = message.get("content")
            parts = content.get("parts") if isinstance(content, dict) else content
            said = [p for p in parts if isinstance(p, str)] if isinstance(parts, list) else [parts]
            text = "\n".join(text_of(part) for part in said if part)
            if text:
                turns.append({"role": str(author.get("role") or ""), "content": text})
        talks.append({"id": item.get("id") or item.get("title"), "messages": turns})
    return talks if any(talk["messages"] for talk in talks) else None


def _branch(nodes: Mapping[str, Record], current: object) -> list[Record]:
    """Return the nodes from the first one to the current one, or to the last one."""
    place = current if current in nodes else next(reversed(list(nodes)), None)
    found: list[Record] = []
    while place in nodes and len(found) <= len(nodes):
        found.append(nodes[str(place)])
        place = nodes[str(place)].get("parent")
    return found[::-1]
