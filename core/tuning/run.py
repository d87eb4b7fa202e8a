"""The life of a tuning run: begin or resume, learn, check, save, mix with the base, end well.

Not sentence-transformers' own trainer: it feeds rows of texts with one label per pair, while here
a grid of texts has one label per cell, computed when it is needed; and it resumes from pickled
random states, while here a run resumes bit for bit from safetensors and JSON.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np

from core.errors import Stopped, TuningError
from core.messages import N_, Message, N_n
from core.tuning.batches import Batch, mine_hard_negatives, plan_epoch, steps_per_epoch
from core.tuning.checkpoints import CheckpointStore, RunState, check_folder, saving
from core.tuning.data_rules import SEVERAL, right_answers_each
from core.tuning.device import (
    find_device,
    give_memory_back,
    is_out_of_memory,
    peak_mb,
    take,
    used_mb,
)
from core.tuning.learner import Learner, StepResult, memory_error
from core.tuning.mixing import ALPHAS, all_forget, chosen, mix_into, only_rows
from core.tuning.student import (
    QUERY,
    add_adapters,
    limited_length,
    load_model,
    load_weights,
    merge_adapters,
    weights_of,
    without_dropout,
    write_model,
)
from core.tuning.task import TuningTask
from core.tuning.team import ALONE, Team
from core.tuning.validation import SearchCheck, Watch
from core.types import KNOWN, TRAIN, UNSEEN, Reporter, SilentReporter
from core.types.tuning import (
    NO_BETTER_EXPERT,
    NO_READER,
    ONE_ANSWER,
    OPEN_LEFT_OUT,
    CurvePoint,
    DeviceInfo,
    SweepPoint,
    TuningResult,
)

if TYPE_CHECKING:
    from torch import Tensor

CHECKPOINT_SECONDS = 30.0  # the longest time between two saved states
SAVING_SHARE = 10  # a large model is saved less often: at most a tenth of the time goes into it
METRIC_SECONDS = 1.0  # a metric per step would fill the event log of a fast run
LEAST_QUESTIONS = 2  # below, no question has another one's answer to be told from
WORTH_GIVING_BACK_MB = 50  # of weights; a run holds several times as much
# Standard deviation of the change of nDCG@10 of one question, as all samples show it: a regime of
# n questions has lost something where it lies this much over √n (one standard error) below.
CHANGE_OF_ONE = 0.3
# The same between two states of one run, which have most of what they learned in common: 0.05 to
# 0.16 between one check and the next, 0.12 to 0.14 between any two (docs/method.md).
CHANGE_BETWEEN_CHECKS = 0.15
CLEARLY = 0.02  # an expert must search better than the base model by this much: less is noise

PASSED_OVER = {
    KNOWN: N_(
        "The state after step {step} has the best mean ({mean:.3f}) but was not kept: search for "
        "known answers lay below the base model ({now:.3f} against {base:.3f} nDCG@10 on "
        "validation questions)."
    ),
    UNSEEN: N_(
        "The state after step {step} has the best mean ({mean:.3f}) but was not kept: search for "
        "unseen answers lay below the base model ({now:.3f} against {base:.3f} nDCG@10 on "
        "validation questions)."
    ),
}
NO_VALIDATION = N_(
    "There are no validation questions: the model after the last step is kept, whether or not it "
    "searches best."
)
BASE_KEPT = N_(
    "No check found a tuned model that searches better than the base model ({score:.3f} nDCG@10 on "
    "validation questions), so the base model was kept. Try other experts, a smaller “Learning "
    "rate” or more questions."
)
JOINED_KEPT = N_(
    "No check found a tuned model that searches better than the two models as they were joined "
    "({score:.3f} nDCG@10 on validation questions), so these were kept. Try other experts, a "
    "smaller “Learning rate” or more questions."
)
FORGETS = N_(
    "Every model of this run lost more general ability than the limit allows, even mixed with the "
    "base model, so the base model was kept. Try a smaller “Learning rate”, fewer “Passes over the "
    "data (epochs)” or more of “Stay close to the base model (similarity preservation)”."
)
NO_BETTER_INSIDE = N_(
    "What this run learned searches better but lost more general ability than the limit allows; "
    "mixed with the base model it stays inside the limit but searches no better than the base "
    "model ({score:.3f} nDCG@10 on validation questions), so the base model was kept. Try a "
    "smaller “Learning rate”, fewer “Passes over the data (epochs)” or more of “Stay close to the "
    "base model (similarity preservation)”."
)


def train(
    task: TuningTask,
    report: Reporter,
    *,
    device: DeviceInfo | None = None,
    team: Team = ALONE,
    clock: Callable[[], float] = time.monotonic,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    rescued: Callable[[TuningResult], None] = lambda _: None,
) -> TuningResult:
    """Tune a model on the training questions; keep the state that searches best.

    Goes on from the newest whole checkpoint of the same run (settings, data, labels, base model)
    where there is one, with the same final weights on a CPU as if it had never stopped.

    Parameters
    ----------
    team : Team
        The processes that do this run together; only the leading one writes and reports.
    clock : callable
        Seconds, rising.
    checkpoint_seconds : float
        Longest time between two saved states.
    rescued : callable
        Gets what is kept of a run that fails after it found something better than the base
        model, before the error is raised.

    Raises
    ------
    TuningError
        If there is nothing to learn from, the base model cannot be loaded, the loss is not a
        number any more, memory or disk does not suffice, or the folder was deleted. Where it can
        be written, the best state so far is kept as the model.
    """
    import torch

    device = device or find_device(task.config.device, task.config.precision)
    take(device)
    task.folder.mkdir(parents=True, exist_ok=True)
    cuda = [torch.cuda.current_device()] if device.kind == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        run = Run(task, device, report, team)
        run.clock, run.checkpoint_seconds, run.rescued = clock, checkpoint_seconds, rescued
        return run.go()


class Run:
    """One run; its ``state`` and its learner are all that a checkpoint has to carry."""

    def __init__(
        self, task: TuningTask, device: DeviceInfo, report: Reporter, team: Team = ALONE
    ) -> None:
        config = task.config
        self.task, self.config, self.device, self.team = task, config, device, team
        self.report = report if team.leads else SilentReporter()
        self.clock: Callable[[], float] = time.monotonic
        self.checkpoint_seconds = CHECKPOINT_SECONDS
        self.rescued: Callable[[TuningResult], None] = lambda _: None
        self.rows = task.dataset.rows(TRAIN)
        if len(self.rows) < LEAST_QUESTIONS:
            raise TuningError(
                N_n(
                    "There is {count} training question; tuning needs at least "
                    "{least}. Add questions or make the held-out shares smaller.",
                    "There are {count} training questions; tuning needs at least "
                    "{least}. Add questions or make the held-out shares smaller.",
                ),
                count=len(self.rows),
                least=LEAST_QUESTIONS,
            )
        self.model = load_model(task.base_folder, device.kind, task.prompts)
        self.weights_mb = sum(p.numel() for p in self.model.parameters()) * 4 / 1e6
        if not config.dropout:
            without_dropout(self.model)
        if config.lora_rank:
            add_adapters(self.model, config.lora_rank, config.seed)
        self.learner = Learner(self.model, task, device, self.report, team)
        self.validation = SearchCheck.of(task.dataset, device.kind, config.seed)
        self.watch = Watch(task.dataset, task.watched)
        self.store = CheckpointStore(task.checkpoints)
        self.state = RunState(task.run_id(device.kind))
        self._count_steps()
        self.left_out: tuple[str, ...] = ()
        self.negatives: np.ndarray | None = None
        self.plan: tuple[int, list[Batch]] = (-1, [])
        self.sweep: tuple[SweepPoint, ...] = ()
        self.last_saved, self.saving_seconds = -np.inf, 0.0
        self.last_metric, self.reported = -np.inf, self.state

    def _count_steps(self) -> None:
        taught, end = self.learner.taught, self.task.end
        open_count = 0 if taught is None else len(taught.open_rows)
        self.per_epoch = steps_per_epoch(len(self.rows), open_count, self.config)
        self.steps = self.per_epoch * self.config.epochs
        self.last_step = round(end.share * self.steps) if end else self.steps

    def go(self) -> TuningResult:
        """Run to the end."""
        self.started, cancelled = self.clock(), False
        self.last_saved = self.started
        try:
            if self.config.answers_stay:
                self.report.progress(0.0, Message(N_("Reading the answers with the base model")))
                self.learner.keep_answers()
            with limited_length(self.model, self.task.max_length):
                self._begin_or_resume()
                self._doubt_experts()
                self._learn()
                self._tell_what_was_passed_over()
                self._measure_mixtures()
        except Stopped:
            cancelled = True
            if self.state.step and self.team.leads:
                self._save()
        except Exception as error:
            self._rescue()
            check_folder(self.task.folder)
            if is_out_of_memory(error):
                raise memory_error(self.device, self.config, self.task.max_length) from error
            raise
        return self._finish(cancelled)

    # The beginning: from the newest saved state, or from the base model.

    def _begin_or_resume(self) -> None:
        """Take over the newest saved state; without one, read the texts and check the base."""
        saved = self.store.resume_point(self.state.run_id, self.team)
        if saved:
            checkpoint, self.state = saved
            load_weights(self.model, checkpoint.weights())
            tensors, neutral = checkpoint.optimizer(), self.task.neutral
            self.negatives = self.learner.restore(tensors, self.state.chunk, neutral)
            self.learner.most_tokens = self.state.most_tokens
            return
        length = {"length": self.task.max_length}
        text = N_("Reading up to {length} word pieces of each text with the base model")
        self.report.progress(0.0, Message(text, length))
        answers: list[np.ndarray] = []
        self.negatives = self.team.tell_array(lambda: self._wrong_answers(answers))
        self.learner.measure_scale(self.rows, self.negatives)
        self.learner.read_neutral(self.task.neutral)
        corpus = answers[0] if answers else None
        if self.learner.remembers:
            corpus = self._told_corpus(corpus)
            self.learner.remember_answers(self.validation.answer_rows, corpus)
        if self.validation.questions:
            self.check(corpus)
        elif self.task.end is None:
            self.report.warning(Message(NO_VALIDATION))

    def _wrong_answers(self, answers: list[np.ndarray]) -> np.ndarray | None:
        """Return those of the training questions; vectors that were needed go to ``answers``."""
        dataset = self.task.dataset
        if self.task.hard_negatives is not None:
            return self.task.hard_negatives[self.rows]
        if not self.config.hard_negatives_per_question:
            return None
        answers.append(self.corpus_vectors())
        vectors = self.learner.read([dataset.questions[row] for row in self.rows], QUERY)
        corpus = self.validation.answer_rows
        return mine_hard_negatives(dataset, self.rows, vectors, corpus, answers[0])

    def _doubt_experts(self) -> None:
        """Leave out what weak experts would teach where none searches clearly better than the base.

        How alike they find answers, and what they say of open questions, would undo what the base
        model knows.
        """
        search, regimes = self.task.strongest_teacher, list(self.validation.questions.values())
        taught = self.learner.taught if self.config.guard_regimes else None
        open_count = 0 if taught is None else len(taught.open_rows)
        learns = taught is not None and taught.count > 0
        if (self.learner.answer_labels is None and not learns) or search is None or not regimes:
            return
        # Of written questions those were kept to which the experts find the answer.
        asked, best = self.state.base_asked, search(regimes, self.validation.answer_rows)
        base = self.state.curve[0].score if asked is None else asked
        has_teacher = best > base + CLEARLY
        if learns and not has_teacher:
            self.learner.taught = None
            self._count_steps()
            if open_count:
                self._leave_out("open_share", Message(OPEN_LEFT_OUT, {"count": open_count}))
        if self.learner.answer_labels is None:
            return
        if not has_teacher:
            self.learner.answer_labels = None
            text = NO_READER if np.isnan(best) else NO_BETTER_EXPERT
            why = Message(text, {"experts": best, "base": base})
            self._leave_out("neighbourhoods_per_batch", why)
        elif self.one_answer_each:
            self.learner.answer_labels = None
            self._leave_out("neighbourhoods_per_batch", Message(ONE_ANSWER))

    def _leave_out(self, setting: str, why: Message | None = None) -> None:
        """Note a setting of which the run makes no use; say why where it has not been said."""
        self.left_out = tuple(sorted({*self.left_out, setting}))
        if why is not None and self.state.step == 0:
            self.report.warning(why)

    @property
    def one_answer_each(self) -> bool:
        """Whether questions have about one right answer, and likeness is not learned from."""
        each = right_answers_each(self.task.dataset, self.rows)
        return self.config.guard_regimes and each < SEVERAL

    # Learning.

    def _learn(self) -> None:
        """Step after step, with a check wherever one is due and not done yet."""
        every = self.per_epoch / self.config.evaluations_per_epoch
        due = {round(every * n) for n in range(1, round(self.steps / every) + 1)} | {self.steps}
        while True:
            done = self.state.step
            if done in due and self.validation.questions and self.state.curve[-1].step < done:
                self.check()
            if done >= self.last_step or 0 < self.config.patience <= self.state.checks_without_gain:
                return
            if self.team.tell(self._asked_to_stop):
                raise Stopped
            self._step()
            pause = max(self.checkpoint_seconds, SAVING_SHARE * self.saving_seconds)
            if self.team.leads and self.clock() - self.last_saved >= pause:
                self._save()

    def _asked_to_stop(self) -> bool:
        check_folder(self.task.folder)
        return self.report.should_stop()

    def _step(self) -> None:
        before, done = self.clock(), self.state.step
        epoch, place = divmod(done, self.per_epoch)
        if self.plan[0] != epoch:
            given = (self.task.dataset, self.rows, self.negatives, self.config)
            teachers = self.learner.answer_labels, self.learner.taught
            self.plan = epoch, plan_epoch(*given, epoch, *teachers)
        result = self.learner.step(self.plan[1][place], done, self.steps)
        now = self.clock()
        self.state = replace(
            self.state,
            step=done + 1,
            chunk=self.learner.chunk,
            most_tokens=self.learner.most_tokens or 0,
            labels=self.state.labels + result.labels,
            learning_seconds=self.state.learning_seconds + now - before,
        )
        if now - self.last_metric >= METRIC_SECONDS or self.state.step == self.last_step:
            self.last_metric = now
            self._report_progress(result)

    def _report_progress(self, result: StepResult) -> None:
        """Report the last step, and the pace of learning since the report before."""
        state, before = self.state, self.reported
        seconds = max(state.learning_seconds - before.learning_seconds, 1e-9)
        self.reported = state
        self.report.metric(
            {
                "step": state.step,
                "epoch": state.step / self.per_epoch,
                "loss": result.loss,
                "learning_rate": result.learning_rate,
                "labels_per_s": (state.labels - before.labels) / seconds,
                "memory_mb": round(used_mb(self.device.kind), 1),
            }
        )
        values = {"step": state.step, "steps": self.last_step}
        message = Message(N_("Learning: step {step} of {steps}"), values)
        self.report.progress(state.step / self.last_step, message)

    def check(self, answer_vectors: np.ndarray | None = None) -> None:
        """Measure search quality now, tell it, and save the state where it is the best so far."""
        step = self.state.step
        text = N_("Checking the search quality after step {step}")
        self.report.progress(step / self.steps, Message(text, {"step": step}))
        if step and self.learner.remembered is not None:
            answer_vectors = self._told_corpus()
            self.learner.remember(self.validation.answer_rows, answer_vectors)
        point = CurvePoint(**self.team.tell(lambda: asdict(self._measured(answer_vectors))))
        self.state = replace(self.state, curve=(*self.state.curve, point))
        if step == 0 and self.config.guard_regimes:
            self.state = replace(self.state, floors=self._floors(point), noise=self._noise())
        if step == 0 and self.validation.has_written:
            asked = self.team.tell(lambda: self._asked_alone(answer_vectors))
            self.state = replace(self.state, base_asked=asked)
        values = {f"validation_{regime}": score for regime, score in point.regimes.items()}
        if point.first is not None:
            values["first"] = point.first
            if self.team.leads and self.task.show is not None:
                self.task.show(self.watch.note(step))
        self.report.metric({"step": step, "validation": point.score, **values})
        if step and self.state.best == point and self.team.leads:
            self._save()

    def _floors(self, base: CurvePoint) -> dict[str, float]:
        counts = {regime: one.count for regime, one in self.validation.regimes.items()}
        return {
            regime: score - CHANGE_OF_ONE / counts[regime] ** 0.5
            for regime, score in base.regimes.items()
        }

    def _noise(self) -> float:
        """Return the standard error of the mean over regimes between two states of the run."""
        counts = [one.count for one in self.validation.regimes.values()]
        return CHANGE_BETWEEN_CHECKS * sum(1 / n for n in counts) ** 0.5 / len(counts)

    def _measured(self, answers: np.ndarray | None = None) -> CurvePoint:
        answers = self.corpus_vectors() if answers is None else answers
        read, step = self.learner.read, self.state.step
        given = (read, step, answers, self.task.evaluate)
        return self.validation.check(*given, see=self.watch.see)

    def _asked_alone(self, answers: np.ndarray | None) -> float:
        """Return how the model searches now for those validation questions that somebody asked."""
        answers = self.corpus_vectors() if answers is None else answers
        found = self.validation.ndcg(self.learner.read, answers)
        return float(np.mean([values.mean() for values in found.values()]))

    def _told_corpus(self, known: np.ndarray | None = None) -> np.ndarray:
        """Return the answers that checks search as all processes need them; ``known`` = read."""
        told = self.team.tell_array(lambda: self.corpus_vectors() if known is None else known)
        assert told is not None
        return told

    def corpus_vectors(self) -> np.ndarray:
        """Return the answers that checks search: as the model reads them, or as they stay."""
        if self.learner.answers is not None:
            return self.learner.answers[self.validation.answer_rows]
        return self.validation.answer_vectors(self.learner.read)

    def _save(self) -> None:
        before, state = self.clock(), replace(self.state, seconds=self.seconds)
        self.store.save(state, self.model, self.learner.tensors(self.negatives))
        self.last_saved = self.clock()
        self.saving_seconds = self.last_saved - before

    @property
    def seconds(self) -> float:
        """Time spent so far, over all sessions."""
        return self.state.seconds + self.clock() - self.started

    # The end: which model is kept, and what is said of it.

    def _rescue(self) -> None:
        """Keep the best state of a run that is about to fail, where there is one."""
        if self.team.leads:
            with contextlib.suppress(TuningError, OSError):  # the disk may be the reason
                if self._keep(None):
                    self.rescued(replace(self._result(kept=True, cancelled=True), failed=True))

    def _tell_what_was_passed_over(self) -> None:
        """Say where a state with a better mean was not kept, as it lost too much of one regime."""
        best, state = self.state.best, self.state
        higher = max(state.curve, key=lambda point: (point.score, -point.step), default=None)
        if best is None or higher is None or higher.score <= best.score:
            return
        lost = [r for r, floor in state.floors.items() if higher.regimes.get(r, floor) < floor]
        if lost:
            base, now = state.curve[0].regimes[lost[0]], higher.regimes[lost[0]]
            values = {"step": higher.step, "mean": higher.score, "now": now, "base": base}
            self.report.warning(Message(PASSED_OVER[lost[0]], values))

    def _measure_mixtures(self) -> None:
        """Measure mixtures of the base model with the best state, both ends included.

        Search quality of the two ends is known already; generality is measured for all.
        """
        best, wanted = self.state.best, self.config.interpolation != "off"
        if not (self.team.leads and wanted and best is not None and best.step):
            return
        self._give_back()  # what learning took beside the weights
        before, after = self._ends(best)
        self._give_back()
        known, points = {0.0: self.state.curve[0], 1.0: best}, []
        for alpha in (0.0, *ALPHAS, 1.0):
            if self.report.should_stop():
                raise Stopped
            text = N_("Measuring a mixture with {share} of what was learned")
            self.report.progress(1.0, Message(text, {"share": f"{alpha:.0%}"}))
            mix_into(self.model, before, after, alpha, self._learned_rows())
            point = known.get(alpha) or self._measured()
            points.append(SweepPoint(alpha, point.score, point.regimes, self._generality()))
        self.sweep = tuple(points)

    def _ends(self, best: CurvePoint) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return the weights of the base model and of the best state, of tables what learned.

        Copies: of a file that is mapped, all that was ever read stays in memory.
        """
        tuned, rows = self.store.weights_at(best.step), self._learned_rows()
        if self.config.lora_rank:  # adapters: what they add to the base is scaled
            return {}, tuned
        after = _copied(tuned, rows)
        del tuned  # one file at a time
        before = _copied(weights_of(load_model(self.task.base_folder)), rows)
        return before, after

    def _give_back(self) -> None:
        """Give freed memory back where there is much of it: looking for it takes half a second."""
        if self.weights_mb >= WORTH_GIVING_BACK_MB:
            give_memory_back()

    def _learned_rows(self) -> dict[str, Tensor]:
        """Return the rows of the weights of which only some learned."""
        words = self.learner.words
        return {} if words is None else words.rows_by_name(self.model)

    def _generality(self) -> float | None:
        if self.task.generality is None:
            return None
        return self.task.generality.measure(lambda texts: self.learner.read(texts, QUERY))

    def _finish(self, cancelled: bool) -> TuningResult:
        """Write the model that is kept, say why where that is the base, return what came out."""
        best, limit = self.state.best, self.task.generality
        floors, noise = self.state.floors, self.state.noise
        choice = chosen(self.sweep, limit, floors, noise) if self.sweep else None
        kept = self.team.leads and (self._keep(choice) or self._keep_agreed(cancelled))
        if self.team.leads and not kept and not cancelled:
            last = best is None and self.task.end is None
            self._write_model(weights_of(self.model) if last else None)
            if choice is not None and choice.alpha == 0:
                why = FORGETS if all_forget(self.sweep, limit) else NO_BETTER_INSIDE
                self.report.warning(Message(why, {"score": choice.score}))
            elif best is not None:
                text = JOINED_KEPT if self.config.answer_model else BASE_KEPT
                self.report.warning(Message(text, {"score": best.score}))
        return self._result(kept=kept, cancelled=cancelled, choice=choice)

    def _keep(self, choice: SweepPoint | None) -> bool:
        """Write the mixture chosen, or the best state; return False where that is the base.

        Raises
        ------
        TuningError
            If the best state was damaged, the disk is full or the folder gone.
        """
        best = self.state.best
        if best is None or best.step == 0 or (choice is not None and choice.alpha == 0):
            return False
        alpha = 1.0 if choice is None else choice.alpha
        self._write_model(self.store.weights_at(best.step), alpha)
        return True

    def _keep_agreed(self, cancelled: bool) -> bool:
        """Write what was learned where others agreed on the end; return False where that is base.

        A run that was stopped before keeps nothing: nobody has measured what it had by then.
        """
        end = self.task.end
        if end is None or cancelled or not (self.last_step and end.alpha):
            return False
        self._write_model(weights_of(self.model), end.alpha)
        return True

    def _write_model(self, weights: dict[str, Tensor] | None, alpha: float = 1.0) -> None:
        """Write the base model with these weights (adapters merged), or as it is, as the model.

        ``alpha`` is their share; the rest stays the base model's.

        The base is loaded afresh, so that prompts, length limit and tokenizer are exactly its own
        and nothing of the training (a shorter limit, for example) is left in the files.
        """
        rows = self._learned_rows()
        self.learner.let_go()
        self._give_back()
        model = load_model(self.task.base_folder, prompts=self.task.prompts)
        if weights is not None:
            rank = self.config.lora_rank
            adapters = add_adapters(model, rank, 0) if rank else None
            rows = {} if rank else rows
            base = {} if rank else only_rows(weights_of(model), rows)
            mix_into(model, base, only_rows(weights, rows), alpha, rows)
            if adapters is not None:
                merge_adapters(model, adapters)
            del base, weights  # of files that are mapped; writing reads all of the model's own
            self._give_back()
        text = N_(
            "The tuned model cannot be saved: {reason}. Free some disk space (it takes about "
            "{size} MB) and resume the run: what was learned is kept."
        )
        with saving(self.task.folder, text, size=max(1, round(self.weights_mb))):
            write_model(model, self.task.model)

    def _result(
        self, *, kept: bool, cancelled: bool, choice: SweepPoint | None = None
    ) -> TuningResult:
        best, count, end = self.state.best, self.team.size, self.task.end
        chosen_step = self.state.step if best is None else best.step
        name = f"{count} × {self.device.name}" if count > 1 else self.device.name
        return TuningResult(
            has_model=kept or not cancelled,
            best_step=chosen_step if kept or cancelled or (best is None and end is None) else 0,
            best_score=choice.score if choice else best.score if best else None,
            base_score=self.state.curve[0].score if best else None,
            curve=self.state.curve,
            steps=self.state.step,
            seconds=round(self.seconds, 2),
            stopped_early=not cancelled and self.state.step < self.last_step,
            cancelled=cancelled,
            labels_per_s=round(self.state.labels_per_s, 1),
            device=replace(self.device, name=name),
            query_side=self.config.by_base,
            alpha=choice.alpha if choice else end.alpha if end else 1.0,
            alpha_sweep=self.sweep,
            memory_mb=round(peak_mb(self.device.kind), 1),
            base_model=self.config.base_model,
            dataset_id=self.task.dataset.id,
            left_out=self.left_out,
            planned=self.steps,
            two_models=bool(self.config.answer_model),
        )


def _copied(weights: dict[str, Tensor], rows: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return copies of weights, of the tables that are named these rows alone."""
    return {name: value.clone() for name, value in only_rows(weights, rows).items()}
