"""What README and docs/method.md say of the data sets: ``python benchmarks/domains_documents.py``.

Writes tables and sentences from the lines of ``docs/evidence/domains.jsonl`` between marks such as
``<!-- domains:sets -->`` and ``<!-- /domains:sets -->``; what stands around them is for people to
write. Run it whenever lines were added; a test holds the documents to the lines.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.domains import Evidence  # noqa: E402
from benchmarks.domains_prior import EVIDENCE  # noqa: E402
from benchmarks.domains_table import (  # noqa: E402
    BASE,
    DEFAULT,
    FEWEST,
    HARD,
    HARM,
    Row,
    asked,
    effect,
    guarded,
    joined_gains,
    left_out,
    lost,
    mechanisms,
    signed,
    summary,
)
from core.types import KNOWN, REGIMES, UNSEEN  # noqa: E402

DOCUMENTS = (ROOT / "README.md", ROOT / "docs" / "figures.md", ROOT / "docs" / "method.md")
# Two arms, and what their difference is called.
PAIRS: Sequence[tuple[str, str, str]] = (
    (DEFAULT, BASE, "default (soft labels)"),
    (HARD, BASE, "right answers alone (InfoNCE)"),
    (DEFAULT, HARD, "default against right answers alone"),
    ("hybrid", BASE, "the untuned model joined with keyword search"),
    ("strongest", BASE, "the strongest expert by itself"),
)
# What the reader should know of a set to understand its line.
WHAT: Mapping[str, str] = {
    "stackfaq": "several right answers",
    "shop_pqa_en": "graded candidates",
    "covid_faq_de": "one question per answer",
    "jaquad_ja": "passages",
    "xquad_es": "passages",
    "xquad_zh": "passages",
    "city_pages_de": "pages",
}
TITLES: Mapping[str, str] = {
    "hard-infonce": "right answers, InfoNCE",
    "hard-mse": "right answers, MSE",
    "soft-1": "Soft-1 (mean)",
    "soft-2": "Soft-2 (median)",
    "soft-3": "Soft-3 (anchored)",
    "decorrelated": "decorrelated",
    "reliability": "default",
    "open": "default, a third of the training questions open",
    "trimmed": "default, base with fewer words",
}


def span(interval: Sequence[float]) -> str:
    """Return an interval in words."""
    low, high = (f"{value:.3f}".replace("-", "−") for value in interval)
    return f"{low} to {high}"


def _enough(found: Row | None) -> Row:
    if found is None:
        raise ValueError("nothing is said of fewer than three sets")
    return found


def table(head: Sequence[str], lines: Sequence[Sequence[str]], aligned: str = "---") -> str:
    """Return a table in Markdown; the first column is left-aligned."""
    rule = ["---", *[aligned] * (len(head) - 1)]
    shown = [f"|{'|'.join(rule)}|"] + [f"| {' | '.join(cells)} |" for cells in lines]
    return "\n".join([f"| {' | '.join(head)} |", *shown])


class Documents:
    """The texts that follow from the lines.

    Parameters
    ----------
    rows : sequence of dict
        Lines of the evidence; those of few steps are left out.

    Raises
    ------
    ValueError
        By the texts over sets, below three sets.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.every = [row for row in rows if not row["settings"].get("quick")]
        self.rows = asked(self.every, teacher=True)
        found = dict.fromkeys(row["domain"] for row in self.rows)
        self.domains = [
            d for d in ("shop_faq_en", "stackfaq", "shop_pqa_en", "shop_faq_ja") if d in found
        ]
        self.domains += [domain for domain in found if domain not in self.domains]

    def all(self) -> dict[str, str]:
        """Return every text by the name of its mark."""
        makers: dict[str, Callable[[], str]] = {
            "row": self.row,
            "covered": self.covered,
            "sets": self.sets,
            "over": self.over,
            "says": self.says,
            "rules": self.rules,
            "mechanisms": self.added,
            "luck": self.luck,
            "words": self.words,
        }
        return {name: make() for name, make in makers.items()}

    # Of all sets together.

    def row(self) -> str:
        """Return the cell of the README's table of results."""
        known, unseen = (self._summary(BASE, regime) for regime in (KNOWN, UNSEEN))
        hard = self._summary(HARD, UNSEEN)
        return (
            f"known {signed(known['mean'])} ({span(known['interval'])}), unseen "
            f"**{signed(unseen['mean'])} ({span(unseen['interval'])}), {unseen['better']} of "
            f"{unseen['sets']} sets**; against right answers alone unseen {signed(hard['mean'])} "
            f"({span(hard['interval'])}), {hard['better']} of {hard['sets']}"
        )

    def over(self) -> str:
        """Return the table of what is gained over all sets together."""
        lines = []
        for arm, other, title in PAIRS:
            found = [summary(self.rows, arm, other, regime) for regime in REGIMES]
            cells = [
                f"{signed(one['mean'])} ({span(one['interval'])}), {one['better']} of {one['sets']}"
                if one
                else "–"
                for one in found
            ]
            lines.append((title, *cells))
        return table(("mean over sets (random effects, 95% interval), sets that gain",
                      "known answers", "unseen answers"), lines)  # fmt: skip

    def says(self) -> str:
        """Return what the sets say together, what was lost, and what other sets had chosen."""
        return "\n".join((self._gains(), self._harm(), self._choice()))

    def _gains(self) -> str:
        unseen, hard = (self._summary(one, UNSEEN) for one in (BASE, HARD))
        known = self._summary(HARD, KNOWN)
        alike = unseen["alike"]
        return (
            f"On answers that nobody asked for, the default beats the untuned model in "
            f"{unseen['better']} of {unseen['sets']} sets ({signed(unseen['mean'])} by the "
            f"random-effects model, 95% interval {span(unseen['interval'])}; every set counted "
            f"alike {signed(alike['mean'])}, {span(alike['interval'])}; sign test p = "
            f"{unseen['sign_p']:.3f}) and right answers alone in {hard['better']} of "
            f"{hard['sets']} ({signed(hard['mean'])}, {span(hard['interval'])}; p = "
            f"{hard['sign_p']:.2f}). On known answers the default lies {signed(known['mean'])} "
            f"above right answers alone ({span(known['interval'])})."
        )

    def _harm(self) -> str:
        guard = guarded(self.rows)
        losses = "; ".join(
            f"{row['domain']}, split {row['split_seed']}, {regime} answers {signed(value)}"
            for row, regime, value in self._losses()
        )
        runs = [row for row in self._runs(DEFAULT) if "generality" in row]
        changes = {row["domain"]: row["generality"] for row in runs}
        for row in runs:
            changes[row["domain"]] = min(changes[row["domain"]], row["generality"])
        worst = min(changes, key=lambda domain: changes[domain])
        every = [row["generality"] for row in runs]
        return (
            f"In {guard['harmed']} of {guard['runs']} runs of the default a regime lost more than "
            f"{HARM} ({losses}): validation saw a gain each time, so the guard took the tuned "
            f"model; it kept the base model in {guard['kept']}. Everyday language changed by "
            f"{signed(min(every))} ({worst}) to {signed(max(every))}, "
            f"{signed(float(np.mean(every)))} on average."
        )

    def _choice(self) -> str:
        chosen = _enough(left_out(self.rows))
        counts = {arm: list(chosen["chosen"].values()).count(arm) for arm in chosen["arms"]}
        picked = ", ".join(f"{TITLES[arm]} for {n}" for arm, n in counts.items() if n)
        return (
            f"Chosen by the validation questions of the other sets (mean of known and unseen): "
            f"{picked} sets. Gain on the set left out, unseen: {signed(chosen[UNSEEN]['mean'])} "
            f"({span(chosen[UNSEEN]['interval'])})."
        )

    def _losses(self) -> list[tuple[Row, str, float]]:
        found = [(row, *one) for row in self._runs(DEFAULT) for one in lost(self.rows, row)]
        return sorted(found, key=lambda one: (one[0]["domain"], one[0]["split_seed"]))

    def covered(self) -> str:
        """Return what was run: of each way to learn how many sets, splits and training seeds."""
        parts: dict[str, list[str]] = {}
        for arm in TITLES:
            runs = {(r["domain"], r["split_seed"], r["seed"]) for r in self._runs(arm)}
            splits = {one[:2] for one in runs}
            sets = len({domain for domain, _ in splits})
            if not runs:
                continue
            text = f"{len(splits)} splits" if len(splits) > sets else "one split"
            text += f" of {sets} set" + "s" * (sets > 1)
            if more := len(runs) - len(splits):
                text += f", of {more} a second training seed"
            parts.setdefault(text, []).append(TITLES[arm])
        told = "; ".join(f"{', '.join(arms)}: {text}" for text, arms in parts.items())
        return f"{len(self.every)} runs on {len(self.domains)} sets. Ways to learn: {told}."

    # Of each set.

    def sets(self) -> str:
        """Return the table of the sets: untuned model, right answers alone, default, experts."""
        ways = "untuned, right answers alone, default"
        head = ("set", f"known: {ways}", f"unseen: {ways} (its splits), strongest expert")
        lines = []
        for domain in self.domains:
            what = f" ({WHAT[domain]})" if domain in WHAT else ""
            cells = [self._set_cell(domain, regime) for regime in REGIMES]
            lines.append((f"{domain}{what}", *cells))
        return table(head, lines)

    def _set_cell(self, domain: str, regime: str) -> str:
        default = effect(self.rows, domain, DEFAULT, BASE, regime)
        base = [
            row[regime]["ndcg@10"] for row in self._runs(BASE)
            if row["domain"] == domain and regime in row and row[regime]["questions"] >= FEWEST
        ]  # fmt: skip
        if default is None or not base:
            return "too few"
        hard = effect(self.rows, domain, HARD, BASE, regime)
        cells = [f"{np.mean(base):.3f}", signed(hard.mean) if hard else "–", signed(default.mean)]
        if regime == KNOWN:
            return ", ".join(cells)
        splits = [self._of_split(domain, split) for split in self._splits(domain)]
        cells[-1] += f" ({', '.join(signed(one) for one in splits if one is not None)})"
        strongest = effect(self.rows, domain, "strongest", BASE, regime)
        names = {r["expert"] for r in self._runs("strongest") if r["domain"] == domain}
        by_words = " (keyword search)" if names == {"bm25"} else ""
        return ", ".join([*cells, signed(strongest.mean) + by_words if strongest else "–"])

    def _splits(self, domain: str) -> list[int]:
        return sorted({row["split_seed"] for row in self.rows if row["domain"] == domain})

    def _of_split(self, domain: str, split: int, arm: str = DEFAULT) -> float | None:
        part = [row for row in self.rows if row["split_seed"] == split]
        found = effect(part, domain, arm, BASE, UNSEEN)
        return found.mean if found else None

    def rules(self) -> str:
        """Return the table of all ways to learn, split 1: gains known/unseen."""
        part = [row for row in self.rows if row["split_seed"] == 1]
        first = [row for row in part if row["seed"] == 0]
        arms = [arm for arm in TITLES if any(row["arm"] == arm for row in first)]
        lines = []
        for domain in self.domains:
            cells = []
            for arm in arms:
                found = [effect(first, domain, arm, BASE, regime) for regime in REGIMES]
                cells.append("/".join(signed(one.mean) for one in found if one) or "–")
            if sum(cell != "–" for cell in cells) > 2:  # else the table above says it
                lines.append((domain, *cells))
        return table(("set", *(TITLES[arm] for arm in arms)), lines)

    def added(self) -> str:
        """Return the tables of what each mechanism adds."""
        found = mechanisms(self.every)
        parts = []
        for regime in REGIMES:
            for teacher in (True, False):
                mine = [r for r in found if (r["regime"], r["teacher"]) == (regime, teacher)]
                if not mine:
                    continue
                among = [d for d in self.domains if any(d in one["sets"] for one in mine)]
                note = "" if teacher else ", without the teacher"
                lines = []
                for one in mine:
                    cells = [signed(one["sets"][d]) if d in one["sets"] else "" for d in among]
                    lines.append((one["mechanism"], *cells, self._over(one["over_sets"])))
                head = (f"What each adds, {regime}{note}", *among, "over sets")
                parts.append(table(head, lines, "---:"))
        return "\n\n".join(parts)

    @staticmethod
    def _over(found: Row | None) -> str:
        if found is None:
            return ""
        mean, ends = signed(found["mean"]), [signed(value) for value in found["interval"]]
        return mean if {mean, *ends} == {"0"} else f"{mean} ({' to '.join(ends)})"

    # Luck, and keyword search beside the model.

    def luck(self) -> str:
        """Return how far training seeds, and splits, lie apart on unseen answers."""
        seeds, moved = [], []
        for domain in self.domains:
            for split in self._splits(domain):
                part = [row for row in self.rows if row["split_seed"] == split]
                runs = [row for row in part if row["arm"] == DEFAULT and row["domain"] == domain]
                values = {r["seed"]: r[UNSEEN]["ndcg@10"] for r in runs if UNSEEN in r}
                if len(values) > 1:
                    seeds.append(float(np.var(list(values.values()), ddof=1)))
                    moved.append(max(values.values()) - min(values.values()))
        effects = [effect(self.rows, domain, DEFAULT, BASE, UNSEEN) for domain in self.domains]
        over = [one.over_splits**2 for one in effects if one and one.splits > 1]
        if not seeds or not over:
            return "Nothing was tuned with a second training seed, or on a second split."
        return (
            f"Luck has two parts. Of {len(seeds)} splits tuned with two training seeds (some on "
            f"another machine of the same kind), the two lie {min(moved):.3f} to "
            f"{max(moved):.3f} apart on unseen answers (standard deviation "
            f"{np.mean(seeds) ** 0.5:.3f}); that of the gain over the splits of a set is "
            f"{np.mean(over) ** 0.5:.3f}."
        )

    def words(self) -> str:
        """Return what keyword search adds to the tuned model."""
        gains = joined_gains(self.rows)
        parts = []
        for regime in REGIMES:
            sets = gains[regime]["sets"]
            moved = [f"{domain} {signed(sets[domain])}" for domain in self.domains
                     if round(sets.get(domain, 0.0), 3)]  # fmt: skip
            text = f"{regime}: {', '.join(moved) or 'nothing'} (of {len(sets)} sets)"
            if over := gains[regime]["over_sets"]:
                text += f", over sets {self._over(over)}"
            parts.append(text)
        return f"Keyword search joined with the tuned model, what it adds, {'; '.join(parts)}."

    def _summary(self, other: str, regime: str) -> Row:
        return _enough(summary(self.rows, DEFAULT, other, regime))

    def _runs(self, arm: str) -> list[Row]:
        return [row for row in self.rows if row["arm"] == arm]


def filled(document: str, texts: Mapping[str, str]) -> str:
    """Return a document with what stands between its marks made anew.

    Raises
    ------
    ValueError
        If a mark is not closed, or nothing is known by its name.
    """
    for name in re.findall(r"<!-- domains:(\w+) -->", document):
        if name not in texts:
            raise ValueError(f"nothing is called {name}; there are: {', '.join(texts)}")
        mark, end = f"<!-- domains:{name} -->", f"<!-- /domains:{name} -->"
        before, _, rest = document.partition(mark)
        inside, closed, after = rest.partition(end)
        if not closed:
            raise ValueError(f"{mark} is not closed by {end}")
        edge = "\n" if inside.startswith("\n") else ""
        document = f"{before}{mark}{edge}{texts[name]}{edge}{end}{after}"
    return document


def main() -> int:
    """Fill the documents."""
    texts = Documents(Evidence(EVIDENCE).rows).all()
    for path in DOCUMENTS:
        path.write_text(filled(path.read_text("utf-8"), texts), encoding="utf-8")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
