"""Every setting changes what `mt` does: one that comes to nothing is a promise broken in silence."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mt.commands.train import train
from mt.config import Config, DataConfig, ModelConfig, SearchConfig, TokenizerConfig, TrainingConfig
from mt.config.fields import Section
from mt.console import Console
from mt.data.batches import frame
from mt.errors import MTError
from mt.model import build_model
from mt.options import TrainOptions
from mt.search import search
from mt.training.corpora import TextReader
from mt.training.state import RunFiles
from mt.training.vocabulary import Vocabulary
from tests.runs import kept, logged
from tests.toy import toy_pairs, write_tsv

CONSOLE = Console()
Settings = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Corpora that hold something of all that is sorted out, rewritten or cut otherwise; and a run."""
    made = tmp_path_factory.mktemp("settings")
    pairs = toy_pairs(130, seed=1)
    odd = [
        *[("ba de", "BA DE")] * 3,
        ("same", "same"),
        ("ba de", "BA DE " * 12),
        ("fi " * 30, "FI " * 30),
        ("Ａ３ ß `code_1`", "Ａ３ ß `code_1`"),
    ]
    write_tsv(made / "train.tsv", pairs + odd)
    write_tsv(made / "other.tsv", toy_pairs(130, seed=9))
    write_tsv(made / "words.tsv", [(f"{src} wugwug", tgt) for src, tgt in pairs])
    write_tsv(made / "validation.tsv", toy_pairs(12, seed=2))
    rows = "".join(f"{src},{tgt},{src[::-1]}\n" for src, tgt in pairs)
    (made / "columns.csv").write_text(f"aa,bb,cc\n{rows}")
    (made / "bad.tsv").write_text((made / "train.tsv").read_text() + "no tab\n")
    run(made, "run", {"data": {"train": (str(made / "other.tsv"),)}, "training": {"max_steps": 1}})
    return made


def config(folder: Path, settings: dict[str, Settings]) -> Config:
    """A small one on these corpora, with some settings of its own."""
    small: dict[str, Settings] = {
        "data": {
            "train": (str(folder / "train.tsv"),),
            "validation": (str(folder / "validation.tsv"),),
            "drop_duplicates": False,
        },
        "tokenizer": {"byte_fallback": False},
        "model": {"embedding": 8, "encoder_hidden": 8, "decoder_hidden": 8},
        "training": {"batch_tokens": 200, "max_epochs": 2, "precision": "fp32"},
    }
    return Config.model_validate({name: small[name] | settings.get(name, {}) for name in small})


def run(folder: Path, name: str, settings: dict[str, Settings]) -> Path:
    train(config(folder, settings), folder / name, TrainOptions(threads=1, device="cpu"), CONSOLE)
    return folder / name


# For each setting: what else has to be set for it to matter, and another value of it.
DATA: dict[str, tuple[Settings, Any]] = {
    "train": ({}, ("other.tsv",)),
    "validation": ({}, ("other.tsv",)),
    "src": ({"train": ("columns.csv",), "src": "aa", "tgt": "bb"}, "cc"),
    "tgt": ({"train": ("columns.csv",), "src": "aa", "tgt": "bb"}, "cc"),
    "swap": ({}, True),
    "on_bad_line": ({"train": ("bad.tsv",)}, "skip"),
    "validation_pairs": ({"validation": ()}, 5),
    "max_chars": ({}, 50),
    "max_length_ratio": ({}, 2.0),
    "drop_identical": ({}, False),
    "drop_duplicates": ({"drop_duplicates": False}, True),
}

TOKENIZER: dict[str, tuple[Settings, Any]] = {
    "algorithm": ({}, "bpe"),
    "vocab_size": ({}, 20),
    "shared": ({}, True),
    "byte_fallback": ({"byte_fallback": False}, True),
    "normalization": ({}, "nfkc"),
    "character_coverage": ({}, 0.98),
    "sampling": ({}, 0.2),
    "sample_sentences": ({}, 101),
    "markup": ({}, True),
    "tokenizer_from": ({}, "run"),
    "add_tokens": ({"tokenizer_from": "run"}, 3),
}

ATTENTION: Settings = {"attention": "mlp", "decoder_layers": 2}
MODEL: dict[str, tuple[Settings, Any]] = {
    "cell": ({}, "lstm"),
    "embedding": ({}, 9),
    "encoder_hidden": ({}, 9),
    "encoder_layers": ({}, 2),
    "bidirectional": ({}, False),
    "reverse_source": ({}, True),
    "pooling": ({}, ("mean",)),
    "pooling_heads": ({"pooling": ("attentive",)}, 2),
    "vector_size": ({}, 5),
    "decoder_hidden": ({}, 9),
    "decoder_layers": ({}, 2),
    "attention": ({}, "general"),
    "attention_position": (ATTENTION, "between"),
    "attend_embedding": (ATTENTION, True),
    "feed_start": ({}, False),
    "feed_steps": ({}, False),
    "feed_readout": ({}, False),
    "readout": ({"feed_readout": False, "tied": False}, False),
    "readout_size": ({"tied": False}, 5),
    "tied": ({}, False),
    "residual": ({"encoder_layers": 2, "decoder_layers": 2, "bidirectional": False}, True),
    "dropout_embedding": ({}, 0.7),
    "dropout_layers": ({"encoder_layers": 2}, 0.7),
    "dropout_output": ({}, 0.7),
    "dropout_recurrent": ({}, 0.5),
    "dropout_locked": ({}, True),
    "dropout_src_tokens": ({}, 0.5),
    "dropout_tgt_tokens": ({}, 0.5),
}

