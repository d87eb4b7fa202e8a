"""The model registry of each project: versions and decisions. Rows are only ever added."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.documents import from_json, to_json
from core.types.model_registry import Lineage, ModelDecision, ModelVersion
from core.types.pilot_events import PilotArm
from core.workspace.database import Database


class RegistryRecords(Database):
    """The model registries of one workspace."""

    def take_in_version(
        self, project_id: str, arm: PilotArm, lineage: Callable[[], Lineage], who: str, at: str
    ) -> ModelVersion:
        """Return the version of a model; one that was never taken in gets the next number.

        Parameters
        ----------
        lineage : callable
            Asked where the model is new.
        """
        with self.alone():
            known = self.model_versions(project_id)
            found = next((one for one in known if one.arm == arm), None)
            if found is not None:
                return found
            made = ModelVersion(len(known) + 1, arm, lineage(), who, at)
            self._add(
                self._tables.model_versions,
                project_id=project_id,
                version=made.version,
                run=arm.run,
                model=arm.model,
                lineage=to_json(made.lineage),
                who=who,
                at=at,
            )
        return made

    def model_versions(self, project_id: str) -> tuple[ModelVersion, ...]:
        """Return the versions of a project, oldest first."""
        table = self._tables.model_versions
        query = table.select().where(table.c.project_id == project_id).order_by(table.c.number)
        return tuple(_version(row) for row in self._read(query))

    def add_decision(self, project_id: str, decision: ModelDecision) -> None:
        """Record that a version got an alias or lost it."""
        about = {"comparison": decision.comparison, "overruled": list(decision.overruled)}
        self._add(
            self._tables.model_decisions,
            project_id=project_id,
            version=decision.version,
            what=decision.what,
            who=decision.who,
            reason=decision.reason,
            detail=about,
            at=decision.at,
        )

    def model_decisions(self, project_id: str) -> tuple[ModelDecision, ...]:
        """Return what was decided about the versions of a project, oldest first."""
        table = self._tables.model_decisions
        query = table.select().where(table.c.project_id == project_id).order_by(table.c.number)
        return tuple(
            ModelDecision(
                row.version,
                row.what,
                row.who,
                row.at,
                row.reason,
                row.detail["comparison"],
                tuple(row.detail["overruled"]),
            )
            for row in self._read(query)
        )


def _version(row: Any) -> ModelVersion:
    arm = PilotArm(row.run, row.model)
    return ModelVersion(row.version, arm, from_json(Lineage, row.lineage), row.who, row.at)
