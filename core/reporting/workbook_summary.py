"""The first sheet of the decision pack: the decision, the figures behind it, what to beware of."""

from __future__ import annotations

from collections.abc import Iterator

from core.evaluation.geometry import MEASURES
from core.evaluation.verdict import sentence
from core.messages import N_
from core.reporting import advice
from core.reporting.report_input import ReportInput
from core.reporting.spreadsheet import Column, Row, Sheet
from core.reporting.wording import Wording


def summary_sheet(report: ReportInput, w: Wording) -> Sheet:
    """Return the decision pack on one page."""
    columns = (Column(w.t(N_("Subject")), 34), Column(w.t(N_("Result")), 110))
    rows = [
        *_decision(report, w),
        *_votes(report, w),
        *_shape(report, w),
        *_advice(report, w),
        *_data(report, w),
        *_labels(report, w),
        *_cost(report, w),
    ]
    note = w.t(
        N_("Made {at}. The same content as the HTML report, as tables."),
        at=w.moment(report.created_at),
    )
    return Sheet(w.t(N_("Summary")), columns, rows, note)


def _heading(text: str) -> Row:
    return Row((text,), heading=True)


def _decision(report: ReportInput, w: Wording) -> Iterator[Row]:
    yield Row((w.t(N_("Project")), w.shortened(report.name, 200)))
    yield _heading(w.t(N_("The decision")))
    yield Row((w.t(N_("Overall")), w.tm(advice.decision(report.words))))
    for regime in report.regimes:
        found = regime.main
        if found is None:
            text = w.t(N_("No verdict: the results of the base or the tuned model are missing."))
            yield Row((w.t(regime.title), text))
            continue
        yield Row((w.t(regime.title), w.tm(sentence(found))))
        text = w.t(
            N_("Right answers near the top (nDCG@10): {before} before, {after} after."),
            before=w.score(found.before),
            after=w.score(found.after),
        )
        yield Row(("", text))
    for reason in report.refusals:
        yield Row((w.t(N_("Against the tuned model")), w.tm(reason)))
    if report.in_use:
        text = w.t(
            N_("In use since {at}, decided by {who}."),
            at=w.moment(report.in_use.at),
            who=w.shortened(report.in_use.who, 60),
        )
        yield Row((w.t(N_("Decision of the project")), text))
        if report.in_use.reason:
            text = w.t(
                N_("The refusal was overruled with the reason: {reason}"),
                reason=w.shortened(report.in_use.reason),
            )
            yield Row(("", text))
    for probe in report.generality:
        text = w.t(
            N_(
                "Everyday language ({language}, {pairs} sentence pairs, Spearman): {before} "
                "before, {after} after."
            ),
            language=probe.language,
            pairs=w.count(probe.pairs),
            before=w.score(probe.before),
            after=w.score(probe.after),
        )
        yield Row((w.t(N_("Everyday language")), text))
    for title, reason in report.absent:
        yield Row((w.t(N_("Missing from the comparison")), f"{w.t(title)}: {w.tm(reason)}"))


def _votes(report: ReportInput, w: Wording) -> Iterator[Row]:
    for vote in map(w.vote, report.votes):
        yield _heading(w.t(N_("Blind vote")))
        yield Row((w.t(N_("Result")), w.tm(vote.headline)))
        yield Row(("", w.tm(vote.opening_text(w.moment(vote.at)))))
        for line in vote.texts:
            yield Row(("", w.tm(line)))


def _shape(report: ReportInput, w: Wording) -> Iterator[Row]:
    if report.shape:
        yield _heading(w.t(N_("The shape of the vectors")))
    for one in report.shape:
        text = w.t(
            N_("{before} before, {after} after (95 % interval of the change: {interval})."),
            before=w.score(one.before),
            after=w.score(one.after),
            interval=w.between(w.signed(one.low), w.signed(one.high)),
        )
        yield Row((w.t(MEASURES[one.measure].title), text))
        yield Row(("", w.tm(one.sentence)))


