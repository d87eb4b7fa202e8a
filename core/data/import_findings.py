"""What stands out in the report of an import, in words: the serious things first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.data.checks import LONG_TEXT, SHORT_ANSWER, SHORT_QUESTION
from core.data.personal.recognition import PERSONAL_DATA
from core.messages import N_, Message


@dataclass(frozen=True)
class FoundRows:
    """One thing that stands out.

    Attributes
    ----------
    title, meaning : Message
        What it is, with its number; what to make of it.
    rows : tuple of tuples of int
        Rows in the user's own file; rows that belong together stand together. The first of them
        only where there are many.
    serious : bool
        True: worth a decision before going on.
    """

    title: Message
    meaning: Message
    rows: tuple[tuple[int, ...], ...]
    serious: bool = False


_LIMITED = {
    "short_questions": SHORT_QUESTION,
    "short_answers": SHORT_ANSWER,
    "long_texts": LONG_TEXT,
}
_SINGLE: Mapping[str, tuple[str, str]] = {
    "short_questions": (
        N_("Very short questions: {count}"),
        N_("Fewer than {limit} characters: hardly enough to say what is asked."),
    ),
    "short_answers": (
        N_("Very short answers: {count}"),
        N_("Fewer than {limit} characters: a search can hardly tell them apart."),
    ),
    "long_texts": (
        N_("Very long texts: {count}"),
        N_(
            "More than {limit} characters: models read the first few hundred words only. "
            "Consider cutting them into several answers."
        ),
    ),
    "wordless": (
        N_("Texts without a word: {count}"),
        N_("Numbers, dates or signs only: models of language have nothing to read there."),
    ),
}
_CONTRADICTORY = (
    N_("Contradictory ratings: {count}"),
    N_(
        "The same question and answer were rated differently; the highest rating was "
        "taken. Correct the file if that is wrong."
    ),
)
_NOT_USED = (
    N_("Parts of the file that are not used: {count}"),
    N_("With the number of what they hold: {names}."),
)
_PERSONAL = N_(
    "If they belong to people rather than to your company, remove them before "
    "you go on: texts are shown to everybody who opens this project, and in "
    "its report."
)
# Key of the count in the summary, key of its rows, title, meaning.
_REPEATED: Sequence[tuple[str, str, str, str]] = (
    (
        "rows_merged",
        "merged_rows",
        N_("Repeated rows: {count}"),
        N_("The same question with the same answer again: it counts once."),
    ),
    (
        "near_duplicate_questions",
        "near_duplicate_rows",
        N_("Groups of nearly the same questions: {count}"),
        N_(
            "They differ in a typo or a small word. They are kept, and always stand on the "
            "same side of the test, so that the test stays honest."
        ),
    ),
    (
        "near_duplicate_answers",
        "",
        N_("Groups of nearly the same answers: {count}"),
        N_(
            "They are kept apart as answers but count as one answer group. If they are "
            "meant to be the same, use one wording in the file."
        ),
    ),
)


def findings(report: Mapping[str, Any]) -> list[FoundRows]:
    """Return what stands out in an import report, the serious things first.

    Parameters
    ----------
    report : mapping
        As :func:`import_report` returns it.
    """
    summary: Mapping[str, Any] = report.get("summary", {})
    found: list[FoundRows] = []

    def add(
        title: str, meaning: Message, count: int, rows: Iterable[Iterable[int]], serious: bool
    ) -> None:
        if count:
            together = tuple(tuple(group) for group in rows)
            found.append(FoundRows(Message(title, {"count": count}), meaning, together, serious))

    contradictions = summary.get("contradictions", ())
    pairs = [pair["rows"] for pair in contradictions]
    add(_CONTRADICTORY[0], Message(_CONTRADICTORY[1]), len(pairs), pairs, True)
    for kind, counted in summary.get("personal_data", {}).items():
        if kind in PERSONAL_DATA:
            rows = ((row,) for row in counted["rows"])
            add(PERSONAL_DATA[kind].rows_title, Message(_PERSONAL), counted["count"], rows, True)
    for key, examples, title, meaning in _REPEATED:
        add(title, Message(meaning), summary.get(key, 0), summary.get(examples, ()), False)
    unused = report.get("not_used", ())
    told = "; ".join(f"{item['kind']} {item['name']} ({item['count']})" for item in unused[:20])
    add(_NOT_USED[0], Message(_NOT_USED[1], {"names": told}), len(unused), (), False)
    for key, (title, meaning) in _SINGLE.items():
        counted = summary.get(key, {})
        values = {"limit": _LIMITED[key]} if key in _LIMITED else {}
        rows = ((row,) for row in counted.get("rows", ()))
        add(title, Message(meaning, values), counted.get("count", 0), rows, False)
    return found
