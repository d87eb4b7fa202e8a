"""The panel of experts: how good each is alone, who agrees with whom, and who should take part.

Experts are judged on questions outside the test split and chosen on validation questions; test
questions are kept for the verdict alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.evaluation.measures import ndcg_at_10
from core.evaluation.search import rank
from core.evaluation.statistics import mean_interval
from core.experts.catalogue import expert_title, find_entry, kinship
from core.experts.lexical import words
from core.labels.judges import JudgeAgreement, judge_agreement
from core.labels.model import QUESTIONS_AT_ONCE, LabelModel, highest_columns
from core.labels.pair_sample import RANDOM, PairSample
from core.labels.passports import Passport, agreement_with_people, habits
from core.labels.quality import pair_quality
from core.labels.rules import weighted_mean
from core.labels.similar_experts import agreement, copies
from core.labels.weights import SHARPNESS, precision_above_chance
from core.messages import N_, Message
from core.types import (
    ExpertScores,
    Interval,
    LabelRecipe,
    ListedScores,
    PairScores,
    QADataset,
    Rows,
)
from core.types.scores import MODEL, PEOPLE
from core.types.scoring import (
    COPY_OF,
    KEEP,
    LEAVE_OUT,
    NO_TEACHER,
    PERHAPS_TEACHER,
    TEACHER,
    TEACHER_UNKNOWN,
    ExpertAdvice,
    ExpertFigures,
    PanelAdvice,
    ScoringResult,
    TeacherAdvice,
)

CLEARLY = 0.02  # nDCG@10 that a teacher must be ahead by: less is noise
FEWEST_GROUPS = 10  # answer groups below which a bootstrap interval is too narrow to rely on
_MOST_COMPARED = 2000  # questions that a teacher is compared with the base model on
MOST_QUESTIONS = 300  # that the influence of an expert is measured on
_LIGHT = 0.01  # share of the vote below which an expert only costs time
_NOTHING = 0.01  # nDCG@10; an influence that is surely smaller can be given up for speed
_DEAR = 0.5  # share of all time
_SEED = 0


def measured(
    dataset: QADataset,
    scores: Sequence[PairScores],
    pairs: PairSample,
    *,
    seconds: Mapping[str, float],
    encoded: Mapping[str, int],
    loading: Mapping[str, float],
    failures: Mapping[str, Message],
) -> ScoringResult:
    """Return the figures of experts that a scoring leaves.

    Parameters
    ----------
    pairs : PairSample
        Of questions outside the test split, drawn from these scores.
    seconds, encoded, loading : mappings of expert to what its scoring took
        Experts that are not named took nothing.
    """
    figures, alike = _measure_experts(dataset, scores, pairs)
    return ScoringResult(
        tuple(
            replace(
                figure,
                seconds=round(seconds.get(figure.expert, 0.0), 2),
                texts_encoded=encoded.get(figure.expert, 0),
                loading_seconds=round(loading.get(figure.expert, 0.0), 2),
            )
            for figure in figures
        ),
        tuple(map(tuple, alike.tolist())),
        dict(failures),
    )


def _measure_experts(
    dataset: QADataset, scores: Sequence[PairScores], sample: PairSample
) -> tuple[list[ExpertFigures], np.ndarray]:
    """Return figures of each expert and their agreement, on questions outside the test split."""
    model = LabelModel.fit(dataset, scores, LabelRecipe(tuple(s.expert for s in scores), "mean"))
    calibrated = model.expert_pairs(sample)
    figures = []
    for k, expert in enumerate(scores):
        quality = pair_quality(calibrated[k], sample, seed=_SEED)
        figures.append(
            ExpertFigures(
                expert.expert,
                find_entry(expert.expert).title,
                _ndcg(dataset, expert) if isinstance(expert, ExpertScores) else None,
                quality.average_precision,
                quality.roc_auc,
                0.0,
                0,
                expert.fingerprint,
            )
        )
    return figures, agreement(calibrated)


def _ndcg(dataset: QADataset, expert: ExpertScores) -> Interval:
    rows = dataset.seen_rows
    found = _found(dataset, expert, rows)
    return mean_interval(found, dataset.question_group[rows], seed=_SEED)


def find_teacher(
    dataset: QADataset,
    base: ExpertScores | None,
    scores: Sequence[PairScores],
    base_key: str,
    *,
    seed: int = _SEED,
) -> TeacherAdvice:
    """Say whether an expert searches better than the model that is to be tuned, and how sure.

    Parameters
    ----------
    base : ExpertScores or None
        Of the untuned model; None = it has not read the texts.
    scores : sequence of PairScores
        The experts; those that score a list of pairs cannot search and are left out.
    base_key : str
        Expert key of the model to be tuned.
    seed : int
        Seed of the interval and of the draw of questions where there are very many.

    Returns
    -------
    TeacherAdvice
        Without ``candidate`` and ``remedy``, which depend on what can be had.
    """
    rows = dataset.seen_rows
    if len(rows) > _MOST_COMPARED:
        draw = np.random.default_rng(seed).choice(rows, _MOST_COMPARED, replace=False)
        rows = np.sort(draw).astype(np.int32)
    title = expert_title(base_key)
    if base is None or not len(rows):
        why = _UNREAD if base is None else _NO_QUESTIONS
        return TeacherAdvice(TEACHER_UNKNOWN, base_key, Message(why, {"base": title}))
    others = [s for s in scores if isinstance(s, ExpertScores) and s.expert != base_key]
    if not others:
        return TeacherAdvice(NO_TEACHER, base_key, Message(_NOBODY, {"base": title}))
    groups = dataset.question_group[rows]
    own = _found(dataset, base, rows)
    found = [_found(dataset, other, rows) for other in others]
    best = max(range(len(others)), key=lambda place: (found[place].mean(), -place))
    lead = mean_interval(found[best] - own, groups, seed=seed)
    count = len(np.unique(groups))
    verdict = NO_TEACHER
    if lead.value >= CLEARLY:
        sure = lead.low > 0 and count >= FEWEST_GROUPS
        verdict = TEACHER if sure else PERHAPS_TEACHER
    base_ndcg, teacher_ndcg = (mean_interval(v, groups, seed=seed) for v in (own, found[best]))
    values: dict[str, str | int | float] = {
        "base": title,
        "teacher": expert_title(others[best].expert),
        "base_value": round(base_ndcg.value, 4),
        "teacher_value": round(teacher_ndcg.value, 4),
        "lead": round(lead.value, 4),
        "low": round(lead.low, 4),
        "high": round(lead.high, 4),
        "questions": len(rows),
    }
    return TeacherAdvice(
        verdict,
        base_key,
        Message(_SENTENCES[verdict], values),
        others[best].expert,
        base_ndcg,
        teacher_ndcg,
        lead,
        len(rows),
        count,
    )


def _found(dataset: QADataset, expert: ExpertScores, rows: Rows) -> np.ndarray:
    """Return nDCG@10 of each question as an expert alone searches."""
    top = rank(expert.question_matrix[rows], expert.answer_matrix, 10).top_answers
    return ndcg_at_10(dataset, rows, top)


def expert_passports(
    dataset: QADataset,
    scores: Sequence[PairScores],
    people: ListedScores | None,
    student: str,
) -> tuple[Passport, ...]:
    """Return how each expert judges, beside the others; on pairs of training questions.

    Parameters
    ----------
    people : ListedScores or None
        What people rated, whether or not they take part; None = nothing.
    student : str
        Expert key of the model to be tuned.
    """
    model = LabelModel.fit(dataset, scores, LabelRecipe(tuple(s.expert for s in scores), "mean"))
    sample = model.training
    found = habits(model.expert_pairs(sample), sample, dataset, _shared_words(dataset, sample))
    with_people: Sequence[JudgeAgreement | None] = [None] * len(scores)
    if people is not None:
        with_people = _with_people(model, people)
    return tuple(
        replace(passport, people=agreed, kinship=kinship(passport.expert, student))
        for passport, agreed in zip(found, with_people, strict=True)
    )


def _shared_words(dataset: QADataset, sample: PairSample) -> np.ndarray:
    """Return the share of a question's distinct words that the answer uses, float64 [n]."""
    asked = {row: set(words(dataset.questions[row])) for row in set(sample.question_rows.tolist())}
    said = {row: set(words(dataset.answers[row])) for row in set(sample.answer_rows.tolist())}
    pairs = zip(sample.question_rows.tolist(), sample.answer_rows.tolist(), strict=True)
    return np.array([len(asked[q] & said[a]) / max(len(asked[q]), 1) for q, a in pairs])


