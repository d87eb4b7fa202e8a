"""The report says what it must, shows users' texts as text, and needs nothing but itself."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from core.messages import Message
from core.reporting import advice, drawings
from core.reporting.html_report import render
from core.reporting.repeat_command import Repeat
from core.reporting.report_content import LabelFacts, ReportContent
from core.reporting.wording import Wording
from core.types import CROSS_FIT, LabelRecipe
from core.types.sufficiency import WITH_TEACHER, Sufficiency
from tests.reporting.sample_report import difference, regime, sample_report

VOID = {"meta", "br", "img", "line", "circle", "rect", "polyline", "polygon"}


@pytest.fixture
def report() -> ReportContent:
    return sample_report()


class Reader(HTMLParser):
    """Collects tags and text, and notices tags that are not closed in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize("language", ["en", "ja"])
def test_texts_of_users_are_never_markup(report, language):
    """A question with a script tag would run in the browser of whoever opens the report."""
    page = render(report, language)
    reader = read(page)
    assert {"script", "img", "iframe", "link", "object"}.isdisjoint(reader.tags)
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    assert "<script>alert(1)</script>" in "".join(reader.text)  # shown, as text
    assert "{{7*7}}" in page and "\x00" not in page and "\x1b" not in page
    assert f'<html lang="{language}">' in page
    page.encode()  # half an emoji in a text must not make the file impossible to write


def test_the_file_needs_nothing_from_anywhere(report):
    """A report sent by mail must look the same without network, and must not call home."""
    page = render(report, "en")
    assert not re.findall(r"(?:https?:)?//[a-z]", page)
    assert "url(" not in page and "@import" not in page
    assert "default-src 'none'" in page
    assert len(page) < 300_000


def test_every_part_of_the_decision_is_there(report):
    text = " ".join("".join(read(render(report, "en")).text).split())
    for part in (
        "Better in one test; no clear difference in the other.",
        "Better: +0.06 (0.04 to 0.08), on 100 held-out questions.",
        "p < 0.001",
        "1,190 taken, 10 set aside",
        "E-mail addresses: 3 rows",
        "commercial use not allowed",
        "The licence of an expert does not allow commercial use",
        "80 %",
        "2026-11-20 10:00 UTC",
        "5 min for 45 steps",
        "Step 20, nDCG@10 0.660 on validation questions (0.600 before)",
        "−0.010 to 0.000",
        "2 → 14",
        "1,234 → 1",
        "lost",
        "Right answers that were among the first ten and no longer are: 1.",
        "Missing from the comparison",
        "abc123",
        "evened out group by group",
        "Category",
        "few questions",
        "1,340 texts to api.example.com",
        "estimated cost 0.02",
        "10,000 questions a month",
        "2,000",  # money per month: 600 fewer misses of five minutes, at 40 an hour
        "The cost of tuning, hosting and re-encoding is not taken off.",
        "In use since 2026-11-18 10:00 UTC",
        "People prefer Tuned model.",
        "60 votes by 3 people on 20 questions: 48 for Tuned model, 12 for Base",
        "Agreement (Krippendorff's alpha): 1.00",
        "prefer the same system on 16 of 20 questions",
        "chose the left side",
        "Opened early by",
        "Nobody voted.",
        "0.8 (kept)",
        "812",
        "700 to 1,230",
        "are told apart better than before",
        "Of 100 customers who reword a known question, 64 instead of 54 now get the right answer",
        "The true gain is 3 to 17 of 100",
        "Three wins",
        "Three losses",
        "Mean label of right answers 80, of other pairs 7 (of 100); the two have 21 % in common.",
        "The most uneven of 4 groupings.",
        "What remains: medium: go on with the measures named",
    ):
        assert part in text, part


def test_drawings_have_a_text_alternative(report):
    page = render(report, "en")
    figures = re.findall(r"<svg[^>]*>\s*<title>[^<]+</title>", page)
    hundreds = re.findall(r'role="img" aria-label="Of 100 customers[^"]+"><svg', page)
    assert len(hundreds) == 2
    assert len(figures) == page.count("<svg") - 2 == 11
    assert page.count('role="img"') == 13
    assert "nan" not in " ".join(re.findall(r'[xy]\d?="([^"]*)"', page))


