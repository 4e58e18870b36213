"""Long text <-> parts short enough to translate: cut at sentence ends, put back together afterwards.

A model is trained on sentences and does worse on anything much longer. So a text longer than it should
see goes through `split`, part by part through the model, and through `Split.join`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mt.errors import ConfigError
from mt.text.boundaries import goes_on
from mt.text.languages import base_language
from mt.text.patterns import PATTERN

# Written without a space between sentences. Thai, Lao, Khmer put none between words but one here.
_NO_SPACE_BETWEEN_SENTENCES = frozenset({"zh", "zho", "cmn", "yue", "wuu", "lzh", "ja", "jpn"})

# Han, kana, bopomofo, their punctuation and full-width forms.
_CJK = re.compile("[\u2e80-\u312f\u3190-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff9f\U00020000-\U0003ffff]")
# Other scripts that leave no space after a word: Thai, Lao, Tibetan, Burmese, Khmer.
_SOUTH_EAST_ASIAN = re.compile("[\u0e00-\u109f\u1780-\u17ff]")

# A clause's end, its closing quotes included. ASCII marks count before white space only: 3,5 and 10:30.
# The look-behind and `++` keep it linear on a line of dots.
_CLAUSE_END = re.compile(
    r"""(?:[，；：、。！？｡､،؛؟।॥]+|(?<![,;:.!?…])[,;:.!?…]++(?=["'”’)\]]*\s))["'”’»」』）】》)\]]*"""
)
_PARAGRAPH_END = re.compile(r"(\n\s*\n|\u2029)")
_SPACE = re.compile(r"\s")
_LINE_BREAKS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")

_DIGIT_BEHIND_END = re.compile(r"(?<=[。！？｡])\d")
_WITHIN = "\ue000"  # stands for the characters of a placeholder but the first
_PLAIN_KINDS = ("number", "emphasis")
# What may end a sentence.
_END = re.compile(r"[.!?…。！？｡．؟۔।॥።፧။៕༎།᠃᱿]")
_AROUND = 40  # characters of the sentences around an end that are looked at

# Characters shown to sentencex at once: its time grows with the square of the sentences it is given
# (20,000 Chinese sentences: 1.3 s), and this keeps it linear.
_BLOCK = 10_000


@dataclass(frozen=True)
class Split:
    """A text in parts: `lead + texts[0] + gaps[0] + texts[1] + gaps[1] + …` is the text itself.

    No part is empty or begins or ends with white space, so each has something to translate; blank
    text has no parts at all.
    """

    lead: str
    """White space before the first part; all of it where the text is blank."""
    texts: tuple[str, ...]
    gaps: tuple[str, ...]
    """White space after each part, often none: as many as `texts`."""

    def join(self, translations: Sequence[str], *, tgt: str | None) -> str:
        """The translations of `texts`, one for each, with the original white space around them.

        Between Chinese or Japanese sentences spaces go, line breaks stay; out of a script without
        spaces one space is put where there was none. `tgt` is the language of the translations; where
        it is None, their own characters decide. Line breaks within the text come back as they were:
        who promises one line a text replaces them first.

        Raises ValueError when there are more or fewer translations than texts.
        """
        if len(translations) != len(self.texts):
            raise ValueError(f"{len(translations)} translations for {len(self.texts)} parts")
        joined = [self.lead]
        for i, (translation, gap) in enumerate(zip(translations, self.gaps, strict=True)):
            joined.append(translation)
            if i + 1 < len(translations):
                cut = self.texts[i][-1], self.texts[i + 1][0]
                gap = _gap_in_target(gap, cut, (translation[-1:], translations[i + 1][:1]), tgt)
            joined.append(gap)
        return "".join(joined)


def split(text: str, *, language: str | None, max_chars: int, by_sentence: bool = False) -> Split:
    """Cut `text` into parts of at most `max_chars` characters; one that is no longer stays whole.

    A longer text, with `by_sentence` any, is cut at every sentence end. A sentence longer still is cut at
    the last clause end that fits, else at white space, else between characters, but not before a combining
    mark, a joiner or a variation selector, nor within a placeholder, tag or address, unless a single one of
    these is longer than `max_chars`.

    `language` is the text's ("zh", "de-AT"; regions are ignored); unknown or None, English rules hold.
    Raises ConfigError when `max_chars` is below 1.
    """
    if max_chars < 1:
        raise ConfigError(f"a part of a long text needs at least 1 character, not {max_chars}")
    if len(text.strip()) <= max_chars and not (by_sentence and _ends_inside(text)):
        return _trimmed([text])
    sentences = _sentences(text, base_language(language) or "en", block=max(_BLOCK, max_chars + 1))
    return _trimmed(part for sentence in sentences for part in _cut(sentence, max_chars))


def _ends_inside(text: str) -> bool:
    """Whether there is a letter or digit behind something that may end a sentence."""
    end = _END.search(text)
    return end is not None and any(map(str.isalnum, text[end.end() :]))


def _trimmed(parts: Iterator[str] | list[str]) -> Split:
    """Move the white space at the ends of parts, which make up the text, into `lead` and `gaps`."""
    texts: list[str] = []
    gaps = [""]  # one ahead of texts: the first is the lead
    for part in parts:
        core = part.strip()
        if not core:
            gaps[-1] += part
            continue
        begin = len(part) - len(part.lstrip())
        gaps[-1] += part[:begin]
        texts.append(core)
        gaps.append(part[begin + len(core) :])
    return Split(gaps[0], tuple(texts), tuple(gaps[1:]))


def _sentences(text: str, language: str, *, block: int) -> Iterator[str]:
    """Sentences with the white space after them; together they are `text`, whatever it holds."""
    for paragraph in _PARAGRAPH_END.split(text):
        begin = 0
        while begin < len(paragraph):
            end = min(begin + block, len(paragraph))
            lengths = _sentence_lengths(paragraph[begin:end], language)
            if end < len(paragraph):  # the block's end is no sentence's end
                lengths = lengths[:-1] or [_best_cut(paragraph, begin, end) - begin]
            for length in lengths:
                yield paragraph[begin : begin + length]
                begin += length


def _sentence_lengths(text: str, language: str) -> list[int]:
    """How many characters each sentence has. Their sum is `len(text)`, always.

    sentencex 1.0 loses line feeds where there are thousands, refuses lone surrogates, panics on some white
    space outside ASCII, and sees no end in 。 before a digit. So it sees plain stand-ins of the same length,
    and it is not believed when the lengths do not add up.
    """
    import sentencex

    plain = re.sub("[\ud800-\udfff]", "\ufffd", _SPACE.sub(" ", _shielded(text)))
    plain = _DIGIT_BEHIND_END.sub("一", plain)
    try:
        lengths = [len(sentence) for sentence in sentencex.segment(language, plain)]
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # Rust's, which is no Exception and not importable
            raise
        lengths = []
    if sum(lengths) != len(text):
        return [len(text)]
    return _joined(plain, lengths, language)


def _shielded(text: str) -> str:
    """The text with a stand-in of the same length for each placeholder, tag or address: no end is in it."""

    def stand_in(found: re.Match[str]) -> str:
        return found[0] if found.lastgroup in _PLAIN_KINDS else "X" + _WITHIN * (len(found[0]) - 1)

    return PATTERN.sub(stand_in, text)


def _joined(text: str, lengths: list[int], language: str) -> list[int]:
    """The lengths without the ends at which a sentence goes on."""
    joined: list[int] = []
    begin = end = 0
    for length in lengths:
        before = text[max(begin, end - _AROUND) : end]
        if joined and goes_on(before, text[end : end + min(length, _AROUND)], language):
            joined[-1] += length
        else:
            joined.append(length)
            begin = end
        end += length
    return joined


def _cut(sentence: str, max_chars: int) -> Iterator[str]:
    """The sentence in parts of at most `max_chars`, not counting white space at their ends."""
    end = len(sentence.rstrip())
    begin, text_begin = 0, len(sentence) - len(sentence.lstrip())
    shielded = _shielded(sentence) if end - text_begin > max_chars else sentence
    while end - text_begin > max_chars:
        cut = _best_cut(shielded, text_begin, text_begin + max_chars)
        while sentence[cut].isspace():
            cut += 1
        yield sentence[begin:cut]
        begin = text_begin = cut
    yield sentence[begin:]


def _best_cut(text: str, begin: int, limit: int) -> int:
    """Where to cut in (begin, limit]; text[begin] is no white space, text[limit] exists."""
    # One character more than may be taken, to see what follows the last one.
    clause_ends = [match.end() for match in _CLAUSE_END.finditer(text, begin, limit + 1)]
    spaces = [match.start() for match in _SPACE.finditer(text, begin, limit + 1)]
    for candidates in (clause_ends, spaces):
        for cut in reversed(candidates):
            if begin < cut <= limit and not _inside_cluster(text, cut):
                return cut
    cut = limit
    while cut > begin and _inside_cluster(text, cut):
        cut -= 1
    return cut if cut > begin else limit


def _inside_cluster(text: str, cut: int) -> bool:
    """Would a cut before text[cut] tear apart what is drawn as one character?"""
    after = text[cut]
    return (
        unicodedata.category(after).startswith("M")  # accents, vowel signs, variation selectors
        or after in "\u200c\u200d"  # joiners
        or text[cut - 1] == "\u200d"
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= after <= "\U000e007f"  # tags: the flag of Scotland
        or "\u1160" <= after <= "\u11ff"  # vowels and finals of decomposed Hangul
        or after == _WITHIN
    )


def _gap_in_target(gap: str, cut: tuple[str, str], edges: tuple[str, str], tgt: str | None) -> str:
    """White space for between two translations.

    `gap` stood between the parts, `cut` are the source characters around it, `edges` the
    translations' own (empty where a translation is).
    """
    if tgt is None:
        closed_up = all(_CJK.match(edge) for edge in edges)
    else:  # within Chinese a space remains only between two Latin words; ” and … are no Latin there
        closed_up = base_language(tgt) in _NO_SPACE_BETWEEN_SENTENCES and not "".join(edges).isascii()
    if closed_up:
        return gap if _LINE_BREAKS.intersection(gap) else ""
    if not gap:
        return " " if any(_CJK.match(c) or _SOUTH_EAST_ASIAN.match(c) for c in cut) else ""
    return gap.replace("\u3000", " ")  # the space as wide as a Han character
