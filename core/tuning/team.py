"""Several processes on one run, one per graphics card, started by torchrun; or one alone.

Every process has the whole model and does the same steps. Texts are dealt out, vectors and
gradients are added up, so that all hold the same weights at every moment. The first one leads: it
alone looks at the clock, asks whether to stop, measures, reports and saves; the others are told.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from core.errors import Stopped

if TYPE_CHECKING:
    from torch import Tensor

Result = TypeVar("Result")

# The others wait while the first one measures or saves, which may take long on a large corpus.
_PATIENCE = timedelta(hours=12)


@dataclass(frozen=True)
class Team:
    """The place of this process among those that do one run.

    Attributes
    ----------
    rank : int
        0 leads.
    size : int
        1 = alone: every method then does without communication.
    device : str
        ``cuda`` or ``cpu``: where vectors and gradients lie.
    """

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def leads(self) -> bool:
        """Whether this process reports and saves."""
        return self.rank == 0

    def share(self, items: Sequence[Result]) -> list[Result]:
        """Return the items that are this process's to do."""
        return list(items[self.rank :: self.size])

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over all processes."""
        if self.size == 1:
            return
        import torch.distributed as dist

        waiting = [dist.all_reduce(tensor, async_op=True) for tensor in tensors]
        for work in waiting:
            work.wait()

    def most(self, values: Sequence[int]) -> list[int]:
        """Return the greatest value of any process, one by one."""
        if self.size == 1:
            return list(values)
        import torch
        import torch.distributed as dist

        tensor = torch.tensor(list(values), dtype=torch.int64)
        dist.all_reduce(tensor, op=dist.ReduceOp.MAX)
        return [int(value) for value in tensor]

    def together(self, work: Callable[[], Result], forgiven: Callable[[Exception], bool]) -> Result:
        """Do work that succeeds in all processes or fails in all.

        Parameters
        ----------
        forgiven : callable
            Says which errors the caller handles, and therefore all must see; others end the run.
        """
        failure: Exception | None = None
        result: list[Result] = []
        try:
            result.append(work())
        except (RuntimeError, MemoryError) as error:
            if not forgiven(error):
                raise
            failure = error
        somebody = self.most([failure is not None])[0]
        if failure is not None:
            raise failure
        if somebody:
            import torch

            raise torch.OutOfMemoryError("Another process of this run is out of memory.")
        return result[0]

    def tell(self, work: Callable[[], Any]) -> Any:
        """Return what the leading process's ``work`` gives, a JSON document, in all processes.

        Raises
        ------
        Stopped
            In the others, if the work of the leading one ended with an error.
        """
        if self.size == 1:
            return work()
        if not self.leads:
            content = json.loads(self._broadcast(None).tobytes())
            if "told" not in content:
                raise Stopped
            return content["told"]
        try:
            document = work()
        except BaseException:
            self._broadcast(np.frombuffer(b"{}", np.uint8))
            raise
        encoded = json.dumps({"told": document}).encode()
        self._broadcast(np.frombuffer(encoded, np.uint8))
        return document

    def tell_array(self, work: Callable[[], np.ndarray | None]) -> np.ndarray | None:
        """Return the array that the leading process's ``work`` gives, in all processes."""
        if self.size == 1:
            return work()
        made: list[np.ndarray | None] = []

        def described() -> dict[str, Any] | None:
            made.append(work())
            array = made[0]
            return None if array is None else {"shape": array.shape, "type": str(array.dtype)}

        layout = self.tell(described)
        if layout is None:
            return None
        bytes_ = made[0] if self.leads else None
        flat = None if bytes_ is None else np.ascontiguousarray(bytes_).view(np.uint8).reshape(-1)
        return self._broadcast(flat).view(layout["type"]).reshape(layout["shape"])

    def _broadcast(self, content: np.ndarray | None) -> np.ndarray:
        """Send bytes from the leading process to all, without pickle."""
        import torch
        import torch.distributed as dist

        length = torch.tensor([0 if content is None else len(content)])
        dist.broadcast(length, 0)
        tensor = torch.empty(int(length), dtype=torch.uint8)
        if content is not None:
            tensor.copy_(torch.from_numpy(content.copy()))
        dist.broadcast(tensor, 0)
        return tensor.numpy()


ALONE = Team()


def place_in_team() -> tuple[int, int]:
    """Return rank and size that torchrun gave this process; (0, 1) without torchrun."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


def join_team(kind: str) -> Team:
    """Return the team of this process, connected to the others.

    Parameters
    ----------
    kind : str
        ``cuda``: each process takes the card of its number; ``cpu`` in tests.
    """
    rank, size = place_in_team()
    if size == 1:
        return ALONE
    import torch
    import torch.distributed as dist

    if kind == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    if not dist.is_initialized():
        # What is told goes over the processor, so that no card spins while it waits.
        backend = "cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo"
        dist.init_process_group(backend, timeout=_PATIENCE)
    return Team(rank, size, kind)


def leave_team(status: int) -> None:
    """End this process with a status, where it belongs to a team; else do nothing.

    Without the interpreter's own end: torch's threads for the connection are sometimes still there
    when their owner is destroyed (seen in one of ten runs), the process aborts although all is
    saved, and torchrun then kills the others.
    """
    import torch.distributed as dist

    if dist.is_available() and dist.is_initialized():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def team_command(size: int, program: Sequence[str]) -> list[str]:
    """Return the command that runs a Python program in ``size`` processes on this host.

    Parameters
    ----------
    program : sequence of str
        A script, or ``-m`` and a module, with arguments.
    """
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return [*torchrun, "--nproc-per-node", str(size), "--max-restarts", "0", *program]
