"""Measure shortly what a run would take: start it, do it, end it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.errors import TuningError
from core.experts.catalogue import find_entry
from core.jobs import launch as jobs
from core.jobs.folder import RunFolder
from core.journey.jobs import PROBE, pinned_to, workspace_of
from core.journey.probes import (
    probe_folder,
    probe_key,
    probes_going_on,
    view_probe,
)
from core.journey.tuning import told, tuning_request
from core.journey.tuning_measures import language_of_questions, validation_ndcg
from core.messages import N_, Message
from core.tuning.config import TuningConfig
from core.tuning.device import likely_device
from core.types import Reporter
from core.workspace.records import now
from core.workspace.workspace import Project

TOO_LITTLE = N_("There is too little memory to load the base model and try a step: {reason}")


def start_probe(project: Project, config: TuningConfig, *, again: bool = False) -> bool:
    """Start to measure in the background, unless that is done or another measurement goes on.

    Parameters
    ----------
    again : bool
        Throw away what was measured before.

    Returns
    -------
    bool
        Whether a measurement was started.

    Raises
    ------
    TuningError, JobError
        If the run itself could not be started either.
    """
    if project.dataset_id is None or probes_going_on(project.workspace):
        return False
    folder = probe_folder(project.workspace, probe_key(project.dataset_id, config, likely_device()))
    if again:
        shutil.rmtree(folder.root, ignore_errors=True)
    elif view_probe(project.workspace, folder.root.name).job is not None:
        return False
    request = {
        "kind": PROBE,
        "project_id": project.id,
        "config": tuning_request(project, config),
        "created_at": now(),
    }
    shutil.rmtree(folder.root, ignore_errors=True)  # what a full disk left behind
    jobs.launch(folder.root, request, pinned_to(config.device))
    return True


def probe_step(folder: RunFolder, request: Mapping[str, Any], report: Reporter) -> dict[str, Any]:
    """Worker step: measure; want of memory is a result, too."""
    from core.tuning.device import is_out_of_memory
    from core.tuning.probe import measure
    from core.tuning.regularisers import neutral_texts
    from core.tuning.task import TuningTask

    workspace = workspace_of(folder)
    dataset, labels, config = told(workspace, request)
    base = find_entry(config.base_model).folder(workspace.models)
    scratch = folder.root / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        task = TuningTask(
            dataset,
            labels,
            base,
            config,
            scratch,
            evaluate=lambda q, vectors, a, corpus: validation_ndcg(dataset, q, vectors, a, corpus),
            neutral=neutral_texts(language_of_questions(dataset)),
        )
        found = measure(task, report)
    except TuningError as error:
        if error.__cause__ is None or not is_out_of_memory(error.__cause__):
            raise
        return {"out_of_memory": error.message.to_json()}
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return {"out_of_memory": Message(TOO_LITTLE, {"reason": str(error)[:200]}).to_json()}
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return asdict(found)
