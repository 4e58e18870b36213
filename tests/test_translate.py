"""Translating: n lines in, n lines out, whatever the lines are, by every route."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import zstandard
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import mt
from mt import cli
from mt.commands import text_input
from mt.config import SearchConfig
from mt.console import Console
from mt.data.formats.lines import open_bytes
from mt.decoding.translation import Aligned
from mt.errors import ConfigError, RunError
from mt.search import Search
from mt.text.characters import one_line
from mt.text.encoding import wide_encoding
from mt.text.passthrough import nothing_to_translate
from mt.translator import Translator
from tests.toy import toy_pairs
from tests.waiting import DEADLINE

LINE_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.fixture(scope="module")
def translator(toy_run: Path) -> Translator:
    return mt.load(toy_run, device="cpu", beam=2)


class Pipe(io.TextIOWrapper):
    """Standard input or output as bytes in memory."""

    def __init__(self, data: bytes = b"") -> None:
        self.bytes = io.BytesIO(data)
        super().__init__(self.bytes, encoding="ascii")  # a locale that is not UTF-8

    def isatty(self) -> bool:
        return False


def pipe(monkeypatch: pytest.MonkeyPatch, toy_run: Path, data: bytes, *options: str) -> bytes:
    """`mt translate` with `data` on standard input; what it wrote."""
    stdin, stdout = Pipe(data), Pipe()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", stdin)
        patch.setattr(sys, "stdout", stdout)
        assert cli.main(["translate", "-m", str(toy_run), "--beam", "2", *options]) == 0
    return stdout.bytes.getvalue()


@given(st.lists(texts, max_size=6))
@settings(max_examples=60, deadline=None)
def test_as_many_translations_as_texts_each_one_line(translator: Translator, lines: list[str]) -> None:
    found = translator.translate(lines)
    assert len(found) == len(lines)
    for text, translation in zip(lines, found, strict=True):
        assert not any(mark in translation for mark in LINE_BREAKS + "\t\0")
        if not one_line(text).strip():
            assert translation == ""
        elif nothing_to_translate(text):
            assert translation == one_line(text)


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_n_lines_in_n_lines_out_for_any_bytes(
    monkeypatch: pytest.MonkeyPatch, toy_run: Path, lines: list[bytes]
) -> None:
    """Bytes that are no UTF-8, NUL, TAB, CR, U+2028: none of them can shift a line."""
    assume(wide_encoding(b"\n".join(lines)) is None)
    out = pipe(monkeypatch, toy_run, b"".join(line + b"\n" for line in lines))
    assert out.endswith(b"\n")
    assert out.count(b"\n") == len(lines)
    out.decode("utf-8")


def test_blank_lines_stay_blank_and_in_place(monkeypatch: pytest.MonkeyPatch, toy_run: Path) -> None:
    out = pipe(monkeypatch, toy_run, b"\nba de\n   \n\t\nmo\n\n").decode().split("\n")
    assert [bool(line) for line in out] == [False, True, False, False, True, False, False]
    assert out[1] == "BA DE"


LETTERLESS = [
    "😀🌷",
    "123 456",
    "---",
    " 2024-01-01 ",
    "\u200b",
    "https://x.org/a",
    "a@x.org",
    "{0} %s",
    "\ufeff1",
]


def test_what_has_no_letters_comes_out_as_it_went_in(
    monkeypatch: pytest.MonkeyPatch, toy_run: Path, attentive_run: Path
) -> None:
    """Without being searched, and beside lines that are."""
    lines = [line for text in LETTERLESS for line in (text, "ba de")]
    data = "".join(f"{line}\n" for line in lines).encode()
    expected = [line for text in LETTERLESS for line in (text, "BA DE")]
    assert pipe(monkeypatch, toy_run, data).decode().split("\n")[:-1] == expected
    monkeypatch.setattr(Search, "first", lambda _self, sources, *_: [[]] * len(sources))
    assert mt.load(toy_run).translate(LETTERLESS) == LETTERLESS
    text = "\n".join(LETTERLESS).encode()
    scored = pipe(monkeypatch, toy_run, text, "--scores").decode().split("\n")
    assert scored[:-1] == [f"0.0000\t{line}" for line in LETTERLESS]
    ranked = pipe(monkeypatch, attentive_run, text, "--nbest", "2", "--alignments").decode().split("\n")
    assert ranked[:-1] == [f"{number} ||| {line} ||| 0.0000 ||| " for number, line in enumerate(LETTERLESS)]
    row = json.loads(pipe(monkeypatch, toy_run, b"123\n", "--json", "--nbest", "2"))
    assert row["hypotheses"] == [{"translation": "123", "score": 0.0}]


def test_a_part_without_letters_is_kept_in_a_long_text(translator: Translator) -> None:
    """The score is the mean over what was searched."""
    sentences = ["Ba de fi go.", "123 456.", "Ku la mo go."]
    together, first, _, last = translator.search(["  ".join(sentences), *sentences], nbest=1)
    assert together.text == f"{first.text}  123 456.  {last.text}"
    assert together.score == pytest.approx((first.score + last.score) / 2)


UNSEEN = "\ufeff\u200b\u200d\u00ad\u200e\u200f\u2060\ufe0f"


@pytest.mark.parametrize("mark", UNSEEN)
def test_unseen_marks_do_not_change_a_translation(translator: Translator, mark: str) -> None:
    marked = [f"{mark}ba de", f"ba{mark} de", f"b{mark}a de{mark}"]
    assert translator.search(marked, nbest=1) == [
        replace(translator.search(["ba de"], nbest=1)[0], source=text) for text in marked
    ]


def test_the_last_line_needs_no_line_feed(monkeypatch: pytest.MonkeyPatch, toy_run: Path) -> None:
    assert pipe(monkeypatch, toy_run, b"ba\nmo") == b"BA\nMO\n"
    assert pipe(monkeypatch, toy_run, b"") == b""
    assert pipe(monkeypatch, toy_run, b"ba\r\nmo\r\n") == b"BA\nMO\n"


@pytest.mark.parametrize("block", [1, 2, 1 << 20])
def test_a_byte_order_mark_is_no_part_of_the_first_line(
    block: int, monkeypatch: pytest.MonkeyPatch, toy_run: Path, tmp_path: Path
) -> None:
    """By standard input in blocks of any size, and by -i; the same line twice gives the same output twice."""
    monkeypatch.setattr("mt.commands.text_input.READ", block)
    data = b"\xef\xbb\xbf123\nba de\n\xef\xbb\xbfba de\n"
    assert pipe(monkeypatch, toy_run, data) == b"123\nBA DE\nBA DE\n"
    assert pipe(monkeypatch, toy_run, b"\xef\xbb\xbf") == b""  # an empty file
    assert pipe(monkeypatch, toy_run, b"\xef\xbb\xbf\n") == b"\n"
    (tmp_path / "in").write_bytes(b"\xef\xbb\xbfba de\nba de\n")
    out = pipe(monkeypatch, toy_run, b"", "-i", str(tmp_path / "in"), "--json").splitlines()
    assert [json.loads(row)["source"] for row in out] == ["ba de", "ba de"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le", "utf-32"])
def test_utf16_is_refused_in_one_line(
    encoding: str,
    toy_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes("ba de\nmo\n".encode(encoding))
    wide = encoding.upper()[:6]
    arguments = ["translate", "-m", str(toy_run), "-i", str(source), "-o", str(target)]
    assert cli.main(arguments) == 1
    assert f"mt: {source} is {wide}, not UTF-8; save it as UTF-8\n" in capsys.readouterr().err
    assert not target.exists()
    monkeypatch.setattr(sys, "stdin", Pipe(source.read_bytes()))
    assert cli.main(arguments[:3]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith(f"mt: standard input is {wide}, not UTF-8; save it as UTF-8\n")


def test_order_is_kept_over_chunks(monkeypatch: pytest.MonkeyPatch, toy_run: Path) -> None:
    monkeypatch.setattr("mt.commands.text_input.CHUNK", 3)
    monkeypatch.setattr("mt.commands.text_input.READ", 7)
    words = ["ba", "de fi", "go", "ku la mo ne", "", "mo"] * 4
    out = pipe(monkeypatch, toy_run, "".join(f"{word}\n" for word in words).encode()).decode()
    single = pipe(monkeypatch, toy_run, b"ku la mo ne\n").decode()
    assert out.split("\n")[3] + "\n" == single
    assert out == "".join(out.split("\n")[n] + "\n" for n in range(6)) * 4


def test_a_gpu_gets_more_lines_of_a_file_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(text_input, "CHUNK", 2)
    monkeypatch.setattr(text_input, "READ", 5)
    path = tmp_path / "in.zst"
    path.write_bytes(zstandard.compress(b"a\n" * 50))
    sizes = {}
    for name in ("cpu", "cuda"):
        with open_bytes(path) as stream:
            lines = text_input.Lines(stream, "in", Console())
            lines.device = torch.device(name)
            sizes[name] = [*map(len, lines)]
    assert max(sizes["cpu"]) == 2
    assert sizes["cuda"] == [32, 8, 10]


def test_a_pipe_hands_on_what_has_come() -> None:
    """The writer has not closed it: to wait for more would be to wait for ever."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stream, os.fdopen(writer, "wb", 0) as rest:
        lines = text_input.Lines(stream, "a pipe", Console())
        lines.device = torch.device("cuda")
        chunks = iter(lines)
        for word in ("ba", "mo"):
            rest.write(f"{word}\n".encode())
            assert next(chunks) == [word]


