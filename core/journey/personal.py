"""Personal data of a project: what was found, masking it, and the leave to share it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeAlias

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
_Asked: TypeAlias = tuple[str, Recogniser | None]
_Kept: TypeAlias = dict[_Asked, dict[str, Finding]]
_found: _Kept = {}
_own: _Kept = {}  # the same without what stands in the samples
_MOST_KEPT = 128
SAMPLES_FOLDER = Path(__file__).resolve().parents[2] / "sample_data"
_INVENTED = ("shop_faq_en.csv", "shop_faq_ja.xlsx", "bare_faq_en.csv", "bare_faq_ja.xlsx")


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
        found = _keep(_found, asked, personal_in(dataset, partial(spans, more=more)))
    return dict(found)


def _keep(kept: _Kept, asked: _Asked, found: dict[str, Finding]) -> dict[str, Finding]:
    kept[asked] = found
    for oldest in list(kept)[:-_MOST_KEPT]:
        kept.pop(oldest, None)
    return found


@lru_cache(maxsize=1)
def _invented_texts() -> frozenset[str]:
    """Return the texts of the samples that come with the app; read when one of them is in doubt."""
    from core.data.file_preview import read_dataset

    texts: set[str] = set()
    for name in _INVENTED:
        dataset, _ = read_dataset((SAMPLES_FOLDER / name).read_bytes(), name)
        texts.update(dataset.questions, dataset.answers)
    return frozenset(texts)


def own_found_in(dataset: QADataset) -> dict[str, Finding]:
    """Return what :func:`found_in` does, without what stands in a sample of the app.

    People, addresses and numbers there are invented, so nobody has to be asked before a vote. Texts
    decide, not the file: a question that a room adds to a sample is looked at as any other.
    """
    found = found_in(dataset)
    if not found:
        return found
    more, invented = japanese_model(), _invented_texts()
    asked = dataset.id, more
    own = _own.get(asked)
    if own is None:
        own = personal_in(dataset, lambda text: () if text in invented else spans(text, more=more))
        _keep(_own, asked, own)
    return dict(own)


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

    What stands in the samples of the app is invented and needs no leave.

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
    found = {kind: one for kind, one in own_found_in(dataset).items() if kind not in allowed}
    if found:
        raise DataError(
            "The texts hold personal data (rows: {count} or more, listed on the Data page), and "
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
