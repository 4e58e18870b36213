"""The layouts in which recordings come with their texts -> utterances, without decoding any."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from mt.config.speech import SpeechConfig
from mt.data.formats.hub import load_part
from mt.data.formats.lines import not_utf8, read_lines, uncompressed_suffix
from mt.data.formats.pairs import Split
from mt.errors import CorpusError
from mt.speech.sound import Samples, read_sound
from mt.text.counted import counted

AUDIO_NAMES = ("audio", "path", "file", "wav", "file_name")
TEXT_NAMES = ("text", "sentence", "transcript", "transcription", "raw_transcription")
CLIPS = "clips"
"""Common Voice's folder of recordings, beside its tables."""
PARTS: dict[Split, tuple[str, ...]] = {
    "train": ("train.tsv",),
    "validation": ("dev.tsv", "validation.tsv"),
    "test": ("test.tsv",),
}


@dataclass(frozen=True)
class Utterance:
    """A recording and its text.

    name: of the recording, for people. sound: where it is, or its bytes. span: seconds from and to, of a
    part of a recording. where: the file and line that name it, if any. bad: why there is none, with file and
    line; else empty.
    """

    name: str
    text: str
    sound: Path | bytes = b""
    span: tuple[float, float] | None = None
    bad: str = ""
    where: str = ""

    def identity(self) -> str:
        """What changes where the recording does: its name, size and time, or its bytes."""
        if isinstance(self.sound, bytes):
            return f"{self.name} {blake2b(self.sound, digest_size=16).hexdigest()}"
        try:
            found = self.sound.stat()
        except OSError:
            return f"{self.name} missing"
        return f"{self.sound} {self.span} {found.st_size} {found.st_mtime_ns}"

    def samples(self, rate: int) -> Samples:
        """The recording at `rate` Hz. Raises SoundError."""
        sound = io.BytesIO(self.sound) if isinstance(self.sound, bytes) else self.sound
        return read_sound(sound, rate, name=self.name, span=self.span)


def read_utterances(spec: str, speech: SpeechConfig, split: Split) -> Iterator[Utterance]:
    """What a SPEC names, in order. Raises CorpusError for a fault of the whole; what is wrong with one line
    is in `bad`.

    A table (.tsv) with a header; a folder in the layout of Common Voice, LibriSpeech or Kaldi; hub:org/name.
    """
    if spec.startswith("hub:"):
        return _read_hub(spec, speech, split)
    path = Path(spec).expanduser()
    if spec.strip() and path.is_dir():
        read_folder = _folder_reader(path, split)
        if read_folder is None:
            raise CorpusError(
                f"{path}: holds no wav.scp (Kaldi), no {CLIPS}/ with {PARTS[split][0]} (Common Voice), "
                "no *.trans.txt "
                "(LibriSpeech); name a .tsv that lists the recordings"
            )
        return read_folder(path, speech)
    if spec.strip() and not path.exists():
        raise CorpusError(f"{spec}: no such file or folder; check the path")
    if uncompressed_suffix(path) != ".tsv":
        raise CorpusError(
            f"{spec!r}: unknown format of recordings with texts; give a .tsv with a header, a folder "
            "of Common Voice, "
            "LibriSpeech or Kaldi, or hub:org/name"
        )
    return _read_table(path, speech)


def lists_recordings(spec: str) -> bool:
    """Whether a SPEC is a table with a column of recordings and one of texts, or a folder of recordings."""
    path = Path(spec).expanduser()
    if path.is_dir():
        return _folder_reader(path, "test") is not None
    if not path.is_file() or uncompressed_suffix(path) != ".tsv":
        return False
    _, header, _ = next(_lines(path), ("", "", ""))
    names = {name.strip().lower() for name in header.split("\t")}
    return all(names & set(known) for known in (AUDIO_NAMES, TEXT_NAMES))


def _folder_reader(path: Path, split: Split) -> Callable[[Path, SpeechConfig], Iterator[Utterance]] | None:
    """The reader of a folder's layout; None of a folder in none of them."""
    if (path / "wav.scp").exists():
        return _read_kaldi
    for name in PARTS[split]:
        if (path / CLIPS).is_dir() and (path / name).exists():
            return lambda folder, speech: _read_table(folder / name, speech)
    return _read_librispeech if any(path.rglob("*.trans.txt")) else None


def find_column(names: Sequence[str], wanted: str, known: Sequence[str], where: str, flag: str) -> str:
    """The column asked for, or, if none was, one of those that others call it, in capitals or not.

    Raises CorpusError.
    """
    if wanted in names:
        return wanted
    written = {name.strip().lower(): name for name in names}
    found = [written[name] for name in known if wanted == known[0] and name in written]
    if not found:
        hint = f"name it by {flag}" if len(names) > 1 else "put a tab between two columns"
        raise CorpusError(f"{where}: has the columns {', '.join(names)}, but no {wanted}; {hint}")
    return found[0]


