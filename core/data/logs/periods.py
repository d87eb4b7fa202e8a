"""Counts in several columns, one for each period: January, February, March."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd

from core.data.cells import cell_text
from core.data.columns.column_names import name_list, words_of
from core.data.judging.ratings import read_numbers
from core.data.logs.log_names import COUNT_NAMES, name_place
from core.data.table import Table
from core.messages import N_, Message

_MONTHS = frozenset(
    name_list(
        "jan feb mar apr may jun jul aug sep sept oct nov dec january february march april june",
        "july august september october november december jän januar jänner februar mär mrz märz",
        "mai juni juli okt oktober dez dezember janv janvier févr fevr février fevrier mars avr",
        "avril juin juil juillet août aout septembre octobre novembre déc décembre decembre ene",
        "enero febrero marzo abr abril mayo junio julio ago agosto septiembre octubre noviembre",
        "dic diciembre gen gennaio febbraio aprile mag maggio giu giugno lug luglio set settembre",
        "ott ottobre dicembre fev janeiro fevereiro março maio junho julho setembro out outubro",
        "novembro dezembro januari februari mrt maart mei augustus maj styczeń luty marzec",
        "kwiecień czerwiec lipiec sierpień wrzesień październik listopad grudzień ocak şubat mart",
        "nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık январь февраль март апрель май",
        "июнь июль август сентябрь октябрь ноябрь декабрь",
    )
)
_PERIOD_WORDS = frozenset(
    name_list(
        "q quarter quartal trimestre trim kw cw wk week woche semaine semana weeks month monat"
    )
)
_PERIOD = re.compile(
    r"(?:19|20)\d\d(?:q[1-4]|w\d\d|年\d{0,2}月?)?|[qwhft][1-4]|(?:kw|cw|wk|w)\d{1,2}|\d{1,2}[月월]"
)
_FEWEST_NUMBERS = 0.9


def with_periods_added(table: Table) -> Table:
    """Replace columns of counts, one for each period, by their sum, and tell it."""
    columns = [column for column in table.columns if _is_period(column)]
    numbers = {column: read_numbers(table.frame[column].tolist()).values for column in columns}
    filled = {column: [t for t in table.frame[column].tolist() if t] for column in columns}
    columns = [
        column
        for column in columns
        if filled[column]
        and sum(text in numbers[column] for text in filled[column])
        >= _FEWEST_NUMBERS * len(filled[column])
    ]
    others = [column for column in table.columns if column not in columns]
    counted = any((place := name_place(c, COUNT_NAMES)) and place[0] == 0 for c in others)
    if len(columns) < 2 or len({_measure(column) for column in columns}) > 1 or counted:
        return table
    name = f"count {columns[0]} – {columns[-1]}"
    values = [
        [numbers[column].get(text, 0.0) for text in table.frame[column].tolist()]
        for column in columns
    ]
    sums = [cell_text(sum(row)) for row in zip(*values, strict=True)]
    text = N_("The counts of several periods were added up: {columns}.")
    shown = ", ".join(columns[:12]) + (", …" if len(columns) > 12 else "")
    frame = table.frame.drop(columns=columns).assign(**{name: pd.array(sums, dtype="str")})
    return replace(
        table,
        columns=(*others, name),
        frame=frame,
        warnings=(*table.warnings, Message(text, {"columns": shown})),
    )


def _is_period(column: str) -> bool:
    """Tell whether a name says when: ``Jan 2025``, ``2025-01``, ``Q1``, ``KW 12``, ``1月``."""
    words = words_of(column)
    named = any(word in _MONTHS or _PERIOD.fullmatch(word) for word in words)
    named |= bool(_PERIOD_WORDS & set(words)) and any(map(str.isdigit, words))
    return named and not _measure(column) - set(COUNT_NAMES)


def _measure(column: str) -> frozenset[str]:
    """Return the words of a name that say no time: ``searches`` of ``Searches Jan 2025``."""
    return frozenset(
        word
        for word in words_of(column)
        if not (word in _MONTHS or word in _PERIOD_WORDS or _PERIOD.fullmatch(word))
        and not word.isdigit()
    )
