"""The saved states of a run, from which it goes on after a kill exactly where it was.

What can happen to them from outside, a full disk or a deleted folder, is said in the user's words.

    checkpoints/
      step-000012/
        model.safetensors       weights
        optimizer.safetensors   Adam's moments by weight name, and the mined wrong answers
        state.json              everything else, with the sha256 of the two files

Random generators need no state: dropout is seeded from (seed, step), batches from (seed, epoch),
and the learning rate is a function of the step.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from core.documents import from_json
from core.errors import TuningError, WorkspaceError
from core.hashing import file_sha256
from core.messages import N_
from core.tuning.student import flush, weights_of, whole_folder
from core.tuning.team import Team
from core.types.tuning import CurvePoint, SweepPoint

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

MODEL, OPTIMIZER, STATE = "model.safetensors", "optimizer.safetensors", "state.json"


def above(floors: Mapping[str, float], regimes: Mapping[str, float]) -> bool:
    """Return True if no regime lies below its floor."""
    return all(regimes.get(regime, floor) >= floor for regime, floor in floors.items())


Scored = TypeVar("Scored", CurvePoint, SweepPoint)


def near(points: Sequence[Scored], highest: Scored, base: float, noise: float) -> list[Scored]:
    """Return, in their order, the highest point and those that differ from it by chance alone.

    The highest of many means of few questions is luck.

    Parameters
    ----------
    base : float
        Score of the base model; a point that is not above it is not as good as one that is.
    noise : float
        A score this much lower says nothing.
    """
    least = max(highest.score - noise, base)
    return [point for point in points if point == highest or point.score > least]


@dataclass(frozen=True)
class RunState:
    """Where a run is.

    Attributes
    ----------
    run_id : str
        Hash of settings, data, labels and base model: a state of another run is never taken.
    step : int
        Steps done.
    chunk : int
        Texts whose activations are kept at a time (smaller than in the settings once memory did
        not suffice); 0 = all of a step.
    most_tokens : int
        Most tokens of a chunk where memory was short when the run began; 0 = any.
    curve : tuple of CurvePoint
    labels : int
        Grid cells learned from so far.
    learning_seconds, seconds : float
        Spent in steps; spent in all, evaluations and checkpoints included.
    files : mapping of file name to sha256
    floors : mapping of regime to float
        What each regime must reach for a state to be the best one; empty = the mean decides alone.
    noise : float
        A mean this much lower says nothing: the state that has learned longer is taken.
    base_asked : float or None
        How the base model searches for those validation questions that somebody asked; None where
        no others count, and the first point of the curve says it.
    """

    run_id: str
    step: int = 0
    chunk: int = 0
    most_tokens: int = 0
    curve: tuple[CurvePoint, ...] = ()
    labels: int = 0
    learning_seconds: float = 0.0
    seconds: float = 0.0
    files: dict[str, str] = field(default_factory=dict)
    floors: dict[str, float] = field(default_factory=dict)
    noise: float = 0.0
    base_asked: float | None = None

    @property
    def best(self) -> CurvePoint | None:
        """The best point of the curve, the latest of those :func:`near` it; None before a check.

        The mean over regimes alone would choose a state that wins on known answers what it loses
        on unseen ones.
        """
        fit = [point for point in self.curve if above(self.floors, point.regimes)]
        highest = max(fit, key=lambda point: (point.score, -point.step), default=None)
        if highest is None:
            return None
        return near(fit, highest, self.curve[0].score, self.noise)[-1]

    @property
    def labels_per_s(self) -> float:
        """Grid cells learned from per second of learning."""
        return self.labels / max(self.learning_seconds, 1e-9)

    @property
    def checks_without_gain(self) -> int:
        """How many checks there were after the best one."""
        best = self.best
        return 0 if best is None else sum(point.step > best.step for point in self.curve)


@dataclass(frozen=True)
class Checkpoint:
    """One saved state: a folder layout."""

    folder: Path

    @property
    def step(self) -> int:
        """Steps done when it was written."""
        return int(self.folder.name.removeprefix("step-"))

    def state(self) -> RunState | None:
        """Return the state, None where the folder is incomplete, damaged or cut short."""
        try:
            state = from_json(RunState, json.loads((self.folder / STATE).read_text("utf-8")))
            whole = all(file_sha256(self.folder / n) == state.files[n] for n in (MODEL, OPTIMIZER))
        except (OSError, ValueError, KeyError, TypeError, WorkspaceError):
            return None
        return state if whole and state.step == self.step else None

    def weights(self) -> dict[str, Tensor]:
        """Return the model's weights by name."""
        from safetensors.torch import load_file

        return load_file(self.folder / MODEL)

    def optimizer(self) -> dict[str, Tensor]:
        """Return the optimizer's tensors by name."""
        from safetensors.torch import load_file

        return load_file(self.folder / OPTIMIZER)


