"""Several models as one, in search, in measurement, in every command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import mt
from mt import cli
from mt.config import ModelConfig, SearchConfig
from mt.data.batches import collate
from mt.decoding.ensemble import Ensemble
from mt.model import Seq2Seq, build_model
from mt.search import BOS, EOS, search
from mt.tokenizer import Tokenizer
from tests.toy import toy_pairs, train_arguments, write_tsv

VOCAB = 9
CPU = torch.device("cpu")
SHAPES = [
    ModelConfig(embedding=8, encoder_hidden=8, decoder_hidden=8),
    ModelConfig(embedding=6, encoder_hidden=5, decoder_hidden=7, cell="lstm", attention="general"),
    ModelConfig(embedding=6, encoder_hidden=5, decoder_hidden=7, attention="mlp", decoder_layers=2),
]


def members() -> list[Seq2Seq]:
    torch.manual_seed(4)
    found = [
        build_model(shape, src_vocab=VOCAB, tgt_vocab=VOCAB, shared=False, pad_id=0).eval()
        for shape in SHAPES
    ]
    with torch.no_grad():
        for model in found:
            model.decoder.output.weight.mul_(4)
    return found


SOURCES = [[4, 5, 6], [7], [5, 5, 4, 7, 6], [6, 4]]


@pytest.mark.parametrize("beam", [1, 3])
def test_an_ensemble_of_one_and_of_twins_is_that_model(beam: int) -> None:
    config = SearchConfig(beam=beam)
    for model in members():
        alone = search(model, SOURCES, config, CPU)
        for ensemble in (Ensemble([model]).eval(), Ensemble([model, model]).eval()):
            found = search(ensemble, SOURCES, config, CPU)
            assert [rows[0].ids for rows in found] == [rows[0].ids for rows in alone]
            assert [rows[0].log_prob for rows in found] == pytest.approx(
                [rows[0].log_prob for rows in alone], abs=1e-4
            )


@pytest.mark.parametrize("beam", [1, 3])
def test_a_hypothesis_has_the_mean_of_what_each_model_gives_it(beam: int) -> None:
    """Against teacher forcing, worked out from each model's own logits."""
    models = members()
    for source, found in zip(
        SOURCES, search(Ensemble(models).eval(), SOURCES, SearchConfig(beam=beam), CPU), strict=True
    ):
        best = found[0]
        closed = len(best.ids) < 3 * (len(source) + 1) + 10
        out = [*best.ids, EOS] if closed else list(best.ids)
        src = torch.tensor([[*source, EOS]])
        with torch.no_grad():
            given = [
                model.decode(
                    torch.tensor([[BOS, *out[:-1]]]), model.encode(src, torch.tensor([src.shape[1]]))
                ).log_softmax(-1)[0, range(len(out)), out]
                for model in models
            ]
        assert best.log_prob == pytest.approx(torch.stack(given).sum(dim=1).mean().item(), abs=1e-4)


def test_the_likelihood_is_of_the_mean_of_the_probabilities() -> None:
    models = members()
    rows = [torch.tensor(row).numpy() for row in SOURCES]
    batch = collate(rows, rows[::-1], pad_id=0, bos_id=BOS, eos_id=EOS)
    with torch.no_grad():
        nll = Ensemble(models).nll(batch)
        encoded = [model.encode(batch.src, batch.src_lengths) for model in models]
        mean = torch.stack(
            [
                model.decode(batch.tgt_in, part).softmax(-1)
                for model, part in zip(models, encoded, strict=True)
            ]
        ).mean(dim=0)
    chosen = mean.gather(2, batch.tgt_out.unsqueeze(2)).squeeze(2)[batch.tgt_out != 0]
    assert nll.item() == pytest.approx(-chosen.log().sum().item(), rel=1e-5)
    torch.testing.assert_close(Ensemble(models[:1]).nll(batch), models[0].nll(batch))


def test_alignments_are_of_those_that_attend() -> None:
    models = members()
    ensemble = Ensemble(models)
    src, lengths, tgt_in = torch.tensor([[4, 5, EOS]]), torch.tensor([3]), torch.tensor([[BOS, 6]])
    weights = ensemble.align(tgt_in, ensemble.encode(src, lengths))
    own = [model.align(tgt_in, model.encode(src, lengths)) for model in models]
    assert own[0] is None
    torch.testing.assert_close(weights, torch.stack([part for part in own if part is not None]).mean(dim=0))
    assert ensemble.attends
    assert not Ensemble(models[:1]).attends
    assert Ensemble(models[:1]).align(tgt_in, ensemble.encode(src, lengths)[:1]) is None


