"""What the lines of ``benchmarks/domains.py`` say together: table, summaries, forest plot.

Questions are the same for all arms of a split, so differences are paired: each line holds the
nDCG@10 of every held-out question (in thousandths), the line of the untuned model their groups too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from core.types import REGIMES, TEST_SPLIT, QADataset

Row = dict[str, Any]
BASE, HARD, DEFAULT = "untuned", "hard-infonce", "reliability"
HARD_ARMS = ("hard-infonce", "hard-mse")
TEACHER = "all-mpnet-base-v2"
# Of each mechanism the arm that has it and the one that has not: the difference is what it adds.
# First taken out of the default, then added to a step that has nothing else (``on-nothing``).
ADDED: dict[str, tuple[str, str]] = {
    "labels instead of right answers": (DEFAULT, "off-labels"),
    "right answers in the labels": (DEFAULT, "off-blend"),
    "mixing with the base": (DEFAULT, "off-mixing"),
    "likeness of answers": (DEFAULT, "off-likeness"),
    "corpus answers as columns": (DEFAULT, "off-columns"),
    "sparing what nobody asked": (DEFAULT, "off-sparing"),
    "reading whole texts": (DEFAULT, "off-whole-texts"),
    "learning from open questions": ("open", "off-open"),
    "a third of the answers hidden": ("open", DEFAULT),
    "masking near misses": ("add-masking", DEFAULT),
    "alone: labels": ("on-labels", "on-nothing"),
    "alone: mixing": (HARD, "on-nothing"),
}
FEWEST = 20  # questions of a regime; of fewer no mean is made
THOUSAND = 1000
HARM = 0.01  # nDCG@10 that a run may lose in a regime


def figures_of(dataset: QADataset, scores: Callable[[np.ndarray], np.ndarray]) -> Row:
    """Return the figures of the held-out questions by regime.

    Parameters
    ----------
    scores : callable
        Question rows int [n] → float array [n, n_a].

    Returns
    -------
    dict of regime to dict
        ``ndcg@10``, ``map@10``, ``auprc``, ``questions``, ``groups``, ``values`` (nDCG@10 of each
        question in thousandths) and ``question_groups``.
    """
    from sklearn.metrics import average_precision_score

    from core.evaluation.measures import AVERAGE_PRECISION, NDCG

    found: Row = {}
    answers = np.arange(len(dataset.answers), dtype=np.int32)
    for regime in REGIMES:
        rows = dataset.rows(TEST_SPLIT[regime])
        rows = rows[np.isin(rows, dataset.right_question)]
        if not len(rows):
            continue
        block = np.nan_to_num(scores(rows), nan=-np.inf)
        top = np.argsort(-block, axis=1, kind="stable")[:, :10].astype(np.int32)
        relevance = dataset.relevance[rows]
        ndcg = (NDCG @ 10).of(relevance, top)
        right = dataset.hard_block(rows, answers) > 0
        lowest = np.nanmin(block[np.isfinite(block)])
        pairs = np.where(np.isfinite(block), block, lowest).ravel()
        groups = dataset.question_group[rows]
        found[regime] = {
            "ndcg@10": round(float(ndcg.mean()), 5),
            "map@10": round(float((AVERAGE_PRECISION @ 10).of(relevance, top).mean()), 5),
            "auprc": round(float(average_precision_score(right.ravel(), pairs)), 5),
            "questions": len(rows),
            "groups": len(np.unique(groups)),
            "right_answers": round(float(right.sum() / len(rows)), 3),
            "values": [round(float(value) * THOUSAND) for value in ndcg],
            "question_groups": groups.tolist(),
        }
    return found


def told(row: Row) -> str:
    """Return a line for the terminal."""
    parts = [f"{row['domain']:14}{row['arm']:14}split {row['split_seed']} seed {row['seed']}"]
    parts += [
        f"{regime} {row[regime]['ndcg@10']:.4f} ({row[regime]['questions']})"
        for regime in REGIMES
        if regime in row
    ]
    if "seconds" in row:
        parts.append(f"everyday {row['generality']:+.4f}  {row['seconds']} s")
    return "  ".join(parts)


@dataclass(frozen=True)
class Effect:
    """How much one arm gains over another on one set, nDCG@10.

    Attributes
    ----------
    mean : float
        Over split seeds; of each the mean over training seeds.
    over_splits, over_seeds : float
        Standard deviation over split seeds, and over training seeds within a split (pooled); NaN
        where there is only one.
    variance : float
        Squared standard error: that of the questions, clustered by group, and that between splits.
    questions, splits, seeds : int
        Held-out questions of a split (median), and how many splits and runs there are.
    """

    domain: str
    mean: float
    over_splits: float
    over_seeds: float
    variance: float
    questions: int
    splits: int
    seeds: int


def clustered_variance(values: np.ndarray, groups: np.ndarray) -> float:
    """Return the variance of a mean whose values come in groups (linearised cluster variance)."""
    labels, place = np.unique(groups, return_inverse=True)
    count = len(labels)
    if count < 2:
        return math.nan
    sums = np.bincount(place, weights=values - values.mean(), minlength=count)
    return float(count / (count - 1) * (sums**2).sum() / len(values) ** 2)


def effect(rows: Sequence[Row], domain: str, arm: str, other: str, regime: str) -> Effect | None:
    """Return what an arm gains over another; None where nothing can be said."""
    means, variances, spreads, counts, runs = [], [], [], [], 0
    for split in sorted({row["split_seed"] for row in rows if row["domain"] == domain}):
        left, right = (_values(rows, domain, one, split, regime) for one in (arm, other))
        base = [r for r in _of(rows, domain, BASE, split) if regime in r]
        if not left or not right or not base or len(left[0]) < FEWEST:
            continue
        groups = np.array(base[0][regime]["question_groups"])
        by_seed = [value - np.mean(right, axis=0) for value in left]
        apart = np.mean(by_seed, axis=0)
        means.append(float(apart.mean()))
        variances.append(clustered_variance(apart, groups))
        if len(left) > 1:
            spreads.append(float(np.var([value.mean() for value in left], ddof=1)))
        counts.append(len(apart))
        runs += len(left)
    if not means:
        return None
    between = float(np.var(means, ddof=1)) if len(means) > 1 else 0.0
    return Effect(
        domain,
        float(np.mean(means)),
        between**0.5 if len(means) > 1 else math.nan,
        float(np.mean(spreads)) ** 0.5 if spreads else math.nan,
        (float(np.mean(variances)) + between) / len(means),
        int(np.median(counts)),
        len(means),
        runs,
    )


def _of(rows: Sequence[Row], domain: str, arm: str, split: int) -> list[Row]:
    wanted = {"domain": domain, "arm": arm, "split_seed": split}
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def _values(
    rows: Sequence[Row], domain: str, arm: str, split: int, regime: str
) -> list[np.ndarray]:
    found = [row for row in _of(rows, domain, arm, split) if regime in row]
    # The last of what was run twice with other settings is what the product does today.
    latest = {row["seed"]: row for row in found}
    return [np.array(row[regime]["values"]) / THOUSAND for row in latest.values()]


def summary(rows: Sequence[Row], arm: str, other: str, regime: str) -> Row | None:
    """Return the random-effects mean over sets, with a sign test; None below three sets.

    Returns
    -------
    dict or None
        ``mean``, ``interval``, ``i2`` of the random-effects model, in which sets that are measured
        more exactly count more; ``alike``: the plain mean of all sets and the interval of Student's
        t; ``better``: sets that gain, with ``sign_p``; ``worst`` of the gains.
    """
    from scipy.stats import binomtest

    from core.evaluation.statistics import random_effects

    domains = dict.fromkeys(row["domain"] for row in rows)
    effects = [e for d in domains if (e := effect(rows, d, arm, other, regime))]
    gains = [one.mean for one in effects]
    effects = [one for one in effects if math.isfinite(one.variance) and one.variance > 0]
    if len(effects) < 3:
        return None
    joined = random_effects([e.mean for e in effects], [e.variance for e in effects])
    better = sum(one.mean > 0 for one in effects)
    return {
        "mean": round(joined.value, 4),
        "interval": [round(joined.low, 4), round(joined.high, 4)],
        "i2": round(joined.i2, 3),
        "alike": alike(gains),
        "better": better,
        "sets": len(effects),
        "sign_p": round(float(binomtest(better, len(effects)).pvalue), 4),
        "worst": round(min(one.mean for one in effects), 4),
    }


def alike(gains: Sequence[float]) -> Row:
    """Return the plain ``mean`` of sets, its 95 % ``interval`` by Student's t, and ``sets``."""
    from scipy.stats import t

    mean = float(np.mean(gains))
    half = float(t.ppf(0.975, len(gains) - 1) * np.std(gains, ddof=1) / len(gains) ** 0.5)
    return {
        "mean": round(mean, 4),
        "interval": [round(mean - half, 4), round(mean + half, 4)],
        "sets": len(gains),
    }


