"""The decision pack as a workbook: what the report says, as tables to sort and to compute with.

A sheet with one kind of rows is a :class:`_TableSheet`: head, width, format and content of a column
stand in one place. Summary and configuration have rows of many kinds and are written line by line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.evaluation.cost import EncodingCost
from core.evaluation.geometry import SHAPE_MEASURES
from core.evaluation.measures import METRICS
from core.messages import N_
from core.reporting import advice
from core.reporting.report_content import (
    BiasCell,
    ExpertFacts,
    Movement,
    RegimeResults,
    ReportContent,
    SystemRow,
)
from core.reporting.spreadsheet import (
    ANY,
    COUNT,
    LONGEST_CELL,
    ONE_DIGIT,
    P_VALUE,
    PERCENT,
    SCORE,
    SIGNED,
    TEXT,
    Column,
    Row,
    Sheet,
    Value,
    workbook,
)
from core.reporting.wording import Wording
from core.types import Difference, Interval, Override, SliceDifference
from core.types.tuning import SweepPoint

Item = TypeVar("Item")
SheetMaker = Callable[[ReportContent, Wording], Sheet]


@dataclass(frozen=True)
class Field(Generic[Item]):
    """One column: its head (a message id), width, format, and what it holds of an item."""

    head: str
    width: int
    value: Callable[[Item, Wording], Value]
    form: str = TEXT


@dataclass(frozen=True)
class _TableSheet(Generic[Item]):
    """One sheet with a row per item.

    Attributes
    ----------
    title, note : str
        Message ids; the note explains what the rows are.
    empty : str
        Message id of what is said instead where there are no rows; "" = the note as well.
    """

    title: str
    items: Callable[[ReportContent], Sequence[Item]]
    fields: tuple[Field[Item], ...]
    note: str
    empty: str = ""

    def __call__(self, report: ReportContent, w: Wording) -> Sheet:
        """Return the sheet of a report in the reader's language."""
        items = self.items(report)
        columns = tuple(Column(w.t(field.head), field.width, field.form) for field in self.fields)
        rows = [Row(tuple(field.value(item, w) for field in self.fields)) for item in items]
        note = self.note if rows or not self.empty else self.empty
        return Sheet(w.t(self.title), columns, rows, w.t(note))


def decision_workbook(report: ReportContent, language: str) -> bytes:
    """Return the decision pack as an XLSX file in ``en`` or ``ja``."""
    wording = Wording(language)
    title = wording.t("Search report: {name}", name=wording.shortened(report.name, 120))
    sheets = [make(report, wording) for make in SHEETS]
    return workbook(sheets, title=title, language=language)


def _interval(
    form: str, low: Callable[[Item], Value], high: Callable[[Item], Value]
) -> tuple[Field[Item], Field[Item]]:
    """Return the columns of both ends of a 95% interval."""
    return (
        Field(N_("95% from"), 10, lambda item, _: low(item), form),
        Field(N_("95% to"), 10, lambda item, _: high(item), form),
    )


@dataclass(frozen=True)
class _Figure:
    """One metric of one system on the questions of one regime."""

    regime: RegimeResults
    metric: str
    system: SystemRow

    @property
    def interval(self) -> Interval:
        """Mean over the questions with its ends."""
        return self.system.metrics[self.metric]

    @property
    def difference(self) -> Difference | None:
        """Tuned minus base; None in the rows of other systems."""
        if self.system.kind != "tuned":
            return None
        return next((d for d in self.regime.differences if d.metric == self.metric), None)


def _figures(report: ReportContent) -> list[_Figure]:
    return [
        _Figure(regime, metric, system)
        for regime in report.regimes
        for metric in METRICS
        for system in regime.systems
        if metric in system.metrics
    ]


def _compared(read: Callable[[Difference], Value]) -> Callable[[_Figure], Value]:
    """Return what reads a difference; the cell stays empty where there is none."""
    return lambda figure: None if figure.difference is None else read(figure.difference)


