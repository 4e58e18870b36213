"""One run directory: save, load, resume; every file whole at any instant.

    config.toml          settings, and under [run] what the files must agree with
    src.spm tgt.spm      pieces of each language (one shared.spm when shared)
    model.safetensors    the best weights so far
    state/last.safetensors   last weights, optimiser and counters: what resuming needs

A file is written under a temporary name, flushed and renamed, so a crash leaves the last good one.
No pickle: safetensors, JSON, TOML and SentencePiece models only.
"""

from __future__ import annotations

import os
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w
import torch
from torch import Tensor

from mt.atomic import write_bytes
from mt.config import Config, ModelConfig, other_languages, validate
from mt.errors import ConfigError, FileError, RunError, reason
from mt.model import Seq2Seq, build_model
from mt.removed import take_out
from mt.tensors import read_tensors, write_tensors
from mt.text.encoding import decode
from mt.tokenizer import Tokenizer

FORMAT = 1
"""Version of a run directory's layout; a newer one is refused."""

CONFIG, MODEL, STATE = "config.toml", "model.safetensors", "state/last.safetensors"
WRITTEN = (MODEL, "README.md", "metrics.jsonl", "samples.txt")
CHECKPOINTS = Path("checkpoints")
"""Where runs are put and looked for if no directory is named."""


@dataclass(frozen=True)
class Run:
    """A trained translator, ready to translate."""

    path: Path
    config: Config
    facts: Mapping[str, Any]
    src_tokenizer: Tokenizer
    tgt_tokenizer: Tokenizer
    model: Seq2Seq

    @property
    def split_chars(self) -> int:
        """Longer sources than this, in characters, are better translated in parts."""
        return int(self.facts["split_chars"])

    @property
    def validated_on(self) -> str:
        """The fingerprint of its validation pairs."""
        return str(self.facts.get("corpora", {}).get("validation", ""))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep a second training out of a run directory while this one writes it.

    The directory is made; if nothing came into it, it is gone afterwards. Raises RunError, FileError where
    nothing can be written there.
    """
    made = not path.exists()
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):  # found out before anything is read
            pass
    except (FileExistsError, NotADirectoryError):
        raise RunError(f"{path} is a file, or in one; give --out the name of a directory") from None
    except OSError as problem:
        raise FileError(f"cannot write in {path}: {reason(problem)}") from None
    with _lock(path):
        try:
            yield
        finally:
            if made and not any(path.iterdir()):
                path.rmdir()


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    if sys.platform == "win32":  # has no flock
        yield
        return
    import fcntl

    folder = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(
                f"another mt train is writing {path}; wait for it, or give another --out"
            ) from None
        yield
    finally:
        os.close(folder)


def save_setup(
    path: Path, config: Config, tokenizers: tuple[Tokenizer, Tokenizer], facts: Mapping[str, Any]
) -> None:
    """Begin a run: its settings and tokenizers, and the facts under [run].

    facts: `corpora`, fingerprints by name, of teachers too, to repeat the run; `split_chars`, see `Run`;
    `arithmetic`, see `Arithmetic`.
    """
    from mt import __version__

    src, tgt = tokenizers
    for name, tokenizer in _tokenizer_files(config, src, tgt).items():
        write_bytes(path / name, tokenizer.serialized)
    own = {
        "format": FORMAT,
        "mt_version": __version__,
        "src_tokenizer": src.fingerprint,
        "tgt_tokenizer": tgt.fingerprint,
    }
    tables = config.model_dump(mode="json", exclude_none=True) | {"run": own | dict(facts)}
    write_bytes(path / CONFIG, tomli_w.dumps(tables).encode())


def _tokenizer_files(config: Config, src: Tokenizer, tgt: Tokenizer) -> dict[str, Tokenizer]:
    if config.tokenizer.shared:
        return {"shared.spm": src}
    return {"src.spm": src, "tgt.spm": tgt}


def read_config(path: Path, *, resume: bool = False) -> tuple[Config, dict[str, Any]]:
    """A run's settings, and the facts under [run].

    Raises RunError; to resume also if it was trained by a method that mt no longer has.
    """
    file = path / CONFIG
    try:
        tables = tomllib.loads(decode(file.read_bytes()))
        facts = tables.pop("run")
        found = facts["format"]
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
            f"{path} was written in format {found} by mt {facts.get('mt_version', '?')}; "
            f"this mt reads format {FORMAT}: use the other version, or train again"
        )
    tables, gone = take_out(tables)
    if used := [str(setting) for setting in gone if setting.used and (resume or setting.of_model)]:
        version = facts.get("mt_version", "?")
        raise RunError(
            f"{path} was trained by mt {version}: {'; '.join(used)}; use mt {version}, or train again"
        )
    try:
        return validate(tables, where=str(file)), facts
    except ConfigError as problem:
        raise RunError(f"{problem}; restore it, or train again") from None


def find_begun(path: Path) -> tuple[Config, dict[str, Any]] | None:
    """Settings and facts of a run that training can go on with; None where it can begin.

    It can where nothing was learned yet. Raises RunError where something would be lost: weights without the
    state that goes with them, or files that are not a run's.
    """
    if (path / CONFIG).exists():
        found = read_config(path, resume=True)
        if has_state(path):
            return found
        if (path / MODEL).exists():
            raise RunError(
                f"{path} holds a trained model but no {STATE} to go on from; give another --out to train anew"
            )
        return None
    theirs = [name for name in WRITTEN if (path / name).exists()]
    if theirs:
        raise RunError(f"{path} is no run and its {theirs[0]} would be replaced; give another --out")
    return None


def read_tokenizers(path: Path, config: Config, facts: Mapping[str, Any]) -> tuple[Tokenizer, Tokenizer]:
    """A run's tokenizers for source and target, one object if shared. Raises RunError."""
    names = ["shared.spm"] if config.tokenizer.shared else ["src.spm", "tgt.spm"]
    expected = [facts.get("src_tokenizer"), facts.get("tgt_tokenizer")]
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


