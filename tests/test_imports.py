"""Imports go down the list of the design only: nouns in the order of the flow, then the verbs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import mt

PACKAGE = Path(mt.__file__).parent

ORDER = [
    "errors", "direction", "config", "options", "flags", "console", "device",
    "inflection", "lexicon", "phrasebook", "formats", "cleaning", "report", "store", "corpus",
    "markup", "tokenizer", "batch", "keeping", "pieces", "sampling", "product", "scan", "dropout", "rnn",
    "attention", "encoder", "decoder", "loss", "model", "ensemble", "moving_average", "search", "alignment",
    "sentences", "moses", "metrics", "mbr", "testset", "checkpoint", "logs", "distillation", "validation",
    "schedule", "trainer",
    "card", "datastore", "translator", "inspection", "picture", "neighbours", "train", "evaluate",
    "run_report", "translate", "tune", "average", "inspect", "serve", "cli",
]  # fmt: skip

SERVE = [
    "refusal", "names", "models", "detection", "markup", "metrics", "keys", "limits", "batcher", "call",
    "service", "schema", "gate", "pages", "app", "command",
]  # fmt: skip


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The parts of mt that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "mt":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mt."):
            found.add((node.module or "").split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("mt.")}
    return found - {"__version__"}


def test_every_file_has_its_place_in_the_list() -> None:
    files = {name_of(path) for path in PACKAGE.rglob("*.py")} - {"__init__", "__main__"}
    assert files == set(ORDER)


def test_imports_go_down_the_list_only() -> None:
    upward = [
        f"{path.name} imports {other}"
        for path in PACKAGE.rglob("*.py")
        if (name := name_of(path)) not in ("__init__", "__main__")
        for other in imported(path) - {name}
        if ORDER.index(other) >= ORDER.index(name)
    ]
    assert upward == []


def test_translating_loads_nothing_that_only_corpora_need() -> None:
    """`datasets` brings pandas: a quarter of the time until the first translation."""
    unwanted = "{'datasets', 'pandas', 'sacrebleu', 'matplotlib'}"
    code = f"import sys, mt.translate; print(*{unwanted} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_imports_within_serve_go_down_their_list_only() -> None:
    files = {path.stem: path for path in (PACKAGE / "serve").glob("*.py") if path.stem != "__init__"}
    assert files.keys() == set(SERVE)
    upward = [
        f"{name} imports {node.module}"
        for name, path in files.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mt.serve.")
        if SERVE.index((node.module or "").split(".")[2]) >= SERVE.index(name)
    ]
    assert upward == []