def _difference(
    head: str, width: int, read: Callable[[Difference], Value], form: str
) -> Field[_Figure]:
    return Field(head, width, lambda figure, _: _compared(read)(figure), form)


METRICS_SHEET = _TableSheet[_Figure](
    N_("Metrics"),
    _figures,
    (
        Field(N_("Test"), 26, lambda f, w: w.t(f.regime.title)),
        Field(N_("Metric"), 44, lambda f, w: METRICS[f.metric].title_in(w.t)),
        Field(N_("System"), 30, lambda f, w: w.t(f.system.title)),
        Field(N_("Value"), 10, lambda f, _: f.interval.value, SCORE),
        *_interval(SCORE, lambda f: f.interval.low, lambda f: f.interval.high),
        _difference(N_("Tuned minus base"), 12, lambda d: d.difference, SIGNED),
        *_interval(SIGNED, _compared(lambda d: d.low), _compared(lambda d: d.high)),
        _difference(N_("p"), 9, lambda d: d.p, P_VALUE),
        _difference(N_("p, adjusted (Holm)"), 11, lambda d: d.p_adjusted, P_VALUE),
        _difference(N_("Better"), 9, lambda d: d.wins, COUNT),
        _difference(N_("The same"), 9, lambda d: d.ties, COUNT),
        _difference(N_("Worse"), 9, lambda d: d.losses, COUNT),
        Field(
            N_("Questions"),
            10,
            lambda f, _: f.difference.questions if f.difference else f.regime.questions,
            COUNT,
        ),
        Field(N_("Verdict"), 14, lambda f, w: w.word(f.difference.word) if f.difference else None),
    ),
    N_(
        "Means over held-out questions with 95% intervals (bootstrap over groups of answers). "
        "Differences are tuned minus base on the same questions; the verdict rests on nDCG@10, "
        "for the other metrics the adjusted p counts."
    ),
)


def _small(part: SliceDifference, w: Wording) -> str | None:
    return w.t(N_("Few questions: this part alone says little.")) if part.small else None


SLICES_SHEET = _TableSheet[SliceDifference](
    N_("Slices"),
    lambda report: report.slices,
    (
        Field(N_("Divided by"), 34, lambda part, w: w.slicer(part.attribute)),
        Field(N_("Part"), 40, lambda part, w: w.tm(part.label)),
        Field(N_("Questions"), 10, lambda part, _: part.result.questions, COUNT),
        Field(N_("Before"), 10, lambda part, _: part.result.before, SCORE),
        Field(N_("After"), 10, lambda part, _: part.result.after, SCORE),
        Field(N_("Difference"), 12, lambda part, _: part.result.difference, SIGNED),
        *_interval(SIGNED, lambda part: part.result.low, lambda part: part.result.high),
        Field(
            N_("p, adjusted (Holm)"),
            11,
            lambda part, _: None if part.small else part.result.p_adjusted,
            P_VALUE,
        ),
        Field(N_("Verdict"), 14, lambda part, w: w.word(part.result.word)),
        Field(N_("Remark"), 40, _small),
    ),
    N_("nDCG@10 on parts of the held-out questions, with 95% intervals of the difference."),
    N_("Not worked out for this comparison."),
)

