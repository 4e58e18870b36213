"""The command line: help that fits a screen, flags that mean something, former spellings, completion."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import version as version_of
from pathlib import Path

import pytest

from mt import cli
from mt.commands.arguments import CALIBRATE, COMMANDS, TUNE, find
from mt.commands.command import Command
from mt.commands.completion import SHELLS, completion
from mt.config import Config, SearchConfig
from mt.config.files import preset_names
from mt.errors import UsageError
from mt.options import Device
from tests.toy import toy_pairs, write_tsv

ALL = {**COMMANDS, TUNE.name: TUNE, CALIBRATE.name: CALIBRATE}
FLAG = re.compile(r"^  (--[\w-]+|TEXT)", re.MULTILINE)


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main(list(arguments)) == 0
    return capsys.readouterr().out


def fields(command: Command) -> set[str]:
    """All that the command's flags are for."""
    sections = command.sections([])
    return {name for section in sections for name in type(section).model_fields} - set(command.without)


@pytest.fixture(autouse=True)
def _screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("name", ALL)
def test_help_fits_a_screen_and_says_how_to_see_more(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, *name.split(), "--help")
    command = ALL[name]
    assert len(text.splitlines()) <= 60
    assert text.startswith(f"usage: mt {name} [options]")
    assert "\nexamples:\n  mt " in text
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("(") == text.count(")"), "a sentence that is cut off in the middle"
    flags = FLAG.findall(text)
    hidden = len(fields(command)) - len(flags)
    assert (f"mt {name} --help-all shows {hidden} more options" in text) is (hidden > 0)
    assert hidden == (len(fields(command)) - len(command.everyday) if command.everyday else 0)


def test_the_help_of_train_shows_what_people_use(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "train", "--help")
    flags = FLAG.findall(text)
    assert 12 <= len(flags) <= 18
    assert {"--train", "--validation", "--out", "--preset", "--time-budget", "--seed"} <= set(flags)
    assert flags[0] == "--out"  # the command's own group is first, the device last
    assert flags[-3:] == ["--device", "--threads", "--log-file"]
    assert "--time-budget 30m" in text
    assert "--config FILE" in text


