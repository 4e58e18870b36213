"""A run directory: begin it, save and load its model; every file whole at any instant.

    config.toml          settings, and under [run] what the files must agree with
    src.spm tgt.spm      tokenizer of each language (one shared.spm when shared)
    model.safetensors    the best weights so far
    state/               what resuming needs, see `training.state`

No pickle: safetensors, JSON, TOML and SentencePiece models only.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

import tomli_w
import torch
from torch import Tensor, nn

from mt.config import Config, ModelConfig
from mt.config.changes import MAY_CHANGE
from mt.config.files import validate
from mt.config.removed import take_out
from mt.errors import ConfigError, RunError, reason
from mt.model import Seq2Seq, build
from mt.release import __version__
from mt.storage.atomic import write_bytes
from mt.storage.tensors import read_tensors, write_tensors
from mt.text.encoding import decode
from mt.text.languages import Languages
from mt.tokenizer import Tokenizer, Tokenizers

# Measured: 0 to 1 % of the captions of Multi30k and the sentences of Tatoeba hold more than one, 5 % of the
# texts of programs, 34 % of the paragraphs of the Python manual.
FEW = 0.02
SHORT = 250  # split_chars; Multi30k's is 228, the Python manual's 836

FORMAT = 1
"""Version of a run directory's layout. mt rejects newer versions."""

CONFIG, MODEL = "config.toml", "model.safetensors"
WRITTEN = (MODEL, "README.md", "metrics.jsonl", "samples.txt")
CHECKPOINTS = Path("checkpoints")
"""The default directory of runs."""


@dataclass(frozen=True)
class Run:
    """A trained run, loaded: settings, tokenizers and model."""

    path: Path
    config: Config
    metadata: Mapping[str, Any]
    src_tokenizer: Tokenizer
    tgt_tokenizer: Tokenizer
    model: Seq2Seq

    @property
    def languages(self) -> Languages:
        """What it translates from and into."""
        return self.config.data.languages

    @property
    def split_chars(self) -> int:
        """The length, in characters, above which sources are translated in parts."""
        return int(self.metadata["split_chars"])

    @property
    def by_sentence(self) -> bool:
        """Whether any text is translated sentence by sentence, as the training sources are single sentences.

        The length of the sources decides for a run of an earlier version, which did not count sentences.
        """
        several = self.metadata.get("several_sentences")
        return self.split_chars <= SHORT if several is None else several < FEW

    @property
    def validated_on(self) -> str:
        """The fingerprint of its validation pairs."""
        return str(self.metadata.get("corpora", {}).get("validation", ""))


def save_setup(path: Path, config: Config, tokenizers: Tokenizers, metadata: Mapping[str, Any]) -> None:
    """Write the files that a run begins with: its settings, its tokenizers, and the metadata under [run].

    metadata: `corpora`, fingerprints by name, those of teachers too; `split_chars`, see `Run`;
    `several_sentences`, the proportion of sources that hold more than one; `arithmetic`, see `Arithmetic`;
    `identity`.
    """
    src, tgt = tokenizers
    for name, tokenizer in _tokenizer_files(config, src, tgt).items():
        write_bytes(path / name, tokenizer.serialized)
    own = {
        "format": FORMAT,
        "mt_version": __version__,
        "src_tokenizer": src.fingerprint,
        "tgt_tokenizer": tgt.fingerprint,
    }
    known = {name: value for name, value in metadata.items() if value not in (None, "", {})}
    tables = config.model_dump(mode="json", exclude_none=True) | {"run": own | known}
    write_bytes(path / CONFIG, tomli_w.dumps(tables).encode())


def identity(config: Config, tokenizers: Tokenizers, corpora: Mapping[str, str]) -> str:
    """A digest of everything that training depends on. Equal runs have equal identities, others do not.

    corpora: fingerprints by name. The run's files hold it, so that files of different runs are not mixed.
    """
    settings = config.model_dump(mode="json")
    for name in MAY_CHANGE:
        section, field = name.split(".")
        del settings[section][field]
    made_of = [settings, [tokenizer.fingerprint for tokenizer in tokenizers], dict(corpora)]
    return hashlib.blake2b(json.dumps(made_of, sort_keys=True).encode(), digest_size=16).hexdigest()


def _tokenizer_files(config: Config, src: Tokenizer, tgt: Tokenizer) -> dict[str, Tokenizer]:
    if config.one_vocabulary:
        return {"shared.spm": src}
    return {"src.spm": src, "tgt.spm": tgt}


def read_config(path: Path, *, resume: bool = False) -> tuple[Config, dict[str, Any]]:
    """A run's settings, and the metadata under [run].

    Raises RunError if they cannot be read. With `resume` also if mt no longer has the training method.
    """
    file = path / CONFIG
    try:
        tables = tomllib.loads(decode(file.read_bytes()))
        metadata = tables.pop("run")
        found = metadata["format"]
    except (FileNotFoundError, NotADirectoryError):
        missing = "is a file" if path.is_file() else "does not exist"
        what = "has no config.toml: it is not a run of mt train" if path.is_dir() else missing
        raise RunError(f"{path} {what}; name the directory of a run") from None
    except OSError as problem:
        raise RunError(f"cannot read {file}: {reason(problem)}") from None
    except ValueError as problem:
        raise RunError(f"{file} is damaged ({problem}); restore it, or train again") from None
    except (KeyError, TypeError):
        raise RunError(f"{file} has no [run] table with a format; it was not written by mt train") from None
    if found != FORMAT:
        raise RunError(
            f"{path} was written in format {found} by mt {metadata.get('mt_version', '?')}; "
            f"this mt reads format {FORMAT}: use the other version, or train again"
        )
    tables, gone = take_out(tables)
    if used := [str(setting) for setting in gone if setting.used and (resume or setting.of_model)]:
        version = metadata.get("mt_version", "?")
        raise RunError(
            f"{path} was trained by mt {version}: {'; '.join(used)}; use mt {version}, or train again"
        )
    try:
        return validate(tables, where=str(file)), metadata
    except ConfigError as problem:
        raise RunError(f"{problem}; restore it, or train again") from None