def test_bytes_that_are_not_utf8_are_warned_of_once(
    monkeypatch: pytest.MonkeyPatch, toy_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe(monkeypatch, toy_run, b"ba\n\xff\n\xfe\n")
    error = capsys.readouterr().err
    assert error.count("bytes that are not UTF-8") == 1
    assert "standard input, line 2" in error


def test_arguments_go_to_stdout(toy_run: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert cli.main(["translate", "-m", str(toy_run), "ba", "", "mo ne"]) == 0
    captured = capsysbinary.readouterr()
    assert captured.out == b"BA\n\nMO NE\n"
    assert b"device: cpu" in captured.err


@pytest.mark.parametrize(("read", "write"), [("--input", "--output"), ("-i", "-o")])
def test_file_to_file(
    toy_run: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], read: str, write: str
) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(b"ba\n\nmo\n")
    assert cli.main(["translate", "-m", str(toy_run), read, str(source), write, str(target)]) == 0
    assert target.read_bytes() == b"BA\n\nMO\n"
    assert capsysbinary.readouterr().out == b""


def test_bytes_of_the_command_line_that_are_no_text(
    toy_run: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """The shell hands them over as lone surrogates; they are read as in a file."""
    assert cli.main(["translate", "-m", str(toy_run), "--json", "ba \udcff"]) == 0
    assert json.loads(capsysbinary.readouterr().out)["source"] == "ba \ufffd"


def test_file_to_stdout_and_stdin_to_file(
    monkeypatch: pytest.MonkeyPatch, toy_run: Path, tmp_path: Path
) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(b"ba\n")
    assert pipe(monkeypatch, toy_run, b"ignored", "--input", str(source)) == b"BA\n"
    assert pipe(monkeypatch, toy_run, b"mo\n", "--output", str(target)) == b""
    assert target.read_bytes() == b"MO\n"


def test_scores_come_before_a_tab(monkeypatch: pytest.MonkeyPatch, toy_run: Path) -> None:
    score, text = pipe(monkeypatch, toy_run, b"ba\n", "--scores").decode().rstrip("\n").split("\t")
    assert text == "BA"
    assert -1 < float(score) < 0


def test_nbest_is_in_moses_form(monkeypatch: pytest.MonkeyPatch, toy_run: Path) -> None:
    out = pipe(monkeypatch, toy_run, b"ba\n\nmo ne\n", "--nbest", "2").decode().splitlines()
    fields = [line.split(" ||| ") for line in out]
    assert [number for number, _, _ in fields] == ["0", "0", "1", "2", "2"]
    assert fields[0][1] == "BA"
    assert float(fields[0][2]) > float(fields[1][2])


def test_json_has_an_object_a_line(monkeypatch: pytest.MonkeyPatch, toy_run: Path) -> None:
    out = pipe(monkeypatch, toy_run, b"ba\n\n", "--json", "--nbest", "2").decode().splitlines()
    first, blank = (json.loads(line) for line in out)
    assert set(first) == {"id", "source", "translation", "score", "hypotheses", "confidence", "doubts"}
    assert (first["id"], first["source"], first["translation"]) == (0, "ba", "BA")
    assert first["hypotheses"][0]["translation"] == "BA"
    assert len(first["hypotheses"]) == 2
    assert first["score"] == first["hypotheses"][0]["score"]
    assert (blank["id"], blank["translation"], blank["hypotheses"][0]["translation"]) == (1, "", "")


def test_alignments_are_in_pharaohs_form(monkeypatch: pytest.MonkeyPatch, attentive_run: Path) -> None:
    """`source-target`, both from 0, within the pieces; a blank line has none."""
    out = pipe(monkeypatch, attentive_run, b"ba mo\n\nfi\n", "--alignments").decode().splitlines()
    assert [line.split(" |||")[0] for line in out] == ["BA MO", "", "FI"]
    assert out[1] == " ||| "
    plain = json.loads(pipe(monkeypatch, attentive_run, b"ba mo\n", "--alignments", "--json"))
    best = plain["hypotheses"][0]
    pairs = [tuple(map(int, pair.split("-"))) for pair in out[0].split(" ||| ")[1].split()]
    assert pairs == [tuple(pair) for pair in best["alignment"]]
    assert "".join(best["source_pieces"]).replace("▁", " ").strip() == "ba mo"
    assert "".join(best["pieces"]).replace("▁", " ").strip() == "BA MO"
    assert len({tgt for _, tgt in pairs}) == len(pairs) > 0
    assert all(src < len(best["source_pieces"]) and tgt < len(best["pieces"]) for src, tgt in pairs)


def test_alignments_stand_behind_each_of_the_best(
    monkeypatch: pytest.MonkeyPatch, attentive_run: Path
) -> None:
    data = b"ba\n"
    out = pipe(monkeypatch, attentive_run, data, "--alignments", "--nbest", "2").decode().splitlines()
    assert [len(line.split(" ||| ")) for line in out] == [4, 4]
    scored = pipe(monkeypatch, attentive_run, data, "--alignments", "--scores").decode()
    assert scored.split("\t")[1].startswith("BA ||| 0-0")


def test_alignments_of_parts_are_joined() -> None:
    """The second part's places come behind the first one's."""
    one = Aligned(("a", "b"), ("x",), ((1, 0),))
    other = Aligned(("c",), ("y", "z"), ((0, 0), (0, 1)))
    both = one + other
    assert str(both) == "1-0 2-1 2-2"
    assert (both.source_pieces, both.pieces) == (("a", "b", "c"), ("x", "y", "z"))


def test_python_takes_the_precision_too(toy_run: Path) -> None:
    assert mt.load(toy_run, precision="int8").translate(["ba"]) == ["BA"]
    with pytest.raises(ConfigError, match="--precision"):
        mt.load(toy_run, precision="int4")  # type: ignore[arg-type]


def test_int8_is_for_the_cpu(toy_run: Path) -> None:
    """The meta device stands for any other."""
    run = mt.load(toy_run).run
    with pytest.raises(ConfigError, match="int8 is for the CPU"):
        Translator([run], SearchConfig(precision="int8"), torch.device("meta"))


def test_a_long_text_has_one_alignment(attentive_run: Path) -> None:
    translation = mt.load(attentive_run).search(["Ba de fi go. " * 20], nbest=1, aligned=True)[0]
    best = translation.aligned[0]
    assert "".join(best.pieces).count("DE") == translation.text.count("DE") > 5
    assert max(src for src, _ in best.alignment) > len(best.source_pieces) // 2


@pytest.mark.parametrize("beam", ["1", "2"])
def test_int8_translates_as_fp32_does(
    beam: str, monkeypatch: pytest.MonkeyPatch, toy_run: Path, attentive_run: Path
) -> None:
    """On a model that knows its language rounding changes hardly a word."""
    data = "".join(f"{src}\n" for src, _ in toy_pairs(40, seed=5)).encode()
    for run in (toy_run, attentive_run):
        found = [
            pipe(monkeypatch, run, data, "--beam", beam, "--precision", precision).splitlines()
            for precision in ("fp32", "int8")
        ]
        assert sum(one == other for one, other in zip(*found, strict=True)) >= 37


def test_a_long_text_is_translated_sentence_by_sentence(translator: Translator) -> None:
    """Much longer than any training sentence: each comes out as it does alone, with the spaces between."""
    sentences = ["Ba de fi go.", "Ku la mo go.", "Mo ne la ba!", "Fi fi ba mo?", "Ku mo ne."]
    text = "  ".join(sentences)
    assert len(text) > translator.run.split_chars
    whole, *single = translator.translate([text, *sentences])
    assert whole == "  ".join(single)


def test_python_gives_what_the_command_gives(toy_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["ba de", "", "mo", "x y z"]
    by_command = pipe(monkeypatch, toy_run, "".join(f"{line}\n" for line in lines).encode()).decode()
    assert mt.load(str(toy_run), beam=2).translate(lines) == by_command.split("\n")[:-1]


def test_python_takes_any_iterable_of_texts_and_half_a_surrogate_pair(translator: Translator) -> None:
    assert translator.translate(text for text in ("ba", "mo ne")) == ["BA", "MO NE"]
    assert translator.translate(("ba",)) == ["BA"]
    half, whole = translator.search(["ba\ud800 de", "ba\ufffd de"], nbest=1)
    assert half == whole
    assert translator.search(["123\udfff"], nbest=1)[0].text == "123\ufffd"


def test_python_mistakes_are_told(toy_run: Path, translator: Translator) -> None:
    with pytest.raises(RunError, match="does not exist"):
        mt.load("nowhere")
    with pytest.raises(ConfigError, match="--beam"):
        mt.load(toy_run, beam=0)
    no_lists: list[tuple[Any, str]] = [
        ("ba", "one string"),
        (None, "None"),
        (5, "5 (int)"),
        (b"ba", "b'ba' (bytes)"),
        ({"ba": 1}, "{'ba': 1} (dict)"),
    ]
    for wrong, told in no_lists:
        with pytest.raises(TypeError, match=re.escape(f"texts is a list of strings, not {told}")):
            translator.translate(wrong)
    no_texts: list[tuple[Any, str]] = [
        (None, "None"),
        (5, "5 (int)"),
        (b"x", "b'x' (bytes)"),
        (["ba"], "['ba'] (list)"),
    ]
    for wrong, told in no_texts:
        with pytest.raises(TypeError, match=re.escape(f"texts[1] is {told}, not a string")):
            translator.translate(["ba", wrong])
    with pytest.raises(ConfigError, match="--nbest 9 needs --beam 9"):
        translator.search(["ba"], nbest=9)
    assert translator.translate([]) == []


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--nbest", "9"], 2, "--nbest 9 needs --beam 9"),
        (["--input", "none.txt"], 1, "cannot open none.txt: No such file"),
        (["--input", "none.txt", "ba"], 2, "give texts or --input, not both"),
        (["--beam", "0", "ba"], 2, "--beam: should be greater than 0"),
        (["--bean", "2", "ba"], 2, "did you mean --beam?"),
        (["--output", "no/such/folder/out", "ba"], 1, "cannot write no/such/folder/out: No such"),
        (["--alignments", "ba"], 1, "--alignments needs a model with attention"),
        (["--beam", "9223372036854775808", "ba"], 2, "--beam: should be less than 9223372036854775808"),
        (["--max-length-ratio", "inf", "ba"], 2, "--max-length-ratio: should be a finite number"),
        (["--precision", "int4", "ba"], 2, "invalid choice: 'int4'"),
    ],
)
def test_mistakes_are_one_line(
    options: list[str],
    code: int,
    message: str,
    toy_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", Pipe(b"ba\n"))
    assert cli.main(["translate", "-m", str(toy_run), *options]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err.splitlines()[-1]
    assert "Traceback" not in captured.err


def test_a_beam_that_is_too_small_is_said_before_the_model_is_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["translate", "-m", "nowhere", "--nbest", "6", "ba"]) == 2
    assert "--nbest 6 needs --beam 6 or more (it is 5)" in capsys.readouterr().err


def test_output_may_not_be_the_input(
    toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"ba\n")
    assert cli.main(["translate", "-m", str(toy_run), "--input", str(path), "--output", str(path)]) == 1
    assert "is the input file" in capsys.readouterr().err
    assert path.read_bytes() == b"ba\n"


def command(toy_run: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "mt", "translate", "-m", str(toy_run), *options]


def test_pipes(toy_run: Path) -> None:
    """UTF-8 whatever the locale; each line at once, as after `tail -f`; a reader may go away.

    All in one process, as it is the starts that take long.
    """
    with subprocess.Popen(
        command(toy_run, "--json"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        for source in ("我 ba", "mo ne"):
            process.stdin.write(f"{source}\n".encode())
            process.stdin.flush()
            line = process.stdout.readline()
            assert json.loads(line)["source"] == source
            assert source.encode() in line
        assert json.loads(line)["translation"] == "MO NE"
        process.stdout.close()
        with process.stdin:
            process.stdin.write(b"mo\n" * 100)
        error = process.stderr.read().decode()
        assert process.wait(DEADLINE) == 141
    assert "Traceback" not in error
    assert "Broken" not in error


def test_a_person_at_a_terminal_is_prompted(toy_run: Path) -> None:
    """In a real terminal: a prompt, a line, its translation; Ctrl-D ends it with 0."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(command(toy_run), stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)

    def read_until(text: bytes) -> bytes:
        seen = b""
        while text not in seen:
            seen += os.read(leader, 1000)  # an OSError once the process has ended
        return seen

    read_until(b"> ")
    os.write(leader, b"ba de\n")
    assert b"BA DE" in read_until(b"BA DE")
    os.write(leader, b"\x04")
    assert process.wait(DEADLINE) == 0
    os.close(leader)


def test_memory_does_not_grow_with_the_file(
    toy_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times the lines, the same peak: chunks are dropped once they are written."""
    monkeypatch.setattr("mt.commands.text_input.CHUNK", 20)
    monkeypatch.setattr("mt.commands.text_input.READ", 200)
    peaks = []
    for count in (100, 1000):
        path = tmp_path / f"{count}"
        path.write_text("ba\n" * count)
        tracemalloc.start()
        options = ["--input", str(path), "--output", str(tmp_path / "out"), "--beam", "1"]
        assert cli.main(["translate", "-m", str(toy_run), *options]) == 0
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert (tmp_path / "out").read_bytes().count(b"\n") == count
    assert peaks[1] < 1.3 * peaks[0]
