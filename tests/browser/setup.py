"""A browser and a real `mt serve` for it; also used to make the screenshots."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tests.waiting import DEADLINE, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Debian's Chromium, also as root and without a screen; it asks nobody anything.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class NoBrowser(Exception):
    """Says what is missing."""


# By which the operating system says that it wants no motion: Firefox's protocol cannot say it of a page.
CALM: dict[str, str | float | bool] = {"ui.prefersReducedMotion": 1}
PROGRAMS = {"chromium": ("chromium", "chromium-browser"), "firefox": ("firefox-esr", "firefox")}


@contextmanager
def a_browser(name: str = "chromium", microphone: Path | None = None) -> Iterator[Browser]:
    """Chromium or Firefox as the system has it. Raises NoBrowser.

    microphone: a WAV file that Chromium's microphone hears again and again.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        raise NoBrowser("no playwright here: make test-browser installs it") from None
    path = next(filter(None, map(shutil.which, PROGRAMS[name])), None)
    if path is None:
        raise NoBrowser(f"no {name} here: apt-get install {PROGRAMS[name][0]}")
    with sync_playwright() as playwright:
        if name == "firefox":
            browser = playwright.firefox.launch(
                channel="moz-firefox", executable_path=path, firefox_user_prefs=CALM
            )
        else:
            fake = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={microphone}"]
            arguments = [*ARGUMENTS, *(fake if microphone else [])]
            browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """The address of a real server on a free port."""
    command = [sys.executable, "-m", "mt", "serve", "--port", "0", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        said = []
        for line in server.stderr:
            said.append(line)
            if "serving on " in line:
                break
        else:
            raise RuntimeError(f"mt serve did not start:\n{''.join(said)}")
        try:
            yield line.partition("serving on ")[2].partition(";")[0]
        finally:
            server.terminate()
            server.wait(DEADLINE)


def stop_the_clock(page: Page) -> None:
    """Timers of the page, and its animations, go on only by `page.clock.run_for`."""
    page.clock.install()
    page.clock.pause_at(datetime.now() + timedelta(days=1))


def at_rest(page: Page) -> str:
    """The large strip's picture, when its cells do not change any more."""
    picture: str = page.evaluate(
        """async () => {
          const draw = () => document.querySelector(".strip").toDataURL();
          let picture = draw();
          for (let same = 0; same < 10; same++) {
            await new Promise(requestAnimationFrame);
            const now = draw();
            if (now !== picture) same = -1;
            picture = now;
          }
          return picture;
        }"""
    )
    return picture


def wait_for_length(page: Page, one_each: Sized, length: int) -> None:
    """Until so many are there; the page goes on meanwhile."""

    def there() -> bool:
        page.wait_for_timeout(10)  # events come in no other way
        return len(one_each) >= length

    wait_until(there)
