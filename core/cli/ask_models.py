"""``judge`` and ``write``: a language model judges pairs; questions are written from answers."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace

from core.cli.commands import TerminalWalk, named_project
from core.cli.options import JudgeOptions, WriteOptions
from core.documents import to_json
from core.errors import DataError
from core.journey import writing
from core.journey.experts import launch_scoring, suggested_experts
from core.journey.jobs import job
from core.journey.labels import judges_told
from core.journey.projects import Project, scored_experts
from core.journey.sending import (
    confirm_terms,
    llm_connections,
    save_connection,
    send_plan,
    unconfirmed_terms,
)
from core.types.scoring import ChatConnection, SendPlan

_SHOWN = 12  # written questions that are printed


def judge(options: JudgeOptions) -> int:
    """Let a language model judge pairs of a project; 1 where nothing was sent yet.

    Raises
    ------
    AppError
        If the model cannot be asked, or its answers cannot be used.
    """
    walk = TerminalWalk(options.workspace)
    project = named_project(walk.workspace, options.project)
    dataset = project.load_dataset()
    connection = _connection(project, options, walk.who)
    plan = send_plan(project, dataset, connection)
    if plan.texts and not _agreed(project, plan, options.yes, walk.who):
        return 1
    experts = [key for key in scored_experts(project) if key != connection.key]
    experts = experts or list(suggested_experts(walk.workspace, dataset))
    with walk.stop("experts"):
        run = launch_scoring(
            project, [*experts, connection.key], walk.who, agreed=[plan], start=walk.start
        )
        walk.done(project, run)
    told = judges_told(project, scored_experts(project))
    sys.stdout.writelines(f"{sentence}\n" for sentence in told)
    if options.json:
        figures = {"expert": connection.key, "pairs": plan.pairs, "tokens": plan.tokens}
        gate = {"gates": [to_json(sentence) for sentence in told]}
        sys.stdout.write(json.dumps(figures | gate, ensure_ascii=False) + "\n")
    return 0


def _connection(project: Project, options: JudgeOptions, who: str) -> ChatConnection:
    """Return the model of that name, added or changed as the options say."""
    known = {one.name: one for one in llm_connections(project)}
    was = known.get(options.name)
    if was is None and not (options.url and options.model):
        raise DataError(
            "There is no language model {name} in this project. Known: {known}. Name --url and "
            "--model to add it.",
            name=options.name,
            known=", ".join(known) or "–",
        )
    wanted = was or ChatConnection(options.name, options.url, options.model)
    given = {
        "base_url": options.url,
        "model": options.model,
        "key_variable": options.key_variable,
        "language": options.language,
        "repeats": options.repeats,
        "most_pairs": options.pairs,
        "pairs_per_request": options.together,
        "price": options.price,
    }
    wanted = replace(wanted, **{name: value for name, value in given.items() if value})  # type: ignore[arg-type]
    if options.guideline is not None:
        wanted = replace(wanted, guideline=options.guideline.read_text("utf-8").strip())
    if options.both_orders:
        wanted = replace(wanted, both_orders=True)
    return save_connection(project, wanted, who, os.environ)


def _agreed(project: Project, plan: SendPlan, yes: bool, who: str) -> bool:
    """Say what would be sent, under which terms; with ``yes`` that is agreed to."""
    sheets = unconfirmed_terms(project, [plan.connection.key])
    what = f"{plan.pairs} pairs at most" if plan.pairs else f"{plan.answers} answers"
    cost = "" if plan.cost is None else f", cost about {plan.cost:.4g}"
    sys.stdout.write(
        f"{what} go to {plan.connection.host} (model {plan.connection.model}): "
        f"{plan.requests} requests, about {plan.tokens} tokens{cost}\n"
    )
    for sheet in sheets:
        sys.stdout.write(f"terms: {sheet.teaching}: {sheet.reason} {sheet.source}".rstrip() + "\n")
    if not yes:
        sys.stdout.write("Nothing was sent. Add --yes once you agree to this and to the terms.\n")
        return False
    if sheets:
        confirm_terms(project, sheets, who)
    return True


def write(options: WriteOptions) -> int:
    """Write questions from the answers of a project, or take written ones out; exit status.

    Raises
    ------
    AppError
        If nothing can be written.
    """
    walk = TerminalWalk(options.workspace)
    project = named_project(walk.workspace, options.project)
    if options.remove:
        count = len(project.load_dataset().written_rows)
        writing.remove_written(project, walk.who)
        sys.stdout.write(f"{count} written questions were taken out of {project.name}.\n")
        return 0
    agreed: list[SendPlan] = []
    connection = None
    if options.by != writing.PATTERNS:
        named = {one.name: one for one in llm_connections(project)}
        if options.by not in named:
            raise DataError(
                "There is no language model {name} in this project. Known: {known}. Add it with "
                "the verb judge, or on the Experts page.",
                name=options.by,
                known=", ".join(named) or "–",
            )
        connection = named[options.by]
        plan = writing.writing_plan(project, project.load_dataset(), connection, options.most)
        if not _agreed(project, plan, options.yes, walk.who):
            return 1
        agreed = [plan]
    with walk.stop("write"):
        run = writing.launch_writing(
            project,
            walk.who,
            most=options.most,
            connection=connection,
            agreed=agreed,
            start=walk.start,
        )
        walk.done(project, run)
    result = writing.written_result(project, job(walk.workspace, run))
    for one in result.written[:_SHOWN]:
        sys.stdout.write(f"{one.style:10} {one.text}\n")
    sys.stdout.write(
        f"{len(result.written)} questions lead back to their answer, {result.lost_count} do not.\n"
    )
    if options.take:
        writing.take_written(project, result, walk.who)
        sys.stdout.write(f"{len(result.written)} written questions are part of {project.name}.\n")
    if options.json:
        figures = {"written": len(result.written), "lost": result.lost_count, "run": run}
        sys.stdout.write(json.dumps(figures | {"taken": options.take}) + "\n")
    return 0