def left_out(rows: Sequence[Row]) -> Row | None:
    """Choose a way of learning for each set by the validation questions of the other sets.

    So what is reported of the choice is not what chose it. Of the arms that were run on every set
    the one with the highest mean validation gain on the others is taken; its gain on the test
    questions of the set left out counts.

    Returns
    -------
    dict or None
        ``arms`` that were compared, ``chosen`` by set, and by regime the random-effects ``mean``
        with its ``interval`` and ``worst``; None below three sets or two arms.
    """
    from core.evaluation.statistics import random_effects

    gains: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        if (gain := row.get("validation_gain")) is not None:
            gains.setdefault(row["arm"], {}).setdefault(row["domain"], []).append(gain)
    domains = list(dict.fromkeys(row["domain"] for row in rows))
    arms = [arm for arm, found in gains.items() if set(found) == set(domains)]
    if len(domains) < 3 or len(arms) < 2:
        return None
    means = {arm: {d: float(np.mean(gains[arm][d])) for d in domains} for arm in arms}
    chosen = {
        left: max(arms, key=lambda arm: np.mean([means[arm][d] for d in domains if d != left]))
        for left in domains
    }
    result: Row = {"arms": arms, "chosen": chosen}
    for regime in REGIMES:
        effects = [e for d in domains if (e := effect(rows, d, chosen[d], BASE, regime))]
        effects = [one for one in effects if math.isfinite(one.variance) and one.variance > 0]
        if len(effects) >= 3:
            joined = random_effects([e.mean for e in effects], [e.variance for e in effects])
            result[regime] = {
                "mean": round(joined.value, 4),
                "interval": [round(joined.low, 4), round(joined.high, 4)],
                "worst": round(min(one.mean for one in effects), 4),
                "sets": len(effects),
            }
    return result


