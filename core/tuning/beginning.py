"""The beginning of a tuning run: from the newest saved state, or from the base model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.messages import N_, Message
from core.tuning.encoding import DOCUMENT, QUERY, encode, load_weights
from core.tuning.neighbourhoods import CLEARLY, NO_TEACHER
from core.tuning.outcome import NO_VALIDATION
from core.tuning.preparation import BaseScale, base_scale, confusable_answers
from core.tuning.regularisers import NeutralTexts

if TYPE_CHECKING:
    from core.tuning.run import Run


def keep_answers(run: Run) -> None:
    """Encode all answers with the base model, uncut, as a deployed index holds them."""
    run.report.progress(0.0, Message(N_("Reading the answers with the base model")))
    stop = run.report.should_stop
    run.learner.answers = run.team.tell_array(
        lambda: encode(run.model, run.dataset.answers, DOCUMENT, stop, run.device.precision)
    )


def begin_or_resume(run: Run, hard_negatives: np.ndarray | None) -> None:
    """Take over the newest saved state; without one, read the texts and check the base model."""
    found = run.keeper.newest(run.state.run_id, run.team)
    if found:
        checkpoint, run.state = found
        load_weights(run.model, checkpoint.weights())
        run.negatives = run.learner.restore(checkpoint.optimizer(), run.state.chunk, run.neutral)
        return
    run.report.progress(0.0, Message(N_("Reading the texts with the base model")))
    answers: list[np.ndarray] = []
    run.negatives = run.team.tell_array(lambda: _wrong_answers(run, hard_negatives, answers))
    run.learner.scale = BaseScale.told(run.team.tell(lambda: _scale(run).values))
    read_neutral(run)
    if run.validation.questions:
        run.check(answers[0] if answers else None)
    else:
        run.report.warning(Message(NO_VALIDATION))


def read_neutral(run: Run) -> None:
    """Keep how the base model reads the neutral sentences, where the run asks for them."""
    stop = run.report.should_stop
    if run.neutral:
        vectors = run.team.tell_array(
            lambda: encode(run.model, run.neutral, QUERY, stop, run.device.precision)
        )
        assert vectors is not None
        run.learner.neutral = NeutralTexts(run.neutral, vectors)


def _wrong_answers(
    run: Run, given: np.ndarray | None, answers: list[np.ndarray]
) -> np.ndarray | None:
    """Return those of the training questions; vectors that were needed go to ``answers``."""
    if given is not None:
        return given[run.rows]
    if not run.config.hard_negatives_per_question:
        return None
    answers.append(run.corpus_vectors())
    corpus, stop = run.validation.answer_rows, run.report.should_stop
    return confusable_answers(
        *(run.model, run.dataset, run.rows, corpus, answers[0], stop),
        precision=run.device.precision,
    )


def _scale(run: Run) -> BaseScale:
    labels, stop = run.learner.labels, run.report.should_stop
    return base_scale(
        *(run.model, run.dataset, labels, run.rows, run.negatives, run.config, stop),
        precision=run.device.precision,
    )


def doubt_experts(run: Run) -> None:
    """Leave neighbourhoods out where no expert searches clearly better than the base model.

    How alike weaker experts find answers would undo what the base model knows.
    """
    search, regimes = run.strongest_teacher, list(run.validation.questions.values())
    if run.answer_labels is None or search is None or not regimes:
        return
    base, best = run.state.curve[0].score, search(regimes, run.validation.answer_rows)
    if best <= base + CLEARLY:
        run.answer_labels = run.learner.answer_labels = None
        if run.state.step == 0:
            run.report.warning(Message(NO_TEACHER, {"experts": best, "base": base}))
