"""Language codes: a region or a script in a code never hides the language."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mt.text.languages import Direction, find_code, split_direction, split_pair


@pytest.mark.parametrize(
    ("code", "known", "found"),
    [
        ("ZH", ["en", "zh"], "zh"),
        ("zh-CN", ["zh"], "zh"),
        ("es_419", ["en", "es"], "es"),
        ("zh", ["en", "zh_Hans"], "zh_Hans"),
        ("zh-Hant", ["zh_Hans", "zh_Hant"], "zh_Hant"),
        ("zh-TW", ["zh_Hans", "zh", "zh_Hant"], "zh_Hant"),
        ("zh_Hans_CN", ["zh_Hant", "zh_Hans"], "zh_Hans"),
        ("pt_BR", ["pt", "pt_BR"], "pt_BR"),
        ("pt-br", ["pt", "pt_BR"], "pt_BR"),
        ("pt", ["pt_BR", "pt"], "pt"),
        ("pt-PT", ["pt_BR", "pt"], "pt"),
        ("sr-Latn-RS", ["sr", "sr_Latn"], "sr_Latn"),
        ("fr-CA", ["de", "fr_FR"], "fr_FR"),
        ("z", ["zh"], None),
        ("en", ["enm"], None),
        ("fr", [], None),
    ],
)
def test_a_code_is_found_in_any_region(code: str, known: Sequence[str], found: str | None) -> None:
    assert find_code(code, known) == found


@pytest.mark.parametrize(
    ("pair", "known", "asked"),
    [
        ("en-de", "en-de", ("en", "de")),
        ("zh-CN-en", "zh-en", ("zh-CN", "en")),
        ("zh-tw-en", "zh-en", ("zh-tw", "en")),
        ("en-pt-BR", "en-pt", ("en", "pt-BR")),
        ("en_GB-de_AT", "en-de", ("en_GB", "de_AT")),
    ],
)
def test_a_pair_is_found_in_any_region(pair: str, known: str, asked: tuple[str, str]) -> None:
    assert split_pair(pair, ["zh-en", "de-en", "en-de", "en-pt"]) == (known, Direction(*asked))


@pytest.mark.parametrize("pair", ["en", "", "-", "fr-en", "de-pt", "en-en-de"])
def test_a_pair_that_is_not_there_is_not_found(pair: str) -> None:
    assert split_pair(pair, ["zh-en", "de-en", "en-pt"]) is None


@pytest.mark.parametrize(
    ("spec", "direction"),
    [
        ("en-es_419=x", ("en", "es_419")),
        ("en-es-419=x", ("en", "es-419")),
        ("zh-CN-en=x", ("zh-CN", "en")),
        ("zh-Hant-TW-pt-BR=x", ("zh-Hant-TW", "pt-BR")),
        ("zh_Hans_CN-en=x", ("zh_Hans_CN", "en")),
        ("en-fr-ca=x", None),
        ("pre-train=x", None),
    ],
)
def test_a_spec_names_languages_with_regions(spec: str, direction: tuple[str, str] | None) -> None:
    assert split_direction(spec)[0] == direction
