"""The house stays as drawn: imports point down, no circles, pages stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Who may import whom inside core; everything may import the foundations.
FOUNDATIONS = {"errors", "messages", "hashing", "types", "documents", "translation"}
ALLOWED = {
    "journey": {
        *("data", "experts", "labels", "tuning", "evaluation", "reporting", "workspace", "jobs"),
    },
    "jobs": {"workspace"},
    "reporting": {"evaluation", "labels"},
    "evaluation": {"experts"},
    "tuning": {"labels", "experts"},
    "labels": set(),
    "experts": {"workspace"},
    "data": set(),
    "workspace": set(),
    "__main__": {"journey", "experts", "workspace"},
}
# The foundations in their own order, lowest first.
FOUNDATION_ORDER = ["messages", "hashing", "errors", "documents", "translation", "types"]
HEAVY = ("torch", "transformers", "sentence_transformers")


def imports(path: Path, *, types_too: bool = True) -> set[str]:
    """Every module that a file imports, also inside functions, also for type checking."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not types_too:
        tree.body = [node for node in tree.body if not _is_type_checking(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


def _is_type_checking(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def core_parts(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("core.")}


def core_files() -> list[Path]:
    return sorted((ROOT / "core").rglob("*.py"))


def part_of(path: Path) -> str:
    return path.relative_to(ROOT / "core").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", core_files(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_imports_point_down(path):
    part = part_of(path)
    used = core_parts(path) - {part}
    if part in FOUNDATION_ORDER:
        below = set(FOUNDATION_ORDER[: FOUNDATION_ORDER.index(part)])
        assert used <= below, f"{part} may only know {sorted(below)}"
    elif part != "__init__":
        assert used <= ALLOWED[part] | FOUNDATIONS, f"{part} must not know {sorted(used)}"


def test_no_circles_between_modules():
    """A circle works until somebody imports the other end first."""
    names = {
        p: ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for p in core_files()
    }
    known = set(names.values())
    graph = {name: imports(path, types_too=False) & known - {name} for path, name in names.items()}
    state: dict[str, int] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if state.get(name) == 1:
            pytest.fail("circle: " + " → ".join([*trail[trail.index(name) :], name]))
        if state.get(name) is None:
            state[name] = 1
            for other in sorted(graph[name]):
                visit(other, (*trail, name))
            state[name] = 2

    for name in sorted(graph):
        visit(name, ())


def test_core_works_without_streamlit():
    users = [p for p in core_files() if any(n.split(".")[0] == "streamlit" for n in imports(p))]
    assert users == []


@pytest.mark.parametrize("page", sorted(p.stem for p in (ROOT / "pages").glob("*.py")))
def test_page_modules_do_not_pull_in_torch(page):
    """Importing torch costs seconds; no page may pay them before somebody asks for a model."""
    files = [ROOT / "pages" / f"{page}.py", *(ROOT / "pages" / "parts").rglob("*.py")]
    modules = sorted({n for f in files for n in imports(f) if n.startswith(("core.", "pages."))})
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


def test_app_is_short():
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) < 60


def test_no_shapeless_module_names():
    names = {"utils", "helpers", "common", "misc", "manager"}
    wrong = [
        p for folder in ("core", "pages") for p in (ROOT / folder).rglob("*.py") if p.stem in names
    ]
    assert wrong == []
