"""The tuned model to a model hub, private unless asked otherwise.

The token comes from the environment variable ``HF_TOKEN`` alone: it is handed to the client for
this one call, and stands in no file, no record, no message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import ExportError
from core.journey.model_delivery import delivery
from core.translation import DEFAULT_LANGUAGE
from core.workspace.workspace import Project

TOKEN = "HF_TOKEN"  # noqa: S105  (the name of the variable)
ENDPOINT = "HF_ENDPOINT"
OFFLINE = "HF_HUB_OFFLINE"
PUBLIC_HUB = "https://huggingface.co"
ANSWER_SECONDS = 10.0  # the hub must answer the first question in that time
_REPOSITORY = re.compile(r"[0-9A-Za-z][\w.-]*/[0-9A-Za-z][\w.-]*")
_LONGEST = 96


def hub_endpoint(environment: Mapping[str, str]) -> str:
    """Return the address of the hub that would be used."""
    return (environment.get(ENDPOINT) or PUBLIC_HUB).rstrip("/")


def can_push(environment: Mapping[str, str]) -> bool:
    """Return True if a token is set, whether or not it is valid."""
    return bool(environment.get(TOKEN, "").strip())


def push_model(
    project: Project,
    tune_run: str,
    compare_run: str | None,
    repository: str,
    who: str,
    *,
    environment: Mapping[str, str],
    private: bool = True,
    language: str = DEFAULT_LANGUAGE,
) -> str:
    """Create the repository where it is missing and upload model, card and ONNX file.

    Parameters
    ----------
    repository : str
        ``owner/name`` on the hub.
    environment : mapping
        Where token and address are looked up.
    private : bool
        Of a new repository. An existing one stays as it is, but a public one is refused when
        private was asked for.

    Returns
    -------
    str
        Address of the repository.

    Raises
    ------
    ExportError
        If there is no token, the name does not fit, the hub does not answer or refuses.
    TuningError
        If the model folder is gone.
    """
    from tempfile import TemporaryDirectory

    from core.reporting.model_export import write_folder

    endpoint = hub_endpoint(environment)
    host = urlsplit(endpoint).netloc or endpoint
    token = environment.get(TOKEN, "").strip()
    if not token:
        raise ExportError(
            "No token for the model hub is set. Set the environment variable {variable} to a token "
            "with write access and start the app again; it is never typed into a page.",
            variable=TOKEN,
        )
    if len(repository) > _LONGEST or not _REPOSITORY.fullmatch(repository):
        raise ExportError(
            "{name} is no name of a repository. It must be OWNER/NAME of letters, digits, dots, "
            "dashes and underscores, {most} characters at most.",
            name=repository[:120] or "–",
            most=_LONGEST,
        )
    if environment.get(OFFLINE, "").lower() in {"1", "on", "yes", "true"}:
        raise ExportError(
            "The app was started offline ({variable} is set), so nothing can be sent to {host}. "
            "Start it without that variable, or hand over the model as a file.",
            variable=OFFLINE,
            host=host,
        )
    found = delivery(project, tune_run, compare_run, language)
    with TemporaryDirectory(dir=project.workspace.layout.exports) as place:
        folder = Path(place) / found.name
        write_folder(folder, found.model, found.card, onnx=found.onnx)
        address, commit = _upload(folder, repository, endpoint, host, token, private)
    sent = {"repository": repository, "host": host, "private": private, "commit": commit}
    project.note("model pushed to hub", who, sent | {"run": tune_run})
    return address


def _upload(
    folder: Path, repository: str, endpoint: str, host: str, token: str, private: bool
) -> tuple[str, str]:
    """Return the address of the repository and the id of the commit."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    api = HfApi(endpoint=endpoint, token=token)
    try:
        try:
            public = not api.repo_info(repository, timeout=ANSWER_SECONDS).private
        except RepositoryNotFoundError:
            api.create_repo(repository, private=private, exist_ok=True)
            public = not private
        if public and private:
            raise ExportError(
                "The repository {name} on {host} exists already and is public. Choose another "
                "name, make it private there, or say here that the model may be public.",
                name=repository,
                host=host,
            )
        done = api.upload_folder(
            repo_id=repository,
            folder_path=folder,
            commit_message="Tuned model with model card",
        )
    except ExportError:
        raise
    except Exception as error:  # whatever goes wrong on the way, the reader learns it in words
        raise _refused(error, repository, host, token) from None  # the cause may hold the token
    return f"{endpoint}/{repository}", str(done.oid)


def _refused(error: Exception, repository: str, host: str, token: str) -> ExportError:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in {401, 403}:
        return ExportError(
            "{host} refused the token of {variable} for {name} (status {status}). It needs write "
            "access to that owner's repositories.",
            host=host,
            variable=TOKEN,
            name=repository,
            status=status,
        )
    reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    return ExportError(
        "The model could not be sent to {host} ({reason}). Check the connection and press again: "
        "what was sent already is not sent twice. Or hand over the model as a file.",
        host=host,
        reason=reason.replace(token, "…"),
    )