def test_two_runs_translate_together(
    toy_run: Path, attentive_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ["-m", str(toy_run), "-m", str(attentive_run)]
    assert cli.main(["translate", *both, "--alignments", "ba de", "--threads", "1"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("BA DE ||| 0-0")
    assert f"model: {toy_run} + {attentive_run}; " in captured.err
    assert mt.load(toy_run, attentive_run, device="cpu", precision="int8").translate(["ba de"]) == ["BA DE"]


def test_two_runs_are_measured_together(
    toy_run: Path, attentive_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its hypotheses do not overwrite those of the first run alone."""
    test = write_tsv(tmp_path / "test.tsv", toy_pairs(20, seed=9))
    arguments = ["evaluate", "--test", str(test), "--json", "--threads", "1"]
    found = {}
    for runs in ((toy_run,), (attentive_run,), (toy_run, attentive_run)):
        assert cli.main([*arguments, *(part for run in runs for part in ("-m", str(run)))]) == 0
        found[runs] = json.loads(capsys.readouterr().out)
    together = found[(toy_run, attentive_run)]
    assert together["system"] == f"{toy_run} + {attentive_run}"
    assert together["hypotheses"] == str(toy_run / "hypotheses.ensemble.test.txt")
    alone = [found[(run,)]["perplexity"] for run in (toy_run, attentive_run)]
    assert together["perplexity"] < max(alone)


def test_runs_with_other_pieces_cannot(
    toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.conftest import learn

    other = learn(tmp_path, "--vocab-size", "20", "--max-epochs", "1")
    capsys.readouterr()
    assert cli.main(["translate", "-m", str(toy_run), "-m", str(other), "ba"]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(f"mt: {toy_run} and {other} have different tokenizers")
    assert error.endswith(f"train the second with --tokenizer-from {toy_run}")


def test_runs_on_other_pairs_can_with_the_pieces_of_one(toy_run: Path, tmp_path: Path) -> None:
    """Fewer pairs alone would have given other pieces; the run goes on by the same command."""
    arguments = train_arguments(tmp_path, pairs=60)
    arguments += ["--tokenizer-from", str(toy_run), "--out", str(tmp_path / "run")]
    assert cli.main([*arguments, "--max-epochs", "1"]) == 0
    assert cli.main([*arguments, "--max-epochs", "2"]) == 0
    for name in ("src.spm", "tgt.spm"):
        assert (tmp_path / "run" / name).read_bytes() == (toy_run / name).read_bytes()
    assert cli.main(["translate", "-m", str(toy_run), "-m", str(tmp_path / "run"), "ba"]) == 0


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (["--shared"], "needs --no-shared here too"),
        (["--vocab-size", "20"], "needs --vocab-size {size} here too"),
        (["--algorithm", "bpe", "--byte-fallback"], "needs --algorithm unigram --no-byte-fallback here too"),
        (["--markup"], "needs --no-markup here too"),
    ],
)
def test_pieces_of_another_run_must_suit(
    more: list[str], problem: str, toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    arguments = [
        *train_arguments(tmp_path, pairs=60),
        "--tokenizer-from",
        str(toy_run),
        "--out",
        str(out),
        *more,
    ]
    assert cli.main(arguments) == 1
    size = Tokenizer((toy_run / "src.spm").read_bytes()).vocab_size
    assert problem.format(size=size) in capsys.readouterr().err
    assert not (out / "config.toml").exists()


def test_pieces_of_a_run_must_know_the_language(
    toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = train_arguments(tmp_path, pairs=60)
    for index in (arguments.index("--train"), arguments.index("--validation")):
        arguments[index + 1] = "aa-bb=" + arguments[index + 1]
    arguments += ["--tokenizer-from", str(toy_run), "--out", str(tmp_path / "run")]
    assert cli.main(arguments) == 1
    assert f"{toy_run} was not trained for <2bb> and has no token for it" in capsys.readouterr().err
    arguments[arguments.index(str(toy_run))] = str(tmp_path / "nowhere")
    assert cli.main(arguments) == 1
    assert f"{tmp_path / 'nowhere'} does not exist; name the directory of a run" in capsys.readouterr().err


def test_load_wants_a_run() -> None:
    with pytest.raises(TypeError, match="name a run directory"):
        mt.load()
