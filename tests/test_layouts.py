"""Corpora of speech as others lay them out, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import datasets
import numpy as np
import pytest

from mt.config import DataConfig
from mt.config.speech import SpeechConfig
from mt.errors import CorpusError
from mt.speech.layouts import read_utterances
from mt.speech.recordings import hold_out_sounds, read_sounds
from tests.tones import RATE, tone_samples, write_tones, write_wav

SPEECH = SpeechConfig(sound=True, sample_rate=RATE, mel_bands=16)


def texts(spec: Path | str, split: str = "train") -> list[tuple[str, str]]:
    found = read_utterances(str(spec), SPEECH, split)  # type: ignore[arg-type]
    return [(Path(one.name).name, one.bad or one.text) for one in found]


def test_common_voice(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "dev.tsv").write_text("client_id\tpath\tsentence\nx\ta.mp3\tHello there.\n")
    (tmp_path / "train.tsv").write_text("client_id\tpath\tsentence\nx\tb.mp3\tGood day.\n")
    assert texts(tmp_path) == [("b.mp3", "Good day.")]
    assert texts(tmp_path, "validation") == [("a.mp3", "Hello there.")]
    (one,) = read_utterances(str(tmp_path / "dev.tsv"), SPEECH, "train")
    assert one.sound == tmp_path / "clips" / "a.mp3"


def test_librispeech(tmp_path: Path) -> None:
    folder = tmp_path / "19" / "198"
    folder.mkdir(parents=True)
    (folder / "19-198.trans.txt").write_text("19-198-0000 NORTHANGER ABBEY\n19-198-0001 THIS\n")
    (folder / "19-198-0001.wav").touch()
    assert texts(tmp_path) == [("19-198-0000.flac", "NORTHANGER ABBEY"), ("19-198-0001.wav", "THIS")]


def test_kaldi_with_segments_and_commands(tmp_path: Path) -> None:
    write_wav(tmp_path / "long.wav", np.arange(RATE, dtype=np.int16))
    (tmp_path / "wav.scp").write_text(f"r1 {tmp_path / 'long.wav'}\nr2 sox x.sph -t wav - |\n")
    (tmp_path / "text").write_text("u1 one two\nr2 three\nu9 four\n")
    (tmp_path / "segments").write_text("u1 r1 0.25 0.5\n")
    first, second, third = read_utterances(str(tmp_path), SPEECH, "train")
    assert first.text == "one two"
    np.testing.assert_array_equal(first.samples(RATE), np.arange(RATE // 4, RATE // 2))
    assert "is a command, and mt runs none" in second.bad
    assert "text, line 3: u9 is not in" in third.bad


def test_a_data_set_with_a_column_of_audio(tmp_path: Path) -> None:
    wavs = [write_wav(tmp_path / f"{name}.wav", tone_samples(name, 1)) for name in "ab"]
    columns = {"sound": list(map(str, wavs)), "sentence": ["a", "b"]}
    part = datasets.Dataset.from_dict(columns).cast_column("sound", datasets.Audio(decode=False))
    (tmp_path / "data").mkdir()
    part.to_parquet(str(tmp_path / "data" / "train-00000.parquet"))
    found = list(read_utterances(f"hub:{tmp_path / 'data'}", SPEECH, "train"))
    assert [one.text for one in found] == ["a", "b"]
    assert len(found[1].samples(RATE)) == len(tone_samples("b", 1))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("wav\tlabel\n", "has the columns wav, label, but no text; name it by --text-column"),
        ("audio\ttext\n", "names no recordings"),
        ("", "is empty"),
        ("audio\ttext\nx.wav\thi\tmore\n", "line 2: has 3 columns, the header has 2"),
        ("audio\ttext\n\nx.wav\thi\n", "t.tsv, line 3: .*x.wav: No such file"),
        ("audio\ttext\n \thi\n", "line 2: names no recording"),
        ("audio,text\nx.wav,hi\n", "no audio; put a tab between two columns"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path: Path, content: str, problem: str) -> None:
    table = tmp_path / "t.tsv"
    table.write_text(content)
    with pytest.raises(CorpusError, match=problem) as caught:
        read_sounds([str(table)], DataConfig(), SPEECH, "train")
    assert str(tmp_path) in str(caught.value)


def test_what_is_wrong_is_said_again_once_the_table_has_changed(tmp_path: Path) -> None:
    table = tmp_path / "t.tsv"
    for row, problem in (("a\tb\tc", "has 3 columns"), (" \tb", "names no recording")):
        table.write_text(f"audio\ttext\n{row}\n")
        with pytest.raises(CorpusError, match=problem):
            read_sounds([str(table)], DataConfig(), SPEECH, "train")


def test_a_header_in_capitals_with_spaces_is_read(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone_samples("a", 1))
    (tmp_path / "t.tsv").write_bytes(b"\xef\xbb\xbfAudio\t Sentence \r\na.wav\tThe text\r\n")
    corpus = read_sounds([str(tmp_path / "t.tsv")], DataConfig(), SPEECH, "train")
    assert corpus.dataset["tgt"][:] == ["The text"]


def test_folders_and_files_of_no_known_layout(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no wav.scp \(Kaldi\)"):
        texts(tmp_path)
    with pytest.raises(CorpusError, match="no such file or folder"):
        texts(tmp_path / "none.tsv")
    with pytest.raises(CorpusError, match="unknown format of recordings"):
        texts("")
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(CorpusError, match="unknown format of recordings"):
        texts(tmp_path / "x.json")


def test_the_report_counts_hours_and_what_was_dropped(tmp_path: Path) -> None:
    table = write_tones(tmp_path, "train", 9, seed=1)
    write_wav(tmp_path / "long.wav", np.full(5 * RATE, 900, np.int16))
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    with table.open("a") as file:
        file.write("long.wav\ta\nbroken.wav\tb\ntrain/0.wav\t \n")
    speech = SPEECH.model_copy(update={"max_seconds": 4.0})
    corpus = read_sounds([str(table)], DataConfig(on_bad_line="skip"), speech, "train")
    (source,) = corpus.report.sources
    assert (source.read, source.kept, source.bad_lines) == (11, 9, 1)
    assert source.dropped == {"longer than 4 s": 1, "without text": 1}
    text = " ".join(corpus.report.lines())
    assert f"9 recordings, {corpus.sounds.seconds.sum() / 3600:.2f} hours" in text
    assert "characters a second" in text
    # The second time it comes from the cache, the same.
    again = read_sounds([str(table)], DataConfig(on_bad_line="skip"), speech, "train")
    assert again.fingerprint == corpus.fingerprint
    np.testing.assert_array_equal(again.sounds[3], corpus.sounds[3])
    rest, held = hold_out_sounds(corpus, 3, seed=1)
    assert sorted(rest.dataset["src"][:] + held.dataset["src"][:]) == sorted(corpus.dataset["src"][:])
    assert len(held.sounds) == 3
