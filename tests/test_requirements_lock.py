"""requirements.lock is whole and says the same as requirements.txt; torch alone stands apart."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
APART = re.compile("torch|triton|nvidia-.*|cuda-.*")


def locked() -> dict[str, tuple[str, int]]:
    """Version and number of hashes of every package in the lock."""
    found: dict[str, tuple[str, int]] = {}
    name = ""
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if start := re.match(r"([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", line):
            name = canonicalize_name(start[1])
            found[name] = (start[2], 0)
        elif re.search(r"--hash=sha256:[0-9a-f]{64}\b", line):
            found[name] = (found[name][0], found[name][1] + 1)
    return found


def test_the_lock_has_every_pinned_version():
    pins = {}
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            wanted = Requirement(line)
            (version,) = wanted.specifier
            pins[canonicalize_name(wanted.name)] = version.version
    assert "torch" in pins and "torch" not in locked()
    del pins["torch"]
    different = {n: (v, locked().get(n)) for n, v in pins.items() if locked().get(n, ("",))[0] != v}
    assert not different, "run .ci/lock"


def test_every_locked_package_has_hashes():
    assert len(locked()) > 60
    assert [name for name, (_, hashes) in locked().items() if not hashes] == []


def test_the_lock_holds_what_its_packages_need():
    """A package that is missing here would be taken from the index without a hash."""
    lacking = set()
    for name in locked():
        try:
            needed = requires(name) or []
        except PackageNotFoundError:
            continue  # not installed here
        for text in needed:
            wanted = Requirement(text)
            if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
                continue
            other = canonicalize_name(wanted.name)
            if other not in locked() and not APART.fullmatch(other):
                lacking.add(f"{name} needs {other}")
    assert lacking == set()
