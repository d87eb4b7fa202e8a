"""The end of a tuning run: which model is kept, and what is said of it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import TuningError
from core.messages import Message
from core.tuning.checkpoints import CurvePoint
from core.tuning.device import DeviceInfo
from core.tuning.encoding import weights_of
from core.tuning.mixing import Mixing
from core.tuning.outcome import BASE_KEPT, FORGETS, NO_BETTER_INSIDE, TuningOutcome
from core.tuning.sweep import SweepPoint, all_forget, chosen

if TYPE_CHECKING:
    from core.tuning.run import Run


def rescue(run: Run) -> None:
    """Keep the best state of a run that is about to fail, where there is one."""
    if run.team.leads:
        with contextlib.suppress(TuningError, OSError):  # the disk may be the reason
            if run.keeper.keep_best(run.state):
                run.rescued(replace(_outcome(run, kept=True, cancelled=True), failed=True))


def mix(run: Run) -> None:
    """Measure mixtures of the base model with the best state, where that is wanted."""
    best, wanted = run.state.best, run.config.interpolation != "off"
    if run.team.leads and wanted and best is not None and best.step:
        run.sweep = _mixing(run).sweep(run.state.curve[0], best)


def _mixing(run: Run) -> Mixing:
    def measured() -> CurvePoint:
        stop, answers = run.report.should_stop, run.corpus_vectors()
        return run.validation.check(run.model, run.evaluate, run.state.step, stop, answers)

    return Mixing(
        *(run.model, run.keeper, measured, run.generality, run.report),
        precision=run.device.precision,
    )


def _keep(run: Run, choice: SweepPoint | None) -> bool:
    """Write the model that is wanted; return False where it is the base."""
    if choice is None or choice.alpha == 1 or run.state.best is None:
        return run.keeper.keep_best(run.state)
    return _mixing(run).keep(run.state.best, choice.alpha)


def finish(run: Run, cancelled: bool) -> TuningOutcome:
    """Write the model that is kept, say why where that is the base, and return what came out."""
    best = run.state.best
    choice = chosen(run.sweep, run.generality) if run.sweep else None
    kept = run.team.leads and _keep(run, choice)
    if run.team.leads and not kept and not cancelled:
        run.keeper.keep(weights_of(run.model) if best is None else None)
        if choice is not None and choice.alpha == 0:
            why = FORGETS if all_forget(run.sweep, run.generality) else NO_BETTER_INSIDE
            run.report.warning(Message(why, {"score": choice.score}))
        elif best is not None:
            run.report.warning(Message(BASE_KEPT, {"score": best.score}))
    return _outcome(run, kept=kept, cancelled=cancelled, choice=choice)


def _outcome(
    run: Run, *, kept: bool, cancelled: bool, choice: SweepPoint | None = None
) -> TuningOutcome:
    best = run.state.best
    return TuningOutcome(
        model_folder=run.folders.model if kept or not cancelled else None,
        best_step=run.state.step if best is None else best.step if kept or cancelled else 0,
        best_score=choice.score if choice else best.score if best else None,
        base_score=run.state.curve[0].score if best else None,
        curve=run.state.curve,
        steps=run.state.step,
        seconds=run.seconds,
        stopped_early=not cancelled and run.state.step < run.steps,
        cancelled=cancelled,
        labels_per_s=run.state.labels_per_s,
        device=_whole_device(run),
        query_side=run.config.query_side,
        alpha=choice.alpha if choice else 1.0,
        alpha_sweep=run.sweep,
    )


def _whole_device(run: Run) -> DeviceInfo:
    """Return the device in the words of a result: all cards of a team."""
    count = run.team.size
    name = f"{count} × {run.device.name}" if count > 1 else run.device.name
    return replace(run.device, name=name)
