"""What the documents say is there: links, commands, benchmarks, settings."""

from __future__ import annotations

import re
import shlex
import subprocess
import unicodedata
from functools import cache
from pathlib import Path

import pytest

from core.cli.options import parser

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    path
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("sample_data/*.md"))
    if path.name != "CHANGELOG.md"  # tells what was, also what is gone
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"python -m core (?:\\\n|[^`#\n])*")
BENCHMARK = re.compile(r"python (benchmarks/\w+\.py)((?: --?[\w-]+| [\w.:,]+)*)")
SETTING = re.compile(r"`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)[=`\"]")
# Read by what the product stands on, not by the product.
OTHERS = {
    *("HF_ENDPOINT", "HF_HUB_OFFLINE", "OMP_NUM_THREADS", "FORWARDED_ALLOW_IPS"),
    *("RAY_AUTH_MODE", "RAY_AUTH_TOKEN"),
}


def names(pages):
    return [str(page.relative_to(ROOT)) for page in pages]


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    kept = (
        "".join(c for c in h.lower() if c in " -_" or unicodedata.category(c)[0] in "LN")
        for h in headings
    )
    return {heading.replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        assert path.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(path), f"{page.name}: {target}"


def commands(page: Path) -> list[str]:
    """Return the commands of a page: of ``a|b`` the first, without ``[…]``."""
    found = COMMAND.findall(page.read_text(encoding="utf-8"))
    plain = (re.sub(r"\[[^\]]*\]|\\\n|\|[\w|]+", " ", one).strip(" ,;)") for one in found)
    return [one for one in plain if "…" not in one]


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_commands_are_understood(page, capsys):
    for command in commands(page):
        given = shlex.split(command.removeprefix("python -m core "))
        if given in ([], ["--help"]):
            continue
        try:
            parser().parse_args(given)
        except SystemExit as refused:
            # A verb alone is its name in a sentence.
            said = capsys.readouterr().err
            alone = len(given) == 1 and "the following arguments are required" in said
            assert alone or refused.code == 0, f"{page.name}: {command}: {said}"


def test_there_are_commands_to_look_at():
    assert len(commands(ROOT / "README.md")) >= 4
    assert len(commands(ROOT / "docs" / "guide.md")) >= 20


@cache
def help_of(benchmark: str) -> str:
    return (ROOT / benchmark).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_benchmarks_are_there_and_know_their_options(page):
    for file, words in BENCHMARK.findall(page.read_text(encoding="utf-8")):
        assert (ROOT / file).is_file(), f"{page.name}: {file}"
        given = words.split()
        for at, word in enumerate(given):
            if word.startswith("--"):
                assert f'"{word}"' in help_of(file), f"{page.name}: {file} {word}"
            if word == "--parts":
                for part in given[at + 1].split(","):
                    assert part in help_of(file), f"{page.name}: {file} --parts {part}"


def test_settings_are_read_somewhere():
    """A setting that nothing reads is a promise that nobody keeps."""
    tracked = subprocess.run(
        ["git", "ls-files", "*.py", "deploy", ".streamlit"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    code = "\n".join(
        (ROOT / file).read_text(encoding="utf-8")
        for file in tracked
        if file != "tests/test_docs.py"
    )
    named = {
        name
        for page in PAGES
        for name in SETTING.findall(page.read_text(encoding="utf-8"))
        if name not in OTHERS
    }
    assert len(named) > 10
    assert not sorted(name for name in named if name not in code)
