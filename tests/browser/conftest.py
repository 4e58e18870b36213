"""One browser and one server for all of these tests, and a fresh page for each."""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.browser.setup import NoBrowser, a_browser, serving
from tests.conftest import learn_once
from tests.waiting import DEADLINE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

RATE, TONE = 16_000, 440  # Hz


@pytest.fixture(scope="session")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a tone of TONE Hz, which Chromium's microphone hears again and again."""
    path = tmp_path_factory.mktemp("sound") / "tone.wav"
    samples = (16_000 * np.sin(2 * np.pi * TONE * np.arange(2 * RATE) / RATE)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path


@pytest.fixture(scope="session", params=["chromium", "firefox"])
def browser(request: pytest.FixtureRequest, tone: Path) -> Iterator[Browser]:
    """Each of the browsers; one that is not here skips its tests."""
    try:
        with a_browser(request.param, microphone=tone) as browser:
            yield browser
    except NoBrowser as problem:
        pytest.skip(str(problem))


@pytest.fixture(scope="session")
def reverse_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy language the other way round, by a model with attention that reads in both directions."""
    way = ["--swap", "--src", "bb", "--tgt", "aa"]
    shape = ["--attention", "general", "--bidirectional"]
    return learn_once(tmp_path_factory, "reverse", *way, *shape, "--max-epochs", "12")


@pytest.fixture(scope="session")
def server(browser: Browser, toy_run: Path, reverse_run: Path) -> Iterator[str]:  # noqa: ARG001 - or none is needed
    """The address of a server with two models, aa to bb and bb to aa."""
    with serving("-m", str(toy_run), "-m", str(reverse_run), "--threads", "1") as address:
        yield address


@pytest.fixture
def full_protocol(browser: Browser) -> None:
    """For tests that ask more of a browser than WebDriver BiDi gives playwright of Firefox ESR."""
    if browser.browser_type.name == "firefox":
        pytest.skip(
            "Firefox shows playwright no bodies or called off requests, media, clipboard, accessibility tree"
        )


@pytest.fixture
def problems() -> list[str]:
    """What the browser complained of: errors, violations of the Content-Security-Policy, foreign requests."""
    return []


@pytest.fixture
def expected() -> list[str]:
    """What it may complain of."""
    return []


@pytest.fixture
def sent(page: Page) -> Callable[[], list[dict[str, str]]]:
    """What forms the page has sent by now: the text of each field, of a file its bytes in Latin-1."""
    page.add_init_script(
        """
        window.sentForms = [];
        const real = window.fetch;
        window.fetch = async (path, request) => {
          if (request?.body instanceof FormData) {
            const form = {};
            for (const [name, value] of request.body) {
              const bytes = typeof value === "string" ? null : new Uint8Array(await value.arrayBuffer());
              form[name] = bytes ? bytes.reduce((text, byte) => text + String.fromCharCode(byte), "") : value;
              if (bytes) form.filename = value.name;
            }
            window.sentForms.push(form);
          }
          return real(path, request);
        };
        """
    )
    return lambda: page.evaluate("() => window.sentForms")


@pytest.fixture
def failing(expected: list[str]) -> None:
    """For tests in which requests fail: the browser notes that by itself."""
    expected.append("Failed to load resource")


@pytest.fixture
def page(browser: Browser, server: str, problems: list[str], expected: list[str]) -> Iterator[Page]:
    """The page, in English, opened, the film at rest; nothing may have gone wrong but what was expected."""
    context = browser.new_context(
        base_url=server, locale="en-GB", viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
    )
    context.set_default_timeout(1000 * DEADLINE)
    page = context.new_page()
    watch(page, server, problems)
    page.goto("/")
    yield page
    context.close()
    assert [one for one in problems if not any(part in one for part in expected)] == []


def watch(page: Page, server: str, problems: list[str]) -> None:
    """Note what a page complains of."""
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "request", lambda request: None if request.url.startswith(server) else problems.append(request.url)
    )
