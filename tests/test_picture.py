"""A picture shows the inspection's own numbers and pieces, the same bytes each time, in fonts that fit."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure

from mt.config import ModelConfig
from mt.errors import ConfigError, FileError, MissingExtraError
from mt.inspection import Inspection, Inspector
from mt.inspection.picture import check_suffix, draw, fonts, render
from mt.inspection.picture.encoder_panels import order_units
from mt.inspection.picture.figure import compose
from mt.inspection.picture.fonts import families, missing
from mt.inspection.picture.labels import cut, width
from mt.inspection.picture.paths import Path as StatePath
from mt.inspection.picture.paths import draw_path
from mt.inspection.picture.theme import DARK, LIGHT
from mt.inspection.plane import Map
from mt.inspection.terminal import source_labels, target_labels
from tests.test_inspection import TEXT, translator

CHINESE = "我爱北京"


def inspection(**shape: Any) -> Inspection:
    """Of a small untrained model."""
    return Inspector(translator(ModelConfig(**shape))).inspect(TEXT)


@pytest.fixture(scope="module")
def plain() -> Inspection:
    """A fixed vector, read in both directions."""
    return inspection(cell="gru", bidirectional=True)


@pytest.fixture(scope="module")
def attentive() -> Inspection:
    return inspection(cell="lstm", attention="general", bidirectional=True)


def spelt(found: Inspection, marks: Sequence[str]) -> Inspection:
    """The same with these pieces, in turn, on both sides."""
    pieces = [marks[place % len(marks)] for place in range(len(found.pieces) - 1)]
    steps = [
        dataclasses.replace(step, piece=marks[place % len(marks)]) for place, step in enumerate(found.steps)
    ]
    return dataclasses.replace(found, source="".join(marks), pieces=(*pieces, "</s>"), steps=tuple(steps))


def drawn(found: Inspection) -> list[Any]:
    """The picture's axes."""
    return list(compose(found, LIGHT).axes)


def labelled(found: Inspection, text: str) -> list[Any]:
    """The axes whose label at the left holds the text."""
    return [axes for axes in drawn(found) if text in axes.get_ylabel()]


def column_names(axes: Any) -> list[str]:
    return [label.get_text() for label in axes.get_xticklabels()]


def row_names(axes: Any) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def test_columns_are_the_states_and_bear_the_pieces_in_the_order_of_reading(
    plain: Inspection,
) -> None:
    found = spelt(plain, CHINESE)
    columns = labelled(found, "numbers of the state")
    names = source_labels(found)
    assert names == ["我", "爱", "北", "⏎"]
    assert [column_names(axes) for axes in columns] == [names, names[::-1]]
    for axes, reading in zip(columns, found.readings, strict=True):
        shown = axes.images[0].get_array()
        assert np.array_equal(shown, reading.states[:, order_units(reading.states)].T)
        assert np.array_equal(np.sort(shown, axis=0), np.sort(reading.states.T, axis=0))


def heights(axes: Any) -> list[float]:
    return [bar.get_height() for bar in axes.patches]


def test_bars_are_the_moves_and_what_the_vector_depends_on(plain: Inspection) -> None:
    for axes, reading in zip(labelled(plain, "moved"), plain.readings, strict=True):
        assert heights(axes) == pytest.approx(reading.moves.tolist())
        assert axes.get_ylim() == (0, 1)
    (shares,) = labelled(plain, "proportion")
    assert heights(shares) == pytest.approx(plain.vector_dependence.tolist())
    assert column_names(shares) == source_labels(plain)


def test_units_come_by_the_step_of_their_peak_then_positive_first() -> None:
    states = np.array([[0.1, -0.9, 0.5, 0.2, 0.6], [0.8, 0.0, -0.7, 0.1, 0.6]], dtype=np.float32)
    # Peaks: unit 0 at step 1, 1 at 0 (negative), 2 at 1 (negative), 3 at 0, 4 at 0.
    assert order_units(states) == [4, 3, 1, 0, 2]


def test_the_matrix_is_attention_and_its_sides_are_source_and_translation(attentive: Inspection) -> None:
    found = spelt(attentive, CHINESE)
    weights = np.stack([step.attention for step in found.steps if step.attention is not None])
    (matrix,) = (axes for axes in drawn(found) if axes.images and row_names(axes) == target_labels(found))
    assert np.array_equal(matrix.images[0].get_array(), weights)
    assert column_names(matrix) == source_labels(found)


def test_bars_are_how_each_step_hangs_on_the_vector_and_how_sure_it_was(plain: Inspection) -> None:
    hangs, sure = (axes for axes in drawn(plain) if row_names(axes) == target_labels(plain))
    assert [bar.get_width() for bar in hangs.patches] == [step.influence for step in plain.steps]
    shares = [
        share
        for step in plain.steps
        for share in (step.probability, *(share for _, share in step.runners_up))
    ]
    assert [bar.get_width() for bar in sure.patches] == pytest.approx(shares)