_MOVEMENT_FIELDS: tuple[Field[Movement], ...] = (
    Field(N_("Test"), 26, lambda row, w: w.regime(row.regime)),
    Field(N_("Id"), 12, lambda row, _: row.question_id),
    Field(N_("Question"), 48, lambda row, _: row.question),
    Field(N_("Right answer"), 60, lambda row, _: row.answer),
    Field(N_("Rank before"), 9, lambda row, _: row.before_rank, COUNT),
    Field(N_("Rank after"), 9, lambda row, _: row.after_rank, COUNT),
    Field(N_("Change of nDCG@10"), 11, lambda row, _: row.change, SIGNED),
    Field(N_("Lost"), 8, lambda row, w: w.t(N_("lost")) if row.lost else None),
    Field(N_("Now first"), 60, lambda row, _: row.first_now or None),
)
LOSSES_SHEET = _TableSheet[Movement](
    N_("Losses"),
    lambda report: report.losses,
    _MOVEMENT_FIELDS,
    N_(
        "Held-out questions that got worse, lost right answers first. Lost: the right answer "
        "was among the first ten and no longer is."
    ),
)
WINS_SHEET = _TableSheet[Movement](
    N_("Wins"),
    lambda report: report.wins,
    _MOVEMENT_FIELDS,
    N_("Held-out questions that got better, the largest gain first."),
)
LABELS_SHEET = _TableSheet[Override](
    N_("Labels changed"),
    lambda report: report.labels.overrides,
    (
        Field(N_("Question"), 48, lambda label, _: label.question),
        Field(N_("Answer"), 60, lambda label, _: label.answer),
        Field(N_("Label"), 9, lambda label, _: round((label.value or 0) * 100, 2), COUNT),
        Field(N_("Reason"), 40, lambda label, _: label.reason),
        Field(N_("Who"), 18, lambda label, _: label.who),
        Field(N_("When (UTC)"), 20, lambda label, w: w.moment(label.at)),
    ),
    N_("Labels that people set by hand (0 to 100), the newest first; they win over rules."),
    N_("No label was set by hand."),
)


def _licence(expert: ExpertFacts, w: Wording) -> str:
    return expert.origin.licence or w.t(N_("not known"))


def _commercial_use(expert: ExpertFacts, w: Wording) -> str:
    origin = expert.origin
    return w.t(N_("allowed")) if origin.commercial_use else w.restriction(origin.licence)


def _alone(expert: ExpertFacts) -> Interval:
    return expert.ndcg or Interval(*(float("nan"),) * 3)  # a figure that is none stays empty


EXPERTS_SHEET = _TableSheet[ExpertFacts](
    N_("Experts"),
    lambda report: report.experts,
    (
        Field(N_("Expert"), 36, lambda expert, _: expert.origin.title),
        Field(N_("Licence"), 20, _licence),
        Field(N_("Commercial use"), 30, _commercial_use),
        Field(N_("Alone (nDCG@10)"), 12, lambda expert, _: _alone(expert).value, SCORE),
        *_interval(SCORE, lambda expert: _alone(expert).low, lambda expert: _alone(expert).high),
        Field(N_("Weight in the labels"), 12, lambda expert, _: expert.weight, PERCENT),
        Field(N_("Seconds"), 10, lambda expert, _: expert.seconds, ONE_DIGIT),
        Field(N_("Content hash"), 40, lambda expert, _: expert.fingerprint),
    ),
    N_("How good each expert is alone, on questions outside the final test, and its licence."),
)
ALPHA_SHEET = _TableSheet[tuple[SweepPoint, bool]](
    N_("Mixes (α)"),
    lambda report: [(mix, mix.alpha == report.tuning.alpha) for mix in report.tuning.mixes],
    (
        Field(N_("Share of the tuned weights (α)"), 20, lambda row, _: row[0].alpha, ANY),
        Field(N_("Own questions (nDCG@10, validation)"), 22, lambda row, _: row[0].score, SCORE),
        Field(N_("Everyday language (Spearman)"), 22, lambda row, _: row[0].generality, SCORE),
        Field(N_("Chosen"), 12, lambda row, w: w.t(N_("kept")) if row[1] else None),
    ),
    N_(
        "The tuned weights mixed with the old ones: 0 is the old model, 1 the tuned one. "
        "Chosen on validation questions, not on the questions of the verdict."
    ),
    N_("Not measured for this model."),
)


def _label_bins(report: ReportContent) -> list[_LabelBin]:
    spread = report.labels.spread
    if spread is None:
        return []
    width = 100 / len(spread.right)
    shares = zip(spread.right, spread.other, strict=True)
    return [
        _LabelBin(place * width, (place + 1) * width, right, other)
        for place, (right, other) in enumerate(shares)
    ]


