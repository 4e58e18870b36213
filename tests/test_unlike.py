"""The second validation part, unlike the first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import unlike
from mt.errors import ConfigError
from tests.toy import write_tsv


def test_the_texts_with_the_rarest_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Common words, words of one text and numbers do not count; two content words are too few here."""
    monkeypatch.setattr(unlike, "FREQUENT", 1)
    common = [f"a dog runs home {number}" for number in range(8)]
    rare = ["a fox sleeps there", "A fox sleeps there.", "a fox", "a dog runs home typo"]
    assert unlike.rarest([*common, *rare], 2) == [8, 9]
    assert unlike.rarest([*rare, *common], 2) == [0, 1]
    assert unlike.rarest([*common, *rare], 99) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11]


def test_both_parts_are_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unlike, "FREQUENT", 1)
    pairs = [("a dog sleeps there", "x"), *[(f"a dog runs home {number}", "x") for number in range(8)]]
    pairs.append(("a fox sleeps there", "x"))
    train = write_tsv(tmp_path / "all.tsv", pairs)
    jsonl = tmp_path / "all.jsonl"  # a tab in a text would be a third column
    rows = [{"en": src, "de": tgt} for src, tgt in pairs]
    rows[-1]["de"] = "\tx"
    jsonl.write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = ["unlike", "--train", str(jsonl), "--src", "en", "--tgt", "de"]
    command += ["--out", str(tmp_path), "--pairs"]
    monkeypatch.setattr("sys.argv", [*command, "1"])
    unlike.main()
    parts = {name: (tmp_path / f"{name}.tsv").read_text().splitlines() for name in ("train", "unlike")}
    assert sorted(parts["train"] + parts["unlike"]) == sorted(train.read_text().splitlines())
    assert parts["unlike"] == ["a dog sleeps there\tx"]
    monkeypatch.setattr("sys.argv", [*command, "1", "--src", "zh"])
    with pytest.raises(ConfigError, match="told apart by spaces"):
        unlike.main()
    for wrong in ("0", "6"):
        monkeypatch.setattr("sys.argv", [*command, wrong])
        with pytest.raises(ConfigError, match="allow 1 to 5"):
            unlike.main()
