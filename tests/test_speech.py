"""Sound to text through the real commands, on generated tones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mt import cli, load
from mt.config import Config, DataConfig, SearchConfig
from mt.config.files import load_preset
from mt.inspection.hearing import _looked_at, _words
from mt.model import Seq2Seq, build_model
from mt.search import search
from mt.speech.ctc import ctc_loss
from mt.speech.recordings import cut_texts, read_sounds
from mt.tokenizer import Tokenizer
from mt.training.losses import Losses
from mt.training.updater import Updater
from tests.runs import same_weights
from tests.tones import RATE, tone_samples, train_arguments, write_tones, write_wav


def small(**model: object) -> tuple[Config, Seq2Seq, Tokenizer]:
    """A small model of sound, untrained, with the letters of the tones."""
    preset = load_preset("speech")
    sizes = {"embedding": 24, "encoder_hidden": 24, "encoder_layers": 1, "decoder_hidden": 24} | model
    sizes |= {"dropout_embedding": 0.0, "dropout_layers": 0.0, "dropout_output": 0.0}
    speech = preset.speech.model_copy(update={"sample_rate": RATE, "mel_bands": 16})
    config = preset.model_copy(update={"model": preset.model.model_copy(update=sizes), "speech": speech})
    texts = ["a b c", "c b a"]
    tokenizer = Tokenizer.learn(iter(texts), config.tokenizer, 8)
    torch.manual_seed(1)
    sizes_of = {"src_vocab": tokenizer.vocab_size, "tgt_vocab": tokenizer.vocab_size}
    built = build_model(config.model, **sizes_of, shared=True, pad_id=0, speech=speech)
    return config, built, tokenizer


def test_a_batch_of_recordings_can_be_overfitted(tmp_path: Path) -> None:
    config, model, tokenizer = small()
    corpus = read_sounds(
        [str(write_tones(tmp_path, "train", 8, seed=3))], DataConfig(), config.speech, "train"
    )
    pairs = cut_texts(corpus, tokenizer)
    batch = pairs.batch(np.arange(8))
    training = config.training.model_copy(update={"label_smoothing": 0.0, "average_decay": 0.0})
    updater = Updater(
        model, training, torch.device("cpu"), "fp32", losses=Losses(training, ctc=config.speech.ctc)
    )
    for step in range(1, 151):
        updater.update([batch], step=step, learning_rate=1e-2)
    sources = [pairs.src[row] for row in range(8)]
    found = search(model, sources, SearchConfig(beam=1), torch.device("cpu"))
    assert tokenizer.decode([rows[0].ids for rows in found]) == corpus.dataset["tgt"][:]


def test_neither_padding_nor_neighbours_change_what_is_heard() -> None:
    _, model, _ = small()
    model.eval()
    frames = [
        torch.randn(length, 16, generator=torch.Generator().manual_seed(length)) for length in (5, 37, 90)
    ]
    together = torch.nn.utils.rnn.pad_sequence(frames, batch_first=True, padding_value=9.0)
    with torch.inference_mode():
        of_all = model.encode(together, torch.tensor([5, 37, 90]))
        for row, one in enumerate(frames):
            alone = model.encode(one.unsqueeze(0), torch.tensor([len(one)]))
            steps = int(alone.src_mask.sum())
            assert steps == -(-len(one) // 4) == int(of_all.src_mask[row].sum())
            torch.testing.assert_close(of_all.sentence_vector[row], alone.sentence_vector[0])
            assert of_all.memory is not None
            assert alone.memory is not None
            torch.testing.assert_close(of_all.memory[row, :steps], alone.memory[0])


def test_ctc_by_hand() -> None:
    """Two steps, one piece: the paths are (piece, blank), (blank, piece) and (piece, piece)."""
    output = torch.nn.Linear(1, 6, bias=False)
    with torch.no_grad():
        output.weight.copy_(torch.tensor([[0.0], [0.0], [0.0], [0.0], [1.0], [0.0]]))
    memory = torch.tensor([[[2.0], [1.0], [50.0]]])
    mask = torch.tensor([[True, True, False]])
    probabilities = torch.softmax(output(memory)[0].detach(), dim=1).tolist()
    piece, blank = ([row[index] for row in probabilities] for index in (4, 0))
    likelihood = piece[0] * blank[1] + blank[0] * piece[1] + piece[0] * piece[1]
    found = ctc_loss(output, memory, mask, torch.tensor([[4, Tokenizer.eos_id, Tokenizer.pad_id]]))
    assert found.item() == pytest.approx(-np.log(likelihood), rel=1e-5)
    too_long = ctc_loss(output, memory, mask, torch.tensor([[4, 4, 4, Tokenizer.eos_id]]))
    assert too_long.item() == 0.0


def test_a_run_stopped_and_resumed_is_the_run_that_was_not(tmp_path: Path) -> None:
    """Perturbation and masks too are drawn from (seed, epoch, position)."""
    arguments = [*train_arguments(tmp_path, recordings=40), "--validate-every", "3", "--max-epochs", "2"]
    arguments += ["--batch-tokens", "800", "--decay", "inverse_sqrt"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert cli.main([*arguments, "--out", str(whole)]) == 0
    assert cli.main([*arguments, "--max-steps", "4", "--out", str(parts)]) == 0
    assert cli.main([*arguments, "--out", str(parts)]) == 0
    assert same_weights(whole, parts)


def test_as_many_lines_as_recordings(
    spoken_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write_wav(tmp_path / "good.wav", tone_samples("a b", seed=5))
    (tmp_path / "bad.mp3").write_bytes(b"nothing")
    silent = write_wav(tmp_path / "silent.wav", np.zeros(RATE, np.int16))
    names = [str(good), str(tmp_path / "bad.mp3"), str(silent), str(good)]
    capsys.readouterr()
    assert cli.main(["translate", "-m", str(spoken_run), "--json", "--threads", "1", *names]) == 1
    out, problems = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["source"] for row in rows] == names
    assert rows[0]["parts"][0]["text"] == rows[0]["translation"] == rows[3]["translation"]
    assert rows[1]["translation"] == rows[2]["translation"] == ""
    assert "cannot be decoded" in rows[1]["error"]
    assert f"{silent}: is silent" in problems
    assert "2 of 4 recordings could not be read" in problems


def test_a_long_recording_is_cut_at_its_pauses(spoken_run: Path) -> None:
    translator = load(spoken_run, beam=1)
    assert translator.features is not None
    spoken = [tone_samples("a b c a", seed) for seed in range(8)]
    pause = np.zeros(RATE // 2, np.int16)
    from mt.speech.listening import Recording, cut

    long = np.concatenate([part for one in spoken for part in (one, pause)])
    parts = cut(long, translator.features, longest=1.3)
    assert max(part.end - part.start for part in parts) <= 1.3
    assert len(parts) >= 7
    loud = np.abs(long) > 500
    for part in parts[1:]:
        around = slice(int((part.start - 0.01) * RATE), int((part.start + 0.01) * RATE))
        assert not loud[around].any()
    (found,) = translator.transcribe([Recording("long", long)])
    longest = float(translator.run.metadata["longest_seconds"])
    assert max(part.end - part.start for part in found.heard) <= longest
    assert found.text == " ".join(part.text for part in found.heard if part.text)


def test_error_rates_of_a_run(spoken_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test = write_tones(tmp_path, "test", 6, seed=4)
    against = tmp_path / "perfect.txt"
    against.write_text("".join(line.split("\t")[1] + "\n" for line in test.read_text().splitlines()[1:]))
    arguments = ["evaluate", "-m", str(spoken_run), "--test", str(test), "--threads", "1", "--beam", "2"]
    capsys.readouterr()
    assert cli.main([*arguments, "--json", "--against", str(against), "--save", str(tmp_path / "s.txt")]) == 0
    found = json.loads(capsys.readouterr().out)
    wer, cer = found["scores"]
    assert (wer["name"], cer["name"]) == ("WER", "CER")
    errors = wer["substitutions"] + wer["deletions"] + wer["insertions"]
    assert wer["value"] == pytest.approx(100 * errors / wer["reference"])
    assert found["real_time_factor"] > 0
    assert found["comparisons"][0]["results"][0]["baseline"]["value"] == 0.0
    assert len((tmp_path / "s.txt").read_text().splitlines()) == 6


def test_flags_of_sound_need_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "--ctc", "0.3", "--out", str(tmp_path / "r")]) == 2
    assert "--ctc: no effect on text; --preset speech reads sound" in capsys.readouterr().err


def test_a_recording_from_inside(
    spoken_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wav = write_wav(tmp_path / "a.wav", tone_samples("a b", seed=5))
    asked = ["inspect", "-m", str(spoken_run), "--threads", "1", str(wav)]
    capsys.readouterr()
    assert cli.main(asked) == 0
    text = capsys.readouterr().out
    assert "moved" in text
    assert "steps of 40 ms" in text
    assert cli.main([*asked, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["source"] == str(wav)
    assert len(found["spectrogram"]) == len(found["movement"])
    assert cli.main([*asked, "--by-hand"]) == 2
    assert cli.main([*asked[:-1], str(tmp_path / "none.wav")]) == 1
    assert f"{tmp_path / 'none.wav'}: No such file" in capsys.readouterr().err


def test_attention_at_rest_is_left_out() -> None:
    rows = np.array([[0.0, 0.9, 0.0, 0.1], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.001, 0.999]])
    words = _words(("▁", "a", "▁b"), "en")
    assert words == [("▁a", 0, 2), ("▁b", 2, 3)]
    looked = _looked_at(rows, words)
    assert looked == pytest.approx(np.array([[0, 1, 0, 0], [0, 0, 0.001, 0.999]]))


def test_a_file_of_transcripts_has_the_error_rates_of_the_run_that_wrote_it(
    spoken_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, saved = write_tones(tmp_path, "test", 6, seed=9), tmp_path / "heard.txt"
    common = ["--test", str(table), "--json", "--worst", "0"]

    def scored(*arguments: str) -> dict[str, Any]:
        capsys.readouterr()
        assert cli.main(["evaluate", *common, *arguments]) == 0
        return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]

    of_run = scored("-m", str(spoken_run), "--threads", "1", "--save", str(saved))
    both = scored("--hypotheses", str(saved), "--against", str(spoken_run), "--threads", "1")
    assert both["scores"] == of_run["scores"]
    assert both["comparisons"][0]["results"][0]["p_value"] == 1.0
    for recording in (tmp_path / "test").iterdir():
        recording.unlink()
    assert scored("--hypotheses", str(saved))["scores"] == of_run["scores"]
    translated = scored("--hypotheses", str(saved), "--src", "cs", "--tgt", "en")
    assert translated["scores"][0]["name"] == "BLEU"


def test_columns_of_other_names_are_those_of_the_options(
    spoken_run: Path, toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, saved = write_tones(tmp_path, "test", 6, seed=9), tmp_path / "heard.txt"
    table.write_text(table.read_text().replace("audio\ttext", "clip\twords", 1))
    named = ["--audio-column", "clip", "--text-column", "words"]
    asked = ["evaluate", "--test", str(table), "--threads", "1", "-m", str(spoken_run), "--save", str(saved)]
    assert cli.main([*asked, *named]) == 0
    of_run = capsys.readouterr().out
    assert cli.main(["evaluate", "--test", str(table), "--hypotheses", str(saved), *named]) == 0
    assert of_run.splitlines()[1] in capsys.readouterr().out
    for wrong, code, told in (
        (asked, 1, "has the columns clip, words, but no audio; name it by --audio-column"),
        ([*asked, *named[:3], "spoken"], 1, "but no spoken; name it by --text-column"),
        (
            ["evaluate", "-m", str(toy_run), *named],
            2,
            "leave out --audio-column, --text-column: the test is text",
        ),
    ):
        assert cli.main(wrong) == code
        assert told in capsys.readouterr().err


def test_transcripts_that_cannot_be_scored_are_told_in_a_line(
    toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, heard = tmp_path / "t.tsv", tmp_path / "heard.txt"
    heard.write_text("a\n", encoding="utf-8")
    arguments = ["evaluate", "--hypotheses", str(heard), "--test", str(table)]
    for rows, told in (
        ("1.wav\ta\n2.wav", "t.tsv, line 3: has 1 column, the header has 2; mend it"),
        ("1.wav\t \n", "holds no texts"),
        ("1.wav\ta\n2.wav\tb\n", "has 1 line but"),
    ):
        table.write_text(f"audio\ttext\n{rows}", encoding="utf-8")
        assert cli.main(arguments) == 1
        assert told in capsys.readouterr().err
    table.write_text("audio\ttext\n1.wav\ta\n", encoding="utf-8")
    assert cli.main([*arguments, "--against", str(toy_run), "--threads", "1"]) == 1
    assert f"{toy_run} reads text, but {table} holds recordings" in capsys.readouterr().err
