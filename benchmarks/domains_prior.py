"""What the app knows before there are projects: ``python benchmarks/domains_prior.py``.

Makes ``core/pilot/benchmark_gains.json`` from the lines of ``docs/evidence/domains.jsonl``: of each
set and each rule of the labels with the product's own settings, what was gained over the untuned
model. Run it whenever lines were added; a test holds the file to them.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.domains import ARMS, DOMAINS, Evidence  # noqa: E402
from benchmarks.domains_table import BASE, FEWEST, Effect, Row, asked, effect  # noqa: E402
from core.documents import to_json  # noqa: E402
from core.pilot.likeness import DataSeen  # noqa: E402
from core.pilot.what_worked import (  # noqa: E402
    BENCHMARK_FILE,
    DEFAULT_RULE,
    BenchmarkGains,
    ProjectGain,
)
from core.types import BETTER, NOT_SHOWN, REGIMES, UNSEEN, WORSE  # noqa: E402

EVIDENCE = ROOT / "docs" / "evidence" / "domains.jsonl"
# Learned from labels of experts with nothing else changed: what a project does by itself.
OWN = tuple(
    name for name, arm in ARMS.items() if arm.rule != "hard" and not (arm.changes or arm.hides)
)
REACH = NormalDist().inv_cdf(0.975)


def seen_of(rows: Sequence[Row], domain: str) -> DataSeen:
    """Return what is seen of the data of a set, as far as its lines say."""
    mine = [row for row in rows if row["domain"] == domain]
    base = [row for row in mine if row["arm"] == BASE]
    language = DOMAINS.get(domain, "")
    first = base[0]
    parts = [first[regime] for regime in REGIMES if regime in first]
    # Answers of this regime are held out with all of their questions.
    whole = first.get(UNSEEN)
    rights = [part["right_answers"] for part in parts if "right_answers" in part]
    leads = [
        row[regime]["ndcg@10"] - other[regime]["ndcg@10"]
        for row in mine
        for other in base
        for regime in REGIMES
        if row["arm"] == "strongest" and row["split_seed"] == other["split_seed"]
        if regime in row and regime in other
    ]
    return DataSeen(
        language if language in ("en", "ja", "") else "other",
        sum(part["questions"] for part in parts),
        round(whole["questions"] / whole["groups"], 2) if whole else None,
        round(sum(rights) / len(rights), 3) if rights else None,
        round(sum(leads) / len(leads), 4) if leads else None,
    )


def gain_of(rows: Sequence[Row], domain: str, arm: str) -> ProjectGain | None:
    """Return what an arm gained on a set, None where too little of it was run."""
    found: list[Effect] = [
        one
        for regime in REGIMES
        if (one := effect(rows, domain, arm, BASE, regime)) and math.isfinite(one.variance)
    ]
    if not found:
        return None
    over = [
        one.mean
        for regime in REGIMES
        if arm != DEFAULT_RULE and (one := effect(rows, domain, arm, DEFAULT_RULE, regime))
    ]
    newest = [row for row in rows if row["domain"] == domain and row["arm"] == arm][-1]
    value = sum(one.mean for one in found) / len(found)
    reach = REACH * math.sqrt(sum(one.variance for one in found)) / len(found)
    ends = [(one.mean - REACH * one.variance**0.5, one.mean + REACH * one.variance**0.5)
            for one in found]  # fmt: skip
    worse, better = any(high < 0 for _, high in ends), any(low > 0 for low, _ in ends)
    return ProjectGain(
        domain,
        *(round(number, 5) for number in (value, value - reach, value + reach)),
        WORSE if worse else BETTER if better else NOT_SHOWN,
        tuple(newest["settings"].get("experts", ())),
        newest["settings"]["rule"],
        newest["settings"]["blend"],
        seen_of(rows, domain),
        True,
        round(sum(over) / len(over), 5) if over else None,
    )


def made_of(rows: Sequence[Row]) -> BenchmarkGains:
    """Return the gains of all sets; runs of few steps are no evidence."""
    rows = [row for row in rows if not row["settings"].get("quick")]
    count, rows = len(rows), asked(rows, teacher=True)
    domains = sorted({row["domain"] for row in rows if row["arm"] == BASE})
    gains = (gain_of(rows, domain, arm) for domain in domains for arm in OWN)
    return BenchmarkGains(count, tuple(gain for gain in gains if gain is not None))


def written(found: BenchmarkGains) -> str:
    """Return the file's text, the same for the same figures."""
    return json.dumps(to_json(found), indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Make the file anew."""
    found = made_of(Evidence(EVIDENCE).rows)
    BENCHMARK_FILE.write_text(written(found), encoding="utf-8")
    sets = len({gain.project for gain in found.gains})
    print(f"{found.runs} runs, {sets} sets with at least {FEWEST} questions: {BENCHMARK_FILE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
