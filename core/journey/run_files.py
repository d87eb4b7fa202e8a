"""Result lists of the company's present search (TREC runs), kept per project and compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from core.data.trec_run import EXAMPLES, ParsedRun, parse_run
from core.errors import ComparisonError, DataError, WorkspaceError
from core.evaluation.systems import DEPTH, ListedSystem, held_out_rows
from core.hashing import content_id
from core.messages import N_, Message
from core.types import QADataset
from core.types.project import RunFile as RunFile
from core.workspace.files import write_bytes
from core.workspace.records import now
from core.workspace.workspace import Project, Workspace

ARM_PREFIX = "run_file:"
MOST_TITLE = 60


@dataclass(frozen=True)
class RunCheck:
    """How a run file fits the data: counts, and the first examples.

    Attributes
    ----------
    lines, questions : int
        Lines of the file; held-out questions that it has a list for.
    held_out, missing : int
        Held-out questions; those without a list.
    notes : tuple of Message
        What does not fit, in words.
    """

    lines: int
    questions: int
    held_out: int
    missing: int
    notes: tuple[Message, ...]


def check_run(content: bytes, dataset: QADataset) -> RunCheck:
    """Look at a run file before it is kept; raises DataError if it cannot be used."""
    parsed = parse_run(content, dataset)
    rows = held_out_rows(dataset)
    missing = len(parsed.missing(rows))
    if missing == len(rows):
        raise DataError(
            "The file has no result for any of the {held} held-out questions. Download them on "
            "this page and let your search answer them.",
            held=len(rows),
        )
    return RunCheck(
        parsed.lines, len(rows) - missing, len(rows), missing, _notes(parsed, dataset, missing)
    )


def add_run_file(
    project: Project,
    dataset: QADataset,
    content: bytes,
    filename: str,
    *,
    title: str,
    empty_is_nothing: bool,
    who: str,
) -> RunFile:
    """Keep a run file as one more system to compare; the same title replaces the earlier one.

    Raises
    ------
    DataError
        If the file cannot be used; nothing is kept then.
    """
    check = check_run(content, dataset)
    if check.missing and not empty_is_nothing:
        raise DataError(
            "The file has no result for {missing} of the {held} held-out questions. Say that your "
            "search found nothing for them, or let it answer all of them.",
            missing=check.missing,
            held=check.held_out,
        )
    title = " ".join(title.split())[:MOST_TITLE] or filename[:MOST_TITLE]
    kept = RunFile(content_id([content]), title, filename, empty_is_nothing, now(), who)
    path = project.workspace.layout.run_files / f"{kept.key}.run"
    try:
        write_bytes(path, content)
    except OSError as error:
        raise WorkspaceError(
            "The file {name} cannot be kept in {folder}: {reason}. Free disk space or make the "
            "workspace writable.",
            name=filename,
            folder=str(path.parent),
            reason=error.strerror or str(error),
        ) from error
    others = [one for one in run_files(project) if one.title != title]
    project.state.run_files = (*others, kept)
    detail = {"title": title, "file": filename, "key": kept.key}
    project.note("search run uploaded", who, detail)
    return kept


def run_files(project: Project) -> list[RunFile]:
    """Return the run files of a project, oldest first."""
    return list(project.state.run_files)


def remove_run_file(project: Project, key: str, who: str) -> None:
    """Take a run file off a project; comparisons that used it keep its results."""
    found = run_files(project)
    project.state.run_files = tuple([one for one in found if one.key != key])
    project.note("search run removed", who, {"key": key})


def run_file_arm(workspace: Workspace, dataset: QADataset, kept: RunFile) -> ListedSystem:
    """Return a run file as a system to compare.

    Raises
    ------
    DataError, ComparisonError, WorkspaceError
        If the file is gone or does not fit the data.
    """
    path = workspace.layout.run_files / f"{kept.key}.run"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WorkspaceError(
            "The file of {title} cannot be read: {reason}. Upload it again.",
            title=kept.title,
            reason=error.strerror or str(error),
        ) from error
    parsed = parse_run(content, dataset)
    rows = held_out_rows(dataset)
    missing = len(parsed.missing(rows))
    if missing == len(rows) or (missing and not kept.empty_is_nothing):
        raise ComparisonError(
            "{title} has no result for {missing} of the {held} held-out questions. Upload a file "
            "that answers all of them.",
            title=kept.title,
            missing=missing,
            held=len(rows),
        )
    # Deeper than what is kept: the rank of a right answer is looked up in the whole list.
    depth = max(DEPTH, *(len(listed) for listed in parsed.lists.values()))
    answers, scores = parsed.table(rows, depth)
    notes = _notes(parsed, dataset, missing)
    return ListedSystem(
        f"{ARM_PREFIX}{kept.key}", kept.title, "run_file", kept.key, answers, scores, notes=notes
    )


def chosen_run_files(project: Project, keys: Sequence[str]) -> list[RunFile]:
    """Return those of a project's run files that were chosen."""
    return [one for one in run_files(project) if one.key in keys]


def held_out_questions(dataset: QADataset) -> bytes:
    """Return the held-out questions for another search to answer, as JSON lines (BEIR's queries).

    JSON rather than a table: a question that begins with ``=`` must stay what it is and must not
    become a formula where somebody opens the file.
    """
    lines = (
        json.dumps(
            {"_id": dataset.question_ids[row], "text": dataset.questions[row]}, ensure_ascii=False
        )
        for row in held_out_rows(dataset)
    )
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _notes(parsed: ParsedRun, dataset: QADataset, missing: int) -> tuple[Message, ...]:
    notes = []
    if parsed.unknown_answers:
        notes.append(
            Message(
                N_(
                    "{count} answer ids are not in the data, for example {examples}. They keep "
                    "their ranks and count as not right."
                ),
                _examples(parsed.unknown_answers),
            )
        )
    if parsed.unknown_questions:
        notes.append(
            Message(
                N_("{count} question ids are not in the data, for example {examples}: left out."),
                _examples(parsed.unknown_questions),
            )
        )
    if parsed.repeated:
        notes.append(
            Message(
                N_(
                    "{count} lines name an answer of a question once more, for example line "
                    "{examples}; the better score counts."
                ),
                _examples([str(row) for row in parsed.repeated]),
            )
        )
    if missing:
        notes.append(
            Message(
                N_("{missing} of {held} held-out questions have no result and count as not found."),
                {"missing": missing, "held": len(held_out_rows(dataset))},
            )
        )
    return tuple(notes)


def _examples(found: Sequence[str]) -> dict[str, str | int | float]:
    return {"count": len(found), "examples": ", ".join(one[:40] for one in found[:EXAMPLES])}
