"""Forced beginnings: what a translation begins with, whatever the model would have said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mt
from mt import cli
from mt.decoding.prefix import PieceTexts, Prefix, PrefixConstraint
from mt.translator import Translator


@pytest.fixture(scope="module")
def toy(toy_run: Path) -> Translator:
    return mt.load(toy_run, beam=2)


BEGINNINGS = ["", "N", "NE", "NE ", "NE B", "KU KU K", "BA", "日", "NE é", "  ", "x y", "BA.", "NENE"]


@pytest.mark.parametrize("beam", [1, 3])
def test_each_translation_begins_as_it_must(toy_run: Path, beam: int) -> None:
    translator = mt.load(toy_run, beam=beam)
    sources = ["ba de"] * len(BEGINNINGS)
    found = translator.search(sources, nbest=beam, prefixes=BEGINNINGS)
    known = set("".join(translator.run.tgt_tokenizer.texts().values()))
    for beginning, translation in zip(BEGINNINGS, found, strict=True):
        spelt = "".join(letter if letter in known or letter == " " else "⁇" for letter in beginning.strip())
        for text in translation.hypotheses:
            assert (
                "".join(text.split()).replace("⁇", "").startswith("".join(spelt.split()).replace("⁇", ""))
            ), (beginning, text)
    free = translator.search(["ba de"], nbest=beam)[0]
    assert found[0] == free


def test_what_is_right_is_completed(toy: Translator) -> None:
    found = toy.search(["ba de ku"] * 3, nbest=1, prefixes=["B", "BA D", "BA DE"])
    assert [one.text for one in found] == ["BA DE KU"] * 3


@settings(max_examples=40)
@given(st.text(alphabet="BADEKU ", min_size=1, max_size=12), st.data())
def test_any_way_to_spell_a_beginning_is_open_until_it_is_spelt(
    toy: Translator, beginning: str, data: st.DataObject
) -> None:
    """Whichever pieces are chosen among those that are allowed, the text begins as it must."""
    tokenizer = toy.run.tgt_tokenizer
    prefix = Prefix.of(beginning, tokenizer, "")
    if prefix is None:
        assert not beginning.strip()
        return
    constraint = PrefixConstraint.of([prefix], PieceTexts(tokenizer))
    assert constraint is not None
    ids: list[int] = []
    while (allowed := constraint._next(prefix, ids)) is not None:
        assert allowed
        ids.append(data.draw(st.sampled_from(allowed)))
    (text,) = tokenizer.decode([ids])
    assert text.startswith(" ".join(beginning.split(" ")).strip())


def test_the_file_of_beginnings_has_as_many_lines_as_the_input(
    toy_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    beginnings, source, out = tmp_path / "begin", tmp_path / "in", tmp_path / "out"
    source.write_text("ba de\nku\n", encoding="utf-8")
    command = [
        "translate",
        "-m",
        str(toy_run),
        "-i",
        str(source),
        "--prefix",
        str(beginnings),
        "-o",
        str(out),
    ]
    beginnings.write_text("\nNE\n", encoding="utf-8")
    assert cli.main(command) == 0
    assert out.read_text(encoding="utf-8").split("\n")[1].startswith("NE")
    for text, more in (("NE\n", "fewer"), ("\n\n\n", "more")):
        beginnings.write_text(text, encoding="utf-8")
        out.unlink(missing_ok=True)
        assert cli.main(command) == 1
        assert f"{beginnings} has {more} lines" in capfd.readouterr().err
        assert not out.exists()
    assert cli.main([*command[:-2], "-o", str(beginnings)]) == 1
    assert "is the input file too" in capfd.readouterr().err
