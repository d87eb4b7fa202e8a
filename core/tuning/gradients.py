"""From texts to gradients: encode, compare, carry back; in chunks where memory is short.

A loss on vectors needs every vector of the step, but not every encoder's activations at once
(GradCache: Gao et al. 2021, arXiv:2101.06983): all texts are encoded without graph, the loss gives
the gradient of each vector, then each chunk is encoded again with graph and carries the gradient
of its vectors back. Same gradients, one more forward pass, memory for one chunk. Where memory
suffices for some chunks, these are encoded once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.experts.encoding import to_device, token_estimates
from core.tuning.device import MEGABYTE, is_out_of_memory
from core.tuning.team import ALONE, Team

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter

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


@dataclass(frozen=True)
class Room:
    """How much of what a step computes is kept for the way back.

    Attributes
    ----------
    budget_mb : float
        For the activations of a step; infinite = all are kept.
    mb_per_token : float
        Activations of a token in a text of the greatest length; tokens as
        :func:`core.experts.encoding.token_estimates` counts them.
    longest : int or None
        Tokens at which texts are cut.
    most_tokens : int
        Most tokens of a chunk, padding included, but always one text; 0 = any.
    """

    budget_mb: float = math.inf
    mb_per_token: float = 0.0
    longest: int | None = None
    most_tokens: int = 0

    def kept(self, sets: Sequence[TextSet], chunks: Sequence[Chunk]) -> int:
        """Return how many chunks, from the first on, are kept; beside them there is room for one.

        Those come first in the way back, too, and are gone when others are encoded again.
        """
        if math.isinf(self.budget_mb):
            return len(chunks)
        needed = []
        for chunk in chunks:
            texts = sets[chunk.text_set].texts
            lengths = token_estimates([texts[place] for place in chunk.places], self.longest)
            needed.append(len(lengths) * int(lengths.max()) * self.mb_per_token)
        sums = np.cumsum(needed)
        if not len(sums) or sums[-1] <= self.budget_mb:
            return len(chunks)
        return int(np.searchsorted(sums, self.budget_mb - max(needed), "right"))


EVERYTHING = Room()


def activations_mb(
    encode: Encode, texts: Sequence[str], task: str, parameters: Sequence[Parameter]
) -> float:
    """Return the size of what is kept for the way back when texts are encoded, in MB.

    Parameters
    ----------
    parameters : sequence of Parameter
        The weights, which are there anyway.
    """
    import torch

    weights = {parameter.untyped_storage().data_ptr() for parameter in parameters}
    sizes: dict[int, int] = {}

    def noted(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(noted, lambda tensor: tensor):
        kept = encode(texts, task)  # alive, so that no address is given twice
    del kept
    return sum(sizes.values()) / MEGABYTE


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


def plan_chunks(
    sets: Sequence[TextSet], size: int, processes: int = 1, room: Room = EVERYTHING
) -> list[Chunk]:
    """Deal texts of similar length into even chunks: less padding to compute.

    Parameters
    ----------
    size : int
        Most texts of a chunk; 0 = each set is one chunk for each process.
    room : Room
        Chunks of more tokens than it allows are halved.
    """
    chunks: list[Chunk] = []
    for index, text_set in enumerate(sets):
        if not text_set.texts:
            continue
        order = np.argsort([len(text) for text in text_set.texts], kind="stable")
        count = -(-len(order) // size) if size else min(processes, len(order))
        lengths = token_estimates(text_set.texts, room.longest) if room.most_tokens else None
        for even in np.array_split(order, count):
            for places in _halved(even, lengths, room.most_tokens):
                chunks.append(Chunk(len(chunks), index, places))
    return chunks


def _halved(places: np.ndarray, lengths: np.ndarray | None, most: int) -> list[np.ndarray]:
    if lengths is None or len(places) == 1 or len(places) * lengths[places].max() <= most:
        return [places]
    return [part for half in np.array_split(places, 2) for part in _halved(half, lengths, most)]


def add_gradients(
    encode: Encode,
    sets: Sequence[TextSet],
    objective: Objective,
    *,
    size: int,
    cached: bool,
    room: Room = EVERYTHING,
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
        True keeps the activations of one chunk at a time and encodes twice; False keeps as many
        as there is room for.
    room : Room
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
        found = []
        for place, chunk in enumerate(chunks):
            with torch.set_grad_enabled(place < kept):
                found.append(encoded(chunk))
        return found

    def backward() -> float:
        loss = objective(vectors)
        loss.backward()
        gradients = [
            _gradient(vectors[chunk.text_set])[rows]
            for chunk, rows in zip(chunks, places, strict=True)
        ]
        # One by one and always in this order: what is kept decides nothing, not even rounding.
        for place, (chunk, gradient) in enumerate(zip(chunks, gradients, strict=True)):
            part = parts[place] if place < kept else encoded(chunk)
            parts[place] = part.detach()  # the kept activations are given back as it goes
            part.backward(gradient)
            del part
        return float(loss.item())

    chunks = team.share(plan_chunks(sets, size, team.size, room))
    kept = 0 if cached else room.kept(sets, chunks)
    parts = team.together(forward, is_out_of_memory)
    device = parts[0].device if parts else team.device
    places = [to_device(torch.from_numpy(chunk.places), device) for chunk in chunks]
    vectors = _assembled(sets, chunks, places, parts, team)
    return team.together(backward, is_out_of_memory)


def _assembled(
    sets: Sequence[TextSet],
    chunks: Sequence[Chunk],
    places: Sequence[Tensor],
    parts: Sequence[Tensor],
    team: Team,
) -> list[Tensor]:
    """Return the vectors of each set as a leaf that collects its gradient."""
    import torch

    (width,) = team.most([parts[0].shape[1] if parts else 0])
    place = parts[0].device if parts else team.device
    vectors = [torch.zeros((len(text_set.texts), width), device=place) for text_set in sets]
    for chunk, rows, part in zip(chunks, places, parts, strict=True):
        vectors[chunk.text_set][rows] = part.detach()
    team.add(vectors)
    return [tensor.requires_grad_() for tensor in vectors]


def _gradient(vectors: Tensor) -> Tensor:
    """Return what the loss asks of the vectors; zero where it does not look at them."""
    return vectors.new_zeros(vectors.shape) if vectors.grad is None else vectors.grad


def _seed(words: Sequence[int]) -> None:
    import torch

    torch.manual_seed(int(np.random.SeedSequence(list(words)).generate_state(1)[0]))