def build(config: Config, src: Tokenizer, tgt: Tokenizer) -> Seq2Seq:
    """The untrained model of a config and its tokenizers."""
    return build_model(
        config.model,
        src_vocab=src.vocab_size,
        tgt_vocab=tgt.vocab_size,
        shared=config.tokenizer.shared,
        pad_id=Tokenizer.pad_id,
    )


def save_model(path: Path, model: Seq2Seq, config: Config, notes: Mapping[str, Any]) -> None:
    """Write the best weights so far, with the shape they are for. Tied weights are written once."""
    described = {**notes, "model": config.model.model_dump(mode="json")}
    write_tensors(path / MODEL, dict(model.named_parameters()), described)


def load_runs(paths: Sequence[Path], device: torch.device) -> list[Run]:
    """Load translators that are to translate together. Raises RunError if pieces or languages differ."""
    runs = [load_run(path, device) for path in paths]
    for run in runs:
        if any(run.facts.get(name) != runs[0].facts.get(name) for name in ("src_tokenizer", "tgt_tokenizer")):
            raise RunError(
                f"{runs[0].path} and {run.path} cut text into other pieces and cannot translate together; "
                f"train the second with --pieces-of {runs[0].path}"
            )
        if problem := other_languages(runs[0].config.data, run.config.data):
            raise RunError(f"{runs[0].path} and {run.path} cannot translate together: {problem}")
    return runs


def load_run(path: Path, device: torch.device) -> Run:
    """Load a trained translator. Raises RunError, one line, whatever is wrong with the directory."""
    config, facts = read_config(path)
    src, tgt = read_tokenizers(path, config, facts)
    tensors, notes = read_tensors(path / MODEL)
    shape = config.model.model_dump(mode="json")
    of_file, _ = take_out({"model": notes.get("model") or {}})
    written = ModelConfig().model_dump(mode="json") | of_file["model"]
    if written != shape:  # settings that are newer than the file stood as they do by default
        names = ", ".join(name for name in written if written[name] != shape.get(name))
        raise RunError(
            f"{path / CONFIG} and {MODEL} disagree on {names}; restore one of them, or train again"
        )
    model = build(config, src, tgt)
    assign(model, tensors, path / MODEL)
    return Run(path, config, facts, src, tgt, model.to(device).eval())


def assign(model: Seq2Seq, tensors: Mapping[str, Tensor], file: Path) -> None:
    """Copy weights into a model; names and sizes must fit. Raises RunError that says what does not."""
    wanted = dict(model.named_parameters())
    missing = sorted(wanted.keys() - tensors.keys())
    foreign = sorted(tensors.keys() - wanted.keys())
    if missing or foreign:
        what = f"lacks {missing[0]}" if missing else f"holds {foreign[0]}, which this model has not"
        raise RunError(f"{file} {what}; it belongs to another model")
    for name, parameter in wanted.items():
        if tensors[name].shape != parameter.shape:
            sizes = f"{tuple(tensors[name].shape)} where the settings say {tuple(parameter.shape)}"
            raise RunError(f"{file}: {name} is {sizes}; config.toml or the weights are of another run")
        with torch.no_grad():
            parameter.copy_(tensors[name])


def save_state(
    path: Path,
    models: Mapping[str, Seq2Seq],
    optimizer: torch.optim.Optimizer,
    progress: Mapping[str, Any],
) -> None:
    """Write all that resuming needs, in one file, so that its parts can never disagree.

    models: by name; "model" is the one that the optimiser changes.
    """
    tensors: dict[str, Tensor] = {
        f"{key}/{name}": parameter
        for key, model in models.items()
        for name, parameter in model.named_parameters()
    }
    for name, parameter in models["model"].named_parameters():
        for key, value in optimizer.state[parameter].items():
            tensors[f"optimizer/{name}/{key}"] = value
    write_tensors(path / STATE, tensors, progress)


def load_state(path: Path, models: Mapping[str, Seq2Seq], optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Put the last weights and the optimiser's moments back; returns the progress. Raises RunError."""
    tensors, progress = read_tensors(path / STATE)
    for key, model in models.items():
        prefix = f"{key}/"
        weights = {name[len(prefix) :]: rows for name, rows in tensors.items() if name.startswith(prefix)}
        assign(model, weights, path / STATE)
    for name, parameter in models["model"].named_parameters():
        prefix = f"optimizer/{name}/"
        for key, tensor in tensors.items():
            if key.startswith(prefix):
                # the count of steps too: a fused optimiser wants it there
                optimizer.state[parameter][key[len(prefix) :]] = tensor.to(parameter.device)
    return progress


def has_state(path: Path) -> bool:
    """Whether there is something to resume from."""
    return (path / STATE).exists()


def newest_run(folder: Path = CHECKPOINTS) -> Path:
    """The run under `folder` whose weights are newest. Raises RunError if there is none."""
    found = sorted(folder.glob(f"*/{MODEL}"), key=lambda file: file.stat().st_mtime_ns)
    if not found:
        raise RunError(f"there is no trained run under {folder}/; run mt train, or name one with -m")
    return found[-1].parent
