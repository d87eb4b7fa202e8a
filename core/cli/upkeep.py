"""Verbs that keep a workspace safe: backup and restore."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from core.cli.options import BackupOptions, RestoreOptions
from core.cli.terminal import TerminalReporter
from core.journey.projects import Manifest, Workspace, back_up, restore
from core.progress import Progress


def backup(options: BackupOptions) -> int:
    """Write a workspace into one file; returns the exit status."""
    workspace, progress = Workspace.open(options.workspace), Progress(TerminalReporter())
    made = back_up(workspace, options.file, caches=options.caches, progress=progress)
    return _told(made, options.file, options.json)


def restore_backup(options: RestoreOptions) -> int:
    """Bring a backup back into an empty workspace; returns the exit status."""
    workspace = Workspace.open(options.workspace)
    found = restore(options.file, workspace, Progress(TerminalReporter()))
    return _told(found, workspace.layout.root, options.json)


def _told(manifest: Manifest, place: Path, as_json: bool) -> int:
    facts = {
        "place": str(place),
        "made_at": manifest.made_at,
        "projects": manifest.tables.get("projects", 0),
        "rows": sum(manifest.tables.values()),
        "files": len(manifest.files) - len(manifest.tables),
        "bytes": manifest.size,
    }
    if as_json:
        sys.stdout.write(json.dumps(facts, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(
            f"{place}: {facts['projects']} projects, {facts['rows']} records, {facts['files']} "
            f"files, {manifest.size / 1e6:.1f} MB, as of {manifest.made_at}\n"
        )
    return 0
