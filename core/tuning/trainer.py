"""The door to tuning.

Not sentence-transformers' own trainer: it feeds rows of texts with one label per pair, while here
a grid of texts has one label per cell, computed when it is needed; and it resumes from pickled
random states, while here a run resumes bit for bit from safetensors and JSON.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from core.tuning.config import TuningConfig
from core.tuning.device import DeviceInfo, find_device
from core.tuning.neighbourhoods import ExpertsSearch
from core.tuning.outcome import TuningFolders, TuningOutcome
from core.tuning.run import Run
from core.tuning.sweep import GeneralityCheck
from core.tuning.team import ALONE, Team
from core.tuning.validation import Evaluate
from core.types import Labels, QADataset, Reporter


def train(
    dataset: QADataset,
    labels: Labels,
    base_folder: Path,
    config: TuningConfig,
    folders: TuningFolders,
    report: Reporter,
    evaluate: Evaluate,
    *,
    device: DeviceInfo | None = None,
    hard_negatives: np.ndarray | None = None,
    answer_labels: Labels | None = None,
    generality: GeneralityCheck | None = None,
    strongest_teacher: ExpertsSearch | None = None,
    neutral: Sequence[str] = (),
    prompts: Mapping[str, str] | None = None,
    clock: Callable[[], float] = time.monotonic,
    checkpoint_seconds: float = 30.0,
    rescued: Callable[[TuningOutcome], None] = lambda _: None,
    team: Team = ALONE,
) -> TuningOutcome:
    """Tune a model on the training questions; keep the state that searches best.

    Goes on from the newest whole checkpoint of the same run (settings, data, labels, base model)
    where there is one, with the same final weights on a CPU as if it had never stopped. The saved
    states stay: a caller drops them once it has written down what came out, so that a kill in
    between costs nothing.

    Parameters
    ----------
    labels : Labels
        Its ``id``, where it has one, is part of the identity of the run.
    evaluate : Evaluate
        Mean nDCG@10; called per regime with the rows that it gets vectors for.
    hard_negatives : int32 array [n_q, p] or None
        Wrong answers per question of the dataset, -1 = none; None mines them with the base model.
    answer_labels : Labels or None
        How alike two answers are, rows of the answers on both sides; see
        :mod:`core.tuning.neighbourhoods`. Used where the config asks for it.
    generality : GeneralityCheck or None
        What the model kept must not lose; None lets search quality alone decide.
    strongest_teacher : callable or None
        How well the best expert searches by itself; where not clearly better than the base model,
        ``answer_labels`` are not learned from. None = they are trusted.
    neutral : sequence of str
        Everyday sentences, related ones side by side, in the language of the questions; see
        :mod:`core.tuning.regularisers`. Used where the config asks for them.
    prompts : mapping of ``query`` and ``document`` to text, or None
        What the model is to read before each text, where its folder does not say it; it is saved
        with the model. None = as the folder says.
    clock : callable
        Seconds, rising.
    checkpoint_seconds : float
        Longest time between two saved states.
    rescued : callable
        Told what is kept of a run that fails after it found something better than the base
        model, before the error is raised.
    team : Team
        The processes that do this run together; only the leading one writes and reports.

    Raises
    ------
    TuningError
        If there is nothing to learn from, the base model cannot be loaded, the loss is not a
        number any more, memory or disk does not suffice, or the folder was deleted. Where it can
        be written, the best state so far is kept as the model.
    """
    import torch

    info = device or find_device(config.device, config.precision)
    info.take()
    folders.root.mkdir(parents=True, exist_ok=True)
    cuda = [torch.cuda.current_device()] if info.kind == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        run = Run(
            dataset,
            labels,
            base_folder,
            config,
            folders,
            report,
            evaluate,
            info,
            answer_labels,
            team,
            neutral,
            prompts,
        )
        run.generality, run.strongest_teacher = generality, strongest_teacher
        run.clock, run.checkpoint_seconds, run.rescued = clock, checkpoint_seconds, rescued
        return run.go(hard_negatives)
