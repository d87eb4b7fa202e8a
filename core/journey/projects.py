"""Projects: sample data, rename, delete; and how far one is: done, open, missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core.documents import from_json, to_json
from core.errors import WorkspaceError
from core.jobs.folder import RunFolder
from core.jobs.state import CANCELLED, FINISHED, JobView
from core.journey.jobs import COMPARE, SCORE, TUNE, jobs_of, new_run_id, stop
from core.journey.personal import SAMPLES_FOLDER as SAMPLES_FOLDER, reading_prompts
from core.messages import N_, Message
from core.types import QADataset
from core.types.comparison import VerdictSummary
from core.types.rights import DELETE, GIVE_ROLES, READ_AUDIT, RENAME, with_role
from core.types.scoring import ScoredExperts
from core.workspace.audit import AuditCheck as AuditCheck, AuditExport as AuditExport
from core.workspace.backup import (
    Manifest as Manifest,
    back_up as back_up,
    restore as restore,
)
from core.workspace.database import now
from core.workspace.erasure import (
    ERASED_TITLES as ERASED_TITLES,
    ErasureReceipt as ErasureReceipt,
    erase_project,
)
from core.workspace.files import read_json
from core.workspace.project_state import ProjectState
from core.workspace.records import RunRecord
from core.workspace.workspace import Project as Project, Workspace as Workspace, asks

_INVENTED = N_("Sample data: all people, addresses and numbers are invented.")
DONE, OPEN, MISSING = "done", "open", "missing"
STOPS = ("data", "experts", "labels", "tune", "compare", "report")
PILOT = "pilot"  # comes after the journey to a verdict, and can be run with any model


@dataclass(frozen=True)
class Sample:
    """Sample data that ship with the product.

    Attributes
    ----------
    log : str
        File of questions without an answer that belongs to it; "" = none.
    """

    file: str
    title: str
    language: str
    log: str = ""


SAMPLES: Mapping[str, Sample] = {
    "en": Sample("shop_faq_en.csv", N_("Outdoor shop FAQ (English)"), "en"),
    "ja": Sample("shop_faq_ja.xlsx", N_("Kitchenware shop FAQ (Japanese)"), "ja"),
    "bare_en": Sample(
        "bare_faq_en.csv",
        N_("Bare FAQ (English)"),
        "en",
        log="bare_faq_en_log.csv",
    ),
    "bare_ja": Sample(
        "bare_faq_ja.xlsx",
        N_("Bare FAQ (Japanese)"),
        "ja",
        log="bare_faq_ja_log.csv",
    ),
}


def sample_files() -> dict[str, bytes]:
    """Return the files of the samples that come with a log of questions, to look at or to try."""
    names = [
        name for sample in SAMPLES.values() if sample.log for name in (sample.file, sample.log)
    ]
    return {name: (SAMPLES_FOLDER / name).read_bytes() for name in names}


@asks(RENAME)
def rename_project(project: Project, name: str, who: str) -> None:
    """Rename a project; raises WorkspaceError if the name is empty or taken."""
    project.workspace.records.rename_project(project.id, name, who)


@asks(DELETE)
def delete_project(project: Project, who: str) -> ErasureReceipt:
    """Stop the project's jobs and erase it with all that nothing else uses; returns the receipt.

    Raises
    ------
    WorkspaceError
        If something cannot be deleted; deleting again goes on.
    """
    for job in jobs_of(project):
        if not job.is_final:
            stop(project.workspace, job.id)
    return erase_project(project.workspace, project.id, who, reading_prompts(project.workspace))


def receipt_file(receipt: ErasureReceipt) -> bytes:
    """Return a receipt as JSON, to keep with the request that asked for the deletion."""
    return json.dumps(to_json(receipt), ensure_ascii=False, indent=1).encode()


RETENTION_VARIABLE = "RETENTION_DAYS"


def retention_days(environment: Mapping[str, str]) -> int | None:
    """Return after how many days without a change projects are erased, None = never.

    Raises
    ------
    WorkspaceError
        If the setting is no whole number above 0.
    """
    said = environment.get(RETENTION_VARIABLE, "").strip()
    if not said:
        return None
    if not said.isascii() or not said.isdigit() or int(said) < 1:
        raise WorkspaceError(
            "{name} is {value}; a whole number of days, 1 or more, is needed. Nothing was deleted.",
            name=RETENTION_VARIABLE,
            value=said,
        )
    return int(said)


def sweep(workspace: Workspace, days: int | None, at: str | None = None) -> list[ErasureReceipt]:
    """Erase the projects in which nothing was done for so many days; returns their receipts.

    Parameters
    ----------
    days : int or None
        None erases nothing.
    at : str or None
        The present time, ISO 8601; None = now.
    """
    if days is None:
        return []
    present = datetime.fromisoformat(at or now())
    receipts = []
    for project in workspace.projects():
        last = max(
            project.created_at,
            *(line["at"] for line in workspace.records.audit_trail(project.id)),
            *(run.at for run in workspace.records.runs(project.id)),
        )
        working = any(not job.is_final for job in jobs_of(project))
        if not working and present - datetime.fromisoformat(last) > timedelta(days=days):
            receipts.append(delete_project(project, "retention"))
    return receipts


def drop_old_events(workspace: Workspace, at: str | None = None) -> int:
    """Delete the events of all projects whose days are over; returns how many.

    Parameters
    ----------
    at : str or None
        The present time, ISO 8601; None = now.
    """
    present, gone = datetime.fromisoformat(at or now()), 0
    for record in workspace.records.projects():
        days = [plan.days for plan in workspace.records.plans(record.id)]
        if days:
            # The newest plan says how long: whoever shortens it means what is there, too.
            oldest = (present - timedelta(days=days[0])).isoformat(timespec="milliseconds")
            gone += workspace.records.erase_events_before(record.id, oldest)
    return gone


@asks(GIVE_ROLES)
def give_role(project: Project, address: str, role: str | None, who: str) -> None:
    """Give an address or ``@domain`` a role in a project, another one, or none.

    Raises
    ------
    RightsError
        If that is no address, no role that can be given, or the last owner would go.
    """
    with project.workspace.records.alone():
        project.state.change(
            ProjectState.members, lambda members: with_role(members, address, role)
        )
        project.note("role given", who, {"to": address.strip().casefold(), "role": role})


@asks(READ_AUDIT)
def audit_of(project: Project) -> AuditExport:
    """Return the audit trail of one project for download."""
    return project.workspace.records.sealed_trail(project.id)


def create_project_with(
    workspace: Workspace, name: str, dataset: QADataset, account: dict[str, Any], who: str
) -> Project:
    """Make a project of data that were read; its name is numbered if it is taken.

    Parameters
    ----------
    account : dict
        What became of every row, as :func:`core.data.file_preview.read_dataset` tells it.
    """
    # Also the names of projects that this person may not see.
    taken = {project.name.casefold() for project in workspace.records.projects()}
    numbered = (f"{name} {number}" if number > 1 else name for number in range(1, 10_000))
    free = next(name for name in numbered if name.casefold() not in taken)
    who = workspace.person.recorded_as(who)
    project = workspace.create_project(free, who)
    workspace.save_dataset(dataset, account)
    workspace.records.use_dataset(project.id, dataset.id, who)
    return workspace.project(project.id)


def create_sample_project(workspace: Workspace, key: str, title: str, who: str) -> Project:
    """Make a project from sample data, ready for the choice of experts.

    Parameters
    ----------
    key : str
        One of :data:`SAMPLES`.
    title : str
        Name of the project in the user's language; numbered if it is taken.
    """
    from core.data.file_preview import read_dataset
    from core.journey.data import (
        add_open_questions,
        keep_what_data_allow,
        read_questions,
        what_data_allow,
    )
    from core.journey.personal import PERSONAL_DATA, allow_sharing

    sample = SAMPLES[key]
    content = (SAMPLES_FOLDER / sample.file).read_bytes()
    project = create_project_with(workspace, title, *read_dataset(content, sample.file), who)
    if sample.log:
        asked = (SAMPLES_FOLDER / sample.log).read_bytes()
        add_open_questions(project, read_questions(asked, sample.log), who=who)
    project = workspace.project(project.id)
    # Every kind, unseen: to look for names by a model would take a minute after the one click.
    allow_sharing(project, _INVENTED, who or sample.file, PERSONAL_DATA)
    keep_what_data_allow(project, what_data_allow(project.load_dataset()))
    return project


# Sample → pack.
FINISHED_SAMPLES: Mapping[str, str] = {"en": "finished_en.zip", "ja": "finished_ja.zip"}


def finished_sample(workspace: Workspace, key: str) -> Project | None:
    """Return the project that was made of a finished sample, None where it was not opened yet."""
    known = ProjectState.finished_sample.of_all(workspace.records)
    return next((one for one in workspace.projects() if known.get(one.id) == key), None)


def open_finished_sample(workspace: Workspace, key: str, title: str, who: str) -> Project:
    """Return a sample project that is finished: scores, labels, tuned model, verdict.

    All of it was computed with this app and ships with it; nothing is computed here but the tuned
    weights, from the base model and what was learned. Opened again it is the same project.

    Parameters
    ----------
    key : str
        One of :data:`FINISHED_SAMPLES`.
    title : str
        Name of the project in the user's language; numbered if it is taken.

    Raises
    ------
    WorkspaceError
        If the pack is damaged, or was made of other sample data than those that ship today.
    """
    from core.experts.catalogue import find_entry
    from core.experts.models import ModelExpert
    from core.workspace.finished_sample import read_sample, unpack

    opened = finished_sample(workspace, key)
    if opened is not None:
        return opened
    pack = SAMPLES_FOLDER / FINISHED_SAMPLES[key]
    sample = read_sample(pack)
    models = {one: find_entry(one) for one in (*sample.experts, sample.base_model)}
    folders = {  # made ready where that was not done yet: scores of a model are known by its files
        one: entry.files.fetch(entry, workspace.models)
        for one, entry in models.items()
        if isinstance(entry, ModelExpert)
    }
    project = create_sample_project(workspace, key, title, who)
    if project.dataset_id != sample.dataset_id:
        delete_project(project, who)
        raise WorkspaceError(
            "The finished sample was made of data {old}, but the sample data are {new} now. Start "
            "from the sample data instead.",
            old=sample.dataset_id,
            new=str(project.dataset_id),
        )
    runs = {run: new_run_id(kind) for kind, run in sample.runs.items()}
    unpack(
        pack,
        workspace.layout.runs,
        workspace.vectors,
        folders[sample.base_model],
        {**runs, sample.project_id: project.id},
    )
    for kind, run in sample.runs.items():
        workspace.records.add_run(RunRecord(runs[run], project.id, kind, now()))
    project.state.scored = ScoredExperts(
        sample.dataset_id, sample.experts, runs[sample.runs[SCORE]]
    )
    saved = workspace.records.save_recipe(project.id, sample.recipe_name, sample.recipe, who)
    project.state.recipe_dataset, project.state.recipe_id = sample.dataset_id, saved.id
    project.state.finished_sample = key
    project.note("finished sample opened", who, {"sample": key})
    return project


@dataclass(frozen=True)
class Stop:
    """One stop of the journey.

    Attributes
    ----------
    state : str
        ``done``, ``open`` (can be done now) or ``missing`` (something before it is not done).
    missing : str or None
        Key of the stop that must be done first.
    """

    key: str
    state: str
    missing: str | None = None


MISSING_TEXT: dict[str, Message] = {
    "data": Message(N_("Upload your questions and answers first.")),
    "experts": Message(N_("Let experts score your data first.")),
    "labels": Message(N_("Save a label recipe first.")),
    "tune": Message(N_("Fine-tune a model first.")),
    "compare": Message(N_("Compare before and after first.")),
}


def question_count(project: Project) -> int | None:
    """Return how many different questions the import found, None where nobody knows."""
    if project.dataset_id is None:
        return None
    try:
        return project.workspace.count_questions(project.dataset_id)
    except WorkspaceError:  # damaged: the page Data says so
        return None


def finished_runs(project: Project, kind: str) -> list[JobView]:
    """Return the finished jobs of a kind on the project's present dataset, newest first."""
    return [
        view
        for view in jobs_of(project, kind)
        if view.dataset_id == project.dataset_id
        and (
            view.state == FINISHED
            or (view.state == CANCELLED and _has_model(project, view))
            or (kind == COMPARE and is_judged(project, view))
        )
    ]


