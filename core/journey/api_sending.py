"""Texts leave this machine only after somebody saw what leaves, agreed, and that was recorded."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.documents import from_json, to_json
from core.errors import ExpertError
from core.experts.api_connection import API_PREFIX, ApiConnection
from core.experts.source import ExpertSource
from core.journey.api_experts import api_connections, api_experts
from core.types import QADataset
from core.workspace.workspace import Project, Workspace

if TYPE_CHECKING:
    from core.experts.api import SendPlan

SENDING_NOTE = "sending to an API confirmed"  # in the audit trail
_AGREED = "api"


def send_plans(project: Project, dataset: QADataset, experts: Sequence[str]) -> list[SendPlan]:
    """Return what would be sent to the APIs among the experts; those with nothing to send too.

    Raises
    ------
    ExpertError
        If a connection is not there any more.
    """
    from core.experts.api import plan_sending

    known = {one.key: one for one in api_connections(project)}
    wanted = [key for key in dict.fromkeys(experts) if key.startswith(API_PREFIX)]
    for key in wanted:
        if key not in known:
            raise ExpertError(
                "The connection {name} was removed from this project. Add it again, or choose "
                "other experts.",
                name=key.removeprefix(API_PREFIX),
            )
    return [
        plan_sending(known[key], dataset.questions, dataset.answers, project.workspace.vectors)
        for key in wanted
    ]


def agree_to_send(
    project: Project,
    experts: Sequence[str],
    agreed: Sequence[SendPlan],
    who: str,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Check that what is to be sent was agreed to, and record it in the audit trail.

    Parameters
    ----------
    agreed : sequence of SendPlan
        What the user saw and agreed to.
    environment : mapping or None
        What the worker gets besides this process's environment: keys from the app's secrets.

    Returns
    -------
    dict
        For the request of the job: the connections that texts may be sent to, without keys.

    Raises
    ------
    ExpertError
        If more would be sent, or elsewhere, than was agreed to; or a key is missing.
    """
    if not any(key.startswith(API_PREFIX) for key in experts):
        return {}
    from core.experts.api_client import find_key

    assert project.dataset_id is not None
    dataset = project.workspace.load_dataset(project.dataset_id)
    plans = [p for p in send_plans(project, dataset, experts) if p.texts]
    seen = {(plan.connection.key, plan.connection.fingerprint): plan.texts for plan in agreed}
    for plan in plans:
        connection = plan.connection
        if seen.get((connection.key, connection.fingerprint), 0) < plan.texts:
            raise ExpertError(
                "{count} texts would be sent to {host}, and nobody agreed to that yet. Look at "
                "what would be sent and confirm it.",
                count=plan.texts,
                host=connection.host,
            )
        find_key(connection, {**os.environ, **(environment or {})})
    for plan in plans:
        connection = plan.connection
        detail = {
            "connection": connection.name,
            "host": connection.host,
            "model": connection.model,
            "questions": plan.questions,
            "answers": plan.answers,
            "characters": plan.characters,
            "tokens": plan.tokens,
            "cost": plan.cost,
        }
        project.note(SENDING_NOTE, who, detail)
    return {_AGREED: [to_json(plan.connection) for plan in plans]}


def sending_experts(
    workspace: Workspace, config: Mapping[str, Any], environment: Mapping[str, str]
) -> dict[str, ExpertSource]:
    """Return the experts behind APIs of a scoring job; only those agreed to may send.

    They are set up as they were when somebody agreed, whatever was changed since.
    """
    from core.experts.api import ApiExpert

    ready = api_experts(workspace, config["experts"])
    for connection in agreed_connections(config):
        ready[connection.key] = ApiExpert.of(connection, environment)
    return ready


def agreed_connections(config: Mapping[str, Any]) -> list[ApiConnection]:
    """Return the connections that a job may send texts to; [] for jobs without any."""
    return [from_json(ApiConnection, one) for one in config.get(_AGREED, [])]
