"""What the rows of a model registry mean: champion, challenger, the stage of each version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.messages import N_
from core.types.model_registry import TAKEN_OFF, ModelDecision, ModelVersion
from core.types.pilot_events import CHALLENGER, CHAMPION, PilotArm

FORMER, WAITING = "former", "waiting"

STAGES: Mapping[str, str] = {
    CHAMPION: N_("in use (champion)"),
    CHALLENGER: N_("challenger"),
    FORMER: N_("was in use"),
    TAKEN_OFF: N_("was challenger"),
    WAITING: N_("taken in"),
}


@dataclass(frozen=True)
class ModelRegistry:
    """The registry of a project as of now.

    Attributes
    ----------
    versions : tuple of ModelVersion
    decisions : tuple of ModelDecision
        Both oldest first; what is in force follows from the decisions alone.
    """

    versions: tuple[ModelVersion, ...] = ()
    decisions: tuple[ModelDecision, ...] = ()

    def version(self, number: int) -> ModelVersion | None:
        """Return a version by its number, None where there is none."""
        return next((one for one in self.versions if one.version == number), None)

    def of(self, arm: PilotArm) -> ModelVersion | None:
        """Return the version of a model, None where it was not taken in."""
        return next((one for one in self.versions if one.arm == arm), None)

    @property
    def took_effect(self) -> ModelDecision | None:
        """The decision by which the champion is in use, None before the first."""
        made = (one for one in reversed(self.decisions) if one.what == CHAMPION)
        return next(made, None)

    @property
    def champion(self) -> ModelVersion | None:
        """The version in use, None before anybody decided."""
        decided = self.took_effect
        return None if decided is None else self.version(decided.version)

    @property
    def challenger(self) -> ModelVersion | None:
        """The version that may follow, None where there is none."""
        present: int | None = None
        for one in self.decisions:
            if one.what == CHALLENGER:
                present = one.version
            elif one.version == present:  # it became champion, or was taken off
                present = None
        return None if present is None else self.version(present)

    def stage(self, version: ModelVersion) -> str:
        """Return the key in :data:`STAGES` of a version."""
        if version == self.champion:
            return CHAMPION
        if version == self.challenger:
            return CHALLENGER
        said = {one.what for one in self.decisions if one.version == version.version}
        if CHAMPION in said:
            return FORMER
        return TAKEN_OFF if said else WAITING

    def about(self, version: ModelVersion) -> tuple[ModelDecision, ...]:
        """Return what was decided about a version, newest first."""
        mine = (one for one in reversed(self.decisions) if one.version == version.version)
        return tuple(mine)
