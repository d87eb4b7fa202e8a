"""A project's search as an endpoint: which model, how it is run, where it listens."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.documents import from_json, to_json
from core.errors import AppError, DataError
from core.experts.catalogue import find_entry
from core.jobs.folder import RunFolder
from core.journey.compare_systems import is_query_side
from core.journey.pilot.searching import arm_in_use, arm_title
from core.pilot.batching import MicroBatcher
from core.pilot.endpoint import LEAST_KEY, Endpoint, endpoint_app as endpoint_app
from core.tuning.device import usable_cores
from core.types.access import is_loopback
from core.types.expert_entry import DOCUMENT, QUERY
from core.types.exporting import TokenRules
from core.workspace.files import read_json, write_json
from core.workspace.workspace import Project, Workspace

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

KEY_VARIABLE = "SERVE_KEY"
AUTO, TORCH, ONNX = "auto", "torch", "onnx"
RUNTIMES = (AUTO, TORCH, ONNX)
CLOSE_ENOUGH = 1e-3  # of any number of a vector, between two ways to run one model
_TRIED = 32  # questions on which the two are timed
_ROUNDS = 5

Encode = Callable[[Sequence[str], str], np.ndarray]  # (texts, role) -> unit vectors


@dataclass(frozen=True)
class ServedModel:
    """A model as it is run here.

    Attributes
    ----------
    encode : callable
        (texts, ``query`` or ``document``) → float32 array [n, d], unit vectors.
    runtime : str
        ``torch`` or ``onnx``.
    milliseconds : mapping of runtime to float
        For 32 questions at once, and for one; as far as it was measured.
    workers : int
        Threads that may encode at the same time.
    """

    encode: Encode
    runtime: str
    milliseconds: Mapping[str, tuple[float, float]]
    workers: int = 1


def check_listening(host: str, key: str) -> None:
    """Refuse to be reachable by others without a key that is long enough.

    Raises
    ------
    DataError
        Without a key for another address than this machine's own, or with one that is too short.
    """
    if key and len(key) < LEAST_KEY:
        raise DataError(
            "The key in {variable} has {count} characters; at least {least} are needed.",
            variable=KEY_VARIABLE,
            count=len(key),
            least=LEAST_KEY,
        )
    if not key and not is_loopback(host):
        raise DataError(
            "Others could reach {host}, so callers need a key: set the environment variable "
            "{variable} to one of at least {least} characters.",
            host=host,
            variable=KEY_VARIABLE,
            least=LEAST_KEY,
        )


def endpoint_of(
    project: Project, key: str, runtime: str = AUTO, folder: Path | None = None
) -> tuple[Endpoint, ServedModel]:
    """Return what is served for a project: the model in use over its present answers.

    Parameters
    ----------
    key : str
        What callers must know; "" = nothing.
    runtime : str
        ``torch``, ``onnx``, or ``auto``: whichever is faster here.
    folder : Path or None
        Where the ONNX file is kept; None = beside the model.

    Raises
    ------
    DataError
        If there is no such runtime.
    ExportError
        If the model was to be run by ONNX Runtime and cannot be.
    ModelUnavailableError
        If the model's files are missing.
    """
    from core.experts.encoders import encode_cached, load_encoder

    if runtime not in RUNTIMES:
        raise DataError(
            "There is no runtime {name}. Choose one of: {known}.",
            name=runtime,
            known=", ".join(RUNTIMES),
        )
    workspace, dataset = project.workspace, project.load_dataset()
    arm = arm_in_use(project, dataset)
    entry = find_entry(arm.model)
    asked = beside = base = load_encoder(entry, workspace.models)
    name, source = arm.model, entry.folder(workspace.models)
    if arm.run:
        run = RunFolder(workspace.run_folder(arm.run))
        asked, name, source = load_encoder(run.model, workspace.models), arm.run, run.model
        beside = base if is_query_side(run) else asked
    vectors = encode_cached(beside, dataset.answers, DOCUMENT, workspace.vectors)
    place = (
        folder
        or (
            workspace.run_folder(arm.run) / "served"  # erased with the run
            if arm.run
            else workspace.layout.models / f"served-{asked.fingerprint[:16]}"
        )
    )
    prompts = {role: asked.prompt(role) for role in (QUERY, DOCUMENT)}
    questions = list(dataset.questions[:_TRIED]) or ["."]
    served = served_model(source, asked.max_length, prompts, questions, runtime, place)
    # The two kinds of texts share a model and its processors.
    places = threading.BoundedSemaphore(served.workers)

    def batcher(role: str) -> MicroBatcher:
        encode = served.encode if role == QUERY or beside is asked else _by(beside.encode)

        def encoded(texts: list[str]) -> np.ndarray:
            with places:
                return encode(texts, role)

        # A model beside the one that is served computes on all processors by itself.
        workers = served.workers if encode is served.encode else 1
        return MicroBatcher(encoded, workers=workers)

    endpoint = Endpoint(
        name,
        {role: batcher(role) for role in (QUERY, DOCUMENT)},
        dataset.answers,
        tuple(str(given) for given in dataset.answer_ids),
        vectors,
        key,
        {"runtime": served.runtime, "title": str(arm_title(project, arm))},
    )
    return endpoint, served


def _by(encode: Callable[..., np.ndarray]) -> Encode:
    return lambda texts, role: encode(texts, role)


def served_model(
    source: Path,
    max_length: int | None,
    prompts: Mapping[str, str],
    questions: Sequence[str],
    runtime: str,
    folder: Path,
    clock: Callable[[], float] = time.perf_counter,
) -> ServedModel:
    """Return a model run in the way that is faster here and gives the same vectors.

    Parameters
    ----------
    source : Path
        The model's folder.
    max_length : int or None
        Tokens that are read of a text; None = what the folder says.
    questions : sequence of str
        On which both ways are timed and compared.
    folder : Path
        Where the ONNX file lies or is written.
    """
    from core.experts.encoding import encode_with, load_model

    # In fp32, whatever is faster for whole files of texts.
    model = load_model(source, "cpu", max_length)

    def torch_way(texts: Sequence[str], role: str) -> np.ndarray:
        return encode_with(model, texts, prompts[role], role=role)

    times = {TORCH: _timed(torch_way, questions, 1, clock)} if runtime != ONNX else {}
    if runtime == TORCH:
        return ServedModel(torch_way, TORCH, times)
    workers = usable_cores()
    try:
        onnx_way = _onnx_way(model, prompts, folder)
        difference = float(np.abs(onnx_way(questions, QUERY) - torch_way(questions, QUERY)).max())
        if difference > CLOSE_ENOUGH:
            raise DataError(
                "By ONNX Runtime the vectors differ from the model's by up to {difference}.",
                difference=f"{difference:.2g}",
            )
    except AppError:
        if runtime == ONNX:
            raise
        return ServedModel(torch_way, TORCH, times)
    times[ONNX] = _timed(onnx_way, questions, workers, clock)
    if runtime == ONNX or times[ONNX][0] < times[TORCH][0]:
        return ServedModel(onnx_way, ONNX, times, workers)
    return ServedModel(torch_way, TORCH, times)


def _timed(
    encode: Encode, questions: Sequence[str], workers: int, clock: Callable[[], float]
) -> tuple[float, float]:
    """Return the milliseconds of all questions at once, and of one; the best of some rounds."""
    shares = [questions[first::workers] for first in range(min(workers, len(questions)))]

    def best(parts: Sequence[Sequence[str]]) -> float:
        took = []
        for _ in range(_ROUNDS + 1):  # the first one warms up
            began = clock()
            list(threads.map(lambda part: encode(part, QUERY), parts))
            took.append(clock() - began)
        return 1000 * min(took)

    with ThreadPoolExecutor(workers) as threads:
        return best(shares), best([questions[:1]])


def _onnx_way(model: SentenceTransformer, prompts: Mapping[str, str], folder: Path) -> Encode:
    """Return the model as ONNX Runtime runs it, one thread a batch; converted once and kept."""
    from core.experts.encoding import encode_in_batches, has_two_models
    from core.reporting.onnx_export import (
        FILE,
        onnx_encoder,
        save_tokenizer,
        token_rules,
        write_onnx,
    )

    facts = folder / "served.json"
    if not facts.is_file() or not (folder / FILE).is_file():
        if has_two_models(model):
            raise DataError("Questions and answers are read by two models here: no ONNX file.")
        folder.mkdir(parents=True, exist_ok=True)
        for noisy in ("torch.onnx", "onnx_ir"):  # each step of the conversion
            logging.getLogger(noisy).setLevel(logging.ERROR)
        rules = token_rules(model)
        write_onnx(model, folder / FILE)
        save_tokenizer(model, folder / "tokenizer.json")
        write_json(facts, to_json(rules))
    rules = from_json(TokenRules, read_json(facts))
    encode, dimension = onnx_encoder(folder, rules, threads=1), model.get_embedding_dimension() or 0

    def onnx_way(texts: Sequence[str], role: str) -> np.ndarray:
        return encode_in_batches(
            lambda batch: encode(batch, prompts[role]), texts, dimension, longest=rules.max_length
        )

    return onnx_way


def serve(
    workspace: Workspace,
    project: Project,
    *,
    host: str,
    port: int,
    key: str,
    runtime: str,
    ready: Callable[[Endpoint, ServedModel], None],
) -> None:
    """Serve until the process is told to stop; requests that are running are answered first."""
    import uvicorn

    check_listening(host, key)
    endpoint, served = endpoint_of(project, key, runtime)
    ready(endpoint, served)
    uvicorn.run(endpoint_app(endpoint), host=host, port=port, log_level="warning", access_log=False)
