"""The model registry of a project on an MLflow server: the same versions, aliases and lineage.

An option: ``pip install -r requirements-mlflow.txt`` and ``$MLFLOW_TRACKING_URI``. Nothing is sent
before somebody presses the button; figures, names and reasons go there, no texts of the data and no
weights. What was written before is found again by its tag, so that writing twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from core.errors import ExportError, first_line
from core.pilot.registry import ModelRegistry
from core.types.model_registry import ModelVersion
from core.types.pilot_events import CHALLENGER, CHAMPION

if TYPE_CHECKING:
    from mlflow import MlflowClient

ADDRESS_VARIABLE = "MLFLOW_TRACKING_URI"
_OURS = "search_tuner.version"  # tag by which a version is found again
_ALIASES = (CHAMPION, CHALLENGER)
_LONGEST = 500  # characters of a tag, which servers cut or refuse


def address_of(environment: Mapping[str, str]) -> str:
    """Return the address of the MLflow server, "" where none is set."""
    return environment.get(ADDRESS_VARIABLE, "").strip()


def write_to_mlflow(name: str, registry: ModelRegistry, address: str) -> int:
    """Write a registry to a server; returns how many versions are new there.

    Each version is a model version of the registered model ``name``, with a run that holds what it
    was made of (parameters) and what its verdict said (metrics).

    Parameters
    ----------
    name : str
        Of the registered model.
    address : str
        Of the server, or of a file store.

    Raises
    ------
    ExportError
        If the package is missing, or the server does not answer or refuses.
    """
    if find_spec("mlflow") is None:
        raise ExportError(
            "MLflow needs a package that is not installed. Install it with: {command}",
            command="pip install -r requirements-mlflow.txt",
        )
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        client = MlflowClient(tracking_uri=address, registry_uri=address)
        return _written(client, name, registry)
    except (MlflowException, OSError) as error:
        raise ExportError(
            "The MLflow server did not take the versions: {reason}. Check that it runs and that "
            "{variable} is its address; writing again goes on where it ended.",
            reason=first_line(error),
            variable=ADDRESS_VARIABLE,
        ) from error


def _written(client: MlflowClient, name: str, registry: ModelRegistry) -> int:
    from mlflow.exceptions import MlflowException

    try:
        client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        client.create_registered_model(name)
    known = {
        one.tags[_OURS]: str(one.version)
        for one in client.search_model_versions(f"name='{name}'")
        if _OURS in one.tags
    }
    new = 0
    for version in registry.versions:
        key = str(version.version)
        if key not in known:
            known[key] = _create(client, name, version)
            new += 1
        for tag, value in _tags(registry, version).items():
            client.set_model_version_tag(name, known[key], tag, value)
    holders = {CHAMPION: registry.champion, CHALLENGER: registry.challenger}
    aliases = client.get_registered_model(name).aliases
    for alias in _ALIASES:
        holder = holders[alias]
        if holder is not None:
            client.set_registered_model_alias(name, alias, known[str(holder.version)])
        elif alias in aliases:
            client.delete_registered_model_alias(name, alias)
    return new


def _create(client: MlflowClient, name: str, version: ModelVersion) -> str:
    """Make a run and a model version of it; returns the server's number."""
    found = client.get_experiment_by_name(name)
    experiment = client.create_experiment(name) if found is None else found.experiment_id
    run = client.create_run(experiment, run_name=version.arm.run or version.arm.model)
    for key, value in _made_of(version).items():
        client.log_param(run.info.run_id, key, value[:_LONGEST])
    for figure in version.lineage.verdict:
        for part in ("before", "after", "difference", "low", "high", "questions"):
            metric = f"ndcg10.{figure.regime}.{part}"
            client.log_metric(run.info.run_id, metric, float(getattr(figure, part)))
    client.set_terminated(run.info.run_id)
    made = client.create_model_version(
        name,
        source=f"runs:/{run.info.run_id}/model",
        run_id=run.info.run_id,
        tags={_OURS: str(version.version)},
    )
    return str(made.version)


def _made_of(version: ModelVersion) -> dict[str, str]:
    lineage = version.lineage
    tags: dict[str, Any] = {
        "base_model": version.arm.model,
        "run": version.arm.run,
        "data": lineage.dataset_id,
        "labels": lineage.label_id,
        "recipe": lineage.recipe,
        "from_version": lineage.from_version or "",
        "comparison": lineage.comparison,
        "program": lineage.code,
    }
    return {key: str(value) for key, value in tags.items() if value != ""}


def _tags(registry: ModelRegistry, version: ModelVersion) -> dict[str, str]:
    """Return what changes about a version: its stage, and the last decision about it."""
    tags = {"stage": registry.stage(version), "taken_in_by": version.who, "taken_in_at": version.at}
    decisions = registry.about(version)
    if decisions:
        last = decisions[0]
        tags |= {"decision": last.what, "decided_by": last.who, "decided_at": last.at}
        tags["reason"] = last.reason
    words = {figure.regime: figure.word for figure in version.lineage.verdict}
    tags |= {f"verdict.{regime}": word for regime, word in words.items()}
    return {key: value[:_LONGEST] for key, value in tags.items()}
