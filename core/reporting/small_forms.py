"""Smaller forms of a tuned model: eight-bit ONNX and static word vectors, and what they lose.

Neither is handed out on trust: both search the project's held-out questions beside the model that
they were made from.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.errors import ExportError, first_line
from core.evaluation.measures import NDCG
from core.evaluation.search import rank
from core.evaluation.statistics import mean_interval
from core.reporting.model_export import ONNX_FOLDER, ONNX_SUFFIXES, SUFFIXES, write_files
from core.reporting.onnx_export import FILE, onnx_encoder, save_tokenizer, token_rules, write_onnx
from core.reporting.snippets import FORM_SNIPPETS, ModelFacts, render_snippet
from core.reporting.wording import Wording
from core.types import QADataset, Rows
from core.types.exporting import SmallForm

INT8_FOLDER, STATIC_FOLDER = "int8", "model2vec"
FORM_SUFFIXES = (*SUFFIXES, *ONNX_SUFFIXES)
_TIMED = 12  # single questions
_SEED = 0

Encode = Callable[[Sequence[str], str], np.ndarray]  # (texts, prompt) -> unit vectors [n, d]


def int8_form(model: object, target: Path) -> Encode:
    """Write a model as ONNX with weights of eight bits; returns what it makes of texts.

    Weights are rounded, not the values that flow between them (dynamic quantisation of ONNX
    Runtime), so no texts are needed to fit it.

    Raises
    ------
    ExportError
        If packages are missing or the model cannot be converted.
    """
    from sentence_transformers import SentenceTransformer

    assert isinstance(model, SentenceTransformer)
    target.mkdir(parents=True, exist_ok=True)
    whole = target / "whole.onnx"
    write_onnx(model, whole)
    save_tokenizer(model, target / "tokenizer.json")
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantize_dynamic(str(whole), str(target / FILE), weight_type=QuantType.QInt8)
    except Exception as error:  # ONNX Runtime names what it cannot round in its own words
        raise ExportError(
            "The model cannot be made smaller as eight-bit ONNX: {reason}. The model itself works "
            "as before.",
            reason=first_line(error),
        ) from error
    finally:
        whole.unlink(missing_ok=True)
    return onnx_encoder(target, token_rules(model))


def static_form(model: object, target: Path) -> Encode:
    """Distil a model into word vectors (model2vec); returns what they make of texts.

    Raises
    ------
    ExportError
        If the package is missing, the model is one of word vectors already, or it cannot be done.
    """
    from sentence_transformers import SentenceTransformer

    assert isinstance(model, SentenceTransformer)
    if find_spec("model2vec") is None or find_spec("skeletoken") is None:
        raise ExportError(
            "Word vectors need a package that is not installed. Install it with: {command}",
            command="pip install -r requirements-smaller.txt",
        )
    body = getattr(model[0], "auto_model", None)
    if body is None:
        raise ExportError("The model is one of word vectors already: there is nothing to distil.")
    from copy import deepcopy

    from model2vec.distill import distill_from_model

    try:
        # It changes the table of words, so that the model itself must not be handed over.
        small = distill_from_model(deepcopy(body), model.tokenizer, device="cpu")
    except Exception as error:  # its own words for what it cannot read
        raise ExportError(
            "The model cannot be distilled into word vectors: {reason}. The model itself works as "
            "before.",
            reason=first_line(error),
        ) from error
    target.mkdir(parents=True, exist_ok=True)
    small.save_pretrained(str(target))

    def encode(texts: Sequence[str], _prompt: str) -> np.ndarray:
        vectors = np.asarray(small.encode(list(texts)), np.float32)  # prompts are words to it
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(lengths > 0, lengths, 1.0)

    return encode


def measured_form(
    key: str,
    form: Encode,
    full: Encode,
    dataset: QADataset,
    rows: Rows,
    prompts: tuple[str, str],
    sizes: tuple[float, float],
) -> SmallForm:
    """Search the questions ``rows`` with a form and with its model, and compare them.

    Parameters
    ----------
    prompts : (str, str)
        Of questions and of answers.
    sizes : (float, float)
        Megabytes of the form and of the model.
    """
    questions, relevance = [dataset.questions[row] for row in rows], dataset.relevance[rows]
    values, single = [], []
    for encode in (full, form):
        found = rank(encode(questions, prompts[0]), encode(dataset.answers, prompts[1]), 10)
        values.append((NDCG @ 10).of(relevance, found.top_answers))
        single.append(_single_ms(encode, questions[:_TIMED], prompts[0]))
    change = mean_interval(values[1] - values[0], dataset.question_group[rows], seed=_SEED)
    before, after = (float(one.mean()) for one in values)
    return SmallForm(
        key, *sizes, len(rows), before, after, change.low, change.high, single[1], single[0]
    )


def write_form(
    target: BinaryIO, folder: Path, form: SmallForm, facts: ModelFacts, language: str
) -> None:
    """Write a form as a ZIP archive: its files, what was measured, and a program that uses it.

    Parameters
    ----------
    folder : Path
        Where the files of the form lie.
    facts : ModelFacts
        Of the model that it was made from.
    language : str
        ``en`` or ``ja``.
    """
    wording, snippet = Wording(language), FORM_SNIPPETS[form.key]
    root = f"{facts.folder}-{form.key}"
    program = render_snippet(snippet.key, replace(facts, folder=root), language)
    card = wording.template("small_form.md.jinja", html=False).render(
        title=f"{facts.folder}: {snippet.title}",
        name=facts.folder,
        measured=form.message(),
        program=program,
    )
    inside = f"{ONNX_FOLDER}/" if snippet.onnx else ""
    files = sorted(path for path in folder.rglob("*") if path.suffix in FORM_SUFFIXES)
    named = [(f"{inside}{path.relative_to(folder).as_posix()}", path) for path in files]
    write_files(target, root, named, card)


def megabytes(folder: Path) -> float:
    """Return the size of the files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def _single_ms(encode: Encode, questions: Sequence[str], prompt: str) -> float:
    taken = []
    for text in questions:
        began = time.perf_counter()
        encode([text], prompt)
        taken.append((time.perf_counter() - began) * 1000)
    return float(np.median(taken)) if taken else 0.0
