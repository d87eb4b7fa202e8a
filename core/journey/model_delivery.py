"""The tuned model for others: folder and archive with a model card, and code that uses it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from core.errors import AppError, TuningError
from core.experts.catalogue import find_entry
from core.experts.folders import read_folder
from core.jobs.folder import RunFolder
from core.journey.onnx_exporting import OnnxExport, finished_export
from core.journey.report_content import bare_card
from core.journey.reporting import report_input
from core.reporting.model_card import CardInput
from core.reporting.model_export import archive_name
from core.reporting.onnx_export import TokenRules
from core.reporting.snippets import ModelFacts
from core.translation import DEFAULT_LANGUAGE
from core.types.expert_entry import DOCUMENT, QUERY
from core.workspace.files import atomic_file
from core.workspace.workspace import Project, Workspace


@dataclass(frozen=True)
class Delivery:
    """What is handed over.

    Attributes
    ----------
    model : Path
        The model folder of the run.
    card : str
        Text of README.md.
    name : str
        Of the folder that others get.
    onnx : Path or None
        Folder of an ONNX export that passed its check.
    """

    model: Path
    card: str
    name: str
    base_key: str
    onnx: Path | None = None


def delivery(
    project: Project,
    tune_run: str,
    compare_run: str | None = None,
    language: str = DEFAULT_LANGUAGE,
) -> Delivery:
    """Return what is handed over of a tuned model.

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
    from core.reporting.model_card import model_card

    folder = RunFolder(project.workspace.run_folder(tune_run))
    if not folder.model.is_dir():
        raise TuningError(
            "The run {run} has no model folder any more. Tune again, or restore the folder from "
            "a backup.",
            run=tune_run,
        )
    if compare_run is not None:
        card = CardInput.of(report_input(project, compare_run))
    else:
        request = folder.read_request()["config"]
        dataset = project.workspace.load_dataset(str(request["dataset_id"]))
        card = bare_card(dataset, request, folder.read_result())
    export = usable_export(project, tune_run)
    onnx = export.fidelity.message() if export else None
    return Delivery(
        model=folder.model,
        card=model_card(card, language, onnx=onnx),
        name=archive_name(card.tuning.base_key),
        base_key=card.tuning.base_key,
        onnx=export.folder if export else None,
    )


def usable_export(project: Project, tune_run: str) -> OnnxExport | None:
    """Return the ONNX export of a tuned model if it may be handed over, else None."""
    try:
        found = finished_export(project, tune_run)
    except AppError:
        return None  # its result is damaged: the model goes out without it
    return found if found is not None and found.usable else None


def exported_model(workspace: Workspace, run_id: str, language: str) -> Path:
    """Return where the model archive of a comparison (or tuning run) lies, made or not."""
    return workspace.layout.exports / Path(run_id).name / f"model_{language}.zip"


def write_model_zip(
    project: Project,
    tune_run: str,
    compare_run: str | None = None,
    language: str = DEFAULT_LANGUAGE,
) -> Path:
    """Pack a tuned model with its model card for download; returns the path of the archive.

    See :func:`delivery`. The same content also lies beside it as a folder, for programs on the
    same machine.
    """
    from core.reporting.model_export import write_archive, write_folder

    found = delivery(project, tune_run, compare_run, language)
    path = exported_model(project.workspace, compare_run or tune_run, language)
    with atomic_file(path) as file:
        write_archive(file, found.model, found.card, name=found.base_key, onnx=found.onnx)
    write_folder(path.parent / found.name, found.model, found.card, onnx=found.onnx)
    return path


def exported_folder(workspace: Workspace, run_id: str, base_key: str) -> Path:
    """Return where the same content lies as a folder, made or not."""
    return workspace.layout.exports / Path(run_id).name / archive_name(base_key)


def model_facts(model: Path, base_key: str, export: OnnxExport | None = None) -> ModelFacts:
    """Return what code that uses a model has to know of it, read from its files without torch.

    Raises
    ------
    ModelUnavailableError
        If the folder is gone or damaged.
    """
    found = read_folder(model)
    dimension = export.dimension if export else found.dimension
    if dimension is None:
        try:
            dimension = find_entry(base_key).dimension
        except AppError:
            dimension = None
    return ModelFacts(
        folder=archive_name(base_key),
        dimension=dimension or 0,
        query_prompt=found.prompts.get(QUERY, ""),
        document_prompt=found.prompts.get(DOCUMENT, ""),
        rules=export.rules if export else TokenRules(found.max_length, not _static(model), 0),
    )


def _static(model: Path) -> bool:
    try:
        return "StaticEmbedding" in json.dumps(json.loads((model / "modules.json").read_bytes()))
    except (OSError, ValueError):
        return False