def test_a_path_goes_through_its_points_and_names_each() -> None:
    places = np.array([[0, 0], [1, 1], [1, 1], [2, 0]], dtype=np.float32)
    background = np.array([[5, 5]], dtype=np.float32)
    axes: Any = Figure(figsize=(4, 4)).add_axes((0, 0, 1, 1))
    found = Map(places, background, np.array([0.5, 0.25], dtype=np.float32))
    path = StatePath(found, ["我", "爱", "北", "京"])
    draw_path(axes, path, LIGHT, inches=4, fontsize=9)
    named = {label.get_text(): label for label in axes.texts if label.get_text()}
    assert list(named) == ["我", "爱", "北", "京"]
    assert np.allclose([label.xy for label in named.values()], places)
    arrows = [(label.xyann, label.xy) for label in axes.texts if not label.get_text()]
    assert np.array_equal(np.array(arrows), np.stack([places[:-1], places[1:]], axis=1))
    # Two pieces at one place: their labels do not lie on each other.
    assert named["爱"].xyann != named["北"].xyann
    low, high = axes.get_xlim()
    assert low < 0 < 5 < high  # other sentences' states are inside too


def test_every_character_has_a_glyph_where_there_is_a_chinese_font(plain: Inspection, tmp_path: Path) -> None:
    """Warnings are errors here: matplotlib warns of each glyph that it lacks."""
    text = CHINESE + "⏎·→?"
    names = families(text)
    if not {font.name for font in font_manager.fontManager.ttflist} & set(fonts.CJK):
        pytest.skip("no font with Chinese characters is installed here")
    assert missing(text, names) == ""
    with matplotlib.rc_context({"font.family": names}):
        compose(spelt(plain, CHINESE), LIGHT).savefig(tmp_path / "picture.png", dpi=30)


def test_no_font_for_it_is_logged_once_and_nothing_is_changed(
    plain: Inspection,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(fonts, "CJK", ())
    monkeypatch.setattr(fonts, "_add_from_disk", lambda: None)
    logger = logging.getLogger("matplotlib.font_manager")
    before = dict(matplotlib.rcParams), logger.level
    assert render(spelt(plain, CHINESE), LIGHT, "png").startswith(b"\x89PNG")
    (line,) = (record.getMessage() for record in caplog.records if record.name.startswith("mt"))
    assert "我爱北京" in line
    assert "apt-get install fonts-noto-cjk" in line
    render(spelt(plain, CHINESE), LIGHT, "svg")
    assert caplog.messages.count(line) == 1  # whoever looks at it has his own fonts
    assert capfd.readouterr() == ("", "")
    assert (dict(matplotlib.rcParams), logger.level) == before


def test_the_same_inspection_gives_the_same_bytes(attentive: Inspection, tmp_path: Path) -> None:
    for name in ("one.svg", "two.svg"):
        draw(attentive, tmp_path / name)
    one, two = ((tmp_path / name).read_bytes() for name in ("one.svg", "two.svg"))
    assert one == two
    assert b"<dc:date>" not in one


def test_html_holds_both_themes_texts_as_texts_and_nothing_from_elsewhere(
    plain: Inspection, tmp_path: Path
) -> None:
    found = dataclasses.replace(
        spelt(plain, CHINESE), source="<script>alert(1)</script> $x$ 我", translation="&"
    )
    file = tmp_path / "picture.HTML"
    draw(found, file)
    text = file.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; $x$ 我" in text
    assert ">我</text>" in text
    assert "'Noto Sans CJK SC'" in text  # the viewer's font, not ours
    assert text.count("<svg") == 2
    assert LIGHT.accent in text
    assert DARK.accent in text
    assert "prefers-color-scheme: dark" in text
    for attribute in ('href="http', 'src="http', "@import", "url(http"):
        assert attribute not in text


def test_any_piece_can_be_drawn(plain: Inspection) -> None:
    """A $ once began a formula for matplotlib."""
    svg = render(spelt(plain, ["$\\frac$", "_^", "\x00\n", "🙂", "ب", "<b>"]), LIGHT, "svg").decode()
    assert "$\\frac$</text>" in svg
    assert "\x00" not in svg
    assert "<b>" not in svg


def test_mistakes_are_one_line(plain: Inspection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"\.png, \.svg or \.html$"):
        check_suffix(tmp_path / "picture.pdf")
    (tmp_path / "taken.svg").mkdir()
    with pytest.raises(FileError, match=r"cannot write .*taken\.svg: Is a directory"):
        draw(plain, tmp_path / "taken.svg")
    monkeypatch.setattr("mt.inspection.picture.importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'seq2seq-mt\[pictures\]'$"):
        check_suffix(tmp_path / "picture.png")


def test_cut_keeps_what_has_room() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"
    assert cut("我爱北京", 5) == "我爱…"
    assert width("a我") == 3
