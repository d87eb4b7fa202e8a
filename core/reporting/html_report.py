"""The decision pack: one HTML file that needs nothing else and prints to A4."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import quote

from core.evaluation.geometry import SHAPE_MEASURES
from core.evaluation.measures import MAIN_METRIC, METRICS
from core.messages import N_
from core.reporting import advice, drawings
from core.reporting.charts import palette
from core.reporting.charts.pictures import Picture, hundred_dots
from core.reporting.report_content import ReportContent
from core.reporting.wording import Wording

# Control characters are not allowed in HTML, halves of surrogate pairs not in any file.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# Of each kind; the workbook has all. "sheet" are wins, losses and risks on the first page.
MOST = {"overrides": 50, "movements": 10, "slices": 24, "sheet": 3}
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
    wording, labels = Wording(language), report.labels
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
        scale=drawings.difference_scale([r.main for r in report.regimes if r.main]),
        hundreds={r.key: _inside(hundred_dots(r.hundred)) for r in report.regimes if r.hundred},
        dots=drawings.dot_charts(report.regimes, MAIN_METRIC),
        spread=drawings.spread_chart(labels.spread) if labels.spread else None,
        heat=drawings.heat_map(labels.bias) if labels.bias else None,
        splits=drawings.split_bars(report.data.split),
        axes=drawings.learning_axes(report.tuning),
        alphas=drawings.alpha_curve(report.tuning),
        votes=[wording.vote(vote) for vote in report.votes],
        attached=_attached,
        configuration=json.dumps(report.configuration, ensure_ascii=False, indent=1),
    )
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", page)


def _inside(picture: Picture) -> Picture:
    """Return a picture that stands in a page, where it needs no address of its language."""
    return replace(picture, svg=picture.svg.replace(' xmlns="http://www.w3.org/2000/svg"', ""))


def _attached(text: str) -> str:
    """Return a JSON text as an address that holds the text itself: the page stays one file."""
    content = text.encode("utf-8", "replace")
    return f"data:application/json;charset=utf-8,{quote(content, safe='')}"
