"""The house stays as drawn in CONTRIBUTING: arrows point down, rooms are small, one fact one place.

``tests/structure_breaches.txt`` lists what still breaks a rule. It may only shrink: a new breach
fails here, and so does a line that no longer holds.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
KNOWN_BREACHES = Path(__file__).with_name("structure_breaches.txt")

# Who may import whom inside core; everything may import the foundations.
FOUNDATION_ORDER = "messages hashing progress errors documents translation types".split()
ALLOWED = {
    "__main__": {"cli"},
    "cli": {"journey"},
    "journey": {
        *("data", "experts", "labels", "tuning", "evaluation", "reporting", "workspace", "jobs"),
        *("asking", "pilot"),
    },
    "pilot": {"evaluation", "labels", "tuning"},
    "reporting": {"evaluation", "labels", "tuning", "experts"},
    "tuning": {"evaluation", "labels", "experts"},
    "asking": {"data", "experts", "labels", "evaluation"},
    "evaluation": {"experts", "labels"},  # labels: what an expert does to them (panel)
    "experts": {"workspace"},
    "jobs": {"workspace"},
    "labels": set(),
    "data": set(),
    "workspace": set(),
}
# What pages may import besides their own parts.
PAGES_MAY = (
    *("core.journey", "core.types", "core.reporting.charts"),
    *("core.errors", "core.messages", "core.translation", "core.progress"),
)
# Described vocabularies, from which a page takes its choices and help texts.
VOCABULARIES = (
    *("core.labels.rules", "core.labels.calibration", "core.evaluation.measures"),
    *("core.tuning.losses", "core.tuning.presets"),
)
HEAVY = ("torch", "transformers", "sentence_transformers")
MOST_FILES = 24
SPLIT_NAMES = re.compile(r"(TEST|VALIDATION)_(KNOWN|UNSEEN|SPLIT)")
MAY_NAME_SPLITS = ("core/types/", "core/data/", "core/reporting/")
DOCUMENTS = {"request", "config", "result", "told", "asked", "scored", "kept"}
MAY_USE_KEYS = ("core/jobs/", "core/workspace/", "core/types/", "core/documents.py")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module or name that a file imports: inside functions and for type checking, too."""
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return frozenset(found)


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def part_of(path: Path) -> str:
    return path.relative_to(ROOT / "core").parts[0].removesuffix(".py")


# The rules: each yields a line for every place that breaks it.


def arrows_of_core() -> Iterator[str]:
    """1. Imports point down, those for type checking included."""
    for path in files("core"):
        part = part_of(path)
        used = {n.split(".")[1] for n in imports(path) if n.startswith("core.")} - {part}
        if part == "__init__":
            continue
        if part in FOUNDATION_ORDER:
            wrong = used - set(FOUNDATION_ORDER[: FOUNDATION_ORDER.index(part)])
        else:
            wrong = used - ALLOWED[part] - set(FOUNDATION_ORDER)
        for other in sorted(wrong):
            yield f"{name_of(path)} must not import core.{other}"


def arrows_of_pages() -> Iterator[str]:
    """1. Pages reach the journey, the types, the charts and the named vocabularies, no deeper."""
    for path in [ROOT / "app.py", ROOT / "main.py", *files("pages")]:
        modules = {
            str(node.module) if node.module != "core" else f"core.{node.names[0].name}"
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "core"
        }
        for module in sorted(modules):
            allowed = any(f"{module}.".startswith(f"{name}.") for name in PAGES_MAY)
            if not allowed and module not in VOCABULARIES:
                yield f"{name_of(path)} must not import {module}"


def circles() -> Iterator[str]:
    """1. No circles between modules, those for type checking included."""
    names = {
        p: ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for p in [*files("core"), *files("pages")]
    }
    known = set(names.values())
    graph = {name: imports(path) & known - {name} for path, name in names.items()}
    state: dict[str, int] = {}
    found: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if state.get(name) == 1:
            ring = trail[trail.index(name) :]
            found.add("circle: " + " ".join(sorted(ring)))
        if state.get(name) is None:
            state[name] = 1
            for other in sorted(graph[name]):
                visit(other, (*trail, name))
            state[name] = 2

    for name in sorted(graph):
        visit(name, ())
    yield from sorted(found)


def parts_of_other_stops() -> Iterator[str]:
    """2. What one stop draws alone is no other stop's business."""
    for path in files("pages/parts"):
        stop = path.parent.name
        used = {n.split(".")[2] for n in imports(path) if n.startswith("pages.parts.")}
        others = {p.name for p in (ROOT / "pages" / "parts").iterdir() if p.is_dir()} & used
        for other in sorted(others - {stop}):
            yield f"{name_of(path)} must not import pages.parts.{other}"


def literal_keys() -> Iterator[str]:
    """3. Requests, results and records are typed: no string keys outside jobs and workspace."""
    for path in [*files("core"), *files("pages")]:
        if name_of(path).startswith(MAY_USE_KEYS):
            continue
        for node in ast.walk(tree_of(path)):
            subscript = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
            if subscript and isinstance(node.slice.value, str):
                owner, key = node.value, node.slice.value
            elif (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "get"
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and isinstance(node.args[0].value, str)
            ):
                owner, key = node.func.value, node.args[0].value
            else:
                continue
            last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if last in DOCUMENTS or ast.unparse(owner).endswith(
                ("read_request()", "read_result()")
            ):
                yield f"{name_of(path)} reads {last or 'a document'} by the key {key}"


def split_names() -> Iterator[str]:
    """5. "Nobody looks at test questions" is spelled seen_rows and held_out_rows, nowhere else."""
    for path in [*files("core"), *files("pages")]:
        if name_of(path).startswith(MAY_NAME_SPLITS):
            continue
        used = {n.rpartition(".")[2] for n in imports(path) if n.startswith("core.types.")}
        for name in sorted(name for name in used if SPLIT_NAMES.fullmatch(name)):
            yield f"{name_of(path)} names {name}"


