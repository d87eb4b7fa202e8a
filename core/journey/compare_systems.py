"""Which systems a comparison is made of, and how each is brought to its result lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from core.data.table import file_title
from core.data.trec_run import (
    RANK as RANK,
    SCORE as SCORE,
    ContradictoryRanksError as ContradictoryRanksError,
    ParsedRun,
    SeveralSystemsError as SeveralSystemsError,
    parse_run,
    run_notes,
)
from core.errors import AppError, ComparisonError, DataError, WorkspaceError
from core.evaluation.hybrid import HYBRID_PREFIX, HYBRID_TITLES as HYBRID_TITLES
from core.evaluation.systems import DEPTH, EncodedSystem, ListedSystem, held_out_rows
from core.experts.catalogue import find_entry
from core.hashing import content_id
from core.jobs.folder import RunFolder
from core.journey.experts import load_expert_scores
from core.journey.jobs import job, outcome_of, request_of
from core.journey.uploads import read_apart
from core.messages import N_, Message
from core.progress import Progress
from core.types import (
    BASE,
    TUNED,
    UNSEEN,
    ExpertScores,
    QADataset,
    Reporter,
    SystemChoice,
    SystemResult,
)
from core.types.expert_entry import DOCUMENT, LEXICAL, QUERY
from core.types.project import RunFile
from core.types.rights import CHANGE
from core.types.tuning import TuneRequest
from core.workspace.files import not_kept, write_bytes
from core.workspace.project_state import ProjectState
from core.workspace.records import now
from core.workspace.workspace import Project, Workspace, asks

if TYPE_CHECKING:
    from core.evaluation.examination import TunedPair
    from core.evaluation.systems import Origin, System
    from core.experts.encoders import Encoder

BM25 = "bm25"
RUN_PREFIX, ALPHA_PREFIX, FILE_PREFIX = "run:", "alpha:", "run_file:"
UNMIXED = N_("Tuned, unmixed (α = 1)")
ALPHAS = (0.25, 0.5, 0.75, 1.0)
MOST_TITLE = 60


@dataclass(eq=False)
class ComparedSystems:
    """What takes part in a comparison and what is missing.

    Attributes
    ----------
    tuned : RunFolder
        Of the tuning run that is judged.
    before, after : Encoder
        Of base and tuned.
    present : list of EncodedSystem or ListedSystem
        ``base`` and ``tuned`` first.
    absent : dict of system name to Message
    """

    workspace: Workspace
    dataset: QADataset
    tuned: RunFolder
    before: Encoder
    after: Encoder
    present: list[System | SystemResult] = field(default_factory=list)
    absent: dict[str, Message] = field(default_factory=dict)

    @classmethod
    def of(cls, workspace: Workspace, dataset: QADataset, tune_run: str) -> ComparedSystems:
        """Return nothing but the two encoders; no model is loaded before it encodes.

        Raises
        ------
        ModelUnavailableError
            If a model's files are missing.
        """
        tuned = RunFolder(workspace.run_folder(tune_run))
        return cls(workspace, dataset, tuned, *encoders(workspace, tuned))

    @property
    def pair(self) -> TunedPair:
        """Both models as they are examined."""
        from core.evaluation.examination import TunedPair
        from core.experts.encoders import encode_cached, load_encoder

        return TunedPair(
            self.before,
            self.after,
            partial(encode_cached, cache=self.workspace.vectors),
            lambda key: load_encoder(find_entry(key), self.workspace.models),
        )

    def collect(self, experts: Sequence[str], choice: SystemChoice, report: Reporter) -> None:
        """Bring every chosen system to vectors or result lists.

        Base and tuned must be there; any other that fails is absent, with the reason.

        Raises
        ------
        AppError
            If base or tuned cannot be had.
        """
        base_model = tune_request(self.tuned).tuning.base_model
        steps = 2 + len(choice.alphas) + len(choice.runs) + len(choice.hybrids)
        parts = (Progress(report, i / steps, (i + 1) / steps) for i in range(steps))
        title = find_entry(base_model).title
        self.present.append(self._encoded(BASE, title, BASE, self.before, next(parts)))
        self.present.append(self._tuned(TUNED, N_("Tuned model"), self.tuned, next(parts)))
        self.add_experts(experts, base_model)
        for run, part in zip(choice.runs, parts, strict=False):
            self._add(f"{RUN_PREFIX}{run}", partial(self._other_run, run, part))
        for alpha, part in zip(choice.alphas, parts, strict=False):
            self._add(f"{ALPHA_PREFIX}{alpha:g}", partial(self.mixed, alpha, part))
        for file in choice.run_files:
            self._add(file.title, partial(file_system, self.workspace, self.dataset, file))
        for name, part in zip(choice.hybrids, parts, strict=True):
            self._add(f"{HYBRID_PREFIX}{name}", partial(self._hybrid, name, part))

    def add_experts(self, experts: Sequence[str], base_model: str) -> None:
        """Let keyword search and experts take part, but for the system before tuning."""
        for key in dict.fromkeys((BM25, *experts)):
            if key != base_model:
                self._add(key, partial(expert_system, self.workspace, self.dataset, key))

    def _add(self, name: str, make: Callable[[], System]) -> None:
        try:
            self.present.append(make())
        except AppError as error:
            self.absent[name] = error.message

    def _encoded(
        self,
        name: str,
        title: str,
        kind: str,
        encoder: Encoder,
        report: Reporter,
        *,
        answers: Encoder | None = None,
        origin: Origin | None = None,
    ) -> EncodedSystem:
        """Encode the held-out questions and all answers, but for what is in the cache."""
        from core.evaluation.systems import EncodedSystem
        from core.experts.encoders import encode_cached

        cache, data = self.workspace.vectors, self.dataset
        asked = [data.questions[row] for row in held_out_rows(data)]
        left = encode_cached(encoder, asked, QUERY, cache, Progress(report, 0.0, 0.2))
        half = Progress(report, 0.2, 1.0)
        right = encode_cached(answers or encoder, data.answers, DOCUMENT, cache, half)
        return EncodedSystem(name, title, kind, encoder.fingerprint, left, right, origin)

    def _tuned(
        self,
        name: str,
        title: str,
        run: RunFolder,
        report: Reporter,
        encoder: Encoder | None = None,
        kind: str = TUNED,
    ) -> EncodedSystem:
        """Encode with a tuned model, or with one between base and tuned."""
        base, tuned = encoders(self.workspace, run)
        encoder = encoder or tuned
        answers = base if is_query_side(run) else encoder
        origin = self._origin(title, run, encoder, base)
        return self._encoded(name, title, kind, encoder, report, answers=answers, origin=origin)

    def _origin(self, title: str, run: RunFolder, encoder: Encoder, base: Encoder) -> Origin:
        """Return what a tuned model was made from.

        Raises
        ------
        ComparisonError
            If its data are gone, so that nobody can tell whether it learned from held-out
            questions.
        """
        from core.evaluation.systems import origin_of

        prompts, base_prompts = (
            {role: model.prompt(role) for role in (QUERY, DOCUMENT)} for model in (encoder, base)
        )
        told = tune_request(run)
        if told.tuning.answer_model:  # reads the answers in its own way
            base_prompts[DOCUMENT] = find_entry(told.tuning.answer_model).prompt(DOCUMENT)
        dataset_id = told.dataset_id
        if told.from_cross_fit:
            raise ComparisonError(
                "{title} learned from every question of its data, also from those that are held "
                "out here. It cannot be compared on them.",
                title=title,
            )
        if told.start_run:
            repeated = leaked_rows(self.workspace, self.dataset, told.start_run)
            if len(repeated):
                raise ComparisonError(
                    "{title} went on from a model that learned from {count} of the questions that "
                    "are held out here. It cannot be compared on them.",
                    title=title,
                    count=len(repeated),
                )
        if dataset_id == self.dataset.id:
            return origin_of(self.dataset, prompts, base_prompts)
        try:
            return origin_of(self.workspace.load_dataset(dataset_id), prompts, base_prompts)
        except AppError as error:
            raise ComparisonError(
                "{title} learned from other data ({dataset}), which cannot be read any more: it "
                "may have learned from questions that are held out here. Tune again with these "
                "data.",
                title=title,
                dataset=dataset_id,
            ) from error

    def _other_run(self, run: str, report: Reporter) -> EncodedSystem:
        folder = RunFolder(self.workspace.run_folder(run))
        if not folder.model.is_dir():
            raise ComparisonError("The run {run} left no model to compare.", run=run)
        title = f"{tune_request(folder).recipe_name} · {job(self.workspace, run).created_at[:16]}"
        return self._tuned(f"{RUN_PREFIX}{run}", title, folder, report)

    def mixed(self, alpha: float, report: Reporter) -> EncodedSystem:
        """Return another mix of base and tuned model as a system; made once per run and α.

        Raises
        ------
        ComparisonError
            If the run kept nothing of what it learned.
        """
        from core.experts.encoders import load_encoder
        from core.tuning.mixing import interpolated_model

        kept = outcome_of(self.tuned).alpha
        if tune_request(self.tuned).tuning.answer_model:
            raise ComparisonError(
                "A model of their own reads the answers of this run, so it cannot be mixed with "
                "the base model."
            )
        if not kept:
            raise ComparisonError(
                "The run kept the base model as it is, so there is nothing to mix."
            )
        prints = [self.before.fingerprint, self.after.fingerprint]
        told = tune_request(self.tuned)
        began = find_entry(told.tuning.base_model).folder(self.workspace.models)
        if told.start_run:
            began = RunFolder(self.workspace.run_folder(told.start_run)).model
        folder = interpolated_model(
            began,
            self.tuned.model,
            alpha,
            self.tuned.root / "interpolated" / content_id([*prints, f"{alpha:.6f}", f"{kept:.6f}"]),
            kept,
        )
        encoder = load_encoder(folder, self.workspace.models)
        name, title = f"{ALPHA_PREFIX}{alpha:g}", UNMIXED if alpha == 1 else f"α = {alpha:g}"
        return self._tuned(name, title, self.tuned, report, encoder, "interpolated")

    def _hybrid(self, name: str, report: Reporter) -> ListedSystem:
        """Join keyword search and a model into one list; validation questions choose the weight.

        Raises
        ------
        ComparisonError
            If one of the two is absent, there are no validation questions, or keyword search adds
            nothing to the model.
        """
        from core.evaluation.hybrid import JOINED_DEPTH, JoinedScores, choose_weight
        from core.evaluation.search import rank
        from core.evaluation.systems import EncodedSystem
        from core.experts.encoders import encode_cached

        named = {system.name: system for system in self.present}
        words, model = named.get(BM25), named.get(name)
        if words is None or model is None:
            raise ComparisonError(
                "Keyword search and a model are needed for a hybrid, and one of them is absent."
            )
        assert isinstance(words, EncodedSystem)
        assert isinstance(model, EncodedSystem)
        data, rows = self.dataset, self.dataset.validation_by_regime
        if not rows:
            raise ComparisonError(
                "There are no validation questions to choose how much keyword search counts in a "
                "hybrid."
            )
        depth = min(JOINED_DEPTH, len(data.answers))
        encoder = self.before if name == BASE else self.after
        joined: dict[str, JoinedScores] = {}
        for regime, asked in rows.items():
            texts = [data.questions[row] for row in asked]
            vectors = encode_cached(encoder, texts, QUERY, self.workspace.vectors, report)
            by_words = rank(words.question_matrix[asked], words.answer_matrix, depth)
            by_model = rank(vectors, model.answer_matrix, depth)
            joined[regime] = JoinedScores.of(by_words, by_model)
        chosen = choose_weight(data, rows, joined)
        if not chosen.weight:
            raise ComparisonError(
                "On {questions} validation questions keyword search adds nothing that shows to the "
                "model ({alone:.3f} nDCG@10), so a hybrid would be the model alone.",
                questions=chosen.questions,
                alone=chosen.alone,
            )
        held = held_out_rows(data)
        lists = (system.ranking(data, held, depth) for system in (words, model))
        found = JoinedScores.of(*lists).ranking(chosen.weight, depth)
        note = Message(
            N_(
                "Keyword search counts {share:.0%}, chosen on {questions} validation questions "
                "({joined:.3f} nDCG@10 there, the model alone {alone:.3f})."
            ),
            {
                "share": chosen.weight,
                "questions": chosen.questions,
                "joined": chosen.joined,
                "alone": chosen.alone,
            },
        )
        return ListedSystem(
            f"{HYBRID_PREFIX}{name}",
            HYBRID_TITLES[f"{HYBRID_PREFIX}{name}"],
            "hybrid",
            content_id([words.fingerprint, model.fingerprint, f"weighted {chosen.weight:.2f}"]),
            found.top_answers,
            found.top_scores,
            notes=(note,),
            words=chosen.weight,
        )


def tune_request(tuned: RunFolder) -> TuneRequest:
    """Return what a tuning run was told; raises WorkspaceError if that is damaged."""
    request: TuneRequest = request_of(tuned)
    return request


@dataclass(frozen=True)
class LearnedTexts:
    """What a tuned model learned from, through the models that it went on from, too.

    Attributes
    ----------
    questions, answers : frozenset of str
        Questions with a known answer, and the right answers of those; see :func:`folded`.
    """

    questions: frozenset[str] = frozenset()
    answers: frozenset[str] = frozenset()


def folded(text: str) -> str:
    """Return a text without what makes no other question of it: case and spaces."""
    return " ".join(text.casefold().split())


def learned_texts(workspace: Workspace, run: str) -> LearnedTexts:
    """Return what the model of a run has learned from; nothing for "" (a model as it came).

    Raises
    ------
    WorkspaceError
        If a run or its data cannot be read any more.
    """
    questions: set[str] = set()
    answers: set[str] = set()
    done: set[str] = set()
    while run and run not in done:
        done.add(run)
        told = tune_request(RunFolder(workspace.run_folder(run)))
        data = workspace.load_dataset(told.dataset_id)
        for row in data.judged_rows if told.from_cross_fit else data.seen_rows:
            questions.add(folded(data.questions[row]))
            answers.update(folded(data.answers[right]) for right in data.right_answers(int(row)))
        run = told.start_run
    return LearnedTexts(frozenset(questions), frozenset(answers))


def leaked_rows(workspace: Workspace, dataset: QADataset, *runs: str) -> list[int]:
    """Return the held-out questions of a dataset that are no test for the models of these runs.

    A model has learned from the question itself, or, for an unseen answer, from another question
    about it.
    """
    leaked: set[int] = set()
    rows = held_out_rows(dataset)
    for run in runs:
        learned = learned_texts(workspace, run)
        for row, regime in zip(rows.tolist(), dataset.regimes_of(rows).tolist(), strict=True):
            rights = {folded(dataset.answers[right]) for right in dataset.right_answers(row)}
            met = folded(dataset.questions[row]) in learned.questions
            if met or (regime == UNSEEN and rights & learned.answers):
                leaked.add(row)
    return sorted(leaked)


def other_alphas(kept: float) -> tuple[float, ...]:
    """Return the mixes worth comparing with a model that is one itself; none where it is base."""
    return tuple(alpha for alpha in ALPHAS if alpha != kept) if kept else ()


def encoders(workspace: Workspace, tuned: RunFolder) -> tuple[Encoder, Encoder]:
    """Return the encoders before and after a tuning; no model is loaded before it encodes.

    Raises
    ------
    ModelUnavailableError
        If a model's files are missing.
    """
    from core.experts.encoders import load_encoder

    before = load_encoder(find_entry(tune_request(tuned).tuning.base_model), workspace.models)
    return before, load_encoder(tuned.model, workspace.models)


def is_query_side(tuned: RunFolder) -> bool:
    """Return True if only questions go through the tuned model; answers stay with the base."""
    return tune_request(tuned).tuning.by_base


def expert_system(workspace: Workspace, dataset: QADataset, key: str) -> EncodedSystem:
    """Return an expert as a system to compare; raises AppError if it has not scored all answers."""
    entry = find_entry(key)
    if entry.family == LEXICAL:
        from core.experts.expert_scores import score_dataset
        from core.experts.source import ScoringContext

        context = ScoringContext(workspace.models, workspace.vectors)
        (scores,) = score_dataset(dataset, [key], context).scores
    else:
        (scores,) = load_expert_scores(workspace, dataset, [key])
    if not isinstance(scores, ExpertScores):
        raise ComparisonError(
            "{title} has scored a list of pairs only and cannot search all answers, so it is not "
            "compared.",
            title=entry.title,
        )
    kind = "lexical" if entry.family == LEXICAL else "expert"
    return EncodedSystem(
        key, entry.title, kind, scores.fingerprint, scores.question_matrix, scores.answer_matrix
    )


@dataclass(frozen=True)
class RunCheck:
    """How a run file fits the data: counts, and the first examples.

    Attributes
    ----------
    lines, questions : int
        Lines of the file; held-out questions that it has a list for.
    held_out, missing : int
        Held-out questions; those without a list.
    notes : tuple of Message
        What does not fit, in words.
    """

    lines: int
    questions: int
    held_out: int
    missing: int
    notes: tuple[Message, ...]


def check_run(
    content: bytes,
    dataset: QADataset,
    *,
    order: str = "",
    system: str = "",
    report: Reporter | None = None,
) -> RunCheck:
    """Look at a run file before it is kept; raises DataError if it cannot be used.

    Parameters
    ----------
    order : str
        What counts where ranks contradict scores: ``rank`` or ``score``.
    system : str
        Which of several systems in the file; "" = the only one.
    """
    ids = replace(  # texts are not needed to tell whose ids these are
        dataset, questions=dataset.question_ids, answers=dataset.answer_ids, attributes={}
    )
    parsed = read_apart(
        *(parse_run, content, ids), name="", report=report, order=order, system=system
    )
    rows = held_out_rows(dataset)
    missing = len(parsed.missing(rows))
    if missing == len(rows):
        raise DataError(
            "The file has no result for any of the {held} held-out questions. Download them on "
            "this page and let your search answer them.",
            held=len(rows),
        )
    return RunCheck(
        parsed.lines, len(rows) - missing, len(rows), missing, _notes(parsed, dataset, missing)
    )


@asks(CHANGE)
def add_run_file(
    project: Project,
    dataset: QADataset,
    content: bytes,
    filename: str,
    *,
    title: str,
    empty_is_nothing: bool,
    who: str,
    order: str = "",
    system: str = "",
) -> RunFile:
    """Keep a run file as one more system to compare; the same title replaces the earlier one.

    Raises
    ------
    DataError
        If the file cannot be used; nothing is kept then.
    """
    check = check_run(content, dataset, order=order, system=system)
    if check.missing and not empty_is_nothing:
        raise DataError(
            "The file has no result for {missing} of the {held} held-out questions. Say that your "
            "search found nothing for them, or let it answer all of them.",
            missing=check.missing,
            held=check.held_out,
        )
    filename = file_title(filename)
    title = " ".join(title.split())[:MOST_TITLE] or filename[:MOST_TITLE]
    key = content_id([content, *filter(None, (order, system))])
    kept = RunFile(key, title, filename, empty_is_nothing, now(), who, order, system)
    path = project.workspace.layout.run_files / f"{kept.key}.run"
    try:
        write_bytes(path, content)
    except OSError as error:
        raise not_kept(error, filename, path.parent) from error
    project.state.change(
        ProjectState.run_files,
        lambda files: (*(file for file in files if file.title != title), kept),
    )
    detail = {"title": title, "file": filename, "key": kept.key}
    project.note("search run uploaded", who, detail)
    return kept


@asks(CHANGE)
def remove_run_file(project: Project, key: str, who: str) -> None:
    """Take a run file off a project; comparisons that used it keep its results."""
    project.state.change(
        ProjectState.run_files, lambda files: tuple(file for file in files if file.key != key)
    )
    project.note("search run removed", who, {"key": key})


def file_system(workspace: Workspace, dataset: QADataset, file: RunFile) -> ListedSystem:
    """Return a run file as a system to compare.

    Raises
    ------
    DataError, ComparisonError, WorkspaceError
        If the file is gone or does not fit the data.
    """
    path = workspace.layout.run_files / f"{file.key}.run"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WorkspaceError(
            "The file of {title} cannot be read: {reason}. Upload it again.",
            title=file.title,
            reason=error.strerror or str(error),
        ) from error
    parsed = parse_run(content, dataset, order=file.order, system=file.system)
    rows = held_out_rows(dataset)
    missing = len(parsed.missing(rows))
    if missing == len(rows) or (missing and not file.empty_is_nothing):
        raise ComparisonError(
            "{title} has no result for {missing} of the {held} held-out questions. Upload a file "
            "that answers all of them.",
            title=file.title,
            missing=missing,
            held=len(rows),
        )
    # Deeper than what is kept: the rank of a right answer is looked up in the whole list.
    depth = max(DEPTH, *(len(listed) for listed in parsed.lists.values()))
    answers, scores = parsed.table(rows, depth)
    notes = _notes(parsed, dataset, missing)
    return ListedSystem(
        f"{FILE_PREFIX}{file.key}", file.title, "run_file", file.key, answers, scores, notes=notes
    )


def held_out_questions(dataset: QADataset) -> bytes:
    """Return the held-out questions for another search to answer, as JSON lines (BEIR's queries).

    JSON rather than a table: a question that begins with ``=`` must stay what it is and must not
    become a formula where somebody opens the file.
    """
    lines = (
        json.dumps(
            {"_id": dataset.question_ids[row], "text": dataset.questions[row]}, ensure_ascii=False
        )
        for row in held_out_rows(dataset)
    )
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def answers_with_ids(dataset: QADataset) -> bytes:
    """Return all answers with their ids, as JSON lines (BEIR's corpus).

    A run file names answers by these ids; answers of a file without ids were given theirs here.
    """
    lines = (
        json.dumps({"_id": answer_id, "title": "", "text": text}, ensure_ascii=False)
        for answer_id, text in zip(dataset.answer_ids, dataset.answers, strict=True)
    )
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _notes(parsed: ParsedRun, dataset: QADataset, missing: int) -> tuple[Message, ...]:
    notes = run_notes(parsed)
    if missing:
        text = N_("{missing} of {held} held-out questions have no result and count as not found.")
        values = {"missing": missing, "held": len(held_out_rows(dataset))}
        notes.append(Message(text, values))
    return tuple(notes)
