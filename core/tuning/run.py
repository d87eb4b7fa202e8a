"""The life of a tuning run: begin or resume, learn, check, save, end well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import Stopped, TuningError
from core.hashing import content_id
from core.messages import N_, Message
from core.tuning.batches import Batch, plan_epoch
from core.tuning.beginning import begin_or_resume, doubt_experts, keep_answers
from core.tuning.checkpoints import CurvePoint, RunState
from core.tuning.config import TuningConfig
from core.tuning.device import DeviceInfo, is_out_of_memory
from core.tuning.encoding import (
    folder_fingerprint,
    limited_length,
    load_model,
)
from core.tuning.ending import finish, mix, rescue
from core.tuning.keeping import Keeper
from core.tuning.lora import add_adapters
from core.tuning.mishaps import check_folder
from core.tuning.neighbourhoods import ExpertsSearch, learns_from_answers
from core.tuning.outcome import (
    TuningFolders,
    TuningOutcome,
)
from core.tuning.regularisers import wanted_neutral
from core.tuning.step import Learner, memory_error
from core.tuning.sweep import GeneralityCheck, SweepPoint
from core.tuning.team import ALONE, Team
from core.tuning.telling import Teller
from core.tuning.validation import Evaluate, ValidationSet
from core.types import TRAIN, Labels, QADataset, Reporter, SilentReporter

SAVING_SHARE = 10  # a large model is saved less often: at most a tenth of the time goes into it
LEAST_QUESTIONS = 2  # below, no question has another one's answer to be told from


class Run:
    """One run; its state is all that a checkpoint has to carry."""

    clock: Callable[[], float]
    checkpoint_seconds: float

    def __init__(
        self,
        dataset: QADataset,
        labels: Labels,
        base_folder: Path,
        config: TuningConfig,
        folders: TuningFolders,
        report: Reporter,
        evaluate: Evaluate,
        device: DeviceInfo,
        answer_labels: Labels | None = None,
        team: Team = ALONE,
        neutral: Sequence[str] = (),
        prompts: Mapping[str, str] | None = None,
    ) -> None:
        self.neutral = wanted_neutral(config, neutral)
        self.answer_labels = answer_labels if learns_from_answers(config) else None
        self.dataset, self.config, self.team = dataset, config, team
        self.report = report if team.leads else SilentReporter()
        self.folders, self.device, self.evaluate = folders, device, evaluate
        self.rows = dataset.rows(TRAIN)
        if len(self.rows) < LEAST_QUESTIONS:
            raise TuningError(
                "There are {count} training questions; tuning needs at least {least}. Add "
                "questions or make the held-out shares smaller.",
                count=len(self.rows),
                least=LEAST_QUESTIONS,
            )
        self.model = load_model(base_folder, device.kind, prompts)
        if config.lora_rank:
            add_adapters(self.model, config.lora_rank, config.seed)
        self.learner = Learner(
            self.model, dataset, labels, config, device, self.report, self.answer_labels, team
        )
        self.validation = ValidationSet.of(dataset, device.kind, config.seed, device.precision)
        self.keeper = Keeper.of(base_folder, folders, config, prompts)
        identity = [config.id, dataset.id, str(getattr(labels, "id", "")), device.kind]
        identity += [str(getattr(self.answer_labels, "id", "")), *self.neutral]
        identity += [f"{role}={text}" for role, text in sorted((prompts or {}).items())]
        self.state = RunState(content_id([*identity, folder_fingerprint(base_folder)]))
        self.per_epoch = -(-len(self.rows) // config.questions_per_batch)
        self.steps = self.per_epoch * config.epochs
        self.negatives: np.ndarray | None = None
        self.plan: tuple[int, list[Batch]] = (-1, [])
        self.teller = Teller(self.report, device.kind, self.steps, self.per_epoch)
        self.last_saved, self.saving_seconds = -np.inf, 0.0
        self.generality: GeneralityCheck | None = None
        self.strongest_teacher: ExpertsSearch | None = None
        self.sweep: tuple[SweepPoint, ...] = ()
        self.rescued: Callable[[TuningOutcome], None] = lambda _: None

    def go(self, hard_negatives: np.ndarray | None) -> TuningOutcome:
        """Run to the end."""
        self.started, cancelled = self.clock(), False
        self.last_saved = self.started
        try:
            if self.config.query_side:
                keep_answers(self)
            with limited_length(self.model, self.config.max_length):
                begin_or_resume(self, hard_negatives)
                doubt_experts(self)
                self._learn()
                mix(self)
        except Stopped:
            cancelled = True
            if self.state.step and self.team.leads:
                self._save()
        except Exception as error:
            rescue(self)
            check_folder(self.folders.root)
            if is_out_of_memory(error):
                raise memory_error(self.device, self.config) from error
            raise
        return finish(self, cancelled)

    def _learn(self) -> None:
        """Step after step, with a check wherever one is due and not done yet."""
        every = self.per_epoch / self.config.evaluations_per_epoch
        due = {round(every * n) for n in range(1, round(self.steps / every) + 1)} | {self.steps}
        while True:
            done = self.state.step
            if done in due and self.validation.questions and self.state.curve[-1].step < done:
                self.check()
            if done == self.steps or self._stops_early:
                return
            if self.team.tell(self._asked_to_stop):
                raise Stopped
            self._step()
            pause = max(self.checkpoint_seconds, SAVING_SHARE * self.saving_seconds)
            if self.team.leads and self.clock() - self.last_saved >= pause:
                self._save()

    def _asked_to_stop(self) -> bool:
        check_folder(self.folders.root)
        return self.report.should_stop()

    @property
    def _stops_early(self) -> bool:
        patience = self.config.patience
        return 0 < patience <= self.state.checks_without_gain

    def _step(self) -> None:
        before, done = self.clock(), self.state.step
        epoch, place = divmod(done, self.per_epoch)
        if self.plan[0] != epoch:
            given = (self.dataset, self.rows, self.negatives, self.config)
            batches = plan_epoch(*given, epoch, self.answer_labels)
            self.plan = epoch, batches
        result = self.learner.step(self.plan[1][place], done, self.steps)
        now = self.clock()
        self.state = replace(
            self.state,
            step=done + 1,
            chunk=self.learner.chunk,
            labels=self.state.labels + result.labels,
            learning_seconds=self.state.learning_seconds + now - before,
        )
        self.teller.step(self.state, result, now)

    def check(self, answer_vectors: np.ndarray | None = None) -> None:
        """Measure search quality now, tell it, and save the state where it is the best so far."""
        step = self.state.step
        text = N_("Checking the search quality after step {step}")
        self.report.progress(step / self.steps, Message(text, {"step": step}))
        point = CurvePoint(**self.team.tell(lambda: self._measured(answer_vectors)))
        self.state = replace(self.state, curve=(*self.state.curve, point))
        values = {f"validation_{regime}": score for regime, score in point.regimes.items()}
        self.report.metric({"step": step, "validation": point.score, **values})
        if step and self.state.best == point and self.team.leads:
            self._save()

    def _measured(self, answers: np.ndarray | None) -> dict[str, Any]:
        answers = self.corpus_vectors() if answers is None else answers
        step, stop = self.state.step, self.report.should_stop
        return asdict(self.validation.check(self.model, self.evaluate, step, stop, answers))

    def corpus_vectors(self) -> np.ndarray:
        """Return the answers that checks search: as the model reads them, or as they stay."""
        if self.learner.answers is not None:
            return self.learner.answers[self.validation.answer_rows]
        return self.validation.answer_vectors(self.model, self.report.should_stop)

    def _save(self) -> None:
        before, state = self.clock(), replace(self.state, seconds=self.seconds)
        self.keeper.save(state, self.model, self.learner.tensors(self.negatives))
        self.last_saved = self.clock()
        self.saving_seconds = self.last_saved - before

    @property
    def seconds(self) -> float:
        """Time spent so far, over all sessions."""
        return self.state.seconds + self.clock() - self.started