FLAT: Settings = {"learning_rate": 1e-12, "validate_every": 1, "max_steps": 8}
TRAINING: dict[str, tuple[Settings, Any]] = {
    "seed": ({}, 2),
    "batch_tokens": ({}, 100),
    "accumulate": ({}, 2),
    "learning_rate": ({}, 2e-3),
    "warmup_steps": ({}, 3),
    "decay": ({"warmup_steps": 1}, "linear"),
    "plateau_patience": (FLAT, 1),
    "weight_decay": ({"warmup_steps": 0}, 0.5),
    "clip_norm": ({}, 0.01),
    "bag_of_words": ({}, 1.0),
    "guided_steps": ({}, 3),
    "average_decay": ({}, 0.9),
    "label_smoothing": ({}, 0.3),
    "init": ({}, "run"),
    "init_parts": ({"init": "run"}, "encoder"),
    "freeze": ({"init": "run"}, ("encoder",)),
    "teachers": ({}, ("run",)),
    "distillation_weight": ({"teachers": ("run",)}, 0.9),
    "max_epochs": ({}, 1),
    "max_steps": ({}, 2),
    "validate_every": ({}, 2),
    "validation_metric": ({"validate_every": 1, "max_steps": 4, "learning_rate": 0.05}, "perplexity"),
    "patience": (FLAT, 2),
    "precision": ({}, "bf16"),
    "save_minutes": ({}, 1e-9),
}

SEARCH: dict[str, tuple[Settings, Any]] = {
    "beam": ({}, 2),
    "length_penalty": ({}, 0.0),
    "max_length_ratio": ({}, 0.5),
    "no_repeat_ngram": ({}, 1),
    "batch_tokens": ({}, 4),
}
ELSEWHERE = {
    "ctc_weight": "tests/test_ctc_prefix.py",
    "mbr": "tests/test_mbr.py",
    "precision": "tests/test_prepack.py",
}
"""Settings of search that the search itself is not told."""


def test_every_setting_is_in_these_tables() -> None:
    tables: list[tuple[type[Section], set[str]]] = [
        (DataConfig, set(DATA)),
        (TokenizerConfig, set(TOKENIZER)),
        (ModelConfig, set(MODEL)),
        (TrainingConfig, set(TRAINING) | {"exchange_precision"}),  # tests/test_ranks.py
        (SearchConfig, set(SEARCH) | set(ELSEWHERE)),
    ]
    assert set(Config.model_fields) == {
        "data",
        "tokenizer",
        "model",
        "training",
        "speech",
    }  # test_perturbing.py
    for section, names in tables:
        assert names == set(section.model_fields), section.__name__
    assert all(Path(__file__).parents[1].joinpath(file).exists() for file in ELSEWHERE.values())


def placed(folder: Path, settings: Settings) -> Settings:
    """File names and runs with their folder."""

    def place(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(place, value))
        return str(folder / value) if isinstance(value, str) and (folder / value).exists() else value

    return {name: place(value) for name, value in settings.items()}


