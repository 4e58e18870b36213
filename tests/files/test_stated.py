"""A document that says it is in other languages than the model's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mt.files.stated import contradictions
from tests.files.kit import HOW
from tests.files.test_archive import archive
from tests.files.test_command import translate

XLIFF = '<xliff version="1.2"><file original="a"\n source-language="{}" target-language="{}">'
SAYING = {
    "po": ('msgid ""\nmsgstr ""\n"X-Source-Language: {}\\n"\n"Language: {}\\n"\n', "de"),
    "xliff": (XLIFF, "de-AT"),
    "tmx": ('<tmx version="1.4"><header segtype="sentence" srclang="{}"/>', ""),
    "xcstrings": ('{{\n  "sourceLanguage" : "{}",\n  "strings" : {{}}}}', ""),
    "arb": ('{{"@@locale": "{}"}}', ""),
    "html": ("<!DOCTYPE html>\n<html class=a lang={}>", ""),
    "android": ('<resources xmlns:tools="x" tools:locale="{}">', ""),
}


@pytest.mark.parametrize("name", SAYING)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_another_language_is_told(name: str, encoding: str) -> None:
    template, target = SAYING[name]

    def said(src: str, tgt: str) -> list[str]:
        data = template.format(src, tgt).encode(encoding)
        return contradictions(replace(HOW, data=data, format=name), ["en"])

    assert not said("en", target)
    assert not said("EN_us", target)
    assert not said("eng", target)  # the same language in letters of another norm
    assert not said("und", target)
    (other,) = said("fr-CA", target)
    assert "its text is in fr-CA" in other
    if target:
        (other,) = said("en", "pt_BR")
        assert "in pt_BR, as it says, and the model translates into de" in other


def test_a_book_says_it_in_its_package() -> None:
    def said(code: str) -> list[str]:
        data = archive({"OEBPS/content.opf": f"<package><dc:language id='a'>{code}</dc:language></package>"})
        return contradictions(replace(HOW, data=data, format="epub"), ["en"])

    assert said("fr")
    assert not said("en-GB")
    assert not contradictions(replace(HOW, data=archive({"a.xhtml": "x"}), format="epub"), ["en"])


def test_what_says_nothing_and_a_model_without_languages() -> None:
    french = replace(HOW, data=b"<html lang=fr>", format="html")
    assert not contradictions(french, [])
    assert not contradictions(replace(french, data=b"<html><p lang=fr>"), ["en"])
    assert not contradictions(replace(french, data=b'"Language: \\n"', format="po"), ["en"])
    assert not contradictions(replace(french, format="markdown"), ["en"])


def test_the_command_warns(toy_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "a.html"
    page.write_text('<html lang="fr"><p>ba de</p></html>')
    assert translate(toy_run, "-i", page, "-o", tmp_path / "b.html") == 0
    assert f"{page}: its text is in fr" in capfd.readouterr().err
