"""One safetensors file: written whole or not at all, read through a memory map.

The format is 8 bytes of header length, a JSON header, then the raw arrays
(https://huggingface.co/docs/safetensors). ``safetensors.numpy`` copies what it reads; a cache of
100,000 vectors is 150 MB, of which a page often needs a few rows, hence the map.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

TEMPORARY_PREFIX = ".partial-"
_DTYPES = {"U8": "u1", "I32": "<i4", "I64": "<i8", "F32": "<f4", "F64": "<f8"}
_LONGEST_HEADER = 1_000_000  # bytes; ours are below 1 kB


def write_tensors(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to a safetensors file: temporary file, fsync, rename.

    A process that dies at any moment leaves either the whole file under its name or nothing but
    a file whose name starts with ``TEMPORARY_PREFIX``, which readers never look at.
    """
    from safetensors.numpy import save

    path.parent.mkdir(parents=True, exist_ok=True)
    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY_PREFIX)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


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