@dataclass(frozen=True)
class _LabelBin:
    """Labels from ``low`` to ``high`` (of 100), and the shares of both kinds of pairs there."""

    low: float
    high: float
    right: float
    other: float


SPREAD_SHEET = _TableSheet[_LabelBin](
    N_("Label distribution"),
    _label_bins,
    (
        Field(N_("Labels from"), 12, lambda part, _: part.low, ONE_DIGIT),
        Field(N_("Labels to"), 12, lambda part, _: part.high, ONE_DIGIT),
        Field(N_("Right answers"), 16, lambda part, _: part.right, PERCENT),
        Field(N_("Other pairs"), 16, lambda part, _: part.other, PERCENT),
    ),
    N_("Where the labels lie that were learned from (0 to 100): shares of each kind of pair."),
    N_("The experts' scores are not there any more, so the labels cannot be drawn."),
)


@dataclass(frozen=True)
class _BiasRow:
    """What one expert (None = all together) gives one group."""

    group: str
    expert: str | None
    cell: BiasCell


def _bias_rows(report: ReportContent) -> list[_BiasRow]:
    bias = report.labels.bias
    if bias is None:
        return []
    return [
        _BiasRow(group, expert, cell)
        for group, cells in bias.rows
        for expert, cell in zip((None, *bias.experts), cells, strict=True)
    ]


BIAS_SHEET = _TableSheet[_BiasRow](
    N_("Bias"),
    _bias_rows,
    (
        Field(N_("Group"), 30, lambda row, _: row.group),
        Field(
            N_("Expert"),
            36,
            lambda row, w: w.t(N_("together")) if row.expert is None else row.expert,
        ),
        Field(
            N_("Points of 100"),
            14,
            lambda row, _: None if row.cell.difference is None else 100 * row.cell.difference,
            SIGNED,
        ),
        Field(
            N_("More than chance"), 18, lambda row, w: w.t(N_("yes")) if row.cell.flagged else None
        ),
    ),
    N_("Mean label of a group minus that of all other groups, in the most uneven grouping."),
    N_(
        "There is nothing to compare: no expert took part, or all texts are alike in what is known."
    ),
)
SPEED_SHEET = _TableSheet[EncodingCost](
    N_("Speed and memory"),
    lambda report: report.speeds,
    (
        Field(N_("System"), 36, lambda cost, w: w.t(cost.title)),
        Field(N_("Texts per second"), 12, lambda cost, _: cost.texts_per_second, ONE_DIGIT),
        Field(N_("Slowest round"), 12, lambda cost, _: cost.slowest, ONE_DIGIT),
        Field(N_("Fastest round"), 12, lambda cost, _: cost.fastest, ONE_DIGIT),
        Field(N_("One question (ms)"), 12, lambda cost, _: cost.query_ms, ONE_DIGIT),
        Field(N_("Model (MB)"), 12, lambda cost, _: cost.weights_mb or None, ONE_DIGIT),
        Field(N_("Index (MB)"), 12, lambda cost, _: cost.vectors_mb, ONE_DIGIT),
        Field(N_("Device"), 14, lambda cost, _: cost.device),
        Field(N_("Texts"), 10, lambda cost, _: cost.texts, COUNT),
        Field(N_("Rounds"), 10, lambda cost, _: cost.rounds, COUNT),
    ),
    N_(
        "Measured in the comparison job on texts of your data, past the cache; other work "
        "on the machine slows it down. Model: memory of its weights. Index: vectors of all "
        "your answers."
    ),
    N_("Speed was not measured in this comparison."),
)


