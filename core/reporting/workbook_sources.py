"""Sheets of the decision pack on what the result was made from: labels, experts, settings."""

from __future__ import annotations

import json

from core.messages import N_
from core.reporting.report_input import ReportInput
from core.reporting.spreadsheet import (
    ANY,
    COUNT,
    LONGEST_CELL,
    ONE_DIGIT,
    PERCENT,
    SCORE,
    Column,
    Row,
    Sheet,
)
from core.reporting.wording import Wording


def interval_columns(w: Wording, form: str) -> tuple[Column, Column]:
    """Return the columns of both ends of a 95% interval."""
    return Column(w.t(N_("95% from")), 10, form), Column(w.t(N_("95% to")), 10, form)


def labels_sheet(report: ReportInput, w: Wording) -> Sheet:
    """Return the labels that people changed."""
    columns = (
        Column(w.t(N_("Question")), 48),
        Column(w.t(N_("Answer")), 60),
        Column(w.t(N_("Label")), 9, COUNT),
        Column(w.t(N_("Reason")), 40),
        Column(w.t(N_("Who")), 18),
        Column(w.t(N_("When (UTC)")), 20),
    )
    rows = [
        Row(
            (
                one.question,
                one.answer,
                round((one.value or 0) * 100, 2),
                one.reason,
                one.who,
                w.moment(one.at),
            )
        )
        for one in report.labels.overrides
    ]
    note = (
        w.t(N_("Labels that people set by hand (0 to 100), the newest first; they win over rules."))
        if rows
        else w.t(N_("No label was set by hand."))
    )
    return Sheet(w.t(N_("Labels changed")), columns, rows, note)


def experts_sheet(report: ReportInput, w: Wording) -> Sheet:
    """Return the experts with their licences."""
    columns = (
        Column(w.t(N_("Expert")), 36),
        Column(w.t(N_("Licence")), 20),
        Column(w.t(N_("Commercial use")), 30),
        Column(w.t(N_("Alone (nDCG@10)")), 12, SCORE),
        *interval_columns(w, SCORE),
        Column(w.t(N_("Weight in the labels")), 12, PERCENT),
        Column(w.t(N_("Seconds")), 10, ONE_DIGIT),
        Column(w.t(N_("Content hash")), 40),
    )
    rows = []
    for one in report.experts:
        allowed = w.t(N_("allowed"))
        if not one.commercial_use:
            refused = w.t(N_("commercial use not allowed"))
            allowed = refused if one.licence else w.t(N_("check before commercial use"))
        spread = (one.ndcg.value, one.ndcg.low, one.ndcg.high) if one.ndcg else (None,) * 3
        licence = one.licence or w.t(N_("not known"))
        rows.append(
            Row((one.title, licence, allowed, *spread, one.weight, one.seconds, one.fingerprint))
        )
    note = w.t(
        N_("How good each expert is alone, on questions outside the final test, and its licence.")
    )
    return Sheet(w.t(N_("Experts")), columns, rows, note)


def alpha_sheet(report: ReportInput, w: Wording) -> Sheet:
    """Return the mixes of base and tuned model that were measured, and which was kept."""
    columns = (
        Column(w.t(N_("Share of the tuned weights (α)")), 20, ANY),
        Column(w.t(N_("Own questions (nDCG@10, validation)")), 22, SCORE),
        Column(w.t(N_("Everyday language (Spearman)")), 22, SCORE),
        Column(w.t(N_("Chosen")), 12),
    )
    kept = w.t(N_("kept"))
    rows = [
        Row((one.alpha, one.score, one.generality, kept if one.chosen else None))
        for one in report.tuning.alphas
    ]
    note = (
        w.t(
            N_(
                "The tuned weights mixed with the old ones: 0 is the old model, 1 the tuned one. "
                "Chosen on validation questions, not on the questions of the verdict."
            )
        )
        if rows
        else w.t(N_("Not measured for this model."))
    )
    return Sheet(w.t(N_("Mixes (α)")), columns, rows, note)


def speed_sheet(report: ReportInput, w: Wording) -> Sheet:
    """Return speed and memory of every model, as measured in the comparison."""
    columns = (
        Column(w.t(N_("System")), 36),
        Column(w.t(N_("Texts per second")), 12, ONE_DIGIT),
        Column(w.t(N_("Slowest round")), 12, ONE_DIGIT),
        Column(w.t(N_("Fastest round")), 12, ONE_DIGIT),
        Column(w.t(N_("One question (ms)")), 12, ONE_DIGIT),
        Column(w.t(N_("Model (MB)")), 12, ONE_DIGIT),
        Column(w.t(N_("Index (MB)")), 12, ONE_DIGIT),
        Column(w.t(N_("Device")), 14),
        Column(w.t(N_("Texts")), 10, COUNT),
        Column(w.t(N_("Rounds")), 10, COUNT),
    )
    rows = [
        Row(
            (
                w.t(one.title),
                one.texts_per_second,
                one.slowest,
                one.fastest,
                one.query_ms,
                one.weights_mb or None,
                one.vectors_mb,
                one.device,
                one.texts,
                one.rounds,
            )
        )
        for one in report.speeds
    ]
    note = (
        w.t(
            N_(
                "Measured in the comparison job on texts of your data, past the cache; other work "
                "on the machine slows it down. Model: memory of its weights. Index: vectors of all "
                "your answers."
            )
        )
        if rows
        else w.t(N_("Speed was not measured in this comparison."))
    )
    return Sheet(w.t(N_("Speed and memory")), columns, rows, note)


def configuration_sheet(report: ReportInput, w: Wording) -> Sheet:
    """Return everything that was set, and the hashes of what came out."""
    columns = (Column(w.t(N_("Setting")), 44), Column(w.t(N_("Value")), 90))
    rows = [Row((w.t(N_("The command that repeats it")), report.command))]
    rows += [Row(("", w.tm(note))) for note in report.command_notes]
    long = w.t(N_("Too long for a cell; the HTML report holds this file."))
    rows += [
        Row((name, text if len(text) <= LONGEST_CELL else long))
        for name, text in report.command_files.items()
    ]
    rows.append(Row((w.t(N_("Settings")),), heading=True))
    rows += [Row((w.t(title), value)) for title, value in report.tuning.settings]
    rows.append(Row((w.t(N_("Content hashes")),), heading=True))
    rows += [Row((w.t(title), value)) for title, value in report.hashes]
    rows.append(Row((w.t(N_("Software")),), heading=True))
    rows += [Row(pair) for pair in report.software]
    rows.append(Row((w.t(N_("Configuration")),), heading=True))
    rows += [
        Row((key, json.dumps(value, ensure_ascii=False, indent=1)))
        for key, value in report.configuration.items()
    ]
    return Sheet(w.t(N_("Configuration")), columns, rows)
