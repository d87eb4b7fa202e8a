"""Texts and numbers of a report in the reader's language; what several of its forms say, once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from core.evaluation.cost import Saving, Savings
from core.evaluation.of_hundred import headline, meaning, span_text
from core.evaluation.preference import VoteFacts
from core.evaluation.slices import SLICERS
from core.evaluation.verdict import REGIME_TEXTS, WORDS, sentence
from core.messages import N_, Message, N_n
from core.reporting.report_content import (
    BiasMap,
    DataFacts,
    LearnedLabels,
    RegimeResults,
    Sending,
)
from core.translation import translator
from core.types import Difference, Generality, Interval, LabelRecipe, OfHundred
from core.types.judgements import bare_name
from core.types.personal_rules import RISK_LEVELS, RiskAssessment
from core.types.project import Promotion
from core.types.sufficiency import LEARN_TITLES, PROVE_TITLES, Sufficiency
from core.types.written import PATTERNS

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).resolve().parent / "templates"
MINUS = "−"
NO_VERDICT = N_("No verdict: the results of the base or the tuned model are missing.")


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

    def template(self, name: str, *, html: bool = True, **filters: Callable[..., str]) -> Template:
        """Return a template that addresses this reader: ``_`` translates, ``w`` is this object.

        Parameters
        ----------
        html : bool
            Whether it is HTML, in which values are escaped; Markdown and code are not.
        **filters
            What the template may put values through, by name.
        """
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=html,  # noqa: S701  (False for Markdown and code only)
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=not html,
        )
        environment.globals.update(_=self.t, w=self)
        environment.filters.update(filters)
        return environment.get_template(name)

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

    def points(self, share: float) -> str:
        """Return a difference of labels in whole points of 100, with its sign."""
        return self.signed(share * 100, 0)

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

    def verdict(self, regime: RegimeResults) -> str:
        """Return what the main metric says of tuned against base."""
        return self.tm(sentence(regime.main)) if regime.main else self.t(NO_VERDICT)

    def hundred(self, found: OfHundred) -> tuple[str, str, str]:
        """Return what becomes of a hundred customers, how sure that is, and what it means."""
        return self.tm(headline(found)), self.tm(span_text(found)), self.tm(meaning(found))

    def word(self, verdict: str) -> str:
        """Return a verdict in a word."""
        return self.t(WORDS.get(verdict, verdict))

    def regime(self, key: str) -> str:
        """Return what a kind of test is called."""
        return self.t(REGIME_TEXTS[key].title if key in REGIME_TEXTS else key)

    def slicer(self, key: str) -> str:
        """Return by what questions are told apart; a user's own attribute is not translated."""
        return self.t(SLICERS[key].title) if key in SLICERS else key

    def near_top(self, found: Difference) -> str:
        """Return nDCG@10 before and after."""
        return self.t(
            N_("Right answers near the top (nDCG@10): {before} before, {after} after."),
            before=self.score(found.before),
            after=self.score(found.after),
        )

    def generality(self, probe: Generality) -> str:
        """Return how everyday language is understood before and after."""
        return self.t(
            N_(
                "Everyday language ({language}, {pairs} sentence pairs, Spearman): {before} "
                "before, {after} after."
            ),
            language=probe.language,
            pairs=self.count(probe.pairs),
            before=self.score(probe.before),
            after=self.score(probe.after),
        )

    def in_use(self, use: Promotion) -> str:
        """Return who took the tuned model into use, and when."""
        return self.t(
            N_("In use since {at}, decided by {who}."),
            at=self.moment(use.at),
            who=self.shortened(use.who, 60),
        )

    def overruled(self, use: Promotion) -> str:
        """Return why the refusal did not count."""
        return self.t(
            N_("The refusal was overruled with the reason: {reason}"),
            reason=self.shortened(use.reason),
        )

    def rows(self, data: DataFacts) -> str:
        """Return how many rows of the file were taken; call it only where they are known."""
        return self.t(
            N_("{taken} taken, {aside} set aside"),
            taken=self.count(data.rows_taken or 0),
            aside=self.count(data.rows_set_aside or 0),
        )

    def texts(self, data: DataFacts) -> str:
        """Return the size of the data."""
        return self.t(
            N_("{questions} questions, {answers} answers, {groups} groups of answers"),
            questions=self.count(data.questions),
            answers=self.count(data.answers),
            groups=self.count(data.groups),
        )

    def open_questions(self, data: DataFacts) -> str:
        """Return how many questions without a known answer were learned from, and how."""
        return self.t(
            N_(
                "{count} questions without a known answer, asked {asked} times in all: the model "
                "learns from them what the experts say, and they are never part of a test."
            ),
            count=self.count(data.open_questions),
            asked=self.count(round(data.open_asked)),
        )

    def written(self, data: DataFacts) -> str:
        """Return how many questions were written from answers, and by whom."""
        writers = ", ".join(
            f"{self.t(N_('patterns, no model')) if by == PATTERNS else by}: {self.count(count)}"
            for by, count in data.written.items()
        )
        return self.t(
            N_n(
                "{count} question that nobody asked was written from the answers "
                "({writers}): the model learns from it, and it is never part of a "
                "test.",
                "{count} questions that nobody asked were written from the answers "
                "({writers}): the model learns from them, and they are never part "
                "of a test.",
            ),
            count=self.count(sum(data.written.values())),
            writers=writers,
        )

    def allowed(self, found: Sufficiency) -> str:
        """Return whether the data were enough to learn from and to prove a gain."""
        learn, prove = self.t(LEARN_TITLES[found.learn]), self.t(PROVE_TITLES[found.prove])
        texts = {"learn": learn, "why": self.tm(found.learn_text)}
        texts |= {"prove": prove, "how": self.tm(found.prove_text)}
        return self.t(N_("{learn}. {why} {prove}. {how}"), **texts)

    def personal_data(self, title: str, rows: int) -> str:
        """Return a kind of personal data and how many rows have it."""
        counted = self.t(N_n("{rows} row", "{rows} rows", "rows"), rows=self.count(rows))
        return f"{self.t(title)}: {counted}"

    def blend(self, recipe: LabelRecipe) -> str:
        """Return how much known answers and experts count in a label."""
        return self.t(
            N_("A label is {hard} the known right answer and {soft} the opinion of the experts."),
            hard=self.percent(recipe.blend),
            soft=self.percent(1 - recipe.blend),
        )

    def spread(self, found: LearnedLabels) -> str:
        """Return where the labels lie that were learned from."""
        return self.t(
            N_(
                "Mean label of right answers {right}, of other pairs {other} (of 100); the two "
                "have {overlap} in common."
            ),
            right=self.count(found.right_mean * 100),
            other=self.count(found.other_mean * 100),
            overlap=self.percent(found.overlap),
        )

    def bias(self, found: BiasMap) -> str:
        """Return what the picture of bias shows, and what its numbers mean."""
        text = (
            N_(
                "Points of 100 that a group gets more or less than all others; outlined: beyond "
                "chance. The most uneven of {compared} groupings."
            )
            if found.flagged
            else N_(
                "Points of 100 that a group gets more or less than all others. Nothing is beyond "
                "chance, in none of {compared} groupings."
            )
        )
        return self.t(text, compared=self.count(found.compared))

    def risk(self, found: RiskAssessment) -> str:
        """Return what remains after the measures, and who says so."""
        return self.t(
            N_("What remains: {level} ({who}, {at})"),
            level=self.t(RISK_LEVELS.get(found.level, found.level)),
            who=self.called(found.who),
            at=found.at[:10],
        )

    def restriction(self, licence: str) -> str:
        """Return what speaks against commercial use: the licence, or that none is known."""
        text = N_("commercial use not allowed") if licence else N_("check before commercial use")
        return self.t(text)

    def own_figures(self, savings: Savings) -> str:
        """Return what savings were worked out from."""
        given = savings.inputs
        return self.t(
            N_(
                "With your own figures: {questions} questions a month, {minutes} minutes per "
                "missed answer, {cost} {currency} an hour."
            ),
            questions=self.count(given.questions_per_month),
            minutes=f"{given.minutes_per_miss:g}",
            cost=f"{given.hourly_cost:g}",
            currency=self.shortened(given.currency, 12),
        )

    def ends(self, savings: Savings) -> tuple[tuple[str, Saving], ...]:
        """Return both ends of the interval of savings and its middle, each with its name."""
        return (
            (self.t(N_("Low end of the interval")), savings.low),
            (self.t(N_("Middle")), savings.middle),
            (self.t(N_("High end of the interval")), savings.high),
        )

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
            text = N_n(
                "{count} text to {host} ({model}), agreed by {who} on {at}.",
                "{count} texts to {host} ({model}), agreed by {who} on {at}.",
            )
            return self.t(text, **values)
        text = N_n(
            "{count} text to {host} ({model}), agreed by {who} on {at}; "
            "estimated cost {cost} in the currency of the price that was "
            "entered.",
            "{count} texts to {host} ({model}), agreed by {who} on {at}; "
            "estimated cost {cost} in the currency of the price that was "
            "entered.",
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

    def called(self, who: str) -> str:
        """Return how somebody is called: with a word about it where only a file names them."""
        name = self.shortened(bare_name(who), 60)
        return name if bare_name(who) == who else self.t(N_("{name} (says a file)"), name=name)

    def shortened(self, text: str, length: int = 220) -> str:
        """Return a user's text on one line, without control characters, cut at ``length``."""
        plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return plain if len(plain) <= length else f"{plain[: length - 1].rstrip()}…"
