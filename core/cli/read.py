"""``read``: says how a file is read and what is in it; computes nothing, writes nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from core.cli.options import ReadOptions
from core.journey.command_inputs import FileReport, ReadingOptions, report_on
from core.journey.data import open_told

_SHOWN = 20  # rows set aside and pairs that are printed; --json has all


def read(options: ReadOptions) -> int:
    """Print what a file says; the exit status is 1 where it cannot be used."""
    reading = ReadingOptions(
        columns=options.columns,
        sheet=options.sheet,
        encoding=options.encoding,
        hidden_rows=not options.visible,
        below=options.below,
        order=options.order,
        system=options.system,
    )
    report = report_on(options.file, options.kind, options.for_, reading)
    text = json.dumps(report.to_json(), ensure_ascii=False) if options.json else None
    sys.stdout.write((text or "\n".join(told(report))) + "\n")
    return 0 if report.refused is None else 1


def told(report: FileReport) -> list[str]:
    """Return a report as lines for a terminal."""
    facts = [report.format, report.encoding, report.delimiter.replace("\t", "TAB"), report.sheet]
    lines = ["Read as: " + ", ".join(filter(None, facts))] if report.format else []
    lines += [f"  {role}: {_columns(column)}" for role, column in report.columns.items()]
    if report.rows_read:
        wrong = sum(1 for *_, grade in report.pairs if grade == 0)
        pairs = f"; pairs: {len(report.pairs)}, of them known to be wrong: {wrong}"
        pairs = "" if report.open_account is not None else pairs
        lines.append(f"Rows: {report.rows_read} read, {report.rows_taken} taken{pairs}")
    if report.open_account is not None:
        lines += [str(message) for message in open_told(report.open_account)]
    for name, values in (("Raters", report.raters), ("Systems", report.systems)):
        if values:
            lines.append(f"{name}: {', '.join(values)}")
    lines += [f"Warning: {warning}" for warning in report.warnings]
    lines += [f"Not used: {item.kind} {item.name} ({item.count})" for item in report.not_used]
    lines += _some([f"Row {row}: {why}" for row, why, *_ in report.set_aside], "Set aside")
    joined = report.open_account is not None
    lines += _some(report.open, "Open questions" if joined else "Questions without an answer")
    if report.refused is not None:
        lines.append(f"Refused: {report.refused}")
    return lines


def _columns(column: object) -> str:
    if isinstance(column, list):
        return "; ".join(" → ".join(c) if isinstance(c, list) else str(c) for c in column)
    return str(column)


def _some(lines: Sequence[str], title: str) -> list[str]:
    if not lines:
        return []
    more = [f"  … and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return [f"{title}: {len(lines)}", *(f"  {line}" for line in lines[:_SHOWN]), *more]
