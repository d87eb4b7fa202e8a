"""The parts of ``benchmarks/asking.py`` that ask models: ``written`` and ``llm``.

written  StackFAQ with titles as the only training questions and the stronger expert: what questions
         add that were written from the answers without any model and kept by the round trip
llm      200 pairs of the English sample, half of them right, judged by a small language model on
         this machine (``benchmarks/local_llm.py``): its agreement with the true labels, and what
         the gate decides where these stand in for people
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.local_llm import INSTALL, MODEL, installed, running
from benchmarks.small_data import TEACHER, Bench, interval, sample, small_dataset, summary
from core.types import LabelRecipe, QADataset

if TYPE_CHECKING:
    from benchmarks.asking import Asked

PAIRS = 200
Figures = dict[str, Any]


def written_dataset(bench: Bench) -> tuple[QADataset, Figures]:
    """Return the small protocol with written questions, and how many there are by style."""
    from core.asking.writer import round_trip, with_written, write_from_answers
    from core.experts.catalogue import default_experts
    from core.labels.model import LabelModel

    dataset = small_dataset("none")
    candidates = write_from_answers(dataset, "en")
    whole = with_written(dataset, candidates)
    experts = [getattr(one, "key", one) for one in default_experts("en")]
    experts = [*(one for one in experts if one != TEACHER), TEACHER]
    scores = bench.scores(whole, experts)
    labels = LabelModel.fit(whole, scores, LabelRecipe(tuple(experts), blend=0.0))
    found = round_trip(labels, whole.written_rows)
    kept = [one for one, good in zip(candidates, found.tolist(), strict=True) if good]
    styles: dict[str, int] = {}
    for one in kept:
        styles[one.style] = styles.get(one.style, 0) + 1
    told = {"written_candidates": len(candidates), "written_kept": len(kept)}
    return with_written(dataset, kept), told | {"written_styles": styles}


def written(asked: Asked) -> Figures:
    """Measure what written questions add to titles."""
    bench, plain = asked.bench, small_dataset("none")
    dataset, figures = written_dataset(bench)
    gains = []
    for seed in range(asked.seeds):
        before = bench.tuned("small-none", plain, "en", True, seed)
        after = bench.tuned("written", dataset, "en", True, seed)
        gains.append(after["after"]["all"] - before["after"]["all"])
        print(f"written, seed {seed}: {gains[-1]:+.4f} on top of titles", flush=True)
    mean, spread = summary(gains)
    figures |= {"written_gain": round(mean, 4), "written_gain_std": round(spread, 4)}
    if len(gains) > 1:
        figures["written_gain_interval"] = [round(end, 4) for end in interval(gains)]
    return figures | {"written_seeds": len(gains)}


def judged_pairs(
    bench: Bench, dataset: QADataset, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return questions outside the test with a right answer and a tempting wrong one of each.

    The wrong one is what keyword search likes best: a random one is told apart by a single word.

    Returns
    -------
    question_rows, right, wrong : int arrays [count / 2]
    """
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(dataset.seen_rows, count // 2, replace=False))
    (scores,) = bench.scores(dataset, ["bm25"])
    table = scores.block(rows, np.arange(len(dataset.answers)))
    same = dataset.question_group[rows][:, None] == dataset.answer_group[None]
    table[same | (dataset.hard_block(rows, np.arange(len(dataset.answers))) > 0)] = -np.inf
    right = np.array([dataset.right_answers(int(row))[0] for row in rows])
    return rows, right, table.argmax(axis=1)


def llm(asked: Asked) -> Figures:
    """Let the local model judge pairs whose labels are known."""
    from core.experts.outside.llm import LlmExpert
    from core.labels.judges import gates
    from core.types import ListedScores, SilentReporter
    from core.types.scores import PEOPLE
    from core.types.scoring import ChatConnection

    if not installed():
        print(f"no local model here: {INSTALL}", flush=True)
        return {}
    dataset, count = sample("en", 1), 20 if asked.quick else PAIRS
    questions, right, wrong = judged_pairs(asked.bench, dataset, count)
    rows = np.concatenate([questions, questions]).astype(np.int32)
    columns = np.concatenate([right, wrong]).astype(np.int32)
    truth = np.repeat([1.0, 0.0], len(questions)).astype(np.float32)
    people = ListedScores("people:truth", "truth", dataset.id, rows, columns, truth, PEOPLE)
    pairs = [
        (dataset.questions[q], dataset.answers[a])
        for q, a in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
    began = time.perf_counter()
    with running() as url:
        connection = ChatConnection(
            MODEL,
            url,
            MODEL,
            most_pairs=len(pairs),
            pairs_per_request=1,
            requests_at_once=1,
            requests_per_minute=60_000,
        )
        expert = LlmExpert.of(connection, {}, pairs)
        expert.score(dataset, asked.bench.context, SilentReporter())
        scores = expert.recall(dataset, asked.bench.context)
    assert scores is not None
    (gate,) = gates([people, scores])
    found, said = gate.agreement, scores.pairs(rows, columns)
    print(gate.told(MODEL), flush=True)
    return {
        "llm_model": MODEL,
        "llm_pairs": found.pairs,
        "llm_agreement": None if found.kappa is None else round(found.kappa, 4),
        "llm_agreement_interval": None
        if found.kappa is None
        else [round(found.low, 4), round(found.high, 4)],
        "llm_gate": gate.decision,
        "llm_mean_right": round(float(np.nanmean(said[truth > 0])), 3),
        "llm_mean_wrong": round(float(np.nanmean(said[truth == 0])), 3),
        "llm_seconds": round(time.perf_counter() - began),
    }
