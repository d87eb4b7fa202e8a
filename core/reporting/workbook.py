"""The decision pack as a workbook: what the report says, as tables to sort and to compute with.

Summary in ``workbook_summary.py``, labels, experts and settings in ``workbook_sources.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.evaluation.measures import METRICS
from core.evaluation.verdict import REGIME_TEXTS, WORDS
from core.messages import N_
from core.reporting.report_input import ReportInput
from core.reporting.report_rows import Movement
from core.reporting.spreadsheet import (
    COUNT,
    P_VALUE,
    SCORE,
    SIGNED,
    Column,
    Row,
    Sheet,
    workbook,
)
from core.reporting.wording import Wording
from core.reporting.workbook_sources import (
    alpha_sheet,
    configuration_sheet,
    experts_sheet,
    interval_columns,
    labels_sheet,
    speed_sheet,
)
from core.reporting.workbook_summary import summary_sheet

SheetMaker = Callable[[ReportInput, Wording], Sheet]


def decision_workbook(report: ReportInput, language: str) -> bytes:
    """Return the decision pack as an XLSX file in ``en`` or ``ja``."""
    wording = Wording(language)
    title = wording.t("Search report: {name}", name=wording.shortened(report.name, 120))
    sheets = [make(report, wording) for make in SHEETS]
    return workbook(sheets, title=title, language=language)


def _metrics(report: ReportInput, w: Wording) -> Sheet:
    columns = (
        Column(w.t(N_("Test")), 26),
        Column(w.t(N_("Metric")), 44),
        Column(w.t(N_("System")), 30),
        Column(w.t(N_("Value")), 10, SCORE),
        *interval_columns(w, SCORE),
        Column(w.t(N_("Tuned minus base")), 12, SIGNED),
        *interval_columns(w, SIGNED),
        Column(w.t(N_("p")), 9, P_VALUE),
        Column(w.t(N_("p, adjusted (Holm)")), 11, P_VALUE),
        Column(w.t(N_("Better")), 9, COUNT),
        Column(w.t(N_("The same")), 9, COUNT),
        Column(w.t(N_("Worse")), 9, COUNT),
        Column(w.t(N_("Questions")), 10, COUNT),
        Column(w.t(N_("Verdict")), 14),
    )
    rows = []
    for regime in report.regimes:
        found = {d.metric: d for d in regime.differences}
        for key in METRICS:
            for arm in regime.arms:
                if key not in arm.metrics:
                    continue
                value = arm.metrics[key]
                cells = [w.t(regime.title), METRICS[key].title_in(w.t), w.t(arm.title)]
                numbers: list[str | int | float | None] = [value.value, value.low, value.high]
                d = found.get(key) if arm.kind == "tuned" else None
                if d is None:
                    numbers += [None] * 8 + [regime.questions, None]
                else:
                    numbers += [d.difference, d.low, d.high, d.p, d.p_adjusted]
                    numbers += [d.wins, d.ties, d.losses, d.questions, w.t(WORDS[d.word])]
                rows.append(Row((*cells, *numbers)))
    note = w.t(
        N_(
            "Means over held-out questions with 95% intervals (bootstrap over groups of answers). "
            "Differences are tuned minus base on the same questions; the verdict rests on nDCG@10, "
            "for the other metrics the adjusted p counts."
        )
    )
    return Sheet(w.t(N_("Metrics")), columns, rows, note)


def _slices(report: ReportInput, w: Wording) -> Sheet:
    from core.evaluation.slices import SLICERS

    columns = (
        Column(w.t(N_("Divided by")), 34),
        Column(w.t(N_("Part")), 40),
        Column(w.t(N_("Questions")), 10, COUNT),
        Column(w.t(N_("Before")), 10, SCORE),
        Column(w.t(N_("After")), 10, SCORE),
        Column(w.t(N_("Difference")), 12, SIGNED),
        *interval_columns(w, SIGNED),
        Column(w.t(N_("p, adjusted (Holm)")), 11, P_VALUE),
        Column(w.t(N_("Verdict")), 14),
        Column(w.t(N_("Remark")), 40),
    )
    small = w.t(N_("Few questions: this part alone says little."))
    rows = [
        Row(
            (
                w.t(SLICERS[one.attribute].title) if one.attribute in SLICERS else one.attribute,
                w.tm(one.label),
                one.result.questions,
                one.result.before,
                one.result.after,
                one.result.difference,
                one.result.low,
                one.result.high,
                None if one.small else one.result.p_adjusted,
                w.t(WORDS.get(one.result.word, one.result.word)),
                small if one.small else None,
            )
        )
        for one in report.slices
    ]
    note = (
        w.t(N_("nDCG@10 on parts of the held-out questions, with 95% intervals of the difference."))
        if rows
        else w.t(N_("Not worked out for this comparison."))
    )
    return Sheet(w.t(N_("Slices")), columns, rows, note)


def _losses(report: ReportInput, w: Wording) -> Sheet:
    note = w.t(
        N_(
            "Held-out questions that got worse, lost right answers first. Lost: the right answer "
            "was among the first ten and no longer is."
        )
    )
    return _movements(w.t(N_("Losses")), note, report.losses, w)


def _wins(report: ReportInput, w: Wording) -> Sheet:
    note = w.t(N_("Held-out questions that got better, the largest gain first."))
    return _movements(w.t(N_("Wins")), note, report.wins, w)


def _movements(title: str, note: str, rows: Sequence[Movement], w: Wording) -> Sheet:
    columns = (
        Column(w.t(N_("Test")), 26),
        Column(w.t(N_("Id")), 12),
        Column(w.t(N_("Question")), 48),
        Column(w.t(N_("Right answer")), 60),
        Column(w.t(N_("Rank before")), 9, COUNT),
        Column(w.t(N_("Rank after")), 9, COUNT),
        Column(w.t(N_("Change of nDCG@10")), 11, SIGNED),
        Column(w.t(N_("Lost")), 8),
        Column(w.t(N_("Now first")), 60),
    )
    lost = w.t(N_("lost"))
    cells = [
        Row(
            (
                w.t(REGIME_TEXTS[row.regime].title) if row.regime in REGIME_TEXTS else row.regime,
                row.question_id,
                row.question,
                row.answer,
                row.before_rank,
                row.after_rank,
                row.change,
                lost if row.lost else None,
                row.first_now or None,
            )
        )
        for row in rows
    ]
    return Sheet(title, columns, cells, note)


SHEETS: tuple[SheetMaker, ...] = (
    summary_sheet,
    _metrics,
    _slices,
    _losses,
    _wins,
    labels_sheet,
    experts_sheet,
    alpha_sheet,
    speed_sheet,
    configuration_sheet,
)
