"""Measure the endpoint beside a plain one: FastAPI and SentenceTransformer.encode, as tutorials do.

Run ``python benchmarks/serve.py [--seconds 8] [--rounds 2]``. Both serve all-MiniLM-L6-v2 on this
machine, each in a process of its own and by turns, to the same small client (asyncio, keep-alive, a
third process): questions of the sample data, one a request, 32 clients that ask again as soon as
they have an answer; then at a steady rate of half of what the plain server managed. Vectors of both
are compared. Processor time per request is that of the server's process: where others use the
machine, requests a second depend on how many threads fight for the processors, and it does not.
Before that, 25 people search on the shared page at once, through the step that every browser's
search takes (model, masking, event in the records), 8 searches each without a pause; the pages
themselves are not drawn. Prints a table; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np
import psutil
from pydantic import BaseModel

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from core.journey.projects import Project, Workspace  # noqa: E402

CLIENTS, MODEL = 32, "all-MiniLM-L6-v2"


class Asked(BaseModel):
    """Body of a request to the plain server."""

    input: str | list[str]


def plain_server(port: int) -> None:
    """Serve as most people would begin."""
    import uvicorn
    from fastapi import FastAPI
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(os.environ["BENCHMARK_MODEL"], device="cpu")
    app = FastAPI()

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/embeddings")
    def embeddings(asked: Asked) -> dict[str, object]:
        texts = [asked.input] if isinstance(asked.input, str) else asked.input
        vectors = model.encode(texts, normalize_embeddings=True)
        data = [{"index": i, "embedding": v.tolist()} for i, v in enumerate(vectors)]
        return {"data": data}

    uvicorn.run(app, port=port, log_level="error", access_log=False)


async def _ask(
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], body: bytes
) -> tuple[int, bytes]:
    reader, writer = streams
    head = (
        "POST /v1/embeddings HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    told = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in told.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    )
    return int(told.split()[1]), await reader.readexactly(length)


async def _load(port: int, bodies: list[bytes], seconds: float, rate: float) -> dict[str, object]:
    """Return latencies (ms) and errors; ``rate`` 0 = as fast as 32 clients can."""
    times: list[float] = []
    errors = 0
    pool: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(CLIENTS):
        pool.put_nowait(await asyncio.open_connection("127.0.0.1", port))

    async def one(number: int, began: float) -> None:
        nonlocal errors
        streams = await pool.get()
        status, _ = await _ask(streams, bodies[number % len(bodies)])
        pool.put_nowait(streams)
        errors += status != 200
        times.append(1000 * (time.perf_counter() - began))

    start = time.perf_counter()
    if rate:
        tasks = []
        for number in range(int(rate * seconds)):
            due = start + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(one(number, due)))
        await asyncio.gather(*tasks)
    else:

        async def client(first: int) -> None:
            number = first
            while time.perf_counter() - start < seconds:
                await one(number, time.perf_counter())
                number += CLIENTS

        await asyncio.gather(*(client(first) for first in range(CLIENTS)))
    took = time.perf_counter() - start
    return {"per_second": len(times) / took, "times": times, "errors": errors}


def load(port: int, texts: list[str], seconds: float, rate: float = 0.0) -> dict[str, float]:
    """Drive a server from a process of its own."""
    asked = json.dumps([port, texts, seconds, rate])
    done = subprocess.run(
        [sys.executable, __file__, "--load", asked], capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


def _drive(asked: str) -> None:
    port, texts, seconds, rate = json.loads(asked)
    bodies = [json.dumps({"input": text, "model": f"{MODEL}-query"}).encode() for text in texts]
    warm = asyncio.run(_load(port, bodies, 1.5, 0.0))
    found = asyncio.run(_load(port, bodies, seconds, rate))
    p50, p95 = np.percentile(np.array(found["times"]), [50, 95])
    asked_in_all = len(found["times"]) + len(warm["times"])  # type: ignore[arg-type]
    told = {"per_second": found["per_second"], "p50": p50, "p95": p95, "errors": found["errors"]}
    told["asked"] = asked_in_all
    sys.stdout.write(json.dumps({k: float(v) for k, v in told.items()}))


def _processor_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _started(command: list[str], port: int, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    end = time.monotonic() + 180
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                return process
        except OSError:
            time.sleep(0.3)
    process.kill()
    raise SystemExit("the server did not start")


def vectors_of(port: int, texts: list[str]) -> np.ndarray:
    """Return what a server makes of texts, one request each."""

    async def asked() -> list[list[float]]:
        streams = await asyncio.open_connection("127.0.0.1", port)
        found = []
        for text in texts:
            body = json.dumps({"input": text, "model": f"{MODEL}-query"}).encode()
            found.append(json.loads((await _ask(streams, body))[1])["data"][0]["embedding"])
        return found

    return np.array(asyncio.run(asked()), np.float32)


def people_searching(
    workspace: Workspace, project: Project, texts: list[str], people: int = 25, each: int = 8
) -> dict[str, float]:
    """Return milliseconds of a search and what failed or was lost, of people who search at once."""
    from core.journey.pilot import searching
    from core.types.pilot_events import PilotArm

    plan = searching.start_page(project, "benchmark", champion=PilotArm("", MODEL))
    live = searching.open_search(workspace, plan)
    times: list[float] = []
    failed: list[Exception] = []
    ready = threading.Barrier(people)

    def person(number: int) -> None:
        own = Workspace.open(workspace.layout.root).project(project.id)
        ready.wait()
        for turn in range(each):
            text, began = texts[(number * each + turn) % len(texts)], time.perf_counter()
            try:
                searching.search(own, plan, live, text, f"v{number}", f"{number}-{turn}")
            except Exception as error:
                failed.append(error)
            else:
                times.append(1000 * (time.perf_counter() - began))

    threads = [threading.Thread(target=person, args=(number,)) for number in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = searching.page_counts(project, plan).searches
    p50, p95 = np.percentile(times, [50, 95])
    lost = people * each - len(failed) - kept
    return {"p50": float(p50), "p95": float(p95), "failed": len(failed), "lost": float(lost)}


def main() -> None:
    """Measure both by turns and print the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=8.0)
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--plain", type=int, default=0, help=argparse.SUPPRESS)
    options.add_argument("--load", default="", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.plain:
        plain_server(chosen.plain)
        return
    if chosen.load:
        _drive(chosen.load)
        return
    from core.experts.catalogue import find_entry
    from core.journey.projects import create_sample_project

    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.open(Path(folder) / "workspace")
        project = create_sample_project(workspace, "en", "Served", "benchmark")
        texts = list(project.load_dataset().questions[:400])
        searched = people_searching(workspace, project, texts)
        print("25 people at once: {p50:.0f} ms, 95 % {p95:.0f} ms".format(**searched), flush=True)
        model = str(find_entry(MODEL).folder(workspace.models))
        ports = {"plain": _free_port(), "served": _free_port()}
        python = [sys.executable]
        commands = {
            "plain": [*python, __file__, "--plain", str(ports["plain"])],
            "served": [
                *(*python, "-m", "core", "serve", project.id, "--port", str(ports["served"])),
                *("--workspace", str(workspace.layout.root)),
            ],
        }
        servers = {
            name: _started(commands[name], ports[name], {"BENCHMARK_MODEL": model})
            for name in commands
        }
        try:
            some = texts[:64]
            both = [vectors_of(ports[name], some) for name in ("plain", "served")]
            difference = float(np.abs(both[0] - both[1]).max())
            full: dict[str, list[dict[str, float]]] = {"plain": [], "served": []}
            half: dict[str, list[dict[str, float]]] = {"plain": [], "served": []}
            for _ in range(chosen.rounds):
                for name in ("plain", "served"):
                    before = _processor_seconds(servers[name].pid)
                    full[name].append(load(ports[name], texts, chosen.seconds))
                    used = _processor_seconds(servers[name].pid) - before
                    full[name][-1]["cpu"] = 1000 * used / full[name][-1]["asked"]
                rate = full["plain"][-1]["per_second"] / 2
                for name in ("plain", "served"):
                    half[name].append(load(ports[name], texts, chosen.seconds, rate))
        finally:
            for process in servers.values():
                process.terminate()
                process.wait(20)

    def middle(rounds: list[dict[str, float]], key: str) -> float:
        return float(np.median([one[key] for one in rounds]))

    rows = [("", "requests/s", "p50 ms", "p95 ms", "p95 ms at half load", "CPU ms each", "errors")]
    for name in ("plain", "served"):
        errors = sum(one["errors"] for one in (*full[name], *half[name]))
        rows.append(
            (
                name,
                f"{middle(full[name], 'per_second'):.0f}",
                f"{middle(full[name], 'p50'):.0f}",
                f"{middle(full[name], 'p95'):.0f}",
                f"{middle(half[name], 'p95'):.0f}",
                f"{middle(full[name], 'cpu'):.1f}",
                f"{errors:.0f}",
            )
        )
    for row in rows:
        print("  ".join(cell.rjust(20) for cell in row))
    gain = middle(full["served"], "per_second") / middle(full["plain"], "per_second")
    told = {
        "clients": CLIENTS,
        "plain_per_second": round(middle(full["plain"], "per_second"), 1),
        "served_per_second": round(middle(full["served"], "per_second"), 1),
        "throughput_times": round(gain, 2),
        "plain_p95_ms_half_load": round(middle(half["plain"], "p95"), 1),
        "served_p95_ms_half_load": round(middle(half["served"], "p95"), 1),
        "plain_cpu_ms_each": round(middle(full["plain"], "cpu"), 2),
        "served_cpu_ms_each": round(middle(full["served"], "cpu"), 2),
        "searchers_p50_ms": round(searched["p50"]),
        "searchers_p95_ms": round(searched["p95"]),
        "searchers_failed": int(searched["failed"]),
        "searchers_lost": int(searched["lost"]),
        "largest_difference": float(f"{difference:.2g}"),
        "errors": int(
            sum(one["errors"] for runs in (full, half) for r in runs.values() for one in r)
        ),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
