"""What an endpoint serves: the model in use, run in the faster way that gives the same vectors."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import DataError
from core.experts.encoders import load_encoder
from core.jobs.folder import RunFolder
from core.journey.compare import load_comparison
from core.journey.pilot import serving
from core.journey.pilot.versions import promote
from core.types.expert_entry import DOCUMENT, QUERY
from tests.reporting.finished_journey import finished_journey


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    made = finished_journey(tmp_path / "workspace")
    comparison = load_comparison(made.workspace, made.compare_run)
    promote(made.project, comparison, "ann", reason="we tried it with customers")
    return made


@pytest.mark.parametrize("runtime", [serving.TORCH, serving.ONNX, serving.AUTO])
def test_the_tuned_model_answers_with_its_prompts_by_whichever_runtime(made, runtime):
    endpoint, served = serving.endpoint_of(made.project, "", runtime)
    assert served.runtime in (serving.TORCH, serving.ONNX) and served.runtime in served.milliseconds
    assert runtime in (serving.AUTO, served.runtime) and endpoint.model == made.tune_run
    model = RunFolder(made.workspace.run_folder(made.tune_run)).model
    encoder = load_encoder(model, made.workspace.models)
    texts = ["where is my kayak", "All about rope"]
    for role in (QUERY, DOCUMENT):
        wanted = encoder.encode(texts, role)
        got = endpoint.batchers[role].encode(texts)
        assert np.abs(got - wanted).max() < serving.CLOSE_ENOUGH
    assert np.abs(encoder.encode(texts, QUERY) - encoder.encode(texts, DOCUMENT)).max() > 0.01
    dataset = made.project.load_dataset()
    assert endpoint.answers == dataset.answers and len(endpoint.ids) == len(dataset.answers)
    assert np.abs(endpoint.vectors - encoder.encode(dataset.answers, DOCUMENT)).max() < 1e-5
    again, _ = serving.endpoint_of(made.project, "", runtime)  # an ONNX file is made once
    assert np.abs(again.batchers[QUERY].encode(texts) - encoder.encode(texts, QUERY)).max() < 1e-3


def test_unknown_runtimes_and_open_doors_are_refused(made):
    with pytest.raises(DataError, match="no runtime cuda"):
        serving.endpoint_of(made.project, "", "cuda")
    serving.check_listening("127.0.0.1", "")
    serving.check_listening("localhost", "")
    serving.check_listening("0.0.0.0", "a-long-enough-key")
    with pytest.raises(DataError, match="callers need a key"):
        serving.check_listening("0.0.0.0", "")
    with pytest.raises(DataError, match="5 characters"):
        serving.check_listening("127.0.0.1", "short")
