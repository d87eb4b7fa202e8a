"""What chatbots are trained with (Watson, Rasa, ChatterBot): examples apart from answers, talks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from core.data.reading.unfolding import text_of

Record = dict[str, object]
_INTENT = re.compile(r"#([\w.\-]+)")
_NOT = re.compile(r"(!|\bnot\b)\s*\(?\s*#", re.IGNORECASE)


def read_watson(document: object) -> list[object] | None:
    """Read a skill of Watson Assistant: the examples of each intent, the node that answers it."""
    if not isinstance(document, dict):
        return None
    document = next(
        (document[k] for k in ("workspace", "skill") if isinstance(document.get(k), dict)), document
    )
    intents, nodes = document.get("intents"), document.get("dialog_nodes")
    if not isinstance(intents, list) or not isinstance(nodes, list):
        return None
    answers: dict[str, list[str]] = {}
    for node in nodes:
        conditions = str(node.get("conditions") or "") if isinstance(node, dict) else ""
        said = list(_node_texts(node.get("output"))) if conditions else []
        for intent in () if _NOT.search(conditions) else _INTENT.findall(conditions):
            if said and intent not in answers:  # the first node that fits answers
                answers[intent] = said
    records: list[object] = []
    for item in intents:
        if isinstance(item, dict) and item.get("intent"):
            name = str(item["intent"])
            examples = item.get("examples")
            texts = [text_of(e) for e in examples] if isinstance(examples, list) else []
            record: Record = {"question": texts, "category": name}
            records.append(record | ({"answer": answers.get(name, [])} if answers else {}))
    return records or None


def read_chatterbot(document: object) -> list[object] | None:
    """Read a corpus of ChatterBot: talks as bare lists of texts, in which each answers the last."""
    if not isinstance(document, dict) or not {*document} <= {"categories", "conversations"}:
        return None
    talks = document.get("conversations")
    if not isinstance(talks, list) or not all(map(_is_bare_talk, talks)):
        return None
    given = document.get("categories")
    topic = ", ".join(map(text_of, given)) if isinstance(given, list) else text_of(given)
    return [
        {
            "messages": [
                {"role": ("user", "assistant")[place % 2], "content": text_of(said)}
                for place, said in enumerate(talk)
            ],
            "category": topic,
        }
        for talk in talks
    ]


def _is_bare_talk(talk: object) -> bool:
    if not isinstance(talk, list) or len(talk) < 2:
        return False
    return all(isinstance(said, str | int | float) for said in talk)


def _node_texts(output: object) -> Iterator[str]:
    """Yield the ways in which a node answers; parts that are said one after another are one."""
    if not isinstance(output, Mapping):
        return
    generic, text = output.get("generic"), output.get("text")
    parts: list[list[str]] = []
    for part in generic if isinstance(generic, list) else ():
        if isinstance(part, dict) and part.get("response_type", "text") == "text":
            values = part.get("values")
            said = [text_of(v) for v in values] if isinstance(values, list) else []
            if part.get("selection_policy") == "multiline":
                said = ["\n".join(said)]
            parts.append([s for s in said or [text_of(part.get("text") or "")] if s])
    parts = [part for part in parts if part]
    if len(parts) > 1:
        yield "\n".join(part[0] for part in parts)
    elif parts:
        yield from parts[0]
    elif isinstance(text, Mapping) and isinstance(text.get("values"), list):
        yield from filter(None, map(text_of, text["values"]))
    elif text:
        yield text_of(text)


def read_rasa(document: object) -> list[object] | None:
    """Training data of Rasa, as JSON or YAML: an intent's examples and its response."""
    if not isinstance(document, dict):
        return None
    old = document.get("rasa_nlu_data")
    examples: dict[str, list[str]] = {}
    if isinstance(old, dict):
        for item in old.get("common_examples") or ():
            if isinstance(item, dict):
                examples.setdefault(str(item.get("intent")), []).append(text_of(item))
    for item in document.get("nlu") or () if isinstance(document.get("nlu"), list) else ():
        if isinstance(item, dict) and item.get("intent"):
            given = item.get("examples") or ""
            lines = given if isinstance(given, list) else str(given).split("\n")
            texts = [re.sub(r"^\s*[-*]\s+", "", text_of(line)).strip() for line in lines]
            examples.setdefault(str(item["intent"]), []).extend(filter(None, texts))
    if not examples:
        return None
    responses = document.get("responses") or document.get("templates") or {}
    said = responses if isinstance(responses, dict) else {}
    actions = _rasa_actions(document)
    records: list[object] = []
    for intent, texts in examples.items():
        name = actions.get(intent, f"utter_{intent}")
        answers = [text for item in said.get(name) or () if (text := text_of(item))]
        record: Record = {
            "question": [re.sub(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})", r"\1", t) for t in texts],
            "category": intent,
        }
        records.append(record | ({"answer": answers} if answers or said else {}))
    return records


def _rasa_actions(document: Mapping[str, object]) -> dict[str, str]:
    """Return the first answer that rules and stories give after each intent."""
    actions: dict[str, str] = {}
    for part in ("rules", "stories"):
        stories = document.get(part)
        for story in stories if isinstance(stories, list) else ():
            intent = ""
            for step in (story.get("steps") or ()) if isinstance(story, dict) else ():
                if isinstance(step, dict) and step.get("intent"):
                    intent = str(step["intent"])
                elif isinstance(step, dict) and intent and step.get("action"):
                    actions.setdefault(intent, str(step["action"]))
                    intent = ""
    return actions
