"""The tuned model for others: an archive with its model card."""

from __future__ import annotations

from pathlib import Path

from core.errors import TuningError
from core.jobs.folder import RunFolder
from core.journey.report_content import bare_card
from core.journey.reporting import report_input
from core.translation import DEFAULT_LANGUAGE
from core.workspace.layout import atomic_file
from core.workspace.records import Project
from core.workspace.workspace import Workspace


def exported_model(workspace: Workspace, run_id: str, language: str) -> Path:
    """Return where the model archive of a comparison (or tuning run) lies, made or not."""
    return workspace.layout.exports / Path(run_id).name / f"model_{language}.zip"


def write_model_zip(
    workspace: Workspace,
    project: Project,
    tune_run: str,
    compare_run: str | None = None,
    language: str = DEFAULT_LANGUAGE,
) -> Path:
    """Pack a tuned model with its model card for download; returns the path of the archive.

    Parameters
    ----------
    compare_run : str or None
        Comparison whose figures go into the card; None = a card without figures.
    language : str
        Of the card.

    Raises
    ------
    TuningError
        If the run left no model.
    """
    from core.reporting.model_card import CardInput, model_card
    from core.reporting.model_export import write_archive

    folder = RunFolder(workspace.run_folder(tune_run))
    if not folder.model.is_dir():
        raise TuningError(
            "The run {run} has no model folder any more. Tune again, or restore the folder from "
            "a backup.",
            run=tune_run,
        )
    if compare_run is not None:
        card = CardInput.of(report_input(workspace, project, compare_run))
    else:
        request = folder.read_request()["config"]
        dataset = workspace.load_dataset(str(request["dataset_id"]))
        card = bare_card(dataset, request, folder.read_result())
    path = exported_model(workspace, compare_run or tune_run, language)
    text = model_card(card, language)
    with atomic_file(path) as file:
        write_archive(file, folder.model, text, name=card.tuning.base_key)
    return path
