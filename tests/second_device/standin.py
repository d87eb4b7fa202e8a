"""A second device for machines without one: a mix-up of devices fails as it would on a card.

Tensors of the device ``standin`` hold their values in main memory, but torch takes them for those
of another device: what reads both kinds at once is refused in the words of CUDA, on the way
forward and on the way back. Nothing is slower or more exact than on the processor, so a run gives
the very same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend
from torch.utils.weak import WeakIdKeyDictionary

NAME = "standin"


class _Module:
    """What torch asks of every kind of device; this one draws no numbers of its own."""

    def is_available(self) -> bool:
        return True

    def is_initialized(self) -> bool:
        return True

    def _is_in_bad_fork(self) -> bool:
        return False

    def device_count(self) -> int:
        return 1

    def current_device(self) -> int:
        return 0

    def manual_seed_all(self, _seed: int) -> None: ...

    def get_rng_state(self, _device: object = None) -> torch.Tensor:
        return torch.get_rng_state()

    def set_rng_state(self, state: torch.Tensor, _device: object = None) -> None:
        torch.set_rng_state(state)


_setup_privateuseone_for_python_backend(NAME, _Module())

# These carry values from one device to the other; every other operation stays on one.
_CARRIERS = {
    torch.ops.aten._to_copy.default,
    torch.ops.aten.copy_.default,
    torch.ops.aten.set_.source_Tensor,
}
# A tensor on the processor may choose rows of one on a card, as on CUDA.
_INDEXERS = {
    torch.ops.aten.index.Tensor,
    torch.ops.aten.index_put.default,
    torch.ops.aten.index_put_.default,
    torch.ops.aten._index_put_impl_.default,
    torch.ops.aten._unsafe_index.Tensor,
}


@dataclass(frozen=True)
class Crossing:
    """Numbers that went from one device to the other.

    Attributes
    ----------
    to_card : bool
    shape : tuple of int
    waits : bool
        The processor waits until all that the card was given before is done.
    """

    to_card: bool
    shape: tuple[int, ...]
    waits: bool


crossings: list[Crossing] = []
pinned = WeakIdKeyDictionary()  # tensors of main memory, as keys


def pin(tensor: torch.Tensor) -> torch.Tensor:
    """Do what ``Tensor.pin_memory`` does where there is a card: copy, and be known as pinned."""
    copy = tensor.clone()
    pinned[copy] = True
    return copy


class Placed(torch.Tensor):
    """A tensor on the stand-in; its values lie in ``held``."""

    alive = WeakIdKeyDictionary()  # all of them, as keys: what takes the memory of the card
    held: torch.Tensor

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> Placed:
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            held.size(),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            layout=held.layout,
            device=torch.device(NAME, 0),
            requires_grad=held.requires_grad,
        )
        made.held = held.detach()
        cls.alive[made] = True
        return made

    def __repr__(self, **_: Any) -> str:
        return f"Placed({self.held!r})"

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        return _run(function, args, kwargs or {})


def _run(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    leaves, _ = tree_flatten((args, kwargs))
    tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
    placed = [leaf for leaf in tensors if isinstance(leaf, Placed)]
    wanted = kwargs.get("device")
    here = bool(placed) if wanted is None else torch.device(wanted).type == NAME
    if placed and function not in _CARRIERS:
        looked_at = tensors[:1] if function in _INDEXERS else tensors
        # A single number may come from the processor, as on CUDA.
        strange = [one for one in looked_at if not isinstance(one, Placed) and one.dim()]
        if function in _INDEXERS:
            strange += [one for one in tensors[1:] if isinstance(one, Placed) and not here]
        if strange:
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two devices, "
                f"{NAME}:0 and cpu! ({function})"
            )
    if function in _CARRIERS and function is not torch.ops.aten._to_copy.default:
        here = isinstance(args[0], Placed)
    if function in _CARRIERS:
        _note(function, args, kwargs, here)
    bare = tree_map(lambda one: one.held if isinstance(one, Placed) else one, (args, kwargs))
    if wanted is not None and here:
        bare[1]["device"] = torch.device("cpu")
    locked = bare[1].pop("pin_memory", None)
    given = function(*bare[0], **bare[1])
    if locked:
        pinned[given] = True
    of = {id(one.held): one for one in placed}
    of |= {id(one): one for one in tensors if not isinstance(one, Placed)}
    return tree_map(lambda one: _placed(one, of, here), given)


def _note(function: Any, args: Any, kwargs: dict[str, Any], here: bool) -> None:
    """Note numbers that cross; a copy does not wait if it says so and main memory is pinned."""
    if function is torch.ops.aten._to_copy.default:
        source, mine, free = args[0], args[0], kwargs.get("non_blocking", False)
    elif function is torch.ops.aten.copy_.default:
        (target, source), free = args[:2], args[2] if len(args) > 2 else False
        mine = target if isinstance(source, Placed) else source
    else:
        return
    if isinstance(source, Placed) != here:
        crossings.append(Crossing(here, tuple(source.shape), not (free and mine in pinned)))


def _placed(one: Any, of: dict[int, torch.Tensor], here: bool) -> Any:
    if not isinstance(one, torch.Tensor):
        return one
    if id(one) in of:  # written in place: the caller gets what it gave
        return of[id(one)]
    if not here:
        return one
    with torch.inference_mode(False):  # torch cannot make views of a wrapper from inside it
        return Placed(one)


_library = torch.library.Library("aten", "IMPL")


def _kernel(name: str) -> Any:
    """Register what torch calls below every mode, for example within ``torch.tensor``."""
    return torch.library.impl(_library, name, "PrivateUse1")


@_kernel("empty.memory_format")
def _empty(size: Any, *, dtype: Any = None, **_: Any) -> torch.Tensor:
    return Placed(torch.empty(size, dtype=dtype))


@_kernel("empty_strided")
def _empty_strided(size: Any, stride: Any, *, dtype: Any = None, **_: Any) -> torch.Tensor:
    return Placed(torch.empty_strided(size, stride, dtype=dtype))


@_kernel("_copy_from")
def _copy_from(source: torch.Tensor, target: torch.Tensor, _non_blocking: bool = False) -> Any:
    held = [one.held if isinstance(one, Placed) else one for one in (source, target)]
    held[1].copy_(held[0])
    return target


class _Placing(TorchDispatchMode):
    """Sees what makes a tensor on the stand-in out of none there."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        with self:  # within inference_mode torch has not taken an operation apart yet
            parts = function.decompose(*args, **kwargs)
        return _run(function, args, kwargs) if parts is NotImplemented else parts


@contextmanager
def standin_device() -> Iterator[str]:
    """Give the name of a device that refuses to mix with the processor, while this lasts."""
    with torch.autograd.set_multithreading_enabled(False), _Placing():
        yield NAME
