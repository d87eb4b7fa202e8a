"""One learning step: encode, compare on the grid, AdamW; in chunks where memory is short.

The optimizer's state is plain tensors, so that a saved state needs no pickle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.errors import TuningError
from core.experts.encoding import (
    USUAL_LONGEST,
    Coming,
    arrived,
    fetch,
    longest_text,
    to_device,
    token_estimates,
)
from core.messages import N_, Message
from core.tuning.batches import Batch, plan_epoch
from core.tuning.data_rules import short_run_factor
from core.tuning.device import (
    MEGABYTE,
    activations_budget_mb,
    computing_in,
    is_out_of_memory,
)
from core.tuning.gradients import EVERYTHING, Room, Term, TextSet, activations_mb, add_gradients
from core.tuning.grid import USUAL_SPREAD, BaseScale, Grid
from core.tuning.losses import IDENTITY, Affine
from core.tuning.regularisers import NeutralTexts, regularised
from core.tuning.student import DOCUMENT, QUERY, embed, encode, is_static
from core.tuning.task import TuningTask
from core.tuning.team import ALONE, Team
from core.tuning.words import WordsInUse
from core.types import TRAIN, QADataset, Reporter, Rows
from core.types.tuning import DeviceInfo
from core.types.tuning_config import TEMPERATURES, TuningConfig

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor
    from torch.nn import Parameter
    from torch.optim import AdamW

CLIP = 1.0  # largest gradient norm
# Texts of similar length computed together: less padding, which is what a CPU spends its time on.
CPU_BUCKET = 16
CHUNK_WHEN_FULL = 16
CHUNKS_IN_BUDGET = 3  # a chunk is made smaller where fewer of it would fit
MEASURED_TEXTS = 2  # the longest ones, whose activations tell those of all
MEASURED_BATCHES = 2  # some thousand cells: enough for a mean and a spread of the base model
# A word vector is touched only when its word occurs, a transformer's weights at every step.
STATIC_FACTOR = 100.0
FUSED = ("cpu", "cuda")  # devices with one kernel for the whole update


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
    room : Room or None
        How much of a step is kept for the way back; None before the first step.
    most_tokens : int or None
        Most tokens of a chunk, 0 = any, as it was when the run began; None = not decided yet.
    answer_labels : Labels or None
        How alike two answers are; None where that is not learned from.
    answers : float32 array [n_a, d] or None
        Vectors that the answers of the dataset keep; None where they go through the model.
    remembered : float32 array [n_s, d] or None
        The answers that open questions are compared with, as the model read them last (a memory as
        in Wang et al. 2020, arXiv:1912.06798); None where they meet those of their step only.
    scale : BaseScale
        Scale of the base model's scores, measured before the first step.
    neutral : NeutralTexts or None
        Everyday sentences as the base model reads them; None where no term asks for them.
    words : WordsInUse or None
        The word vectors that learn; None where all of them do, or the model has none.
    parameters : list of Parameter
        What the optimizer moves, in the order of the model.
    """

    def __init__(
        self,
        model: SentenceTransformer,
        task: TuningTask,
        device: DeviceInfo,
        report: Reporter,
        team: Team = ALONE,
    ) -> None:
        self.model, self.dataset, self.labels = model, task.dataset, task.labels
        self.config, self.answer_labels = task.config, task.answer_labels
        self.taught, self.max_length = task.taught, task.max_length
        self.device, self.report, self.team = device, report, team
        self.static = is_static(model)
        self.words = WordsInUse.of(model, learning_texts(task), report.should_stop)
        self.parameters = [
            self.words.learning(p) if self.words else p
            for p in model.parameters()
            if p.requires_grad
        ]
        self.optimizer = _make_optimizer(self.parameters, task.config, self.static)
        self.chunk = task.config.chunk_size
        self.room: Room | None = None
        self.most_tokens: int | None = None
        self.known_answers = task.answer_vectors
        self.answers: np.ndarray | None = None
        self.remembered: np.ndarray | None = None
        self.scale = BaseScale()
        self.neutral: NeutralTexts | None = None
        self.asked = asked_answers(task.dataset)

    def let_go(self) -> None:
        """Give up the weights, for good: what was learned is on the disk, or held by others."""
        self.optimizer.state.clear()
        for parameter in (*self.parameters, *self.model.parameters()):
            parameter.grad, parameter.data = None, parameter.data.new_empty(0)

    def read(self, texts: Sequence[str], task: str) -> np.ndarray:
        """Return the unit vectors of texts by the model as it is now; raises Stopped if asked."""
        return encode(self.model, texts, task, self.report.should_stop, self.device.precision)

    def keep_answers(self) -> None:
        """Take all answers as a deployed index holds them: handed in, or read uncut by the base."""
        answers, known = self.dataset.answers, self.known_answers
        self.answers = self.team.tell_array(
            lambda: self.read(answers, DOCUMENT) if known is None else known
        )

    def remember_answers(self, answer_rows: Rows, vectors: np.ndarray) -> None:
        """Remember the whole collection; these answers are read already, others are read now."""
        assert self.taught is not None
        searched = self.taught.searched
        self.remembered = np.empty((len(searched), vectors.shape[1]), np.float32)
        self.remember(answer_rows, vectors)
        others = np.setdiff1d(searched, answer_rows)
        if len(others):
            texts = [self.dataset.answers[row] for row in others]
            read = self.team.tell_array(lambda: self.read(texts, DOCUMENT))
            assert read is not None
            self.remember(others, read)

    @property
    def remembers(self) -> bool:
        """Whether open questions meet the whole collection as it was read last."""
        if self.taught is None or not self.config.whole_corpus or self.answers is not None:
            return False
        return self.taught.count > 0 or self.config.teach_known_weight > 0

    def remember(self, answer_rows: Rows, vectors: np.ndarray) -> None:
        """Note how answers are read now; those that are not remembered are passed over."""
        if self.remembered is None or self.taught is None:
            return
        places, known = self._places(answer_rows)
        self.remembered[places[known]] = vectors[known]

    def _places(self, answer_rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Return where answers are remembered, int [n], and whether they are, bool [n]."""
        assert self.taught is not None
        searched = self.taught.searched
        places = np.searchsorted(searched, answer_rows).clip(max=len(searched) - 1)
        return places, searched[places] == answer_rows

    def read_neutral(self, texts: Sequence[str]) -> None:
        """Keep how the base model reads the neutral sentences, where there are any."""
        if texts:
            vectors = self.team.tell_array(lambda: self.read(texts, QUERY))
            assert vectors is not None
            self.neutral = NeutralTexts(texts, vectors)

    def measure_scale(self, question_rows: Rows, negatives: np.ndarray | None) -> None:
        """Measure the scale of the base model's cosines on the first batches."""

        def measured() -> list[float]:
            batches = plan_epoch(self.dataset, question_rows, negatives, self.config, 0)
            targets, cosines, spreads = [], [], []
            for batch in batches[:MEASURED_BATCHES]:
                left = self.read([self.dataset.questions[r] for r in batch.question_rows], QUERY)
                right = self._answers_now(batch.answer_rows)
                table = left @ right.T
                spreads.append(table.std(axis=1))
                if self.config.loss == "mse_matched":
                    block, mask = self.labels.block(batch.question_rows, batch.answer_rows)
                    targets.append(block[mask])
                    cosines.append(table[mask])
            pairs = (np.concatenate(targets), np.concatenate(cosines)) if targets else None
            match = Affine.match(*pairs) if pairs else IDENTITY
            spread = float(np.concatenate(spreads).mean())
            return BaseScale(match, spread if spread > 0 else USUAL_SPREAD).values

        self.scale = BaseScale.of(self.team.tell(measured))

    def _answers_now(self, rows: Rows) -> np.ndarray:
        if self.answers is not None:
            return self.answers[rows]
        return self.read([self.dataset.answers[row] for row in rows], DOCUMENT)

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
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, CLIP)
        if not (math.isfinite(loss) and math.isfinite(float(norm))):
            raise TuningError(
                "Learning broke down at step {step}: the loss is {loss}. Lower the “Learning "
                "rate” (now {rate}), for example to a third, and start again.",
                step=number + 1,
                loss=str(loss),
                rate=self.config.learning_rate,
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)  # what checks and saving do without
        if self.words is not None:
            self.words.write_back()
        return StepResult(loss, rate, cells)

    def tensors(self, negatives: np.ndarray | None) -> dict[str, Tensor]:
        """Return, besides the weights, all that the next step depends on."""
        import torch

        tensors = optimizer_tensors(self.optimizer, self.words)
        tensors["run.scale"] = torch.tensor(self.scale.values, dtype=torch.float64)
        if negatives is not None:
            tensors["run.negatives"] = torch.from_numpy(np.ascontiguousarray(negatives))
        if self.remembered is not None:
            tensors["run.remembered"] = torch.from_numpy(self.remembered)
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
        remembered = tensors.pop("run.remembered", None)
        self.remembered = None if remembered is None else np.array(remembered)
        self.scale = BaseScale.of(tensors.pop("run.scale").tolist())
        negatives = tensors.pop("run.negatives", None)
        load_optimizer_tensors(self.optimizer, tensors, self.words)
        if self.words is not None:
            self.words.read_again()
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
                    raise memory_error(self.device, self.config, self.max_length) from error
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
        texts = len(batch.question_rows) + len(batch.answer_rows) + len(batch.taught_rows)
        start = self.config.chunk_size or min(CHUNK_WHEN_FULL, -(-texts // 2))
        if self.chunk == 0:
            return start
        return max(start // 2, 1) if self.chunk == start > 1 else None

    def _gradients(self, batch: Batch, number: int) -> tuple[float, int]:
        """Set the gradients of a batch; return its loss and the number of cells."""
        import torch

        self.optimizer.zero_grad(set_to_none=True)
        shown = self.shown(batch)
        grid = Grid.of(self.dataset, self.labels, batch, self.model.device, shown)
        cells, known = grid.cells, len(batch.question_rows)
        # A known question that is taught, too, is read once.
        read = np.concatenate(
            [batch.question_rows, np.setdiff1d(batch.taught_rows, batch.question_rows)]
        )
        sets = [TextSet(QUERY, [self.dataset.questions[row] for row in read])]
        if self.answers is None:
            answers = [self.dataset.answers[row] for row in batch.answer_rows]
            sets.append(TextSet(DOCUMENT, answers))
            terms: list[Term] = [lambda v: grid.loss(v[0][:known], v[1], self.config, self.scale)]
            if self.answer_labels is not None and len(batch.alike_rows):
                alike = Grid.of_answers(self.answer_labels, batch, self.model.device)
                rows = np.searchsorted(batch.answer_rows, batch.alike_rows)
                places = to_device(torch.from_numpy(rows), self.model.device)
                weight, cells = self.config.neighbourhood_weight, cells + alike.cells
                sharp = with_temperature(self.config, self.config.neighbourhood_temperature)
                terms.append(lambda v: weight * alike.loss(v[1][places], v[1], sharp, self.scale))
        else:
            fixed = to_device(torch.from_numpy(self.answers[batch.answer_rows]), self.model.device)
            terms = [lambda v: grid.loss(v[0][:known], fixed, self.config, self.scale)]
        if self.taught is not None and len(batch.taught_rows):
            taught, told = self._taught_terms(batch, read)
            terms, cells = [*terms, *taught], cells + told
        more_sets, more_terms = regularised(self.config, sets, self.neutral, number)
        sets, terms = [*sets, *more_sets], [*terms, *more_terms]

        coming: list[Coming] = []

        def objective(vectors: Sequence[Tensor]) -> Tensor:
            if self.remembered is not None:
                coming[:] = [fetch(vectors[1])]  # a second try of the step begins anew
            return sum((term(vectors) for term in terms[1:]), start=terms[0](vectors))

        loss = add_gradients(
            self._encode,
            sets,
            objective,
            size=self._texts_at_once,
            cached=self.chunk > 0,
            room=self._room(sets),
            seed=(self.config.seed, number),
            team=self.team,
        )
        for vectors in coming:
            self.remember(batch.answer_rows, arrived(vectors))
        if self.team.size > 1:
            self._add_up_gradients()
        return loss, cells

    def _room(self, sets: Sequence[TextSet]) -> Room:
        """Return how much of a step is kept; measured at the first step, on its longest texts."""
        if self.room is not None:
            return self.room
        self.room = EVERYTHING
        if self.device.kind == "cpu" and not self.static and any(one.texts for one in sets):
            moments = 3 * sum(p.numel() * p.element_size() for p in self.parameters) / MEGABYTE
            budget = activations_budget_mb(moments)
            own = longest_text(self.model, QUERY) or USUAL_LONGEST
            longest = min(own, self.max_length)
            text_set = max(sets, key=lambda one: max(map(len, one.texts), default=0))
            texts = sorted(text_set.texts, key=len)[-MEASURED_TEXTS:]
            most = int(token_estimates(texts, longest).max())
            each = activations_mb(self._encode, texts, text_set.task, self.parameters)
            each /= len(texts) * most
            if self.most_tokens is None:
                fitting = budget / CHUNKS_IN_BUDGET / each
                self.most_tokens = 0 if CPU_BUCKET * most <= fitting else max(int(fitting), 1)
            self.room = Room(budget, each, longest, self.most_tokens)
        return self.room

    def shown(self, batch: Batch) -> np.ndarray | None:
        """Return which answers the known questions of a step may meet, bool [n_a]; None = all."""
        config = self.config
        if not config.spare_unasked and config.neighbourhood_columns:
            return None
        shown = np.ones(len(self.dataset.answers), bool)
        if config.spare_unasked:
            shown = self.asked.copy()
        elif not config.neighbourhood_columns:
            shown[batch.alike_rows] = False
        for row in batch.question_rows:
            shown[self.dataset.right_answers(int(row))] = True
        return shown

    def shown_to_taught(self, batch: Batch) -> np.ndarray | None:
        """Return which answers taught questions may meet, bool [b_t, b_a]; None = all.

        What neither a known question nor the experts' best guess for another one asks for would
        only ever be pushed away. People's word on an answer counts, whatever it is.
        """
        if not self.config.spare_unasked:
            return None
        asked = self.asked.copy()
        asked[batch.wanted_rows] = True
        judged = np.isin(batch.taught_rows, self.dataset.pooled_rows)
        return asked[batch.answer_rows][None, :] | judged[:, None]

    def _taught_terms(self, batch: Batch, read: np.ndarray) -> tuple[list[Term], int]:
        """Return what the experts alone teach in a step, and the number of cells."""
        assert self.taught is not None
        import torch

        terms: list[Term] = []
        cells = 0
        columns, compared = self._taught_columns(batch)
        told = np.isin(batch.taught_rows, batch.question_rows)  # known ones; else open
        told &= ~np.isin(batch.taught_rows, self.taught.pooled_rows)
        for rows, weight in (
            (batch.taught_rows[~told], self.config.open_weight),
            (batch.taught_rows[told], self.config.teach_known_weight),
        ):
            if not len(rows) or not weight:
                continue
            part = replace(batch, taught_rows=rows, answer_rows=columns)
            grid = Grid.of_taught(self.taught, part, self.model.device, self.shown_to_taught(part))
            found = np.array([int(np.flatnonzero(read == row)[0]) for row in rows])
            places = to_device(torch.from_numpy(found), self.model.device)
            terms.append(self._taught_term(grid, places, weight, compared))
            cells += grid.cells
        return terms, cells

    def _taught_columns(self, batch: Batch) -> tuple[Rows, Term]:
        """Return the answers that taught questions are compared with, and what gives their vectors.

        Those of the step come from the model, with gradient; the others as they are remembered.
        """
        import torch

        device, rows = self.model.device, batch.answer_rows
        if self.answers is not None:
            assert self.taught is not None
            rows = self.taught.searched if self.config.whole_corpus else rows
            fixed = to_device(torch.from_numpy(self.answers[rows]), device)
            return rows, lambda vectors: fixed
        if self.remembered is None or self.taught is None:
            return rows, lambda vectors: vectors[1]
        places, known = self._places(rows)
        others = np.ones(len(self.remembered), bool)
        others[places[known]] = False
        before = to_device(torch.from_numpy(self.remembered[others]), device)
        columns = np.concatenate([rows, self.taught.searched[others]])
        return columns, lambda vectors: torch.cat([vectors[1], before])

    def _taught_term(self, grid: Grid, places: Tensor, weight: float, compared: Term) -> Term:
        sharp = with_temperature(self.config, self.config.taught_temperature)

        def term(vectors: Sequence[Tensor]) -> Tensor:
            answers = compared(vectors)
            return weight * grid.loss(vectors[0][places], answers, sharp, self.scale)

        return term

    def _add_up_gradients(self) -> None:
        """Sum the gradients of all processes; weights that none of them used stay without."""
        parameters = self.parameters
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

    def _attention(self) -> AbstractContextManager[object]:
        """On a CPU the fused attention is slow to carry gradients back: half the time of a step.

        With dropout torch leaves it by itself.
        """
        if self.device.kind != "cpu" or self.config.dropout:
            return nullcontext()
        from torch.nn.attention import SDPBackend, sdpa_kernel

        return sdpa_kernel(SDPBackend.MATH)

    def _encode(self, texts: Sequence[str], task: str) -> Tensor:
        # Unit vectors leave it in fp32: bf16 has three digits, few for close scores.
        with computing_in(self.device.precision, self.device.kind), self._attention():
            return embed(self.model, texts, task)


def with_temperature(config: TuningConfig, temperature: float) -> TuningConfig:
    """Return the settings with labels of another sharpness; 0 = as they are."""
    low, _ = TEMPERATURES
    return replace(config, teacher_temperature=max(temperature, low)) if temperature else config


def asked_answers(dataset: QADataset) -> np.ndarray:
    """Return which answers are right for a training question, bool [n_a]."""
    asked = np.zeros(len(dataset.answers), bool)
    asked[dataset.right_answer[np.isin(dataset.right_question, dataset.rows(TRAIN))]] = True
    return asked


def learning_rate(step: int, steps: int, config: TuningConfig, static: bool = False) -> float:
    """Return the learning rate of step 0 … steps − 1: linear warm-up, then linear decay to 0.

    Short runs take larger steps where wanted: Adam moves a weight by about the rate, and n steps
    in directions of chance come √n as far.
    """
    warmup = round(config.warmup_share * steps)
    rising = (step + 1) / max(warmup, 1)
    falling = (steps - step) / max(steps - warmup, 1)
    peak = (
        short_run_factor(steps, config) * config.learning_rate * (STATIC_FACTOR if static else 1.0)
    )
    return peak * min(rising, falling, 1.0)


def learning_texts(task: TuningTask) -> list[TextSet]:
    """Return every text that a run may read with gradient."""
    dataset, taught = task.dataset, task.taught
    rows = np.union1d(dataset.rows(TRAIN), [] if taught is None else taught.open_rows).astype(int)
    questions = TextSet(QUERY, [*(dataset.questions[row] for row in rows), *task.neutral])
    return (
        [questions] if task.config.answers_stay else [questions, TextSet(DOCUMENT, dataset.answers)]
    )


def _make_optimizer(
    parameters: Sequence[Parameter], config: TuningConfig, static: bool = False
) -> AdamW:
    """Return AdamW over all weights; biases and norms (vectors, not tables) do not decay."""
    from torch.optim import AdamW

    decay = 0.0 if static else config.weight_decay  # would erase words not in the data
    return AdamW(
        [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=config.learning_rate,
        fused=all(p.device.type in FUSED for p in parameters),
    )


def optimizer_tensors(optimizer: AdamW, words: WordsInUse | None = None) -> dict[str, Tensor]:
    """Return the moments on the CPU as ``<weight number>.<name>``, valid until the next step.

    Rows of zeros are left out of large tables: a word that never occurred has no moments, and in
    a multilingual model these are nine words in ten, hundreds of megabytes per saved state.

    Parameters
    ----------
    words : WordsInUse or None
        Whose moments are told as rows of the whole table.
    """
    tensors: dict[str, Tensor] = {}
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    for number, values in optimizer.state_dict()["state"].items():
        in_use = words if words is not None and weights[number] is words.learned else None
        for name, value in values.items():
            key, value = f"{number}.{name}", value.detach()
            used = value.any(dim=1).nonzero()[:, 0] if value.ndim == 2 else None
            if used is not None and (in_use is not None or 2 * len(used) < len(value)):
                rows = used if in_use is None else in_use.rows[used]
                tensors[f"{key}.rows"] = rows.to("cpu")
                value = value[used]
            tensors[key] = value.to("cpu").contiguous()
    return tensors


def load_optimizer_tensors(
    optimizer: AdamW, tensors: dict[str, Tensor], words: WordsInUse | None = None
) -> None:
    """Put back what :func:`optimizer_tensors` gave, with the same words in use or with all.

    Raises
    ------
    TuningError
        If there are moments of words that are not in use.
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        if name.endswith(".rows"):
            continue
        weight, rows = weights[int(number)], tensors.get(f"{key}.rows")
        if words is not None and weight is words.learned and value.ndim == 2:
            value = words.rows_of(value, rows)
        elif rows is not None:
            full = value.new_zeros(weight.shape)
            full[rows] = value
            value = full
        state.setdefault(int(number), {})[name] = value
    document = optimizer.state_dict()
    optimizer.load_state_dict({"state": state, "param_groups": document["param_groups"]})


def memory_error(device: DeviceInfo, config: TuningConfig, length: int) -> TuningError:
    """Return the error for memory that does not suffice even for a small chunk."""
    return TuningError(
        "{device} has too little memory, even for a few texts at a time. Close other programs that "
        "use it, lower the longest text (now {length}) or the questions per step (now {count}), "
        "or choose a smaller base model.",
        device=device.name,
        count=config.questions_per_batch,
        length=length,
    )
