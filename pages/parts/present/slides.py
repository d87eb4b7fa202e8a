"""The slides of the story, from the data to the decision: one sentence and one picture each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from core.errors import AppError, ComparisonError
from core.journey import data, labels
from core.journey.compare import (
    REGIME_TEXTS,
    WORDS,
    QuestionChange,
    headline,
    meaning,
    of_hundred,
    present_regimes,
    span_text,
    telling_examples,
    wins_and_losses,
)
from core.journey.decisions import (
    panel_in_use,
    promotion_allowed,
    promotion_cautions,
    savings_of,
)
from core.journey.experts import leaf_order, scoring_report
from core.journey.people import voting
from core.journey.pilot.versions import promotion
from core.journey.tune import watched_questions
from core.messages import N_
from core.reporting.charts.chart import Chart, enlarged, one_line
from core.reporting.charts.expert_charts import agreement_heatmap
from core.reporting.charts.label_charts import label_histogram
from core.reporting.charts.tuning_charts import marked_check, quality_line, rising_line
from core.types import BETTER, CROSS_FIT, WORSE, Comparison, QADataset
from core.types.judgements import VoteRound
from core.types.sufficiency import LEARN_TITLES, PROVE_TITLES
from pages.parts.cached import cached
from pages.parts.charts import hundred_words, readable, show_hundred
from pages.parts.errors import guarded
from pages.parts.invitation import invite, vote_link
from pages.parts.present.stage import Slide
from pages.parts.present.story import MissingPartError, Story
from pages.parts.translate import moment, plain, t, tm

_EXAMPLE = (25, 110)  # letters of a question that is shown as an example
_QUOTED = 240  # letters of a text on a slide, two for each wide one
_VOICES = 6  # experts beside a pair
_COLOURS = {BETTER: "blue", WORSE: "red"}


def _data(story: Story) -> None:
    """Draw how many questions there are, one of them with its answer, and what is kept back."""
    dataset = story.dataset
    judged, held_out = len(dataset.judged_rows), len(dataset.held_out_rows)
    st.title(
        t(
            "What customers ask: {questions} questions, {answers} answers",
            questions=f"{judged:,}",
            answers=f"{len(dataset.answers):,}",
        ),
        anchor=False,
    )
    with st.container(key="slide", gap="large"):
        question = _example_row(dataset)
        if question is not None:
            right = dataset.answers[int(dataset.right_answers(question)[0])]
            with st.container(border=True, key="quoted_example", gap="small"):
                st.caption(t("A customer asks"))
                st.header(_quoted(dataset.questions[question]), anchor=False)
                st.caption(t("The right answer"))
                st.markdown(_quoted(right))
        allowed = data.what_data_allow(dataset)
        with st.container(key="told_data", gap="small"):
            if _each_is_tested(story, allowed.prove):
                st.markdown(
                    t(
                        "**Every question is tested once**, by a model that has not learned it; "
                        "the verdict comes from all of them."
                    )
                )
            else:
                st.markdown(
                    t(
                        "**{held_out} questions are kept back.** No model learns from them; the "
                        "verdict comes from them alone.",
                        held_out=f"{held_out:,}",
                    )
                )
            st.markdown(f"{t(LEARN_TITLES[allowed.learn])} · {t(PROVE_TITLES[allowed.prove])}")


def _each_is_tested(story: Story, proposed: str) -> bool:
    """Whether the verdict of this story comes, or would come, from folds."""
    try:
        return story.comparison.way == CROSS_FIT
    except (AppError, MissingPartError):  # its own slide says what is wrong
        return proposed == CROSS_FIT


def _chart(chart: Chart, key: str, width: int) -> None:
    """Draw a chart that keeps its shape however far the stage is enlarged, see ``stage.css``."""
    st.plotly_chart(
        readable(chart),
        key=f"stage_chart_{key}",
        width=width,
        alt=tm(chart.summary),
        config={"displayModeBar": False, "staticPlot": True},
    )


def _example_row(dataset: QADataset) -> int | None:
    """Return a question of a length that is read at a glance; never one of the test."""
    rows = [int(row) for row in dataset.seen_rows if len(dataset.right_answers(int(row)))]
    least, most = _EXAMPLE
    short = (row for row in rows if least <= len(dataset.questions[row]) <= most)
    return next(short, next(iter(rows), None))


def _quoted(text: str) -> str:
    """Return the beginning of somebody's text as Markdown that shows it as typed."""
    return plain(one_line(" ".join(text.split()), _QUOTED), inside=True)