def has_verdict(folder: RunFolder) -> bool:
    """Return whether a comparison has its verdict already, even while it measures more."""
    return folder.result.is_file() and folder.arrays.is_file()


def is_judged(project: Project, comparison: JobView) -> bool:
    """Return whether a comparison has its verdict: finished, or measuring what is left."""
    folder = RunFolder(project.workspace.run_folder(comparison.id))
    return comparison.state == FINISHED or has_verdict(folder)


def summary_file(folder: RunFolder) -> Path:
    """Return the file of a comparison that says what the first page needs."""
    return folder.root / "summary.json"


def newest_verdict(project: Project) -> tuple[JobView, VerdictSummary | None] | None:
    """Return the newest comparison of the present data, None before the first; reads one file.

    One of an earlier version has no summary before somebody has looked at it; neither has one
    whose summary is damaged.
    """
    judged = finished_runs(project, COMPARE)
    if not judged:
        return None
    folder = RunFolder(project.workspace.run_folder(judged[0].id))
    try:
        return judged[0], from_json(VerdictSummary, read_json(summary_file(folder)))
    except WorkspaceError:
        return judged[0], None


def scored_experts(project: Project) -> tuple[str, ...]:
    """Return the experts whose scores are ready for the project's present dataset."""
    scored = project.state.scored
    return scored.experts if scored and scored.dataset_id == project.dataset_id else ()


