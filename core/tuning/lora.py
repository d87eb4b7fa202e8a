"""Low-rank adapters (LoRA) in place of whole weights: small states, little optimizer memory.

Hu et al. 2021, arXiv:2106.09685, through peft. Only the adapters learn; in the end they are merged
into the weights, so that the result is a plain sentence-transformers folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import TuningError

if TYPE_CHECKING:
    from peft.tuners.lora import LoraModel
    from sentence_transformers import SentenceTransformer

# The usual choice: the strength of an adapter then hardly depends on its rank.
ALPHA_PER_RANK = 2


def add_adapters(model: SentenceTransformer, rank: int, seed: int) -> LoraModel:
    """Put an adapter beside every linear layer and freeze everything else.

    Parameters
    ----------
    rank : int
        Width of the adapters.
    seed : int
        Of their random halves; the other halves are zero, so that the model starts as its base.

    Raises
    ------
    TuningError
        If the model is not a transformer.
    """
    from transformers import PreTrainedModel

    inner = getattr(model[0], "auto_model", None)
    if not isinstance(inner, PreTrainedModel):
        raise TuningError(
            "This base model has no layers for adapters (LoRA); word-vector models learn fast "
            "without. Set the adapter rank (LoRA) to 0, or choose a transformer model."
        )
    import torch
    from peft import LoraConfig
    from peft.tuners.lora import LoraModel

    model.requires_grad_(False)
    config = LoraConfig(r=rank, lora_alpha=ALPHA_PER_RANK * rank, target_modules="all-linear")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        adapters = LoraModel(inner, {"default": config}, "default")
    return adapters


def merge_adapters(model: SentenceTransformer, adapters: LoraModel) -> None:
    """Add the adapters to the weights beside them and take them out of the model."""
    adapters.merge_and_unload()
    model.requires_grad_(True)
