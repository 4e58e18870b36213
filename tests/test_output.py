"""Every command × every way out: what existed is replaced as a whole, or stays as it was."""

from __future__ import annotations

import errno
import io
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mt import cli
from mt.errors import FileError, Interrupted
from mt.inspection import Inspector
from mt.storage.output import open_output, write_file
from mt.translator import Translator
from tests.toy import toy_pairs, write_tsv

OLD = b"what was there before\n"

Route = Callable[[Path, Path, Path], list[str]]
ROUTES: dict[str, Route] = {
    "translate": lambda run, _, out: ["translate", "-m", str(run), "-o", str(out), "ba de"],
    "evaluate": lambda run, test, out: ["evaluate", "-m", str(run), "--test", str(test), "--save", str(out)],
    "npz": lambda run, _, out: ["inspect", "-m", str(run), "--npz", str(out), "ba de"],
    "picture": lambda run, _, out: ["inspect", "-m", str(run), "--picture", str(out), "ba de"],
    "report": lambda run, test, out: ["report", "-m", str(run), "--test", str(test), "--save", str(out)],
}
"""The arguments that write into a file: by a run, test pairs and the file."""


@pytest.fixture(params=sorted(ROUTES))
def route(request: pytest.FixtureRequest) -> Route:
    return ROUTES[request.param]


@pytest.fixture
def test_pairs(tmp_path: Path) -> Path:
    return write_tsv(tmp_path / "test.tsv", toy_pairs(6, seed=3))


test_pairs.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A file that somebody may still want, with permissions that are not the usual ones."""
    path = tmp_path / "folder" / "out.svg"
    path.parent.mkdir()
    path.write_bytes(OLD)
    path.chmod(0o604)
    return path


def untouched(out: Path) -> bool:
    return out.read_bytes() == OLD and list(out.parent.iterdir()) == [out]


def test_a_file_is_replaced_and_keeps_its_permissions(
    route: Route, toy_run: Path, test_pairs: Path, out: Path
) -> None:
    assert cli.main(route(toy_run, test_pairs, out)) == 0
    assert out.read_bytes() != OLD
    assert stat.S_IMODE(out.stat().st_mode) == 0o604
    assert list(out.parent.iterdir()) == [out]


def test_a_new_file_has_the_permissions_that_the_umask_leaves(
    route: Route, toy_run: Path, test_pairs: Path, tmp_path: Path
) -> None:
    before = os.umask(0o027)
    try:
        assert cli.main(route(toy_run, test_pairs, tmp_path / "new.svg")) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new.svg").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (KeyboardInterrupt(), 130),
        (Interrupted("stopped by SIGTERM", signal.SIGTERM), 143),
        (OSError(errno.ENOSPC, "No space left on device"), 1),
        (FileError("cannot write"), 1),
    ],
    ids=["Ctrl-C", "SIGTERM", "OSError", "MTError"],
)
def test_what_stops_in_the_middle_leaves_it_as_it_was(
    route: Route,
    toy_run: Path,
    test_pairs: Path,
    out: Path,
    problem: BaseException,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise problem

    for owner, name in ((Translator, "search"), (Inspector, "inspect")):
        monkeypatch.setattr(owner, name, stop)
    assert cli.main(route(toy_run, test_pairs, out)) == code
    assert untouched(out)


def test_an_error_after_half_of_the_output_leaves_it_as_it_was(
    toy_run: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mt.commands.text_input.CHUNK", 1)
    search, calls = Translator.search, []

    def fail_at_the_second(self: Translator, texts: list[str], **options: object) -> object:
        calls.append(texts)
        if len(calls) == 2:
            assert any(path.stat().st_size for path in out.parent.iterdir() if path != out)  # half is there
            raise KeyboardInterrupt
        return search(self, texts, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Translator, "search", fail_at_the_second)
    (tmp_path / "in").write_text("ba\nde\nfi\n")
    arguments = ["translate", "-m", str(toy_run), "-i", str(tmp_path / "in"), "-o", str(out)]
    assert cli.main(arguments) == 130
    assert untouched(out)


@pytest.mark.parametrize("flags", [["-m", "nowhere"], ["--beam", "0"], ["--device", "cuda"]])
def test_a_mistake_leaves_it_as_it_was(
    route: Route,
    flags: list[str],
    toy_run: Path,
    test_pairs: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    command, _, run, *rest = route(toy_run, test_pairs, out)
    model = [] if "-m" in flags else ["-m", run]
    assert cli.main([command, *model, *flags, *rest]) in (1, 2)
    assert untouched(out)


def test_a_wrong_language_leaves_it_as_it_was(toy_run: Path, test_pairs: Path, out: Path) -> None:
    for name in ("translate", "npz", "picture"):
        command, *rest = ROUTES[name](toy_run, test_pairs, out)
        assert cli.main([command, "--tgt", "cc", *rest]) == 1
        assert untouched(out)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("taken.svg", "Is a directory"), ("none/x.svg", "No such file"), (f"{'x' * 300}.svg", "name too long")],
)
def test_a_file_that_cannot_be_written_is_said_before_the_model_is_opened(
    route: Route,
    name: str,
    reason: str,
    test_pairs: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """There is no model at all."""
    (tmp_path / "taken.svg").mkdir()
    path = tmp_path / name
    arguments = route(tmp_path / "nowhere", test_pairs, path)
    if arguments[0] == "evaluate" and "/" in name:
        pytest.skip("evaluate makes the folder that it needs")
    assert cli.main(arguments) == 1
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert f"cannot write {path}: " in error
    assert reason in error


def test_of_a_link_the_file_is_replaced(route: Route, toy_run: Path, test_pairs: Path, out: Path) -> None:
    link = out.parent / "link.svg"
    link.symlink_to(out.name)
    assert cli.main(route(toy_run, test_pairs, link)) == 0
    assert link.is_symlink()
    assert out.read_bytes() not in (OLD, b"")


def test_a_pipe_is_written_and_stays_a_pipe(
    route: Route, toy_run: Path, test_pairs: Path, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe.svg"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
    assert cli.main(route(toy_run, test_pairs, pipe)) == 0
    data, _ = reader.communicate()
    assert data
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("name", ["translate", "evaluate", "npz"])
def test_devices_are_written_and_stay_devices(
    name: str, toy_run: Path, test_pairs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(ROUTES[name](toy_run, test_pairs, Path("/dev/null"))) == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    capsys.readouterr()
    assert cli.main(ROUTES[name](toy_run, test_pairs, Path("/dev/full"))) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("mt: cannot write /dev/full: No space left on device; ")


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_the_process_own_descriptors_are_added_to(name: str, tmp_path: Path) -> None:
    """Redirected they are a regular file, which is not to be replaced nor written from its start."""
    code = f"import pathlib, mt.storage.output as out; out.write_file(pathlib.Path({name!r}), b'new')"
    with (tmp_path / "log").open("wb") as file:
        file.write(OLD)
        file.flush()
        subprocess.run([sys.executable, "-c", code], stdout=file, check=True)
    assert (tmp_path / "log").read_bytes() == OLD + b"new"


@contextmanager
def as_stdin(path: Path) -> Iterator[None]:
    """The process reads a file as by the shell's `<`."""
    kept = os.dup(0)
    try:
        with path.open("rb") as file:
            os.dup2(file.fileno(), 0)
        yield
    finally:
        os.dup2(kept, 0)
        os.close(kept)


