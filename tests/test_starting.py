"""Training that starts from a run: its weights, frozen parts, and what does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import mt
from mt import cli
from mt.checkpoint import read_config, read_tokenizers, save_setup
from mt.config import ModelConfig
from mt.errors import ConfigError
from mt.model import build_model
from mt.training.starting import freeze, spelling
from tests.runs import same_weights
from tests.tones import write_tones
from tests.toy import toy_pairs, train_arguments, write_tsv


def start(run: Path, folder: Path, *more: str) -> list[str]:
    """`mt train --init` on the toy language with the words of each sentence the other way round."""
    pairs = [(src, " ".join(reversed(tgt.split()))) for src, tgt in toy_pairs(60, seed=3)]
    train = write_tsv(folder / "new.tsv", pairs)
    validation = write_tsv(folder / "dev.tsv", pairs[:10])
    command = ["train", "--preset", "tiny", "--init", str(run), "--train", str(train), "--threads", "1"]
    command += ["--no-drop-duplicates", "--validation", str(validation), "--out", str(folder / "out")]
    return [*command, "--max-epochs", "1", *more]


def with_other_tokens(run: Path, path: Path) -> Path:
    """The settings and tokenizers of a run, with source and target exchanged."""
    config, metadata = read_config(run)
    src, tgt = read_tokenizers(run, config, metadata)
    save_setup(path, config, (tgt, src), {})
    return path


def weights(run: Path) -> dict[str, torch.Tensor]:
    return {name: row.detach() for name, row in mt.load(run).run.model.named_parameters()}


def test_a_run_starts_with_the_weights_of_another(
    toy_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With a learning rate of next to nothing it translates as that one does, and its shape is its own."""
    assert cli.main(start(toy_run, tmp_path, "--learning-rate", "1e-12")) == 0
    printed = capfd.readouterr().err
    assert f"source in the tokens of {toy_run}: " in printed
    texts = ["ba de", "ku mo ne"]
    assert mt.load(tmp_path / "out").translate(texts) == mt.load(toy_run).translate(texts)
    assert mt.load(tmp_path / "out").run.config.model == mt.load(toy_run).run.config.model