def _experts(story: Story) -> None:
    """Draw how far the experts agree, and the pair on which they agree least."""
    dataset, experts = story.dataset, story.experts
    report = scoring_report(story.project)
    assert report is not None  # there are experts
    names, agreement = [one.title for one in report.figures], report.agreement_table
    order = leaf_order(agreement)
    st.title(
        t("{count} experts read everything, and they do not agree", count=len(names))
        if len(names) > 1
        else t("One expert read everything"),
        anchor=False,
    )
    chart = cached(
        lambda: enlarged(
            agreement_heatmap(agreement[np.ix_(order, order)], [names[i] for i in order], t), 460
        ),
        "agreement on the stage",
        repr((names, agreement.tolist())),
    )
    with st.container(key="slide", gap="small"):
        left, right = st.columns([0.55, 0.45], gap="medium", vertical_alignment="center")
        with left:
            _chart(chart, "agreement", 620)
            st.caption(t("How far two experts agree; 1 = they say the same."))
        preview = story.preview(labels.default_recipe(panel_in_use(story.project, experts)))
        disputed = preview.findings.most_disputed
        if not len(disputed):
            return
        pair = int(disputed[0])
        asked, answered = (
            int(rows[pair]) for rows in (preview.sample.question_rows, preview.sample.answer_rows)
        )
        with right, st.container(key="quoted_disputed", gap="small"):
            st.markdown(f"**{_quoted(dataset.questions[asked])}**")
            st.markdown(_quoted(dataset.answers[answered]))
            st.caption(t("How well does this answer fit, 0 to 100?"))
            voices = [one for one in preview.voices(pair) if one.score == one.score]
            for voice in _ends(sorted(voices, key=lambda one: -one.score)):
                st.markdown(f"**{100 * voice.score:.0f}** :gray[·] {plain(voice.name)}")


def _ends(voices: list[labels.Voice]) -> list[labels.Voice]:
    """Return at most ``_VOICES``: the highest and the lowest."""
    half = _VOICES // 2
    return voices if len(voices) <= _VOICES else [*voices[:half], *voices[-half:]]


def _labels(story: Story) -> None:
    """Draw the labels in use: right answers and other pairs on one axis."""
    saved = story.recipe
    preview = story.preview(saved.recipe)
    st.title(t("Labels say how right, not only right or wrong"), anchor=False)
    chart = cached(
        lambda: enlarged(label_histogram(preview.sample, preview.combined, t), 440),
        "labels drawn on the stage",
        *preview.key,
    )
    spread = preview.spread
    with st.container(key="slide", gap="small"):
        left, right = st.columns([0.68, 0.32], gap="medium", vertical_alignment="center")
        with left:
            _chart(chart, "labels", 770)
            st.caption(t("Label of a pair, 0 to 100 · recipe “{name}”", name=plain(saved.name)))
        with right, st.container(gap="medium"):
            for key, title, value in (
                ("right", t("mean label of right answers"), spread.right),
                ("other", t("mean label of other pairs"), spread.other),
            ):
                with st.container(key=f"figure_{key}", gap=None):
                    st.header("–" if value != value else f"{100 * value:.0f}", anchor=False)
                    st.markdown(title)
            trusted = [
                f"{plain(name)} {share:.0%}" for name, share in preview.shares[:3] if share > 0
            ]
            if trusted:
                st.caption(t("Most trusted: {experts}.", experts=", ".join(trusted)))


