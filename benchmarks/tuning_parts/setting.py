"""What all parts of ``python benchmarks/tuning.py`` share: data, labels, base model, findings."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.label_rules import experts_of
from benchmarks.support.machine import data_folder
from core.data.beir import read_beir
from core.experts.catalogue import find_entry
from core.experts.source import ScoringContext
from core.labels.model import LabelModel
from core.tuning.device import find_device
from core.tuning.presets import PRESETS
from core.types import LabelRecipe, Labels, QADataset
from core.types.tuning import DeviceInfo
from core.types.tuning_config import TuningConfig
from core.workspace.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
STUDENT = "all-MiniLM-L6-v2"
LENGTH = 128  # word pieces of a text, in learning and in the test, as in the references


@dataclass(frozen=True, eq=False)
class Setting:
    """One base model, one dataset, one machine.

    Attributes
    ----------
    labels : Labels
        Soft labels of the default rule; test questions are never asked for.
    base : Path
        Folder of the model that is tuned.
    config : TuningConfig
        The settings that the app recommends, with texts cut at ``LENGTH``.
    quick : bool
        Only see whether everything works: figures then mean nothing.
    context : ScoringContext, optional
        What experts of the catalogue are asked with.
    """

    dataset: QADataset
    labels: Labels
    base: Path
    config: TuningConfig
    device: DeviceInfo
    quick: bool = False
    context: ScoringContext | None = None


@dataclass(frozen=True)
class Findings:
    """What one part found.

    Attributes
    ----------
    rows : tuple of (name, value, target)
        Lines of the table.
    figures : mapping
        For the JSON line.
    """

    rows: tuple[tuple[str, str, str], ...]
    figures: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def stackfaq(quick: bool, store: Path | None = None) -> Iterator[Setting]:
    """Give StackFAQ with its fixed splits, labelled by the models whose vectors lie there.

    ``store`` keeps models and vectors for the next time.
    """
    folder = data_folder() / "stackfaq"
    dataset = read_beir(folder, name="stackfaq").dataset
    experts = experts_of(folder, dataset)
    labels = LabelModel.fit(dataset, experts, LabelRecipe(tuple(e.expert for e in experts)))
    config = PRESETS["balanced"].config(base_model=STUDENT, max_length=LENGTH)
    with tempfile.TemporaryDirectory() as emptied:
        workspace = Workspace.open(store or Path(emptied))
        context = ScoringContext(workspace.models, workspace.vectors)
        base = find_entry(STUDENT).folder(context.models)
        device = find_device(config.device, config.precision)
        yield Setting(dataset, labels, base, config, device, quick, context)
