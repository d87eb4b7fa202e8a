"""Content hashes: the ids of everything this product makes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np


def text_key(text: str, prompt: str = "") -> bytes:
    """Return 16 bytes that stand for a text as a model sees it, prompt included."""
    return hashlib.sha256(f"{prompt}\x00{text}".encode("utf-8", "surrogatepass")).digest()[:16]


def document_id(document: Mapping[str, object]) -> str:
    """Return 16 hex digits for a JSON document; key order and spacing do not count."""
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def content_id(parts: Iterable[str | bytes | np.ndarray]) -> str:
    """Return 16 hex digits for texts, bytes and arrays in the given order."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            data = f"{part.dtype.str}{part.shape}".encode() + np.ascontiguousarray(part).tobytes()
        else:
            data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:16]


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
