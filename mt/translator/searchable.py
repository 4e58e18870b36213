"""The models of runs as search reads them, and its settings on a device."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from mt import device
from mt.checkpoint import Run
from mt.config import SearchConfig
from mt.decoding.ensemble import Ensemble
from mt.errors import ConfigError
from mt.model import Seq2Seq
from mt.search import Model
from mt.search.batching import tokens_that_fit

MEMORY, STATES = 0.5, 16  # of a GPU's free memory used by a batch; numbers for a unit, in gates and states


def filling(config: SearchConfig, runs: Sequence[Run], where: torch.device) -> SearchConfig:
    """The settings with batches as large as the memory of a GPU permits."""
    room = MEMORY * device.free_memory(where) / len(runs)
    model = runs[0].config.model
    states = STATES * model.encoder_layers * model.encoder_hidden
    vocab_size = runs[0].tgt_tokenizer.vocab_size
    fitting = tokens_that_fit(room, config, vocab_size=vocab_size, states=states)
    return config.model_copy(update={"batch_tokens": max(config.batch_tokens, fitting)})


def searchable(
    model: Seq2Seq | Ensemble, runs: Sequence[Run], config: SearchConfig, where: torch.device
) -> Model:
    """The model as search reads it. Raises ConfigError for a weight of CTC that has none."""
    joint = model.attends and any(run.model.ctc is not None for run in runs)
    if config.ctc_weight and not joint:
        raise ConfigError("--ctc-weight is for runs that read sound, with attention and CTC: leave it out")
    if not joint or config.ctc_weight == 0:
        if where.type != "cuda":
            return model
        from mt.decoding.step_graph import GraphedModel  # only where there are CUDA graphs

        return GraphedModel(model)
    from mt.decoding.ctc_prefix import CTC_WEIGHT, JointModel

    return JointModel(model, config.ctc_weight or CTC_WEIGHT)
