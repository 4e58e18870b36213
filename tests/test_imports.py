"""Imports go down the picture of the design only, folder by folder."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import mt

PACKAGE = Path(mt.__file__).parent

ORDER = [
    *["release", "errors", "storage", "text", "config", "options", "flags", "console", "heap", "device"],
    *["metrics", "tokenizer", "data", "speech"],
    *["layers", "attention", "encoder", "decoder", "model", "checkpoint", "decoding", "search"],
    *["training", "translator", "inline", "files", "evaluation", "inspection", "serve", "commands", "cli"],
]
"""Files and folders of `mt`; each may import those before it."""


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imported(path: Path) -> set[str]:
    """Dotted names of what a file imports of mt, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "mt":
            found |= {f"mt.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mt."):
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("mt.")}
    return found


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_every_file_and_folder_has_its_place_in_the_order() -> None:
    files = {name_of(path) for path in PACKAGE.rglob("*.py")} - {"__init__", "__main__"}
    assert files == set(ORDER)


def test_no_two_modules_have_one_name() -> None:
    names = Counter(path.name for path in PACKAGE.rglob("*.py"))
    assert [name for name, count in names.items() if count > 1] == ["__init__.py"]


def test_imports_go_down_the_order_only() -> None:
    upward = sorted(
        f"{path.relative_to(PACKAGE)} imports {other}"
        for path in PACKAGE.rglob("*.py")
        if (name := name_of(path)) not in ("__init__", "__main__")
        for other in {dotted.split(".")[1] for dotted in imported(path)} - {name}
        if ORDER.index(other) >= ORDER.index(name)
    )
    assert upward == []


def test_no_module_imports_itself_through_others() -> None:
    """A cycle inside a folder is one too."""
    modules = {module_of(path): path for path in PACKAGE.rglob("*.py")}
    needs = {name: {other for other in imported(path) if other in modules} for name, path in modules.items()}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, f"cycle: {' -> '.join([*above, name])}"
        if name not in done:
            for other in sorted(needs[name] - {name}):
                visit(other, (*above, name))
            done.add(name)

    for name in sorted(modules):
        visit(name, ())


def test_translating_loads_nothing_that_only_corpora_need() -> None:
    """`datasets` brings pandas: a quarter of the time until the first translation."""
    unwanted = "{'datasets', 'pandas', 'sacrebleu', 'matplotlib', 'mt.speech', 'soundfile', 'soxr', 'jiwer'}"
    code = f"import sys, mt.commands.translate; print(*{unwanted} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


PRIVATE = {"layers/operators.py": {"ops"}, "training/skipping.py": {"found_inf"}}
"""What is no public API of torch, by the file that uses it, behind a check whose fallback is tested."""


def private(name: str) -> str | None:
    """The part of a dotted name that torch does not document; None if it documents all."""
    first, *parts = name.split(".")
    hidden = [part for part in parts if part == "ops" or (part[0] == "_" and part[:2] != "__")]
    return "found_inf" if parts[-1] == "found_inf" else hidden[0] if first == "torch" and hidden else None


def dotted_name(node: ast.AST) -> str:
    """`torch.ops.aten` of its nodes; what stands before the dots is left out if it is no name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id if isinstance(node, ast.Name) else "", *reversed(parts)])


def test_private_api_of_torch_stays_where_it_is_checked() -> None:
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = private(dotted_name(node)) if isinstance(node, ast.Attribute) else None
            if name is not None:
                found.setdefault(path.relative_to(PACKAGE).as_posix(), set()).add(name)
    assert found == PRIVATE


MAP = (Path(__file__).parent.parent / "docs" / "development.md").read_text(encoding="utf-8")
NAMED = re.findall(r"\]\(\.\./(mt/[\w/]+\.py)\) `([\w.]+)`", MAP)
"""The files of the map of the code, and what it says is in each."""


def test_the_map_names_every_file_and_folder() -> None:
    drawn = MAP.partition("```text\nmt/\n")[2].partition("```")[0].split("deploy/")[0]
    assert {name.removesuffix(".py") for name in re.findall(r"\b\w+(?:\.py|(?=/))", drawn)} >= set(ORDER)


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[f"{file}:{name}" for file, name in NAMED])
def test_the_map_names_what_is_there(file: str, name: str) -> None:
    tree: ast.AST = ast.parse((PACKAGE.parent / file).read_text(encoding="utf-8"))
    for part in name.split("."):
        found = [node for node in ast.walk(tree) if getattr(node, "name", None) == part]
        assert found, f"{file} has no {name}"
        tree = found[0]
