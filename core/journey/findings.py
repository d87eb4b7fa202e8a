"""What an import found that the owner of the data should look at, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.data.checks import LONG_TEXT, PERSONAL_DATA, SHORT_ANSWER, SHORT_QUESTION
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


_SINGLE: Mapping[str, tuple[str, Message]] = {
    "short_questions": (
        N_("Very short questions: {count}"),
        Message(
            N_("Fewer than {limit} characters: hardly enough to say what is asked."),
            {"limit": SHORT_QUESTION},
        ),
    ),
    "short_answers": (
        N_("Very short answers: {count}"),
        Message(
            N_("Fewer than {limit} characters: a search can hardly tell them apart."),
            {"limit": SHORT_ANSWER},
        ),
    ),
    "long_texts": (
        N_("Very long texts: {count}"),
        Message(
            N_(
                "More than {limit} characters: models read the first few hundred words only. "
                "Consider cutting them into several answers."
            ),
            {"limit": LONG_TEXT},
        ),
    ),
    "wordless": (
        N_("Texts without a word: {count}"),
        Message(N_("Numbers, dates or signs only: models of language have nothing to read there.")),
    ),
}


def findings(report: Mapping[str, Any]) -> list[FoundRows]:
    """Return what stands out in an import report, the serious things first.

    Parameters
    ----------
    report : mapping
        As :func:`core.journey.data.import_report` returns it.
    """
    summary: Mapping[str, Any] = report.get("summary", {})
    found = [*_contradictions(summary), *_personal_data(summary), *_repeated(summary)]
    for key, (title, meaning) in _SINGLE.items():
        counted = summary.get(key, {})
        if counted.get("count"):
            found.append(FoundRows(_counted(title, counted["count"]), meaning, _each(counted)))
    return found


def _counted(template: str, count: int) -> Message:
    return Message(template, {"count": count})


def _each(counted: Mapping[str, Any]) -> tuple[tuple[int, ...], ...]:
    return tuple((row,) for row in counted["rows"])


def _together(rows: Iterable[Iterable[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(group) for group in rows)


def _contradictions(summary: Mapping[str, Any]) -> Iterable[FoundRows]:
    found = summary.get("contradictions", ())
    if found:
        yield FoundRows(
            _counted(N_("Contradictory ratings: {count}"), len(found)),
            Message(
                N_(
                    "The same question and answer were rated differently; the highest rating was "
                    "taken. Correct the file if that is wrong."
                )
            ),
            _together(pair["rows"] for pair in found),
            serious=True,
        )


def _personal_data(summary: Mapping[str, Any]) -> Iterable[FoundRows]:
    for key, counted in summary.get("personal_data", {}).items():
        kind = PERSONAL_DATA.get(key)
        if kind is not None and counted["count"]:
            yield FoundRows(
                _counted(_PERSONAL_TITLES[key], counted["count"]),
                Message(
                    N_(
                        "If they belong to people rather than to your company, remove them before "
                        "you go on: texts are shown to everybody who opens this project, and in "
                        "its report."
                    )
                ),
                _each(counted),
                serious=True,
            )


_PERSONAL_TITLES: Mapping[str, str] = {
    "email": N_("Rows with e-mail addresses: {count}"),
    "phone": N_("Rows with telephone numbers: {count}"),
    "card": N_("Rows with card numbers: {count}"),
    "iban": N_("Rows with bank accounts (IBAN): {count}"),
}


def _repeated(summary: Mapping[str, Any]) -> Iterable[FoundRows]:
    if summary.get("rows_merged"):
        yield FoundRows(
            _counted(N_("Repeated rows: {count}"), summary["rows_merged"]),
            Message(N_("The same question with the same answer again: it counts once.")),
            _together(summary.get("merged_rows", ())),
        )
    if summary.get("near_duplicate_questions"):
        yield FoundRows(
            _counted(
                N_("Groups of nearly the same questions: {count}"),
                summary["near_duplicate_questions"],
            ),
            Message(
                N_(
                    "They differ in a typo or a small word. They are kept, and always stand on the "
                    "same side of the test, so that the test stays honest."
                )
            ),
            _together(summary.get("near_duplicate_rows", ())),
        )
    if summary.get("near_duplicate_answers"):
        yield FoundRows(
            _counted(
                N_("Groups of nearly the same answers: {count}"), summary["near_duplicate_answers"]
            ),
            Message(
                N_(
                    "They are kept apart as answers but count as one answer group. If they are "
                    "meant to be the same, use one wording in the file."
                )
            ),
            (),
        )
