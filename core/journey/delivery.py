"""The result for others: the tuned model as archive, ONNX file or on a hub; data files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from core.documents import from_json, to_json
from core.errors import AppError, ExportError, TuningError, WorkspaceError
from core.experts.catalogue import expert_title, find_entry
from core.experts.folders import read_folder
from core.jobs.folder import RunFolder
from core.jobs.state import FINISHED, JobView
from core.journey.compare import load_comparison
from core.journey.jobs import EXPORT, jobs_of, launch_job, result_of, workspace_of
from core.journey.personal import check_sharing
from core.journey.report import content_of, sources_of
from core.messages import N_, Message
from core.progress import Progress
from core.reporting.exchange import FORMATS as FORMATS
from core.reporting.model_card import model_card
from core.reporting.model_export import archive_name, write_archive, write_folder
from core.reporting.model_hub import ModelHub as ModelHub
from core.reporting.onnx_export import FILE, missing_packages as missing_packages
from core.reporting.report_facts import report_content
from core.reporting.snippets import (
    SNIPPETS as SNIPPETS,
    ModelFacts,
    render_snippet as render_snippet,
    snippets_for as snippets_for,
)
from core.translation import DEFAULT_LANGUAGE
from core.types import QADataset, Reporter
from core.types.expert_entry import DOCUMENT, QUERY
from core.types.exporting import ExportRequest, ExportResult, Fidelity, TokenRules
from core.types.rights import EXPORT_FILES, PUBLISH
from core.workspace.files import atomic_file, write_bytes, write_json
from core.workspace.workspace import Project, Workspace, asks

ONNX_FOLDER = "onnx"  # inside the run folder of an export


@dataclass(frozen=True)
class Delivery:
    """What is handed over of a tuned model.

    Attributes
    ----------
    model : Path
        The model folder of the run.
    card : str
        Text of README.md.
    base_key : str
        Catalogue key of the base model.
    onnx : Path or None
        Folder of an ONNX export that passed its check.
    """

    model: Path
    card: str
    base_key: str
    onnx: Path | None = None

    @property
    def name(self) -> str:
        """Name of the folder that others get."""
        return archive_name(self.base_key)


@dataclass(frozen=True)
class OnnxExport:
    """A finished export.

    Attributes
    ----------
    folder : Path
        Holds the ONNX file, tokenizer.json, config.json and fidelity.json.
    """

    folder: Path
    result: ExportResult

    @property
    def usable(self) -> bool:
        """Whether it passed its check and is still there."""
        return self.result.fidelity.passed and (self.folder / FILE).is_file()


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
    folder = _tuned(project.workspace, tune_run)
    content = (
        content_of(project, compare_run)
        if compare_run is not None
        else report_content(sources_of(project, folder))
    )
    export = usable_export(project, tune_run)
    checked = export.result.fidelity.message() if export else None
    return Delivery(
        model=folder.model,
        card=model_card(content, language, onnx=checked),
        base_key=content.tuning.base.key,
        onnx=export.folder if export else None,
    )


def _tuned(workspace: Workspace, tune_run: str) -> RunFolder:
    folder = RunFolder(workspace.run_folder(tune_run))
    if not folder.model.is_dir():
        raise TuningError(
            "The run {run} has no model folder any more. Tune again, or restore the folder from "
            "a backup.",
            run=tune_run,
        )
    return folder


def exported_model(workspace: Workspace, run_id: str, language: str) -> Path:
    """Return where the model archive of a comparison (or tuning run) lies, made or not."""
    return workspace.layout.exports / Path(run_id).name / f"model_{language}.zip"


@asks(EXPORT_FILES)
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
    parcel = delivery(project, tune_run, compare_run, language)
    path = exported_model(project.workspace, compare_run or tune_run, language)
    with atomic_file(path) as file:
        write_archive(file, parcel.model, parcel.card, name=parcel.base_key, onnx=parcel.onnx)
    write_folder(path.parent / parcel.name, parcel.model, parcel.card, onnx=parcel.onnx)
    return path


def exported_folder(workspace: Workspace, run_id: str, base_key: str) -> Path:
    """Return where the same content lies as a folder, made or not."""
    return workspace.layout.exports / Path(run_id).name / archive_name(base_key)


def model_facts(
    model: Path,
    base_key: str,
    export: OnnxExport | None = None,
    *,
    by_base: bool = False,
    words: float = 0.0,
) -> ModelFacts:
    """Return what code that uses a model has to know of it, read from its files without torch.

    Parameters
    ----------
    by_base : bool
        Answers keep the vectors of the base model.
    words : float in [0, 1]
        How much keyword search counts beside it.

    Raises
    ------
    ModelUnavailableError
        If the folder is gone or damaged.
    """
    files = read_folder(model)
    dimension = export.result.dimension if export else files.dimension
    if dimension is None:
        try:
            dimension = find_entry(base_key).dimension
        except AppError:
            dimension = None
    rules = TokenRules(files.max_length, not _static(model), 0)
    return ModelFacts(
        folder=archive_name(base_key),
        dimension=dimension or 0,
        query_prompt=files.prompts.get(QUERY, ""),
        document_prompt=files.prompts.get(DOCUMENT, ""),
        rules=export.result.rules if export else rules,
        answers_by=expert_title(base_key) if by_base else "",
        words=words,
    )


def _static(model: Path) -> bool:
    try:
        return "StaticEmbedding" in json.dumps(json.loads((model / "modules.json").read_bytes()))
    except (OSError, ValueError):
        return False


@asks(EXPORT_FILES)
def launch_export(project: Project, tune_run: str, who: str) -> str:
    """Start a job that converts a tuned model; returns the run id.

    Raises
    ------
    ExportError
        If packages are missing.
    TuningError
        If the model folder is gone.
    """
    absent = missing_packages()
    if absent is not None:
        raise ExportError(absent.template, **absent.params)
    _tuned(project.workspace, tune_run)
    return launch_job(project, EXPORT, to_json(ExportRequest(project.dataset_id, tune_run)), who)


def export_step(folder: RunFolder, request: ExportRequest, report: Reporter) -> ExportResult:
    """Worker step: convert, encode validation texts both ways, keep the file only if they agree."""
    workspace = workspace_of(folder)
    target = folder.root / ONNX_FOLDER
    target.mkdir(exist_ok=True)
    model = RunFolder(workspace.run_folder(request.tune_run)).model
    dataset = workspace.load_dataset(request.dataset_id or "")
    fidelity, rules, dimension = convert(dataset, model, target, report)
    return ExportResult(request.tune_run, fidelity, rules, dimension)


def convert(
    dataset: QADataset, model_folder: Path, target: Path, report: Reporter
) -> tuple[Fidelity, TokenRules, int]:
    """Convert a model folder into ``target``; returns fidelity, token rules and dimension.

    Where the check fails, the ONNX file is deleted and the figures stay.

    Raises
    ------
    ExportError
        If the model cannot be converted at all.
    """
    from core.experts.encoding import encode_with, has_two_models, load_model
    from core.reporting.onnx_export import convert_and_check, go_on

    go_on(report, 0.05, Message(N_("Loading the tuned model")))
    model, prompts = load_model(model_folder, "cpu"), read_folder(model_folder).prompts
    if has_two_models(model):
        raise ExportError(
            "Questions and answers are read by two models here, and an ONNX file holds one. Use "
            "the model folder with sentence-transformers instead."
        )
    spoken, part = (prompts.get(QUERY, ""), prompts.get(DOCUMENT, "")), Progress(report, 0.5, 0.7)
    fidelity, rules, dimension = convert_and_check(
        model,
        lambda texts, prompt: encode_with(model, texts, prompt, report=part),
        dataset,
        spoken,
        target,
        report,
    )
    facts = {
        "file": FILE,
        "dimension": dimension,
        "normalised": True,
        "query_prompt": spoken[0],
        "document_prompt": spoken[1],
        **asdict(rules),
    }
    measured = asdict(fidelity) | {"change": fidelity.change, "passed": fidelity.passed}
    write_json(target / "config.json", facts)
    write_json(target / "fidelity.json", measured)
    return fidelity, rules, dimension


def newest_export_job(project: Project, tune_run: str) -> JobView | None:
    """Return the newest export job of a tuned model, whatever became of it."""
    return next(_export_jobs(project, tune_run), None)


def finished_export(project: Project, tune_run: str) -> OnnxExport | None:
    """Return the newest finished export of a tuned model, None where there is none."""
    for view in _export_jobs(project, tune_run):
        if view.state == FINISHED:
            result = from_json(ExportResult, result_of(project.workspace, view.id))
            return OnnxExport(project.workspace.run_folder(view.id) / ONNX_FOLDER, result)
    return None


def _export_jobs(project: Project, tune_run: str) -> Iterator[JobView]:
    for view in jobs_of(project, EXPORT):
        try:
            asked = from_json(ExportRequest, view.config)
        except WorkspaceError:
            continue  # nobody can tell what a damaged one exported
        if asked.tune_run == tune_run:
            yield view


def usable_export(project: Project, tune_run: str) -> OnnxExport | None:
    """Return the ONNX export of a tuned model if it may be handed over, else None."""
    try:
        export = finished_export(project, tune_run)
    except AppError:
        return None  # its result is damaged: the model goes out without it
    return export if export is not None and export.usable else None


@asks(PUBLISH)
def push_model(
    project: Project,
    tune_run: str,
    compare_run: str | None,
    repository: str,
    who: str,
    hub: ModelHub,
    *,
    private: bool = True,
    language: str = DEFAULT_LANGUAGE,
) -> str:
    """Create the repository where it is missing and upload model, card and ONNX file.

    Parameters
    ----------
    repository : str
        ``owner/name`` on the hub.
    private : bool
        Of a new repository. An existing one stays as it is, but a public one is refused when
        private was asked for.

    Returns
    -------
    str
        Address of the repository.

    Raises
    ------
    ExportError
        If there is no token, the name does not fit, the hub does not answer or refuses.
    TuningError
        If the model folder is gone.
    """
    from tempfile import TemporaryDirectory

    hub.check(repository)
    check_sharing(project)
    parcel = delivery(project, tune_run, compare_run, language)
    with TemporaryDirectory(dir=project.workspace.layout.exports) as place:
        folder = Path(place) / parcel.name
        write_folder(folder, parcel.model, parcel.card, onnx=parcel.onnx)
        address, commit = hub.upload(folder, repository, private=private)
    sent = {"repository": repository, "host": hub.host, "private": private, "commit": commit}
    project.note("model pushed to hub", who, sent | {"run": tune_run})
    return address


def exchange_file(workspace: Workspace, compare_run: str, key: str) -> Path:
    """Return where a file of :data:`FORMATS` lies, whether or not it was made yet."""
    return workspace.layout.exports / Path(compare_run).name / f"exchange{FORMATS[key].suffix}"


@asks(EXPORT_FILES)
def write_exchange(
    project: Project, dataset: QADataset, compare_run: str, key: str, who: str
) -> Path:
    """Make a file of :data:`FORMATS` and record it; returns its path.

    Raises
    ------
    WorkspaceError
        If the comparison is damaged.
    """
    check_sharing(project, dataset)
    content = FORMATS[key].make(dataset, load_comparison(project.workspace, compare_run))
    path = exchange_file(project.workspace, compare_run, key)
    write_bytes(path, content)
    made = {"run_id": compare_run, "format": key, "file": path.name}
    project.note("data exported", who, made)
    return path