def _with_people(model: LabelModel, people: ListedScores) -> list[JudgeAgreement | None]:
    """Return how far each expert agrees with people on the pairs that they rated."""
    rows, columns = people.question_rows, people.answer_rows
    raw = np.stack([expert.pairs(rows, columns) for expert in model.scores])
    kind, weight = np.full(len(people), RANDOM), np.ones(len(people))
    rated = PairSample(rows, columns, kind, raw, weight, model.recipe.experts)
    agreed: list[JudgeAgreement | None] = []
    for expert, said in zip(model.scores, model.expert_pairs(rated), strict=True):
        if not isinstance(expert, ListedScores) or expert.judge not in (PEOPLE, MODEL):
            agreed.append(agreement_with_people(said, people.values, rows))
        elif expert.judge == MODEL:  # it speaks in grades, as everywhere else
            agreed.append(judge_agreement(people, expert))
        else:
            agreed.append(None)
    return agreed


_NOBODY = N_(
    "There is no teacher: no expert takes part that scores all pairs, besides {base}, the model to "
    "be tuned."
)
_UNREAD = N_(
    "Whether there is a teacher is not known yet: {base}, the model to be tuned, has not read the "
    "texts."
)
_NO_QUESTIONS = N_(
    "Whether there is a teacher cannot be measured: no question with a known answer lies outside "
    "the test."
)
_SENTENCES = {
    TEACHER: N_(
        "There is a teacher: {teacher} finds right answers better than {base}, the model to be "
        "tuned (nDCG@10 {teacher_value:.3f} against {base_value:.3f}: +{lead:.3f}, {low:.3f} to "
        "{high:.3f}, on {questions} questions)."
    ),
    PERHAPS_TEACHER: N_(
        "There may be a teacher: {teacher} is ahead of {base}, the model to be tuned (nDCG@10 "
        "{teacher_value:.3f} against {base_value:.3f}), but {questions} questions are too few to "
        "be sure ({lead:+.3f}, {low:+.3f} to {high:+.3f})."
    ),
    NO_TEACHER: N_(
        "There is no teacher: {teacher}, the best of the others, does not find right answers "
        "clearly better than {base}, the model to be tuned (nDCG@10 {teacher_value:.3f} against "
        "{base_value:.3f}: {lead:+.3f}, {low:+.3f} to {high:+.3f}, on {questions} questions)."
    ),
}


