"""Datasets on disk: ``datasets/<id>/`` with four Parquet tables, ``meta.json`` and drawn pairs."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import WorkspaceError
from core.types import QADataset
from core.workspace.files import (
    not_kept,
    read_json,
    read_tensors,
    write_bytes,
    write_json,
    write_tensors,
)

_QUESTION, _ANSWER, _RIGHT, _WRONG = "question", "answer", "right", "wrong"
MOST_DRAWS = 24  # of one dataset that are kept: one per panel that somebody tried


def save_dataset(folder: Path, dataset: QADataset, report: Mapping[str, Any]) -> Path:
    """Write a dataset below ``folder``; writing the same dataset again changes nothing.

    Parameters
    ----------
    folder : Path
        The datasets folder of the workspace.
    report : mapping of JSON types
        What the import found, for the Data page and the report.

    Returns
    -------
    Path
        Folder of this dataset.

    Raises
    ------
    WorkspaceError
        If the disk refuses.
    """
    import pyarrow as pa
    import pyarrow.parquet as parquet

    target = folder / dataset.id
    tables = {
        _QUESTION: {
            "id": list(dataset.question_ids),
            "text": list(dataset.questions),
            "group": dataset.question_group,
            "split": dataset.split.tolist(),
            "row": dataset.question_row,
            "weight": dataset.question_weight,
            "must_find": dataset.must_find,
            **{f"attribute.{name}": list(v) for name, v in dataset.attributes.items()},
        },
        _ANSWER: {
            "id": list(dataset.answer_ids),
            "text": list(dataset.answers),
            "group": dataset.answer_group,
        },
        _RIGHT: {
            "question": dataset.right_question,
            "answer": dataset.right_answer,
            "grade": dataset.right_grade,
        },
        _WRONG: {"question": dataset.wrong_question, "answer": dataset.wrong_answer},
    }
    try:
        for name, columns in tables.items():
            buffer = io.BytesIO()
            parquet.write_table(pa.table(columns), buffer, compression="zstd")
            write_bytes(target / f"{name}.parquet", buffer.getvalue())
        meta = {"id": dataset.id, "name": dataset.name, "source_sha256": dataset.source_sha256}
        # Last, because its presence says that the other files are whole.
        write_json(target / "meta.json", {**meta, "report": dict(report)})
    except OSError as error:
        raise not_kept(error, dataset.name, target) from error
    return target


def load_dataset(folder: Path, dataset_id: str) -> QADataset:
    """Read a dataset.

    Raises
    ------
    WorkspaceError
        If files are missing or damaged, or the content does not match its id.
    """
    import pyarrow as pa
    import pyarrow.parquet as parquet

    target = folder / dataset_id
    meta = read_json(target / "meta.json")
    try:
        questions, answers, right = (
            parquet.read_table(target / f"{name}.parquet") for name in (_QUESTION, _ANSWER, _RIGHT)
        )
        added = {  # absent from datasets written before there were such things
            field: questions[column].to_numpy()
            for field, column in (("question_weight", "weight"), ("must_find", "must_find"))
            if column in questions.column_names
        }
        if (target / f"{_WRONG}.parquet").is_file():
            wrong = parquet.read_table(target / f"{_WRONG}.parquet")
            added |= {
                f"wrong_{column}": wrong[column].to_numpy() for column in (_QUESTION, _ANSWER)
            }
        dataset = QADataset(
            name=meta["name"],
            questions=tuple(questions["text"].to_pylist()),
            answers=tuple(answers["text"].to_pylist()),
            question_ids=tuple(questions["id"].to_pylist()),
            answer_ids=tuple(answers["id"].to_pylist()),
            right_question=right["question"].to_numpy(),
            right_answer=right["answer"].to_numpy(),
            right_grade=right["grade"].to_numpy(),
            question_group=questions["group"].to_numpy(),
            answer_group=answers["group"].to_numpy(),
            split=np.array(questions["split"].to_pylist(), dtype="U18"),
            question_row=questions["row"].to_numpy(),
            attributes={
                name.removeprefix("attribute."): tuple(questions[name].to_pylist())
                for name in questions.column_names
                if name.startswith("attribute.")
            },
            source_sha256=meta["source_sha256"],
            **added,
        )
    except (OSError, KeyError, pa.ArrowException) as error:
        raise WorkspaceError(
            "Dataset {id} cannot be read: {reason}. Upload the file again.",
            id=dataset_id,
            reason=str(error),
        ) from error
    if dataset.id != dataset_id:
        raise WorkspaceError(
            "Dataset {id} was changed on disk: its content now has the hash {found}. "
            "Upload the file again.",
            id=dataset_id,
            found=dataset.id,
        )
    return dataset


def load_report(folder: Path, dataset_id: str) -> dict[str, Any]:
    """Return what the import of a dataset reported."""
    report = read_json(folder / dataset_id / "meta.json").get("report", {})
    return dict(report)


@dataclass(frozen=True)
class PairFiles:
    """Pairs that were drawn to look at and to fit on, ``pairs-<key>.safetensors``: a cache.

    Rows and scores only, no texts; whatever is missing or damaged is drawn anew.

    Attributes
    ----------
    root : Path
        The datasets folder of the workspace.
    """

    root: Path

    def load(self, dataset_id: str, key: str) -> dict[str, np.ndarray] | None:
        """Return the arrays that :meth:`save` was given; None where they are missing or damaged."""
        try:
            read = read_tensors(self._path(dataset_id, key))
            return {name: np.array(values) for name, values in read.items()}
        except (OSError, ValueError):
            return None

    def save(self, dataset_id: str, key: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays, and of all that were kept for the dataset the newest ``MOST_DRAWS``.

        Nothing is kept where the dataset is gone or the disk refuses: they can be drawn again.
        """
        path = self._path(dataset_id, key)
        if not path.parent.is_dir():
            return
        with suppress(OSError):
            write_tensors(path, arrays)
            kept = sorted(path.parent.glob("pairs-*.safetensors"), key=_written)
            for old in kept[:-MOST_DRAWS]:
                old.unlink(missing_ok=True)

    def _path(self, dataset_id: str, key: str) -> Path:
        return self.root / Path(dataset_id).name / f"pairs-{Path(key).name}.safetensors"


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # somebody else took it away
        return 0.0