def test_output_may_not_be_what_is_read(toy_run: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Under the same name or another one, by -i or by the shell."""
    out = out.rename(out.with_name("out.txt"))
    link = out.with_name("link")
    os.link(out, link)
    command = ["translate", "-m", str(toy_run)]
    for name in (out, link):
        assert cli.main([*command, "-i", str(out), "-o", str(name)]) == 1
        assert "is the input file too" in capsys.readouterr().err
    for arguments in ([*command, "-o"], ["inspect", "-m", str(toy_run), "--npz"]):
        with as_stdin(out):
            assert cli.main([*arguments, str(out)]) == 1
        assert capsys.readouterr().err == f"mt: {out} is the input file too; write somewhere else\n"
    assert cli.main(["report", "-m", str(toy_run), "--test", f"aa-bb={out}", "--save", str(link)]) == 1
    assert "is the input file too" in capsys.readouterr().err
    assert out.read_bytes() == OLD


def test_a_real_signal_leaves_it_as_it_was(toy_run: Path, out: Path) -> None:
    arguments = [sys.executable, "-m", "mt", "translate", "-m", str(toy_run), "-o", str(out)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b"ba\n")
        process.stdin.flush()
        assert b"model: " in process.stderr.readline()
        process.terminate()
        assert b"mt: stopped by SIGTERM" in process.stderr.read()
    assert process.returncode == 143
    assert untouched(out)


def test_where_nothing_may_be_renamed_the_content_is_replaced(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file mounted into a container; another user's in a folder like /tmp."""

    def busy(*_: object) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", busy)
    write_file(out, b"new")
    assert out.read_bytes() == b"new"
    assert list(out.parent.iterdir()) == [out]


def test_where_no_file_may_be_made_the_one_that_is_there_is_still_written(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that only its owner may change; root may, so the system's answer is told here."""
    opened = os.open

    def refuse(path: str | Path, flags: int, *more: int) -> int:
        if Path(path).parent == out.parent and flags & os.O_CREAT:
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, flags, *more)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FileError, match="Permission denied"):
        write_file(out.with_name("new"), b"new")
    write_file(out, b"new")
    assert out.read_bytes() == b"new"
    assert list(out.parent.iterdir()) == [out]


def test_a_file_that_may_not_be_written_is_not_replaced(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may change the folder could. root may write all files, so the system's answer is told here."""
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != out or mode != os.W_OK)
    with pytest.raises(FileError, match="Permission denied"):
        write_file(out, b"new")
    assert untouched(out)


def test_short_writes_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:3]))
    with open_output(tmp_path / "new") as output:
        assert output.write(b"0123456789") == 10
    assert (tmp_path / "new").read_bytes() == b"0123456789"


def test_a_text_is_utf8_whatever_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    with open_output(None) as output:
        output.text("我\udcff")
    assert stream.buffer.getvalue() == "我?".encode()


def test_a_stream_of_text_alone_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a notebook, or under contextlib.redirect_stdout."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    with open_output(None) as output:
        output.text("我 ba\n")
    assert stream.getvalue() == "我 ba\n"