def _configuration_sheet(report: ReportContent, w: Wording) -> Sheet:
    """Return everything that was set, and the hashes of what came out."""
    columns = (Column(w.t(N_("Setting")), 44), Column(w.t(N_("Value")), 90))
    rows = [Row((w.t(N_("The command that repeats it")), report.repeat.command))]
    rows += [Row(("", w.tm(note))) for note in report.repeat.notes]
    long = w.t(N_("Too long for a cell; the HTML report holds this file."))
    rows += [
        Row((name, text if len(text) <= LONGEST_CELL else long))
        for name, text in report.repeat.files.items()
    ]
    rows.append(_heading(w.t(N_("Settings"))))
    rows += [Row((w.t(title), value)) for title, value in report.tuning.settings]
    rows.append(_heading(w.t(N_("Content hashes"))))
    rows += [Row((w.t(title), value)) for title, value in report.hashes]
    rows.append(_heading(w.t(N_("Software"))))
    rows += [Row(pair) for pair in report.software]
    rows.append(_heading(w.t(N_("Configuration"))))
    rows += [
        Row((key, json.dumps(value, ensure_ascii=False, indent=1)))
        for key, value in report.configuration.items()
    ]
    return Sheet(w.t(N_("Configuration")), columns, rows)


def _summary_sheet(report: ReportContent, w: Wording) -> Sheet:
    """Return the decision, the figures behind it, and what to beware of, on one page."""
    columns = (Column(w.t(N_("Subject")), 34), Column(w.t(N_("Result")), 110))
    parts = (_decision, _votes, _shape, _advice, _data, _labels, _rules, _cost)
    rows = [row for part in parts for row in part(report, w)]
    note = w.t(
        N_("Made {at}. The same content as the HTML report, as tables."),
        at=w.moment(report.created_at),
    )
    return Sheet(w.t(N_("Summary")), columns, rows, note)


def _heading(text: str) -> Row:
    return Row((text,), heading=True)


def _decision(report: ReportContent, w: Wording) -> Iterator[Row]:
    yield Row((w.t(N_("Project")), w.shortened(report.name, 200)))
    yield _heading(w.t(N_("The decision")))
    yield Row((w.t(N_("Overall")), w.tm(advice.decision(report.words))))
    for regime in report.regimes:
        yield Row((w.t(regime.title), w.verdict(regime)))
        if regime.main:
            yield Row(("", w.near_top(regime.main)))
    if report.way:
        yield Row((w.t(N_("How it was tested")), w.tm(report.way)))
    for title, said in report.counted:
        yield Row((w.t(title), w.tm(said)))
    for reason in report.refusals:
        yield Row((w.t(N_("Against the tuned model")), w.tm(reason)))
    if report.in_use:
        yield Row((w.t(N_("Decision of the project")), w.in_use(report.in_use)))
        if report.in_use.reason:
            yield Row(("", w.overruled(report.in_use)))
    for probe in report.generality:
        yield Row((w.t(N_("Everyday language")), w.generality(probe)))
    for title, reason in report.absent:
        yield Row((w.t(N_("Missing from the comparison")), f"{w.t(title)}: {w.tm(reason)}"))


def _votes(report: ReportContent, w: Wording) -> Iterator[Row]:
    for vote in map(w.vote, report.votes):
        yield _heading(w.t(N_("Blind vote")))
        yield Row((w.t(N_("Result")), w.tm(vote.headline)))
        yield Row(("", w.tm(vote.opening_text(w.moment(vote.at)))))
        for line in vote.texts:
            yield Row(("", w.tm(line)))


def _shape(report: ReportContent, w: Wording) -> Iterator[Row]:
    if report.shape:
        yield _heading(w.t(N_("The shape of the vectors")))
    for change in report.shape:
        text = w.t(
            N_("{before} before, {after} after (95 % interval of the change: {interval})."),
            before=w.score(change.before),
            after=w.score(change.after),
            interval=w.between(w.signed(change.low), w.signed(change.high)),
        )
        yield Row((w.t(SHAPE_MEASURES[change.measure].title), text))
        yield Row(("", w.tm(change.sentence)))


