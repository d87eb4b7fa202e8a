"""Models from the model hub: which there are, and how one gets into the model store.

Sizes, dimensions, prompts and licences are those of the model cards. A revision is None where it
is resolved at the first download and recorded with the model.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from core.errors import AppError, ModelUnavailableError, Stopped, WorkspaceError, what_failed
from core.experts.encoders import EmbeddingModel
from core.experts.models import ModelExpert
from core.hashing import file_sha256
from core.messages import N_, Message
from core.types import Reporter, SilentReporter
from core.types.expert_entry import (
    ANY_LANGUAGE,
    DOCUMENT,
    DOWNLOADED,
    ON_HUB,
    QUERY,
    Availability,
    PublishedFigure,
)
from core.workspace.modelstore import ModelStore

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling

ANSWER_SECONDS = 5.0  # the hub must answer the first question in that time
SILENCE_SECONDS = 60.0  # a download in which nothing arrives for so long has failed
_FILES = ("*.safetensors", "*.json", "*.txt", "*.model")
_NOT_NEEDED = ("onnx/*", "openvino/*", "*/onnx/*", "original/*", "coreml/*")
_BLOCK = 1 << 20  # bytes between two looks at the wish to stop
_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


@dataclass(frozen=True)
class HubFile:
    """A file of a repository at one revision, with what it must be.

    Attributes
    ----------
    name : str
        Path inside the repository.
    size : int
        Bytes.
    digest : str
        sha256 of a large file; of a small one the sha1 that git gives it.
    """

    name: str
    size: int
    digest: str

    @classmethod
    def of(cls, listed: RepoSibling) -> HubFile:
        """Take over what the hub says about a file."""
        digest = listed.lfs.sha256 if listed.lfs else listed.blob_id
        return cls(listed.rfilename, listed.size or 0, digest or "")

    @property
    def wanted(self) -> bool:
        """Whether the model needs it, and its name stays inside the folder."""
        path = PurePosixPath(self.name)
        safe = not path.is_absolute() and ".." not in path.parts and "\\" not in self.name
        return (
            safe
            and any(fnmatch(self.name, pattern) for pattern in _FILES)
            and not any(fnmatch(self.name, pattern) for pattern in _NOT_NEEDED)
        )

    def is_in(self, path: Path) -> bool:
        """Return True if a file on disk is this one, down to the last bit."""
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        if len(self.digest) == 64:
            return file_sha256(path) == self.digest
        content = path.read_bytes()
        head = f"blob {len(content)}\0".encode()
        return hashlib.sha1(head + content).hexdigest() == self.digest  # noqa: S324  (git's own)


@dataclass(frozen=True)
class HubRepository:
    """A repository on the model hub; used when the hub can be reached.

    Attributes
    ----------
    repository : str
    revision : str or None
        Commit; None is resolved at the first download and recorded.
    weights_sha256 : str or None
        Checked after the download where it is known.
    """

    repository: str
    revision: str | None = None
    weights_sha256: str | None = None

    def availability(self, model: ModelExpert, models: ModelStore | None) -> Availability:
        """Say whether the model was downloaded before."""
        if models is not None and models.is_valid(model.key):
            return downloaded()
        text = N_("Downloaded at first use from the model hub ({repo}, about {size} MB).")
        message = Message(text, {"repo": self.repository, "size": model.size_mb})
        return Availability(False, ON_HUB, message)

    def present(self, model: ModelExpert, models: ModelStore) -> Path | None:
        """Return the folder if the model was downloaded before."""
        return models.folder_for(model.key) if models.is_valid(model.key) else None

    def fetch(self, model: ModelExpert, models: ModelStore, report: Reporter | None = None) -> Path:
        """Return the folder of the model, downloading it the first time.

        A download that broke off goes on where it was. Every file is compared with the hash that
        the hub has for it.

        Raises
        ------
        ModelUnavailableError
            If downloads are switched off, the hub does not answer within a few seconds, does not
            have the model or revision, sends something else than it lists, or the model has no
            safetensors weights or needs code of its own.
        Stopped
            If the reporter was asked to stop; what was downloaded is kept.
        """
        if models.is_valid(model.key):
            return models.folder_for(model.key)
        revision, files = self._listing(model)

        def build(target: Path) -> dict[str, Any]:
            try:
                self._download(model, revision, files, target, report or SilentReporter())
            except (AppError, Stopped, OSError):
                raise
            except Exception as error:
                raise self._unreachable(model, error) from error
            weights = model.read(target).weights
            sums = {p.relative_to(target).as_posix(): file_sha256(p) for p in weights}
            if self.weights_sha256 is not None and self.weights_sha256 not in sums.values():
                for path in weights:
                    path.unlink()
                raise ModelUnavailableError(
                    "The weights of {repo} on the model hub are not those this version was tested "
                    "with: sha256 {found}, expected {expected}. Choose another model.",
                    repo=self.repository,
                    found=", ".join(sums.values()),
                    expected=self.weights_sha256,
                )
            return {"repo": self.repository, "revision": revision, "sha256": sums}

        return models.install(model.key, build, resumable=True)

    def _listing(self, model: ModelExpert) -> tuple[str, list[HubFile]]:
        """Ask the hub for commit and files; the first request, so it must fail fast."""
        if is_offline():
            raise ModelUnavailableError(
                "The model {title} would have to be downloaded, but downloads are switched off "
                "({variable}). Unset that variable, copy the model to a folder and choose that, or "
                "use one of the models that came with the app.",
                title=model.title,
                variable=" / ".join(_OFFLINE),
            )
        from huggingface_hub import HfApi

        try:
            # Without the token of the environment: it is there for one's own repositories.
            info = HfApi(endpoint=_endpoint(), token=False).model_info(
                self.repository,
                revision=self.revision,
                timeout=ANSWER_SECONDS,
                files_metadata=True,
            )
        except Exception as error:
            raise self._unreachable(model, error) from error
        files = [HubFile.of(listed) for listed in info.siblings or ()]
        wanted = [file for file in files if file.wanted]
        if not any(file.name.endswith(".safetensors") for file in wanted):
            raise ModelUnavailableError(
                "The model {title} has no safetensors weights on the model hub ({repo}). Other "
                "weight files can contain code and are not downloaded. Choose another model.",
                title=model.title,
                repo=self.repository,
            )
        return str(info.sha), wanted

    def _download(
        self,
        model: ModelExpert,
        revision: str,
        files: Sequence[HubFile],
        target: Path,
        report: Reporter,
    ) -> None:
        """Bring every file into the folder, going on with what lies there.

        Not ``snapshot_download``, which begins a file anew where it broke off: of a model most is
        one file, and the lines of a workshop break.
        """
        from huggingface_hub import hf_hub_url

        names = {file.name for file in files}
        kept = {_part(target / file.name, file) for file in files}
        for path in [path for path in target.rglob("*") if path.is_file()]:
            if path not in kept and path.relative_to(target).as_posix() not in names:
                path.unlink()  # of another revision
        total, done = max(sum(file.size for file in files), 1), 0

        def tell(more: int) -> None:
            if report.should_stop():
                raise Stopped
            text = N_("Downloading {title}: {done} of {total} MB")
            reached = done + more
            report.progress(
                reached / total,
                Message(
                    text,
                    {
                        "title": model.title,
                        "done": reached // 10**6,
                        "total": total // 10**6,
                    },
                ),
            )

        for file in sorted(files, key=lambda file: file.size):
            path = target / file.name
            tell(0)
            if not file.is_in(path):
                path.unlink(missing_ok=True)
                path.parent.mkdir(parents=True, exist_ok=True)
                part = _part(path, file)
                url = hf_hub_url(
                    self.repository, file.name, revision=revision, endpoint=_endpoint()
                )
                for size in _stream(url, part, file.size):
                    tell(size)
                if not file.is_in(part):
                    part.unlink()
                    raise ModelUnavailableError(
                        "The file {file} of {repo} did not arrive as the model hub lists it, so it "
                        "was thrown away. Try again; if it happens again, a proxy changes what is "
                        "downloaded.",
                        file=file.name,
                        repo=self.repository,
                    )
                part.replace(path)
            done += file.size

    def _unreachable(self, model: ModelExpert, error: Exception) -> ModelUnavailableError:
        reason = what_failed(error)
        return ModelUnavailableError(
            "The model {title} could not be fetched from the model hub ({repo}: {reason}). Connect "
            "to the internet, set HF_ENDPOINT to a mirror, copy the model to a folder and choose "
            "that, or use one of the models that came with the app.",
            title=model.title,
            repo=self.repository,
            reason=reason,
        )


def _part(path: Path, file: HubFile) -> Path:
    """Return where a file grows; named after its content, so that it never goes on with another."""
    return path.with_name(f"{path.name}.{file.digest[:12]}.part")


def _stream(url: str, path: Path, size: int) -> Iterator[int]:
    """Append what is missing of a file, yielding how many bytes are there."""
    from huggingface_hub.utils import build_hf_headers, get_session

    there = path.stat().st_size if path.exists() else 0
    if there > size:
        path.unlink()
        there = 0
    if there == size and path.exists():
        return
    headers = build_hf_headers(token=False)
    if there:
        headers["Range"] = f"bytes={there}-"
    with get_session().stream(
        "GET", url, headers=headers, follow_redirects=True, timeout=SILENCE_SECONDS
    ) as answer:
        answer.raise_for_status()
        if there and answer.status_code != 206:  # the server sends all of it anew
            path.unlink()
            there = 0
        with path.open("ab") as out:
            for block in answer.iter_bytes(_BLOCK):
                out.write(block)
                there += len(block)
                yield there


def downloaded() -> Availability:
    """Return that a model lies in the model store."""
    return Availability(True, DOWNLOADED, Message(N_("On this machine, downloaded before.")))


def is_offline() -> bool:
    """Return True if the environment forbids downloads, as huggingface_hub reads it."""
    return any(os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE") for name in _OFFLINE)


def ask_hub(models: ModelStore, *, now: float | None = None) -> bool:
    """Send the model hub one request without any data; say and remember whether it answers.

    Takes :data:`ANSWER_SECONDS` at most. Never called by a page that is merely opened.
    """
    reachable = False
    if not is_offline():
        from huggingface_hub.utils import get_session

        url = f"{hub_address()}/api/models/{ASKED_FOR}"
        try:
            answer = get_session().get(url, timeout=ANSWER_SECONDS, follow_redirects=True)
            reachable = bool(answer.status_code < 400)
        except Exception:
            reachable = False
    try:
        models.record_hub(reachable, time.time() if now is None else now)
    except WorkspaceError:
        return reachable
    return reachable


def hub_address() -> str:
    """Return where models are fetched from: ``HF_ENDPOINT``, else the public hub."""
    return _endpoint() or "https://huggingface.co"


def _endpoint() -> str | None:
    # Read here, because the library reads it only once, when it is imported.
    return (os.environ.get("HF_ENDPOINT") or "").rstrip("/") or None


ASKED_FOR = "sentence-transformers/all-mpnet-base-v2"
_ANY = (ANY_LANGUAGE,)
E5_PROMPTS = {QUERY: "query: ", DOCUMENT: "passage: "}
_BGE_PROMPTS = {QUERY: "Represent this sentence for searching relevant passages: "}
_RURI_PROMPTS = {QUERY: "検索クエリ: ", DOCUMENT: "検索文書: "}

HUB = (
    EmbeddingModel(
        key="all-MiniLM-L12-v2",
        meaning=N_("English model, a little larger and slower than all-MiniLM-L6-v2."),
        dimension=384,
        max_length=128,
        size_mb=133,
        relative_speed=0.5,
        files=HubRepository("sentence-transformers/all-MiniLM-L12-v2"),
    ),
    EmbeddingModel(
        key="multilingual-e5-small",
        meaning=N_("Small model for about 100 languages, in full precision."),
        languages=_ANY,
        dimension=384,
        max_length=512,
        prompts=E5_PROMPTS,
        licence="MIT",
        size_mb=471,
        relative_speed=0.4,
        files=HubRepository("intfloat/multilingual-e5-small"),
    ),
    EmbeddingModel(
        key="multilingual-e5-base",
        meaning=N_("Medium-sized model for about 100 languages."),
        languages=_ANY,
        dimension=768,
        max_length=512,
        prompts=E5_PROMPTS,
        licence="MIT",
        size_mb=1112,
        relative_speed=0.1,
        files=HubRepository("intfloat/multilingual-e5-base"),
    ),
    EmbeddingModel(
        key="multilingual-e5-large",
        meaning=N_(
            "Strong model for about 100 languages, a good teacher for a smaller one; a GPU is "
            "advised."
        ),
        languages=_ANY,
        dimension=1024,
        max_length=512,
        prompts=E5_PROMPTS,
        licence="MIT",
        size_mb=2240,
        relative_speed=0.03,
        teacher_for=_ANY,
        published=PublishedFigure(
            N_("Mr. TyDi, 11 languages (MRR@10)"),
            70.5,
            "https://huggingface.co/intfloat/multilingual-e5-large",
            "multilingual-e5-small",
            64.4,
        ),
        files=HubRepository("intfloat/multilingual-e5-large"),
    ),
    EmbeddingModel(
        key="bge-small-en-v1.5",
        meaning=N_("Small English model made for search."),
        dimension=384,
        max_length=512,
        prompts=_BGE_PROMPTS,
        licence="MIT",
        size_mb=133,
        relative_speed=0.45,
        files=HubRepository("BAAI/bge-small-en-v1.5"),
    ),
    EmbeddingModel(
        key="bge-base-en-v1.5",
        meaning=N_("Medium-sized English model made for search."),
        dimension=768,
        max_length=512,
        prompts=_BGE_PROMPTS,
        licence="MIT",
        size_mb=438,
        relative_speed=0.12,
        files=HubRepository("BAAI/bge-base-en-v1.5"),
    ),
    EmbeddingModel(
        key="gte-small",
        meaning=N_("Small general English model."),
        dimension=384,
        max_length=512,
        licence="MIT",
        size_mb=67,
        relative_speed=0.45,
        files=HubRepository("thenlper/gte-small"),
    ),
    EmbeddingModel(
        key="paraphrase-multilingual-MiniLM-L12-v2",
        meaning=N_("Finds sentences that say the same, in about 50 languages."),
        languages=_ANY,
        dimension=384,
        max_length=128,
        size_mb=471,
        relative_speed=0.45,
        files=HubRepository("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"),
    ),
    EmbeddingModel(
        key="bge-m3",
        meaning=N_("Large model for about 100 languages and long texts; a GPU is advised."),
        languages=_ANY,
        dimension=1024,
        max_length=8192,
        licence="MIT",
        size_mb=2271,
        relative_speed=0.03,
        files=HubRepository("BAAI/bge-m3"),
    ),
    EmbeddingModel(
        key="ruri-v3-30m",
        title="Ruri v3 30m",
        meaning=N_("Small Japanese model made for search."),
        languages=("ja",),
        dimension=256,
        max_length=8192,
        prompts=_RURI_PROMPTS,
        size_mb=147,
        relative_speed=0.5,
        files=HubRepository("cl-nagoya/ruri-v3-30m"),
    ),
    EmbeddingModel(
        key="ruri-v3-310m",
        title="Ruri v3 310m",
        meaning=N_(
            "Strong Japanese model made for search, a good teacher for a smaller one; a GPU is "
            "advised."
        ),
        languages=("ja",),
        dimension=768,
        max_length=8192,
        prompts=_RURI_PROMPTS,
        size_mb=1260,
        relative_speed=0.05,
        teacher_for=("ja",),
        published=PublishedFigure(
            N_("JMTEB, six Japanese search tasks (nDCG@10)"),
            81.89,
            "https://huggingface.co/cl-nagoya/ruri-v3-310m",
            "multilingual-e5-small",
            67.27,
        ),
        files=HubRepository("cl-nagoya/ruri-v3-310m"),
    ),
    EmbeddingModel(
        key="static-similarity-mrl-multilingual-v1",
        meaning=N_(
            "Very fast model for about 50 languages that averages the meaning of single words "
            "and does not see their order."
        ),
        languages=_ANY,
        dimension=1024,
        size_mb=433,
        relative_speed=30.0,
        files=HubRepository("sentence-transformers/static-similarity-mrl-multilingual-v1"),
    ),
)
