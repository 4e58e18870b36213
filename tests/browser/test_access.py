"""For everybody: a screen reader, a keyboard, a phone, the dark, calm eyes, Chinese or English."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import watch
from tests.browser.setup import at_rest
from tests.browser.test_typing import SOURCE, expect_output
from tests.waiting import DEADLINE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NEED_A_NAME = {
    "button",
    "combobox",
    "slider",
    "textbox",
    "link",
    "image",
    "img",
    "region",
    "figure",
}

# Each element with text of its own whose contrast with what is behind it is too low (WCAG 1.4.3).
LOW_CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      if (colour[3] > 200) return colour;
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const element of document.querySelectorAll("body *:not(svg *, option, script)")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (element.closest(":disabled, .unseen, .skip, .column:not(.done)")) continue;
    const style = getComputedStyle(element);
    const [one, other] = [light(rgba(style.color)), light(behind(element))].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    const large = parseFloat(style.fontSize) >= 24;
    const name = element.className || element.tagName;
    if (contrast < (large ? 3 : 4.5)) low.push(`${name}: ${contrast.toFixed(2)}`);
  }
  return [...new Set(low)];
}"""


@pytest.fixture
def read(page: Page) -> Page:
    """The page with a sentence that has been read."""
    fill(page)
    return page


def fill(page: Page) -> None:
    page.locator(SOURCE).fill("ba de fi")
    expect_output(page, "BA DE FI")
    page.wait_for_selector("#inside-body:not([hidden]):not(.stale)")


def tree(page: Page) -> list[dict[str, Any]]:
    """What a screen reader is told: all nodes of the accessibility tree."""
    session = page.context.new_cdp_session(page)
    nodes: list[dict[str, Any]] = session.send("Accessibility.getFullAXTree")["nodes"]
    return [node for node in nodes if not node["ignored"]]


@pytest.mark.usefixtures("full_protocol")
def test_everything_one_can_use_or_look_at_has_a_name(read: Page) -> None:
    nodes = tree(read)
    roles = {node["role"]["value"] for node in nodes}
    assert {"banner", "main", "region", "button", "combobox", "slider", "textbox"} <= roles
    nameless = [
        node["role"]["value"]
        for node in nodes
        if node["role"]["value"] in NEED_A_NAME and not node.get("name", {}).get("value", "").strip()
    ]
    assert nameless == []
    groups = read.locator("[role=group]")
    assert groups.count() >= 2
    assert all(group.get_attribute("aria-label") for group in groups.all())


