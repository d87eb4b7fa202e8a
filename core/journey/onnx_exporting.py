"""The tuned model as ONNX: a job that converts it, compares both, and refuses what differs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.documents import from_json
from core.errors import ExportError, Stopped
from core.jobs.folder import RunFolder
from core.jobs.state import FINISHED, JobView
from core.journey.jobs import EXPORT, jobs_of, launch_job, result_of, workspace_of
from core.messages import N_, Message
from core.progress import Progress
from core.reporting.onnx_export import FILE, Fidelity, TokenRules, missing_packages
from core.types import Reporter
from core.types.expert_entry import DOCUMENT, QUERY
from core.workspace.files import write_json
from core.workspace.workspace import Project, Workspace

FOLDER = "onnx"  # inside the run folder
_SEED = 0


@dataclass(frozen=True)
class OnnxExport:
    """A finished export.

    Attributes
    ----------
    folder : Path
        Holds the ONNX file, tokenizer.json, config.json and fidelity.json.
    """

    folder: Path
    fidelity: Fidelity
    rules: TokenRules
    dimension: int

    @property
    def usable(self) -> bool:
        """Whether it passed its check and is still there."""
        return self.fidelity.passed and (self.folder / FILE).is_file()


def launch_export(project: Project, tune_run: str, who: str) -> str:
    """Start a job that converts a tuned model; returns the run id.

    Raises
    ------
    ExportError
        If packages are missing or the model folder is gone.
    """
    absent = missing_packages()
    if absent is not None:
        raise ExportError(absent.template, **absent.params)
    if not RunFolder(project.workspace.run_folder(tune_run)).model.is_dir():
        raise ExportError(
            "The run {run} has no model folder any more. Tune again, or restore the folder from "
            "a backup.",
            run=tune_run,
        )
    config = {"dataset_id": project.dataset_id, "tune_run": tune_run}
    return launch_job(project, EXPORT, config, who)


def export_step(folder: RunFolder, request: Mapping[str, Any], report: Reporter) -> dict[str, Any]:
    """Worker step: convert, encode validation texts both ways, keep the file only if they agree."""
    workspace = workspace_of(folder)
    config = request["config"]
    tuned = RunFolder(workspace.run_folder(str(config["tune_run"])))
    target = folder.root / FOLDER
    target.mkdir(exist_ok=True)
    made = convert(workspace, str(config["dataset_id"]), tuned.model, target, report)
    return {"tune_run": config["tune_run"], **made}


def convert(
    workspace: Workspace, dataset_id: str, model_folder: Path, target: Path, report: Reporter
) -> dict[str, Any]:
    """Convert a model folder into ``target``; returns fidelity, token rules and dimension.

    Where the check fails, the ONNX file is deleted and the figures stay.

    Raises
    ------
    ExportError
        If the model cannot be converted at all.
    """
    from core.experts.encoding import encode_with, load_model
    from core.experts.folders import read_folder
    from core.reporting.onnx_export import (
        measure_fidelity,
        onnx_encoder,
        save_tokenizer,
        token_rules,
        write_onnx,
    )

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    _go_on(report, 0.05, Message(N_("Loading the tuned model")))
    dataset = workspace.load_dataset(dataset_id)
    model = load_model(model_folder, "cpu")
    rules, prompts = token_rules(model), read_folder(model_folder).prompts
    spoken = prompts.get(QUERY, ""), prompts.get(DOCUMENT, "")
    _go_on(report, 0.2, Message(N_("Converting it to ONNX")))
    write_onnx(model, target / FILE)
    save_tokenizer(model, target / "tokenizer.json")
    _go_on(report, 0.5, Message(N_("Comparing the ONNX file with the model")))
    fidelity = measure_fidelity(
        dataset,
        lambda texts, prompt: encode_with(model, texts, prompt, report=Progress(report, 0.5, 0.7)),
        onnx_encoder(target, rules),
        spoken,
        seed=_SEED,
    )
    if not fidelity.passed:
        (target / FILE).unlink()
        report.warning(fidelity.message())
    dimension = int(model.get_embedding_dimension() or 0)
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
    return {"fidelity": asdict(fidelity), "rules": asdict(rules), "dimension": dimension}


def _go_on(report: Reporter, fraction: float, what: Message) -> None:
    """Say what comes next, or end here where somebody asked to stop."""
    if report.should_stop():
        raise Stopped
    report.progress(fraction, what)


def newest_export_job(project: Project, tune_run: str) -> JobView | None:
    """Return the newest export job of a tuned model, whatever became of it."""
    views = jobs_of(project, EXPORT)
    return next((view for view in views if view.config.get("tune_run") == tune_run), None)


def finished_export(project: Project, tune_run: str) -> OnnxExport | None:
    """Return the newest finished export of a tuned model, None where there is none."""
    for view in jobs_of(project, EXPORT):
        if view.config.get("tune_run") == tune_run and view.state == FINISHED:
            result = result_of(project.workspace, view.id)
            return OnnxExport(
                folder=project.workspace.run_folder(view.id) / FOLDER,
                fidelity=from_json(Fidelity, result["fidelity"]),
                rules=from_json(TokenRules, result["rules"]),
                dimension=int(result["dimension"]),
            )
    return None
