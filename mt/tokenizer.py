"""Text <-> ids (SentencePiece, Kudo & Richardson 2018): learn, encode, decode, save."""

from __future__ import annotations

import hashlib
import io
import re
import struct
from collections.abc import Iterator, Sequence

import sentencepiece

from mt.config import TokenizerConfig
from mt.errors import ConfigError, RunError, VocabularySizeError
from mt.text.placeholders import MARKERS, marker, masked, spans, unmask


class Tokenizer:
    """A learned set of pieces. `decode(encode(text))` gives the text back.

    Ids are below `vocab_size`. `encode` never returns `pad_id`, `bos_id` and `eos_id`, which frame sequences.
    `unk_id` stands for a character without a piece, where byte fallback is off.

    A tokenizer learned with `markup` has marker pieces; their ids follow `eos_id`. `encode` replaces each
    span of markup by a marker (see `mt.text.placeholders`). The markers of a target are those of its source.
    In `encode`, `sources` (N) are the sources of the texts; None means that the texts are sources themselves.
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
        """Learn pieces from text. The same sentences in the same order give the same pieces.

        vocab_size: the number of pieces; `settings` may leave it open. symbols: texts that are always one
        piece. With `settings.markup` the caller has masked the sentences.

        Raises VocabularySizeError if the text is too small for `vocab_size` or has more characters than that;
        it holds the nearest possible size. Raises ConfigError if there is no text.
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

    def extended(self, pieces: Sequence[tuple[str, float]]) -> Tokenizer:
        """This one with more pieces, of at most 16 characters, each with the log-probability of a unigram.

        The ids of the pieces that are there stay. In protobuf a repeated field may go on at the end of a
        message: `pieces` is field 1 of SentencePiece's model, `piece` and `score` are fields 1 and 2 of it.
        """
        more = bytearray()
        for piece, score in pieces:
            text = piece.encode()
            body = bytes([0x0A, len(text)]) + text + b"\x15" + struct.pack("<f", score)
            more += bytes([0x0A, len(body)]) + body
        return Tokenizer(self.serialized + bytes(more))

    def extends(self, other: Tokenizer) -> bool:
        """Whether this is the other one, or has been made of it by `extended`."""
        return self.serialized.startswith(other.serialized)

    def encode_piece(self, piece: str) -> list[int]:
        """The ids of what a piece of another tokenizer stands for; ▁ at its beginning is a space."""
        if not piece.startswith(self.space):
            return self.encode_glued(piece)
        ids: list[int] = self._pieces.Encode(piece.removeprefix(self.space), out_type=int)
        return ids

    def divisible_pieces(self) -> dict[int, tuple[str, float]]:
        """The text and the score, by id, of each piece that has other segmentations.

        The score is a unigram's log-probability, or the priority of a merge. Special pieces, bytes, language
        tags and markers are left out.
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
        """A digest of the pieces. Tokenizers with equal fingerprints give equal ids."""
        return hashlib.blake2b(self.serialized, digest_size=16).hexdigest()

    def is_byte(self, piece: int) -> bool:
        """Whether a piece stands for one byte of a character."""
        return bool(self._pieces.IsByte(piece))

    def texts(self) -> dict[int, str]:
        """What each piece stands for, by id; ▁ is a space. Special pieces and bytes are left out."""
        of = self._pieces
        return {
            row: of.IdToPiece(row)
            for row in range(self.vocab_size)
            if not (of.IsControl(row) or of.IsUnknown(row) or of.IsByte(row))
        }

    def encode(self, texts: Sequence[str], sources: Sequence[str] | None = None) -> list[list[int]]:
        """N texts -> N lists of ids."""
        return self._pieces.Encode(self.masked(texts, sources), out_type=int)  # type: ignore[no-any-return]

    def encode_glued(self, text: str) -> list[int]:
        """The ids of a text that follows other text without a space."""
        ids: list[int] = self._pieces.Encode(text, out_type=int)
        first = self._pieces.IdToPiece(ids[0]).removeprefix(self.space) if ids else ""
        cut = []
        while first:
            size = next((n for n in range(len(first), 1, -1) if self._is_piece(first[:n])), 1)
            cut.append(int(self._pieces.PieceToId(first[:size])))
            first = first[size:]
        return cut + ids[1:]

    def _is_piece(self, text: str) -> bool:
        return int(self._pieces.PieceToId(text)) != self.unk_id

    def decode(self, ids: Sequence[Sequence[int]], sources: Sequence[str] | None = None) -> list[str]:
        """N lists of ids -> N texts. Without sources markers remain in the text."""
        texts: list[str] = self._pieces.Decode([list(row) for row in ids])
        if not self.markers or sources is None:
            return texts
        return [unmask(text, spans(source)) for text, source in zip(texts, sources, strict=True)]

    def spell(self, ids: Sequence[int], source: str | None = None) -> list[str]:
        """The pieces of ids; ▁ marks a space. With a source its spans replace the markers."""
        pieces = [self._pieces.IdToPiece(piece) for piece in ids]
        if not self.markers or source is None:
            return pieces
        of = spans(source)
        return [unmask(piece, of) for piece in pieces]

    def pieces(self, texts: Sequence[str]) -> list[list[str]]:
        """N sources -> their pieces, as they look; ▁ marks a space."""
        found: list[list[str]] = self._pieces.Encode(self.masked(texts, None), out_type=str)
        if not self.markers:
            return found
        return [
            [unmask(piece, of) for piece in row] for row, of in zip(found, map(spans, texts), strict=True)
        ]

    def masked(self, texts: Sequence[str], sources: Sequence[str] | None) -> list[str]:
        """The texts with markers for their sources' spans; unchanged by a tokenizer without markers."""
        if not self.markers:
            return list(texts)
        return masked(texts, texts if sources is None else sources)


def _explain(problem: str, vocab_size: int) -> ConfigError:
    """SentencePiece's error about a size, as an error that says what to do."""
    largest = re.search(r"value <= (\d+)", problem)
    if largest:
        return VocabularySizeError(
            f"the text is too small for {vocab_size:,} tokens: "
            f"set --vocab-size to {largest.group(1)} or less, or give more text",
            int(largest.group(1)),
        )
    smallest = re.search(r"smaller than required_chars.*?(\d+) vs (\d+)", problem)
    if smallest:
        return VocabularySizeError(
            f"{vocab_size:,} tokens are fewer than the text has characters: "
            f"set --vocab-size to {smallest.group(2)} or more, or lower --character-coverage",
            int(smallest.group(2)),
        )
    if "sentences_.empty()" in problem:
        return ConfigError(
            "there is no text to learn a vocabulary from, or only in lines of more than 65,536 bytes"
        )
    return ConfigError(f"SentencePiece could not learn {vocab_size:,} tokens: {' '.join(problem.split())}")


Tokenizers = tuple[Tokenizer, Tokenizer]
"""Of the source and of the target; one object twice where they share their pieces."""
