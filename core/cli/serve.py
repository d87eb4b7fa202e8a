"""``serve``: the search of a project as an endpoint, told on the terminal."""

from __future__ import annotations

import os
import sys

from core.cli.commands import named_project
from core.cli.options import ServeOptions
from core.journey.pilot.serving import KEY_VARIABLE, Endpoint, ServedModel, serve as serve_project
from core.journey.projects import Workspace


def serve(options: ServeOptions) -> int:
    """Serve until the process is told to stop.

    Raises
    ------
    AppError
        With a readable text, whatever keeps it from being served.
    """
    workspace = Workspace.open(options.workspace)
    project = named_project(workspace, options.project)

    def ready(endpoint: Endpoint, served: ServedModel) -> None:
        times = ", ".join(
            f"{name} {many:.1f} ms for 32 questions, {one:.1f} ms for one"
            for name, (many, one) in served.milliseconds.items()
        )
        title = dict(endpoint.facts or {})["title"]
        said = (
            f"{project.name}: {title}, {len(endpoint.answers)} answers",
            f"runs by {served.runtime} ({times})",
            f"http://{options.host}:{options.port}/v1/embeddings  /search  /health  /metrics",
            "callers need the key" if endpoint.key else "for this machine alone, without a key",
        )
        sys.stdout.write("\n".join(said) + "\n")
        sys.stdout.flush()

    serve_project(
        workspace,
        project,
        host=options.host,
        port=options.port,
        key=os.environ.get(KEY_VARIABLE, ""),
        runtime=options.runtime,
        ready=ready,
    )
    return 0
