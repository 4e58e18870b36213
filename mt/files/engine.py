"""A translator as what translates the segments of documents."""

from __future__ import annotations

from collections.abc import Sequence

from mt.files.document import Result, Source
from mt.files.work import Engine
from mt.inline.prepared import translate_segments
from mt.translator import Translator

BY_POSITION = "markup placed by position"


def model_engine(translator: Translator, tgt: str | None) -> Engine:
    """Translates into `tgt`, by the best hypothesis; codes as `mt.inline` puts them."""

    def translate(sources: Sequence[Source]) -> list[Result]:
        segments = [(source,) if isinstance(source, str) else source for source in sources]
        results = []
        for source, (placed, found) in zip(
            sources, translate_segments(translator, segments, tgt=tgt), strict=True
        ):
            results.append(
                Result(
                    str(placed) if isinstance(source, str) else placed.parts,
                    "model" if found.searched else "kept",
                    (BY_POSITION,) if placed.how == "position" else (),
                )
            )
        return results

    return translate