@dataclass(frozen=True, eq=False)
class Influence:
    """Labels by reliability of any part of the panel, as a ranker of all answers.

    Attributes
    ----------
    rows : int32 array [v]
        Validation questions looked at.
    calibrated : tuple of float32 arrays [K, b, n_a]
        Calibrated scores per block of questions, worked out once for every part of the panel.
    power : float64 array [K]
        Weight of each expert before they are made to sum to 1.
    chance : float
        Average precision of blind guessing on the training pairs.
    """

    dataset: QADataset
    rows: np.ndarray
    calibrated: tuple[np.ndarray, ...]
    power: np.ndarray
    chance: float
    seed: int

    @classmethod
    def of(cls, dataset: QADataset, scores: Sequence[PairScores], seed: int) -> Influence:
        """Score the validation questions, at most :data:`MOST_QUESTIONS` of them."""
        model = LabelModel.fit(dataset, scores, LabelRecipe(tuple(s.expert for s in scores)))
        rows = dataset.validation_rows
        if len(rows) > MOST_QUESTIONS:
            draw = np.random.default_rng(seed).choice(rows, MOST_QUESTIONS, replace=False)
            rows = np.sort(draw)
        answers = np.arange(len(dataset.answers), dtype=np.int32)
        blocks = tuple(
            model.expert_block(rows[start : start + QUESTIONS_AT_ONCE], answers)
            for start in range(0, len(rows), QUESTIONS_AT_ONCE)
        )
        training = model.training
        right = training.hard_label > 0
        chance = float(training.weight[right].sum() / training.weight.sum())
        power = precision_above_chance(training) ** SHARPNESS
        return cls(dataset, rows, blocks, power, chance, seed)

    def weights(self, experts: Sequence[int]) -> np.ndarray:
        """Return weights float64 [m] of some of the experts, summing to 1."""
        power = self.power[list(experts)]
        total = power.sum()
        return power / total if total > 0 else np.full(len(power), 1 / max(len(power), 1))

    def ndcg(self, experts: Sequence[int]) -> np.ndarray:
        """Return nDCG@10 per validation question of the labels of some of the experts."""
        if not len(self.rows) or not experts:
            return np.zeros(len(self.rows))
        tops = []
        for block in self.calibrated:
            chosen = block[list(experts)]
            labels = weighted_mean(chosen, np.zeros(block.shape[1:]), self.weights(experts))
            tops.append(highest_columns(np.nan_to_num(labels, nan=-1.0), 10))
        return ndcg_at_10(self.dataset, self.rows, np.concatenate(tops))

    def interval(self, values: np.ndarray) -> Interval | None:
        """Return mean and 95 % interval over answer groups; None without questions."""
        groups = self.dataset.question_group[self.rows]
        return mean_interval(values, groups, seed=self.seed) if len(values) else None


