"""Zipped folders that ``datasets.save_to_disk`` of Hugging Face writes: Arrow files and splits."""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePosixPath

from core.data.reading.json_records import MAX_UNPACKED_BYTES, records_table
from core.data.reading.upload import Upload
from core.data.table import MAX_ROWS, Table
from core.errors import DataError

SPLIT = "split"  # the column that tells the parts of a folder with several apart


def is_saved_dataset(upload: Upload) -> bool:
    """Tell whether an archive holds a data set saved to disk."""
    return bool(_parts(upload))


def _parts(upload: Upload) -> dict[str, list[str]]:
    """Return the Arrow files of each data set in the archive, by its folder."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in sorted(upload.members):
        folder = PurePosixPath(name).parent
        if name.endswith(".arrow") and str(folder / "state.json").lstrip("./") in upload.members:
            found[folder.name].append(name)
    return dict(sorted(found.items(), key=lambda item: item[0] != "train"))


def read_saved_dataset(upload: Upload) -> Table:
    """Read all splits, one below the other, with a column that names them.

    Raises
    ------
    DataError
        If the files are damaged or too large.
    """
    import pyarrow as pa

    assert upload.archive
    parts = _parts(upload)
    records: list[dict[str, object]] = []
    size = 0
    try:
        for split, files in parts.items():
            for file in files:
                table = pa.ipc.open_stream(upload.archive.read(file)).read_all()
                size += table.nbytes
                if size > MAX_UNPACKED_BYTES or len(records) + table.num_rows > MAX_ROWS:
                    raise DataError(
                        "{name} holds {rows} rows and unpacks to {size} MB; the limits are {most} "
                        "rows and {limit} MB. Upload a part of it.",
                        name=upload.name,
                        rows=len(records) + table.num_rows,
                        size=size // 1_000_000,
                        most=MAX_ROWS,
                        limit=MAX_UNPACKED_BYTES // 1_000_000,
                    )
                rows = table.to_pylist()
                if len(parts) > 1:
                    rows = [{**row, SPLIT: row.get(SPLIT, split)} for row in rows]
                records += rows
    except DataError:
        raise
    except Exception as error:  # the parser meets damaged files with errors of every kind
        raise DataError(
            "{name} looks like a saved data set but is damaged ({detail}). Save it again.",
            name=upload.name,
            detail=f"{type(error).__name__}: {error}"[:200],
        ) from error
    return records_table(list(enumerate(records, 1)), upload.name, "datasets")
