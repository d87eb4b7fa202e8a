"""The life of a tuning run: begin or resume, learn, check, save, end well."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import Stopped, TuningError
from core.hashing import content_id
from core.messages import N_, Message
from core.tuning.batches import Batch, plan_epoch
from core.tuning.checkpoints import CurvePoint, RunState
from core.tuning.config import TuningConfig
from core.tuning.device import DeviceInfo, is_out_of_memory
from core.tuning.encoding import (
    DOCUMENT,
    QUERY,
    encode,
    folder_fingerprint,
    limited_length,
    load_model,
    load_weights,
    weights_of,
)
from core.tuning.keeping import Keeper
from core.tuning.lora import add_adapters
from core.tuning.losses import LOSSES
from core.tuning.mishaps import check_folder
from core.tuning.mixing import Mixing
from core.tuning.neighbourhoods import CLEARLY, NO_TEACHER, ExpertsSearch
from core.tuning.outcome import (
    BASE_KEPT,
    FORGETS,
    NO_BETTER_INSIDE,
    NO_VALIDATION,
    TuningFolders,
    TuningOutcome,
)
from core.tuning.preparation import BaseScale, base_scale, confusable_answers
from core.tuning.regularisers import NeutralTexts, wanted_neutral
from core.tuning.step import Learner, memory_error
from core.tuning.sweep import GeneralityCheck, SweepPoint, all_forget, chosen
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
                self._keep_answers()
            with limited_length(self.model, self.config.max_length):
                self._begin_or_resume(hard_negatives)
                self._doubt_experts()
                self._learn()
                self._mix()
        except Stopped:
            cancelled = True
            if self.state.step and self.team.leads:
                self._save()
        except Exception as error:
            self._rescue()
            check_folder(self.folders.root)
            if is_out_of_memory(error):
                raise memory_error(self.device, self.config) from error
            raise
        return self._finish(cancelled)

    def _rescue(self) -> None:
        """Keep the best state of a run that is about to fail, where there is one."""
        if self.team.leads:
            with contextlib.suppress(TuningError, OSError):  # the disk may be the reason
                if self.keeper.keep_best(self.state):
                    self.rescued(replace(self._outcome(kept=True, cancelled=True), failed=True))

    def _keep_answers(self) -> None:
        """Encode all answers with the base model, uncut, as a deployed index holds them."""
        self.report.progress(0.0, Message(N_("Reading the answers with the base model")))
        stop = self.report.should_stop
        self.learner.answers = self.team.tell_array(
            lambda: encode(self.model, self.dataset.answers, DOCUMENT, stop, self.device.precision)
        )

    def _begin_or_resume(self, hard_negatives: np.ndarray | None) -> None:
        found = self.keeper.newest(self.state.run_id, self.team)
        if found:
            checkpoint, self.state = found
            load_weights(self.model, checkpoint.weights())
            self.negatives = self.learner.restore(
                checkpoint.optimizer(), self.state.chunk, self.neutral
            )
            return
        self.report.progress(0.0, Message(N_("Reading the texts with the base model")))
        answers: list[np.ndarray] = []
        self.negatives = self.team.tell_array(lambda: self._wrong_answers(hard_negatives, answers))
        self.learner.scale = BaseScale.told(self.team.tell(lambda: self._scale().values))
        self.read_neutral()
        if self.validation.questions:
            self._check(answers[0] if answers else None)
        else:
            self.report.warning(Message(NO_VALIDATION))

    def read_neutral(self) -> None:
        """Keep how the base model reads the neutral sentences, where the run asks for them."""
        stop = self.report.should_stop
        if self.neutral:
            vectors = self.team.tell_array(
                lambda: encode(self.model, self.neutral, QUERY, stop, self.device.precision)
            )
            assert vectors is not None
            self.learner.neutral = NeutralTexts(self.neutral, vectors)

    def _wrong_answers(
        self, given: np.ndarray | None, answers: list[np.ndarray]
    ) -> np.ndarray | None:
        """Return those of the training questions; vectors that were needed go to ``answers``."""
        if given is not None:
            return given[self.rows]
        if not self.config.hard_negatives_per_question:
            return None
        answers.append(self._corpus_vectors())
        corpus, stop = self.validation.answer_rows, self.report.should_stop
        return confusable_answers(
            *(self.model, self.dataset, self.rows, corpus, answers[0], stop),
            precision=self.device.precision,
        )

    def _scale(self) -> BaseScale:
        labels, stop = self.learner.labels, self.report.should_stop
        return base_scale(
            *(self.model, self.dataset, labels, self.rows, self.negatives, self.config, stop),
            precision=self.device.precision,
        )

    def _doubt_experts(self) -> None:
        """Leave neighbourhoods out where no expert searches clearly better than the base model.

        How alike weaker experts find answers would undo what the base model knows.
        """
        search, regimes = self.strongest_teacher, list(self.validation.questions.values())
        if self.answer_labels is None or search is None or not regimes:
            return
        base, best = self.state.curve[0].score, search(regimes, self.validation.answer_rows)
        if best <= base + CLEARLY:
            self.answer_labels = self.learner.answer_labels = None
            if self.state.step == 0:
                self.report.warning(Message(NO_TEACHER, {"experts": best, "base": base}))

    def _learn(self) -> None:
        """Step after step, with a check wherever one is due and not done yet."""
        every = self.per_epoch / self.config.evaluations_per_epoch
        due = {round(every * n) for n in range(1, round(self.steps / every) + 1)} | {self.steps}
        while True:
            done = self.state.step
            if done in due and self.validation.questions and self.state.curve[-1].step < done:
                self._check()
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

    def _check(self, answer_vectors: np.ndarray | None = None) -> None:
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
        answers = self._corpus_vectors() if answers is None else answers
        step, stop = self.state.step, self.report.should_stop
        return asdict(self.validation.check(self.model, self.evaluate, step, stop, answers))

    def _corpus_vectors(self) -> np.ndarray:
        """Return the answers that checks search: as the model reads them, or as they stay."""
        if self.learner.answers is not None:
            return self.learner.answers[self.validation.answer_rows]
        return self.validation.answer_vectors(self.model, self.report.should_stop)

    def _save(self) -> None:
        before, state = self.clock(), replace(self.state, seconds=self._seconds)
        self.keeper.save(state, self.model, self.learner.tensors(self.negatives))
        self.last_saved = self.clock()
        self.saving_seconds = self.last_saved - before

    @property
    def _seconds(self) -> float:
        return self.state.seconds + self.clock() - self.started

    def _mix(self) -> None:
        best, wanted = self.state.best, self.config.interpolation != "off"
        if self.team.leads and wanted and best is not None and best.step:
            self.sweep = self._mixing.sweep(self.state.curve[0], best)

    @property
    def _mixing(self) -> Mixing:
        def measured() -> CurvePoint:
            stop, answers = self.report.should_stop, self._corpus_vectors()
            return self.validation.check(self.model, self.evaluate, self.state.step, stop, answers)

        return Mixing(
            *(self.model, self.keeper, measured, self.generality, self.report),
            precision=self.device.precision,
        )

    def _keep(self, choice: SweepPoint | None) -> bool:
        """Write the model that is wanted; return False where it is the base."""
        if choice is None or choice.alpha == 1 or self.state.best is None:
            return self.keeper.keep_best(self.state)
        return self._mixing.keep(self.state.best, choice.alpha)

    def _finish(self, cancelled: bool) -> TuningOutcome:
        best = self.state.best
        choice = chosen(self.sweep, self.generality) if self.sweep else None
        kept = self.team.leads and self._keep(choice)
        if self.team.leads and not kept and not cancelled:
            self.keeper.keep(weights_of(self.model) if best is None else None)
            if choice is not None and choice.alpha == 0:
                why = FORGETS if all_forget(self.sweep, self.generality) else NO_BETTER_INSIDE
                self.report.warning(Message(why, {"score": choice.score}))
            elif best is not None:
                self.report.warning(Message(BASE_KEPT, {"score": best.score}))
        return self._outcome(kept=kept, cancelled=cancelled, choice=choice)

    def _outcome(
        self, *, kept: bool, cancelled: bool, choice: SweepPoint | None = None
    ) -> TuningOutcome:
        best = self.state.best
        return TuningOutcome(
            model_folder=self.folders.model if kept or not cancelled else None,
            best_step=self.state.step if best is None else best.step if kept or cancelled else 0,
            best_score=choice.score if choice else best.score if best else None,
            base_score=self.state.curve[0].score if best else None,
            curve=self.state.curve,
            steps=self.state.step,
            seconds=self._seconds,
            stopped_early=not cancelled and self.state.step < self.steps,
            cancelled=cancelled,
            labels_per_s=self.state.labels_per_s,
            device=self._whole_device,
            query_side=self.config.query_side,
            alpha=choice.alpha if choice else 1.0,
            alpha_sweep=self.sweep,
        )

    @property
    def _whole_device(self) -> DeviceInfo:
        """The device in the words of a result: all cards of a team."""
        count = self.team.size
        name = f"{count} × {self.device.name}" if count > 1 else self.device.name
        return replace(self.device, name=name)


def learns_from_answers(config: TuningConfig) -> bool:
    """Return True if how alike answers are changes what is learned."""
    wanted = config.neighbourhoods_per_batch > 0 and config.neighbourhood_weight > 0
    return wanted and LOSSES[config.loss].uses_labels and not config.query_side
