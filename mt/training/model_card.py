"""The model card of a run, README.md in the hub's format."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from mt.config import Config
from mt.storage.atomic import write_bytes
from mt.text.counted import counted
from mt.training.clock import Clock
from mt.training.progress import Progress
from mt.training.state import RunFiles
from mt.training.validation import METRIC_NAMES


def write_card(files: RunFiles, progress: Progress, clock: Clock) -> None:
    """Describe the run for whoever finds its directory."""
    write_bytes(files.path / "README.md", _card(files.path, files.config, progress, clock).encode())


def example(run_dir: Path, config: Config) -> str:
    """How to translate with the run, on the command line."""
    languages = config.data.languages
    choice = f" --tgt {languages.named[0].tgt}" if languages.several else ""
    text = "recording.wav" if config.speech.sound else '"…"'
    return f"mt translate -m {quote(str(run_dir))}{choice} {text}"


def _card(run_dir: Path, config: Config, progress: Progress, clock: Clock) -> str:
    data, model, training = config.data, config.model, config.training
    directions = data.languages.named or ((data.src, data.tgt),)
    sides = [dict.fromkeys(code for code in codes if code) for codes in zip(*directions, strict=True)]
    languages = dict.fromkeys(code for side in sides for code in side)
    front = ["---", "library_name: mt", "tags:", "- translation", "- seq2seq", "- rnn"]
    if languages:
        front += ["language:", *(f"- {code}" for code in languages)]
    front += ["---", ""]
    direction = " to ".join(", ".join(side) for side in sides if side) or "source to target"
    metric = METRIC_NAMES[training.validation_metric]
    what = "recording" if config.speech.sound else "sentence"
    best = "none" if progress.best is None else f"{progress.best:.2f} (greedy, step {progress.best_step:,})"
    attends = model.attention != "none"
    looks = f" and looks back at the encoder's states ({model.attention} attention)" * attends
    return "\n".join(
        [
            *front,
            f"# {run_dir.name}: {direction}",
            "",
            f"A sequence-to-sequence translator trained by `mt`: an encoder ({model.cell}) compresses the "
            f"{what} into one vector, a decoder of the same cell reads it back out{looks}.",
            "",
            "| | |",
            "|---|---|",
            f"| trained on | {', '.join(data.train)} |",
            f"| validated on | {', '.join(data.validation) or 'pairs set aside from the training pairs'} |",
            f"| best validation {metric} | {best} |",
            f"| training | {counted(progress.step, 'step')}, {counted(progress.tokens, 'target token')}, "
            f"{counted(round(clock.learning / 60), 'minute')}; stopped: {progress.finished} |",
            f"| steps skipped (not finite) | {progress.nonfinite} |",
            "",
            "```",
            example(run_dir, config),
            "```",
            "",
            "`config.toml` holds every setting and the fingerprints of the pairs. `model.safetensors`, "
            "`config.toml` and the `.spm` files are all that translating needs.",
            "",
        ]
    )
