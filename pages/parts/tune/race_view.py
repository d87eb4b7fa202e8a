"""One race, going on or ended: who leads, whether that may be luck, and the table."""

from __future__ import annotations

import streamlit as st

from core.errors import AppError
from core.evaluation.statistics import Spread
from core.evaluation.verdict import REGIME_TEXTS
from core.jobs.state import JobView
from core.journey.race_result import RaceResult, Standing
from core.journey.race_table import race_csv
from core.journey.races import Race, race_result
from core.types import REGIMES
from pages.parts.errors import show_error
from pages.parts.job_card import job_card
from pages.parts.page import Context
from pages.parts.translate import duration, plain, t, tm
from pages.parts.tune.race_actions import race_actions
from pages.parts.tune.race_form import contestant_title
from pages.parts.tune.race_words import difference, verdict_lines


def race_view(context: Context, race: Race) -> None:
    """Draw one race with its next action."""
    if race.problem is not None:
        st.error(plain(tm(race.problem)), icon=":material/error:")
        return
    final = race.job.is_final
    if final:
        try:
            _result(context, race, race_result(context.workspace, race))
        except AppError as error:
            show_error(error)

    def live(job: JobView) -> None:
        if not job.is_final:
            found = race_result(context.workspace, race)
            if found.finished or found.ruler is not None:
                _table(found, key=f"live_{job.id}")
            st.caption(t("{done} of {runs} runs are done.", done=found.finished, runs=found.runs))

    job_card(race.job.id, t("Race"), live=live)
    if final and not race.is_of(context.project.dataset_id):
        st.info(t("This race was run on earlier data."), icon=":material/history:")


def _result(context: Context, race: Race, found: RaceResult) -> None:
    with st.container(border=True, key="race_result"):
        first, *rest = verdict_lines(found)
        st.markdown(f"##### {first}")
        if rest:
            st.markdown("\n".join(f"- {line}" for line in rest))
        if found.ruler is None:
            return
        _table(found, key=f"table_{race.job.id}")
        _reading(found)
        _absent(found)
        if found.standings:
            race_actions(context, race, found)
        st.download_button(
            t("Download as CSV"),
            data=lambda: race_csv(found),
            file_name="race.csv",
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )


def _table(found: RaceResult, key: str) -> None:
    import pandas as pd

    ruler = found.ruler
    if ruler is None:
        return
    regimes = [regime for regime in REGIMES if regime in ruler.questions]
    rows = [_row(place, one, regimes) for place, one in enumerate(found.standings, 1)]
    rows += [
        {"name": contestant_title(one), "runs": t("failed") if reasons else t("not yet")}
        for one, reasons in found.absent
    ]
    base = {regime: sum(v) / len(v) for regime, v in ruler.base.ndcg.items()}
    reference = {"name": t("Untuned model"), "score": f"{ruler.base.score:.3f}"}
    reference |= {regime: f"{base[regime]:.3f}" for regime in regimes}
    rows.append(reference)
    text = st.column_config.TextColumn
    columns = {
        "place": st.column_config.NumberColumn("", width=30),
        "name": text(t("Contestant"), width=320),
        "runs": text(t("Runs"), width=60),
        "score": text(
            t("Search quality"),
            help=t(
                "Right answers near the top (nDCG@10) on validation questions, mean of the kinds "
                "of questions ± standard deviation over runs."
            ),
        ),
        "behind": text(
            t("Behind the first"),
            help=t(
                "Paired difference: the same questions, the same seeds. Where the interval in "
                "brackets contains 0, the two cannot be told apart."
            ),
        ),
        "gain": text(
            t("Over untuned"),
            help=t("Difference to the untuned model with its 95% interval."),
        ),
        **{
            regime: text(t(REGIME_TEXTS[regime].title), help=t(REGIME_TEXTS[regime].meaning))
            for regime in (regimes if len(regimes) > 1 else [])
        },
        "general": text(
            t("Everyday language"),
            help=t("Change of the Spearman correlation on general sentence pairs, ± over runs."),
        ),
        "time": text(t("Time per run"), width=90),
    }
    frame = pd.DataFrame(rows).reindex(columns=list(columns))
    st.dataframe(
        frame,
        hide_index=True,
        key=key,
        placeholder="–",
        column_config=columns,
        alt=t("Table of {count} contestants, the best first.", count=len(rows) - 1),
    )


def _row(place: int, one: Standing, regimes: list[str]) -> dict[str, object]:
    total = one.seeds + len(one.failures)
    runs = t("{done} of {total}", done=one.seeds, total=total) if one.failures else str(one.seeds)
    behind = "" if one.behind is None else difference(one.behind.scaled(1))
    return {
        "place": place,
        "name": contestant_title(one.contestant),
        "runs": runs,
        "score": spread(one.score),
        **{regime: spread(one.regimes[regime]) for regime in regimes},
        "gain": difference(one.gain, signed=True),
        "behind": behind or "–",
        "general": "–" if one.generality is None else spread(one.generality, signed=True),
        "time": duration(one.seconds),
    }


def spread(value: Spread, *, signed: bool = False) -> str:
    """Return mean ± standard deviation as text."""
    mean = f"{value.mean:+.3f}" if signed else f"{value.mean:.3f}"
    mean = mean.replace("-", "−")
    return mean if value.std is None else f"{mean} ± {value.std:.3f}"


def _reading(found: RaceResult) -> None:
    assert found.ruler is not None
    st.caption(
        t(
            "Measured on {questions} validation questions, which also chose the best moment of "
            "each run: all gains over the untuned model are a little flattering. The test "
            "questions stay untouched for the verdict on the Compare page. ± is the standard "
            "deviation over runs with different seeds.",
            questions=sum(len(rows) for rows in found.ruler.questions.values()),
        )
    )
    kept = [one for one in found.standings if one.base_kept]
    if kept:
        st.caption(
            t(
                "In {count} runs no moment was better than the untuned model; they count with its "
                "figures.",
                count=sum(one.base_kept for one in kept),
            )
        )


def _absent(found: RaceResult) -> None:
    failed = [(one.contestant, one.failures) for one in found.standings if one.failures]
    failed += [(one, dict(reasons)) for one, reasons in found.absent if reasons]
    for one, reasons in failed:
        reason = tm(next(iter(reasons.values())))
        st.warning(
            t(
                "{name}: failed runs, left out of the figures: {count}. {reason}",
                name=plain(contestant_title(one)),
                count=len(reasons),
                reason=plain(reason),
            ),
            icon=":material/warning:",
        )
