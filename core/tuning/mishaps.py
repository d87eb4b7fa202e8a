"""What can happen to a run from outside, in the user's words: a full disk, a deleted folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import TuningError


def folder_gone(run_folder: Path) -> TuningError:
    """Return the error for a run whose folder was deleted under its feet."""
    return TuningError(
        "The folder of this run ({folder}) was deleted or moved while it was running, so nothing "
        "can be kept any more. Start a new run.",
        folder=run_folder.name,
    )


def check_folder(run_folder: Path) -> None:
    """Raise TuningError if the folder of the run is gone.

    Nothing may make it anew: half a folder without a request would pass for a run.
    """
    if not run_folder.is_dir():
        raise folder_gone(run_folder)


@contextmanager
def saving_state(run_folder: Path, step: int, megabytes: int) -> Iterator[None]:
    """Say readably why the state after a step cannot be saved inside the block.

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
        raise TuningError(
            "The state after step {step} cannot be saved: {reason}. Free some disk space (a "
            "state takes about {size} MB, three are kept) and resume the run.",
            step=step,
            reason=str(error),
            size=3 * megabytes,
        ) from error


@contextmanager
def saving_model(run_folder: Path, megabytes: int) -> Iterator[None]:
    """Say readably why the tuned model cannot be saved inside the block.

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
        raise TuningError(
            "The tuned model cannot be saved: {reason}. Free some disk space (it takes about "
            "{size} MB) and resume the run: what was learned is kept.",
            reason=str(error),
            size=megabytes,
        ) from error


def best_state_damaged(step: int) -> TuningError:
    """Return the error for a best state that can no longer be read when the run ends."""
    return TuningError(
        "The best state of the run (after step {step}) was damaged or deleted on the disk. Resume "
        "the run: it goes on from the newest whole state, or from the beginning.",
        step=step,
    )
