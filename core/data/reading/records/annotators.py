"""What annotators judged, as the tools of annotation write it: Label Studio, Argilla."""

from __future__ import annotations

from collections.abc import Iterator

from core.data.cells import cell_text
from core.data.reading.unfolding import text_of

Record = dict[str, object]


def read_label_studio(document: object) -> list[object] | None:
    """Tasks of Label Studio: the data of a task with the choice or rating of each annotator."""
    if not isinstance(document, list) or not document:
        return None
    tasks = [item for item in document if isinstance(item, dict)]
    if not all("data" in t and ("annotations" in t or "completions" in t) for t in tasks):
        return None
    records: list[object] = []
    for task in tasks:
        data = task["data"] if isinstance(task["data"], dict) else {"text": task["data"]}
        given = task.get("annotations") or task.get("completions") or ()
        judged: list[Record] = []
        for annotation in given if isinstance(given, list) else ():
            if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
                continue
            by = annotation.get("completed_by", "")
            rater = (
                text_of(by.get("email") or by.get("id")) if isinstance(by, dict) else cell_text(by)
            )
            for judgement in annotation.get("result") or ():
                value = judgement.get("value") if isinstance(judgement, dict) else None
                if not isinstance(value, dict):
                    continue
                chosen = value.get("choices") or value.get("rating") or value.get("number")
                words = value.get("text")
                if chosen is not None:
                    picked = chosen[0] if isinstance(chosen, list) and chosen else chosen
                    judged.append({"rating": picked, "completed_by": rater})
                elif words and "answer" not in data:
                    judged.append({"answer": words, "completed_by": rater})
        records += [data | extra for extra in judged] or [data]
    return records


def read_argilla(document: object) -> list[object] | None:
    """Read records of Argilla: the fields with the responses of each annotator."""
    if not isinstance(document, list) or not document:
        return None
    items = [item for item in document if isinstance(item, dict)]
    if len(items) < len(document) or not all(
        isinstance(item.get("fields"), dict) and isinstance(item.get("responses"), dict | list)
        for item in items
    ):
        return None
    records: list[object] = []
    for item in items:
        by: dict[str, Record] = {}
        for question, value, who in _argilla_responses(item["responses"]):
            by.setdefault(who, {"annotator": who})[question] = value
        records += [item["fields"] | given for given in by.values()] or [item["fields"]]
    return records


def _argilla_responses(responses: object) -> Iterator[tuple[str, object, str]]:
    """Yield question, value and annotator of each submitted response."""
    found: list[tuple[str, object, Record]] = []
    if isinstance(responses, dict):  # by question
        for question, given in responses.items():
            for one in given if isinstance(given, list) else ():
                if isinstance(one, dict):
                    found.append((str(question), one.get("value"), one))
    for one in responses if isinstance(responses, list) else ():  # by annotator
        values = one.get("values") if isinstance(one, dict) else None
        for question, value in values.items() if isinstance(values, dict) else ():
            value = value.get("value") if isinstance(value, dict) else value
            found.append((str(question), value, one))
    for question, value, one in found:
        if one.get("status", "submitted") == "submitted":
            yield question, value, cell_text(one.get("user_id", ""))