def _learning(story: Story) -> None:
    """Draw the rising line, again every two seconds while the model learns."""
    run = story.run
    checks = _checks(story)
    rises = bool(checks) and _kept(story, "validation")["validation"] >= checks[0] + 0.0005
    st.title(
        t("The model learns, and search gets better") if rises else t("How the model learns"),
        anchor=False,
    )
    if run.job.is_final:
        _curve(story)
    else:
        _live_curve(story)


@st.fragment(run_every="2s")
@guarded
def _live_curve(story: Story) -> None:
    _curve(story)
    if story.run.job.is_final:
        st.rerun(scope="app")


def _checks(story: Story) -> list[float]:
    """Return the search quality at each check of the run so far."""
    return [one["validation"] for one in story.run.job.metrics if "validation" in one]


def _kept_step(story: Story) -> int | None:
    return None if story.run.result is None else story.run.result.best_step


def _kept(story: Story, measure: str) -> Mapping[str, float]:
    """Return the check of the state that was kept, of those that say this measure."""
    told = [one for one in story.run.job.metrics if measure in one]
    return marked_check(told, _kept_step(story))


def _curve(story: Story) -> None:
    run, checks, kept = story.run, _checks(story), _kept_step(story)
    metrics = run.job.metrics
    first = [one["first"] for one in metrics if "first" in one]  # runs of before do not say it
    with st.container(key="slide", gap="medium"):
        if not checks:
            with st.container(key="told_learning"):
                st.markdown(
                    t("Search quality was not measured while this model learned.")
                    if run.job.is_final
                    else t("The run has begun; the first measurement comes soon.")
                )
            return
        line = rising_line if first else quality_line
        height = 330 if first else 430
        chart = cached(
            lambda: enlarged(line(metrics, t, kept), height),
            "rising",
            bool(first),
            repr(metrics),
            kept,
        )
        now = t("now") if run.job.is_final else t("best so far")
        if first:
            before_title = t("of 100 found the right answer first")
            figures = (
                ("before", before_title, f"{100 * first[0]:.0f}"),
                ("best", now, f"{100 * _kept(story, 'first')['first']:.0f}"),
            )
        else:
            before_title = t("before: right answers near the top (nDCG@10)")
            figures = (
                ("before", before_title, f"{checks[0]:.3f}"),
                ("best", now, f"{_kept(story, 'validation')['validation']:.3f}"),
            )
        left, right = st.columns([0.7, 0.3], gap="medium", vertical_alignment="center")
        with left:
            _chart(chart, "learning", 790)
        with right, st.container(gap="medium"):
            for key, title, value in figures:
                with st.container(key=f"figure_{key}", gap=None):
                    st.header(value, anchor=False)
                    st.markdown(title)
            st.caption(
                t("On validation questions, which choose the best moment; the verdict uses others.")
            )
        _example_question(story)


def _example_question(story: Story) -> None:
    """Draw the validation question whose right answer climbed most while the model learned."""
    run, dataset = story.run, story.dataset
    shown = watched_questions(story.project.workspace, run.job.id).livelier
    if shown is None or shown.row >= len(dataset.questions):
        return
    start, end = (
        str(moment.place or t("not found")) for moment in (shown.moments[0], shown.moments[-1])
    )
    with st.container(
        horizontal=True, wrap=False, border=True, vertical_alignment="center", key="moved_example"
    ):
        with st.container(width=236, key="place_example"):
            st.subheader(f"{start} → {end}", anchor=False)
        with st.container(width="stretch", gap=None, key="quoted_watched"):
            st.markdown(f"**{_quoted(dataset.questions[shown.row])}**")
            st.caption(t("Place of the right answer in the list, before → now"))