def _advice(report: ReportInput, w: Wording) -> Iterator[Row]:
    yield _heading(w.t(N_("What to do next")))
    for number, step in enumerate(advice.next_steps(report), start=1):
        yield Row((w.count(number), w.tm(step)))
    yield _heading(w.t(N_("Risks and limits")))
    for number, caveat in enumerate(advice.caveats(report), start=1):
        yield Row((w.count(number), w.tm(caveat)))


def _data(report: ReportInput, w: Wording) -> Iterator[Row]:
    data = report.data
    yield _heading(w.t(N_("Data")))
    yield Row((w.t(N_("File")), w.shortened(data.file, 200)))
    if data.rows_taken is not None and data.rows_set_aside is not None:
        text = w.t(
            N_("{taken} taken, {aside} set aside"),
            taken=w.count(data.rows_taken),
            aside=w.count(data.rows_set_aside),
        )
        yield Row((w.t(N_("Rows")), text))
    text = w.t(
        N_("{questions} questions, {answers} answers, {groups} groups of answers"),
        questions=w.count(data.questions),
        answers=w.count(data.answers),
        groups=w.count(data.groups),
    )
    yield Row((w.t(N_("Texts")), text))
    for title, rows in data.personal_data:
        found = w.t(N_("{rows} rows"), rows=w.count(rows))
        yield Row((w.t(N_("Personal data")), f"{w.t(title)}: {found}"))
    for warning in data.warnings:
        yield Row((w.t(N_("What the import noticed")), w.tm(warning)))


def _labels(report: ReportInput, w: Wording) -> Iterator[Row]:
    labels = report.labels
    yield _heading(w.t(N_("Labels")))
    yield Row((w.t(labels.rule_title), w.t(labels.rule_meaning)))
    if labels.recipe.experts:
        text = w.t(
            N_("A label is {hard} the known right answer and {soft} the opinion of the experts."),
            hard=w.percent(labels.recipe.blend),
            soft=w.percent(1 - labels.recipe.blend),
        )
        yield Row((w.t(N_("Blend")), text))
    if labels.recentred:
        text = "; ".join(w.t(title) for title in labels.recentred)
        yield Row((w.t(N_("Evened out by")), text))
    yield Row((w.t(N_("Set by hand")), w.count(len(labels.overrides))))
    tuning = report.tuning
    licence = tuning.base_licence or w.t(N_("licence not known"))
    yield Row((w.t(N_("Base model")), f"{tuning.base_title} ({licence})"))
    if not tuning.commercial_use:
        text = w.t(
            N_("The licence of the base model does not allow commercial use, or is not known.")
        )
        yield Row(("", text))


def _cost(report: ReportInput, w: Wording) -> Iterator[Row]:
    yield _heading(w.t(N_("Cost and time")))
    for step in report.steps:
        yield Row((w.t(step.title), w.duration(step.seconds)))
    yield Row((w.t(N_("Device")), report.tuning.device))
    for sent in report.sendings:
        yield Row((w.t(N_("Sent to an API")), w.sending(sent)))
    if report.savings is None:
        return
    inputs = report.savings.inputs
    text = w.t(
        N_(
            "With your own figures: {questions} questions a month, {minutes} minutes per missed "
            "answer, {cost} {currency} an hour."
        ),
        questions=w.count(inputs.questions_per_month),
        minutes=f"{inputs.minutes_per_miss:g}",
        cost=f"{inputs.hourly_cost:g}",
        currency=w.shortened(inputs.currency, 12),
    )
    yield Row((w.t(N_("What it would save")), text))
    ends = (
        (N_("Low end of the interval"), report.savings.low),
        (N_("Middle"), report.savings.middle),
        (N_("High end of the interval"), report.savings.high),
    )
    for title, one in ends:
        text = w.t(
            N_("Per month: {questions} fewer misses, {hours} hours, {money} {currency}"),
            questions=w.amount(one.questions),
            hours=w.amount(one.hours),
            money=w.amount(one.money),
            currency=w.shortened(inputs.currency, 12),
        )
        yield Row((w.t(title), text))
    for line in report.savings.assumptions:
        yield Row((w.t(N_("What has to hold for this")), w.tm(line)))
