"""Small corpora and runs for the commands that the documents show."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from itertools import islice
from pathlib import Path

import polib

from mt.data.formats import read_pairs
from mt.data.formats.pairs import Pair

TINY = ["--preset", "tiny", "--shared", "--byte-fallback", "--max-epochs", "2", "--threads", "1"]


def write_corpora(folder: Path) -> None:
    """Every file of a corpus that a page names: a few hundred pairs of the phrasebook, zh to en."""
    folder.mkdir(parents=True)
    for name, split, count in (("train", "train", 400), ("val", "validation", 20), ("test", "test", 20)):
        read = read_pairs("phrasebook", src="zh", tgt="en", split=split)  # type: ignore[arg-type]
        pairs = [pair for pair in islice(read, count) if isinstance(pair, Pair)]
        sides = {"zh": [pair.src for pair in pairs], "en": [pair.tgt for pair in pairs]}
        sides["de"] = [text.upper() for text in sides["en"]]
        sides["fr"] = [" ".join(reversed(text.split())) for text in sides["en"]]
        for code, texts in sides.items():
            content = "".join(f"{text}\n" for text in texts).encode()
            (folder / f"{name}.{code}").write_bytes(content)
            (folder / f"{name}.{code}.gz").write_bytes(gzip.compress(content))
        tsv = folder / ("pairs.tsv" if name == "train" else f"{name}.tsv")
        tsv.write_text("".join(f"{src}\t{tgt}\n" for src, tgt in zip(sides["zh"], sides["en"], strict=True)))
        if name == "train":
            _write_translators_files(folder, sides["en"], sides["zh"])
    shutil.copy(folder / "test.zh", folder / "in.txt")
    shutil.copy(folder / "test.en", folder / "out.txt")


def _write_translators_files(folder: Path, english: list[str], chinese: list[str]) -> None:
    (folder / "docs" / "po").mkdir(parents=True)
    catalogue = polib.POFile()
    catalogue.metadata = {"Language": "zh", "Content-Type": "text/plain; charset=utf-8"}
    strings = [f'msgid "{text}"\nmsgstr ""\n' for text in (*english[:2], "_Quit", "Save %d files:")]
    (folder / "app.po").write_text("\n".join(['msgid ""\nmsgstr "Language: zh\\n"\n', *strings]))
    shutil.copy(folder / "app.po", folder / "in.po")
    units = []
    for source, target in dict(zip(english, chinese, strict=True)).items():
        catalogue.append(polib.POEntry(msgid=source, msgstr=target))
        pair = (("en", source), ("zh", target))
        sides = (f'<tuv xml:lang="{code}"><seg>{text}</seg></tuv>' for code, text in pair)
        units.append(f"<tu>{''.join(sides)}</tu>")
    catalogue.save(str(folder / "docs" / "po" / "texts.po"))
    (folder / "memory.tmx").write_text(
        f'<tmx version="1.4"><header srclang="en"/><body>{"".join(units)}</body></tmx>', encoding="utf-8"
    )


def write_runs(folder: Path, environment: dict[str, str]) -> None:
    """The runs that a page names: `a` and its like, with one tokenizer; `en-zh`; `attentive`."""
    zh_en = ["--train", "train.zh,train.en", "--validation", "val.zh,val.en", "--src", "zh", "--tgt", "en"]
    en_zh = ["--train", "train.en,train.zh", "--validation", "val.en,val.zh", "--src", "en", "--tgt", "zh"]
    attention = ["--attention", "general", "--attention-position", "between", "--decoder-layers", "2"]
    for name, more in (
        ("a", zh_en),
        ("b", [*zh_en, "--seed", "2", "--tokenizer-from", "checkpoints/a"]),
        ("en-zh", en_zh),
        ("attentive", [*zh_en, *attention]),
    ):
        command = ["mt", "train", *TINY, *more, "--out", f"checkpoints/{name}"]
        done = subprocess.run(command, cwd=folder, env=environment, stderr=subprocess.PIPE, encoding="utf-8")
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    for copy in ("mine", "other", "demo"):
        shutil.copytree(folder / "checkpoints" / "a", folder / "checkpoints" / copy)
