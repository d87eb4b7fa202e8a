"""The registry on MLflow: versions, aliases and lineage arrive, twice changes nothing.

Against the file store, which mlflow-skinny brings; and against a server where ``$MLFLOW_SERVER``
names the ``mlflow`` of an environment that has all of MLflow (it pins an older pyarrow than the app
does, so it cannot be installed beside it).
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from core.errors import ExportError
from core.pilot import model_tracking
from core.pilot.model_tracking import address_of, write_to_mlflow
from core.pilot.registry import ModelRegistry
from core.types.model_registry import Lineage, ModelDecision, ModelVersion, VerdictFigure
from core.types.pilot_events import CHALLENGER, CHAMPION, PilotArm

FIGURE = VerdictFigure("known", 0.6, 0.7, 0.1, 0.05, 0.15, "better", 80)
LINEAGE = Lineage("d" * 16, "first", "l" * 16, 1, "compare-1", (FIGURE,), "c" * 16)
BASE = ModelVersion(1, PilotArm("", "base"), Lineage(code="c" * 16), "ann", "2026-01-01")
TUNED = ModelVersion(2, PilotArm("tune-1", "base"), LINEAGE, "ann", "2026-01-02")
NEXT = ModelVersion(3, PilotArm("tune-2", "base"), LINEAGE, "ben", "2026-01-03")
DECIDED = (
    ModelDecision(2, CHAMPION, "ann", "2026-01-02", "it is better"),
    ModelDecision(3, CHALLENGER, "ben", "2026-01-03", "trained anew"),
)


@contextmanager
def server(program: str, folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    store = f"sqlite:///{folder}/mlflow.db"
    command = [program, "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", store, "--artifacts-destination", str(folder / "made")]
    running = subprocess.Popen(command, cwd=folder)
    try:
        for _ in range(240):
            with suppress(OSError), urllib.request.urlopen(f"{address}/health") as answer:
                if answer.status == 200:
                    break
            time.sleep(0.5)
        yield address
    finally:
        running.terminate()
        running.wait()


@pytest.fixture(params=["files", "server"])
def address(request, tmp_path, monkeypatch):
    pytest.importorskip("mlflow", reason="requirements-mlflow.txt is not installed")
    if request.param == "files":
        monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        yield (tmp_path / "mlruns").as_uri()
        return
    program = os.environ.get("MLFLOW_SERVER")
    if not program:
        pytest.skip("MLFLOW_SERVER does not name the mlflow of another environment")
    with server(program, tmp_path) as found:
        yield found


def test_versions_aliases_and_lineage_arrive_and_twice_changes_nothing(address):
    from mlflow import MlflowClient

    name, client = "Support FAQ", MlflowClient(tracking_uri=address, registry_uri=address)
    registry = ModelRegistry((BASE, TUNED, NEXT), DECIDED)
    assert write_to_mlflow(name, registry, address) == 3
    assert write_to_mlflow(name, registry, address) == 0
    champion = client.get_model_version_by_alias(name, CHAMPION)
    assert champion.tags["search_tuner.version"] == "2"
    assert champion.tags["reason"] == "it is better" and champion.tags["decided_by"] == "ann"
    assert champion.tags["verdict.known"] == "better"
    run = client.get_run(champion.run_id).data
    assert run.params["data"] == LINEAGE.dataset_id and run.params["run"] == "tune-1"
    assert run.params["program"] == LINEAGE.code and run.params["from_version"] == "1"
    assert run.metrics["ndcg10.known.difference"] == pytest.approx(0.1)
    challenger = client.get_model_version_by_alias(name, CHALLENGER)
    assert challenger.tags["search_tuner.version"] == "3"
    # the challenger becomes champion, and somebody goes back
    promoted = (*DECIDED, ModelDecision(3, CHAMPION, "ben", "2026-01-04", "it won"))
    write_to_mlflow(name, replace(registry, decisions=promoted), address)
    moved = client.get_model_version_by_alias(name, CHAMPION)
    assert moved.tags["search_tuner.version"] == "3" and moved.tags["stage"] == CHAMPION
    assert CHALLENGER not in client.get_registered_model(name).aliases
    back = (*promoted, ModelDecision(2, CHAMPION, "cy", "2026-01-05", "customers complained"))
    assert write_to_mlflow(name, replace(registry, decisions=back), address) == 0
    assert client.get_model_version_by_alias(name, CHAMPION).tags["decided_by"] == "cy"


def test_what_is_missing_is_said(monkeypatch):
    assert address_of({}) == "" and address_of({"MLFLOW_TRACKING_URI": " http://x "}) == "http://x"
    monkeypatch.setattr(model_tracking, "find_spec", lambda _: None)
    with pytest.raises(ExportError, match=r"requirements-mlflow\.txt"):
        write_to_mlflow("x", ModelRegistry(), "http://127.0.0.1:9")
