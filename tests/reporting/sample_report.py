"""A report on made-up results, every part filled in; texts of users try to be markup."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.evaluation.cost import EncodingCost, SavingsInput, savings
from core.evaluation.geometry import ShapeChange
from core.evaluation.preference import VoteFacts, VoteTable, preference
from core.messages import Message
from core.reporting.repeat_command import Repeat
from core.reporting.report_content import (
    BiasCell,
    BiasMap,
    DataFacts,
    ExpertFacts,
    LabelFacts,
    LearnedLabels,
    ModelOrigin,
    Movement,
    RegimeResults,
    ReportContent,
    Sending,
    Step,
    SystemRow,
    TuningFacts,
)
from core.types import (
    Difference,
    Generality,
    Interval,
    LabelRecipe,
    OfHundred,
    Override,
    SliceDifference,
)
from core.types.personal_rules import RiskAssessment
from core.types.project import Promotion
from core.types.tuning import SweepPoint

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\x00\x1b\ud83d\"'&{{7*7}}{% raw %}"
METRICS = ("ndcg@10", "map@10", "recall@10", "mrr@10", "top1")


def difference(regime: str, metric: str, word: str = "better", value: float = 0.06) -> Difference:
    return Difference(
        regime, metric, 0.7, 0.7 + value, value, value - 0.02, value + 0.02, 0.0004,
        30, 60, 10, 100, 40, word, 0.03, 0.002,
    )  # fmt: skip


def blind_vote() -> VoteFacts:
    """Return three people's votes on the same twenty questions; they prefer the tuned model."""
    question = np.tile(np.arange(20), 3)
    value = np.where(question < 16, 1.0, 0.0)
    votes = VoteTable(
        value, question, question, np.repeat(np.arange(3), 20),
        np.ones(60, bool), np.where(question < 12, 0.2, -0.1),
    )  # fmt: skip
    return VoteFacts(
        "Base <b>model</b>", "Tuned model", EVIL, "2026-11-18T10:00:00+00:00", 60, 30, False, 5,
        60, 180, 7, preference(votes),
    )  # fmt: skip


def part(name: str, questions: int, word: str, value: float) -> SliceDifference:
    """Return the result on one category; one of fewer than 20 questions is small."""
    found = replace(difference("", "ndcg@10", word, value), questions=questions)
    return SliceDifference("category", Message("{name}", {"name": name}), found, questions < 20)


def regime(key: str, word: str = "better", value: float = 0.06) -> RegimeResults:
    names = (("base", "Base <b>model</b>"), ("tuned", "Tuned model"), ("lexical", "BM25"))
    scores = {metric: Interval(0.8, 0.75, 0.85) for metric in METRICS}
    return RegimeResults(
        key, "Known answers, new wording", "Meaning.", 100, 40,
        tuple(difference(key, metric, word, value) for metric in METRICS),
        tuple(SystemRow(name, title, name, scores) for name, title in names),
        OfHundred(key, 50, 14, 4, 32, 3.0, 17.0, 100, word),
    )  # fmt: skip


def sample_report() -> ReportContent:
    """Return a report whose every text of a user tries to be markup."""
    return ReportContent(
        name=EVIL,
        created_at="2026-11-23T13:14:15+00:00",
        data=DataFacts(
            EVIL, "csv", 1200, 1190, 10, 1190, 150, 140,
            {"train": (500, 90), "test_known": (100, 40), "test_unseen": (80, 20)},
            (("E-mail addresses", 3),), (Message("A warning about {name}", {"name": EVIL}),),
        ),
        experts=(
            ExpertFacts(
                ModelOrigin("a", EVIL, "CC-BY-NC-4.0"), Interval(0.6, 0.5, 0.7), 0.8, 12.0, "f1"
            ),
            ExpertFacts(ModelOrigin("bm25", "BM25", "MIT", True), None, None, 0.1, "f2"),
        ),
        agreement=(Message("Most alike are {first}", {"first": EVIL}),),
        labels=LabelFacts(
            EVIL, "Weighted by reliability", "Meaning.",
            LabelRecipe(("a", "bm25"), recentre=("category",)),
            (Override(EVIL, EVIL, 0.25, EVIL, EVIL, "2026-11-20T10:00:00+00:00"),),
            ("Category of the question",),
            LearnedLabels(
                tuple(n / 300 for n in range(25)), tuple((24 - n) / 300 for n in range(25)),
                0.8, 0.07, 400, 1600, 0.21,
            ),
            BiasMap(
                "Category of the question", "Right answers", (EVIL, "BM25"),
                (
                    (EVIL, (BiasCell(0.063, True), BiasCell(-0.12, True), BiasCell(None, False))),
                    ("camping", (BiasCell(-0.02, False),) * 3),
                ),
                4,
            ),
        ),
        tuning=TuningFacts(
            ModelOrigin("a", EVIL, "MIT", True, "org/a", "Note.", {"query": "query: "}, ("en",)),
            (("Random seed", EVIL),), EVIL, 321.0, 45, ((0, 0.6), (20, 0.66), (45, 0.65)),
            20, 0.66, 0.6,
            mixes=(
                SweepPoint(0.0, 0.6, generality=0.82), SweepPoint(0.8, 0.66, generality=0.815),
                SweepPoint(0.81, 0.66, generality=0.815), SweepPoint(1.0, 0.65, generality=0.7),
                SweepPoint(0.5, 0.6),
            ),
            alpha=0.8,
        ),
        regimes=(regime("known"), regime("unseen", "not shown", 0.01)),
        generality=(Generality("en", 283, 0.82, 0.815, -0.01, 0.0),),
        absent=((EVIL, Message("It broke: {why}", {"why": EVIL})),),
        losses=(Movement("known", EVIL, EVIL, 2, 14, -0.6, EVIL, True),),
        wins=(Movement("unseen", EVIL, EVIL, 1234, 1, 0.9),),
        lost=1,
        slices=(part(EVIL, 12, "not shown", 0.1), part("camping", 90, "worse", -0.05)),
        votes=(blind_vote(), replace(blind_vote(), early=True, votes=0, found=None)),
        shape=(ShapeChange("anisotropy", 0.21, 0.12, -0.1, -0.08),),
        speeds=(
            EncodingCost(
                *(812, 700, 1234, 3.4, 9, 90, "cpu", 256, 3), arm="base", title=EVIL, kind="base",
                vectors_mb=0.25,
            ),
            EncodingCost(
                *(9.5, 9, 10, 104, 120, 0, "cuda", 256, 3), arm="bm", title="BM", kind="expert",
                vectors_mb=2.5,
            ),
        ),
        savings=savings(SavingsInput(currency=EVIL), difference("known", "top1")),
        risk=RiskAssessment(*(EVIL,) * 5, "medium", EVIL, "2026-11-20T10:00:00+00:00"),
        in_use=Promotion("tune-1", "c", (), EVIL, EVIL, "2026-11-18T10:00:00+00:00"),
        steps=(Step("Experts scored", 61.0), Step("The model was tuned", 321.0)),
        sendings=(Sending("api.example.com", EVIL, 1340, 0.02, EVIL, "2026-11-19T10:00:00+00:00"),),
        configuration={"data": EVIL},
        hashes=(("Labels", "abc123"), (EVIL, "fff")),
        software=(("torch", "2"),),
        repeat=Repeat(
            f"python -m core run '{EVIL}'", {"settings.json": f'{{"text": "{EVIL}"}}'},
            (Message("A note."),),
        ),
    )  # fmt: skip
