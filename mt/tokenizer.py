"""Text <-> ids (SentencePiece, Kudo & Richardson 2018): learn, encode, decode, save."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Sequence

import sentencepiece

from mt.config import TokenizerConfig
from mt.errors import ConfigError, RunError, VocabularySizeError
from mt.text.placeholders import MARKERS, marker, masked, spans, unmask


class Tokenizer:
    """A learned set of pieces. `decode(encode(text))` gives the text back.

    Ids below `vocab_size`; `pad_id`, `bos_id` and `eos_id` frame sequences and never come out of
    `encode`; `unk_id` stands for a character without a piece, where byte fallback is off.

    Where it was learned with `markup`, their ids are the next ones, and spans of markup are cut as one piece
    each (see `markup`): a target's by its source, so that both have the same markers. Where `encode`,
    `decode` and `pieces` take sources (N), none means that the texts are sources themselves.
    """

    pad_id, unk_id, bos_id, eos_id = 0, 1, 2, 3
    space = "▁"

    def __init__(self, serialized: bytes) -> None:
        """From the bytes of a SentencePiece model. Raises RunError if they are not one of ours."""
        self.serialized = serialized
        self._pieces = sentencepiece.SentencePieceProcessor()
        try:
            self._pieces.LoadFromSerializedProto(serialized)
        except (RuntimeError, TypeError, ValueError):
            raise RunError("it is not a SentencePiece model, or it is damaged") from None
        special = [self._pieces.pad_id(), self._pieces.unk_id(), self._pieces.bos_id(), self._pieces.eos_id()]
        if special != [self.pad_id, self.unk_id, self.bos_id, self.eos_id]:
            raise RunError("its pad, unk, bos, eos ids are not 0, 1, 2, 3: it was not made by mt")
        first = self.eos_id + 1
        known = self._pieces.GetPieceSize() > first and self._pieces.IdToPiece(first) == marker(0)
        self.markers = range(first, first + MARKERS) if known else range(0)

    @classmethod
    def learn(
        cls,
        sentences: Iterator[str],
        settings: TokenizerConfig,
        vocab_size: int,
        symbols: Sequence[str] = (),
    ) -> Tokenizer:
        """Learn pieces from text: the same sentences in the same order give the same pieces.

        vocab_size: pieces to learn, also where the settings leave the size open. symbols: texts that are one
        piece wherever they occur. With `settings.markup` the sentences are masked already.

        Raises VocabularySizeError, which has the nearest size that is possible, if the text is too small for
        `vocab_size` or has more characters than that; ConfigError if there is no text.
        """
        markers = (marker(index) for index in range(MARKERS) if settings.markup)
        model = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.Train(
                sentence_iterator=sentences,
                model_writer=model,
                model_type=settings.algorithm,
                vocab_size=vocab_size,
                byte_fallback=settings.byte_fallback,
                normalization_rule_name=settings.normalization,
                remove_extra_whitespaces=settings.normalization != "identity",
                character_coverage=settings.character_coverage,
                input_sentence_size=settings.sample_sentences,
                shuffle_input_sentence=True,
                max_sentence_length=65536,
                pad_id=cls.pad_id,
                unk_id=cls.unk_id,
                bos_id=cls.bos_id,
                eos_id=cls.eos_id,
                user_defined_symbols=[*markers, *symbols],
                num_threads=4,  # a fixed number: sums in another order would give other pieces
                minloglevel=2,
            )
        except RuntimeError as problem:
            raise _explain(str(problem), vocab_size) from None
        return cls(model.getvalue())

    def divisible_pieces(self) -> dict[int, tuple[str, float]]:
        """By id the text and the score of each piece that text can be cut into otherwise.

        The score is a unigram's log-probability, or the priority of a merge. Left out are the pieces that
        stand for themselves: the special ones, bytes, tags of languages and markers.
        """
        pieces = ((row, self._pieces.IdToPiece(row)) for row in range(self.vocab_size))
        scored = {row: (piece, float(self._pieces.GetScore(row))) for row, piece in pieces}
        for row, (piece, score) in list(scored.items()):
            special = self._pieces.IsControl(row) or self._pieces.IsUnknown(row)
            # No probability is 1, and the merge of priority 0 makes two characters one piece.
            symbol = score == 0 and len(piece) != 2
            if special or self._pieces.IsByte(row) or symbol:
                del scored[row]
        return scored

    @property
    def vocab_size(self) -> int:
        """Number of pieces, special ones included."""
        return int(self._pieces.GetPieceSize())

    @property
    def fingerprint(self) -> str:
        """Names the pieces: equal fingerprints, equal ids."""
        return hashlib.blake2b(self.serialized, digest_size=16).hexdigest()

    def encode(self, texts: Sequence[str], sources: Sequence[str] | None = None) -> list[list[int]]:
        """N texts -> N lists of ids."""
        return self._pieces.Encode(self._masked(texts, sources), out_type=int)  # type: ignore[no-any-return]

    def decode(self, ids: Sequence[Sequence[int]], sources: Sequence[str] | None = None) -> list[str]:
        """N lists of ids -> N texts; without sources markers stay what they are."""
        texts: list[str] = self._pieces.Decode([list(row) for row in ids])
        if not self.markers or sources is None:
            return texts
        return [unmask(text, spans(source)) for text, source in zip(texts, sources, strict=True)]

    def spell(self, ids: Sequence[int], source: str | None = None) -> list[str]:
        """The pieces that ids stand for; ▁ marks a space. With a source its spans stand for markers."""
        pieces = [self._pieces.IdToPiece(piece) for piece in ids]
        if not self.markers or source is None:
            return pieces
        of = spans(source)
        return [unmask(piece, of) for piece in pieces]

    def pieces(self, texts: Sequence[str]) -> list[list[str]]:
        """N sources -> their pieces, as they look; ▁ marks a space."""
        found: list[list[str]] = self._pieces.Encode(self._masked(texts, None), out_type=str)
        if not self.markers:
            return found
        return [
            [unmask(piece, of) for piece in row] for row, of in zip(found, map(spans, texts), strict=True)
        ]

    def _masked(self, texts: Sequence[str], sources: Sequence[str] | None) -> list[str]:
        if not self.markers:
            return list(texts)
        return masked(texts, texts if sources is None else sources)


def _explain(problem: str, vocab_size: int) -> ConfigError:
    """SentencePiece's complaint about a size, in words that say what to do."""
    largest = re.search(r"value <= (\d+)", problem)
    if largest:
        return VocabularySizeError(
            f"the text is too small for {vocab_size:,} pieces: "
            f"set --vocab-size to {largest.group(1)} or less, or give more text",
            int(largest.group(1)),
        )
    smallest = re.search(r"smaller than required_chars.*?(\d+) vs (\d+)", problem)
    if smallest:
        return VocabularySizeError(
            f"{vocab_size:,} pieces are fewer than the text has characters: "
            f"set --vocab-size to {smallest.group(2)} or more, or lower --character-coverage",
            int(smallest.group(2)),
        )
    if "sentences_.empty()" in problem:
        return ConfigError(
            "there is no text to learn pieces from, or only in lines of more than 65,536 bytes"
        )
    return ConfigError(f"SentencePiece could not learn {vocab_size:,} pieces: {' '.join(problem.split())}")
