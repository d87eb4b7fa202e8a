"""The queue for a device: who waits, in which order, and whose turn it is. No server process.

    <workspace>/queue/
      <run id>.json     ticket of a living worker, written by nobody else
      order.json        the order that people chose; runs that are not in it follow by launch
      device-<name>.lock    held by a worker for as long as it computes on that device

Whatever is torn or left behind here costs at most the chosen order: a ticket counts only while its
run's lock is held, a worker writes its ticket again where it is missing, and the locks end with the
processes that hold them. Where the whole folder is deleted, the next run does not wait any more.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from core.errors import FolderGone, JobError, Stopped, WorkspaceError
from core.jobs.folder import RunFolder
from core.workspace.files import read_json, write_json


def _no_environment(_slots: Sequence[str]) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Need:
    """What a job needs before it may start.

    Attributes
    ----------
    slots : tuple of str
        Names of devices, any of which will do; the first free one is taken.
    count : int
        How many of them it computes on at once.
    environment : callable
        From the slots that were got to what the worker's environment has to say then.
    """

    slots: tuple[str, ...]
    count: int = 1
    environment: Callable[[Sequence[str]], Mapping[str, str]] = _no_environment


@dataclass(frozen=True)
class Ticket:
    """One living worker in the queue.

    Attributes
    ----------
    run : str
        Run id.
    joined : str
        ISO time at which the run was launched, or resumed: earlier ones come first.
    slots : tuple of str
        Devices that it could take.
    taken : tuple of str
        Devices that it computes on; empty while it waits.
    """

    run: str
    joined: str
    slots: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name in the chosen order: a resumed run is a new one there."""
        return f"{self.run}@{self.joined}"

    @property
    def waits(self) -> bool:
        """Whether its turn has yet to come."""
        return not self.taken


def _read_ticket(file: Path) -> Ticket | None:
    """Return the ticket in a file, None where it is missing or damaged."""
    try:
        told = json.loads(file.read_bytes())
        slots, taken = (tuple(str(slot) for slot in told[name]) for name in ("slots", "taken"))
        return Ticket(file.stem, str(told["joined"]), slots, taken)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


log = logging.getLogger(__name__)

FIRST, UP, DOWN = "first", "up", "down"
_MOVES: Mapping[str, Callable[[int], int]] = {
    FIRST: lambda _: 0,
    UP: lambda place: place - 1,
    DOWN: lambda place: place + 1,
}


