"""Sheets of the decision pack on what the result was made from: labels, experts, settings."""

from __future__ import annotations

import json

from core.messages import N_
from core.reporting.report_input import ReportInput
from core.reporting.spreadsheet import COUNT, PERCENT, SCORE, SECONDS, Column, Row, Sheet
from core.reporting.wording import Wording


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
        Column(w.t(N_("95% from")), 10, SCORE),
        Column(w.t(N_("95% to")), 10, SCORE),
        Column(w.t(N_("Weight in the labels")), 12, PERCENT),
        Column(w.t(N_("Seconds")), 10, SECONDS),
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


def configuration_sheet(report: ReportInput, w: Wording) -> Sheet:
    """Return everything that was set, and the hashes of what came out."""
    columns = (Column(w.t(N_("Setting")), 44), Column(w.t(N_("Value")), 90))
    rows = [Row((w.t(N_("The command that repeats it")), report.command))]
    rows += [Row(("", w.tm(note))) for note in report.command_notes]
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