def _columns(names: Sequence[str], speech: SpeechConfig, where: str) -> tuple[str, str]:
    return (
        find_column(names, speech.audio_column, AUDIO_NAMES, where, "--audio-column"),
        find_column(names, speech.text_column, TEXT_NAMES, where, "--text-column"),
    )


def _lines(path: Path) -> Iterator[tuple[str, str, str]]:
    """Each line that is not blank: where it is, its text, and why it has none."""
    for number, line in enumerate(read_lines(path), start=1):
        where = f"{path}, line {number}"
        try:
            text = line.decode()
        except UnicodeDecodeError as problem:
            yield where, "", not_utf8(problem)
            continue
        if text.strip():
            yield where, text, ""


def _read_table(path: Path, speech: SpeechConfig) -> Iterator[Utterance]:
    """The rows of a table; recordings are named from its folder, or from clips/ beside it."""
    lines = _lines(path)
    where, header, bad = next(lines, ("", "", ""))
    names = header.split("\t")
    if bad:
        raise CorpusError(f"{where}: {bad}; save it as UTF-8")
    audio, text = (names.index(name) for name in _columns(names, speech, where or str(path)))
    folder = path.parent / CLIPS if (path.parent / CLIPS).is_dir() and names[audio] == "path" else path.parent
    for where, line, bad in lines:
        cells = line.split("\t")
        if not bad and len(cells) != len(names):
            bad = f"has {counted(len(cells), 'column')}, the header has {len(names)}"
        elif not bad and not cells[audio].strip():
            bad = "names no recording"
        if bad:
            yield Utterance(where, "", bad=f"{where}: {bad}")
        else:
            sound = folder / cells[audio]
            yield Utterance(str(sound), cells[text], sound, where=where)


def _read_librispeech(path: Path, _: SpeechConfig) -> Iterator[Utterance]:
    """Of each *.trans.txt the lines `ID TEXT`; ID.flac lies beside it, or ID.wav, .ogg, .mp3."""
    for transcript in sorted(path.rglob("*.trans.txt")):
        beside = {file.stem: file for file in transcript.parent.iterdir() if file.suffix != ".txt"}
        for where, line, bad in _lines(transcript):
            name, *text = line.split(maxsplit=1) or [""]
            sound = beside.get(name, transcript.parent / f"{name}.flac")
            problem = f"{where}: {bad}" if bad else ""
            yield Utterance(str(sound), "".join(text), sound, bad=problem, where=where)


def _read_kaldi(path: Path, _: SpeechConfig) -> Iterator[Utterance]:
    """wav.scp, text, and segments if there are any: `ID PATH`, `ID TEXT`, `ID RECORDING FROM TO`."""
    recordings = {name: rest for _, name, rest in _entries(path / "wav.scp")}
    spans: dict[str, tuple[str, tuple[float, float]]] = {}
    if (path / "segments").exists():
        for where, name, rest in _entries(path / "segments"):
            try:
                recording, start, end = rest.split()
                spans[name] = recording, (float(start), float(end))
            except ValueError:
                raise CorpusError(f"{where}: is not ID RECORDING FROM TO") from None
    for where, name, text in _entries(path / "text"):
        recording, span = spans.get(name, (name, None))
        file = recordings.get(recording)
        if file is None:
            yield Utterance(name, text, bad=f"{where}: {recording} is not in {path / 'wav.scp'}")
        elif file.endswith("|"):
            yield Utterance(
                name,
                text,
                bad=f"{path / 'wav.scp'}: {name} is a command, and mt runs none; write it to a file",
            )
        else:
            # From Kaldi's own working directory, or from the folder of wav.scp.
            sound = Path(file) if Path(file).exists() else path / file
            label = str(sound) if span is None else f"{sound} {span[0]:g}-{span[1]:g} s"
            yield Utterance(label, text, sound, span, where=where)


def _entries(path: Path) -> Iterator[tuple[str, str, str]]:
    for where, line, bad in _lines(path):
        if bad:
            raise CorpusError(f"{where}: {bad}; save it as UTF-8")
        name, *rest = line.strip().split(maxsplit=1)
        yield where, name, rest[0] if rest else ""


def _read_hub(spec: str, speech: SpeechConfig, split: Split) -> Iterator[Utterance]:
    """A data set with a column of the feature Audio."""
    import datasets

    part = load_part(spec, split)
    known = [name for name, feature in part.features.items() if isinstance(feature, datasets.Audio)]
    _, text = _columns([speech.audio_column, *part.column_names], speech, spec)
    if not known:
        raise CorpusError(f"{spec}: has no column of sound; it has {', '.join(part.column_names)}")
    audio = speech.audio_column if speech.audio_column in known else known[0]
    rows = part.select_columns([audio, text]).cast_column(audio, datasets.Audio(decode=False))
    for number, row in enumerate(rows):
        found = row[audio] or {}
        name = f"{spec} row {number}"
        if found.get("bytes"):
            yield Utterance(name, row[text] or "", found["bytes"])
        else:
            yield Utterance(name, row[text] or "", Path(found.get("path") or name))