def _verdict(story: Story) -> None:
    """Draw the hero: one sentence, its interval and a hundred dots per kind of question."""
    comparison = story.comparison
    st.title(t("Of 100 customers, how many find the right answer first?"), anchor=False)
    regimes = present_regimes(comparison)
    with st.container(key="slide"):
        for column, regime in zip(
            st.columns(max(1, len(regimes)), gap="large"), regimes, strict=False
        ):
            with column, st.container(key=f"told_verdict_{regime}", gap="small"):
                _hundred(comparison, regime)


def _hundred(comparison: Comparison, regime: str) -> None:
    difference, found = comparison.difference(regime), of_hundred(comparison, regime)
    texts = REGIME_TEXTS[regime]
    if difference is None or found is None:
        st.markdown(f"**{t(texts.title)}**")
        st.markdown(t("Not measured: the model before or after tuning is absent."))
        return
    colour = _COLOURS.get(difference.word, "gray")
    st.markdown(f"**:{colour}[{t(WORDS[difference.word])}]** :gray[· {t(texts.title)}]")
    st.markdown(f"**{tm(headline(found))}**")
    with st.container(horizontal=True, wrap=False, gap="medium", vertical_alignment="center"):
        show_hundred(found, 232)
        with st.container(width="stretch", gap="small"):
            st.caption(hundred_words(found))
            st.caption(tm(span_text(found)))
    st.caption(tm(meaning(found)))


def _wins_and_losses(story: Story) -> None:
    """Draw three wins and the worst loss, each with the place of its right answer."""
    comparison, dataset = story.comparison, story.dataset
    try:
        changes = cached(lambda: wins_and_losses(comparison), "wins", comparison.id)
    except ComparisonError as error:
        raise MissingPartError(tm(error.message), "compare") from error
    better, worse = (sum(sign * one.change > 0 for one in changes) for sign in (1, -1))
    st.title(
        t(
            "{better} questions got better, {worse} got worse, {same} stayed",
            better=better,
            worse=worse,
            same=len(changes) - better - worse,
        ),
        anchor=False,
    )
    wins, loss = cached(lambda: telling_examples(comparison, changes), "telling", comparison.id)
    with st.container(key="slide", gap="small"):
        if wins or loss is not None:
            st.caption(t("Place of the right answer in the list, before → now"))
        for change in wins:
            _moved(dataset, change)
        if loss is not None:
            _moved(dataset, loss)
        elif wins:
            st.caption(t("No question got worse."))
        if not wins and loss is None:
            with st.container(key="told_nothing_moved"):
                st.markdown(t("No question changed."))


def _moved(dataset: QADataset, change: QuestionChange) -> None:
    """Draw one question: where its right answer was, and where it is now."""
    won = change.change > 0
    sign, colour = ("▲", "green") if won else ("▼", "red")
    right = dataset.right_answers(change.question)
    with st.container(
        horizontal=True,
        wrap=False,
        border=True,
        gap="medium",
        vertical_alignment="center",
        key=f"moved_{change.position}",
    ):
        with st.container(width=236, key=f"place_{change.position}"):
            st.subheader(
                f":{colour}[{sign}] {change.before_rank} → {change.after_rank}", anchor=False
            )
        with st.container(width="stretch", gap=None, key=f"quoted_{change.position}"):
            st.markdown(f"**{_quoted(dataset.questions[change.question])}**")
            if len(right):
                answer = one_line(" ".join(dataset.answers[int(right[0])].split()), 84)
                st.caption(plain(answer, inside=True))


