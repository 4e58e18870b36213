"""One browser and one server for all of these tests, and a fresh page for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.setup import NoBrowser, a_browser, serving
from tests.conftest import learn_once
from tests.waiting import DEADLINE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session", params=["chromium", "firefox"])
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Each of the browsers; one that is not here skips its tests."""
    try:
        with a_browser(request.param) as browser:
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
