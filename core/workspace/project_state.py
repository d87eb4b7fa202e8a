"""What a project has chosen so far, typed: each value under a key of its own, the newest counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

from core.documents import from_json, to_json
from core.types.comparison import WhatCounts
from core.types.personal_rules import Pseudonyms, RiskAssessment, SharingLeave, TermsConfirmed
from core.types.project import (
    ChosenPanel,
    GeneralitySet,
    PilotGoal,
    ReportMade,
    RunFile,
)
from core.types.recipes import LabelDraft, LabelStart
from core.types.rights import Member
from core.types.scoring import ApiConnections, ChatConnections, ScoredExperts
from core.types.sufficiency import KnownSufficiency
from core.types.watch_looks import AlertSent, WatchCriteria
from core.workspace.records import Records

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """One value of a project's state: reading asks the records, assigning adds a row to them.

    Parameters
    ----------
    key : str
        Name in the records.
    read : callable
        From the stored JSON value (never None) to the typed one.
    write : callable
        The way back.
    default : object
        What counts before anything was kept.
    """

    def __init__(
        self,
        key: str,
        read: Callable[[Any], Value],
        write: Callable[[Value], Any],
        default: Value,
    ) -> None:
        self.key, self._read, self._write, self._default = key, read, write, default

    @overload
    def __get__(self, state: None, owner: type) -> Kept[Value]: ...
    @overload
    def __get__(self, state: ProjectState, owner: type) -> Value: ...
    def __get__(self, state: ProjectState | None, owner: type) -> Kept[Value] | Value:
        if state is None:
            return self
        return self._typed(state.records.get(state.project_id, self.key))

    def _typed(self, stored: Any) -> Value:
        # An empty document is how a choice was taken back.
        return self._default if stored is None or stored == {} else self._read(stored)

    def of_all(self, records: Records) -> dict[str, Value]:
        """Return the value of each project that has one, by project id, with one query."""
        return {
            project: self._typed(stored) for project, stored in records.get_all(self.key).items()
        }

    def __set__(self, state: ProjectState, value: Value) -> None:
        state.records.set(state.project_id, self.key, self._write(value))


def _document(key: str, kind: type[Value]) -> Kept[Value | None]:
    return Kept(
        key,
        lambda stored: from_json(kind, stored),
        lambda value: {} if value is None else to_json(value),
        None,
    )


def _documents(key: str, kind: type[Value]) -> Kept[tuple[Value, ...]]:
    return Kept(
        key,
        lambda stored: tuple(from_json(kind, document) for document in stored),
        lambda values: [to_json(value) for value in values],
        (),
    )


def _plain(key: str) -> Kept[Any]:
    return Kept(key, lambda stored: stored, lambda value: value, None)


class ProjectState:
    """What a project has chosen; every attribute is read and written through the records.

    Raises
    ------
    WorkspaceError
        On reading, if what is stored is damaged.

    Attributes
    ----------
    scored : ScoredExperts or None
        The experts in use.
    panel : ChosenPanel or None
        Which of them take part on the Labels page.
    recipe_id, recipe_dataset : str or None
        The label recipe in use, and the dataset it was chosen for.
    report : ReportMade or None
        The newest report.
    teacher_put_off : bool or None
        Whether the user said "not now" to the stronger expert that is suggested.
    finished_sample : str or None
        The sample that the project was opened as, finished.
    model_folders, score_files : tuple of str
        Paths of model folders and keys of score files that the user added.
    run_files : tuple of RunFile
    generality_sets : tuple of GeneralitySet
    what_counts : WhatCounts or None
        What counts beyond the plain mean; None = nothing was said.
    api_connections : ApiConnections
    llm_connections : ChatConnections
    pseudonyms : Pseudonyms
        Placeholders of personal data that was masked.
    sharing_leave : SharingLeave or None
        A person's word that personal data may be shared.
    terms : tuple of TermsConfirmed
    risk : RiskAssessment or None
    members : tuple of Member
        Roles that owners gave.
    goal : PilotGoal or None
        What the pilot is to reach.
    allowed : KnownSufficiency or None
        What the data allow, as it was found last.
    label_start : LabelStart or None
        What the first labels begin with; None = what this app begins with.
    watch_criteria : WatchCriteria
        When the model should learn again.
    alerts : tuple of AlertSent
        Those of the watch, newest last.
    savings, running_prices : JSON document or None
        Read by the owner of their types, which lies above the workspace.
    """

    scored = _document("scored", ScoredExperts)
    panel = _document("panel", ChosenPanel)
    report = _document("report", ReportMade)
    recipe_id: Kept[str | None] = _plain("recipe_id")
    recipe_dataset: Kept[str | None] = _plain("recipe_dataset")
    model_folders: Kept[tuple[str, ...]] = Kept("model_folders", tuple, list, ())
    score_files: Kept[tuple[str, ...]] = Kept("score_files", tuple, list, ())
    run_files = _documents("run_files", RunFile)
    generality_sets = _documents("generality_sets", GeneralitySet)
    what_counts = _document("what_counts", WhatCounts)
    api_connections: Kept[ApiConnections] = Kept(
        "api_connections",
        lambda stored: from_json(ApiConnections, stored),
        to_json,
        ApiConnections(),
    )
    llm_connections: Kept[ChatConnections] = Kept(
        "llm_connections",
        lambda stored: from_json(ChatConnections, stored),
        to_json,
        ChatConnections(),
    )
    members = _documents("members", Member)
    savings = _plain("savings")
    running_prices = _plain("running_prices")
    teacher_put_off: Kept[bool | None] = _plain("teacher_put_off")
    finished_sample: Kept[str | None] = _plain("finished_sample")
    pseudonyms: Kept[Pseudonyms] = Kept(
        "pseudonyms", lambda stored: from_json(Pseudonyms, stored), to_json, Pseudonyms()
    )
    sharing_leave = _document("sharing_leave", SharingLeave)
    terms = _documents("terms", TermsConfirmed)
    risk = _document("risk", RiskAssessment)
    goal = _document("goal", PilotGoal)
    allowed = _document("allowed", KnownSufficiency)
    label_start = _document("label_start", LabelStart)
    alerts = _documents("watch_alerts", AlertSent)
    watch_criteria: Kept[WatchCriteria] = Kept(
        "watch_criteria", lambda stored: from_json(WatchCriteria, stored), to_json, WatchCriteria()
    )

    def __init__(self, records: Records, project_id: str) -> None:
        self.records, self.project_id = records, project_id

    def label_draft(self, who: str) -> LabelDraft | None:
        """Return what a person set on the Labels page last, None where nothing is kept."""
        stored = self.records.get(self.project_id, f"label_draft {who}")
        return from_json(LabelDraft, stored) if stored else None

    def keep_label_draft(self, who: str, draft: LabelDraft) -> None:
        """Keep a draft instead of the person's earlier one."""
        self.records.set_last(self.project_id, f"label_draft {who}", to_json(draft))

    def change(self, kept: Kept[Value], change: Callable[[Value], Value]) -> Value:
        """Keep what ``change`` makes of the present value; what others keep meanwhile is not lost.

        Examples
        --------
        ::

            state.change(ProjectState.run_files, lambda files: (*files, added))
        """
        with self.records.alone():
            value = change(kept.__get__(self, type(self)))
            kept.__set__(self, value)
        return value