def guarded(rows: Sequence[Row], arm: str = DEFAULT) -> Row:
    """Return how often a run kept the base model, and how often it should have.

    Returns
    -------
    dict
        ``runs``; ``kept``: runs that kept the base model; ``harmed``: of the others those in which
        a regime of at least ``FEWEST`` questions lost more than 0.01.
    """
    runs = [row for row in rows if row["arm"] == arm]
    kept = [row for row in runs if row.get("best_step") == 0 or row.get("alpha") == 0]
    harmed = sum(row not in kept and bool(lost(rows, row)) for row in runs)
    return {"runs": len(runs), "kept": len(kept), "harmed": harmed}


def lost(rows: Sequence[Row], run: Row) -> list[tuple[str, float]]:
    """Return the regimes of at least ``FEWEST`` questions in which a run lost more than ``HARM``.

    Returns
    -------
    list of (regime, change of nDCG@10)
    """
    base = _of(rows, run["domain"], BASE, run["split_seed"])
    changes = [
        (regime, run[regime]["ndcg@10"] - base[0][regime]["ndcg@10"])
        for regime in REGIMES
        if base and regime in run and run[regime]["questions"] >= FEWEST
    ]
    return [(regime, change) for regime, change in changes if change < -HARM]


def asked(rows: Sequence[Row], *, teacher: bool) -> list[Row]:
    """Return the runs whose experts have, or lack, the teacher that their language has.

    Runs that ask no expert, and those of languages that have no teacher, belong to both.
    """
    taught = {row["domain"] for row in rows if TEACHER in row["settings"].get("experts", ())}

    def belongs(row: Row) -> bool:
        experts = row["settings"].get("experts")
        return not experts or row["domain"] not in taught or (TEACHER in experts) == teacher

    return [row for row in rows if belongs(row)]