@pytest.mark.parametrize(
    "changes",
    [
        {"regimes": ()},
        {"experts": (), "agreement": (), "labels": None, "risk": None, "in_use": None},
        {"generality": (), "losses": (), "wins": (), "lost": 0, "absent": ()},
        {"votes": (), "speeds": (), "shape": (), "tuning": None},
        {"repeat": Repeat(), "hashes": (), "software": (), "configuration": {}},
    ],
    ids=["no regime", "no experts", "no movements", "no vote", "no appendix"],
)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_missing_parts_leave_a_whole_report(report, changes, language):
    """A journey on little data lacks parts; the report must say so instead of failing."""
    if "labels" in changes:
        recipe = LabelRecipe((), rule="hard")
        changes = {**changes, "labels": LabelFacts("", "Hard", "Meaning.", recipe)}
    if "tuning" in changes:
        changes = {**changes, "tuning": replace(report.tuning, mixes=())}
    page = render(replace(report, **changes), language)
    read(page)
    if "votes" in changes and language == "en":
        assert not re.search("blind vote|Texts per second|α|shape of the vectors", page)


def test_one_regime_without_base_says_so(report):
    alone = replace(regime("known"), differences=(), systems=())
    text = "".join(read(render(replace(report, regimes=(alone,)), "en")).text)
    assert "No verdict: the results of the base or the tuned model are missing." in text
    assert "Answers without training questions were not tested" in text


def test_short_runs_and_missing_validation(report):
    tuning = replace(
        report.tuning, curve=((0, 0.5),), best_step=0, best_score=None, base_score=None,
        stopped_early=True, cancelled=True,
    )  # fmt: skip
    text = "".join(read(render(replace(report, tuning=tuning), "en")).text)
    assert "no step was better than the base model" in text
    assert "both models are the same" in text


def test_data_without_rows(report):
    """A BEIR folder has no rows: the line must be gone, not say None."""
    data = replace(report.data, rows_read=None, rows_taken=None, rows_set_aside=None)
    assert "None" not in render(replace(report, data=data), "en").replace("'none'", "")


def test_what_the_data_allowed_is_told(report):
    allowed = Sufficiency(
        WITH_TEACHER, CROSS_FIT, 60, 60, 0, 0, Message("Little."), Message("Turn by turn.")
    )
    text = read(render(replace(report, data=replace(report.data, allowed=allowed)), "en")).text
    told = (
        "Enough to learn: with a stronger expert. Little. "
        "Enough to prove: yes, by cross-fitting. Turn by turn."
    )
    assert told in text
    assert "What the data allow" not in read(render(report, "en")).text


def test_only_fifty_overrides_are_listed(report):
    override = report.labels.overrides[0]
    labels = replace(report.labels, overrides=(override,) * 60)
    page = render(replace(report, labels=labels), "en")
    assert page.count("2026-11-20 10:00 UTC") == 50
    assert "and 10 more" in page


@pytest.mark.parametrize(
    ("words", "start", "colour"),
    [
        (("better", "better"), "Better: the tuned", "better"),
        (("better",), "Better: the tuned", "better"),
        (("better", "not shown"), "Better in one test", "better"),
        (("better", "worse"), "Mixed", "worse"),
        (("worse", "not shown"), "Worse", "worse"),
        (("not shown", "not shown"), "No clear difference", "not shown"),
        ((), "No verdict", "not shown"),
    ],
)
def test_the_decision_never_sounds_better_than_its_parts(words, start, colour):
    assert str(advice.decision(words)).startswith(start)
    assert advice.overall_word(words) == colour


def test_a_test_without_any_change_tells_no_smallest_effect(report):
    """An A/A comparison said that differences below about 0.00 would be missed."""
    same = replace(difference("known", "ndcg@10", "not shown", 0.0), smallest_detectable=0.0)
    alone = replace(report, regimes=(replace(regime("known"), differences=(same,)),))
    first = str(advice.caveats(alone)[0])
    assert first == "New wordings of known answers: 100 questions on 40 groups of answers."


def test_a_refused_model_is_not_recommended(report):
    refused = replace(report, refusals=(Message("It is worse."),))
    steps = " ".join(str(step) for step in advice.next_steps(refused))
    assert "Keep the base model" in steps and "encode all answers again" not in steps
    assert "Nothing speaks against" not in render(refused, "en")


