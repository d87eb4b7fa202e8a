"""AdamW with a learning rate that rises, then falls; its state as plain tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.tuning.config import TuningConfig
from core.tuning.encoding import is_static

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor
    from torch.optim import AdamW

# A word vector is touched only when its word occurs, a transformer's weights at every step.
STATIC_FACTOR = 100.0
FUSED = ("cpu", "cuda")  # devices with one kernel for the whole update


def learning_rate(step: int, steps: int, config: TuningConfig, static: bool = False) -> float:
    """Return the learning rate of step 0 … steps − 1: linear warm-up, then linear decay to 0."""
    warmup = round(config.warmup_share * steps)
    rising = (step + 1) / max(warmup, 1)
    falling = (steps - step) / max(steps - warmup, 1)
    peak = config.learning_rate * (STATIC_FACTOR if static else 1.0)
    return peak * min(rising, falling, 1.0)


def make_optimizer(model: SentenceTransformer, config: TuningConfig) -> AdamW:
    """Return AdamW over all weights; biases and norms (vectors, not tables) do not decay."""
    from torch.optim import AdamW

    parameters = [p for p in model.parameters() if p.requires_grad]
    decay = 0.0 if is_static(model) else config.weight_decay  # would erase words not in the data
    return AdamW(
        [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=config.learning_rate,
        fused=all(p.device.type in FUSED for p in parameters),
    )


def optimizer_tensors(optimizer: AdamW) -> dict[str, Tensor]:
    """Return a copy of the moments on the CPU as ``<weight number>.<name>``.

    Rows of zeros are left out of large tables: a word that never occurred has no moments, and in
    a multilingual model these are nine words in ten, hundreds of megabytes per saved state.
    """
    tensors: dict[str, Tensor] = {}
    for number, values in optimizer.state_dict()["state"].items():
        for name, value in values.items():
            key, value = f"{number}.{name}", value.detach()
            used = value.any(dim=1).nonzero()[:, 0] if value.ndim == 2 else None
            if used is not None and 2 * len(used) < len(value):
                tensors[f"{key}.rows"] = used.to("cpu", copy=True)
                value = value[used]
            tensors[key] = value.to("cpu", copy=True)
    return tensors


def load_optimizer_tensors(optimizer: AdamW, tensors: dict[str, Tensor]) -> None:
    """Put back what :func:`optimizer_tensors` gave."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        if name.endswith(".rows"):
            continue
        if f"{key}.rows" in tensors:
            full = value.new_zeros(weights[int(number)].shape)
            full[tensors[f"{key}.rows"]] = value
            value = full
        state.setdefault(int(number), {})[name] = value
    document = optimizer.state_dict()
    optimizer.load_state_dict({"state": state, "param_groups": document["param_groups"]})
