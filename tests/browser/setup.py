"""A browser and a real `mt serve` for it; also used to make the screenshots."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

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


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Chromium. Raises NoBrowser."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        raise NoBrowser("no playwright here: make test-browser installs it") from None
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise NoBrowser("no chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
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
            server.wait(20)
