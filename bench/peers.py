"""Measure mt against Joey NMT and OpenNMT-py on this machine: `python -m bench.peers`.

Installs both, trains all on Multi30k en→de with the same pieces, sizes and number of updates, in turn, and
translates the test set with what they have learned by then. Prints a table on stderr and the same numbers
as one JSON object on stdout. Nothing else should keep the machine busy meanwhile.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sacrebleu

from bench import peer_search
from bench.bench_base import Numbers, table
from bench.peer_base import Places, Round, Tool, interval, run
from bench.peer_joey import Joey
from bench.peer_onmt import OpenNMT
from bench.peer_ours import Ours
from bench.peer_setup import check_shared, count_pieces, make_data, read_lines
from mt.console import Console
from mt.errors import MTError, UsageError

PEERS: dict[str, type[OpenNMT] | type[Joey]] = {"onmt": OpenNMT, "joey": Joey}
BEAMS = {"greedy": 1, "beam 5": 5}


@dataclass
class Searches:
    """A tool's translations of the test set with one beam, a value for each pass."""

    seconds: list[float] = field(default_factory=list)
    """Search alone"""
    whole: list[float] = field(default_factory=list)
    """Seconds of the whole command"""
    single: list[float] = field(default_factory=list)
    """Seconds of each sentence alone, of all passes together"""
    pieces: int = 0
    """In the output"""
    bleu: float = 0.0


@dataclass
class Record:
    """What was measured of a tool."""

    rounds: list[Round] = field(default_factory=list)
    searches: dict[str, Searches] = field(default_factory=lambda: {name: Searches() for name in BEAMS})
    weights: int = 0
    tokens_per_update: float = 0.0

    def speeds(self) -> list[float]:
        """Of each round."""
        return [statistics.median(found.speeds) for found in self.rounds]

    def numbers(self) -> Numbers:
        """For the table."""
        speeds = self.speeds()
        found = {
            "weights, millions": self.weights / 1e6,
            "target tokens an update": self.tokens_per_update,
            "training, target tokens/s": statistics.median(speeds),
            "training, lowest round": min(speeds),
            "training, highest round": max(speeds),
            "peak memory in training, MB": max(found.peak_mb for found in self.rounds),
        }
        for name, searches in self.searches.items():
            seconds = statistics.median(searches.seconds)
            percentiles = statistics.quantiles(searches.single, n=20)
            found |= {
                f"{name}, test set, s": seconds,
                f"{name}, output pieces/s": searches.pieces / seconds,
                f"{name}, whole command, s": statistics.median(searches.whole),
                f"{name}, one sentence p50, ms": 1e3 * statistics.median(searches.single),
                f"{name}, one sentence p95, ms": 1e3 * percentiles[-1],
                f"{name}, BLEU": searches.bleu,
            }
        return found


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="turns that each takes at training")
    parser.add_argument("--updates", type=int, default=100, help="updates in a turn, a multiple of 10")
    parser.add_argument("--passes", type=int, default=3, help="turns that each takes at translating")
    parser.add_argument(
        "--sentences", type=int, default=1000, help="translate the first of the test set only"
    )
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--work", type=Path, default=Path("checkpoints/peers"), help="what is made goes here")
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="the corpus and the settings")
    options = parser.parse_args(argv)
    try:
        if options.updates < 20 or options.updates % 10:
            raise UsageError("--updates is a multiple of 10, at least 20")
        if min(options.rounds, options.passes) < 1 or options.sentences < 2:
            raise UsageError("--rounds and --passes are at least 1, --sentences at least 2")
        measure(options, Console())
    except MTError as problem:
        print(f"bench-peers: {problem}", file=sys.stderr)
        return problem.exit_code
    return 0


def measure(options: argparse.Namespace, console: Console) -> None:
    """The whole of it."""
    places = Places(options.shared.resolve(), options.work.resolve())
    check_shared(places.shared)
    ours = [Ours(places, "mt-fp32", "fp32", "fp32"), Ours(places, "mt-fast", "auto", "int8")]
    tools: list[Tool] = [*(PEERS[name](places) for name in options.peers), *ours]
    for tool in tools:
        console.note(f"{tool.title}: preparing")
        tool.install()
        tool.prepare()
    make_data(places, options.sentences)
    records = {tool.name: Record() for tool in tools}
    train(tools, records, options, console)
    for number in range(options.passes):
        for name in BEAMS:
            for tool in tools:
                console.note(f"pass {number + 1}, {name}: {tool.title}")
                translate(tool, records[tool.name], name, places)
    report(places, options, tools, records, console)