def crowded_folders() -> Iterator[str]:
    """6. A folder that grows gets rooms by subject, not more files side by side."""
    for top in ("core", "pages", "tests", "benchmarks"):
        folders = Counter(path.parent for path in files(top))
        for folder, count in sorted(folders.items()):
            if count > MOST_FILES:
                yield f"{name_of(folder)} has {MOST_FILES}+ files"


def names_twice() -> Iterator[str]:
    """7. A name means one thing: no module and no class twice in core."""
    modules: dict[str, list[str]] = defaultdict(list)
    classes: dict[str, list[str]] = defaultdict(list)
    for path in files("core"):
        if path.stem not in {"__init__", "__main__"}:
            modules[path.stem].append(name_of(path))
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                classes[node.name].append(name_of(path))
    for kind, places in (("module", modules), ("class", classes)):
        for name in sorted(name for name, where in places.items() if len(where) > 1):
            yield f"{kind} {name} stands twice"


def mirrorless_tests() -> Iterator[str]:
    """8. A test lies where its module does: tests/x/test_y[_aspect].py for core/x/y.py."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        folder = path.parent.relative_to(ROOT / "tests").as_posix()
        if folder in {".", "browser", "benchmarks"}:
            continue
        base = ROOT / "pages" if folder.split("/")[0] == "pages" else ROOT / "core" / folder
        stems = {p.stem for p in base.rglob("*.py")} | {
            p.name for p in base.rglob("*") if p.is_dir()
        }
        if folder == "pages":
            stems |= {"page", "app"}
        subject = path.stem.removeprefix("test_")
        if not any(subject == stem or subject.startswith(f"{stem}_") for stem in stems):
            yield f"{name_of(path)} mirrors no module"


RULES = (
    *(arrows_of_core, arrows_of_pages, circles, parts_of_other_stops, literal_keys, split_names),
    *(crowded_folders, names_twice, mirrorless_tests),
)


def known_breaches() -> set[str]:
    if not KNOWN_BREACHES.is_file():
        return set()
    return set(KNOWN_BREACHES.read_text(encoding="utf-8").splitlines()) - {""}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_stays_as_drawn(rule):
    new = set(rule()) - known_breaches()
    assert not new, f"{rule.__doc__}\n" + "\n".join(sorted(new))


def test_the_list_of_known_breaches_only_shrinks():
    mended = known_breaches() - {line for rule in RULES for line in rule()}
    assert not mended, "mended: take these lines out\n" + "\n".join(sorted(mended))


def test_every_import_of_our_own_names_something_that_exists():
    """mypy takes a module that is not there for one without types, and says nothing."""
    gone = []
    for path in [*files("core"), *files("pages"), *files("tests"), *files("benchmarks")]:
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.ImportFrom):
                continue
            place = str(node.module).split(".")
            if place[0] not in {"core", "pages"}:
                continue
            folder = ROOT.joinpath(*place)
            if folder.with_suffix(".py").is_file():
                names = _names_in(folder.with_suffix(".py"))
            else:
                modules = {p.stem for p in folder.glob("*.py")} if folder.is_dir() else set()
                names = modules | {p.name for p in folder.glob("*") if p.is_dir()}
                if (folder / "__init__.py").is_file():
                    names |= _names_in(folder / "__init__.py")
            gone += [
                f"{name_of(path)}: {node.module}.{alias.name}"
                for alias in node.names
                if alias.name not in names
            ]
    assert gone == []


@cache
def _names_in(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
    return frozenset(found)


def test_core_works_without_streamlit():
    users = [p for p in files("core") if any(n.split(".")[0] == "streamlit" for n in imports(p))]
    assert users == []


@pytest.mark.parametrize("page", sorted(p.stem for p in (ROOT / "pages").glob("*.py")))
def test_page_modules_do_not_pull_in_torch(page):
    """Importing torch costs seconds; no page may pay them before somebody asks for a model."""
    paths = [ROOT / "pages" / f"{page}.py", *files("pages/parts")]
    modules = sorted({n for f in paths for n in imports(f) if n.startswith(("core.", "pages."))})
    code = (
        "import importlib, importlib.util, sys\n"
        f"for name in {modules!r}:\n"
        "    parent, _, attribute = name.rpartition('.')\n"
        "    try:\n"
        "        found = importlib.util.find_spec(name)\n"
        "    except ModuleNotFoundError:\n"
        "        found = None\n"
        "    importlib.import_module(name if found else parent)\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_contributing_names_files_that_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:core|pages|tests|locales)/[\w/]+\.(?:py|txt|json))`", text))
    assert len(named) > 20
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_each_walk_through_the_house_is_short():
    """What a person must hold in the head to follow a value: at most eight files."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    walks = text.partition("### Three walks")[2].partition("## Life")[0].strip().split("\n\n")
    assert len(walks) == 3
    for walk in walks:
        assert 3 < len(set(re.findall(r"`(?:core|pages)/[\w/]+\.py`", walk))) <= 8, walk[:60]


def test_app_is_short():
    assert len((ROOT / "main.py").read_text(encoding="utf-8").splitlines()) < 60


def test_no_shapeless_module_names():
    names = {"utils", "helpers", "common", "misc", "manager"}
    wrong = [p for top in ("core", "pages") for p in files(top) if p.stem in names]
    assert wrong == []


def all_breaches() -> list[str]:
    """Return every breach of today; ``python tests/test_structure.py`` prints them."""
    return sorted({line for rule in RULES for line in rule()})


if __name__ == "__main__":
    sys.stdout.write("\n".join(all_breaches()) + "\n")
