"""Pack a finished sample project for ``sample_data``.

Walk the sample with adapters (a file of settings with ``lora_rank`` above 0), so that what was
learned fits into the pack, and with the experts that come with the app, then pack the newest
project of that workspace::

    python -m core run sample_data/shop_faq_en.csv --workspace W --config adapters.json --experts …
    python benchmarks/finished_sample.py W sample_data/finished_en.zip

and the same with shop_faq_ja.xlsx for ``finished_ja.zip``.

The weights are made again from what is packed, and compared anew: the verdict that ships is that
of the very model that the app makes of the pack.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from core.experts.catalogue import find_entry  # noqa: E402
from core.experts.models import ModelExpert  # noqa: E402
from core.jobs.folder import RunFolder  # noqa: E402
from core.journey.compare import launch_comparison  # noqa: E402
from core.journey.experts import load_expert_scores  # noqa: E402
from core.journey.jobs import COMPARE, SCORE, TUNE, jobs_of, request_of  # noqa: E402
from core.journey.labels import recipe_in_use  # noqa: E402
from core.journey.projects import scored_experts  # noqa: E402
from core.journey.steps import in_this_process  # noqa: E402
from core.workspace.files import read_tensors, write_tensors  # noqa: E402
from core.workspace.finished_sample import (  # noqa: E402
    FORMAT,
    FinishedSample,
    learned_factors,
    pack_up,
    with_learned,
)
from core.workspace.workspace import Workspace  # noqa: E402


def main() -> None:
    """Pack the newest project of a workspace."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("target", type=Path)
    asked = parser.parse_args()
    workspace = Workspace.open(asked.workspace)
    project = workspace.projects()[0]
    tune = jobs_of(project, TUNE)[0]
    config = request_of(tune).tuning
    base_entry = find_entry(config.base_model)
    assert isinstance(base_entry, ModelExpert)
    base_folder = base_entry.files.fetch(base_entry, workspace.models)
    base = read_tensors(base_folder / "model.safetensors")
    weights = RunFolder(workspace.run_folder(tune.id)).model / "model.safetensors"
    learned = learned_factors(base, read_tensors(weights), config.lora_rank)
    write_tensors(weights, with_learned(base, learned))
    experts = scored_experts(project)
    launch_comparison(
        project, tune.id, experts, "", start=in_this_process(lambda _: None, lambda told: told)
    )
    saved = recipe_in_use(project)
    assert saved is not None and project.dataset_id is not None and project.state.scored
    runs = {
        SCORE: project.state.scored.run_id,
        TUNE: tune.id,
        COMPARE: jobs_of(project, COMPARE)[0].id,
    }
    sample = FinishedSample(
        FORMAT,
        project.dataset_id,
        experts,
        saved.name,
        saved.recipe,
        config.base_model,
        project.id,
        runs,
    )
    scores = load_expert_scores(workspace, project.load_dataset(), experts)
    prints = tuple(one.fingerprint for one in scores)
    layout = workspace.layout
    pack_up(sample, layout.runs, layout.vectors, prints, learned, base_folder, asked.target)
    print(
        f"{asked.target}: {asked.target.stat().st_size / 1e6:.1f} MB, {len(learned) // 2} weights"
    )


if __name__ == "__main__":
    main()
