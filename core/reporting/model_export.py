"""The tuned model as one archive: the same model always gives the same bytes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

SUFFIXES = (".safetensors", ".json", ".txt")  # nothing that could hold code: no pickle, no Python
CARD = "README.md"
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that the format knows
_CHUNK = 1 << 20  # bytes copied at once


def archive_name(name: str) -> str:
    """Return the name of the folder inside the archive: letters, digits, dots, dashes."""
    plain = re.sub(r"[^0-9A-Za-z._-]+", "-", Path(name).name).strip("-.")
    return f"{plain or 'model'}-tuned"


def exported_files(model: Path) -> list[Path]:
    """Return the files of a model folder that go into the archive, by path; links are left out."""
    return sorted(
        path
        for path in model.rglob("*")
        if path.suffix in SUFFIXES and path.is_file() and not path.is_symlink()
    )


def write_archive(target: BinaryIO, model: Path, card: str, *, name: str) -> None:
    """Write model folder and model card as a ZIP archive, piece by piece.

    Parameters
    ----------
    target : binary file
    model : Path
        A sentence-transformers folder.
    card : str
        Text of README.md; replaces the one in the folder.
    name : str
        Of the base model; decides the name of the folder in the archive.
    """
    root = archive_name(name)
    # Stored, not deflated: weights hardly shrink, and compressed bytes depend on zlib's version.
    with ZipFile(target, "w", ZIP_STORED, allowZip64=True) as archive:
        archive.writestr(_info(f"{root}/{CARD}"), card.encode())
        for path in exported_files(model):
            info = _info(f"{root}/{path.relative_to(model).as_posix()}")
            info.file_size = path.stat().st_size  # lets the format choose 64 bits where needed
            with path.open("rb") as source, archive.open(info, "w") as file:
                shutil.copyfileobj(source, file, _CHUNK)


def _info(name: str) -> ZipInfo:
    info = ZipInfo(name, _FIXED_TIME)
    info.external_attr = 0o644 << 16
    info.create_system = 3  # Unix, wherever it was made
    return info