@dataclass(frozen=True)
class Queue:
    """The queue of one workspace.

    Attributes
    ----------
    folder : Path
        ``<workspace>/queue``; made when somebody first waits.
    runs : Path
        Where the run folders lie.
    """

    folder: Path
    runs: Path

    @classmethod
    def of(cls, run: RunFolder) -> Queue:
        """Return the queue of the workspace that a run folder lies in."""
        runs = run.root.resolve().parent
        return cls(runs.parent / "queue", runs)

    def tickets(self) -> list[Ticket]:
        """Return the living: those who compute, then those who wait in the order of their turns."""
        found = [self._read(file) for file in self.folder.glob("*.json") if file != self._order]
        alive = [ticket for ticket in found if ticket is not None]
        chosen = {key: place for place, key in enumerate(self._chosen_order())}
        last = len(chosen)
        return sorted(alive, key=lambda t: (t.waits, chosen.get(t.key, last), t.joined, t.run))

    def run_of(self, ticket: Ticket) -> RunFolder:
        """Return the run folder of a ticket."""
        return RunFolder(self.runs / ticket.run)

    def move(self, run_id: str, to: str) -> None:
        """Give a waiting run another place; does nothing where its turn has come meanwhile.

        Parameters
        ----------
        to : str
            ``first``, ``up`` or ``down``.

        Raises
        ------
        JobError
            If the order cannot be written.
        """
        from filelock import FileLock, Timeout

        try:
            with FileLock(self.folder / "order.lock", timeout=2):
                waiting = [ticket for ticket in self.tickets() if ticket.waits]
                place = next((i for i, t in enumerate(waiting) if t.run == run_id), None)
                if place is None:
                    return
                moved = waiting.pop(place)
                waiting.insert(max(0, _MOVES[to](place)), moved)
                write_json(self._order, {"order": [ticket.key for ticket in waiting]})
        except (OSError, Timeout) as error:
            raise JobError(
                "The order of the queue cannot be changed: {reason}. Check the disk space and the "
                "rights of the workspace folder, then try again.",
                reason=getattr(error, "strerror", None) or str(error),
            ) from error

    @contextmanager
    def turn(
        self,
        run: RunFolder,
        joined: str,
        need: Need,
        *,
        should_stop: Callable[[], bool],
        waiting: Callable[[], None],
        sleep: Callable[[float], None] = time.sleep,
        every: float = 0.5,
    ) -> Iterator[tuple[str, ...]]:
        """Wait until it is this run's turn; hold its devices for as long as the context lasts.

        Parameters
        ----------
        run : RunFolder
            Its lock is held by the caller: that is what makes the ticket count.
        waiting : callable
            Called once, when the run has to wait.
        every : float in seconds
            Time between two looks.

        Yields
        ------
        tuple of str
            The slots got.

        Raises
        ------
        Stopped
            If ``should_stop`` says so before the turn came.
        """
        ticket, told = Ticket(run.root.resolve().name, joined, need.slots), False
        try:
            while True:
                if should_stop():
                    raise Stopped
                self._put(ticket)
                with ExitStack() as held:
                    taken = self._take(ticket, need.count, held)
                    if taken:
                        ticket = replace(ticket, taken=taken)
                        self._put(ticket)
                        yield taken
                        return
                if not told:
                    waiting()
                    told = True
                sleep(every)
        finally:
            self._file(ticket.run).unlink(missing_ok=True)

    def _take(self, ticket: Ticket, count: int, held: ExitStack) -> tuple[str, ...]:
        """Lock ``count`` free slots that nobody before this one waits for, or none at all."""
        from filelock import FileLock, Timeout

        ahead: set[str] = set()
        for other in self.tickets():
            if other.run == ticket.run:
                break
            ahead |= set(other.slots) if other.waits else set(other.taken)
        taken: list[str] = []
        for slot in ticket.slots:
            if slot in ahead or len(taken) == count:
                continue
            try:
                held.enter_context(FileLock(self._lock(slot), timeout=0))
            except Timeout:
                continue
            taken.append(slot)
        if len(taken) < min(count, len(ticket.slots)):
            held.close()  # half of what is needed, held, could block somebody for ever
            return ()
        return tuple(taken)

    def _put(self, ticket: Ticket) -> None:
        """Write the ticket where it is not there as it should be."""
        file = self._file(ticket.run)
        try:
            if _read_ticket(file) != ticket:
                self.folder.mkdir(exist_ok=True)  # no parents: never a deleted workspace again
                write_json(file, asdict(ticket))
        except FileNotFoundError as error:
            raise FolderGone(str(self.folder.parent)) from error
        except OSError as error:
            # Not seen by the others, and so without a place, but it will still get its turn.
            log.warning("the ticket cannot be written: %s", error)

    def _read(self, file: Path) -> Ticket | None:
        """Return the ticket of a living worker; remove one that was left behind."""
        from filelock import FileLock, Timeout

        ticket = _read_ticket(file)
        run = self.run_of(ticket or Ticket(file.stem, "~"))
        try:
            if run.lock.exists():
                # Held while the ticket goes, so that no worker starts and writes a new one.
                with FileLock(run.lock, timeout=0):
                    file.unlink(missing_ok=True)
            else:
                file.unlink(missing_ok=True)
        except Timeout:
            # A damaged one counts, but for no device: its owner writes it again at once.
            return ticket or Ticket(file.stem, "~")
        except OSError:
            pass
        return None

    def _chosen_order(self) -> list[str]:
        try:
            order = read_json(self._order).get("order")
        except WorkspaceError:
            return []  # nobody chose one, or it is damaged: then they go by launch
        return [str(key) for key in order] if isinstance(order, list) else []

    @property
    def _order(self) -> Path:
        return self.folder / "order.json"

    def _file(self, run_id: str) -> Path:
        return self.folder / f"{run_id}.json"

    def _lock(self, slot: str) -> Path:
        return self.folder / f"device-{re.sub(r'[^A-Za-z0-9._@-]', '_', slot)}.lock"
