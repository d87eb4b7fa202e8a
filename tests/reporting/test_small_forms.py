"""Smaller forms do something like the model, and are measured beside it on the same questions."""

from __future__ import annotations

from zipfile import ZipFile

import numpy as np
import pytest

from core.errors import ExportError
from core.experts.encoding import encode_with, load_model
from core.reporting import small_forms
from core.reporting.onnx_export import FILE
from core.reporting.small_forms import (
    int8_form,
    measured_form,
    megabytes,
    static_form,
    write_form,
)
from core.reporting.snippets import ANSWERS, ModelFacts
from core.types.exporting import DISTILLED, INT8, SmallForm, TokenRules
from tests.tuning.conftest import small_dataset, tiny_bert, tiny_static  # noqa: F401  (fixtures)


def test_eight_bits_are_near_the_model_smaller_and_measured(tiny_bert, small_dataset, tmp_path):  # noqa: F811
    model = load_model(tiny_bert, "cpu")
    form = int8_form(model, tmp_path)
    assert [path.name for path in sorted(tmp_path.iterdir())] == [FILE, "tokenizer.json"]

    def whole(texts, prompt):
        return encode_with(model, texts, prompt)

    texts = list(small_dataset.questions[:20])
    near = (form(texts, "query: ") * whole(texts, "query: ")).sum(axis=1)
    assert near.min() > 0.95
    rows, sizes = small_dataset.seen_rows[:20], (megabytes(tmp_path), megabytes(tiny_bert))
    found = measured_form(INT8, form, whole, small_dataset, rows, ("query: ", ""), sizes)
    assert (
        found.questions == len(rows) == 20 and found.low <= found.after - found.before <= found.high
    )
    same = measured_form(INT8, whole, whole, small_dataset, rows, ("query: ", ""), sizes)
    assert same.before == same.after == found.before and not same.loses


def test_word_vectors_are_distilled_and_leave_the_model_alone(
    tiny_bert,  # noqa: F811
    small_dataset,  # noqa: F811
    tmp_path,
    monkeypatch,
    capsys,
):
    pytest.importorskip("skeletoken", reason="requirements-smaller.txt is not installed")
    model = load_model(tiny_bert, "cpu")
    texts = list(small_dataset.questions[:4])
    before = encode_with(model, texts, "")
    vectors = static_form(model, tmp_path)(texts, "")
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (tmp_path / "model.safetensors").is_file()
    assert np.array_equal(encode_with(model, texts, ""), before)
    made, facts = SmallForm(DISTILLED), ModelFacts("m-tuned", 8, "", "", TokenRules(None, True, 0))
    with (tmp_path / "form.zip").open("wb") as file:
        write_form(file, tmp_path, made, facts, "ja")
    with ZipFile(tmp_path / "form.zip") as archive:
        assert {"m-tuned-model2vec/README.md", "m-tuned-model2vec/model.safetensors"} <= set(
            archive.namelist()
        )
        archive.extractall(tmp_path / "unpacked")
    card = (tmp_path / "unpacked" / "m-tuned-model2vec" / "README.md").read_text("utf-8")
    program = card.partition("```python\n")[2].partition("```")[0]
    monkeypatch.chdir(tmp_path / "unpacked")
    exec(compile(program, "program", "exec"), {})
    assert any(answer in capsys.readouterr().out for answer in ANSWERS["ja"])


def test_what_cannot_be_made_smaller_says_why(tiny_static, tmp_path, monkeypatch):  # noqa: F811
    model = load_model(tiny_static, "cpu")
    if small_forms.find_spec("skeletoken"):
        with pytest.raises(ExportError, match="word vectors already"):
            static_form(model, tmp_path)
    monkeypatch.setattr(small_forms, "find_spec", lambda _: None)
    with pytest.raises(ExportError, match=r"requirements-smaller\.txt"):
        static_form(model, tmp_path)
    assert DISTILLED == "model2vec"
