"""A real Ray cluster on this machine, as small as it can be, for tests."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil

TOKEN = "a-token-of-the-tests-" + "0" * 43


@dataclass
class RayHere:
    """A running cluster of one machine with two cores.

    Attributes
    ----------
    address : str
        Where jobs are handed over.
    gcs : str
        Where programs join.
    """

    address: str
    gcs: str
    process: subprocess.Popen[bytes]

    @property
    def variables(self) -> dict[str, str]:
        """What an app's environment has to say."""
        return {
            "RAY_JOBS_ADDRESS": self.address,
            "RAY_JOBS_CPUS": "1",
            "RAY_AUTH_TOKEN": TOKEN,
            "RAY_AUTH_MODE": "token",
        }

    def kill(self) -> None:
        """End the cluster at once, with all that it had started."""
        try:
            family = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()

    def submit(self, entrypoint: str, cpus: int, name: str) -> None:
        """Hand over a job of somebody else and wait until it runs."""
        job = {"entrypoint": entrypoint, "entrypoint_num_cpus": cpus, "submission_id": name}
        self._ask("POST", "/api/jobs/", job)
        while self._ask("GET", f"/api/jobs/{name}")["status"] == "PENDING":
            time.sleep(0.2)

    def stop(self, name: str) -> None:
        """End a job of somebody else."""
        self._ask("POST", f"/api/jobs/{name}/stop")

    def _ask(self, method: str, path: str, document: object = None) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = httpx2.request(
            method, f"{self.address}{path}", json=document, headers=headers, timeout=30
        )
        return answer.raise_for_status().json()


@contextmanager
def ray_here(cpus: int = 2, extra: Mapping[str, str] | None = None) -> Iterator[RayHere]:
    """Start a cluster in processes of its own and end it, whatever happens.

    Parameters
    ----------
    extra : mapping
        What the environment of its jobs holds besides.
    """
    with ExitStack() as stack:
        # Short, because the names of sockets may have 107 characters.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ray", dir="/tmp")))
        sockets = [stack.enter_context(socket.socket()) for _ in range(4)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        ports = [one.getsockname()[1] for one in sockets]
        for one in sockets:
            one.close()
        command = [
            *(str(Path(sys.executable).with_name("ray")), "start", "--head", "--block"),
            *("--node-ip-address=127.0.0.1", f"--port={ports[0]}"),
            *("--dashboard-host=127.0.0.1", f"--dashboard-port={ports[1]}"),
            f"--dashboard-agent-listen-port={ports[2]}",
            f"--ray-client-server-port={ports[3]}",
            *(f"--num-cpus={cpus}", "--num-gpus=0", "--object-store-memory=80000000"),
            *("--include-log-monitor=false", "--disable-usage-stats", f"--temp-dir={folder}"),
        ]
        unwanted = {"DATABASE_URL", "RAY_ADDRESS"}
        environment = {k: v for k, v in os.environ.items() if k not in unwanted}
        environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN, **(extra or {})}
        log = stack.enter_context((folder / "start.log").open("wb"))
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        here = RayHere(f"http://127.0.0.1:{ports[1]}", f"127.0.0.1:{ports[0]}", process)
        stack.callback(here.kill) if process.poll() is None else None
        end = time.monotonic() + 120
        while not _answers(here):
            said = (folder / "start.log").read_text(errors="replace")
            assert process.poll() is None and time.monotonic() < end, said
            time.sleep(0.5)
        yield here


def _answers(here: RayHere) -> bool:
    """Return True once jobs can be handed over: the agent of the machine does that."""
    try:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        found = httpx2.get(f"{here.address}/api/cluster_status", headers=headers, timeout=5)
        jobs = httpx2.get(f"{here.address}/api/jobs/", headers=headers, timeout=5)
        usage = found.json()["data"]["clusterStatus"]["loadMetricsReport"]["usageByNode"]
        return jobs.is_success and bool(usage)
    except (httpx2.HTTPError, KeyError, TypeError, ValueError):
        return False
