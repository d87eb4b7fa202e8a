"""What can go wrong, as one tree.

    AppError                  every error this product raises on purpose
    ├── DataError             an uploaded file or its content cannot be used
    │   ├── TooLittleDataError    readable, but not enough to split, tune or compare
    │   └── LimitError            reading it would take more memory or time than is allowed
    ├── ExpertError           an expert cannot be loaded or cannot score
    │   └── ModelUnavailableError its files are neither here nor reachable
    ├── LabelError            a label recipe does not fit its data or experts
    ├── TuningError           a tuning run cannot start or go on
    ├── ComparisonError       systems cannot be compared with each other
    │   └── BrokenSystemError     one of them failed: it is absent, never zero
    ├── ExportError           a result cannot be written for other tools, or handed to them
    ├── WorkspaceError        the workspace folder or database cannot be read or written
    ├── RightsError           a person may not do what they asked for, or may not come in
    ├── BusyError             more is asked at this moment than can be answered
    └── JobError              a background job cannot be launched or followed
    Stopped                   not an error: somebody asked a long step to stop, and it did
    FolderGone                a worker's folder was deleted under it: nobody is left to tell

Each says what, why and what to do, with the numbers. The text is an English template plus values,
so that a page can show it in the reader's language::

    raise DataError("The file {name} has no rows.", name="faq.csv")
"""

from __future__ import annotations

from core.messages import Message


class AppError(Exception):
    """An error meant for the user's eyes.

    Parameters
    ----------
    template : str
        English text with ``str.format`` fields; collected into the translation catalogue
        from the places where an error class is called.
    **params : str, int or float
        Values of the fields.
    """

    def __init__(self, template: str, **params: str | int | float) -> None:
        self.message = Message(template, params)
        super().__init__(template)

    def __str__(self) -> str:
        return str(self.message)


class DataError(AppError):
    """An uploaded file or its content cannot be used."""


class TooLittleDataError(DataError):
    """The data can be read, but there is not enough of it."""


class LimitError(DataError):
    """Reading a file would take more memory, time or room than one file may take."""


class ExpertError(AppError):
    """An expert cannot be loaded or cannot score."""


class ModelUnavailableError(ExpertError):
    """The files of a model are neither on this machine nor reachable."""


class LabelError(AppError):
    """A label recipe does not fit its data or its experts."""


class TuningError(AppError):
    """A tuning run cannot start or cannot go on."""


class ComparisonError(AppError):
    """Arms cannot be compared with each other."""


class BrokenSystemError(ComparisonError):
    """A system failed; it is absent from the comparison, never zero."""


class ExportError(AppError):
    """A result cannot be written in a form for other tools, or handed to them."""


class WorkspaceError(AppError):
    """The workspace folder or its database cannot be read or written."""


class RightsError(AppError):
    """A person may not do what they asked for, or may not come in."""


class BusyError(AppError):
    """More is asked at this moment than can be answered; nothing was begun."""


class JobError(AppError):
    """A background job cannot be launched or followed."""


class Stopped(Exception):  # noqa: N818  (not an error)
    """Somebody asked a long step to stop, and it did so at the next safe moment."""


class FolderGone(Exception):  # noqa: N818  (it ends a worker; no user is told by it)
    """The run folder was deleted while its worker was busy. Not an AppError: no step may go on."""


def what_failed(error: BaseException) -> str:
    """Return why a request failed, without a word of the other server: it may say anything.

    The status of its answer, else the system's own words, else the kind of error.
    """
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return f"status {status}"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def first_line(error: BaseException, longest: int = 300) -> str:
    """Return the first line of what a foreign error says, its type where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:longest]
