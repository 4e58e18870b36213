"""What came next at the nearest places of other text: the formula, the index, every command that recalls."""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path

import datasets
import faiss
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import mt
from mt import cli
from mt.checkpoint import Run, load_run
from mt.commands.tune import TEMPERATURES, WEIGHTS
from mt.config import DatastoreConfig, ModelConfig, SearchConfig
from mt.console import Console
from mt.data.batches import IntArray, frame
from mt.data.encoded import PiecePairs
from mt.decoding import datastore
from mt.decoding.datastore import Datastore, Recalling, recalling
from mt.decoding.ensemble import Ensemble
from mt.errors import MissingExtraError, RunError
from mt.model import Seq2Seq, build_model
from mt.search import BOS, search
from tests.toy import toy_pairs, write_tsv

VOCAB = 9
CPU = torch.device("cpu")


def model(shape: ModelConfig | None = None) -> Seq2Seq:
    torch.manual_seed(4)
    shape = shape or ModelConfig(embedding=8, encoder_hidden=8, decoder_hidden=8, readout_size=2, tied=False)
    return build_model(shape, src_vocab=VOCAB, tgt_vocab=VOCAB, shared=False, pad_id=0).eval()


def store(keys: list[list[float]], pieces: list[int]) -> Datastore:
    index = faiss.IndexFlatL2(len(keys[0]))
    index.add(np.array(keys, dtype=np.float32))
    return Datastore(index, torch.tensor(pieces), np.zeros(1, np.int64))


def config(**settings: object) -> DatastoreConfig:
    return DatastoreConfig.model_validate({"datastore": ("here",), **settings})


def run_with(toy_run: Path, path: Path, **settings: object) -> Run:
    """The toy run with the pairs of a file to recall."""
    found = config(datastore=(str(path),), **settings)
    return recalling([load_run(toy_run, CPU)], found, Console())[0][0]


def test_the_formula_written_out() -> None:
    """Three of four places, at cosines 1, 0.8 and 0 of a readout of length 5; one piece twice."""
    keys = [[1.0, 0.0], [0.8, 0.6], [0.0, -1.0], [-1.0, 0.0]]
    settings = config(datastore_neighbours=3, datastore_temperature=0.5, datastore_weight=0.3)
    plain, readouts = model(), torch.tensor([[5.0, 0.0]])
    found = Recalling(plain, store(keys, [5, 7, 5, 6]), settings)
    with torch.no_grad():
        own = plain.log_probs(readouts).exp()[0]
        mixed = found.log_probs(readouts).exp()[0]
    weights = [math.exp(-(2 - 2 * cosine) / 0.5) for cosine in (1, 0.8, 0)]
    expected = [0.7 * probability for probability in own.tolist()]
    expected[5] += 0.3 * (weights[0] + weights[2]) / sum(weights)
    expected[7] += 0.3 * weights[1] / sum(weights)
    assert mixed.tolist() == pytest.approx(expected, abs=1e-6)


def test_more_neighbours_than_places_are_all_of_them() -> None:
    found = Recalling(model(), store([[1.0, 0.0], [0.0, 2.0]], [5, 7]), config())
    with torch.no_grad():
        log_probs = found.log_probs(torch.randn(2, 3, 2))
    assert log_probs.shape == (2, 3, VOCAB)
    torch.testing.assert_close(log_probs.logsumexp(dim=2), torch.zeros(2, 3), atol=1e-5, rtol=0)


