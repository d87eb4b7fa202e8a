"""Talks as Gemini and Vertex AI write them: contents, each with parts that hold the texts."""

from __future__ import annotations

from collections.abc import Mapping

Record = dict[str, object]


def with_messages(record: Record) -> Record:
    """Return a record with its contents as messages, as other programs write them; else itself.

    Contents lie in the record, or in its request; then the reply is the first candidate of the
    response. What a model thinks and which functions it calls is not said to anybody.
    """
    if "contents" not in record and "request" not in record:
        return record
    outer = _inside(record, "request")
    contents = record.get("contents", outer.get("contents"))
    given = contents if isinstance(contents, list) else [contents]
    candidates = _inside(record, "response").get("candidates")
    replies = candidates[:1] if isinstance(candidates, list) and outer else []
    given = [*given, *(reply.get("content") for reply in replies if isinstance(reply, dict))]
    turns = [turn for turn in given if isinstance(turn, dict) and "parts" in turn]
    if len(turns) < len(given):
        return record
    messages = [
        {"role": turn.get("role") or "user", "content": text}
        for turn in turns
        if (text := _said(turn["parts"]))
    ]
    rest = {k: v for k, v in record.items() if k not in ("contents", "request", "response")}
    return {"messages": messages, **rest} if messages else record


def _inside(record: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = record.get(key)
    return value if isinstance(value, dict) else {}


def _said(parts: object) -> str:
    """Return the text of parts, of one or of several."""
    several = parts if isinstance(parts, list) else [parts]
    texts = [
        part if isinstance(part, str) else part.get("text")
        for part in several
        if isinstance(part, str) or (isinstance(part, dict) and not part.get("thought"))
    ]
    return "\n".join(text.strip() for text in texts if isinstance(text, str)).strip()
