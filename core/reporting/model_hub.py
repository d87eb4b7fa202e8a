"""The hub that a tuned model may be sent to, as the environment names it.

A token comes from the environment variable ``HF_TOKEN`` alone: it is handed to the client for one
call, and stands in no file, no record, no message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import ExportError, what_failed
from core.types.access import REPOSITORIES_SETTING, entries_of, is_shared

TOKEN = "HF_TOKEN"  # noqa: S105  (the name of the variable)
ENDPOINT = "HF_ENDPOINT"
OFFLINE = "HF_HUB_OFFLINE"
PUBLIC_HUB = "https://huggingface.co"
ANSWER_SECONDS = 10.0  # the hub must answer the first question in that time
_REPOSITORY = re.compile(r"[0-9A-Za-z][\w.-]*/[0-9A-Za-z][\w.-]*")
_LONGEST = 96


@dataclass(frozen=True)
class ModelHub:
    """A hub: its address, the token for it, and whether this process may reach the network.

    Attributes
    ----------
    repositories : tuple of str or None
        Where the token may write: ``owner/name`` or ``owner/*``; None = wherever it can.
    """

    endpoint: str
    token: str = field(repr=False)
    offline: bool = False
    repositories: tuple[str, ...] | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> ModelHub:
        """Return the hub that an environment names, the public one where it names none."""
        listed = entries_of(environment.get(REPOSITORIES_SETTING, ""))
        # On a shared server the token is its owner's, not of whoever presses the button.
        anywhere = not listed and not is_shared(environment)
        return cls(
            (environment.get(ENDPOINT) or PUBLIC_HUB).rstrip("/"),
            environment.get(TOKEN, "").strip(),
            environment.get(OFFLINE, "").lower() in {"1", "on", "yes", "true"},
            None if anywhere else listed,
        )

    @property
    def host(self) -> str:
        """Name of the machine, for messages."""
        return urlsplit(self.endpoint).netloc or self.endpoint

    @property
    def can_push(self) -> bool:
        """Whether a token is set, valid or not."""
        return bool(self.token)

    def check(self, repository: str) -> None:
        """Raise ExportError without a token, for a bad name, or where the app is offline."""
        if not self.token:
            raise ExportError(
                "No token for the model hub is set. Set the environment variable {variable} to a "
                "token with write access and start the app again; it is never typed into a page.",
                variable=TOKEN,
            )
        if len(repository) > _LONGEST or not _REPOSITORY.fullmatch(repository):
            raise ExportError(
                "{name} is no name of a repository. It must be OWNER/NAME of letters, digits, "
                "dots, dashes and underscores, {most} characters at most.",
                name=repository[:120] or "–",
                most=_LONGEST,
            )
        known = self.repositories
        if known is not None and not any(fnmatchcase(repository, one) for one in known):
            raise ExportError(
                "The token may not be used for {name}. Whoever runs this server can allow it: "
                "{variable} lists repositories such as {example}; now it lists {known}.",
                name=repository,
                variable=REPOSITORIES_SETTING,
                example=f"{repository.partition('/')[0]}/*",
                known=", ".join(known) or "–",
            )
        if self.offline:
            raise ExportError(
                "The app was started offline ({variable} is set), so nothing can be sent to "
                "{host}. Start it without that variable, or hand over the model as a file.",
                variable=OFFLINE,
                host=self.host,
            )

    def upload(self, folder: Path, repository: str, *, private: bool) -> tuple[str, str]:
        """Create the repository where it is missing and send a folder there.

        Returns
        -------
        tuple of str
            Address of the repository and id of the commit.

        Raises
        ------
        ExportError
            If the hub does not answer or refuses, or a repository that is to be private is public.
        """
        from huggingface_hub import HfApi
        from huggingface_hub.errors import RepositoryNotFoundError

        api = HfApi(endpoint=self.endpoint, token=self.token)
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
                    host=self.host,
                )
            done = api.upload_folder(
                repo_id=repository,
                folder_path=folder,
                commit_message="Tuned model with model card",
            )
        except ExportError:
            raise
        except Exception as error:  # whatever goes wrong on the way, the reader learns it in words
            raise self._refused(error, repository) from None  # the cause may hold the token
        return f"{self.endpoint}/{repository}", str(done.oid)

    def _refused(self, error: Exception, repository: str) -> ExportError:
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status in {401, 403}:
            return ExportError(
                "{host} refused the token of {variable} for {name} (status {status}). It needs "
                "write access to that owner's repositories.",
                host=self.host,
                variable=TOKEN,
                name=repository,
                status=status,
            )
        return ExportError(
            "The model could not be sent to {host} ({reason}). Check the connection and press "
            "again: what was sent already is not sent twice. Or hand over the model as a file.",
            host=self.host,
            reason=what_failed(error),
        )
