"""Files that appear whole or not at all: bytes, JSON documents, arrays.

Arrays lie in safetensors files: 8 bytes of header length, a JSON header, then the raw arrays
(https://huggingface.co/docs/safetensors). ``safetensors.numpy`` copies what it reads; a cache of
100,000 vectors is 150 MB, of which a page often needs a few rows: hence the memory maps here.
"""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from core.errors import WorkspaceError
from core.messages import N_

# What is told where the system refuses to write, by its reason; never to start with an empty
# workspace or database, which would hide everything that is there.
_FULL = N_(
    "{what} cannot be kept in {folder}: its disk is full. Nothing was changed. Free disk space, "
    "then try again."
)
_FORBIDDEN = N_(
    "{what} cannot be kept in {folder}: the app may not write there. Nothing was changed. Give the "
    "app the right to write this folder, then try again."
)
_TOO_LARGE = N_(
    "{what} cannot be kept in {folder}: the system allows the app no file of that size (ulimit "
    "-f). Nothing was changed. Raise that limit, or use less data."
)
_REFUSED = N_(
    "{what} cannot be kept in {folder}: {reason}. Nothing was changed. Check the disk and the "
    "rights of this folder, then try again."
)
_BY_REASON = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), _FULL),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _FORBIDDEN),
    errno.EFBIG: _TOO_LARGE,
}
TEMPORARY_PREFIX = ".partial-"  # of files that are being written; readers never look at them


def not_kept(error: OSError, what: str, folder: Path) -> WorkspaceError:
    """Return what is told where the system refuses to write something into a folder."""
    text = _BY_REASON.get(error.errno or 0, _REFUSED)
    reason = {"reason": error.strerror or str(error)} if text is _REFUSED else {}
    return WorkspaceError(text, what=what, folder=str(folder), **reason)


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that appears whole or not at all.

    A temporary file in the same folder, fsync, rename; on an error nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY_PREFIX)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically, see :func:`atomic_file`."""
    with atomic_file(path) as file:
        file.write(content)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document atomically, readable by people."""
    write_bytes(path, json.dumps(document, ensure_ascii=False, indent=1).encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON document.

    Raises
    ------
    WorkspaceError
        If the file is missing or not JSON.
    """
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise WorkspaceError(
            "The file {file} cannot be read: {reason}. It may have been deleted or damaged; "
            "repeat the step that made it.",
            file=str(path),
            reason=str(error),
        ) from error
    if not isinstance(document, dict):
        raise WorkspaceError("The file {file} holds no document.", file=str(path))
    return document


_DTYPES = {"U8": "u1", "I32": "<i4", "I64": "<i8", "F32": "<f4", "F64": "<f8"}
_LONGEST_HEADER = 1_000_000  # bytes; ours are below 1 kB


def write_tensors(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to a safetensors file: temporary file, fsync, rename.

    A process that dies at any moment leaves either the whole file under its name or nothing but
    a file whose name starts with ``TEMPORARY_PREFIX``, which readers never look at.
    """
    from safetensors.numpy import save

    write_bytes(path, save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a safetensors file as read-only memory maps.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not whole or not of this format.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(_LONGEST_HEADER, size - 8):
            raise ValueError(f"{path.name}: no safetensors header")
        header = json.loads(file.read(length))
    start = 8 + length
    arrays: dict[str, np.ndarray] = {}
    end = start
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        try:
            dtype, shape = np.dtype(_DTYPES[entry["dtype"]]), tuple(map(int, entry["shape"]))
            low, high = map(int, entry["data_offsets"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path.name}: unreadable header entry {name}") from error
        if high - low != dtype.itemsize * int(np.prod(shape)) or min(low, *shape, 0) < 0:
            raise ValueError(f"{path.name}: {name} does not fit its shape")
        end = max(end, start + high)
        if start + high > size:
            raise ValueError(f"{path.name}: {size} bytes, {start + high} expected")
        if high == low:  # an empty range cannot be mapped
            arrays[name] = np.empty(shape, dtype)
        else:
            arrays[name] = np.memmap(path, dtype, "r", offset=start + low, shape=shape)
    if end != size:
        raise ValueError(f"{path.name}: {size} bytes, {end} expected")
    return arrays
