"""A sequence-to-sequence translator that is yours: train it, measure it, use it.

    text -> tokenizer -> ids -> batch -> encoder -> sentence vector -> decoder -> search -> ids -> text

    import mt
    translator = mt.load("checkpoints/mine")
    translator.translate(["我爱北京"])          # ['I love Beijing']

The nouns are the stages (`tokenizer`, `batch`, `encoder`, `decoder`, `search` …), the verbs are the
commands (`train`, `evaluate`, `translate`). Importing `mt` loads neither torch nor any of them.
"""

from __future__ import annotations

from mt.release import __version__

TYPE_CHECKING = False  # typing takes milliseconds, in which Ctrl-C would print a traceback
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Literal

    from mt.decoding.translation import Translation
    from mt.translator import Translator

__all__ = ["Translation", "Translator", "__version__", "load"]


def load(
    *runs: str | Path,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    beam: int = 5,
    length_penalty: float = 1.0,
    ctc_weight: float | None = None,
    no_repeat_ngram: int = 0,
    mbr: Literal["none", "chrf", "bleu"] = "none",
    precision: Literal["fp32", "bf16", "int8"] = "fp32",
    datastore: str | Sequence[str] = (),
) -> Translator:
    """Load a trained run to translate with, or several that translate together, as an ensemble.

    Args:
        runs: run directories, such as `checkpoints/mine`.
        device: where to compute; `auto` takes a GPU if there is one.
        beam: hypotheses kept at each step; 1 is greedy search, and fastest.
        length_penalty: exponent of the length normalisation; 0 is none.
        ctc_weight: weight of CTC beside the decoder, of a run of sound with both; None is 0.3 there.
        no_repeat_ngram: no run of so many tokens occurs twice in a translation; 0 permits it.
        mbr: take the hypothesis that the others agree with most, by that measure; best with a larger beam.
        precision: arithmetic of the products; int8 is faster on most CPUs, bf16 on GPUs; both round.
        datastore: SPECs of pairs to recall: what came next where their text was most alike counts too.

    Loading and translating change neither environment, threads, memory settings nor random numbers of the
    process, and print nothing: notes and warnings go to the logger `mt`.

    Raises RunError if the directory is missing or damaged, ConfigError if a value cannot work.
    """
    from pathlib import Path

    from mt import checkpoint
    from mt import device as devices
    from mt.config import DatastoreConfig, SearchConfig
    from mt.console import LoggingConsole
    from mt.flags import lay_over
    from mt.translator.opening import with_datastore

    settings: dict[str, object] = {"beam": beam, "length_penalty": length_penalty, "ctc_weight": ctc_weight}
    settings |= {"no_repeat_ngram": no_repeat_ngram, "mbr": mbr, "precision": precision}
    config = lay_over(SearchConfig(), settings)
    where = devices.choose(device)
    if not runs:
        raise TypeError("name a run directory, such as checkpoints/mine")
    recalled = DatastoreConfig(datastore=(datastore,) if isinstance(datastore, str) else tuple(datastore))
    loaded = checkpoint.load_runs([Path(run) for run in runs], where)
    return with_datastore(loaded, recalled, config, where, LoggingConsole())


def __getattr__(name: str) -> object:
    if name in ("Translation", "Translator"):
        from mt import translator

        return getattr(translator, name)
    raise AttributeError(f"module 'mt' has no attribute {name!r}")