SHAPES = [
    ModelConfig(embedding=8, encoder_hidden=8, decoder_hidden=8, readout_size=4, tied=False),
    ModelConfig(
        embedding=6,
        encoder_hidden=5,
        decoder_hidden=4,
        decoder_layers=2,
        cell="lstm",
        attention="general",
        attention_position="between",
        readout=False,
        feed_readout=False,
        tied=False,
    ),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_step_at_a_time_is_teacher_forcing(shape: ModelConfig) -> None:
    keys = torch.randn(50, 4, generator=torch.Generator().manual_seed(1)).tolist()
    found = Recalling(model(shape), store(keys, [4 + place % 5 for place in range(50)]), config())
    batch = frame([np.array([4, 5, 6]), np.array([7])], [np.array([8, 4]), np.array([5, 5, 6])])
    with torch.no_grad():
        at_once = found.predict(batch)
        encoded = found.encode(batch.src, batch.src_lengths)
        state, prepared = found.start(encoded), found.prepare(encoded)
        for time in range(batch.tgt_in.shape[1]):
            log_probs, state = found.step(batch.tgt_in[:, time], state, prepared)
            torch.testing.assert_close(log_probs, at_once[:, time], atol=1e-5, rtol=1e-4)
        chosen = at_once.gather(2, batch.tgt_out.unsqueeze(2)).squeeze(2)[batch.tgt_out != 0]
        assert found.nll(batch).item() == pytest.approx(-chosen.sum().item(), rel=1e-5)


def test_members_recall_each_by_itself() -> None:
    one, other = model(SHAPES[0]), model(SHAPES[1])
    keys = torch.randn(20, 4, generator=torch.Generator().manual_seed(1)).tolist()
    members = [
        Recalling(one, store(keys, [5] * 20), config()),
        Recalling(other, store(keys, [6] * 20), config()),
    ]
    ensemble = Ensemble(members).eval()
    src, lengths, previous = torch.tensor([[4, 5, 3]]), torch.tensor([3]), torch.tensor([BOS])
    with torch.no_grad():
        encoded = ensemble.encode(src, lengths)
        together, _ = ensemble.step(previous, ensemble.start(encoded), ensemble.prepare(encoded))
        alone = [
            member.step(previous, member.start(part), member.prepare(part))[0]
            for member, part in zip(members, encoded, strict=True)
        ]
    torch.testing.assert_close(together, torch.stack(alone).mean(dim=0))
    assert alone[0].argmax() == 5
    assert alone[1].argmax() == 6


@pytest.mark.parametrize("few", [20_000, 100])
def test_what_was_seen_before_is_recalled_word_for_word(
    few: int, toy_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By pairs whose second side no model could guess; of all places or those of some cells."""
    monkeypatch.setattr(datastore, "_FEW", few)
    sources = sorted({source for source, _ in toy_pairs(300, seed=few)})
    pairs = list(zip(sources, [text.upper() for text in reversed(sources)], strict=True))
    run = run_with(
        toy_run, write_tsv(tmp_path / f"pairs{few}.tsv", pairs), datastore_neighbours=1, datastore_weight=0.99
    )
    assert isinstance(run.model, Recalling)
    assert isinstance(run.model.datastore.index, faiss.IndexRefine) == (few == 100)
    ids = run.src_tokenizer.encode(sources)
    found = search(run.model, ids, SearchConfig(beam=1), CPU)
    texts = run.tgt_tokenizer.decode([rows[0].ids for rows in found], sources)
    assert texts == [target for _, target in pairs]


@pytest.mark.parametrize("size", [6, 5])
def test_keys_of_any_size_can_be_kept(size: int) -> None:
    keys = np.random.default_rng(1).normal(size=(300, size)).astype(np.float32)
    index = faiss.index_factory(size, datastore._layout(size, 4))
    index.train(keys)
    index.add(keys)
    assert isinstance(index, faiss.IndexRefine)
    faiss.extract_index_ivf(index).nprobe = 4
    index.k_factor = 8
    assert index.search(keys, 1)[1][:, 0].tolist() == list(range(300))


def test_a_datastore_is_made_once_for_each_model(
    toy_run: Path, attentive_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = write_tsv(tmp_path / "once.tsv", toy_pairs(30, seed=6))
    made: list[int] = []
    keys = datastore._keys

    def counted(model: Seq2Seq, pairs: PiecePairs, rows: IntArray) -> NDArray[np.float32]:
        made.append(len(rows))
        return keys(model, pairs, rows)

    monkeypatch.setattr(datastore, "_keys", counted)
    first = run_with(toy_run, pairs)
    count = len(made)
    assert count > 0
    again = run_with(toy_run, pairs)
    assert len(made) == count
    assert isinstance(first.model, Recalling)
    assert isinstance(again.model, Recalling)
    rows = torch.randn(3, first.model.decoder.output.in_features)
    for one, two in zip(
        first.model.datastore.nearest(rows, 4), again.model.datastore.nearest(rows, 4), strict=True
    ):
        torch.testing.assert_close(one, two)
    run_with(attentive_run, pairs)
    assert len(made) == 2 * count


@pytest.mark.parametrize("damage", [b"nothing", None])
def test_a_damaged_one_is_named(damage: bytes | None, toy_run: Path, tmp_path: Path) -> None:
    """Whether it is no such file, or one that ends early."""
    pairs = write_tsv(tmp_path / "damaged.tsv", toy_pairs(20, seed=11 + (damage is None)))
    folder = Path(datasets.config.HF_DATASETS_CACHE) / "mt"
    before = set(folder.glob("datastore-*"))
    run_with(toy_run, pairs)
    (made,) = set(folder.glob("datastore-*")) - before
    made.write_bytes(made.read_bytes()[:-1] if damage is None else damage)
    with pytest.raises(RunError, match="is damaged; delete it, and it will be made again"):
        run_with(toy_run, pairs)
    made.unlink()
    run_with(toy_run, pairs)


def strange(tmp_path: Path) -> Path:
    """Pairs that say another thing than the toy language's; their targets have ten places."""
    return write_tsv(
        tmp_path / "strange.tsv", [("ba de", "KU MO LA NE"), ("fi go", "LA"), ("ku la", "MO NE")]
    )


def command(name: str, run: Path, pairs: Path) -> list[str]:
    """A command of mt with a run and pairs to recall."""
    return [name, "-m", str(run), "--threads", "1", "--datastore", str(pairs)]


WHOLLY = ["--datastore-weight", "0.99", "--datastore-neighbours", "1"]


def test_translate(toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [*command("translate", toy_run, strange(tmp_path)), "ba de"]
    for precision in ("fp32", "int8"):
        assert cli.main([*arguments, *WHOLLY, "--precision", precision]) == 0
        captured = capsys.readouterr()
        assert captured.out == "KU MO LA NE\n"
        assert "datastore: 10 positions in 3 pairs" in captured.err
    assert cli.main([*arguments, "--datastore-weight", "0.01"]) == 0
    assert capsys.readouterr().out == "BA DE\n"
    both = [*arguments, *WHOLLY, "-m", str(toy_run)]
    assert cli.main(both) == 0
    assert capsys.readouterr().out == "KU MO LA NE\n"


def test_temperature_says_how_near_is_near(toy_run: Path, tmp_path: Path) -> None:
    """The lower, the more the nearest of all places counts."""
    likeliest = []
    for temperature in (0.01, 100.0):
        run = run_with(toy_run, strange(tmp_path), datastore_temperature=temperature, datastore_weight=0.99)
        with torch.no_grad():
            probs = run.model.log_probs(torch.ones(1, run.model.decoder.output.in_features)).exp()
        likeliest.append(float(probs.max()))
    assert likeliest[0] > 1.5 * likeliest[1]


def test_from_python(toy_run: Path, tmp_path: Path) -> None:
    """The defaults leave what the model is sure of as it is."""
    pairs = write_tsv(tmp_path / "pairs.tsv", toy_pairs(30, seed=6))
    assert mt.load(toy_run, datastore=str(pairs)).translate(["ba de"]) == ["BA DE"]
    assert mt.load(toy_run, datastore=[str(pairs), str(strange(tmp_path))]).recalled is not None
    assert mt.load(toy_run).recalled is None


def test_evaluate(toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The other run has no datastore, so that one is compared with itself; files are apart."""
    path = strange(tmp_path)
    arguments = ["evaluate", "-m", str(toy_run), "--test", str(path), "--threads", "1", "--json"]
    assert cli.main(arguments) == 0
    alone = json.loads(capsys.readouterr().out)
    assert alone["datastore"] is None
    recall = ["--datastore", str(path), *WHOLLY]
    assert cli.main([*arguments, *recall, "--against", str(toy_run)]) == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert "3 of 3 pairs to be scored occur in the datastore, so scores are too high" in captured.err
    assert found["datastore"]["datastore_weight"] == 0.99
    assert found["hypotheses"] == str(toy_run / "hypotheses.datastore.strange.txt")
    assert found["perplexity"] < 1.1 < alone["perplexity"]
    assert found["comparisons"][0]["results"][0]["baseline"]["value"] == pytest.approx(
        alone["scores"][0]["value"]
    )
    assert cli.main(["evaluate", "--hypotheses", str(path), "--test", str(path), *recall[:2]]) == 2
    assert "leave out --datastore: --hypotheses needs no model" in capsys.readouterr().err


DATASTORE_FLAGS = ("datastore_weight", "datastore_temperature")


def test_tune(toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each weight and temperature has the perplexity of evaluating with it; the best are searched by."""
    path = str(strange(tmp_path))
    recall = ["-m", str(toy_run), "-m", str(toy_run), "--threads", "1", "--datastore", path]
    arguments = ["evaluate", "--tune", *recall, "--validation", path]
    assert cli.main([*arguments, "--json"]) == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert "3 of 3 pairs to be scored occur in the datastore" in captured.err
    flags = [f"--{name.replace('_', '-')}={found['datastore']['best'][name]}" for name in DATASTORE_FLAGS]
    penalty = f"--length-penalty={found['best']['length_penalty']}"
    assert cli.main(["evaluate", *recall, *flags, penalty, "--test", path, "--json"]) == 0
    assert found["best"]["bleu"] == pytest.approx(json.loads(capsys.readouterr().out)["scores"][0]["value"])
    trials = found["datastore"]["trials"]
    assert len(trials) == len(WEIGHTS) * len(TEMPERATURES)
    assert found["datastore"]["best"] == min(trials, key=lambda trial: trial["perplexity"])
    assert found["datastore"]["best"]["datastore_weight"] == 0.9
    assert found["datastore"]["best"]["datastore_temperature"] == min(TEMPERATURES)
    # The nearest position is the reference's own: each token has nine tenths, and what the model adds.
    assert 1 < found["datastore"]["best"]["perplexity"] < 1 / 0.9
    for trial in trials[:: len(trials) // 3]:
        flags = [f"--{name.replace('_', '-')}={trial[name]}" for name in DATASTORE_FLAGS]
        assert cli.main(["evaluate", *recall, *flags, "--test", path, "--json"]) == 0
        evaluated = json.loads(capsys.readouterr().out)["perplexity"]
        assert trial["perplexity"] == pytest.approx(evaluated, rel=1e-4)
    assert cli.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["datastore", "weight", "best", "temperature", "perplexity"]
    assert "--datastore-weight 0.9 --datastore-temperature" in lines[-1]
    assert cli.main([*arguments, "--datastore-weight", "0.5"]) == 2
    assert "unrecognized arguments: --datastore-weight" in capsys.readouterr().err


def test_inspect(toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [*command("inspect", toy_run, strange(tmp_path)), *WHOLLY]
    assert cli.main([*arguments, "--json", "ba de"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["translation"] == "KU MO LA NE"
    assert found["steps"][0]["probability"] > 0.98
    assert [step[0]["piece"] for step in found["recalled"]] == [step["piece"] for step in found["steps"]]
    first, last = found["recalled"][0][0], found["recalled"][-1][0]
    assert first == {
        "proportion": 0.99,
        "source": "ba de",
        "target": "KU MO LA NE",
        "before": "",
        "piece": first["piece"],
    }
    assert (last["before"], last["piece"]) == ("KU MO LA NE", "</s>")
    seen = tmp_path / "seen.npz"
    assert cli.main([*arguments, "--npz", str(seen), "ba de"]) == 0
    text = capsys.readouterr().out
    assert "5  Recalling: at each step the nearest entry of the datastore" in text
    assert "6  What search ended with" in text
    assert re.search(r" 99% +KU MO LA NE ⏎  ←  ba de", text)
    with np.load(seen) as arrays:
        assert arrays["recalled_proportion"].shape == (len(found["steps"]), 3)
        assert arrays["recalled_source"][0].tolist() == ["ba de", "", ""]
    plain = ["inspect", "-m", str(toy_run), "--threads", "1", "--json", "ba de"]
    assert cli.main(plain) == 0
    assert "recalled" not in json.loads(capsys.readouterr().out)
    assert cli.main(["neighbours", *arguments[1:], "ba de"]) == 2  # a vector needs no datastore
    assert "unrecognized arguments: --datastore" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "code", "problem"),
    [
        (
            ["--datastore-weight", "0.5"],
            2,
            "--datastore-weight: no effect without --datastore",
        ),
        (["--datastore", "nowhere.tsv"], 1, "nowhere.tsv"),
        (
            ["--datastore", "phrasebook", "--datastore-weight", "1"],
            2,
            "--datastore-weight: should be less than 1",
        ),
        (["--datastore", "aa-bb=x.tsv"], 1, "the training pairs are into no language that is named"),
    ],
)
def test_mistakes_are_one_line(
    more: list[str], code: int, problem: str, toy_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["translate", "-m", str(toy_run), *more, "ba"]) == code
    lines = capsys.readouterr().err.splitlines()
    assert problem in lines[-1]


def test_without_faiss_it_is_said_before_the_pairs_are_read(
    toy_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(
        MissingExtraError, match=r"^--datastore needs faiss: pip install 'seq2seq-mt\[datastore\]'$"
    ):
        run_with(toy_run, Path("nowhere.tsv"))