def mechanisms(rows: Sequence[Row]) -> list[Row]:
    """Return what each mechanism adds on each set, nDCG@10.

    Returns
    -------
    list of dict
        ``mechanism``, ``regime``, ``teacher`` (whether the stronger expert was asked), ``sets``
        (domain to mean gain), ``over_sets`` (see :func:`alike`, None below three sets: a set in
        which nothing changed has no variance, and must count).
        Without the teacher only sets that have one elsewhere: the others are the same runs.
    """
    domains = list(dict.fromkeys(row["domain"] for row in rows))
    taught = {row["domain"] for row in rows if TEACHER in row["settings"].get("experts", ())}
    found = []
    for teacher in (True, False):
        part = asked(rows, teacher=teacher)
        among = [domain for domain in domains if teacher or domain in taught]
        part = [row for row in part if row["domain"] in among]
        for name, (arm, other) in ADDED.items():
            for regime in REGIMES:
                if not (teacher or _asks(part, arm)):
                    continue
                same = _of_same_seeds(part, arm, other)
                effects = {d: effect(same, d, arm, other, regime) for d in among}
                sets = {d: round(one.mean, 4) for d, one in effects.items() if one}
                if sets:
                    about = {"mechanism": name, "regime": regime, "teacher": teacher}
                    over = alike(list(sets.values())) if len(sets) > 2 else None
                    found.append(about | {"sets": sets, "over_sets": over})
    return found


def _of_same_seeds(rows: Sequence[Row], arm: str, other: str) -> list[Row]:
    """Leave out runs of two arms that the other has not run: luck would count as a mechanism."""

    def runs(name: str) -> set[tuple[str, int, int]]:
        return {
            (row["domain"], row["split_seed"], row["seed"]) for row in rows if row["arm"] == name
        }

    both = runs(arm) & runs(other)
    return [
        row
        for row in rows
        if row["arm"] not in (arm, other) or (row["domain"], row["split_seed"], row["seed"]) in both
    ]


def joined_gains(rows: Sequence[Row], arm: str = DEFAULT) -> Row:
    """Return what keyword search adds to the tuned model of each set, nDCG@10.

    Its weight was chosen on validation questions. Lines of before this was measured are left out.

    Returns
    -------
    dict of regime to dict
        ``sets`` (domain to mean gain over its runs) and ``over_sets`` (see :func:`alike`, None
        below three sets).
    """
    found: Row = {}
    for regime in REGIMES:
        gains: dict[str, list[float]] = {}
        measured = [r for r in rows if r["arm"] == arm and regime in r.get("joined", {})]
        for row in measured:
            if row[regime]["questions"] >= FEWEST:
                gain = row["joined"][regime] - row[regime]["ndcg@10"]
                gains.setdefault(row["domain"], []).append(gain)
        sets = {domain: round(float(np.mean(values)), 4) for domain, values in gains.items()}
        over = alike(list(sets.values())) if len(sets) > 2 else None
        found[regime] = {"sets": sets, "over_sets": over}
    return found


def _print_joined(found: Row) -> None:
    for regime, one in found.items():
        if one["sets"]:
            sets = ", ".join(f"{domain} {gain:+.3f}" for domain, gain in one["sets"].items())
            over = _by_regime({regime: one["over_sets"]}) if one["over_sets"] else ""
            print(f"Keyword search joined with the tuned default, {regime}: {sets}; {over}")


def _asks(rows: Sequence[Row], arm: str) -> bool:
    return any(row["settings"].get("experts") for row in rows if row["arm"] == arm)