def _vote(story: Story) -> None:
    """Draw the way to the vote that is open, or what people chose in the newest one that ended."""
    comparison, project = story.comparison, story.project
    mine = [one for one in voting.rounds(project) if voting.is_about(project, one, comparison)]
    running = next(
        (one for one in mine[:1] if voting.progress(project.workspace, one).opening is None), None
    )
    if running is not None:
        st.title(t("Now you decide: which list helps more?"), anchor=False)
        with st.container(key="slide"):
            left, right = st.columns([0.5, 0.5], gap="large", vertical_alignment="center")
            with left, st.container(key="stage_invitation", gap="small"):
                invite(vote_link(running, comparison.run_id), 270)
            with right:
                _counter(story, running)
        return
    ended = voting.opened_votes(project, story.dataset, comparison.run_id)
    if not ended:
        raise MissingPartError(
            t(
                "No vote has been opened yet. On Compare, under Blind vote, one click makes the "
                "link for everybody's phone; then its code and its counter stand here."
            ),
            "compare",
            {"compare-tab": "blind-vote"},
        )
    vote = ended[0]
    st.title(t("What people chose without knowing which is which"), anchor=False)
    with st.container(key="slide"), st.container(key="told_vote", gap="medium"):
        st.markdown(f"**{plain(tm(vote.headline))}**")
        if vote.found is not None:
            st.markdown(plain(tm(vote.found.share_text(vote.second))))
            st.markdown(" ".join(plain(tm(text)) for text in vote.found.agreement_texts[:1]))
        st.caption(plain(tm(vote.opening_text(moment(vote.at)))))


@st.fragment(run_every="2s")
@guarded
def _counter(story: Story, round_: VoteRound) -> None:
    """Count the votes as they come in; what people chose stays sealed."""
    state = voting.progress(story.project.workspace, round_)
    if state.opening is not None:
        st.rerun(scope="app")
    for key, title, value in (
        ("votes", t("votes of {needed} needed", needed=state.needed), state.votes),
        ("people", t("people have voted"), state.voters),
    ):
        with st.container(key=f"figure_{key}", gap=None):
            st.header(str(value), anchor=False)
            st.markdown(title)
    st.progress(min(1.0, state.votes / state.needed))


def _decision(story: Story) -> None:
    """Draw what speaks for and against the model, and what was decided."""
    comparison, project = story.comparison, story.project
    decided = promotion(project)
    in_use = decided is not None and decided.run == comparison.run_id
    st.title(t("The decision") if not in_use else t("Decided: this model is in use"), anchor=False)
    allowed, reasons = promotion_allowed(comparison)
    with st.container(key="slide"), st.container(key="told_decision", gap="medium"):
        for regime in present_regimes(comparison):
            difference, found = comparison.difference(regime), of_hundred(comparison, regime)
            if difference is not None and found is not None:
                colour = _COLOURS.get(difference.word, "gray")
                word = f"**:{colour}[{t(WORDS[difference.word])}]**"
                st.markdown(f"{word} · {tm(headline(found))}")
        for said in [*reasons, *promotion_cautions(comparison)][:3]:
            st.markdown(f":orange[:material/front_hand:] {plain(tm(said))}")
        if allowed and not reasons and not promotion_cautions(comparison):
            st.markdown(
                f":green[:material/verified:] "
                f"{t('Nothing measured here speaks against using the tuned model.')}"
            )
        saved = savings_of(project, comparison)
        if saved is not None:
            st.markdown(
                t(
                    "Worth {low} to {high} {currency} a month by your own figures.",
                    low=f"{saved.low.money:,.0f}",
                    high=f"{saved.high.money:,.0f}",
                    currency=plain(saved.inputs.currency),
                )
            )
        if decided is not None and in_use:
            by = t("In use by decision of {who}, {at}.", who=decided.who, at=moment(decided.at))
            st.markdown(f"**{plain(by)}**")
        else:
            st.markdown(t("**Nobody has decided yet.** Compare has the button, Report the sheet."))


SLIDES = (
    Slide("data", N_("Data"), "data", _data),
    Slide("experts", N_("Experts"), "experts", _experts),
    Slide("labels", N_("Labels"), "labels", _labels),
    Slide("learning", N_("Learning"), "tune", _learning),
    Slide("verdict", N_("Verdict"), "compare", _verdict),
    Slide("wins", N_("Wins and losses"), "compare", _wins_and_losses),
    Slide("vote", N_("Vote"), "compare", _vote),
    Slide("decision", N_("Decision"), "report", _decision),
)
