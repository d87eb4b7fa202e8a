"""Texts and numbers of a report in the reader's language."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from core.evaluation.preference import VoteFacts
from core.messages import N_, Message
from core.reporting.report_rows import Sending
from core.translation import translator
from core.types import Interval

MINUS = "−"


@dataclass(frozen=True)
class Wording:
    """How one reader is addressed.

    Attributes
    ----------
    language : str
        Key of ``core.translation.LANGUAGES``.
    """

    language: str

    @property
    def _translate(self) -> Callable[[str], str]:
        return translator(self.language)

    def t(self, text: str, **values: object) -> str:
        """Return a text in the reader's language, with its values filled in."""
        # gettext answers the empty text with the head of its catalogue.
        translated = self._translate(text) if text else ""
        return translated.format(**values) if values else translated

    def tm(self, message: Message) -> str:
        """Return a message of core in the reader's language."""
        return self._translate(message.template).format(**message.params)

    def count(self, number: float) -> str:
        """Return a whole number with the reader's thousands mark."""
        from babel.numbers import format_decimal

        return str(format_decimal(round(number), locale=self.language))

    def score(self, value: float, digits: int = 3) -> str:
        """Return a score, three decimals, with a real minus sign; never a negative zero."""
        text = f"{value:.{digits}f}"
        return text.lstrip("-") if float(text) == 0 else text.replace("-", MINUS)

    def signed(self, value: float, digits: int = 3) -> str:
        """Return a difference with its sign."""
        text = self.score(value, digits)
        return text if text.startswith(MINUS) or float(text) == 0 else f"+{text}"

    def between(self, low: str, high: str) -> str:
        """Return the two ends of an interval as words."""
        return self.t(N_("{low} to {high}"), low=low, high=high)

    def interval(self, interval: Interval) -> str:
        """Return the ends of an interval of scores."""
        return self.between(self.score(interval.low), self.score(interval.high))

    def percent(self, share: float) -> str:
        """Return a share as a whole percentage."""
        return f"{round(share * 100)} %"

    def p_value(self, p: float) -> str:
        """Return a p-value as papers print it."""
        return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"

    def duration(self, seconds: float) -> str:
        """Return a time span as people say it."""
        if seconds < 90:
            return self.t(N_("{seconds} s"), seconds=max(1, round(seconds)))
        minutes = round(seconds / 60)
        if minutes < 90:
            return self.t(N_("{minutes} min"), minutes=minutes)
        return self.t(N_("{hours} h {minutes} min"), hours=minutes // 60, minutes=minutes % 60)

    def moment(self, iso: str) -> str:
        """Return a time in UTC, to the minute."""
        at = datetime.fromisoformat(iso)
        return f"{at if at.tzinfo is None else at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

    def sending(self, sent: Sending) -> str:
        """Return what went to an API, who agreed and when, and what it was to cost."""
        values = {
            "count": self.count(sent.texts),
            "host": sent.host,
            "model": sent.model,
            "who": self.shortened(sent.who, 60),
            "at": self.moment(sent.at),
        }
        if sent.cost is None:
            text = N_("{count} texts to {host} ({model}), agreed by {who} on {at}.")
            return self.t(text, **values)
        text = N_(
            "{count} texts to {host} ({model}), agreed by {who} on {at}; estimated cost {cost} in "
            "the currency of the price that was entered."
        )
        return self.t(text, cost=f"{sent.cost:.4g}", **values)

    def vote(self, vote: VoteFacts) -> VoteFacts:
        """Return a blind vote whose systems and people are named as the reader reads them."""
        return replace(
            vote,
            first=self.shortened(self.t(vote.first), 80),
            second=self.shortened(self.t(vote.second), 80),
            who=self.shortened(vote.who, 60),
        )

    def amount(self, value: float) -> str:
        """Return three digits with the reader's thousands mark: more would be false precision."""
        from babel.numbers import format_decimal

        if value == 0:
            return "0"
        digits = 2 - math.floor(math.log10(abs(value)))
        rounded = round(value, digits)
        pattern = "#,##0" if digits <= 0 else f"#,##0.{'0' * min(digits, 2)}"
        text = str(format_decimal(rounded, format=pattern, locale=self.language))
        return text.replace("-", MINUS)

    def shortened(self, text: str, length: int = 220) -> str:
        """Return a user's text on one line, without control characters, cut at ``length``."""
        plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return plain if len(plain) <= length else f"{plain[: length - 1].rstrip()}…"
