"""The documents' pictures of the page: python -m tests.browser.screenshots [-m RUN] [--text TEXT]

Written to docs/images/, each under 300 kB.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tests.browser.setup import a_browser, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDER = Path(__file__).parents[2] / "docs" / "images"
LIMIT = 300_000


@dataclass(frozen=True)
class Shot:
    """One picture: where it is looked at, and what has been done. step: position on the player's slider."""

    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"]
    locale: str
    text: str
    step: int | None = None
    scale: int = 1
    scroll_to: str | None = None


def shots(text: str) -> list[Shot]:
    """Those that the README and docs/ show."""
    return [
        Shot("desktop-light", 1280, 800, "light", "en-GB", text),
        Shot("desktop-dark", 1280, 800, "dark", "en-GB", text, step=18),
        Shot("figures-light", 1280, 1210, "light", "en-GB", text, step=18, scroll_to=".figures"),
        Shot("phone-zh", 390, 844, "light", "zh-CN", text, step=8, scale=2, scroll_to="#player"),
    ]


def take(browser: Browser, address: str, shot: Shot) -> Path:
    """Open the page, type, step, and take the picture."""
    context = browser.new_context(
        base_url=address,
        locale=shot.locale,
        color_scheme=shot.scheme,
        reduced_motion="reduce",
        viewport={"width": shot.width, "height": shot.height},
        device_scale_factor=shot.scale,
    )
    page = context.new_page()
    page.goto("/")
    page.locator("#source").fill(shot.text)
    page.wait_for_selector("#inside-body:not([hidden]):not(.stale)")
    if shot.step is not None:
        slider: Any = page.locator(".player input")
        slider.fill(str(shot.step))
    page.evaluate("() => document.activeElement.blur()")
    if shot.scroll_to:
        page.evaluate(
            "name => document.querySelector(name).scrollIntoView()",
            shot.scroll_to,
        )
    page.wait_for_timeout(300)
    path = FOLDER / f"{shot.name}.png"
    page.screenshot(path=path)
    context.close()
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "-m", "--model", default="checkpoints/demo", help="run directory of a model from zh to en"
    )
    parser.add_argument("--text", default="我妈妈昨天买了三本书。")
    arguments = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    with a_browser() as browser, serving("-m", arguments.model) as address:
        for shot in shots(arguments.text):
            path = take(browser, address, shot)
            size = path.stat().st_size
            print(f"{path.name}: {size:,} bytes")
            if size > LIMIT:
                raise SystemExit(f"{path.name} is larger than {LIMIT:,} bytes")


if __name__ == "__main__":
    main()
