"""Subtitles, SubRip (.srt) and WebVTT (.vtt): the text of cues; numbers, times, settings and notes stay."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from mt.files.decoding import Broken, Decoded, decode, newline_of
from mt.files.document import Reading, Source, Spliced, Unit, plain, rendered, replacing, source_of
from mt.files.flow import paired

_BLOCK = re.compile(r"(?:[^\S\r\n]*\S[^\r\n]*(?:\r\n|\r|\n|$))+")
_LINE = re.compile(r"[^\r\n]+")
_TIMES = re.compile(r"\s*(?:\d+:)?\d\d?:\d\d[,.]\d{1,3}\s*-->\s*(?:\d+:)?\d\d?:\d\d[,.]\d{1,3}.*")
_NO_CUE = re.compile(r"NOTE(?=[ \t]|$)|(?:STYLE|REGION)[ \t]*$")
_SIGNATURE = re.compile(r"WEBVTT(?=\s|$)")
_EXAMPLE = "times, such as 00:00:01,000 --> 00:00:02,500"
_NEARLY_TIMES = re.compile(r"\s*\d.*-->|.*-->\s*\d")
_ALMOST_TIMES = re.compile(r"\s*\d\S*:\S*\s*-->\s*\d")  # in a cue too
_SIGNS = r"(?:\s|\{\\[^{}]*\}|<[^<>]*>)*"  # before a line's text: where it is shown, and how
_DASH = re.compile(rf"{_SIGNS}[-–—‐]\s*(?=\S)")
_NAMED = re.compile(rf"{_SIGNS}[A-Z][A-Z .'-]*:\s")  # JOHN: Come in.
_SOUND = re.compile(rf"{_SIGNS}(?:\[[^\[\]]*\]|\([^()]*\)|[♪♫][^♪♫]*[♪♫]){_SIGNS}")
_LEAD = re.compile(r"\s+|\{\\[^}]*\}|[-–—‐]\s+|[-–—‐](?=\w)|[♪♫#*]+\s*|>>+\s*")
_TRAIL = re.compile(r"(?:\s+|\s*[♪♫#*]+)$")
_AROUND: tuple[tuple[re.Pattern[str], str | None], ...] = (
    (re.compile(r"<([ibu]|c[.\w]*|v\b[^>]*|font[^>]*)>", re.IGNORECASE), None),
    (re.compile(r"\["), "]"),
    (re.compile(r"\("), ")"),
)
_TAG = re.compile(r"</?(?P<name>[A-Za-z]\w*)[^<>]*>|<\d[\d:.]*>|\{\\[^}]*\}|\\[Nh]")
_CLAUSE = re.compile(r"[,.;:!?…，。；：！？、]")
_WIDE = re.compile("[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")
_LONGEST = {True: 20, False: 42}  # characters of a line, of wide letters or not; then there are two


def read(file: Reading) -> Spliced:
    """Subtitles; the lines of a cue are one text, but for those of several speakers. Raises Broken."""
    decoded = decode(file.data)
    text, is_vtt = decoded.text, file.format == "vtt"
    if is_vtt and not _SIGNATURE.match(text):
        raise Broken("does not begin with WEBVTT", 1)
    units = (_unit(text, group, is_vtt) for lines in _cues(decoded, is_vtt) for group in _speakers(lines))
    return Spliced(decoded, filter(None, units))


def _cues(decoded: Decoded, is_vtt: bool) -> Iterator[list[re.Match[str]]]:
    """The lines of text of each cue, and of what a blank line parts from it. Raises Broken."""
    timed = is_vtt  # WebVTT may have no cue
    for lines in _blocks(decoded.text, is_vtt):
        times = next((index for index, line in enumerate(lines[:2]) if _TIMES.fullmatch(line[0])), -1)
        broken = next((line for line in lines[times + 1 :] if _ALMOST_TIMES.match(line[0])), None)
        if times < 0 and not broken:
            broken = next((line for line in lines[:2] if _NEARLY_TIMES.match(line[0])), None)
        if broken:
            raise Broken(f"{broken[0].strip()!r} are no {_EXAMPLE}", decoded.line(broken.start()))
        timed = timed or times >= 0
        if times >= 0 or len(lines) > 1 or not lines[0][0].strip().isdecimal():
            yield lines[times + 1 :]
    if not timed:
        raise Broken(f"no cue has its {_EXAMPLE}", 1)


def _blocks(text: str, is_vtt: bool) -> Iterator[list[re.Match[str]]]:
    """The lines of each block between blank lines. The times of a cue inside of one begin another."""
    for block in _BLOCK.finditer(text):
        lines = list(_LINE.finditer(text, block.start(), block.end()))
        if is_vtt and block.start() == 0:  # the header ends at the first times
            lines = lines[next((at for at, line in enumerate(lines) if "-->" in line[0]), len(lines)) :]
        if not lines or (is_vtt and _NO_CUE.match(lines[0][0])):
            continue
        timed = [at for at, line in enumerate(lines) if _TIMES.fullmatch(line[0])]
        begins = [at - lines[at - 1][0].strip().isdecimal() for at in timed[timed[:1] in ([0], [1]) :]]
        for begin, end in pairwise([0, *begins, len(lines)]):
            yield lines[begin:end]


def _speakers(lines: list[re.Match[str]]) -> list[list[re.Match[str]]]:
    """The lines of a cue in groups: what each one says, and sounds.

    Dashes at two lines or more begin what another one says, and so does a name in capitals with a colon.
    """
    dashes = sum(bool(_DASH.match(line[0])) for line in lines) > 1
    groups: list[list[re.Match[str]]] = []
    after_sound = True
    for line in lines:
        sound = bool(_SOUND.fullmatch(line[0]))
        begins = sound or after_sound or _NAMED.match(line[0]) or (dashes and _DASH.match(line[0]))
        groups += [[line]] if begins else []
        if not begins:
            groups[-1].append(line)
        after_sound = sound
    return groups


def _cue(text: str) -> tuple[str, str, str]:
    """A cue's text, between what is around it: a dash, notes of music, brackets of a sound, a tag."""
    lead, trail = "", ""
    while True:
        before = text
        if found := _LEAD.match(text):
            lead, text = lead + found[0], text[found.end() :]
        if found := _TRAIL.search(text):
            text, trail = text[: found.start()], found[0] + trail
        for opening, closing in _AROUND:
            found = opening.match(text)
            end = closing or (f"</{re.split('[. ]', found[1])[0]}>" if found else "")
            inside = text[found.end() : -len(end)] if found and text.endswith(end) else ""
            if found and inside and end not in inside and not opening.search(inside):
                lead, text, trail = lead + found[0], inside, end + trail
        if text == before:
            return lead, text, trail


