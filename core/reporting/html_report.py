"""The decision pack: one HTML file that needs nothing else and prints to A4."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

from core.evaluation.geometry import SHAPE_MEASURES
from core.evaluation.measures import MAIN_METRIC, METRICS
from core.messages import N_
from core.reporting import advice, drawings
from core.reporting.charts import palette
from core.reporting.report_content import ReportContent
from core.reporting.wording import Wording

# Control characters are not allowed in HTML, halves of surrogate pairs not in any file.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
MOST = {"overrides": 50, "movements": 10, "slices": 24}  # of each kind; the workbook has all
LANGUAGE_NAMES = {"en": N_("English"), "ja": N_("Japanese")}


def render(report: ReportContent, language: str) -> str:
    """Return the report as one self-contained HTML document.

    Every text of the user is escaped, there is no script, and a content policy in the document
    forbids the browser to run or fetch anything.

    Parameters
    ----------
    report : ReportContent
    language : str
        ``en`` or ``ja``; any other is English.
    """
    wording = Wording(language)
    page = wording.template("report.html.jinja").render(
        r=report,
        decision=advice.decision(report.words),
        overall=advice.overall_word(report.words),
        caveats=advice.caveats(report),
        next_steps=advice.next_steps(report),
        metrics=METRICS,
        shapes=SHAPE_MEASURES,
        languages=LANGUAGE_NAMES,
        most=MOST,
        palette=palette,
        scales={r.key: drawings.difference_scale(r.main) for r in report.regimes if r.main},
        dots={r.key: drawings.dot_chart(r.systems, MAIN_METRIC) for r in report.regimes},
        splits=drawings.split_bars(report.data.split),
        axes=drawings.learning_axes(report.tuning),
        alphas=drawings.alpha_curve(report.tuning),
        votes=[wording.vote(vote) for vote in report.votes],
        attached=_attached,
        configuration=json.dumps(report.configuration, ensure_ascii=False, indent=1),
    )
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", page)


def _attached(text: str) -> str:
    """Return a JSON text as an address that holds the text itself: the page stays one file."""
    content = text.encode("utf-8", "replace")
    return f"data:application/json;charset=utf-8,{quote(content, safe='')}"
