"""Data and results of a comparison as files for other search tools."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from core.journey.compare import load_comparison
from core.messages import N_
from core.reporting import exchange
from core.reporting.model_export import archive_info, archive_name
from core.types import Comparison, QADataset
from core.workspace.files import write_bytes
from core.workspace.workspace import Project, Workspace


@dataclass(frozen=True)
class ExchangeFormat:
    """One kind of file.

    Attributes
    ----------
    title, meaning : str
        Message ids; the meaning says who reads it, and how this app takes it back.
    suffix, mime : str
        Of the download.
    make : callable
        ``(dataset, comparison) -> bytes``.
    """

    key: str
    title: str
    meaning: str
    suffix: str
    mime: str
    make: Callable[[QADataset, Comparison], bytes]


def _runs(dataset: QADataset, comparison: Comparison) -> bytes:
    content = io.BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:

        def add(name: str, text: str) -> None:
            archive.writestr(archive_info(name, ZIP_DEFLATED), text.encode())

        add("qrels.txt", exchange.trec_qrels(dataset, comparison.question_rows))
        taken: set[str] = set()
        for arm in comparison.arms:
            # names of experts may be addresses or paths: only plain letters go into an archive
            name = archive_name(arm.name).removesuffix("-tuned")
            while name in taken:
                name += "_"
            taken.add(name)
            add(f"runs/{name}.run", exchange.trec_run(dataset, comparison, arm))
    return content.getvalue()


FORMATS: dict[str, ExchangeFormat] = {
    one.key: one
    for one in (
        ExchangeFormat(
            "questions",
            N_("One row per held-out question (CSV)"),
            N_(
                "Rank and metrics of every system, for your own analysis in Excel or pandas. "
                "The Data page reads it back as questions and answers."
            ),
            "-questions.csv",
            "text/csv",
            exchange.per_question_csv,
        ),
        ExchangeFormat(
            "runs",
            N_("Result lists and judgements (TREC runs and qrels)"),
            N_(
                "For trec_eval, ir_measures, ranx and other evaluation tools. The Compare page "
                "takes a run file as one more system."
            ),
            "-trec.zip",
            "application/zip",
            _runs,
        ),
        ExchangeFormat(
            "beir",
            N_("The whole data (BEIR folder as ZIP)"),
            N_(
                "Questions, answers, judgements, splits and groups, for MTEB and other search "
                "tools. The Data page reads it back with the same splits."
            ),
            "-beir.zip",
            "application/zip",
            lambda dataset, _: exchange.beir_archive(dataset),
        ),
    )
}


def exchange_file(workspace: Workspace, compare_run: str, key: str) -> Path:
    """Return where a file of :data:`FORMATS` lies, whether or not it was made yet."""
    return workspace.layout.exports / Path(compare_run).name / f"exchange{FORMATS[key].suffix}"


def write_exchange(
    project: Project, dataset: QADataset, compare_run: str, key: str, who: str
) -> Path:
    """Make a file of :data:`FORMATS` and record it; returns its path.

    Raises
    ------
    WorkspaceError
        If the comparison is damaged.
    """
    content = FORMATS[key].make(dataset, load_comparison(project.workspace, compare_run))
    path = exchange_file(project.workspace, compare_run, key)
    write_bytes(path, content)
    made = {"run_id": compare_run, "format": key, "file": path.name}
    project.note("data exported", who, made)
    return path
