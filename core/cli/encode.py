"""``python -m core encode``: a corpus in Parquet becomes vectors, on one machine or on many."""

from __future__ import annotations

import json
import os
import sys

from core.cli.options import EncodeOptions
from core.cli.terminal import TerminalReporter
from core.journey.corpus.corpus_encoding import CorpusOptions, code_on_cluster, encode_corpus
from core.journey.projects import Workspace


def encode(options: EncodeOptions) -> int:
    """Encode, and say where the vectors are and how fast it went.

    Raises
    ------
    AppError
        If file, model or cluster do not allow it; says why.
    """
    workspace = Workspace.open(options.workspace)
    out = options.out or workspace.layout.root / "corpora" / options.file.stem / options.model
    asked = CorpusOptions(
        role=options.role,
        column=options.column,
        shard=options.shard,
        ray=options.ray,
        cpus=options.cpus,
        code=code_on_cluster(os.environ),
    )
    done = encode_corpus(workspace, options.file, options.model, out, asked, TerminalReporter())
    if options.json:
        told = {
            "folder": str(done.folder),
            "shards": done.shards,
            "shards_kept": done.shards_kept,
            "texts": done.texts,
            "encoded": done.encoded,
            "seconds": round(done.seconds, 3),
            "encoding_seconds": round(done.encoding_seconds, 3),
        }
        sys.stdout.write(json.dumps(told) + "\n")
        return 0
    sys.stderr.write(
        f"{done.texts:,} texts in {done.shards:,} shards, {done.shards_kept:,} of them there "
        f"before; {done.encoded:,} texts read in {done.seconds:.0f} s\n"
    )
    sys.stdout.write(f"{done.folder}\n")
    return 0