def test_ids_are_unique_and_headings_go_down_step_by_step(read: Page) -> None:
    ids: list[str] = read.evaluate("() => [...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))
    levels: list[int] = read.evaluate(
        "() => [...document.querySelectorAll('h1, h2, h3, h4')].filter((one) => one.checkVisibility())"
        ".map((one) => Number(one.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tab_goes_through_the_page_and_out_and_can_be_seen(read: Page) -> None:
    read.locator(".skip").first.focus()
    seen = []
    for _ in range(80):
        stop: dict[str, Any] | None = read.evaluate(
            """() => {
              const one = document.activeElement;
              if (one === document.body) return null;
              const pane = one.closest(".pane");
              const lit = pane && getComputedStyle(pane).boxShadow !== "none";
              const shown = getComputedStyle(one).outlineStyle !== "none" || lit;
              return { what: one.id || one.className || one.tagName, shown };
            }"""
        )
        if stop is None:
            break
        seen.append(stop)
        read.keyboard.press("Tab")
    else:
        pytest.fail("Tab never leaves the page")
    assert [stop["what"] for stop in seen if not stop["shown"]] == []
    assert {"source", "target-language", "play", "theme"} <= {stop["what"] for stop in seen}


@pytest.mark.usefixtures("full_protocol")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_themes(page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    fill(page)
    page.get_by_label("Position").focus()
    page.keyboard.press("End")
    background = page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 22, 26)"}[scheme]
    page.wait_for_function("() => document.getAnimations().length === 0")
    assert page.evaluate(LOW_CONTRAST) == []


def test_a_chosen_theme_is_remembered_and_drawings_follow(read: Page) -> None:
    bright = at_rest(read)
    read.get_by_role("combobox", name="Colours").select_option("dark")
    assert (
        read.evaluate("() => getComputedStyle(document.documentElement).backgroundColor") == "rgb(22, 22, 26)"
    )
    assert at_rest(read) != bright
    read.reload()
    assert (
        read.evaluate("() => getComputedStyle(document.documentElement).backgroundColor") == "rgb(22, 22, 26)"
    )
    assert read.evaluate("() => Object.keys({...localStorage})") == ["mt.theme"]


def test_the_interface_speaks_chinese_and_remembers_it(read: Page) -> None:
    before = read.locator("#words").inner_text()
    read.get_by_label("Language of this page").select_option("zh")
    assert read.evaluate("() => document.documentElement.lang") == "zh-CN"
    assert read.locator("#inside-heading").inner_text() == "它是怎样读的"
    assert read.locator("#words").inner_text() != before
    assert read.locator("#output").inner_text() == "BA DE FI", "what is translated stays"
    read.reload()
    assert read.evaluate("() => document.documentElement.lang") == "zh-CN"
    read.get_by_label("界面语言").select_option("en")
    assert read.locator("#inside-heading").inner_text() == "How it was read"


@pytest.mark.parametrize(("locale", "lang"), [("zh-TW", "zh-CN"), ("en-US", "en"), ("de-DE", "en")])
def test_the_browser_chooses_the_first_language(
    browser: Browser, server: str, problems: list[str], locale: str, lang: str
) -> None:
    context = browser.new_context(base_url=server, locale=locale)
    context.set_default_timeout(1000 * DEADLINE)
    page = context.new_page()
    watch(page, server, problems)
    page.goto("/")
    page.wait_for_selector("#source-language option", state="attached")
    assert page.evaluate("() => document.documentElement.lang") == lang
    context.close()
    assert problems == []


def test_both_languages_have_the_same_words(page: Page) -> None:
    keys, gaps = page.evaluate(
        """async () => {
          const [{ en }, { zh }] = await Promise.all([import("/words-en.js"), import("/words-zh.js")]);
          const gaps = (text) => (text.match(/\\{\\w+\\}/g) ?? []).sort().join();
          return [
            [Object.keys(en).sort(), Object.keys(zh).sort()],
            Object.keys(en).filter((key) => gaps(en[key]) !== gaps(zh[key] ?? "")),
          ];
        }"""
    )
    assert keys[0] == keys[1]
    assert gaps == []


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [320, 390, 700])
def test_a_narrow_screen_is_not_scrolled_sideways(page: Page, width: int, language: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.locator("#interface-language").select_option(language)
    fill(page)
    for summary in page.locator("summary").all():
        summary.click()
    with page.expect_response("**/translate"), page.expect_response("**/inspect"):
        page.locator(SOURCE).fill("ba" * 60)  # a word that does not fit
    page.wait_for_selector("#inside-body:not([hidden]):not(.stale)")
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    cut_off = """() => [...document.querySelectorAll(".pane *")].filter((one) => one.checkVisibility() &&
        one.getBoundingClientRect().right > one.closest(".pane").getBoundingClientRect().right + 1).length"""
    assert page.evaluate(cut_off) == 0


def test_nothing_moves_for_those_who_want_no_motion(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    fill(page)
    page.get_by_role("button", name="One step back").click()
    assert page.evaluate("() => document.getAnimations().length") == 0
    at_once = page.evaluate("() => document.querySelector('.strip').toDataURL()")
    assert at_rest(page) == at_once


def test_while_it_plays_a_screen_reader_is_not_flooded(read: Page) -> None:
    said = read.locator("#words")
    assert said.get_attribute("aria-live") == "polite"
    read.get_by_role("button", name="Play", exact=True).click()
    assert said.get_attribute("aria-live") == "off"
    read.get_by_role("button", name="Pause", exact=True).click()
    assert said.get_attribute("aria-live") == "polite"
