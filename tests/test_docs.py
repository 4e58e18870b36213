"""The documents name only flags, files and symbols that there are. `make docs-check` runs their commands."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from pathlib import Path

import pytest

from mt import cli
from tests.docs_check import ROOT, Block, blocks, pages

FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
LINK = re.compile(r"\]\((?!https?://)([^)#]+)(?:#[^)]*)?\)")
SYMBOLS = re.compile(r"\[(mt/[\w/]+\.py)\]\([^)]*\)((?: `[A-Za-z_.]+`)+)")
COMMAND = re.compile(r"\bmt (?:\[options\] )?([a-z]+)\b")
OTHERS = {
    "--version",
    "--requeue",
    "--rdzv-conf",
    "--pairs",
    "--parsable",
    "--wrap",
    "--torch-backend",
    "--extra-index-url",
    "--rm",
    "--no-healthcheck",
    "--init",
    "--data-urlencode",
    "--task",
    "--system",
    "--hardware",
    "--data",
    "--lc-tok",
    "--strict",
    "--check",
    "--standalone",
    "--nnodes",
    "--nproc-per-node",
    "--max-restarts",
    "--rdzv-backend",
    "--rdzv-endpoint",
    "--rdzv-id",
}
"""Of torchrun, curl, results.collect, mypy, uv, pip, docker and msgfmt."""

MARKDOWN = [*pages(), ROOT / "RESULTS.md", *sorted((ROOT / "docs" / "experiments").glob("*.md"))]


@pytest.fixture(scope="module")
def flags() -> dict[str, set[str]]:
    """The flags of each command, from its help."""
    commands = re.findall(r"^  mt ([a-z]+) ", cli.HELP, re.MULTILINE)
    assert "train" in commands
    helps = {"--help", "--help-all"}
    found = {command: set(FLAG.findall(full_help(command))) | helps for command in commands}
    for mode in ("--tune", "--calibrate"):
        found["evaluate"] |= set(FLAG.findall(full_help("evaluate", mode)))
    return found


def full_help(command: str, *mode: str) -> str:
    """What the command prints of all its flags."""
    shown = io.StringIO()
    for flag in ("--help-all", "--help"):
        with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
            cli.main([command, *mode, flag])
    return shown.getvalue()


def commands_of(block: Block) -> list[str]:
    """The commands of a block, each on one line, without comments."""
    joined = block.command.replace("\\\n", " ")
    return [line.split("  #")[0].split(" # ")[0] for line in joined.splitlines()]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_every_flag_of_a_command_shown_exists(page: Path, flags: dict[str, set[str]]) -> None:
    unknown = [
        f"{block}: mt {command} {flag}"
        for block in blocks(page)
        for line in commands_of(block)
        for part in re.split(r"[;|&]", line)
        if (match := COMMAND.search(part)) and (command := match[1]) in flags
        for flag in FLAG.findall(part, match.end())
        if flag not in flags[command]
    ]
    assert unknown == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_every_flag_named_in_the_text_exists(page: Path, flags: dict[str, set[str]]) -> None:
    known = set().union(*flags.values()) | OTHERS
    assert sorted(set(FLAG.findall(page.read_text(encoding="utf-8"))) - known) == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_every_make_target_named_exists(page: Path) -> None:
    targets = set(re.findall("^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert "test" in targets
    named = re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(set(named) - targets) == []


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: page.stem)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_answers_for_newcomers_name_symbols_that_their_files_define() -> None:
    text = (ROOT / "docs" / "development.md").read_text(encoding="utf-8")
    named = [
        (file, symbol)
        for file, symbols in SYMBOLS.findall(text)
        for symbol in re.findall(r"`(.+?)`", symbols)
    ]
    assert len(named) > 15
    assert [f"{file} {symbol}" for file, symbol in named if symbol not in defined(ROOT / file)] == []


def test_the_tree_for_newcomers_names_all_of_the_package() -> None:
    text = (ROOT / "docs" / "development.md").read_text(encoding="utf-8")
    names = {path.name + "/" * path.is_dir() for path in (ROOT / "mt").iterdir() if path.name[0] not in "_."}
    assert sorted(name for name in names - {"py.typed"} if f" {name}" not in text) == []


def defined(path: Path) -> set[str]:
    """Functions, classes and methods of a file: `search`, `Beam`, `Beam.advance`."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (part for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef))
            found |= {f"{node.name}.{method.name}" for method in methods}
    return found


@pytest.mark.parametrize(("name", "limit"), [("README.md", 150), ("RESULTS.md", 120)])
def test_first_pages_stay_short(name: str, limit: int) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= limit
