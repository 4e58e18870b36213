"""The training loss: cross-entropy with label smoothing, and the plain one that perplexity is made of."""

from __future__ import annotations

from torch import Tensor


def cross_entropy(logits: Tensor, tgt_out: Tensor, *, pad_id: int, smoothing: float) -> tuple[Tensor, Tensor]:
    """Logits (B, T, V) and the ids to predict (B, T) -> two sums over the tokens, in nats.

    The first is trained on: `smoothing` of the target's probability is spread over all V pieces
    (Szegedy et al. 2016). The second is the negative log-likelihood, without a gradient. Padding counts
    for nothing.
    """
    logits = logits.float()  # bf16 is too coarse for a sum over V exponentials
    mask = tgt_out != pad_id
    norm = logits.logsumexp(dim=-1)
    likelihood = norm - logits.gather(2, tgt_out.unsqueeze(2)).squeeze(2)
    nll = (likelihood * mask).sum()
    if smoothing == 0:
        return nll, nll.detach()
    uniform = ((norm - logits.mean(dim=-1)) * mask).sum()
    return (1 - smoothing) * nll + smoothing * uniform, nll.detach()
