"""What people decide and say: who takes part, which model is used, what a gain is worth, notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.documents import from_json, to_json
from core.errors import AppError, LabelError
from core.evaluation.cost import (
    MISSES as MISSES,
    Saving as Saving,
    Savings as Savings,
    SavingsInput as SavingsInput,
    savings as savings,
)
from core.evaluation.expert_panel import advise as advise
from core.evaluation.of_hundred import headline as headline, meaning as meaning
from core.evaluation.verdict import (
    WORDS as WORDS,
    promotion_allowed as promotion_allowed,
    promotion_cautions as promotion_cautions,
)
from core.messages import N_, N_n
from core.types import Comparison
from core.types.judgements import BAD_LABEL, COMMENT, SETTLED, QuestionNote, reported
from core.types.personal_rules import RISK_LEVELS as RISK_LEVELS, RiskAssessment
from core.types.project import ChosenPanel
from core.types.rights import CHANGE, DECIDE
from core.types.scoring import (
    COPY_OF as COPY_OF,
    KEEP as KEEP,
    LEAVE_OUT as LEAVE_OUT,
    PanelAdvice as PanelAdvice,
)
from core.workspace.database import now
from core.workspace.feedback import LONGEST as LONGEST
from core.workspace.workspace import Project, asks

RISK_QUESTIONS: Mapping[str, tuple[str, str]] = {
    "purpose": (N_("What is the search for, and who uses it?"), N_("In one or two sentences.")),
    "affected": (
        N_("Whose data or interests are concerned?"),
        N_("Customers whose questions were logged, staff, people named in answers …"),
    ),
    "harm": (
        N_("What can a wrong or a lost answer do to them?"),
        N_("For example a wrong dose, a missed deadline, somebody treated unequally."),
    ),
    "measures": (
        N_("What is done against it?"),
        N_("For example must-find questions, masking, a person who checks, a way to complain."),
    ),
    "oversight": (N_("Who looks after it, and when is it looked at again?"), N_("Name and date.")),
}


@asks(DECIDE)
def keep_risk(project: Project, risk: RiskAssessment, who: str) -> RiskAssessment:
    """Keep a risk assessment with name and time; the report shows it.

    Raises
    ------
    LabelError
        If an answer or the level is missing, or nobody is named.
    """
    missing = [key for key in (*RISK_QUESTIONS, "level") if not getattr(risk, key).strip()]
    if missing or risk.level not in RISK_LEVELS or not who.strip():
        raise LabelError(
            N_n(
                "{count} answer of the risk assessment is missing. Answer every "
                "question, choose what remains, and type your name in the sidebar.",
                "{count} answers of the risk assessment are missing. Answer every "
                "question, choose what remains, and type your name in the sidebar.",
            ),
            count=max(1, len(missing)),
        )
    kept = replace(risk, who=who, at=now())
    project.state.risk = kept
    project.note("risks assessed", who, {"level": kept.level})
    return kept


@asks(CHANGE)
def use_panel(project: Project, experts: Sequence[str], who: str) -> None:
    """Let these experts take part on the Labels page until others are chosen there."""
    project.state.panel = ChosenPanel(project.dataset_id, tuple(experts))
    project.note("experts chosen", who, {"experts": list(experts)})


def panel_in_use(project: Project, scored: Sequence[str]) -> tuple[str, ...]:
    """Return which of the scored experts were chosen to take part; all where nobody chose."""
    chosen = project.state.panel
    if chosen is None or chosen.dataset_id != project.dataset_id:
        return tuple(scored)
    return tuple(key for key in scored if key in chosen.experts) or tuple(scored)


@asks(CHANGE)
def save_savings(project: Project, inputs: SavingsInput, who: str) -> None:
    """Keep the user's figures, so that the report prints the same."""
    project.state.savings = to_json(inputs)
    project.note("savings figures", who, to_json(inputs))


def saved_inputs(project: Project) -> SavingsInput | None:
    """Return the figures kept last, None where there are none or they cannot be read."""
    kept = project.state.savings
    if not isinstance(kept, dict):
        return None
    try:
        return from_json(SavingsInput, kept)
    except AppError:
        return None


def savings_of(project: Project, comparison: Comparison) -> Savings | None:
    """Return what the report prints: None before figures were kept, or without that measure."""
    inputs = saved_inputs(project)
    if inputs is None:
        return None
    difference = comparison.difference(inputs.regime, inputs.measure)
    return None if difference is None else savings(inputs, difference)


@asks(CHANGE)
def add_comment(project: Project, question: str, text: str, who: str) -> None:
    """Keep a comment on a question; raises WorkspaceError if it is empty or too long."""
    project.workspace.records.add_note(
        project.id, QuestionNote(COMMENT, question, "", text.strip(), who, now())
    )


@asks(CHANGE)
def report_label(project: Project, pair: tuple[str, str], reason: str, who: str) -> None:
    """Say that the judgement of a pair (question, answer) is wrong; it becomes a suspect.

    Nothing else changes: the Labels page lists the pair, and the verdict stays as it is, because a
    test that is corrected where it hurts is no test any more.

    Raises
    ------
    LabelError
        If the reason is missing.
    """
    if not reason.strip():
        raise LabelError("Say in a few words what is wrong, so that others can follow it.")
    note = QuestionNote(BAD_LABEL, *pair, reason.strip(), who, now())
    project.workspace.records.add_note(project.id, note)
    project.note("label reported", who, {"question": pair[0][:200]})


@asks(CHANGE)
def settle_report(project: Project, pair: tuple[str, str], who: str) -> None:
    """Take a report back; it stays on record."""
    project.workspace.records.add_note(project.id, QuestionNote(SETTLED, *pair, "", who, now()))


def notes_on(project: Project, question: str) -> tuple[QuestionNote, ...]:
    """Return every note on one question, oldest first."""
    return tuple(
        note for note in project.workspace.records.notes(project.id) if note.question == question
    )


def reported_pairs(project: Project) -> dict[tuple[str, str], QuestionNote]:
    """Return the pairs whose label is in doubt, the newest report last."""
    return reported(project.workspace.records.notes(project.id))
