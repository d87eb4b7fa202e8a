"""Word vectors that a run can move: those of the tokens that its texts have.

A multilingual model keeps vectors of 250,000 tokens, most of its weights, and one project's texts
have some thousand of them. The loss never asks anything of the others; decay alone would move them,
by a millionth of their size per step. So the vectors of tokens that occur learn as a small table of
their own, and the whole one needs neither gradients nor Adam's moments. Everything else sees the
model as it always was: after each step the small table is written back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import TuningError
from core.experts.encoding import is_static, length_batches, modules_for, token_estimates
from core.tuning.gradients import TextSet

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor, nn

QUERY = "query"
LEAST_SPARED = 2  # the table must have at least this many times the vectors that learn
TOKENS_AT_ONCE = 100_000


class WordsInUse:
    """The word vectors of a model that learn, beside its whole table.

    While a graph is recorded, the model looks words up among those that learn; else in its table.

    Attributes
    ----------
    table : torch.nn.Embedding or EmbeddingBag
        The model's own, with all V vectors.
    rows : int64 tensor [u]
        Tokens whose vectors learn, ascending.
    places : int64 tensor [V]
        Where a token stands among ``rows``, -1 = it does not learn.
    learned : Parameter [u, d]
    """

    def __init__(self, table: nn.Embedding | nn.EmbeddingBag, rows: np.ndarray) -> None:
        import torch

        weight = table.weight
        self.table = table
        self.rows = torch.from_numpy(rows.astype(np.int64)).to(weight.device)
        self.places = torch.full((len(weight),), -1, device=weight.device)
        self.places[self.rows] = torch.arange(len(rows), device=weight.device)
        self.learned = torch.nn.Parameter(weight.detach()[self.rows])
        self._whole: Callable[..., Tensor] = table.forward
        table.forward = self._forward  # type: ignore[assignment, method-assign]

    @classmethod
    def of(
        cls,
        model: SentenceTransformer,
        sets: Sequence[TextSet],
        should_stop: Callable[[], bool] = lambda: False,
    ) -> WordsInUse | None:
        """Let the word vectors learn that the texts ask for.

        Parameters
        ----------
        sets : sequence of TextSet
            All texts that are ever read with gradient.

        Returns
        -------
        WordsInUse or None
            None where the model has no such table, where it does not learn, where the texts have
            most of its tokens anyway, or when asked to stop.
        """
        table = word_table(model)
        if table is None:
            return None
        used = _tokens(model, sets, table.num_embeddings, should_stop)
        return None if used is None else cls(table, used)

    def learning(self, parameter: nn.Parameter) -> nn.Parameter:
        """Return what learns in place of a parameter of the model: mostly itself."""
        return self.learned if parameter is self.table.weight else parameter

    def rows_by_name(self, model: SentenceTransformer) -> dict[str, Tensor]:
        """Return the tokens whose vectors learn, int64 [u], under the name of the table."""
        named = model.named_parameters(remove_duplicate=True)
        return {name: self.rows for name, weight in named if weight is self.table.weight}

    def write_back(self) -> None:
        """Put what was learned into the table of the model."""
        import torch

        with torch.no_grad():
            self.table.weight.index_copy_(0, self.rows, self.learned)

    def read_again(self) -> None:
        """Take over the table of the model, whose weights were loaded."""
        import torch

        with torch.no_grad():
            self.learned.copy_(self.table.weight[self.rows])

    def rows_of(self, value: Tensor, rows: Tensor | None) -> Tensor:
        """Return the part of a saved tensor that belongs to the vectors that learn.

        Parameters
        ----------
        value : tensor [r, d]
            Of the whole table, or of ``rows`` alone where these are given; the others are zero.

        Raises
        ------
        TuningError
            If it has values for tokens that do not learn.
        """
        if rows is None:
            return value[self.rows.cpu()]
        places = self.places.cpu()[rows]
        if bool((places < 0).any()):
            raise TuningError(
                "The saved state does not fit the base model ({count} weights differ). "
                "Start a new run instead of resuming this one.",
                count=int((places < 0).sum()),
            )
        found = value.new_zeros(self.learned.shape)
        found[places] = value
        return found

    def _forward(self, tokens: Tensor, offsets: Tensor | None = None) -> Tensor:
        import torch

        bag = isinstance(self.table, torch.nn.EmbeddingBag)
        if not torch.is_grad_enabled():
            return self._whole(tokens, offsets) if bag else self._whole(tokens)
        weight: Tensor = self.learned
        places = self.places[tokens]
        pad = self.table.padding_idx
        if bool((places < 0).any()):  # a text nobody knew of: right, if slowly
            whole = self.table.weight.detach()
            weight, places = whole.index_copy(0, self.rows, self.learned), tokens
        elif pad is not None:
            pad = int(self.places[pad])
            pad = None if pad < 0 else pad
        if isinstance(self.table, torch.nn.EmbeddingBag):
            options: Mapping[str, Any] = {
                "mode": self.table.mode,
                "include_last_offset": self.table.include_last_offset,
            }
            return torch.nn.functional.embedding_bag(
                places, weight, offsets, padding_idx=pad, **options
            )
        return torch.nn.functional.embedding(places, weight, padding_idx=pad)


def word_table(model: SentenceTransformer) -> nn.Embedding | nn.EmbeddingBag | None:
    """Return the plain table of word vectors that learns in a model, None where there is none."""
    from torch import nn

    first: Any = modules_for(model, QUERY)[0]
    if is_static(model):
        table = first.embedding
    else:
        inner: Any = getattr(first, "auto_model", None)
        if not hasattr(inner, "get_input_embeddings"):
            return None
        table = inner.get_input_embeddings()
    if type(table) not in (nn.Embedding, nn.EmbeddingBag) or not table.weight.requires_grad:
        return None
    owners = [m for m in model.modules() if getattr(m, "weight", None) is table.weight]
    plain = table.max_norm is None and not table.scale_grad_by_freq and not table.sparse
    return table if plain and len(owners) == 1 else None


def _tokens(
    model: SentenceTransformer,
    sets: Sequence[TextSet],
    count: int,
    should_stop: Callable[[], bool],
) -> np.ndarray | None:
    """Return the tokens of all texts, ascending; None once they are most of ``count``."""
    used = np.zeros(count, bool)
    for text_set in sets:
        texts, prompt = text_set.texts, model.prompts.get(text_set.task)
        lengths = token_estimates(texts, None)
        for places in length_batches(lengths, most_tokens=TOKENS_AT_ONCE):
            if should_stop():
                return None
            read = model.preprocess([texts[p] for p in places], prompt=prompt, task=text_set.task)
            used[np.unique(np.asarray(read["input_ids"]))] = True
            if LEAST_SPARED * used.sum() > count:
                return None
    return np.flatnonzero(used)