def _unit(text: str, lines: Sequence[re.Match[str]], is_vtt: bool) -> Unit | None:
    newline = text[lines[0].end() : lines[1].start()] if len(lines) > 1 else newline_of(text)
    lead, core, trail = _cue(" ".join(line[0].strip() for line in lines))
    source = _source(core, html.unescape if is_vtt else str)
    if not plain(source).strip():
        return None

    def written(part: str) -> str:
        part = part.replace("-->", "->")
        return part.replace("&", "&amp;").replace("<", "&lt;") if is_vtt else part

    def of_cue(translation: Source) -> str:
        return newline.join(balanced(lead + rendered(translation, written) + trail, len(lines)))

    return replacing(lines[0].start(), lines[-1].end(), source, of_cue)


def _source(text: str, unescaped: Callable[[str], str]) -> Source:
    """The text with its tags as codes."""
    tokens, end = list[tuple[str, str]](), 0
    for found in _TAG.finditer(text):
        name, side = found["name"], ")" if found[0][1] == "/" else "("
        tokens += [
            ("text", unescaped(text[end : found.start()])),
            (f"<{name}{side}" if name else "mark", found[0]),
        ]
        end = found.end()
    return source_of(paired([*tokens, ("text", unescaped(text[end:]))]))


def balanced(text: str, lines: int) -> list[str]:
    """The text on as many lines, of about the same length; on two where one would be too long.

    A line ends at a clause's end if one is near, else at a space; between letters only where no space is.
    """
    wide = bool(_WIDE.search(text))
    lines = max(lines, 2 if len(_TAG.sub("", text)) > _LONGEST[wide] else 1)
    if lines == 1 or len(text) < 2 * lines:
        return [text]
    target = len(text) / lines
    hidden = _TAG.sub(lambda tag: "x" * len(tag[0]), text)  # no line ends inside a tag
    spaces = [found.start() for found in re.finditer(r"(?<=\S) (?=\S)", hidden)]
    cuts = spaces or (list(range(2, len(text) - 1)) if wide else [])
    cuts = [cut for cut in cuts if not _CLAUSE.match(text[cut])] if wide else cuts
    if not cuts:
        return [text]
    clause = 0.15 * len(text)  # so much nearer to the middle another cut must be

    def distance(cut: int) -> float:
        return abs(cut - target) - (clause if _CLAUSE.match(text[cut - 1]) else 0)

    cut = min(cuts, key=distance)
    rest = text[cut:].strip()
    return [text[:cut].rstrip(), *([rest] if lines == 2 else balanced(rest, lines - 1))]
