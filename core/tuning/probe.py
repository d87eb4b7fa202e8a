"""A few real steps on this machine, to say what a whole run will take before it is started."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from core.errors import Stopped
from core.messages import N_, Message
from core.tuning.batches import Batch, plan_epoch
from core.tuning.device import MEGABYTE, find_device, peak_mb, take
from core.tuning.run import CHECKPOINT_SECONDS, SAVING_SHARE, Run
from core.tuning.student import DOCUMENT, QUERY, encode, limited_length
from core.tuning.task import TuningTask
from core.types import Reporter

STEPS, SECONDS = 8, 6.0  # whichever comes first, but never fewer than two steps
SAMPLED_TEXTS = 64  # of each side; a check of many is scaled up from them
# What a measurement of seconds says about minutes: a processor gets warm, other programs start.
DOUBT = 0.15
# A state keeps moments only of words that occurred: a run meets more of them than a few steps do.
_MORE_WORDS = 1.25
# A run goes on longer and reads more texts at its checks: the first one compared took 8 % more.
_MORE_MEMORY = 1.1
STATES_KEPT = 4  # the newest two, the best, and the one that is being written


@dataclass(frozen=True)
class Probe:
    """What a few real steps took on one device.

    Attributes
    ----------
    step_seconds : tuple of float
        One entry per measured step; the first step, which warms up, is not among them.
    check_seconds : float
        One measurement of the search quality on the validation questions.
    start_seconds : float
        From the loaded model to the first step, without the first check.
    save_seconds : float
        One saved state.
    state_mb, model_mb : float
        A saved state and a model on disk.
    memory_mb : float
        Most memory that the process took on the device, in the step with the longest texts.
    device_kind, device_name, precision : str
    """

    step_seconds: tuple[float, ...]
    check_seconds: float
    start_seconds: float
    save_seconds: float
    state_mb: float
    model_mb: float
    memory_mb: float
    device_kind: str
    device_name: str
    precision: str

    def seconds(self, steps: int, checks: int) -> tuple[float, float, float]:
        """Return the time of a run that does not end early: low, expected, high, in seconds.

        The range holds the spread of the measured steps (two standard errors) and ``DOUBT``.
        """
        step = float(np.mean(self.step_seconds))
        work = self.start_seconds + steps * step + checks * self.check_seconds
        pause = max(CHECKPOINT_SECONDS, SAVING_SHARE * self.save_seconds)
        # About every second check is a new best, which is saved; the model itself comes last.
        saves = 1 + checks / 2 + work / pause
        expected = work + saves * self.save_seconds
        error = float(np.std(self.step_seconds)) / max(len(self.step_seconds), 1) ** 0.5
        doubt = math.hypot(2 * error / step if step > 0 else 0.0, DOUBT)
        return expected * max(1 - doubt, 0.1), expected, expected * (1 + doubt)

    @property
    def disk_mb(self) -> float:
        """Most disk space that a run takes at a time: saved states, the model and its copy."""
        return STATES_KEPT * self.state_mb + 2 * self.model_mb


def measure(
    task: TuningTask, report: Reporter, clock: Callable[[], float] = time.monotonic
) -> Probe:
    """Do a few steps, a part of a check and one save as a run would, and throw them away.

    Parameters
    ----------
    task : TuningTask
        Its folder is empty or not there; nothing is left in it.

    Raises
    ------
    TuningError
        As :func:`core.tuning.run.train` does, want of memory included.
    """
    config = task.config
    device = find_device(config.device, config.precision)
    take(device)
    report.progress(0.05, Message(N_("Loading the base model")))
    task.folder.mkdir(parents=True, exist_ok=True)
    run = Run(task, device, report)
    learner = run.learner
    with limited_length(run.model, task.max_length):
        report.progress(0.3, Message(N_("Measuring how fast texts are read")))
        question, answer = _reading_seconds(run, clock)
        negatives = _some_answers(run)
        before = clock()
        learner.measure_scale(run.rows, negatives)
        learner.read_neutral(task.neutral)
        start_seconds = clock() - before
        if config.hard_negatives_per_question:  # found by reading every training question
            start_seconds += question * len(run.rows)
        asked = run.validation.count
        check_seconds = question * asked
        if config.answers_stay:  # answers are read once, and stay
            if task.answer_vectors is None:
                start_seconds += answer * len(task.dataset.answers)
            learner.answers = _any_vectors(run)
        elif asked:
            check_seconds += answer * len(run.validation.answer_rows)
        if learner.remembers and learner.taught is not None:
            start_seconds += answer * len(learner.taught.searched)
            learner.remembered = _any_vectors(run)[learner.taught.searched]
        alike = None if run.one_answer_each else learner.answer_labels
        given = (task.dataset, run.rows, negatives, config)
        batches = plan_epoch(*given, 0, alike, learner.taught)
        step_seconds = _step_seconds(run, batches, clock)
        memory = peak_mb(device.kind)
        report.progress(0.9, Message(N_("Measuring how fast states are saved")))
        before = clock()
        run.store.save(replace(run.state, step=1), run.model, learner.tensors(negatives))
        save_seconds = clock() - before
        size = sum(path.stat().st_size for path in run.store.at(1).folder.iterdir()) / MEGABYTE
        run.store.clear()
    model_mb = 4 * sum(weight.numel() for weight in run.model.parameters()) / MEGABYTE
    return Probe(
        step_seconds=step_seconds,
        check_seconds=check_seconds,
        start_seconds=start_seconds,
        save_seconds=save_seconds,
        state_mb=min(size * _MORE_WORDS, max(3 * model_mb, size)),
        model_mb=model_mb,
        memory_mb=memory * _MORE_MEMORY,
        device_kind=device.kind,
        device_name=device.name,
        precision=device.precision,
    )


def _reading_seconds(run: Run, clock: Callable[[], float]) -> tuple[float, float]:
    """Return the time that a question and an answer take without gradient, from a sample."""
    rng, dataset = np.random.default_rng([run.config.seed, 2]), run.task.dataset
    run.learner.read(dataset.answers[:2], DOCUMENT)  # the first call sets things up
    seconds = []
    for task, texts in ((QUERY, dataset.questions), (DOCUMENT, dataset.answers)):
        count = min(SAMPLED_TEXTS, len(texts))
        sample = [texts[place] for place in rng.permutation(len(texts))[:count]]
        before = clock()
        run.learner.read(sample, task)
        seconds.append((clock() - before) / count)
    return seconds[0], seconds[1]


def _any_vectors(run: Run) -> np.ndarray:
    """Return unit vectors [n_a, d] in place of those of the answers: they cost the same."""
    answers = run.task.dataset.answers
    width = encode(run.model, answers[:1], DOCUMENT).shape[1]
    rng = np.random.default_rng([run.config.seed, 4])
    vectors = rng.normal(size=(len(answers), width)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _some_answers(run: Run) -> np.ndarray | None:
    """Return any answers in place of confusable ones: they take the same time in a step."""
    config = run.config
    if not config.hard_negatives_per_question:
        return None
    rng = np.random.default_rng([config.seed, 3])
    shape = (len(run.rows), config.hard_negatives_per_question)
    return rng.integers(0, len(run.task.dataset.answers), shape).astype(np.int32)


def _step_seconds(run: Run, batches: list[Batch], clock: Callable[[], float]) -> tuple[float, ...]:
    dataset, report = run.task.dataset, run.report

    def length(batch: Batch) -> int:
        texts = [dataset.questions[row] for row in batch.question_rows]
        texts += [dataset.answers[row] for row in batch.answer_rows]
        return sum(map(len, texts))

    heaviest = max(batches, key=length)  # decides what memory is needed; also warms up
    run.learner.step(heaviest, 0, run.steps)
    seconds: list[float] = []
    started = clock()
    while len(seconds) < 2 or (len(seconds) < STEPS and clock() - started < SECONDS):
        if report.should_stop():
            raise Stopped
        share = 0.4 + 0.5 * len(seconds) / STEPS
        text, values = N_("Trying a learning step ({number})"), {"number": len(seconds) + 1}
        report.progress(share, Message(text, values))
        before = clock()
        run.learner.step(batches[len(seconds) % len(batches)], len(seconds), run.steps)
        seconds.append(clock() - before)
    return tuple(seconds)