def test_scales_hold_all_values():
    for values in ([0.2, 0.83], [0.5, 0.5], [0.0], [-0.031, 0.031], [0, 4500]):
        scale = drawings.Scale.around(values, 10, 110)
        places = [scale(value) for value in values]
        assert all(10 <= place <= 110 for place in places)
        assert scale.ticks[0][1] == 10 and scale.ticks[-1][1] == 110
        shown = [f"{value:.{scale.digits}f}" for value, _ in scale.ticks]
        assert len(set(shown)) == len(shown)  # ticks that read the same would mislead


def test_differences_that_are_compared_share_one_scale(report):
    """The smaller gain looked as large as the other one: each had an axis of its own."""
    small = difference("unseen", "ndcg@10", value=-0.01)
    large = difference("known", "ndcg@10", value=0.3)
    scale = drawings.difference_scale([small, large])
    assert scale(0) == 160
    assert scale(small.low) < scale(small.difference) < scale(0) < scale(large.low)
    assert scale.low <= -large.high and scale.high >= large.high
    charts = drawings.dot_charts(report.regimes, "ndcg@10")
    assert charts["known"].scale == charts["unseen"].scale
    page = render(report, "en")
    ticks = re.findall(r'<svg viewBox="0 0 320 64".*?</svg>', page, re.DOTALL)
    assert len(ticks) == 2
    axes = [re.findall(r'x="([\d.]+)" y="48"[^>]*>([^<]+)<', svg) for svg in ticks]
    assert axes[0] == axes[1] and len(axes[0]) >= 3


def test_colours_of_the_heat_map_grow_with_the_difference():
    bias = sample_report().labels.bias
    drawn = drawings.heat_map(bias)
    strengths = {one.cell.difference: (one.tone, one.strength) for one in drawn.cells}
    assert strengths[-0.12] == ("lower", 0.4), "never darker: its number has to be read"
    assert strengths[0.063][0] == "higher" and 0.2 < strengths[0.063][1] < 0.3
    assert strengths[None][1] == 0
    page = render(sample_report(), "en")
    assert page.count(' flagged"') == bias.flagged == 2
    many = replace(bias, experts=("a long name of an expert",) * 20)
    assert drawings.heat_map(many).hidden == 15 and len(drawings.heat_map(many).heads) == 6


def test_the_highest_bar_reaches_the_top():
    chart = drawings.spread_chart(sample_report().labels.spread)
    heights = [float(place.split(",")[1]) for place in chart.right.split()]
    assert min(heights) == 6 and max(heights) == chart.foot
    empty = replace(sample_report().labels.spread, right=(0.0,) * 25, other=(0.0,) * 25)
    assert "nan" not in drawings.spread_chart(empty).right


def test_mixes_are_named_where_there_is_room():
    """A label over another one reads as a third number."""
    tuning = sample_report().tuning
    curve = drawings.alpha_curve(tuning)
    assert [d.mix.alpha for d in curve.dots] == [0.0, 0.8, 0.81, 1.0]  # one lacks a figure
    assert [d.named for d in curve.dots] == [True, True, False, True]
    assert all(curve.axes.x.start <= d.x <= curve.axes.x.end for d in curve.dots)
    assert drawings.alpha_curve(replace(tuning, mixes=tuning.mixes[:1])) is None


def test_split_bars_share_one_scale():
    (_, known), (_, unseen) = drawings.split_bars(
        {"train": (60, 1), "test_known": (40, 1), "test_unseen": (50, 1)}, width=100
    )
    assert [s.width for s in known] == [60, 40]
    assert [(s.role, s.width) for s in unseen] == [("test", 50)]
    assert drawings.split_bars({}) == (("known", ()), ("unseen", ()))


def test_numbers_are_rounded_honestly():
    wording = Wording("en")
    assert wording.signed(-0.0004) == "0.000"
    assert wording.signed(0.0314) == "+0.031"
    assert wording.signed(-0.0314) == "−0.031"
    assert wording.p_value(0.00004) == "p < 0.001"
    assert (wording.amount(12345), wording.amount(-0.456)) == ("12,300", "−0.46")
    assert (wording.amount(0), wording.amount(7.5)) == ("0", "7.50")
    assert wording.duration(5400) == "1 h 30 min"
    assert wording.shortened("a\n b\x07c" + "x" * 300, 10) == "a b cxxxx…"