@pytest.mark.parametrize(
    ("preset", "flag", "default"),
    [
        ("attention", "--bag-of-words X", "0.0"),  # its model has no readout for the default preset's loss
        ("speech", "--ctc X", "0.5"),
        ("speech", "--validation-metric", "wer"),
    ],
)
def test_no_preset_has_to_be_named(
    preset: str, flag: str, default: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Losses that need a certain model, and all of sound, are those of the run; so says the help."""
    file = Path(mt.__file__).parent / "presets" / f"{preset}.toml"
    (tmp_path / "config.toml").write_bytes(file.read_bytes())
    assert cli.main(["train", "--init", str(tmp_path), "--train", "a.tsv", "--help-all"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert f" {flag}" in printed
    assert printed.partition(f" {flag}")[2].partition("(default: ")[2].startswith(f"{default})")


def test_frozen_parts_stay_and_the_others_learn(toy_run: Path, tmp_path: Path) -> None:
    assert (
        cli.main(start(toy_run, tmp_path, "--freeze", "encoder", "embeddings", "--average-decay", "0.5")) == 0
    )
    before, after = weights(toy_run), weights(tmp_path / "out")
    for name in before:
        kept = name.startswith("encoder.") or ".embedding." in name
        assert torch.equal(before[name], after[name]) is kept, name


def test_what_does_not_fit_is_one_line(
    toy_run: Path, attentive_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(start(toy_run, tmp_path)) == 0
    other = with_other_tokens(toy_run, tmp_path / "others")
    for more, message in (
        (["--init", str(attentive_run)], "other settings"),  # another run in the same directory
        (["--freeze", "encoder", "decoder", "--out", str(tmp_path / "x")], "leaves nothing to learn"),
        (["--encoder-hidden", "8", "--out", str(tmp_path / "y")], "where the settings say"),
        (["--src", "cc", "--out", str(tmp_path / "z")], "cannot be the start"),
        (["--tokenizer-from", str(other), "--out", str(tmp_path / "w")], "another source tokenizer"),
        (["--init", str(tmp_path / "none"), "--out", str(tmp_path / "v")], "no config.toml in it; name"),
    ):
        capfd.readouterr()
        assert cli.main([*start(toy_run, tmp_path), *more]) != 0
        last = capfd.readouterr().err.splitlines()[-1]
        assert last.startswith("mt")
        assert message in last
    assert cli.main(["train", "--preset", "tiny", "--freeze", "encoder", "--out", str(tmp_path / "u")]) == 2
    assert "name the run by --init" in capfd.readouterr().err
    assert (
        cli.main(["train", "--preset", "tiny", "--init-parts", "encoder", "--out", str(tmp_path / "u")]) == 2
    )
    assert "name the run by --init" in capfd.readouterr().err


@pytest.fixture(scope="module")
def shared_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One vocabulary and one matrix for both languages."""
    folder = tmp_path_factory.mktemp("shared")
    arguments = train_arguments(folder, pairs=60)
    assert cli.main([*arguments, "--shared", "--max-steps", "2", "--out", str(folder / "run")]) == 0
    return folder / "run"


@pytest.mark.parametrize("kind", ["toy_run", "shared_run"])
def test_the_encoder_alone_starts_another_target_language(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The source's tokenizer stays, the target gets its own, the decoder may have another size."""
    run = request.getfixturevalue(kind)
    pairs = [(src, " ".join(f"z{word}z" for word in src.split())) for src, _ in toy_pairs(60, seed=3)]
    train = write_tsv(tmp_path / "new.tsv", pairs)
    command = ["train", "--preset", "tiny", "--init", str(run), "--init-parts", "encoder", "--tgt", "zz"]
    command += ["--train", str(train), "--validation", str(train), "--threads", "1", "--out"]
    more = ["--decoder-hidden", "16", "--learning-rate", "1e-12", "--no-drop-duplicates", "--max-epochs", "1"]
    assert cli.main([*command, str(tmp_path / "out"), *more]) == 0
    printed = capfd.readouterr().err
    assert f"the encoder of {run} is the start" in printed
    assert f"source in the tokens of {run}: " in printed
    assert "target in the tokens" not in printed
    before, after = (mt.load(path).run for path in (run, tmp_path / "out"))
    assert after.src_tokenizer.fingerprint == before.src_tokenizer.fingerprint
    assert "z" in "".join(after.tgt_tokenizer.pieces(["zbaz"])[0])
    assert after.languages.target == "zz"
    old, new = (dict(one.model.encoder.named_parameters()) for one in (before, after))
    assert all(torch.allclose(old[name], new[name], atol=1e-6) for name in old)
    assert after.model.decoder.embedding.weight is not after.model.encoder.embedding.weight


def test_the_encoder_of_a_recogniser_starts_a_translator(
    spoken_run: Path, shared_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    train = write_tones(tmp_path, "new", 12, seed=8)
    train.write_text(train.read_text().replace("a", "x").replace("xudio", "audio").replace(".wxv", ".wav"))
    command = ["train", "--preset", "speech", "--init", str(spoken_run), "--train", str(train), "--tgt", "xx"]
    command += ["--validation", str(train), "--threads", "1", "--decay", "none", "--learning-rate", "1e-12"]
    command += ["--max-steps", "1"]
    assert cli.main([*command, "--out", str(tmp_path / "no")]) == 1
    assert "--init-parts encoder takes its encoder alone" in capfd.readouterr().err
    assert cli.main([*command, "--init-parts", "encoder", "--out", str(tmp_path / "out")]) == 0
    before, after = (mt.load(path).run for path in (spoken_run, tmp_path / "out"))
    assert after.config.speech.sample_rate == before.config.speech.sample_rate
    assert after.tgt_tokenizer.fingerprint != before.tgt_tokenizer.fingerprint
    old, new = (dict(one.model.encoder.named_parameters()) for one in (before, after))
    assert all(torch.allclose(old[name], new[name], atol=1e-6) for name in old)
    for more, message in (
        (["--sample-rate", "8000"], f"{spoken_run} needs --sample-rate 4000 here too"),
        (["--init", str(shared_run)], f"{shared_run} reads text, this training sound"),
        (["--freeze", "decoder"], "only the encoder can be frozen"),
        (["--shared"], "a tokenizer of its own"),
    ):
        assert cli.main([*command, "--init-parts", "encoder", *more, "--out", str(tmp_path / "x")]) != 0
        assert message in capfd.readouterr().err.splitlines()[-1]

    resumed, whole = tmp_path / "out", tmp_path / "whole"
    for out in (resumed, whole):
        assert cli.main([*command, "--init-parts", "encoder", "--max-steps", "2", "--out", str(out)]) == 0
    assert same_weights(resumed, whole)


def test_freezing_names_every_weight_of_a_part() -> None:
    config = ModelConfig(embedding=8, encoder_hidden=8, decoder_hidden=8)
    model = build_model(config, src_vocab=9, tgt_vocab=9, shared=True, pad_id=0)
    freeze(model, ["embeddings"])
    frozen = [name for name, row in model.named_parameters() if not row.requires_grad]
    assert frozen == ["encoder.embedding.weight"]  # one matrix for both sides
    with pytest.raises(ConfigError, match="nothing to learn"):
        freeze(model, ["encoder", "decoder"])


def test_spelling_names_the_words_that_take_many_tokens(toy_run: Path) -> None:
    tokenizer = mt.load(toy_run).run.src_tokenizer
    found = spelling(tokenizer, ["ba ba badefigoku", "ba"])
    assert found.endswith("25.0 % of the words take 4 or more, such as badefigoku")
    assert spelling(tokenizer, []) == "0.00 a word; 0.0 % of the words take 4 or more"
