"""Settings of training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mt.config.fields import Count, Positive, PositiveFloat, Probability, RunName, Section


class TrainingConfig(Section):
    """Training."""

    seed: Count = 1
    """Seed of everything random"""
    batch_tokens: Positive = 2048
    """Batch size in tokens of the longer side, padding included"""
    accumulate: Positive = 1
    """Sum the gradients of this many batches for each step"""
    exchange_precision: Literal["fp32", "bf16"] = "fp32"
    """Precision of the gradients that several processes exchange; bf16 halves the traffic"""
    learning_rate: PositiveFloat = 1e-3
    """Peak learning rate of Adam (Kingma & Ba 2015)"""
    warmup_steps: Count = 200
    """Steps of linear warm-up"""
    decay: Literal["none", "inverse_sqrt", "linear", "plateau"] = "plateau"
    """Learning rate after warm-up: constant, proportional to 1/sqrt(step), linear to zero at the last
    step, or halved when validation stops improving"""
    plateau_patience: Positive = 2
    """With plateau: validations without improvement before the learning rate is halved"""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Decoupled weight decay of the matrices, not of biases (Loshchilov & Hutter 2019); 0 turns it off"""
    clip_norm: PositiveFloat = 1.0
    """Maximum norm of the gradient (Pascanu et al. 2013)"""
    bag_of_words: Annotated[float, Field(ge=0)] = 0.0
    """Weight of a second loss: predict the target's tokens, in any order, from the sentence vector. 0
    turns it off; needs --feed-readout"""
    guided_steps: Count = 0
    """Guided alignment (Chen et al. 2016): attention also learns from word alignments in the first N steps,
    with a weight that falls to zero. Not with --init; needs attention"""
    average_decay: Probability = 0.0
    """Decay of the exponential moving average of the weights; 0 turns it off. The average is validated and
    saved"""
    label_smoothing: Probability = 0.1
    """Label smoothing (Szegedy et al. 2016); 0 turns it off"""
    init: RunName | None = None
    """Start from the weights of this run, with its tokenizer and its model settings"""
    init_parts: Literal["all", "encoder"] = "all"
    """What --init takes: all weights, or those of the encoder alone. The decoder and the target's tokenizer
    are then learned anew, for another target language (Bansal et al. 2019)"""
    freeze: tuple[Literal["encoder", "decoder", "embeddings"], ...] = ()
    """Parts of the model that stay as they are; needs --init"""
    teachers: tuple[RunName, ...] = ()
    """Teacher runs with the same tokenizer: train on their averaged predictions as well as on the
    references (Kim & Rush 2016)"""
    distillation_weight: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Weight of the teachers' predictions; the references have the rest"""
    max_epochs: Positive = 30
    """Maximum number of epochs"""
    max_steps: Positive | None = None
    """Maximum number of steps. If unset, the epochs decide"""
    validate_every: Positive | None = None
    """Steps between validations. If unset, once an epoch"""
    validation_metric: Literal["bleu", "perplexity", "wer"] = "bleu"
    """Metric that chooses the best weights: BLEU of greedy search, perplexity, or the word error rate of
    greedy search"""
    patience: Positive = 6
    """Stop after this many validations without improvement"""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of matrix products: fp32, bf16, or auto: bf16 where the hardware supports it"""
    save_minutes: PositiveFloat = 5.0
    """Minutes between checkpoints of the training state"""
