"""Ask an OpenAI-compatible chat endpoint, and read an answer that may be anything.

Texts of users go out as data: JSON inside a marked block that they cannot close, and the model is
told that nothing in it is an instruction. What comes back is read as data, too: whatever it says,
only numbers on the scale and short texts are taken from it.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any, TypeVar

from core.errors import AppError, ExpertError, Stopped
from core.experts.outside.api_client import RefusedError, ServerClient
from core.types.scoring import ChatConnection

_FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)
# Models that think aloud put it here; it is no answer.
_THOUGHTS = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)
_MOST_STARTS = 50  # places of a reply where JSON may begin
_LOOK = 0.5  # seconds between two looks whether a reply has come
_Task = TypeVar("_Task")
_LONGEST_REPLY = 200_000  # characters that are looked at


class ChatClient(ServerClient[ChatConnection]):
    """Sends one conversation at a time and returns what the model says."""

    _plain = False  # the server takes no settings beside model and messages

    def ask(
        self,
        instructions: str,
        data: str,
        *,
        longest: int,
        vary: bool = False,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> str:
        """Return the model's reply.

        Parameters
        ----------
        instructions : str
            The system's words.
        data : str
            See :func:`as_data`.
        longest : int
            Tokens of the reply.
        vary : bool
            Let the model vary its answers, where it is asked several times.

        Raises
        ------
        RefusedError, ExpertError, Stopped
            See :meth:`ServerClient.post`.
        """
        messages = [
            {"role": "system", "content": instructions},
            {"role": "user", "content": data},
        ]
        bare: dict[str, Any] = {"model": self._connection.model, "messages": messages}
        if not self._plain:
            settings = {"temperature": 0.7 if vary else 0, "max_tokens": longest, "stream": False}
            try:
                return _said(self.post(bare | settings, should_stop), self._connection)
            except RefusedError:
                # Some models refuse a temperature or the old name of the limit: ask without.
                said = _said(self.post(bare, should_stop), self._connection)
                self._plain = True
                return said
        return _said(self.post(bare, should_stop), self._connection)


def _said(body: bytes, connection: ChatConnection) -> str:
    """Return the text of a chat completion; raises ExpertError where the reply is none."""
    try:
        content = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise ExpertError(
            "The reply of {host} is not what a chat API sends ({reason}). Check the base URL: it "
            "usually ends in /v1.",
            host=connection.host,
            reason=type(error).__name__,
        ) from None
    if isinstance(content, list):  # parts, as some servers send them
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def as_data(items: Sequence[Mapping[str, Any]]) -> str:
    """Return texts of users as a block of data that they cannot close or speak out of."""
    lines = (json.dumps(item, ensure_ascii=False) for item in items)
    # Inside JSON strings these are the same letters; outside there are none.
    told = "\n".join(lines).replace("<", "\\u003c").replace(">", "\\u003e")
    return f"<data>\n{told}\n</data>"


def read_json(reply: str) -> Any:
    """Return the first JSON value of a reply, None where there is none that can be read.

    Models put it into fences, between sentences, or after their thoughts.
    """
    text = _THOUGHTS.sub(" ", reply[:_LONGEST_REPLY])
    fenced = _FENCE.search(text)
    for part in ([fenced.group(1)] if fenced else []) + [text]:
        for match in islice(re.finditer(r"[\[{]", part), _MOST_STARTS):
            try:
                return json.JSONDecoder().raw_decode(part, match.start())[0]
            except ValueError:
                continue
            except RecursionError:  # brackets without end are no answer
                return None
    return None


def plain_reply(reply: str) -> str:
    """Return a reply without the thoughts of the model."""
    return _THOUGHTS.sub(" ", reply[:_LONGEST_REPLY]).strip()


def converse(
    tasks: Iterable[_Task],
    at_once: int,
    ask: Callable[[_Task, Callable[[], bool]], str],
    take: Callable[[_Task, str], Iterable[_Task]],
    split: Callable[[_Task], Iterable[_Task]] = lambda task: (),
) -> None:
    """Have a model do tasks, several at a time; every reply is taken as soon as it is there.

    Whatever ends the work, replies to what is under way are waited for and taken: they are paid
    for.

    Parameters
    ----------
    at_once : int
        Requests under way at the same time.
    ask : callable
        ``ask(task, ended)`` returns the reply, in a thread; ``ended()`` is True once the work ends.
    take : callable
        ``take(task, reply)`` keeps what the reply holds, in the caller's thread, and returns what
        has to be done again.
    split : callable
        Smaller tasks for one that the server refuses; none = it cannot be made smaller.

    Raises
    ------
    AppError, Stopped
        The first failure.
    """
    waiting = list(tasks)[::-1]
    ended = threading.Event()
    failure: BaseException | None = None
    under_way: dict[Future[str], _Task] = {}
    with ThreadPoolExecutor(at_once) as pool:
        while under_way or (waiting and failure is None):
            while waiting and failure is None and len(under_way) < at_once:
                task = waiting.pop()
                under_way[pool.submit(ask, task, ended.is_set)] = task
            finished, _ = wait(under_way, timeout=_LOOK, return_when=FIRST_COMPLETED)
            for future in finished:
                task = under_way.pop(future)
                try:
                    waiting += list(take(task, future.result()))[::-1]
                except RefusedError as error:
                    smaller = list(split(task))
                    waiting += smaller[::-1]
                    failure = failure or (None if smaller else error)
                except (AppError, Stopped) as error:
                    failure = failure or error
                if failure is not None:
                    ended.set()
    if failure is not None:
        raise failure
