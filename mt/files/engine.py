"""A translator as what translates the segments of documents."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mt.decoding.judging import Judge
from mt.files.document import Result, Source, parts_of
from mt.files.flow import paired
from mt.files.work import Engine
from mt.inline.prepared import Placed, translate_segments
from mt.inline.segment import Code, merged
from mt.text.patterns import PATTERN
from mt.translator import Translator

BY_POSITION = "markup placed by position"
_TEXT = ("number", "direction", "marker", "emphasis", "name")
"""Kinds of spans that a model without markers reads as text."""

_OF_SEARCH = ("term:", "confidence")
"""Reasons to doubt that a judge alone knows."""
_TAG = re.compile(r"<(?P<end>/?)(?P<name>\w[\w:.-]*)[^>]*(?<!/)>")


def model_engine(translator: Translator, tgt: str | None, judge: Judge | None = None) -> Engine:
    """Translates into `tgt`, by the best hypothesis; codes as `mt.inline` puts them.

    The placeholders of a text are codes for a model without markers, so that none is lost or changed.
    judge: says how sure each translation is, and which terms it misses.
    """
    marks = bool(translator.run.src_tokenizer.markers)

    def translate(sources: Sequence[Source]) -> list[Result]:
        segments = [parts_of(source) for source in sources]
        shown = segments if marks else [_with_placeholders(segment) for segment in segments]
        found = translate_segments(translator, shown, tgt=tgt)
        results = []
        for source, segment, (placed, translation) in zip(sources, segments, found, strict=True):
            parts = _without_placeholders(placed, segment)
            judgement = judge.judge(translation) if judge else None
            # The texts alone show the other reasons: they are judged once their edges are put back.
            said = [one for one in judgement.doubts if one.startswith(_OF_SEARCH)] if judgement else []
            results.append(
                Result(
                    "".join(map(str, parts)) if isinstance(source, str) else parts,
                    "model" if translation.searched else "kept",
                    (*said, *([BY_POSITION] if placed.how == "position" else [])),
                    judgement.confidence if judgement and translation.searched else None,
                )
            )
        return results

    return translate


def _with_placeholders(segment: Sequence[str | Code]) -> tuple[str | Code, ...]:
    """The segment with a code for each placeholder of its texts, which the model reads as it is.

    A tag and the one that ends it are a pair around what the model reads.
    """
    parts: list[str | Code] = []
    for part in segment:
        if isinstance(part, Code):
            parts.append(part)
            continue
        tokens, end = list[tuple[str, str]](), 0
        for found in PATTERN.finditer(part):
            if found.lastgroup not in _TEXT:
                tag = _TAG.match(found[0])
                kind = f"<{tag['name']}{')' if tag['end'] else '('}" if tag else "code"
                tokens += [("text", part[end : found.start()]), (kind, found[0])]
                end = found.end()
        parts += paired([*tokens, ("text", part[end:])])
    return tuple(merged(parts))


def _without_placeholders(placed: Placed, segment: Sequence[str | Code]) -> tuple[str | Code, ...]:
    own = {part for part in segment if isinstance(part, Code)}
    parts = (part.text if isinstance(part, Code) and part not in own else part for part in placed.parts)
    return tuple(merged(parts))
