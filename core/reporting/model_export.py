"""The tuned model as a folder or one archive: the same model always gives the same bytes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

SUFFIXES = (".safetensors", ".json", ".txt")  # nothing that could hold code: no pickle, no Python
ONNX_SUFFIXES = (".onnx", ".json")
ONNX_FOLDER = "onnx"
CARD = "README.md"
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that the format knows
_CHUNK = 1 << 20  # bytes copied at once


def plain_name(name: str) -> str:
    """Return a name that any file system takes: letters, digits, dots, dashes."""
    return re.sub(r"[^0-9A-Za-z._-]+", "-", Path(name).name).strip("-.") or "model"


def archive_name(name: str) -> str:
    """Return the name of the folder inside the archive of a model tuned from base ``name``."""
    return f"{plain_name(name)}-tuned"


def exported_files(model: Path) -> list[Path]:
    """Return the files of a model folder that go into the archive, by path; links are left out."""
    return sorted(
        path
        for path in model.rglob("*")
        if path.suffix in SUFFIXES and path.is_file() and not path.is_symlink()
    )


def contents(model: Path, onnx: Path | None = None) -> list[tuple[str, Path]]:
    """Return name inside the export and path of every file but the model card.

    Parameters
    ----------
    model : Path
        A sentence-transformers folder.
    onnx : Path or None
        Folder of an ONNX export; goes into ``onnx/``.
    """
    named = [(path.relative_to(model).as_posix(), path) for path in exported_files(model)]
    if onnx is not None:
        files = sorted(p for p in onnx.iterdir() if p.suffix in ONNX_SUFFIXES and p.is_file())
        named += [(f"{ONNX_FOLDER}/{path.name}", path) for path in files if not path.is_symlink()]
    return named


def write_archive(
    target: BinaryIO, model: Path, card: str, *, name: str, onnx: Path | None = None
) -> None:
    """Write model folder and model card as a ZIP archive, piece by piece.

    Parameters
    ----------
    target : binary file
    model, onnx
        As in :func:`contents`.
    card : str
        Text of README.md; replaces the one in the folder.
    name : str
        Of the base model; decides the name of the folder in the archive.
    """
    write_files(target, archive_name(name), contents(model, onnx), card)


def write_files(target: BinaryIO, root: str, files: Sequence[tuple[str, Path]], card: str) -> None:
    """Write files and a card as a ZIP archive with one folder ``root``, piece by piece.

    Parameters
    ----------
    files : sequence of (str, Path)
        Name inside the folder, and where it lies.
    """
    # Stored, not deflated: weights hardly shrink, and compressed bytes depend on zlib's version.
    with ZipFile(target, "w", ZIP_STORED, allowZip64=True) as archive:
        archive.writestr(archive_info(f"{root}/{CARD}"), card.encode())
        for inside, path in files:
            info = archive_info(f"{root}/{inside}")
            info.file_size = path.stat().st_size  # lets the format choose 64 bits where needed
            with path.open("rb") as source, archive.open(info, "w") as file:
                shutil.copyfileobj(source, file, _CHUNK)


def write_folder(target: Path, model: Path, card: str, *, onnx: Path | None = None) -> None:
    """Write the same content as a folder; what lay there before is replaced.

    Parameters
    ----------
    target : Path
        The folder itself.
    model, card, onnx
        As in :func:`write_archive`.
    """
    fresh = target.with_name(f".{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for inside, path in contents(model, onnx):
        place = fresh / inside
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    (fresh / CARD).write_text(card, encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)


def archive_info(name: str, compression: int = ZIP_STORED) -> ZipInfo:
    """Return the head of a file in an archive whose bytes depend on nothing but its content."""
    info = ZipInfo(name, _FIXED_TIME)
    info.compress_type = compression
    info.external_attr = 0o644 << 16
    info.create_system = 3  # Unix, wherever it was made
    return info
