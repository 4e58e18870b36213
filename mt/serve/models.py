"""The runs that are served, by language pair."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from mt import device
from mt.checkpoint import load_runs, newest_run, read_config
from mt.config import SearchConfig
from mt.console import Console
from mt.errors import UsageError
from mt.options import ServeOptions
from mt.serve.refusal import Refusal
from mt.text.languages import Direction, find_code, split_direction
from mt.text.names import name_of
from mt.translator import Translator
from mt.translator.opening import set_up_process, warn_if_slower, with_datastore


@dataclass(frozen=True)
class Served:
    """One direction, and who translates it; `tgt` is what the translator must be told, if anything."""

    direction: Direction
    translator: Translator
    tgt: str | None


class _Named(NamedTuple):
    """A run as the command line names it."""

    path: Path
    directions: tuple[Direction, ...]


class Models:
    """What can be translated into what."""

    def __init__(self, served: Sequence[Served], listeners: Sequence[Served] = ()) -> None:
        """listeners: those that read sound."""
        self._by_pair = {one.direction: one for one in served}
        self.listeners = {one.direction: one for one in listeners}

    @property
    def directions(self) -> list[Direction]:
        """All pairs, in the order in which the runs were named."""
        return list(self._by_pair)

    @property
    def translators(self) -> list[Translator]:
        """Each once."""
        served = [*self._by_pair.values(), *self.listeners.values()]
        return list({id(one.translator): one.translator for one in served}.values())

    def listener(self, source: str, target: str) -> Served:
        """Who transcribes; without languages the first that does. Raises Refusal if nobody does."""
        for pair, served in self.listeners.items():
            wanted = [(source, pair.src), (target, pair.tgt)]
            if all(not code or find_code(code, [own]) for code, own in wanted):
                return served
        raise Refusal("no run that is served here hears these languages", status=400)

    @property
    def codes(self) -> list[str]:
        """All languages, sources first."""
        return list(
            dict.fromkeys([pair.src for pair in self._by_pair] + [pair.tgt for pair in self._by_pair])
        )

    def targets(self, source: str) -> list[str]:
        """What a language can be translated into."""
        return [pair.tgt for pair in self._by_pair if pair.src == source]

    def sources(self, target: str) -> list[str]:
        """What a language can be translated from."""
        return [pair.src for pair in self._by_pair if pair.tgt == target]

    def known(self, code: str, among: Sequence[str] = ()) -> str:
        """The code under which a language is served, `among` these first. Raises Refusal if it is not.

        Clients write zh-CN, zh_Hans or ZH; a run knows its language as zh.
        """
        found = find_code(code, among) or find_code(code, self.codes)
        if found is None:
            raise Refusal(f"{code[:40]} is not supported")
        return found

    def choose(self, source: str, target: str) -> Served:
        """Who translates a pair of known codes. Raises Refusal if nobody does."""
        served = self._by_pair.get(Direction(source, target))
        if served is None:
            raise Refusal(
                f"{name_of(target)} ({target}) is not available as a target language "
                f"from {name_of(source)} ({source})"
            )
        return served


def open_models(options: ServeOptions, search: SearchConfig, console: Console) -> Models:
    """Load the runs that the command line names. Raises UsageError, RunError, ConfigError."""
    named = [_named(spec, console) for spec in options.model or (str(newest_run()),)]
    where = device.set_up(options.device, options.threads)
    served: list[Served] = []
    listeners: list[Served] = []
    groups = _groups(named, together=options.ensemble)
    if options.datastore and len(groups) > 1:
        raise UsageError("mt serve: --datastore is for one language pair: serve the runs of one pair")
    if options.glossary and len(groups) > 1:
        raise UsageError("mt serve: --glossary is for one language pair: serve the runs of one pair")
    for group in groups:
        runs = load_runs([run.path for run in group], where)
        translator = with_datastore(runs, options, search, where, console)
        translator.use_glossary(*options.glossary)
        set_up_process(translator)
        of_group = [Served(pair, translator, _told(translator, pair)) for pair in group[0].directions]
        (served if translator.features is None else listeners).extend(of_group)
        pairs = ", ".join(f"{pair.src} → {pair.tgt}" for pair in group[0].directions)
        console.note(f"model: {translator.name}: {pairs}; {device.describe(where, search.precision)}")
        warn_if_slower(translator, console)
    return Models(served, listeners)


def _told(translator: Translator, pair: Direction) -> str | None:
    """A run of one direction knows its target; told another name for it, it would refuse."""
    return pair.tgt if translator.targets else None


def _named(spec: str, console: Console) -> _Named:
    """`zh-en=RUN` or `RUN`, and the directions it translates. Raises UsageError, RunError."""
    named, path = split_direction(spec)
    config, _ = read_config(Path(path))
    known = config.data.languages.named
    if named is None:
        pairs = known or (Direction(config.data.src or "src", config.data.tgt or "tgt"),)
        if not known and None in (config.data.src, config.data.tgt):
            console.warn(
                f"{path} does not know its languages and is served as {pairs[0].src} → {pairs[0].tgt}; "
                f"-m {quote(f'zh-en={path}')}, with its own codes, names them"
            )
        return _Named(Path(path), pairs)
    if known:
        raise UsageError(f"mt serve: {path} names its languages itself: write -m {quote(path)}")
    return _Named(Path(path), (named,))


def _groups(runs: Iterable[_Named], *, together: bool) -> list[list[_Named]]:
    """Runs that translate as one. Raises UsageError if two translate the same pair and may not."""
    groups: list[list[_Named]] = []
    for run in runs:
        rivals = [group for group in groups if set(group[0].directions) & set(run.directions)]
        if not rivals:
            groups.append([run])
            continue
        rival = rivals[0][0]
        pair = next(pair for pair in run.directions if pair in rival.directions)
        both = f"mt serve: {rival.path} and {run.path} both translate {pair.src} → {pair.tgt}"
        if not together:
            raise UsageError(f"{both}: leave one out, or let them translate together by --ensemble")
        if len(rivals) > 1 or set(rival.directions) != set(run.directions):
            raise UsageError(f"{both}, but not all the same pairs: leave one out")
        rivals[0].append(run)
    return groups
