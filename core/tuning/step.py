"""One optimizer step: encode, compare on the grid, learn; in chunks where memory is short."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import TuningError
from core.messages import N_, Message
from core.tuning.batches import Batch
from core.tuning.config import TuningConfig
from core.tuning.device import DeviceInfo, computing_in, is_out_of_memory
from core.tuning.encoding import DOCUMENT, QUERY, embed, is_static
from core.tuning.gradients import TextSet, add_gradients
from core.tuning.grid import Grid, Term
from core.tuning.optimizer import (
    learning_rate,
    load_optimizer_tensors,
    make_optimizer,
    optimizer_tensors,
)
from core.tuning.preparation import BaseScale
from core.tuning.regularisers import NeutralTexts, regularised
from core.tuning.team import ALONE, Team
from core.types import Labels, QADataset, Reporter

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

CLIP = 1.0  # largest gradient norm
# Texts of similar length computed together: less padding, which is what a CPU spends its time on.
CPU_BUCKET = 16
CHUNK_WHEN_FULL = 16


@dataclass(frozen=True)
class StepResult:
    """What one step did.

    Attributes
    ----------
    loss : float
    learning_rate : float
    labels : int
        Grid cells learned from.
    """

    loss: float
    learning_rate: float
    labels: int


class Learner:
    """The model in training with its optimizer.

    Attributes
    ----------
    chunk : int
        Texts whose activations are kept at a time; 0 = all of a step. Falls once memory does not
        suffice; batches, and therefore the plan of the run, do not change.
    answers : float32 array [n_a, d] or None
        Vectors that the answers of the dataset keep; None where they go through the model.
    scale : BaseScale
        Scale of the base model's scores, measured before the first step.
    neutral : NeutralTexts or None
        Everyday sentences as the base model reads them; None where no term asks for them.
    """

    def __init__(
        self,
        model: SentenceTransformer,
        dataset: QADataset,
        labels: Labels,
        config: TuningConfig,
        device: DeviceInfo,
        report: Reporter,
        answer_labels: Labels | None = None,
        team: Team = ALONE,
    ) -> None:
        self.answer_labels, self.team = answer_labels, team
        self.model, self.dataset, self.labels = model, dataset, labels
        self.config, self.device, self.report = config, device, report
        self.optimizer = make_optimizer(model, config)
        self.static = is_static(model)
        self.chunk = config.chunk_size
        self.answers: np.ndarray | None = None
        self.scale = BaseScale()
        self.neutral: NeutralTexts | None = None

    def step(self, batch: Batch, number: int, steps: int) -> StepResult:
        """Do step ``number`` (from 0) of ``steps``.

        Raises
        ------
        TuningError
            If the loss is not a number any more, or a small chunk does not fit into memory.
        """
        import torch

        self.model.train()
        rate = learning_rate(number, steps, self.config, self.static)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss, cells = self._gradients_within_memory(batch, number)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        if not (math.isfinite(loss) and math.isfinite(float(norm))):
            raise TuningError(
                "Learning broke down at step {step}: the loss is {loss}. Lower the learning rate "
                "(now {rate}), for example to a third, and start again.",
                step=number + 1,
                loss=str(loss),
                rate=self.config.learning_rate,
            )
        self.optimizer.step()
        return StepResult(loss, rate, cells)

    def tensors(self, negatives: np.ndarray | None) -> dict[str, Tensor]:
        """Return, besides the weights, all that the next step depends on."""
        import torch

        tensors = optimizer_tensors(self.optimizer)
        tensors["run.scale"] = torch.tensor(self.scale.values, dtype=torch.float64)
        if negatives is not None:
            tensors["run.negatives"] = torch.from_numpy(np.ascontiguousarray(negatives))
        if self.neutral is not None:
            tensors["run.neutral"] = torch.from_numpy(self.neutral.vectors)
        return tensors

    def restore(
        self, tensors: dict[str, Tensor], chunk: int, neutral: Sequence[str] = ()
    ) -> np.ndarray | None:
        """Put back what :meth:`tensors` gave; return the mined wrong answers.

        Parameters
        ----------
        neutral : sequence of str
            The texts whose vectors are among the tensors.
        """
        tensors, self.chunk = dict(tensors), chunk
        vectors = tensors.pop("run.neutral", None)
        self.neutral = None if vectors is None else NeutralTexts(neutral, vectors.numpy())
        self.scale = BaseScale.told(tensors.pop("run.scale").tolist())
        negatives = tensors.pop("run.negatives", None)
        load_optimizer_tensors(self.optimizer, tensors)
        return None if negatives is None else negatives.numpy()

    def _gradients_within_memory(self, batch: Batch, number: int) -> tuple[float, int]:
        while True:
            try:
                return self._gradients(batch, number)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                smaller = self._smaller_chunk(batch)
                if smaller is None:
                    raise memory_error(self.device, self.config) from error
            self.chunk = smaller
            if self.device.kind == "cuda":
                import torch

                torch.cuda.empty_cache()
            self.report.warning(
                Message(
                    N_(
                        "{device} has too little memory for a whole step; going on with {count} "
                        "texts at a time. The result stays the same, it only takes longer."
                    ),
                    {"device": self.device.name, "count": smaller},
                )
            )

    def _smaller_chunk(self, batch: Batch) -> int | None:
        """Return the next smaller chunk size; None once it was halved and still is too large."""
        texts = len(batch.question_rows) + len(batch.answer_rows)
        start = self.config.chunk_size or min(CHUNK_WHEN_FULL, -(-texts // 2))
        if self.chunk == 0:
            return start
        return max(start // 2, 1) if self.chunk == start > 1 else None

    def _gradients(self, batch: Batch, number: int) -> tuple[float, int]:
        """Set the gradients of a batch; return its loss and the number of cells."""
        import torch

        self.optimizer.zero_grad(set_to_none=True)
        grid = Grid.of(self.dataset, self.labels, batch, self.model.device)
        cells = grid.cells
        sets = [TextSet(QUERY, [self.dataset.questions[row] for row in batch.question_rows])]
        if self.answers is None:
            answers = [self.dataset.answers[row] for row in batch.answer_rows]
            sets.append(TextSet(DOCUMENT, answers))
            terms: list[Term] = [lambda v: grid.loss(v[0], v[1], self.config, self.scale)]
            if self.answer_labels is not None and len(batch.alike_rows):
                alike = Grid.of_answers(self.answer_labels, batch, self.model.device)
                places = np.searchsorted(batch.answer_rows, batch.alike_rows)
                weight, cells = self.config.neighbourhood_weight, cells + alike.cells
                terms.append(
                    lambda v: weight * alike.loss(v[1][places], v[1], self.config, self.scale)
                )
        else:
            fixed = torch.from_numpy(self.answers[batch.answer_rows]).to(self.model.device)
            terms = [lambda v: grid.loss(v[0], fixed, self.config, self.scale)]
        more_sets, more_terms = regularised(self.config, sets, self.neutral, number)
        sets, terms = [*sets, *more_sets], [*terms, *more_terms]
        loss = add_gradients(
            self._encode,
            sets,
            lambda vectors: sum((term(vectors) for term in terms[1:]), start=terms[0](vectors)),
            size=self._texts_at_once,
            cached=self.chunk > 0,
            seed=(self.config.seed, number),
            team=self.team,
        )
        if self.team.size > 1:
            self._add_up_gradients()
        return loss, cells

    def _add_up_gradients(self) -> None:
        """Sum the gradients of all processes; weights that none of them used stay without."""
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        used = self.team.most([p.grad is not None for p in parameters])
        for parameter, by_any in zip(parameters, used, strict=True):
            if by_any and parameter.grad is None:
                parameter.grad = parameter.new_zeros(parameter.shape)
        self.team.add([p.grad for p in parameters if p.grad is not None])

    @property
    def _texts_at_once(self) -> int:
        if self.device.kind != "cpu":
            return self.chunk
        return min(self.chunk, CPU_BUCKET) if self.chunk else CPU_BUCKET

    def _encode(self, texts: Sequence[str], task: str) -> Tensor:
        # Unit vectors leave it in fp32: bf16 has three digits, few for close scores.
        with computing_in(self.device.precision, self.device.kind):
            return embed(self.model, texts, task)


def memory_error(device: DeviceInfo, config: TuningConfig) -> TuningError:
    """Return the error for memory that does not suffice even for a small chunk."""
    return TuningError(
        "{device} has too little memory, even for a few texts at a time. Close other programs that "
        "use it, lower the longest text (now {length}) or the questions per step (now {count}), "
        "or choose a smaller base model.",
        device=device.name,
        count=config.questions_per_batch,
        length=config.max_length,
    )