@pytest.mark.parametrize("name", ALL)
def test_help_all_shows_every_flag_once(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    flags = FLAG.findall(shown(capsys, *name.split(), "--help-all"))
    assert len(flags) == len(set(flags)) == len(fields(ALL[name]))


@pytest.mark.parametrize("name", ALL)
def test_every_word_of_help_all_is_explained(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Metavars that say what is wanted; a switch that nothing turns on has no --no- form."""
    text = shown(capsys, *name.split(), "--help-all")
    assert not re.search("-$", text, re.MULTILINE), "a flag on two lines"
    metavars = set(re.findall(r"^  --[\w-]+ (\S+)", text, re.MULTILINE)) - {""}
    plain = {word for word in metavars if re.fullmatch(r"[A-Z-]+", word)}
    assert plain <= {"FILE", "RUN", "SPEC", "CODE", "NAME", "SRC-TGT", "ADDRESS", "HOST", "ORIGIN", "N", "X"}
    negative = {flag for flag in re.findall(r"--no-[\w-]+", text) if flag != "--no-repeat-ngram"}
    of_settings = {
        f"--no-{field.replace('_', '-')}"
        for section in vars(Config()).values()
        for field in type(section).model_fields
    }
    assert negative <= of_settings | {"--no-swap"}


def test_defaults_of_zero_and_no_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(shown(capsys, "train", "--preset", "vector", "--help-all").split())
    assert re.search(r"--weight-decay X [^(]*\([^)]*\); 0 turns it off \(default: 0.0\)", text)
    assert re.search(r"--reverse-source, --no-reverse-source .{,90} \(default: no\)", text)
    text = " ".join(shown(capsys, "serve", "--help").split())
    assert (
        "--rate-limit N Maximum requests a minute for each client or key; 0 is no limit (default: 0)" in text
    )


def test_help_begins_with_the_commands_own_group(capsys: pytest.CaptureFixture[str]) -> None:
    for name, command in ALL.items():
        groups = re.findall(r"^(\S.*):$", shown(capsys, *name.split(), "--help-all"), re.MULTILINE)
        assert groups[0] == (type(command.sections([])[0]).__doc__ or "").rstrip(".")
        assert groups[-2] == (Device.__doc__ or "").rstrip(".")


def test_a_flag_is_in_the_same_group_in_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ALL:
        text = shown(capsys, *name.split(), "--help-all")
        if name not in ("train", "serve"):
            assert re.search(r"^Model:\n  --model( RUN)?, -m RUN ", text, re.MULTILINE)
        assert "\nDevice and log:\n  --device {" in text


def test_no_command_offers_what_it_refuses() -> None:
    """A vector is not searched for, and penalties are what tuning is about."""
    assert fields(COMMANDS["neighbours"]) & set(SearchConfig.model_fields) == {"precision", "batch_tokens"}
    assert not fields(TUNE) & {"length_penalty", "mbr", "datastore_weight", "datastore_temperature"}


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys)
    assert text == shown(capsys, "help") == shown(capsys, "--help")
    assert set(re.findall(r"^  mt ([a-z]+) ", text, re.MULTILINE)) == {*COMMANDS, "completion"}
    assert max(map(len, text.splitlines())) <= 100
    assert shown(capsys, "help", "translate") == shown(capsys, "translate", "--help")


def test_help_answers_without_torch() -> None:
    """`mt --help` in 0.3 s and `mt COMMAND --help` soon after: neither may load torch."""
    commands = ["--help", *(f"{name} --help" for name in ALL), "completion bash"]
    script = (
        "import sys; from mt.cli import main\n"
        "print([one for one in sys.argv[1:] if main(one.split()) or 'torch' in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script, *commands], capture_output=True, text=True)
    assert done.stderr == "[]\n"


@pytest.mark.parametrize(
    ("name", "former", "command", "arguments"),
    [
        ("inspect", ["-m", "a", "--report", "x.tsv"], "report", ["-m", "a", "--test", "x.tsv"]),
        ("inspect", ["--report=x.tsv"], "report", ["--test=x.tsv"]),
        ("inspect", ["--neighbours", "x", "ba"], "neighbours", ["--corpus", "x", "ba"]),
        ("tune", ["-m", "a"], "evaluate --tune", ["-m", "a"]),
        ("evaluate", ["-m", "a", "--tune"], "evaluate --tune", ["-m", "a"]),
        ("inspect", ["ba", "--json"], "inspect", ["ba", "--json"]),
        ("inspect", ["--", "--report"], "inspect", ["--", "--report"]),
    ],
)
def test_former_spellings(name: str, former: list[str], command: str, arguments: list[str]) -> None:
    found, rest = find(name, former)
    assert (found.name, rest) == (command, arguments)


def test_neighbours_by_the_former_flag_too(
    toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write_tsv(tmp_path / "pairs.tsv", toy_pairs(20, seed=5)))
    options = ["-m", str(toy_run), "--threads", "1", "ba de", "--json"]
    assert cli.main(["neighbours", "--corpus", path, *options]) == 0
    now = capsys.readouterr().out
    assert cli.main(["inspect", "--neighbours", path, *options]) == 0
    assert capsys.readouterr().out == now


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["neighbours", "ba"], "mt neighbours: name the pairs to search by --corpus SPEC"),
        (["neighbours", "-m", "a", "-m", "b", "--corpus", "x", "ba"], "give -m once"),
        (["report", "-m", "a", "-m", "b"], "mt report is about one run: give -m once"),
        (["evaluate", "--tune", "--beam", "1"], "give --beam 2 or more"),
        (["train", "--seeds", "2", "--seed", "3"], "--seeds names all seeds: leave --seed out"),
        (["train", "--seeds", "0"], "--seeds 0 trains nothing"),
        (["train", "--seeds", "2", "1", "2"], "--seeds names a seed twice"),
        (["completion", "tcsh"], "name one of bash, zsh, fish"),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert not captured.err.startswith("mt: mt ")
    assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_after_two_dashes_a_text_may_look_like_a_flag(
    toy_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["translate", "-m", str(toy_run), "--json", "--", "--help"]) == 0
    assert '"source": "--help"' in capsys.readouterr().out


def test_version_names_what_decides_about_speed(capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = shown(capsys, "--version").splitlines()
    assert re.fullmatch(r"mt \d+\.\d+\S*", first)
    torch = re.escape(version_of("torch"))  # which may lack the build, such as +cu130
    assert re.fullmatch(rf"Python {sys.version.split()[0]}, torch {torch}(\+\w+)?", second)
    assert re.fullmatch(r"device \S.*, processor \S.*, \d+ threads?", third)


def words(shell: str, script: str, line: list[str]) -> list[str]:
    """What TAB offers at the end of a line."""
    if shell == "fish":
        code = f"{script}\ncomplete -C '{' '.join(line)}'"
        done = subprocess.run(["fish", "--no-config", "-c", code], capture_output=True, text=True, check=True)
        return [offer.split("\t")[0] for offer in done.stdout.splitlines()]
    quoted = " ".join(f"'{word}'" for word in line)
    code = f"{script}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(line) - 1}\n"
    if shell == "zsh":  # which itself leaves out what does not begin as the word does
        code = f"autoload -U compinit; compinit -u -D\n{code}compgen -F _mt -- '{line[-1]}'"
    else:
        code += "_mt\nprintf '%s\\n' \"${COMPREPLY[@]}\""
    done = subprocess.run([shell, "-c", code], capture_output=True, text=True, check=True)
    return [offer for offer in done.stdout.splitlines() if offer.startswith(line[-1])]


@pytest.mark.parametrize("shell", SHELLS)
def test_tab_completes(shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "pairs one.tsv").touch()
    script = completion([shell])
    assert words(shell, script, ["mt", "tr"]) == ["train", "translate"]
    assert {*COMMANDS, "completion"} <= set(words(shell, script, ["mt", ""]))
    assert words(shell, script, ["mt", "translate", "--nb"]) == ["--nbest"]
    assert words(shell, script, ["mt", "evaluate", "--tu"]) == ["--tune"]
    assert words(shell, script, ["mt", "train", "--preset", "v"]) == ["vector"]
    assert sorted(words(shell, script, ["mt", "train", "--preset", ""])) == sorted(preset_names())
    assert sorted(words(shell, script, ["mt", "completion", ""])) == sorted(SHELLS)
    offered = words(shell, script, ["mt", "train", "--train", "pa"])
    assert [word.replace("\\", "") for word in offered] == ["pairs one.tsv"]


def test_completion_says_where_the_script_goes() -> None:
    assert "~/.local/share/bash-completion" in completion([])
    with pytest.raises(UsageError):
        completion(["bash", "zsh"])