@dataclass(frozen=True)
class CheckpointStore:
    """The folder, inside the run folder, that holds the saved states of one run."""

    folder: Path

    def all(self) -> list[Checkpoint]:
        """Return what is there, newest first, valid or not."""
        # Digits only: "step-000004 (copy)" is somebody's copy, made by hand.
        paths = (path for path in self.folder.glob("step-*") if path.name[5:].isdecimal())
        checkpoints = (Checkpoint(path) for path in paths if path.is_dir())
        return sorted(checkpoints, key=lambda checkpoint: -checkpoint.step)

    def at(self, step: int) -> Checkpoint:
        """Return the place of the state after ``step`` steps."""
        return Checkpoint(self.folder / f"step-{step:06d}")

    def newest(self, run_id: str) -> tuple[Checkpoint, RunState] | None:
        """Return the newest whole state of this run whose best state is whole, too."""
        whole: dict[int, tuple[Checkpoint, RunState]] = {}
        for checkpoint in self.all():
            state = checkpoint.state()
            if state is not None and state.run_id == run_id:
                whole[checkpoint.step] = checkpoint, state
        for checkpoint, state in whole.values():
            if state.best is None or state.best.step == 0 or state.best.step in whole:
                return checkpoint, state
        return None

    def resume_point(self, run_id: str, team: Team) -> tuple[Checkpoint, RunState] | None:
        """Return the state to go on from; drop what cannot be gone on from.

        The leading process of a team looks and drops; the others take the same state.
        """

        def place() -> int | None:
            newest = self.newest(run_id)
            if newest is None:
                self.clear()
                return None
            self.drop_after(newest[0].step)
            return newest[0].step

        step = team.tell(place)
        return None if step is None else self._whole(step)

    def weights_at(self, step: int) -> dict[str, Tensor]:
        """Return the weights of a saved state; raises TuningError if it was damaged or is gone."""
        return self._whole(step)[0].weights()

    def _whole(self, step: int) -> tuple[Checkpoint, RunState]:
        checkpoint = self.at(step)
        state = checkpoint.state()
        if state is None:
            check_folder(self.folder.parent)
            raise TuningError(
                "The best state of the run (after step {step}) was damaged or deleted on the disk. "
                "Resume the run: it goes on from the newest whole state, or from the beginning.",
                step=step,
            )
        return checkpoint, state

    def save(
        self, state: RunState, model: SentenceTransformer, optimizer: dict[str, Tensor]
    ) -> None:
        """Save a state; raises TuningError if the disk is full or the folder gone."""
        weights = weights_of(model)
        size = max(1, round(sum(t.numel() * t.element_size() for t in weights.values()) / 1e6))
        text = N_(
            "The state after step {step} cannot be saved: {reason}. Free some disk space (a "
            "state takes about {size} MB, three are kept) and resume the run."
        )
        with saving(self.folder.parent, text, step=state.step, size=3 * size):
            self.write(state, weights, optimizer)

    def write(
        self, state: RunState, weights: dict[str, Tensor], optimizer: dict[str, Tensor]
    ) -> Checkpoint:
        """Save a state, all of it or nothing; then drop all but the newest two and the best.

        The folder above must be there: a deleted run folder is not made anew.
        """
        from safetensors.torch import save_file

        checkpoint = self.at(state.step)
        self.folder.mkdir(exist_ok=True)
        with whole_folder(self.folder / f"writing-{state.step:06d}") as half:
            save_file(weights, half / MODEL)
            save_file(optimizer, half / OPTIMIZER)
            files = {name: file_sha256(half / name) for name in (MODEL, OPTIMIZER)}
            document = dataclasses.asdict(dataclasses.replace(state, files=files))
            (half / STATE).write_text(json.dumps(document, indent=1), encoding="utf-8")
        shutil.rmtree(checkpoint.folder, ignore_errors=True)
        half.rename(checkpoint.folder)
        flush(self.folder)
        self._prune(state)
        return checkpoint

    def _prune(self, state: RunState) -> None:
        kept = {checkpoint.step for checkpoint in self.all()[:2]}
        kept |= {state.best.step} if state.best else set()
        for checkpoint in self.all():
            if checkpoint.step not in kept:
                shutil.rmtree(checkpoint.folder, ignore_errors=True)
        for leftover in self.folder.glob("writing-*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def drop_after(self, step: int) -> None:
        """Drop states after ``step``: damaged ones, which must not count as the newest."""
        for checkpoint in self.all():
            if checkpoint.step > step:
                shutil.rmtree(checkpoint.folder, ignore_errors=True)

    def clear(self) -> None:
        """Drop all states: the run is over."""
        shutil.rmtree(self.folder, ignore_errors=True)


def check_folder(run_folder: Path) -> None:
    """Raise TuningError if the folder of the run is gone.

    Nothing may make it anew: half a folder without a request would pass for a run.
    """
    if not run_folder.is_dir():
        raise TuningError(
            "The folder of this run ({folder}) was deleted or moved while it was running, so "
            "nothing can be kept any more. Start a new run.",
            folder=run_folder.name,
        )


@contextmanager
def saving(run_folder: Path, text: str, **values: int) -> Iterator[None]:
    """Say readably why something cannot be saved inside the block.

    Parameters
    ----------
    text : str
        Message id with the fields ``reason`` and those of ``values``.

    Raises
    ------
    TuningError
        If the folder of the run is gone, or writing into it fails.
    """
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, SafetensorError) as error:
        check_folder(run_folder)
        raise TuningError(text, reason=str(error), **values) from error