def read_tokenizers(path: Path, config: Config, metadata: Mapping[str, Any]) -> Tokenizers:
    """A run's tokenizers for source and target, one object if shared. Raises RunError."""
    names = ["shared.spm"] if config.one_vocabulary else ["src.spm", "tgt.spm"]
    expected = [metadata.get("src_tokenizer"), metadata.get("tgt_tokenizer")]
    found = []
    for name, fingerprint in zip(names, expected, strict=False):
        file = path / name
        try:
            tokenizer = Tokenizer(file.read_bytes())
        except FileNotFoundError:
            raise RunError(f"{file} is missing; restore it, or train again") from None
        except OSError as problem:
            raise RunError(f"cannot read {file}: {reason(problem)}") from None
        except RunError as problem:
            raise RunError(f"{file}: {problem}; restore it, or train again") from None
        if tokenizer.fingerprint != fingerprint:
            raise RunError(f"{file} is not the one this run was trained with; restore it, or train again")
        found.append(tokenizer)
    return found[0], found[-1]


def save_model(path: Path, weights: Mapping[str, Tensor], config: Config, metadata: Mapping[str, Any]) -> str:
    """Write the best weights so far, by name, with the model's shape. Returns the file's checksum.

    Tied weights are written once. metadata: `run`, the identity of the run, and whatever else is to be kept.
    """
    described = {**metadata, "model": config.model.model_dump(mode="json")}
    return write_tensors(path / MODEL, weights, described)


def load_runs(paths: Sequence[Path], device: torch.device) -> list[Run]:
    """Load the runs of an ensemble. Raises RunError if their tokenizers or languages differ."""
    runs = [load_run(path, device) for path in paths]
    for run in runs:
        if any(
            run.metadata.get(name) != runs[0].metadata.get(name)
            for name in ("src_tokenizer", "tgt_tokenizer")
        ):
            raise RunError(
                f"{runs[0].path} and {run.path} have different tokenizers and cannot translate together; "
                f"train the second with --tokenizer-from {quote(str(runs[0].path))}"
            )
        if problem := runs[0].languages.difference(run.languages):
            raise RunError(f"{runs[0].path} and {run.path} cannot translate together: {problem}")
    return runs


def load_run(path: Path, device: torch.device) -> Run:
    """Load a trained run. Raises RunError, a one-line message, if anything in the directory is wrong."""
    config, metadata = read_config(path)
    src, tgt = read_tokenizers(path, config, metadata)
    if not (path / MODEL).exists() and (path / "state").exists():
        raise RunError(
            f"{path / MODEL} is missing; the first validation writes it: go on training, or name another run "
            "with -m"
        )
    tensors, of_model = read_tensors(path / MODEL)
    shape = config.model.model_dump(mode="json")
    of_file, _ = take_out({"model": of_model.get("model") or {}})
    written = ModelConfig().model_dump(mode="json") | of_file["model"]
    if written != shape:  # settings that are newer than the file stood as they do by default
        names = ", ".join(name for name in written if written[name] != shape.get(name))
        raise RunError(
            f"{path / CONFIG} and {MODEL} disagree on {names}; restore one of them, or train again"
        )
    if of_model.get("run", "") != metadata.get("identity", ""):
        raise RunError(
            f"{path / CONFIG} and {MODEL} are of different runs; restore the one that was replaced, "
            "or train again"
        )
    with torch.random.fork_rng(devices=[]):  # whoever loads a run keeps the random numbers to come
        model = build(config, src, tgt)
    assign(model, tensors, path / MODEL)
    return Run(path, config, metadata, src, tgt, model.to(device).eval())


def assign(model: nn.Module, tensors: Mapping[str, Tensor], file: Path) -> None:
    """Copy weights into a model or a part of one; names and sizes must fit. Raises RunError where they do
    not.
    """
    wanted = dict(model.named_parameters())
    missing = sorted(wanted.keys() - tensors.keys())
    foreign = sorted(tensors.keys() - wanted.keys())
    if missing or foreign:
        what = f"lacks {missing[0]}" if missing else f"holds {foreign[0]}, which this model does not have"
        raise RunError(f"{file} {what}; it belongs to another model")
    for name, parameter in wanted.items():
        if tensors[name].shape != parameter.shape:
            sizes = f"{tuple(tensors[name].shape)} where the settings say {tuple(parameter.shape)}"
            raise RunError(f"{file}: {name} is {sizes}; config.toml or the weights are of another run")
        with torch.no_grad():
            parameter.copy_(tensors[name])


def newest_run(folder: Path = CHECKPOINTS) -> Path:
    """The run under `folder` whose weights are newest. Raises RunError if there is none."""
    found = sorted(folder.glob(f"*/{MODEL}"), key=lambda file: file.stat().st_mtime_ns)
    if not found:
        raise RunError(f"there is no trained run under {folder}/; run mt train, or name one with -m")
    return found[-1].parent