def advise(
    dataset: QADataset,
    scores: Sequence[PairScores],
    figures: Sequence[ExpertFigures],
    agreement: np.ndarray,
    *,
    teacher: str = "",
    seed: int = 0,
) -> PanelAdvice:
    """Propose a panel from what a scoring found.

    Copies share one vote; experts that are not better than guessing, that make the labels worse, or
    that cost much and change nothing are left out.

    Parameters
    ----------
    scores, figures : sequences in the same order
    agreement : float array [K, K]
        Spearman correlations in that order.
    teacher : str
        Key of the expert that the model can learn from; it is never left out for what it costs.
    seed : int
        Seed of the draw of questions and of the intervals.
    """
    quality = np.array([expert.average_precision.value for expert in figures])
    speaker = copies(agreement, quality)
    heads = [place for place in range(len(figures)) if speaker[place] == place]
    table = Influence.of(dataset, scores, seed)
    shares = dict(zip(heads, table.weights(heads), strict=True))
    together = table.ndcg(heads)
    seconds = sum(expert.seconds for expert in figures)
    best = max(heads, key=lambda place: (*_worth(figures[place]), -place))
    advice = []
    for place, expert in enumerate(figures):
        head = speaker[place]
        loss, share, copied = None, 0.0, ""
        if head != place:
            other = figures[head]
            why = _copy(expert, other, float(agreement[place, head]))
            verdict, copied = COPY_OF, other.title
        else:
            rest = [other for other in heads if other != place]
            loss = table.interval(together - table.ndcg(rest)) if rest else None
            share = shares[place]
            ranks = _Ranks(place == best, expert.expert == teacher, len(heads))
            verdict, why = _verdict(expert, share, loss, table.chance, seconds, ranks)
        advice.append(ExpertAdvice(expert.expert, expert.title, verdict, copied, share, loss, why))
    kept = [place for place, expert in enumerate(advice) if expert.verdict == KEEP]
    return PanelAdvice(
        tuple(advice),
        table.interval(table.ndcg(list(range(len(figures))))),
        table.interval(table.ndcg(kept)),
        len(table.rows),
    )


@dataclass(frozen=True)
class _Ranks:
    """What an expert is among the others: the best, the teacher; and how many there are."""

    best: bool
    teacher: bool
    heads: int


def _worth(expert: ExpertFigures) -> tuple[float, float]:
    """Return what experts are ranked by: nDCG@10, and average precision where there is none."""
    found = -1.0 if expert.ndcg is None else expert.ndcg.value
    return found, float(np.nan_to_num(expert.average_precision.value, nan=-1.0))


def _copy(expert: ExpertFigures, other: ExpertFigures, agreement: float) -> Message:
    return Message(
        N_(
            "Copy of {other}: both put pairs in nearly the same order (agreement {agreement:.2f} "
            "of 1), so they share one vote, and {other} does it at least as well (AP "
            "{other_ap:.2f} against {ap:.2f})."
        ),
        {
            "other": other.title,
            "agreement": round(agreement, 4),
            "other_ap": round(other.average_precision.value, 4),
            "ap": round(expert.average_precision.value, 4),
        },
    )


