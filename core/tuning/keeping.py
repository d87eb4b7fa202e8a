"""What a run leaves on the disk: its states while it goes on, its model in the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.tuning.checkpoints import Checkpoint, Checkpoints, RunState
from core.tuning.config import TuningConfig
from core.tuning.encoding import load_model, load_weights, weights_of, write_model
from core.tuning.lora import add_adapters, merge_adapters
from core.tuning.mishaps import best_state_damaged, check_folder, saving_model, saving_state
from core.tuning.outcome import TuningFolders
from core.tuning.team import ALONE, Team

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor


@dataclass(frozen=True)
class Keeper:
    """Writes states and the tuned model of one run, all of each or nothing.

    Attributes
    ----------
    base_folder : Path
        The model that is tuned.
    lora_rank : int
        Rank of the adapters that the states hold; 0 = they hold whole weights.
    prompts : mapping of role to text, or None
        As in :func:`core.tuning.encoding.load_model`.
    """

    base_folder: Path
    folders: TuningFolders
    lora_rank: int = 0
    prompts: Mapping[str, str] | None = None

    @classmethod
    def of(
        cls,
        base_folder: Path,
        folders: TuningFolders,
        config: TuningConfig,
        prompts: Mapping[str, str] | None = None,
    ) -> Keeper:
        """Return the keeper of a run with these settings."""
        return cls(base_folder, folders, config.lora_rank, prompts)

    @property
    def checkpoints(self) -> Checkpoints:
        """The saved states."""
        return Checkpoints(self.folders.checkpoints)

    def newest(self, run_id: str, team: Team = ALONE) -> tuple[Checkpoint, RunState] | None:
        """Return the state to go on from; drop what cannot be gone on from.

        The leading process of a team looks and drops; the others take the same state.
        """
        checkpoints = self.checkpoints

        def place() -> int | None:
            found = checkpoints.newest(run_id)
            if found is None:
                checkpoints.clear()
                return None
            checkpoints.drop_after(found[0].step)
            return found[0].step

        step = team.tell(place)
        if step is None:
            return None
        checkpoint = checkpoints.at(step)
        state = checkpoint.state()
        if state is None:
            raise best_state_damaged(step)
        return checkpoint, state

    def save(
        self, state: RunState, model: SentenceTransformer, optimizer: dict[str, Tensor]
    ) -> None:
        """Save a state; raises TuningError if the disk is full or the folder gone."""
        weights = weights_of(model)
        with saving_state(self.folders.root, state.step, _megabytes(weights)):
            self.checkpoints.write(state, weights, optimizer)

    def keep_best(self, state: RunState) -> bool:
        """Write the best state found so far as the model; return False where it is the base.

        Raises
        ------
        TuningError
            If the best state was damaged, the disk is full or the folder gone.
        """
        best = state.best
        if best is None or best.step == 0:
            return False
        self.keep(self.weights_at(best.step))
        return True

    def weights_at(self, step: int) -> dict[str, Tensor]:
        """Return the weights of a saved state; raises TuningError if it was damaged or is gone."""
        checkpoint = self.checkpoints.at(step)
        if checkpoint.state() is None:
            check_folder(self.folders.root)
            raise best_state_damaged(step)
        return checkpoint.weights()

    def keep(self, weights: dict[str, Tensor] | None) -> None:
        """Write the base model with these weights (adapters merged), or as it is, as the model.

        The base is loaded afresh, so that prompts, length limit and tokenizer are exactly its own
        and nothing of the training (a shorter limit, for example) is left in the files.
        """
        model = load_model(self.base_folder, prompts=self.prompts)
        size = sum(p.numel() for p in model.parameters()) * 4 / 1e6
        if weights is not None:
            adapters = add_adapters(model, self.lora_rank, 0) if self.lora_rank else None
            load_weights(model, weights)
            if adapters is not None:
                merge_adapters(model, adapters)
        with saving_model(self.folders.root, max(1, round(size))):
            write_model(model, self.folders.model)


def _megabytes(weights: dict[str, Tensor]) -> int:
    return max(1, round(sum(t.numel() * t.element_size() for t in weights.values()) / 1e6))