def _print_mechanisms(found: Sequence[Row]) -> None:
    domains = list(dict.fromkeys(domain for one in found for domain in one["sets"]))
    for regime in REGIMES:
        for teacher in (True, False):
            mine = [one for one in found if (one["regime"], one["teacher"]) == (regime, teacher)]
            if not mine:
                continue
            note = "" if teacher else ", without the teacher"
            title = f"What each adds, {regime}{note}"
            print(f"\n| {title} | {' | '.join(domains)} | over sets |")
            print(f"|---|{'---:|' * (len(domains) + 1)}")
            for one in mine:
                cells = [f"{one['sets'][d]:+.3f}" if d in one["sets"] else "" for d in domains]
                over = _by_regime({regime: one["over_sets"]}).removeprefix(f"{regime} ")
                print(f"| {one['mechanism']} | {' | '.join(cells)} | {over} |")


def report(rows: Sequence[Row], *, quick: bool) -> Row:
    """Print the tables and return their figures; quick runs are a table of their own."""
    rows = [row for row in rows if bool(row["settings"].get("quick")) == quick]
    every, rows = rows, asked(rows, teacher=True)
    domains = list(dict.fromkeys(row["domain"] for row in rows))
    apart = {arm for pair in ADDED.values() for arm in pair} - {DEFAULT, HARD, "open"}
    arms = [arm for arm in dict.fromkeys(row["arm"] for row in rows) if arm not in apart]
    print(f"\n{'nDCG@10, gain over untuned':30}{'known':>26}{'unseen':>30}")
    for domain in domains:
        print(domain)
        for arm in arms:
            cells = [_cell(rows, domain, arm, regime) for regime in REGIMES]
            if any(cells):
                print(f"    {arm:26}{cells[0]:>26}{cells[1]:>30}")
    figures: Row = {"runs": len(rows), "sets": len(domains)}
    print(f"\n{'over sets (random effects)':30}{'known':>30}{'unseen':>34}")
    for arm, other in [(a, BASE) for a in arms if a != BASE] + [
        (a, HARD) for a in arms if a not in (BASE, *HARD_ARMS) and HARD in arms
    ]:
        found = {regime: summary(rows, arm, other, regime) for regime in REGIMES}
        if any(found.values()):
            figures[f"{arm}_minus_{other}"] = found
            cells = [_summary_cell(found[regime]) for regime in REGIMES]
            print(f"{f'{arm} − {other}':30}{cells[0]:>30}{cells[1]:>34}")
    soft = figures.get(f"{DEFAULT}_minus_{HARD}", {}).get("unseen")
    if soft:
        print(
            f"\nSoft labels (the default) beat hard ones on unseen answers in {soft['better']} of "
            f"{soft['sets']} sets (sign test p = {soft['sign_p']})."
        )
    gained = figures.get(f"{DEFAULT}_minus_{BASE}", {})
    if any(gained.values()):
        alike = {regime: found["alike"] for regime, found in gained.items() if found}
        print(f"Every set counted alike, the default gains: {_by_regime(alike)}")
    apart = left_out(rows)
    if apart:
        figures["left_out"] = apart
        counts = {arm: list(apart["chosen"].values()).count(arm) for arm in apart["arms"]}
        print(
            f"Chosen by validation on the other sets, of {', '.join(apart['arms'])}: "
            + ", ".join(f"{arm} for {n} sets" for arm, n in counts.items() if n)
            + f"; gain on the set left out: {_by_regime(apart)}"
        )
    figures["mechanisms"] = mechanisms(every)
    _print_mechanisms(figures["mechanisms"])
    figures["joined"] = joined_gains(rows)
    _print_joined(figures["joined"])
    figures["guard"] = guarded(rows)
    print(
        "The default kept the base model in {kept} of {runs} runs; in {harmed} of the others a "
        "regime lost more than 0.01.".format(**figures["guard"])
    )
    changes = [row["generality"] for row in rows if row["arm"] == DEFAULT]
    if changes:
        figures["generality_mean"] = round(float(np.mean(changes)), 4)
        figures["generality_worst"] = round(float(np.min(changes)), 4)
    return figures