def _advice(report: ReportContent, w: Wording) -> Iterator[Row]:
    yield _heading(w.t(N_("What to do next")))
    for number, step in enumerate(advice.next_steps(report), start=1):
        yield Row((w.count(number), w.tm(step)))
    yield _heading(w.t(N_("Risks and limits")))
    for number, caveat in enumerate(advice.caveats(report), start=1):
        yield Row((w.count(number), w.tm(caveat)))


def _data(report: ReportContent, w: Wording) -> Iterator[Row]:
    data = report.data
    yield _heading(w.t(N_("Data")))
    yield Row((w.t(N_("File")), w.shortened(data.file, 200)))
    if data.rows_taken is not None and data.rows_set_aside is not None:
        yield Row((w.t(N_("Rows")), w.rows(data)))
    yield Row((w.t(N_("Texts")), w.texts(data)))
    if data.open_questions:
        yield Row((w.t(N_("Open questions")), w.open_questions(data)))
        for told in data.open_told:
            yield Row(("", w.tm(told)))
    if data.written:
        yield Row((w.t(N_("Written questions")), w.written(data)))
    for title, rows in data.personal_data:
        yield Row((w.t(N_("Personal data")), w.personal_data(title, rows)))
    for warning in data.warnings:
        yield Row((w.t(N_("What the import noticed")), w.tm(warning)))


def _labels(report: ReportContent, w: Wording) -> Iterator[Row]:
    labels, tuning = report.labels, report.tuning
    yield _heading(w.t(N_("Labels")))
    yield Row((w.t(labels.rule_title), w.t(labels.rule_meaning)))
    if labels.recipe.experts:
        yield Row((w.t(N_("Blend")), w.blend(labels.recipe)))
    if labels.recentred:
        yield Row((w.t(N_("Evened out by")), "; ".join(w.t(title) for title in labels.recentred)))
    yield Row((w.t(N_("Set by hand")), w.count(len(labels.overrides))))
    licence = tuning.base.licence or w.t(N_("licence not known"))
    yield Row((w.t(N_("Base model")), f"{tuning.base.title} ({licence})"))
    if not tuning.base.commercial_use:
        text = N_("The licence of the base model does not allow commercial use, or is not known.")
        yield Row(("", w.t(text)))


def _rules(report: ReportContent, w: Wording) -> Iterator[Row]:
    if report.rules:
        yield _heading(w.t(N_("Personal data, terms and risks")))
    for title, sentences in report.rules:
        for place, sentence in enumerate(sentences):
            yield Row(("" if place else w.t(title), w.tm(sentence)))


def _cost(report: ReportContent, w: Wording) -> Iterator[Row]:
    yield _heading(w.t(N_("Cost and time")))
    for step in report.steps:
        yield Row((w.t(step.title), w.duration(step.seconds)))
    yield Row((w.t(N_("Device")), report.tuning.device))
    for sent in report.sendings:
        yield Row((w.t(N_("Sent to an API")), w.sending(sent)))
    if report.savings is None:
        return
    yield Row((w.t(N_("What it would save")), w.own_figures(report.savings)))
    for title, saving in w.ends(report.savings):
        text = w.t(
            N_("Per month: {questions} fewer misses, {hours} hours, {money} {currency}"),
            questions=w.amount(saving.questions),
            hours=w.amount(saving.hours),
            money=w.amount(saving.money),
            currency=w.shortened(report.savings.inputs.currency, 12),
        )
        yield Row((title, text))
    for line in report.savings.assumptions:
        yield Row((w.t(N_("What has to hold for this")), w.tm(line)))


SHEETS: tuple[SheetMaker, ...] = (
    _summary_sheet,
    METRICS_SHEET,
    SLICES_SHEET,
    LOSSES_SHEET,
    WINS_SHEET,
    LABELS_SHEET,
    SPREAD_SHEET,
    BIAS_SHEET,
    EXPERTS_SHEET,
    ALPHA_SHEET,
    SPEED_SHEET,
    _configuration_sheet,
)