def chosen_recipe_id(project: Project) -> str | None:
    """Return the label recipe in use, None before one was saved for this dataset's experts."""
    if not scored_experts(project):
        return None
    # A recipe chosen for data that were replaced since may name experts that never read the new.
    chosen_for = project.state.recipe_dataset or project.dataset_id
    return project.state.recipe_id if chosen_for == project.dataset_id else None


def journey_status(project: Project | None) -> tuple[Stop, ...]:
    """Return the six stops of the journey with their states."""
    done = dict.fromkeys(STOPS, False)
    if project is not None:
        done["data"] = project.dataset_id is not None
        done["experts"] = bool(scored_experts(project))
        done["labels"] = chosen_recipe_id(project) is not None
        done["tune"] = done["labels"] and bool(finished_runs(project, TUNE))
        compared = finished_runs(project, COMPARE) if done["tune"] else []
        done["compare"] = bool(compared)
        report = project.state.report
        done["report"] = bool(compared and report and report.run_id == compared[0].id)
    stops = []
    for place, key in enumerate(STOPS):
        # An early stop may be repeated at any time, but what it feeds on must exist.
        missing = next((before for before in STOPS[:place] if not done[before]), None)
        state = MISSING if missing else DONE if done[key] else OPEN
        stops.append(Stop(key, state, missing))
    return tuple(stops)


def pilot_stop(project: Project | None) -> Stop:
    """Return how far the pilot is: done once a link was made; it needs nothing but data."""
    if project is None or project.dataset_id is None:
        return Stop(PILOT, MISSING, "data")
    made = any(not plan.source for plan in project.workspace.records.plans(project.id))
    return Stop(PILOT, DONE if made else OPEN)


def _has_model(project: Project, view: JobView) -> bool:
    """Return True if a run left a model behind, which a cancelled one may have."""
    folder = project.workspace.run_folder(view.id)
    return view.kind == TUNE and all((folder / name).exists() for name in ("result.json", "model"))
