"""Conversations: what the user says is asked, what is replied is the answer.

Turns lie in lists inside a record (``messages``, ``conversations``), or in rows of a table with a
speaker, a text and the number of the conversation or of the message that is replied to.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from core.data.columns.column_names import name_list, plain_name, role_of
from core.data.reading.records.internal import (
    LEFT_OUT,
    internal_rows,
    names_note,
    public_messages,
)
from core.data.reading.records.replies import REPLY_NAMES, read_replies
from core.data.reading.unfolding import text_of
from core.data.table import Table
from core.messages import N_, Message, N_n

CHATS = (
    *("messages", "conversations", "conversation", "dialog", "dialogue", "turns", "chat"),
    "chat_messages",
)
_SPEAKER = ("role", "from", "speaker", "sender", "author", "participant")
_SAID = ("content", "value", "text", "message", "utterance", "body")
USERS = frozenset(
    name_list(
        "user human customer prompter client visitor question requester student guest caller",
        "contact enduser asker",
        "kunde kundin nutzer nutzerin benutzer anwender anrufer besucher utilisateur cliente",
        "clienta usuario usuaria utente お客様 顧客 ユーザー ユーザ 利用者",
        "用户 客户 顾客 고객",
    )
)
HELPERS = frozenset(
    name_list(
        "assistant gpt bot agent model chatgpt support answer ai operator advisor chatbot staff",
        "aiagent humanagent virtualagent liveagent agentbot virtualassistant",
        "representative rep helpdesk service berater beraterin mitarbeiter assistent conseiller",
        "conseillère agente asesor asesora operatore オペレーター 担当者",
        "サポート ボット 担当 客服 坐席 机器人 상담원",
    )
)
_OTHERS = frozenset(name_list("system tool function note bot_event"))
# What else messages of a talk call the two; in a table it may say for whom a text was written.
_MORE_USERS = frozenset(name_list("lead consumer shopper member patient subscriber"))
_MORE_HELPERS = frozenset(name_list("admin administrator teammate team teammember employee"))
_BOTS = frozenset(name_list("bot agentbot chatbot assistant gpt model ai ボット 机器人 챗봇"))
# Where customers go by one of these names, the users of the help desk are its staff.
_CUSTOMERS = frozenset(
    name_list("customer contact visitor client enduser kunde cliente 顧客 客户 고객")
)
_INBOUND = frozenset(
    name_list("inbound incoming isinbound iscustomer fromcustomer isuser fromuser")
)
_WAYS = frozenset(name_list("direction messagedirection messagetype richtung 方向"))
_IN_OUT = {
    **dict.fromkeys(name_list("in incoming inbound received eingehend eingang 受信"), "user"),
    **dict.fromkeys(name_list("out outgoing outbound sent ausgehend ausgang 送信"), "agent"),
}
_REPLY_TO = re.compile("^(in)?(response|reply|replied|antwort)to|^parent(id|message)?|^replyto")
_TALK = re.compile("conv|dialog|session|chat|thread|ticket|gespr|call|会話|セッション|对话|会话")
_END_MARK = re.compile(r"\s*(#{2,}|-+>|=+>|\|{2,}|<\|[a-z_]+\|>|\b(?:END|STOP|###END)\b)\s*$")
_SAMPLE = 2000  # rows that tell what a column holds
NOTE = N_(
    "Conversations were read: what the user says is asked, the reply is the answer; thanks at the "
    "end of a talk are left out."
)
# What people say when a talk is over: nothing else stands in such a message.
_THANKS = frozenset(
    name_list(
        "thanks thank thankyou thx ty cheers danke dankeschön dankesehr besten vielen merci",
        "gracias grazie obrigado obrigada bedankt dank dankjewel dankuwel dziękuję dzięki",
        "teşekkürler teşekkür sağol спасибо благодарю شكرا شكرًا tack takk tak kiitos děkuji",
        "köszönöm ευχαριστώ mulțumesc",
    )
)
_WITH_THANKS = frozenset(
    name_list(
        "you a lot so very much many again all ok okay great perfect super good bye goodbye for",
        "your help the that was helpful is it works now have nice day and sehr schön auch für",
        "die ihre hilfe deine schnelle alles gut klar prima tschüss ciao schönen tag noch das",
        "beaucoup bien pour votre aide muchas mil por la su ayuda adiós mille molte per aiuto",
        "muito pela ajuda wel u je hartelijk voor hulp bardzo za pomoc çok ederim большое вам за",
        "помощь جزيلا så mycket för hjälpen mange moc nagyon",
    )
)
_THANKS_INSIDE = re.compile("ありがと|有難う|有り難う|感謝|谢谢|謝謝|多谢|感谢|감사|고마")
_LONGEST_THANKS, _LONGEST_CJK = 60, 25  # signs
LATER = N_n(
    "{count} question comes later in a conversation; it may need what "
    "was said before. Look at it before you go on.",
    "{count} questions come later in a conversation; they may need "
    "what was said before. Look at them before you go on.",
)


def speaker_of(turn: Mapping[str, object]) -> str:
    """Return who speaks in a turn, "" where it does not say."""
    return next((str(turn[key]).casefold() for key in _SPEAKER if turn.get(key)), "")


def said_in(turn: Mapping[str, object]) -> str:
    """Return the text of a turn."""
    return next((text_of(turn[key]) for key in _SAID if turn.get(key)), "")


def sides_of(names: Collection[str], *, in_talk: bool = True) -> dict[str, str]:
    """Return ``user``, ``agent`` or ``other`` for each name of a speaker that says so.

    Parameters
    ----------
    in_talk : bool
        Whether it is sure that they are names of speakers.
    """
    sides = {name: side for name in names if (side := _side(name.casefold().strip(), in_talk))}
    plain = {_bare(name.casefold()) for name in sides}
    staff = {_bare(n.casefold()) for n, side in sides.items() if side == "agent"} - _BOTS
    if plain & _CUSTOMERS and not staff:
        sides |= {name: "agent" for name in sides if _bare(name.casefold()) == "user"}
    return sides


def public_record(record: Mapping[str, object]) -> tuple[Mapping[str, object], int]:
    """Return a record with the messages that a customer has seen, and how many were left out."""
    kept: dict[str, object] = {}
    hidden = 0
    for key in CHATS:
        turns = record.get(key)
        if isinstance(turns, list) and turns and all(isinstance(turn, dict) for turn in turns):
            kept[key], count = public_messages(turns)
            hidden += count
    return ({**record, **kept}, hidden) if hidden else (record, 0)


def paired(turns: Iterable[tuple[str, str]]) -> list[tuple[int, str, str]]:
    """Return place of the first turn, question and answer of each exchange of (speaker, text).

    Several messages of one side in a row belong together; a question without a reply has the
    answer "". Thanks at the end of a talk ask nothing.
    """
    found: list[tuple[int, list[str], list[str]]] = []
    for place, (speaker, text) in enumerate(turns):
        if speaker in USERS:
            if not found or found[-1][2]:
                found.append((place, [], []))
            found[-1][1].append(text)
        elif speaker in HELPERS and found and text:
            found[-1][2].append(text)
    while len(found) > 1 and is_thanks(" ".join(found[-1][1])):
        del found[-1]
    return [(place, "\n".join(asked), "\n".join(told)) for place, asked, told in found]


def is_thanks(text: str) -> bool:
    """Tell whether a message says thanks and nothing else."""
    if len(text) > _LONGEST_THANKS or re.search("[?？؟]", text):
        return False
    if _THANKS_INSIDE.search(text):
        return len(text) <= _LONGEST_CJK
    words = re.findall(r"[^\W\d_]+", text.casefold())
    return bool(_THANKS & {*words}) and all(word in _THANKS | _WITH_THANKS for word in words)


def exchanges(record: Mapping[str, object]) -> list[dict[str, object]] | None:
    """Return question and answer of each turn of a conversation, None where there is none."""
    for key in CHATS:
        turns = record.get(key)
        if isinstance(turns, list) and turns and all(isinstance(turn, dict) for turn in turns):
            break
    else:
        return None
    rest = {name: value for name, value in record.items() if name != key}
    spoken = [(speaker_of(turn), said_in(turn)) for turn in turns]
    sides = sides_of({speaker for speaker, _ in spoken})
    found = paired((sides.get(speaker, ""), text) for speaker, text in spoken)
    return [{"question": asked, "answer": told} | rest for _, asked, told in found] or None


def last_turns(record: Mapping[str, object]) -> dict[str, object]:
    """Give each list of chat turns by its last one: of ``chosen`` the reply, of ``prompt`` the ask.

    A record without a question gets the last thing that the user said.
    """
    changed: dict[str, object] = {}
    asked = ""
    for key, value in record.items():
        if key in CHATS or not isinstance(value, list) or not value:
            continue
        turns = [turn for turn in value if isinstance(turn, dict)]
        if len(turns) < len(value) or not all(speaker_of(turn) for turn in turns):
            continue
        if not all(speaker_of(turn) in USERS | HELPERS | _OTHERS for turn in turns):
            continue
        spoken = [turn for turn in turns if said_in(turn)]
        replies = [turn for turn in spoken if speaker_of(turn) in HELPERS]
        last = spoken[-1:] if key in ("prompt", "question", "query", "input") else replies[-1:]
        changed[key] = said_in((last or spoken[-1:] or turns[-1:])[0])
        asked = asked or next(
            (said_in(turn) for turn in reversed(spoken) if speaker_of(turn) in USERS), ""
        )
    if not changed:
        return dict(record)
    named = any(role_of(str(key)) == "question" for key in record)
    return {**record, **changed, **({"prompt": asked} if asked and not named else {})}


# Marks of training files


def without_end_marks(table: Table) -> Table:
    """Return a table without what ends every prompt or completion of a training file.

    Files for completion models end each prompt with a separator (``###``, ``->``) and each
    completion with a stop word (``END``): neither is part of a question or an answer.
    """
    columns = [c for c in table.columns if plain_name(c) in ("prompt", "completion")]
    if len(columns) < 2:
        return table
    cleaned: dict[str, pd.Series] = {}
    notes = []
    for column in columns:
        cells = table.frame[column].tolist()
        marks = {match[1] for cell in cells if cell and (match := _END_MARK.search(cell))}
        filled = [cell for cell in cells if cell]
        if len(marks) != 1 or not all(_END_MARK.search(cell) for cell in filled):
            continue
        (mark,) = marks
        bare = [_END_MARK.sub("", cell).strip() for cell in cells]
        cleaned[column] = pd.Series(bare, table.frame.index, dtype="str")
        text = N_("Every text in {column} ends with “{mark}”, which was left out.")
        notes.append(Message(text, {"column": column, "mark": mark}))
    if not cleaned:
        return table
    frame = table.frame.assign(**cleaned)
    return dataclasses.replace(table, frame=frame, warnings=(*table.warnings, *notes))


# Turns in rows of a table


def turns_apart(table: Table) -> Table:
    """Return a table with a question and its answer in each row, where rows are turns of talks.

    Known by a column of speakers (user, agent, ``inbound``) beside one of texts; a column that
    names the message replied to, or the conversation, says what belongs together.
    """
    if {role_of(column) for column in table.columns} >= {"question", "answer"}:
        return table
    speaking = _speakers(table)
    if speaking is None:
        return _replies_apart(table)
    column, speakers = speaking
    text = _text_column(table, column)
    if text is None:
        return table
    texts = table.frame[text].tolist()
    hidden = internal_rows(table, {column, text})
    hidden |= np.array([names_note(cell) for cell in table.frame[column].tolist()], bool)
    speakers = ["other" if left else s for s, left in zip(speakers, hidden, strict=True)]
    links = _reply_links(table)
    talk = None  # its numbers have served then, and are no judgements
    if links is not None:
        ends, pairs = _linked(links, speakers, texts)
    else:
        talk = _conversation_column(table, {column, text})
        ends, pairs = _in_order(table.frame[talk].tolist() if talk else None, speakers, texts)
    if not pairs:
        return table
    begins = [begin for begin, _ in ends]
    frame = table.frame.iloc[begins]
    rest = [c for c in table.columns if c not in (column, text, talk, "question", "answer")]
    data: dict[str, object] = {
        "question": pd.array([asked for asked, _ in pairs], dtype="str"),
        "answer": pd.array([told for _, told in pairs], dtype="str"),
    } | {c: frame[c].array for c in rest}
    warnings = [*table.warnings, Message(NOTE)]
    later = sum(1 for _, first in ends if not first)
    if later:
        warnings.append(Message(LATER, {"count": later}))
    if hidden.any():
        warnings.append(Message(LEFT_OUT, {"count": int(hidden.sum())}))
    return dataclasses.replace(
        table,
        columns=tuple(data),
        frame=pd.DataFrame(data, columns=list(data)),
        row_numbers=table.row_numbers[begins],
        wrong=table.wrong[begins] if len(table.wrong) else table.wrong,
        warnings=tuple(warnings),
    )


def _replies_apart(table: Table) -> Table:
    """Return questions and answers where rows reply to one another and no column says who asks."""
    if not any(plain_name(column) in REPLY_NAMES for column in table.columns):
        return table
    rows: list[object] = [dict(zip(table.columns, r, strict=True)) for r in table.frame.to_numpy()]
    entries = read_replies(rows)
    if entries is None:
        return table
    places: list[int] = []
    found: list[tuple[str, str]] = []
    for i, entry in enumerate(entries):
        for exchange in entry:
            for answer in exchange["answer"] or [""]:
                places.append(i)
                found.append((exchange["question"], answer))
    data = {
        "question": pd.array([asked for asked, _ in found], dtype="str"),
        "answer": pd.array([told for _, told in found], dtype="str"),
    }
    return dataclasses.replace(
        table,
        columns=tuple(data),
        frame=pd.DataFrame(data),
        row_numbers=table.row_numbers[places],
        wrong=table.wrong[places] if len(table.wrong) else table.wrong,
        warnings=(*table.warnings, Message(NOTE)),
    )


def _speakers(table: Table) -> tuple[str, list[str]] | None:
    """Return the column of speakers and ``user``, ``agent`` or "" for each row."""
    for column in table.columns:
        cells = table.frame[column].head(_SAMPLE).tolist()
        held = {cell.casefold().strip() for cell in cells if cell}
        if len(held) > 12 or len(held) < 2:
            continue
        if plain_name(column) in _INBOUND and held <= {"true", "false", "1", "0", "yes", "no"}:
            inbound = ("true", "1", "yes")
            all_cells = table.frame[column].str.casefold().tolist()
            return column, ["user" if cell in inbound else "agent" for cell in all_cells]
        if plain_name(column) in _WAYS and held <= _IN_OUT.keys():
            kinds = _IN_OUT
        elif plain_name(column) in ("送信者タイプ", "sendertype") and held == {"user", "account"}:
            kinds = {"user": "user", "account": "agent"}  # as LINE calls them
        else:
            kinds = sides_of(held, in_talk=False)
        sides = {kinds.get(cell) for cell in held}
        if None not in sides and {"user", "agent"} <= sides:
            every = [cell.casefold().strip() for cell in table.frame[column].tolist()]
            return column, [kinds.get(cell, "") for cell in every]
    return None


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", re.sub(r"[\W\d_]+$", "", name))


def _side(name: str, in_talk: bool) -> str:
    plain = _bare(name)
    if plain in USERS or (in_talk and plain in _MORE_USERS):
        return "user"
    if plain in HELPERS or (in_talk and plain in _MORE_HELPERS):
        return "agent"
    return "other" if plain in _OTHERS or names_note(name) else ""


def _text_column(table: Table, speaker: str) -> str | None:
    """Return the column of what is said: by its name, else the longest texts."""
    others = [column for column in table.columns if column != speaker]
    sample = table.frame.head(_SAMPLE)
    lengths = {c: float(sample[c].str.len().mean()) for c in others}
    named = [c for c in others if plain_name(c) in _SAID or role_of(c) in ("question", "answer")]
    worded = [c for c in named if lengths[c] >= 8] or [
        c for c in others if sample[c].str.contains(" ").mean() > 0.5 and lengths[c] >= 15
    ]
    return max(worded, key=lambda c: lengths[c], default=None)


def _conversation_column(table: Table, used: set[str]) -> str | None:
    for column in table.columns:
        repeated = table.frame[column].head(_SAMPLE).duplicated().any()
        if column not in used and repeated and _TALK.search(plain_name(column)):
            return column
    return None


def _reply_links(table: Table) -> list[int] | None:
    """Return for each row the row that it replies to, -1 for none."""
    for column in table.columns:
        if not _REPLY_TO.search(plain_name(column)):
            continue
        parents = [cell.removesuffix(".0") for cell in table.frame[column].tolist()]
        wanted = {parent for parent in parents if parent}
        for own in table.columns:
            ids = table.frame[own].tolist()
            if own == column or len(set(ids)) < len(ids):
                continue
            place = {name.removesuffix(".0"): i for i, name in enumerate(ids)}
            if wanted and sum(parent in place for parent in wanted) > len(wanted) / 2:
                return [place.get(parent, -1) for parent in parents]
    return None


_Ends = list[tuple[int, bool]]  # row of the question, and whether it begins a conversation


def _linked(
    links: Sequence[int], speakers: Sequence[str], texts: Sequence[str]
) -> tuple[_Ends, list[tuple[str, str]]]:
    replies: dict[int, list[str]] = {}
    for i, parent in enumerate(links):
        if parent >= 0 and speakers[i] == "agent" and speakers[parent] == "user":
            replies.setdefault(parent, []).append(texts[i])
    ends: _Ends = []
    pairs: list[tuple[str, str]] = []
    for i, text in enumerate(texts):
        if speakers[i] == "user":
            for told in replies.get(i, [""]):
                ends.append((i, links[i] < 0))
                pairs.append((text, told))
    return ends, pairs


def _in_order(
    talks: Sequence[str] | None, speakers: Sequence[str], texts: Sequence[str]
) -> tuple[_Ends, list[tuple[str, str]]]:
    rows: dict[str, list[int]] = {}
    for i in range(len(texts)):
        rows.setdefault(talks[i] if talks else "", []).append(i)
    ends: _Ends = []
    pairs: list[tuple[str, str]] = []
    for places in rows.values():
        for number, (k, asked, told) in enumerate(paired((speakers[i], texts[i]) for i in places)):
            ends.append((places[k], talks is None or number == 0))
            pairs.append((asked, told))
    return ends, pairs
