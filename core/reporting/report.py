"""The decision pack: one HTML file that needs nothing else and prints to A4."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

from core.evaluation import vote_words
from core.evaluation.geometry import MEASURES
from core.evaluation.measures import MAIN_METRIC, METRICS
from core.evaluation.slices import SLICERS
from core.evaluation.verdict import REGIME_TEXTS, WORDS, sentence
from core.messages import N_
from core.reporting import advice, geometry
from core.reporting.alpha_geometry import alpha_curve
from core.reporting.charts import palette
from core.reporting.report_input import ReportInput
from core.reporting.wording import Wording

TEMPLATES = Path(__file__).resolve().parent / "templates"
# Control characters are not allowed in HTML, halves of surrogate pairs not in any file.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
MOST_OVERRIDES = 50
MOST_MOVEMENTS = 10  # of each kind; the workbook has all
MOST_SLICES = 24
LANGUAGE_NAMES = {"en": N_("English"), "ja": N_("Japanese")}


def render(report: ReportInput, language: str) -> str:
    """Return the report as one self-contained HTML document.

    Every text of the user is escaped, there is no script, and a content policy in the document
    forbids the browser to run or fetch anything.

    Parameters
    ----------
    report : ReportInput
    language : str
        ``en`` or ``ja``; any other is English.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    wording = Wording(language)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(_=wording.t, w=wording)
    page = environment.get_template("report.html.jinja").render(
        r=report,
        decision=advice.decision(report.words),
        overall=advice.overall_word(report.words),
        caveats=advice.caveats(report),
        next_steps=advice.next_steps(report),
        sentence=sentence,
        verdict_words=WORDS,
        metrics=METRICS,
        shapes=MEASURES,
        slicers=SLICERS,
        regime_titles={key: regime.title for key, regime in REGIME_TEXTS.items()},
        languages=LANGUAGE_NAMES,
        most_overrides=MOST_OVERRIDES,
        most_movements=MOST_MOVEMENTS,
        most_slices=MOST_SLICES,
        palette=palette,
        bars={r.key: geometry.difference_bar(r.main) for r in report.regimes if r.main},
        dots={r.key: geometry.dot_chart(r.arms, MAIN_METRIC) for r in report.regimes},
        splits=geometry.split_bars(report.data.split),
        curve=geometry.curve(report.tuning),
        alphas=alpha_curve(report.tuning.alphas),
        votes=[wording.vote(vote) for vote in report.votes],
        vote_words=vote_words,
        attached=_attached,
        configuration=json.dumps(report.configuration, ensure_ascii=False, indent=1),
    )
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", page)


def _attached(text: str) -> str:
    """Return a JSON text as an address that holds the text itself: the page stays one file."""
    content = text.encode("utf-8", "replace")
    return f"data:application/json;charset=utf-8,{quote(content, safe='')}"
