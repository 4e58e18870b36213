"""More tokens for a tokenizer that is there: those that shorten a new text most."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mt.tokenizer import Tokenizer

_UNSPELLED = 3  # tokens that a character costs which cannot be spelled: about as many as its UTF-8 bytes
_MARGIN = 0.01  # nats by which a new token is more probable than what spelled it, so that it is used
_RARE = -20.0  # nats, of a byte, which has no score


def with_more(tokenizer: Tokenizer, learned: Tokenizer, counts: Sequence[int], number: int) -> Tokenizer:
    """A unigram tokenizer with up to `number` tokens more.

    learned: learned from the new text. counts: how often each of its tokens occurs there. A token is added if
    it saves tokens: as many for each occurrence as spelled it before, but one. Those that save most come
    first.
    """
    known = set(tokenizer.texts().values())
    scores = {token: score for token, (_, score) in tokenizer.divisible_pieces().items()}
    found = list[tuple[int, str, float]]()
    for token, (text, score) in learned.divisible_pieces().items():
        if text in known or not counts[token]:
            continue
        spelling = tokenizer.encode_piece(text)
        cost = len(spelling) + (_UNSPELLED - 1) * spelling.count(tokenizer.unk_id)
        before = sum(scores.get(one, _RARE) for one in spelling)
        found.append((int(counts[token]) * (cost - 1), text, max(score, before + _MARGIN)))
    best = sorted((row for row in found if row[0] > 0), key=lambda row: (-row[0], row[1]))[:number]
    return tokenizer.extended([(text, score) for _, text, score in best])


def with_rows(weights: Tensor, old: Tokenizer, new: Tokenizer) -> Tensor:
    """Weights (V, ...) of the tokens of `old` -> (V', ...) of those of `new`, which extends it.

    The row of a new token is the mean of the rows of the tokens that spelled it before.
    """
    texts = new.texts()
    added = [old.encode_piece(texts[token]) for token in range(old.vocab_size, new.vocab_size)]
    rows = [weights.detach()[torch.tensor(ids)].mean(dim=0, keepdim=True) for ids in added]
    return torch.cat([weights.detach(), *rows])
