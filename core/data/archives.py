"""ZIP archives, opened with care: damaged ones and bombs are refused."""

from __future__ import annotations

import io
import zipfile

from core.errors import DataError

MAX_UNPACKED_MB = 1000
MAX_MEMBERS = 10_000


def open_archive(content: bytes, name: str) -> zipfile.ZipFile:
    """Open a ZIP from memory.

    The unpacked size is the declared one; zipfile never reads more than that from a member.

    Raises
    ------
    DataError
        If it is damaged, encrypted, or unpacks to more than ``MAX_UNPACKED_MB``.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise DataError(
            "{name} begins like an Excel workbook or a ZIP archive but is damaged ({detail}). "
            "Export or save it again and upload that.",
            name=name,
            detail=str(error)[:120],
        ) from error
    members = archive.infolist()
    size = sum(member.file_size for member in members)
    if size > MAX_UNPACKED_MB * 1_000_000 or len(members) > MAX_MEMBERS:
        raise DataError(
            "{name} unpacks to {size} MB in {count} files; the limits are {limit} MB and {most} "
            "files. Upload a part of it.",
            name=name,
            size=size // 1_000_000,
            count=len(members),
            limit=MAX_UNPACKED_MB,
            most=MAX_MEMBERS,
        )
    if any(member.flag_bits & 1 for member in members):
        raise DataError("{name} is protected by a password. Save it without one.", name=name)
    return archive
