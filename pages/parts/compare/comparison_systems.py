"""All systems side by side, and the choice of what is compared."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import AppError
from core.evaluation.measures import (
    MAIN_METRIC,
    MEASURES,
    METRICS,
    Measure,
    grades_of,
    on_judged_pools,
    possible_cutoffs,
    remeasured,
)
from core.journey.compare import (
    MIN_QUESTIONS,
    REGIME_TEXTS,
    WORDS,
    contrasts,
    effect_text,
    intervals,
    present_regimes,
    questions_needed,
)
from core.journey.compare_systems import (
    HYBRID_TITLES,
    RANK,
    SCORE,
    UNMIXED,
    ContradictoryRanksError,
    SeveralSystemsError,
    add_run_file,
    answers_with_ids,
    check_run,
    held_out_questions,
    other_alphas,
    remove_run_file,
)
from core.journey.tune import tuning_runs
from core.messages import N_n
from core.reporting.charts.verdict_charts import difference_chart, system_chart
from core.types import (
    BASE,
    CROSS_FIT,
    REGIMES,
    TUNED,
    Comparison,
    Difference,
    QADataset,
    SystemChoice,
)
from core.types.rights import CHANGE, START
from pages.parts import session
from pages.parts.cached import cached
from pages.parts.charts import show_chart
from pages.parts.compare.comparison_job import Compared, start_comparison
from pages.parts.errors import show_error, show_warnings
from pages.parts.model_titles import model_title
from pages.parts.page import Context
from pages.parts.reading import read_upload
from pages.parts.rights import only
from pages.parts.translate import moment, plain, t, tm

_STEP = 0.01  # of a difference to plan for
_NAME, _CUTOFF, _GRADE = "compare_family", "compare_cutoff", "compare_threshold"


def all_systems(seen: Compared) -> None:
    """Draw every system, by one measure at a time, and how it differs from another one."""
    comparison, dataset = seen.comparison, seen.context.dataset
    st.markdown(
        t(
            "Every system searched for the same held-out questions. The lines show how far the "
            "mean could lie from the dot by chance (95 % interval)."
        )
    )
    measure = _measure_choice(comparison, dataset)
    st.caption(measure.meaning_in(t))
    try:
        measured = cached(
            lambda: remeasured(comparison, dataset, measure), "measured", comparison.id, measure.key
        )
    except AppError as error:  # kept lists of an older comparison are too short
        st.info(plain(tm(error.message)), icon=":material/refresh:")
        return
    chart = cached(
        lambda: system_chart(measured, t, metric=measure), "systems", comparison.id, measure.key
    )
    show_chart(chart, key=f"arms_{measure.key}")
    for name, reason in comparison.absent.items():
        st.info(
            plain(t("{title} is absent: {reason}", title=_title(name), reason=tm(reason))),
            icon=":material/block:",
        )
    for system in comparison.systems:
        for note in system.notes:
            said = t("{title}: {note}", title=system.title, note=tm(note))
            st.info(plain(said), icon=":material/info:")
    if comparison.way != CROSS_FIT:  # there every other system would need folds of its own
        more_systems(seen)
    _folded(
        t("One against the other"),
        ":material/difference:",
        "fold_against",
        lambda: against(measured, measure.key),
    )
    _folded(
        t("All systems, all measures"),
        ":material/table_chart:",
        "fold_measures",
        lambda: _every_measure(comparison),
    )
    _judged_pools(comparison, dataset)
    if comparison.differences:
        with st.expander(
            t("Tuned against base, all measures"), icon=":material/stacked_line_chart:"
        ):
            chart = cached(lambda: difference_chart(comparison, t), "differences", comparison.id)
            show_chart(chart, key="differences")
    with st.expander(t("How many questions would be needed?"), icon=":material/calculate:"):
        _questions_to_show(comparison)


def _folded(title: str, icon: str, key: str, draw: Callable[[], None]) -> None:
    """Draw a folded part, worked out when it is opened: resampling many questions takes seconds."""
    part = st.expander(title, icon=icon, key=key, on_change="rerun")
    if part.open:
        with part:
            draw()


def _judged_pools(comparison: Comparison, dataset: QADataset) -> None:
    """Draw what unjudged answers may hide, where people judged a pool of answers only."""
    found = cached(lambda: on_judged_pools(comparison, dataset), "pools", comparison.id)
    if not found:
        return
    with st.expander(t("Questions with judged answers"), icon=":material/rule:"):
        st.markdown(
            t(
                "For {count} of the test questions it is known which answers are wrong, not only "
                "which are right. nDCG takes an answer that nobody judged for wrong; judged-only "
                "nDCG leaves it out of the list; bpref asks how many wrong answers stand above the "
                "right ones. Where few of the first ten are judged, trust the last two.",
                count=found[0].questions,
            )
        )
        st.dataframe(
            {
                t("System"): [t(one.title) for one in found],
                "nDCG@10": [one.ndcg for one in found],
                t("nDCG@10, judged only"): [one.judged_only for one in found],
                "bpref": [one.bpref for one in found],
                t("First ten that are judged"): [100 * one.judged for one in found],
            },
            hide_index=True,
            column_config={
                **{
                    name: st.column_config.NumberColumn(format="%.3f")
                    for name in ("nDCG@10", t("nDCG@10, judged only"), "bpref")
                },
                t("First ten that are judged"): st.column_config.NumberColumn(format="%.0f %%"),
            },
            key="judged_pools",
        )


def _measure_choice(comparison: Comparison, dataset: QADataset) -> Measure:
    grades = grades_of(dataset)
    cutoffs = possible_cutoffs(comparison) or (10,)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            t("Measure"),
            list(MEASURES),
            format_func=lambda name: t(MEASURES[name].title).format(cutoff="k"),
            key=_NAME,
            persist_state="session",
        )
        cutoff = st.selectbox(
            t("First answers looked at (k)"),
            cutoffs,
            index=cutoffs.index(10) if 10 in cutoffs else 0,
            key=_CUTOFF,
            persist_state="session",
            width=220,
        )
        grade = 0.0
        if len(grades) > 1:
            grade = st.selectbox(
                t("Right from grade"),
                grades,
                format_func=lambda grade: f"{grade:g}",
                key=_GRADE,
                disabled=MEASURES[name].graded,
                help=t(
                    "Your data grade their answers. nDCG uses the grades as they are; all other "
                    "measures need to know from which grade on an answer counts as right."
                ),
                width=160,
            )
    return (MEASURES[name] @ cutoff).from_grade(float(grade))


def against(measured: Comparison, metric: str) -> None:
    """Draw the differences of all systems from one that the reader chooses."""
    import pandas as pd

    systems = {system.name: system for system in measured.systems}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reference = st.selectbox(
            t("Compared with"),
            list(systems),
            format_func=lambda name: systems[name].title,
            index=list(systems).index(BASE) if BASE in systems else 0,
            key="compare_reference",
        )
        margin = st.number_input(
            t("Tie margin"),
            min_value=0.0,
            max_value=0.5,
            value=0.0,
            step=0.01,
            format="%.2f",
            key="compare_margin",
            help=t("Questions whose results differ by no more than this count as ties."),
            width=160,
        )
    differences = cached(
        lambda: contrasts(measured, seed=0, reference=reference, metric=metric, margin=margin),
        "contrasts",
        *(measured.id, reference, metric, margin),
    )
    titles = [t(REGIME_TEXTS[d.regime].title) for d in differences]
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(
            {
                "regime": titles,
                "system": [systems[d.arm].title for d in differences],
                "difference": [round(d.difference, 3) for d in differences],
                "low": [round(d.low, 3) for d in differences],
                "high": [round(d.high, 3) for d in differences],
                "p": [round(d.p_adjusted, 4) for d in differences],
                "wins": [d.wins for d in differences],
                "ties": [d.ties for d in differences],
                "losses": [d.losses for d in differences],
                "smallest": [round(d.smallest_detectable, 3) for d in differences],
                "word": [t(WORDS[d.word]) for d in differences],
            }
        ),
        hide_index=True,
        key="contrasts",
        column_config={
            "regime": st.column_config.TextColumn(t("Kind of question")),
            "system": st.column_config.TextColumn(t("System")),
            "difference": number(t("Difference"), format="%+.3f"),
            "low": number(t("Low (95 %)"), format="%+.3f"),
            "high": number(t("High (95 %)"), format="%+.3f"),
            "p": number(
                t("p-value (Holm)"),
                help=t("Paired randomisation test, corrected for the number of systems (Holm)."),
            ),
            "wins": number(t("Wins")),
            "ties": number(t("Ties")),
            "losses": number(t("Losses")),
            "smallest": number(
                t("Smallest to be found"),
                help=t(
                    "True difference that these questions would show in 80 of 100 cases (minimum "
                    "detectable effect)."
                ),
            ),
            "word": st.column_config.TextColumn(t("Verdict")),
        },
        alt=t("Difference of every system from the chosen one, per kind of question."),
    )


def _every_measure(comparison: Comparison) -> None:
    """Draw mean and interval of every system, for every measure of the verdict."""
    import pandas as pd

    cell = t("{value} ({low} to {high})")
    rows = []
    for regime in present_regimes(comparison):
        spread = cached(partial(intervals, comparison, regime), "spread", comparison.id, regime)
        for system in comparison.systems:
            row = {t("Kind of question"): t(REGIME_TEXTS[regime].title), t("System"): system.title}
            for key, metric in METRICS.items():
                interval = spread.get((system.name, key))
                row[metric.title_in(t)] = (
                    cell.format(**{end: f"{value:.3f}" for end, value in vars(interval).items()})
                    if interval
                    else "–"
                )
            rows.append(row)
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key="all_systems",
        alt=t("Mean and 95 % interval of every system, for every measure and kind of question."),
    )
    main = METRICS[MAIN_METRIC].title_in(t)
    st.caption(t("The verdict rests on one measure, chosen beforehand: {metric}.", metric=main))


def _questions_to_show(comparison: Comparison) -> None:
    """Ask for a difference and say how many questions would show it, per kind of question."""
    every = map(comparison.difference, REGIMES)
    differences = [difference for difference in every if difference is not None]
    if not differences:
        st.caption(t("Not measured: the model before or after tuning is absent."))
        return
    effect = st.number_input(
        t("True difference to be shown (nDCG@10)"),
        min_value=_STEP,
        max_value=0.5,
        value=0.03,
        step=_STEP,
        format="%.2f",
        key="power_effect",
        width=300,
    )
    for difference in differences:
        st.markdown(plain(_sentence(difference, float(effect))))
    st.caption(
        t(
            "In 80 of 100 cases, at a 5 % error rate, from the spread of the differences seen here "
            "(power calculation). Several questions about one answer count as the group that they "
            "are, not as independent questions."
        )
    )


def _sentence(difference: Difference, effect: float) -> str:
    needed = questions_needed(difference.questions, difference.smallest_detectable, effect)
    values = {
        "kind": t(REGIME_TEXTS[difference.regime].title),
        "effect": f"{effect:.2f}",
        "now": difference.questions,
        "smallest": effect_text(difference.smallest_detectable),
    }
    if needed is None:
        return t("{kind}: no question changed, so nothing can be planned with.", **values)
    needed = max(needed, MIN_QUESTIONS)
    if needed <= difference.questions:
        return t(
            "{kind}: the {now} held-out questions are enough to show +{effect}; about {needed} "
            "would do.",
            needed=needed,
            **values,
        )
    return t(
        "{kind}: to show +{effect}, about {needed} held-out questions are needed; now there are "
        "{now}, which show {smallest} or more.",
        needed=needed,
        **values,
    )


def _title(name: str) -> str:
    return t(HYBRID_TITLES[name]) if name in HYBRID_TITLES else model_title(name)


def more_systems(seen: Compared) -> None:
    """Draw the choice of further systems and the button that compares them all."""
    with st.expander(t("Compare with more systems"), icon=":material/add_chart:"):
        choice = _choice(seen)
        _run_file_section(seen.context)
        if st.button(
            t("Compare with these systems"),
            icon=":material/compare_arrows:",
            key="compare_more",
            **only(
                START,
                help=t("Replaces this comparison; what is known already is not computed again."),
            ),
        ):
            start_comparison(seen.context, seen.run, choice)


def _choice(seen: Compared) -> SystemChoice:
    context, last = seen.context, seen.choice
    others = {
        run.job.id: run
        for run in tuning_runs(context.project)
        if run.has_model and run.job.id != seen.run.job.id
    }
    runs = st.multiselect(
        t("Other tuning runs"),
        list(others),
        default=[run for run in last.runs if run in others],
        format_func=lambda key: f"{others[key].recipe} · {moment(others[key].job.created_at)}",
        key="arms_runs",
        disabled=not others,
        placeholder=t("None") if not others else t("Choose"),
    )
    # Where the run folder is gone nothing can be mixed.
    kept = seen.run.mixed_share
    offered = other_alphas(kept)
    alphas = st.pills(
        t(
            "Other mixes of base and tuned weights (α; the tuned model is α = {kept})",
            kept=f"{kept:g}",
        ),
        offered,
        selection_mode="multi",
        default=[alpha for alpha in last.alphas if alpha in offered],
        format_func=lambda alpha: t(UNMIXED) if alpha == 1 else f"α = {alpha:g}",
        key=f"arms_alphas_{seen.run.job.id}",
        disabled=not offered,
        help=t(
            "Every weight is mixed: (1 − α)·base + α·tuned. Such a model often keeps more of what "
            "the base model knew. Each α encodes all answers once."
        ),
    )
    hybrids = [
        name
        for name, label in (
            (BASE, t("Keyword search and model before, as one list")),
            (TUNED, t("Keyword search and tuned model, as one list")),
        )
        if st.checkbox(
            label,
            value=name in last.hybrids,
            key=f"arms_hybrid_{name}",
            help=t(
                "Hybrid search: a weighted sum of both scores. How much keyword search counts is "
                "chosen on validation questions; where it adds nothing, there is no hybrid."
            ),
        )
    ]
    files = tuple(
        file
        for file in context.project.state.run_files
        if st.checkbox(
            t("Your present search: {title}", title=plain(file.title)),
            value=True,
            key=f"arms_file_{file.key}",
        )
    )
    return SystemChoice(
        runs=tuple(runs),
        alphas=tuple(alphas),
        hybrids=tuple(hybrids),
        run_files=files,
    )


_TAKEN = "run_files_taken"


def _run_file_section(context: Context) -> None:
    """Draw the upload of result lists, and those that are kept."""
    st.markdown(f"**{t('Your present search')}**")
    st.caption(
        t(
            "Download the held-out questions and the answers, let your search answer them, and "
            "upload its result lists as a TREC run file: question id, Q0, answer id, rank, score, "
            "name. The ids are those of the two downloads."
        )
    )
    st.download_button(
        t("Download the held-out questions"),
        lambda: held_out_questions(context.dataset),
        file_name="queries.jsonl",
        mime="application/jsonl",
        icon=":material/download:",
        key="run_file_questions",
        on_click="ignore",
    )
    st.download_button(
        t("Download the answers with their ids"),
        lambda: answers_with_ids(context.dataset),
        file_name="corpus.jsonl",
        mime="application/jsonl",
        icon=":material/download:",
        key="run_file_answers",
        on_click="ignore",
    )
    for file in context.project.state.run_files:
        with st.container(horizontal=True, vertical_alignment="center"):
            said = t(
                "{title} · {file} · {at}", title=file.title, file=file.filename, at=moment(file.at)
            )
            st.markdown(plain(said))
            if st.button(
                t("Remove"), type="tertiary", key=f"remove_run_{file.key}", **only(CHANGE)
            ):
                remove_run_file(context.project, file.key, session.who())
                st.rerun()
    # A new field after every file that was taken: an upload field cannot be emptied otherwise.
    field = f"run_file_{context.project.id}_{st.session_state.get(_TAKEN, 0)}"
    taken = st.file_uploader(
        t("Result lists of your search (TREC run, or ranx JSON)"), key=field, **only(CHANGE)
    )
    if taken is not None:
        _upload(context, taken)


def _upload(context: Context, file: UploadedFile) -> None:
    order = st.session_state.get(f"run_order_{file.file_id}") or ""
    system = (st.session_state.get(f"run_system_{file.file_id}") or "").strip()
    try:
        dataset = context.dataset
        check = read_upload(
            file,
            "run",
            lambda content, _, report: check_run(
                content, dataset, order=order, system=system, report=report
            ),
            *(dataset.id, order, system),
        )
    except Exception as error:
        show_error(error)
        if isinstance(error, ContradictoryRanksError):
            st.radio(
                t("Which counts?"),
                [RANK, SCORE],
                index=None,
                format_func=lambda key: t("the ranks") if key == RANK else t("the scores"),
                key=f"run_order_{file.file_id}",
            )
        if isinstance(error, SeveralSystemsError):
            st.text_input(t("Name of the system"), key=f"run_system_{file.file_id}")
        return
    if check is None:
        return
    st.markdown(
        t(
            N_n(
                "{lines} line; results for {questions} of {held} held-out questions.",
                "{lines} lines; results for {questions} of {held} held-out questions.",
                by="lines",
            ),
            lines=check.lines,
            questions=check.questions,
            held=check.held_out,
        )
    )
    show_warnings(check.notes)
    title = st.text_input(t("Name"), value=t("Present search"), max_chars=60, key="run_file_title")
    nothing = not check.missing or st.checkbox(
        t("For the {missing} other questions my search found nothing", missing=check.missing),
        key="run_file_nothing",
        help=t("They then count as not found. Else upload a file that answers all of them."),
    )
    if st.button(t("Add this search"), key="run_file_add", **only(CHANGE, disabled=not nothing)):
        try:
            add_run_file(
                context.project,
                context.dataset,
                file.getvalue(),
                file.name,
                title=title or "",
                empty_is_nothing=bool(nothing),
                who=session.who(),
                order=order,
                system=system,
            )
        except AppError as error:
            show_error(error)
            return
        st.session_state[_TAKEN] = st.session_state.get(_TAKEN, 0) + 1
        st.rerun()
