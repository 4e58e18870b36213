"""Whether a run can be resumed: its files must be complete and belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from mt.checkpoint import CONFIG, MODEL, WRITTEN, read_config, read_tokenizers
from mt.config import Config
from mt.config.changes import Change, changes
from mt.config.files import validate
from mt.config.removed import take_out
from mt.errors import ConfigError, RunError
from mt.storage.tensors import read_checked, read_tensors
from mt.tokenizer import Tokenizers
from mt.training.state import STATE

SHOWN = 3  # settings that a message names


@dataclass(frozen=True)
class Begun:
    """A run that training can go on with. metadata: those under [run]. changed: limits other than before.

    tokenizers: of source and target. best_lost: the file with the best weights is gone.
    """

    path: Path
    metadata: Mapping[str, Any]
    tokenizers: Tokenizers
    changed: tuple[Change, ...]
    best_lost: bool

    @property
    def arithmetic(self) -> Mapping[str, Any]:
        """What it was computed with; empty where an mt before 0.2 began it."""
        return self.metadata.get("arithmetic", {})  # type: ignore[no-any-return]

    def check_corpora(self, fingerprints: Mapping[str, str]) -> None:
        """Raises RunError unless these are the pairs, and the teachers, that it was begun with."""
        for name, fingerprint in fingerprints.items():
            if self.metadata.get("corpora", {}).get(name) != fingerprint:
                what = {"teachers": "teachers", "init": "weights of --init"}.get(name, f"{name} pairs")
                raise RunError(
                    f"the {what} are not those that {self.path} was begun with; "
                    "restore them to go on, or give another --out to start anew"
                )

    @property
    def identity(self) -> str:
        """Empty where an mt before 0.2 began it."""
        return str(self.metadata.get("identity", ""))


def find_begun(path: Path, config: Config) -> Begun | None:
    """The run that these settings go on with; None where nothing was learned yet, so that one can begin.

    Raises ConfigError for other settings, RunError where a part is damaged or of another run, and where
    something would be lost: weights without the state that goes with them, or files that are not a run's.
    """
    if not (path / CONFIG).exists():
        theirs = [name for name in WRITTEN if (path / name).exists()]
        if theirs:
            raise RunError(f"{path} is not a run, and its {theirs[0]} would be replaced; give another --out")
        return None
    before, metadata = read_config(path, resume=True)
    if not (path / STATE).exists():
        if (path / MODEL).exists():
            raise RunError(
                f"{path} holds a trained model but no {STATE} to go on from; give another --out to train anew"
            )
        return None
    decisive, limits = changes(before, config)
    if decisive:
        command = f"mt train --config {quote(str(path / CONFIG))} --out {quote(str(path))}"
        raise ConfigError(
            f"{path} was trained with other settings: {named(decisive)}; to go on give the same ones, as "
            f"{command} does, or another --out to train anew"
        )
    _, state = read_tensors(path / STATE)
    _check_state(path, before, metadata, state)
    tokenizers = read_tokenizers(path, before, metadata)
    return Begun(path, metadata, tokenizers, tuple(limits), _best_lost(path, metadata, state))


def named(found: list[Change]) -> str:
    """The first few changes in words."""
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(map(str, found[:SHOWN])) + more


def _check_state(path: Path, config: Config, metadata: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    if state.get("run", "") != metadata.get("identity", ""):
        raise RunError(
            f"{path / STATE} and {path / CONFIG} are of different runs; restore the one that was replaced"
        )
    if "settings" not in state:  # written by mt 0.1
        return
    try:
        settings, _ = take_out(state["settings"])
        edited, _ = changes(validate(settings, where=str(path / STATE)), config)
    except ConfigError as problem:
        raise RunError(f"{problem}; restore it, or train again") from None
    if edited:
        raise RunError(
            f"{path / CONFIG} was edited: {named(edited)}; undo that to go on, or give another --out"
        )


def _best_lost(path: Path, metadata: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
    """Whether the best weights are gone. Raises RunError if others are in their place."""
    if not (path / MODEL).exists():
        return state["best"] is not None
    way_on = (
        f"restore it, or delete it: training goes on without the best weights up to step {state['step']:,}"
    )
    try:
        _, of_model, checksum = read_checked(path / MODEL)
    except RunError as problem:
        raise RunError(f"{str(problem).split(';')[0]}; {way_on}") from None
    # A crash between writing the weights and the state leaves weights of a later validation.
    newer = of_model.get("step", 0) > state["validated"]
    known = state.get("best_checksum") in (checksum, "", None)  # mt 0.1 did not note it
    if of_model.get("run", "") != metadata.get("identity", "") or not (known or newer):
        raise RunError(f"{path / MODEL} is not the one that this run has written; {way_on}")
    return False
