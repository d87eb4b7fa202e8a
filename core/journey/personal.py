"""Personal data of a project: what was found, masking it, and the leave to share it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from core.data.checks import Finding as Finding
from core.data.personal.masking import PersonalHandling, personal_in, told as told
from core.data.personal.recognition import (
    PERSONAL_DATA as PERSONAL_DATA,
    Recogniser,
    japanese_model,
    spans,
)
from core.errors import AppError, DataError, WorkspaceError
from core.experts.catalogue import catalogue
from core.experts.local_folder import expert_in_folder
from core.messages import Message
from core.types import QADataset
from core.types.personal_rules import DROP as DROP, KEEP as KEEP, MASK as MASK, SharingLeave
from core.types.rights import DECIDE
from core.workspace.database import now
from core.workspace.project_state import ProjectState
from core.workspace.workspace import Project, Workspace, asks

# What was found, by content and by what sees names: a model reads 40 texts in a second, and the
# Data page asks at every click. Only rows are kept, no texts.
_found: dict[tuple[str, Recogniser | None], dict[str, Finding]] = {}
_MOST_KEPT = 128


def handling_of(project: Project | None, action: str) -> PersonalHandling:
    """Return how personal data are handled with the placeholders of a project.

    Raises
    ------
    DataError
        If there is no such action.
    """
    if project is None:
        return PersonalHandling(action, more=japanese_model())
    return PersonalHandling(action, project.state.pseudonyms, japanese_model())


def keep_placeholders(project: Project, handling: PersonalHandling) -> None:
    """Keep the placeholders that were given, so that the next file gets the same ones."""
    if handling.action == MASK:
        project.state.pseudonyms = handling.pseudonyms


def found_in(dataset: QADataset) -> dict[str, Finding]:
    """Return the rows of a dataset with personal data, per kind; looked for once per content."""
    more = japanese_model()
    asked = dataset.id, more
    found = _found.get(asked)
    if found is None:
        found = _found[asked] = personal_in(dataset, partial(spans, more=more))
        for oldest in list(_found)[:-_MOST_KEPT]:
            _found.pop(oldest, None)
    return dict(found)


# Sharing: what leaves this machine, or is shown to others, holds no personal data unless a person
# said that it may.


@asks(DECIDE)
def allow_sharing(
    project: Project, reason: str, who: str, kinds: Iterable[str] | None = None
) -> SharingLeave:
    """Keep a person's word that the personal data found may be shared.

    Parameters
    ----------
    kinds : iterable of str, optional
        What may be shared, without a look at the texts; otherwise what is found in them.

    Raises
    ------
    DataError
        If no reason or no name is given.
    """
    reason = " ".join(reason.split())[:500]
    if not reason or not who.strip():
        raise DataError(
            "Say why these personal data may be shared, and type your name in the sidebar."
        )
    allowed = tuple(found_in(project.load_dataset()) if kinds is None else kinds)
    leave = SharingLeave(project.dataset_id or "", allowed, reason, who, now())
    project.state.sharing_leave = leave
    project.note(
        "sharing allowed", who, {"dataset": leave.dataset_id, "reason": reason, "kinds": [*allowed]}
    )
    return leave


@asks(DECIDE)
def withdraw_leave(project: Project, who: str) -> None:
    """Take the leave to share back."""
    project.state.change(ProjectState.sharing_leave, lambda _: None)
    project.note("sharing no longer allowed", who, {})


def sharing_leave(project: Project) -> SharingLeave | None:
    """Return the leave that holds for the data in use, None where there is none."""
    leave = project.state.sharing_leave
    return leave if leave is not None and leave.dataset_id == project.dataset_id else None


def check_sharing(project: Project, dataset: QADataset | None = None) -> None:
    """Refuse to send or share texts with personal data that nobody gave leave for.

    Called by every step that hands texts to others: experts behind an API, reports and exports,
    the model hub, links of votes and rating rounds.

    Raises
    ------
    DataError
        With the kinds and numbers of rows, and what to do.
    """
    if dataset is None:
        try:
            dataset = project.load_dataset()
        except WorkspaceError:
            return  # damaged or absent: whoever reads the texts says so
    leave = project.state.sharing_leave
    allowed = leave.kinds if leave is not None and leave.dataset_id == dataset.id else ()
    if set(PERSONAL_DATA) <= set(allowed):
        return
    found = {kind: one for kind, one in found_in(dataset).items() if kind not in allowed}
    if found:
        raise DataError(
            "The texts hold personal data (at least {count} rows; the Data page lists them), and "
            "nobody has said yet that they may be shared. Mask them or leave them out on the Data "
            "page, or say there why they may be shared; then try again.",
            # A row with an address and a number counts for both kinds, so a sum would be too high.
            count=max(one.count for one in found.values()),
        )


def refusal_to_share(project: Project, dataset: QADataset) -> Message | None:
    """Return why the texts may not be shared, None where they may; see :func:`check_sharing`."""
    try:
        check_sharing(project, dataset)
    except DataError as error:
        return error.message
    return None


def reading_prompts(workspace: Workspace) -> tuple[str, ...]:
    """Return every prompt with which a model may have read texts: vectors are found by it."""
    prompts = {prompt for expert in catalogue().values() for prompt in expert.prompts.values()}
    for record in workspace.records.projects():  # also those that the person may not see
        state = ProjectState(workspace.records, record.id)
        apis = state.api_connections
        for connection in (*apis.used, *apis.removed):
            prompts |= {connection.query_prompt, connection.document_prompt}
        for path in state.model_folders:
            with suppress(AppError):
                prompts |= set(expert_in_folder(Path(path)).prompts.values())
    return tuple(sorted(prompts))
