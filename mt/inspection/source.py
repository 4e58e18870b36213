"""A text as token ids and pieces, as the encoder reads it."""

from __future__ import annotations

from dataclasses import dataclass

from mt.errors import ConfigError
from mt.search import EOS, UNK
from mt.text.characters import readable
from mt.text.sentences import Split, split
from mt.translator import Translator

MOST_PIECES = 400
"""Of a text that is inspected: each state of a longer one would be compared with too many pieces."""


@dataclass(frozen=True)
class Source:
    """ids and pieces (S,), eos included; `whole` has the white space around the text.

    parts: in how many parts `mt translate` reads it.
    """

    ids: list[int]
    pieces: tuple[str, ...]
    whole: Split
    parts: int

    @property
    def unknown(self) -> tuple[int, ...]:
        """The indices of the pieces that the model does not know."""
        return tuple(index for index, piece in enumerate(self.ids) if piece == UNK)


def cut_source(translator: Translator, text: str, tgt: str | None, most_pieces: int = MOST_PIECES) -> Source:
    """The text in pieces, as `mt translate` cuts it, but never into parts.

    Raises ConfigError for a blank text, one of more than `most_pieces`, and a language it does not know.
    """
    run, line = translator.run, readable(text)
    mark = translator.tag(tgt)
    if not line.strip():
        raise ConfigError("the text is blank: there is nothing to read")
    whole = split(line, language=run.languages.source, max_chars=len(line))
    tagged = [mark + whole.texts[0]]
    ids = [*run.src_tokenizer.encode(tagged)[0], EOS]
    if len(ids) > most_pieces:
        raise ConfigError(
            f"the text has {len(ids):,} pieces and at most {most_pieces} can be inspected: "
            "give a sentence at a time"
        )
    pieces = (*run.src_tokenizer.pieces(tagged)[0], *run.src_tokenizer.spell([EOS]))
    return Source(ids, pieces, whole, len(translator.split(text).texts))