def _verdict(
    expert: ExpertFigures,
    share: float,
    loss: Interval | None,
    chance: float,
    all_seconds: float,
    ranks: _Ranks,
) -> tuple[str, Message]:
    """Return the verdict on an expert that is nobody's copy, with its reason."""
    precision = expert.average_precision
    dear = ranks.heads > 2 and all_seconds > 0 and expert.seconds / all_seconds > _DEAR
    params: dict[str, str | int | float] = {
        "ap": round(precision.value, 4),
        "ap_low": round(precision.low, 4),
        "ap_high": round(precision.high, 4),
        "share": round(share, 4),
        "chance": round(chance, 4),
        "seconds": round(expert.seconds, 1),
        "texts": expert.texts_encoded,
    }
    if loss is not None:
        params |= {"loss": round(loss.value, 4), "low": round(loss.low, 4)}
        params |= {"high": round(loss.high, 4), "gain": round(-loss.value, 4)}
        params |= {"gain_low": round(-loss.high, 4), "gain_high": round(-loss.low, 4)}
    if expert.ndcg is not None:
        params |= {"ndcg": round(expert.ndcg.value, 4), "ndcg_low": round(expert.ndcg.low, 4)}
        params |= {"ndcg_high": round(expert.ndcg.high, 4)}
    reasons = (  # the first that holds
        (
            ranks.teacher and expert.ndcg is not None,
            KEEP,
            N_(
                "Keep: it is the teacher, better at finding right answers than the model to be "
                "tuned (nDCG@10 {ndcg:.2f}, {ndcg_low:.2f} to {ndcg_high:.2f}), and has "
                "{share:.0%} of the vote."
            ),
        ),
        (
            ranks.best and expert.ndcg is not None,
            KEEP,
            N_(
                "Keep: of all it finds right answers best (nDCG@10 {ndcg:.2f}, {ndcg_low:.2f} to "
                "{ndcg_high:.2f}) and has {share:.0%} of the vote."
            ),
        ),
        (
            ranks.best,
            KEEP,
            N_(
                "Keep: of all it puts right pairs first most often (AP {ap:.2f}, {ap_low:.2f} to "
                "{ap_high:.2f}) and has {share:.0%} of the vote."
            ),
        ),
        (
            not precision.low > chance,
            LEAVE_OUT,
            N_(
                "Leave out: it is not shown to be better than guessing (AP {ap:.2f}, {ap_low:.2f} "
                "to {ap_high:.2f}; guessing reaches {chance:.2f})."
            ),
        ),
        (
            loss is not None and loss.high < 0,
            LEAVE_OUT,
            N_(
                "Leave out: without it the labels find right answers better (nDCG@10 +{gain:.3f}, "
                "{gain_low:.3f} to {gain_high:.3f})."
            ),
        ),
        (
            share < _LIGHT,
            LEAVE_OUT,
            N_(
                "Leave out: it is so much weaker than the others that it would have {share:.1%} "
                "of the vote, and scoring takes {seconds} s."
            ),
        ),
        (
            loss is not None and loss.high < _NOTHING and dear,
            LEAVE_OUT,
            N_(
                "Leave out: it took {seconds} s for {texts} texts, more than all others together, "
                "and without it the labels lose at most {high:.3f} nDCG@10."
            ),
        ),
        (
            loss is not None and loss.low > 0,
            KEEP,
            N_(
                "Keep: without it the labels find right answers less well (nDCG@10 −{loss:.3f}, "
                "{low:.3f} to {high:.3f}); it has {share:.0%} of the vote and took {seconds} s."
            ),
        ),
        (
            True,
            KEEP,
            N_(
                "Keep: a voice of its own with {share:.0%} of the vote (AP {ap:.2f}, {ap_low:.2f} "
                "to {ap_high:.2f}); what the labels would lose without it is too small to be shown "
                "on these questions."
            ),
        ),
    )
    verdict, template = next(reason[1:] for reason in reasons if reason[0])
    return verdict, Message(template, params)