class Behaviours:
    """What was found before, by kind and settings, as many are compared with the same one."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def assert_differs(
        self, kind: str, behave: Callable[[Settings], Any], given: Settings, change: Settings
    ) -> None:
        """The change makes a difference; nothing else does, as the first time of a behaviour shows."""
        key = f"{kind} {given}"
        if key not in self.found:
            self.found[key] = behave(given)
        if kind not in self.found:
            assert behave(given) == self.found[key], "it must be the setting that makes the difference"
            self.found[kind] = None
        assert behave(given | change) != self.found[key]


@pytest.fixture(scope="module")
def behaviours() -> Behaviours:
    return Behaviours()


@pytest.mark.parametrize("name", DATA)
def test_settings_of_the_corpora(name: str, folder: Path, behaviours: Behaviours) -> None:
    def read(settings: Settings) -> Any:
        try:
            data = config(folder, {"data": placed(folder, settings)}).data
            return TextReader(data, 1).read(CONSOLE).fingerprints
        except MTError as problem:
            return str(problem)

    given, value = DATA[name]
    behaviours.assert_differs("corpora", read, given, {name: value})


@pytest.mark.parametrize("name", TOKENIZER)
def test_settings_of_the_pieces(name: str, folder: Path, behaviours: Behaviours) -> None:
    """Those of `sampling`, which changes no pieces but their use, are asked of training."""
    more: dict[str, Settings] = {}
    if name == "add_tokens":
        more = {"training": {"init": "run"}, "data": {"train": (str(folder / "words.tsv"),)}}

    def learned(settings: Settings) -> Any:
        of_run = config(folder, more | {"tokenizer": placed(folder, settings)})
        vocabulary = Vocabulary(of_run.tokenizer)
        known = vocabulary.take(CONSOLE)
        corpus = TextReader(of_run.data, 1).read(CONSOLE).train
        if known:
            known = vocabulary.extend(known, corpus, CONSOLE, 1)
        src, tgt = known or vocabulary.learn(corpus, CONSOLE)
        return src.serialized, tgt.serialized, src is tgt

    def trained(settings: Settings) -> Any:
        return behaviour_of_training(folder, {"tokenizer": settings, "training": {"max_steps": 2}})

    given, value = TOKENIZER[name]
    if name == "tokenizer_from":
        with pytest.raises(MTError, match=r"the tokenizer of .*run needs --vocab-size"):
            learned({"vocab_size": 19, name: value})
    if name == "sampling":
        behaviours.assert_differs("training", trained, given, {name: value})
    else:
        behaviours.assert_differs("pieces", learned, given, {name: value})


def behaviour_of_model(settings: Settings) -> Any:
    """Sizes of the weights, and what is computed in training with the same numbers drawn."""
    small = {"embedding": 8, "encoder_hidden": 8, "decoder_hidden": 8}
    torch.manual_seed(1)
    shape = ModelConfig.model_validate(small | settings)
    model = build_model(shape, src_vocab=9, tgt_vocab=9, shared=False, pad_id=0).train()
    batch = frame([np.array([4, 5, 6]), np.array([7])], [np.array([5, 6]), np.array([8, 8, 4])])
    torch.manual_seed(2)
    logits = model.decode(batch.tgt_in, model.encode(batch.src, batch.src_lengths))
    sizes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    return sizes, logits.tolist()


@pytest.mark.parametrize("name", MODEL)
def test_settings_of_the_model(name: str, behaviours: Behaviours) -> None:
    given, value = MODEL[name]
    behaviours.assert_differs("model", behaviour_of_model, given, {name: value})


def behaviour_of_training(folder: Path, settings: dict[str, Settings]) -> Any:
    """All that a training leaves, how often it saves, and how it ends."""
    saves = 0
    save = RunFiles.save_state

    def counted(*arguments: Any) -> None:
        nonlocal saves
        saves += 1
        save(*arguments)

    out = folder / "measured"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunFiles, "save_state", counted)
        try:
            run(folder, out.name, {name: placed(folder, values) for name, values in settings.items()})
            problem = ""
        except MTError as found:
            problem = str(found)
    files = {name: data for name, data in kept(out).items() if name != "config.toml"}
    for name in {"model.safetensors", "state/last.safetensors"} & files.keys():
        files[name] = str(learned(out / name)).encode()  # without the settings beside them
    left = files, logged(out), saves, problem
    for path in sorted(out.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    out.rmdir()
    return left


def learned(file: Path) -> Any:
    from mt.storage.tensors import read_tensors

    tensors, notes = read_tensors(file)
    own = {key: value for key, value in notes.items() if key not in ("run", "settings", "best_checksum")}
    return own, {name: tensor.tolist() for name, tensor in tensors.items()}


@pytest.mark.parametrize("name", TRAINING)
def test_settings_of_training(name: str, folder: Path, behaviours: Behaviours) -> None:
    given, value = TRAINING[name]
    base: Settings = {"max_steps": 4} | given
    tokenizer = {"tokenizer_from": "run"} if name in ("teachers", "distillation_weight") else {}
    model = {"attention": "general"} if name == "guided_steps" else {}

    def trained(settings: Settings) -> Any:
        return behaviour_of_training(folder, {"training": settings, "tokenizer": tokenizer, "model": model})

    if name == "max_epochs":
        del base["max_steps"]
    kind = f"training{' by teachers' * bool(tokenizer)}{' with attention' * bool(model)}"
    behaviours.assert_differs(kind, trained, base, {name: value})


@pytest.mark.parametrize("name", SEARCH)
def test_settings_of_the_search(name: str, behaviours: Behaviours) -> None:
    """On a random model that hardly ever ends."""
    torch.manual_seed(4)
    small = ModelConfig(embedding=8, encoder_hidden=8, decoder_hidden=8)
    model = build_model(small, src_vocab=9, tgt_vocab=9, shared=False, pad_id=0).eval()
    with torch.no_grad():
        model.decoder.output.weight.mul_(3)
    encodings = 0

    def searched(settings: Settings) -> Any:
        nonlocal encodings
        encodings = 0
        encode = model.encode

        def counted(*arguments: Any) -> Any:
            nonlocal encodings
            encodings += 1
            return encode(*arguments)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(model, "encode", counted)
            how = SearchConfig.model_validate({"beam": 4} | settings)
            found = search(model, [[4, 5, 6], [7], [8, 8]], how, torch.device("cpu"))
        return [[dataclasses.astuple(each) for each in row] for row in found], encodings

    given, value = SEARCH[name]
    behaviours.assert_differs("search", searched, given, {name: value})