def report(
    places: Places,
    options: argparse.Namespace,
    tools: Sequence[Tool],
    records: dict[str, Record],
    console: Console,
) -> None:
    """Tables for people, JSON for programs."""
    corpus, ours = places.data / "train.de", [tool for tool in tools if isinstance(tool, Ours)]
    cut = {
        "peers": count_pieces(corpus, places.pieces),
        "mt": count_pieces(corpus, ours[0].pieces()),
    }
    numbers = {tool.name: records[tool.name].numbers() for tool in tools}
    against = {
        mine.name: {name: ratios(records[mine.name], records[name]) for name in options.peers}
        for mine in ours
    }
    console.note(f"\ntarget tokens in train: {cut['peers']:,} as the peers cut it, {cut['mt']:,} as mt does")
    table(f"{options.rounds} rounds of {options.updates} updates", numbers, console)
    if options.peers:
        for name, columns in against.items():
            table(f"{name}, times as good as", columns, console)
    found = {
        "rounds": options.rounds,
        "updates": options.updates,
        "updates between reports": interval(options.updates),
        "passes": options.passes,
        "sentences": options.sentences,
        "target tokens in train": cut,
        "titles": {tool.name: tool.title for tool in tools},
        "tools": numbers,
        "training, target tokens/s of each round": {name: found.speeds() for name, found in records.items()},
        "times as good": against,
    }
    print(json.dumps(found))


def train(
    tools: Sequence[Tool], records: dict[str, Record], options: argparse.Namespace, console: Console
) -> None:
    """All in turn, round for round, so that a busy spell of the machine meets them all."""
    for done in range(0, options.rounds * options.updates, options.updates):
        for tool in tools:
            found = tool.train(done, options.updates)
            if not found.speeds:
                raise MTError(
                    f"{tool.title} reported no speed between updates {done} and {done + options.updates}"
                )
            records[tool.name].rounds.append(found)
            speed = statistics.median(found.speeds)
            console.note(f"updates {done} to {done + options.updates}: {tool.title}: {speed:,.0f} pieces/s")
    for tool in tools:
        records[tool.name].tokens_per_update = tool.tokens_per_update()


def translate(tool: Tool, record: Record, name: str, places: Places) -> None:
    """The test set once: by the command as a whole, and by search alone in a process that is warm."""
    source, folder = places.data / "test.en", places.runs / tool.name
    searches, beam = record.searches[name], BEAMS[name]
    output, timing = folder / f"beam-{beam}.de", folder / f"beam-{beam}.json"
    searches.whole.append(tool.translate(source, output, beam).seconds)
    python, *model = tool.searcher(beam)
    command = [python, peer_search.__file__, *model, str(places.pieces), str(source), str(timing)]
    run(command, folder / f"search-{beam}.log")
    found = json.loads(timing.read_text(encoding="utf-8"))
    record.weights = found["weights"]
    searches.seconds.append(found["seconds"])
    searches.single += found["single"]
    searches.pieces = count_pieces(output, places.pieces)
    hypotheses, references = read_lines(output), read_lines(places.data / "test.de")
    if not len(hypotheses) == len(found["translations"]) == len(references):
        raise MTError(f"{output} has {len(hypotheses)} lines where {len(references)} were expected")
    searches.bleu = sacrebleu.corpus_bleu(hypotheses, [references]).score


def ratios(ours: Record, peer: Record) -> Numbers:
    """How many times as good as the peer we are: faster, or smaller. Of training the median over the rounds
    of what stood next to each other in one."""
    rounds = [mine / its for mine, its in zip(ours.speeds(), peer.speeds(), strict=True)]
    mine, its = ours.numbers(), peer.numbers()
    found = {
        "training, target tokens/s": statistics.median(rounds),
        "training, lowest round": min(rounds),
        "training, highest round": max(rounds),
    }
    for key in mine:
        if key.endswith((", s", ", ms", ", MB")):
            found[key] = its[key] / mine[key]
        elif key.endswith("output pieces/s"):
            found[key] = mine[key] / its[key]
    return found


if __name__ == "__main__":
    sys.exit(main())
