"""Speaking into the page: Chromium's fake microphone plays a file, a stub answers what was heard."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.browser.conftest import TONE

if TYPE_CHECKING:
    from playwright.sync_api import Page

    Forms = Callable[[], list[dict[str, str]]]

STEPS, MOMENTS, LOUDEST = 40, 20, 5
OFFER = {"languages": [{"source": "aa", "target": "aa"}], "seconds_limit": 60, "bytes_limit": 1_000_000}
HEARD = {
    "step": 0.04,
    "start": 0.2,
    "spectrogram": [[(step * band) % 256 for band in range(80)] for step in range(STEPS)],
    "movement": [step / STEPS for step in range(STEPS)],
    "pieces": ["▁ba", "▁de", "</s>"],
    "attention": [[1 / STEPS] * STEPS] * 3,
    "times": [[0.3, 0.7], [0.6, 1.1], [1.4, 1.8]],
    "dependence": [[1 / STEPS] * STEPS] * 3,
    "moments": {
        "method": "by perturbation",
        "bounds": list(range(0, STEPS + 1, STEPS // MOMENTS)),
        "vector": [0.24 if moment == LOUDEST else 0.04 for moment in range(MOMENTS)],
        "states": {
            "left-to-right": [
                [1 / (row + 1)] * (row + 1) + [0] * (MOMENTS - row - 1) for row in range(MOMENTS)
            ],
            "right-to-left": [[0] * row + [1 / (MOMENTS - row)] * (MOMENTS - row) for row in range(MOMENTS)],
        },
    },
}
ANSWER = {"text": "ba de", "source": "aa", "target": "aa", "seconds": 1.62, "parts": [], "heard": HEARD}


@pytest.fixture
def spoken(page: Page, sent: Forms, full_protocol: None) -> Page:  # noqa: ARG001
    """The page where a model hears; Firefox has no microphone of a file."""
    page.context.grant_permissions(["microphone"])
    page.route("**/transcribe", lambda route: route.fulfill(json=ANSWER))
    offer(page, **OFFER)
    return page


def offer(page: Page, **offered: Any) -> None:
    limits = {"charLimit": 100, "keyRequired": False, "transcribe": offered}
    page.route("**/frontend/settings", lambda route: route.fulfill(json=limits))
    page.reload()
    page.wait_for_selector("#source-language option", state="attached")


def status(page: Page, text: str) -> None:
    page.locator("#speech [role=status]", has_text=text).wait_for()


def record(page: Page, seconds: int) -> None:
    page.get_by_role("button", name="Speak").click()
    status(page, f"Recording: {seconds} of")


def test_where_no_model_hears_there_is_no_microphone(page: Page) -> None:
    assert page.locator("#speech").is_hidden()


def test_what_is_spoken_is_sent_as_it_sounded(spoken: Page, sent: Forms) -> None:
    record(spoken, 1)
    level = "() => Number(document.querySelector('.level').style.getPropertyValue('--proportion')) > 0.5"
    spoken.wait_for_function(level)
    spoken.get_by_role("button", name="Done").click()
    status(spoken, "Heard in 1.6 s of sound:")
    assert spoken.locator(".heard-text").inner_text() == "ba de"
    (form,) = sent()
    assert (form["heard"], form["source"], form["target"]) == ("true", "aa", "aa")
    with wave.open(io.BytesIO(form["file"].encode("latin-1"))) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        rate, count = file.getframerate(), file.getnframes()
        samples = np.frombuffer(file.readframes(count), "<i2")
    assert count / rate >= 1
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.fft.rfftfreq(len(samples), 1 / rate)[spectrum.argmax()] == pytest.approx(TONE, abs=5)


def test_it_shows_how_it_was_heard(spoken: Page, sent: Forms) -> None:
    record(spoken, 0)
    spoken.get_by_role("button", name="Done").click()
    spoken.locator("#heard canvas.spectrogram").wait_for()
    assert len(sent()) == 1
    sizes = {
        kind: spoken.locator(f"#figure-heard canvas.{kind}").evaluate("one => [one.width, one.height]")
        for kind in ("spectrogram", "movement", "attention")
    }
    assert sizes["spectrogram"] == [STEPS, 80]
    assert sizes["movement"][0] == STEPS
    assert sizes["attention"] == [STEPS, 3]
    over = spoken.locator("#figure-heard .heard-piece")
    assert over.all_inner_texts() == ["·ba", "·de", "⏎"]
    axis, first = spoken.locator("canvas.spectrogram").bounding_box(), over.first.bounding_box()
    assert axis
    assert first
    assert (first["x"] - axis["x"]) / axis["width"] == pytest.approx(0.1 / (0.04 * STEPS), abs=0.01)
    spoken.locator("#figure-heard summary").click()
    spoken.locator("#figure-heard tbody tr").first.wait_for()  # it is made when it is opened
    assert spoken.locator("#figure-heard tbody tr").count() == 3


@pytest.fixture
def heard(spoken: Page, tone: Path) -> Page:
    """A recording has been heard."""
    spoken.locator("#speech input").set_input_files(tone)
    spoken.locator("#figure-moments canvas").first.wait_for()
    return spoken


def colours(page: Page, which: int) -> np.ndarray:
    """The pixels (rows, steps, 4) of a picture of the moments."""
    canvas = page.locator("#figure-moments canvas").nth(which)
    width, height, pixels = canvas.evaluate(
        """one => [one.width, one.height,
             [...one.getContext("2d").getImageData(0, 0, one.width, one.height).data]]"""
    )
    return np.array(pixels, dtype=np.uint8).reshape(height, width, 4)


def test_it_shows_what_depends_on_which_moment(heard: Page) -> None:
    vector, pieces, forwards, backwards = (colours(heard, which) for which in range(4))
    bars = (vector != vector[0, 0]).any(axis=2).sum(axis=0)
    assert bars.argmax() == LOUDEST * STEPS // MOMENTS
    assert bars.max() == len(vector)
    assert pieces.shape[:2] == (3, STEPS)
    assert forwards.shape[:2] == backwards.shape[:2] == (MOMENTS, STEPS)
    empty = forwards[0, -1]
    known = (forwards != empty).any(axis=2)
    np.testing.assert_array_equal(known, np.repeat(np.tri(MOMENTS, dtype=bool), STEPS // MOMENTS, axis=1))
    np.testing.assert_array_equal((backwards != empty).any(axis=2), known[::-1, ::-1])
    states = heard.get_by_role(
        "img", name="On which moments the state depends that has read up to each moment"
    )
    states.hover(position={"x": 1, "y": 1})
    assert heard.locator("#figure-moments > .readout").inner_text() == (
        "Read up to 0.28 s, the state depends on the sound from 0.20 to 0.28 s to 100%."
    )
    heard.locator("#figure-moments summary").click()
    cells = heard.locator("#figure-moments tbody tr").nth(LOUDEST).locator("th, td").all_inner_texts()
    assert cells[:4] == ["0.60", "0.68", "24%", "5%"]
    assert len(cells) == 3 + 3 + 2 * MOMENTS


def test_the_moments_are_in_the_colours_and_words_of_the_page(heard: Page) -> None:
    light = colours(heard, 2)
    heard.locator("#theme").select_option("dark")
    dark = colours(heard, 2)
    assert (dark[0, 0].sum() > dark[0, -1].sum()) != (light[0, 0].sum() > light[0, -1].sum())
    heard.locator("#interface-language").select_option("zh")
    assert heard.locator("#figure-moments h3").inner_text() == "什么取决于哪个瞬间"
    assert "颜色越强" in heard.locator("#figure-moments .explain").inner_text()


@pytest.mark.parametrize("width", [320, 1280])
def test_both_drawings_of_a_recording_show_the_same_seconds(heard: Page, width: int) -> None:
    heard.set_viewport_size({"width": width, "height": 640})
    boxes = "#figure-heard .scroll", "#figure-moments .scroll"
    most = heard.locator(boxes[1]).evaluate("one => one.scrollWidth - one.clientWidth")
    assert (most > 0) == (width == 320)
    heard.locator(boxes[1]).evaluate("(one, most) => { one.scrollLeft = most; }", most)
    for box, canvas in zip(boxes, ("spectrogram", "states"), strict=True):
        heard.wait_for_function(
            "([box, most]) => Math.abs(document.querySelector(box).scrollLeft - most) <= 1", arg=[box, most]
        )
        assert heard.locator(f"canvas.{canvas}").count() > 0
    first, second = (
        heard.locator(f"canvas.{kind}").first.bounding_box() for kind in ("spectrogram", "states")
    )
    assert first
    assert second
    assert (second["x"], second["width"]) == pytest.approx((first["x"], first["width"]), abs=1)
    assert heard.evaluate("() => document.documentElement.scrollWidth") <= width


def test_a_recording_can_be_cancelled(spoken: Page, sent: Forms) -> None:
    record(spoken, 0)
    spoken.get_by_role("button", name="Cancel").click()
    assert spoken.locator("#speech [role=status]").inner_text() == ""
    assert spoken.get_by_role("button", name="Speak").is_visible()
    assert spoken.locator(".level").is_hidden()
    record(spoken, 0)  # and it can be begun anew
    spoken.get_by_role("button", name="Done").click()
    status(spoken, "Heard in")
    assert len(sent()) == 1


def test_at_the_limit_it_is_sent(spoken: Page, sent: Forms) -> None:
    offer(spoken, **OFFER | {"seconds_limit": 1})
    spoken.route("**/transcribe", lambda route: route.fulfill(json=ANSWER | {"heard": None, "text": " "}))
    spoken.get_by_role("button", name="Speak").click()
    status(spoken, "Nothing was heard in it.")
    with wave.open(io.BytesIO(sent()[0]["file"].encode("latin-1"))) as file:
        assert file.getnframes() == file.getframerate(), "one second and not a sample more"
    assert spoken.locator("#heard").is_hidden()


def test_a_sound_file_is_taken_instead(spoken: Page, sent: Forms, tone: Path) -> None:
    spoken.locator("#speech input").set_input_files(tone)
    status(spoken, "Heard in")
    assert sent()[0]["file"] == tone.read_bytes().decode("latin-1")
    spoken.get_by_role("button", name="Translate this").click()
    assert spoken.locator("#source").input_value() == "ba de"
    spoken.wait_for_function("() => document.querySelector('#output').textContent === 'BA DE'")


def test_what_is_too_large_is_not_sent(spoken: Page, sent: Forms, tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(b"RIFF" + bytes(1_000_000))
    spoken.locator("#speech input").set_input_files(path)
    status(spoken, "at most 1.0 MB")
    assert sent() == []


@pytest.mark.usefixtures("failing")
def test_what_the_server_cannot_use_is_said(spoken: Page, tone: Path) -> None:
    spoken.locator("#speech input").set_input_files(tone)
    status(spoken, "Heard in")
    spoken.route("**/transcribe", lambda route: route.fulfill(status=400, json={"error": "it is silent"}))
    spoken.locator("#speech input").set_input_files(tone)
    status(spoken, "The server cannot use this sound. it is silent")
    assert spoken.locator(".heard-text").is_hidden(), "what was heard before is gone"
    assert spoken.locator("#heard").is_hidden()


def test_a_forbidden_microphone_is_said(spoken: Page) -> None:
    spoken.evaluate(
        """() => {
          const refuse = async () => { throw new DOMException("", "NotAllowedError"); };
          navigator.mediaDevices.getUserMedia = refuse;
        }"""
    )
    spoken.get_by_role("button", name="Speak").click()
    status(spoken, "not to lend the microphone")
    assert spoken.get_by_role("button", name="Speak").is_visible()
