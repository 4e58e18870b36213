"""Time a toolkit's search without its start-up, in its own environment: run as a file, not as a module.

    PYTHON peer_search.py onmt|joey|mt-fp32|mt-int8 MODEL BEAM PIECES SOURCE RESULT

MODEL is a checkpoint, a settings file or a run directory; PIECES the SentencePiece model; SOURCE the text,
a sentence a line. RESULT gets a JSON object: the number of weights, the seconds that all lines together
took, those that each of the first lines took alone, and the translations.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

BATCH, LONGEST = 64, 100  # sentences at once and pieces in a translation, of the peers
SINGLE = 100  # sentences translated one at a time
WARM_UP = 20

Translate = Callable[[Sequence[str]], list[str]]


def onmt_arguments(model: str, beam: str, pieces: str, source: str, output: str) -> list[str]:
    """What OpenNMT-py's command is told."""
    told = {
        "model": model,
        "src": source,
        "output": output,
        "beam_size": beam,
        "batch_size": str(BATCH),
        "max_length": str(LONGEST),
        "transforms": "sentencepiece",
        "src_subword_model": pieces,
        "tgt_subword_model": pieces,
    }
    return [word for name, value in told.items() for word in (f"-{name}", value)]


def load_onmt(model: str, beam: str, pieces: str) -> tuple[Translate, int]:
    """OpenNMT-py's own engine for lists; its pieces are loaded once, not at each call."""
    from onmt.bin.translate import _get_parser  # type: ignore[import-not-found]
    from onmt.inference_engine import InferenceEnginePY  # type: ignore[import-not-found]
    from onmt.inputters import dynamic_iterator  # type: ignore[import-not-found]
    from onmt.transforms import make_transforms  # type: ignore[import-not-found]
    from onmt.utils.parse import ArgumentParser  # type: ignore[import-not-found]

    options = _get_parser().parse_args(onmt_arguments(model, beam, pieces, os.devnull, os.devnull))
    ArgumentParser.validate_translate_opts(options)
    ArgumentParser._get_all_transform_translate(options)
    ArgumentParser._validate_transforms_opts(options)
    ArgumentParser.validate_translate_opts_dynamic(options)
    engine = InferenceEnginePY(options)
    ready = make_transforms(options, engine.transforms_cls, engine.vocabs)
    dynamic_iterator.make_transforms = lambda *_: ready

    def translate(lines: Sequence[str]) -> list[str]:
        return [best[0] for best in engine.infer_list(list(lines))[1]]

    return translate, sum(weights.numel() for weights in engine.translator.model.parameters())


def load_joey(model: str, _beam: str, _pieces: str) -> tuple[Translate, int]:
    """What Joey NMT's command `translate` does with its standard input; beam and pieces are in MODEL."""
    from joeynmt.config import load_config, parse_global_args  # type: ignore[import-not-found]
    from joeynmt.prediction import predict, prepare  # type: ignore[import-not-found]

    args = parse_global_args(load_config(Path(model)), rank=0, mode="translate")
    network, _, _, data = prepare(args, rank=0, mode="translate")

    def translate(lines: Sequence[str]) -> list[str]:
        data.reset_cache()
        for line in lines:
            data.set_item(line)
        found = predict(
            model=network,
            data=data,
            device=args.device,
            n_gpu=0,
            normalization="none",
            args=args.test,
            autocast=args.autocast,
        )
        return list(found[2])

    return translate, sum(weights.numel() for weights in network.parameters())


def load_mt(model: str, beam: str, precision: Literal["fp32", "int8"]) -> tuple[Translate, int]:
    """mt's library."""
    import mt

    translator = mt.load(model, beam=int(beam), device="cpu", precision=precision)
    weights = sum(weights.numel() for weights in translator.run.model.parameters())
    return translator.translate, weights


def main() -> None:
    """Load, warm up, measure, write."""
    tool, model, beam, pieces, source, result = sys.argv[1:]
    if tool in ("onmt", "joey"):
        translate, weights = {"onmt": load_onmt, "joey": load_joey}[tool](model, beam, pieces)
    else:
        translate, weights = load_mt(model, beam, "int8" if tool == "mt-int8" else "fp32")
    lines = Path(source).read_text(encoding="utf-8").removesuffix("\n").split("\n")
    translate(lines[:WARM_UP])
    began = time.perf_counter()
    translations = translate(lines)
    seconds = time.perf_counter() - began
    single = []
    for line in lines[:SINGLE]:
        began = time.perf_counter()
        translate([line])
        single.append(time.perf_counter() - began)
    found = {"weights": weights, "seconds": seconds, "single": single, "translations": translations}
    Path(result).write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
