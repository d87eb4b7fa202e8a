"""From texts to gradients: encode, compare, carry back; in chunks where memory is short.

A loss on vectors needs every vector of the step, but not every encoder's activations at once
(GradCache: Gao et al. 2021, arXiv:2101.06983): all texts are encoded without graph, the loss gives
the gradient of each vector, then each chunk is encoded again with graph and carries the gradient
of its vectors back. Same gradients, one more forward pass, memory for one chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.tuning.device import is_out_of_memory
from core.tuning.team import ALONE, Team

if TYPE_CHECKING:
    from torch import Tensor

Encode = Callable[[Sequence[str], str], "Tensor"]
"""Texts and task (query, document) to unit vectors [n, d], with graph where torch records one."""

Objective = Callable[[Sequence["Tensor"]], "Tensor"]
"""One tensor [n_k, d] per text set, in their order, to the scalar that is made smaller."""

Term = Objective
"""One addend of the objective of a step."""


@dataclass(frozen=True)
class TextSet:
    """Texts of one task, which become one tensor of vectors."""

    task: str
    texts: Sequence[str]


@dataclass(frozen=True, eq=False)
class Chunk:
    """Texts that go through the model together.

    Attributes
    ----------
    number : int
        Place in the plan; dropout of the chunk is seeded with it.
    text_set : int
    places : int array
        Positions in the text set.
    """

    number: int
    text_set: int
    places: np.ndarray


def plan_chunks(sets: Sequence[TextSet], size: int, processes: int = 1) -> list[Chunk]:
    """Deal texts of similar length into even chunks: less padding to compute.

    Parameters
    ----------
    size : int
        Most texts of a chunk; 0 = each set is one chunk for each process.
    """
    chunks: list[Chunk] = []
    for index, text_set in enumerate(sets):
        if not text_set.texts:
            continue
        order = np.argsort([len(text) for text in text_set.texts], kind="stable")
        count = -(-len(order) // size) if size else min(processes, len(order))
        for places in np.array_split(order, count):
            chunks.append(Chunk(len(chunks), index, places))
    return chunks


def add_gradients(
    encode: Encode,
    sets: Sequence[TextSet],
    objective: Objective,
    *,
    size: int,
    cached: bool,
    seed: Sequence[int],
    team: Team = ALONE,
) -> float:
    """Add the gradients of an objective to the encoder's weights; return its value.

    In a team every process encodes its share of the chunks, all compute the same loss on all
    vectors, and each carries back the gradients of its own: the sum over processes is the gradient.

    Parameters
    ----------
    size : int
        Texts encoded at a time; 0 = each set at once.
    cached : bool
        True keeps the activations of one chunk at a time and encodes twice; False keeps all.
    seed : sequence of int
        Of the random generator; with the number of the chunk it decides the dropout, so that the
        second encoding of a chunk repeats the first, and a resumed run the one that was killed.
    """
    import torch

    def encoded(chunk: Chunk) -> Tensor:
        _seed([*seed, chunk.number])
        text_set = sets[chunk.text_set]
        return encode([text_set.texts[place] for place in chunk.places], text_set.task)

    def forward() -> list[Tensor]:
        with torch.set_grad_enabled(not cached):
            return [encoded(chunk) for chunk in chunks]

    def backward() -> float:
        loss = objective(vectors)
        loss.backward()
        gradients = [_gradient(vectors[chunk.text_set])[chunk.places] for chunk in chunks]
        if cached:
            for chunk, gradient in zip(chunks, gradients, strict=True):
                encoded(chunk).backward(gradient)
        elif parts:
            torch.autograd.backward(parts, gradients)
        return float(loss.item())

    chunks = team.share(plan_chunks(sets, size, team.size))
    parts = team.together(forward, is_out_of_memory)
    vectors = _assembled(sets, chunks, parts, team)
    return team.together(backward, is_out_of_memory)


def _assembled(
    sets: Sequence[TextSet], chunks: Sequence[Chunk], parts: Sequence[Tensor], team: Team
) -> list[Tensor]:
    """Return the vectors of each set as a leaf that collects its gradient."""
    import torch

    (width,) = team.most([parts[0].shape[1] if parts else 0])
    place = parts[0].device if parts else team.device
    vectors = [torch.zeros((len(text_set.texts), width), device=place) for text_set in sets]
    for chunk, part in zip(chunks, parts, strict=True):
        vectors[chunk.text_set][chunk.places] = part.detach()
    team.add(vectors)
    return [tensor.requires_grad_() for tensor in vectors]


def _gradient(vectors: Tensor) -> Tensor:
    """Return what the loss asks of the vectors; zero where it does not look at them."""
    return vectors.new_zeros(vectors.shape) if vectors.grad is None else vectors.grad


def _seed(words: Sequence[int]) -> None:
    import torch

    torch.manual_seed(int(np.random.SeedSequence(list(words)).generate_state(1)[0]))