def _by_regime(found: Row) -> str:
    return "; ".join(
        f"{regime} {one['mean']:+.3f} ({one['interval'][0]:+.3f} to {one['interval'][1]:+.3f})"
        for regime in REGIMES
        if (one := found.get(regime))
    )


def _cell(rows: Sequence[Row], domain: str, arm: str, regime: str) -> str:
    if arm == BASE:
        found = [r[regime]["ndcg@10"] for r in rows if r["domain"] == domain and r["arm"] == arm
                 and regime in r and r[regime]["questions"] >= FEWEST]  # fmt: skip
        return f"{np.mean(found):.3f}" if found else ""
    one = effect(rows, domain, arm, BASE, regime)
    if one is None:
        return ""
    luck = "/".join(
        "–" if math.isnan(spread) else f"{spread:.3f}"
        for spread in (one.over_splits, one.over_seeds)
    )
    return f"{one.mean:+.3f} ± {luck}"


def _summary_cell(found: Row | None) -> str:
    if found is None:
        return ""
    low, high = found["interval"]
    return f"{found['mean']:+.3f} ({low:+.3f} to {high:+.3f}), {found['better']}/{found['sets']}"


def signed(value: float, digits: int = 3) -> str:
    """Return a gain with its sign; 0 where nothing is left of it after rounding."""
    return f"{value:+.{digits}f}".replace("-", "−") if round(value, digits) else "0"


def forest(rows: Sequence[Row], arm: str = DEFAULT, other: str = BASE) -> str:
    """Return a forest plot of unseen answers as SVG: sets by gain, then all together."""
    domains = dict.fromkeys(row["domain"] for row in rows)
    effects = [e for d in domains if (e := effect(rows, d, arm, other, "unseen"))]
    lines: list[tuple[str, float, float, float, bool]] = []
    for one in effects:
        half = 1.96 * one.variance**0.5
        lines.append((one.domain, one.mean, one.mean - half, one.mean + half, False))
    lines.sort(key=lambda line: -line[1])
    joined = summary(rows, arm, other, "unseen")
    if joined:
        lines.append((f"all {joined['sets']}", joined["mean"], *joined["interval"], True))
    if not lines:
        return ""
    low = min(0.0, *(line[2] for line in lines)) - 0.01
    high = max(0.0, *(line[3] for line in lines)) + 0.01
    names = {DEFAULT: "the default", BASE: "the untuned model"}
    left, right = (names.get(one, one) for one in (arm, other))
    title = f"nDCG@10 on unseen answers: {left} minus {right}, with 95% intervals"
    return _svg(lines, low, high, title)


def _svg(
    lines: Sequence[tuple[str, float, float, float, bool]], low: float, high: float, title: str
) -> str:
    left, width, told, step = 130, 420, 230, 26  # told: room for the figures in a wide font
    height = 76 + step * len(lines)

    def x(value: float) -> float:
        return left + width * (value - low) / (high - low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + told}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="10" y="20">{escape(title)}</text>',
        f'<line x1="{x(0):.1f}" x2="{x(0):.1f}" y1="32" y2="{height - 30}" stroke="#999"/>',
        f'<text x="{x(0):.1f}" y="{height - 12}" fill="#666" text-anchor="middle">no change</text>',
    ]
    for at, (name, mean, start, end, is_sum) in enumerate(lines):
        y = 48 + step * at
        colour = "#1f4e9c" if is_sum else "#333"
        weight = 4 if is_sum else 2
        parts += [
            f'<text x="10" y="{y + 4}" fill="{colour}">{escape(name)}</text>',
            f'<line x1="{x(start):.1f}" x2="{x(end):.1f}" y1="{y}" y2="{y}" stroke="{colour}" '
            f'stroke-width="{weight}"/>',
            f'<circle cx="{x(mean):.1f}" cy="{y}" r="{5 if is_sum else 4}" fill="{colour}"/>',
            f'<text x="{left + width + 10}" y="{y + 4}" fill="{colour}">{signed(mean)} '
            f"({signed(start)} to {signed(end)})</text>",
        ]
    return "\n".join([*parts, "</svg>", ""])
