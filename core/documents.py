"""Documents to JSON and back, with errors that name the field."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from core.errors import WorkspaceError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Document = TypeVar("Document")


def to_json(document: object) -> dict[str, Any]:
    """Return a frozen dataclass of JSON types as a plain dict."""
    assert dataclasses.is_dataclass(document) and not isinstance(document, type)
    return dataclasses.asdict(document)


def from_json(kind: type[Document], values: Mapping[str, Any]) -> Document:
    """Build a dataclass from a plain dict.

    Raises
    ------
    WorkspaceError
        If a field is unknown, missing or of the wrong type; the text names the fields.
    """
    from pydantic import ValidationError

    known = {f.name for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - known)
    if unknown:
        raise WorkspaceError(
            "{kind} does not know the setting {unknown}. It knows: {known}.",
            kind=kind.__name__,
            unknown=", ".join(unknown),
            known=", ".join(sorted(known)),
        )
    try:
        found: Document = _reader(cast(Any, kind)).validate_python(dict(values))
        return found
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors()
        )
        raise WorkspaceError(
            "{kind} cannot be read: {problems}.", kind=kind.__name__, problems=problems
        ) from error


@lru_cache(maxsize=64)
def _reader(kind: Any) -> TypeAdapter[Any]:
    """Return what checks the fields of a dataclass: milliseconds to make, so made once."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
