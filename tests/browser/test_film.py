"""The film is seen as a whole with the sentence that explains it, plays once, and shows what is above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.test_inside import where, words
from tests.browser.test_typing import SOURCE, expect_output

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

READ = "#inside-body:not([hidden]):not(.stale)"
THREE = ["Ba de fi go.", "Ku la mo go.", "Mo ne la ba!"]
# Boxes that hide something at their sides and show no sign of it where they do.
SILENT = """() => [...document.querySelectorAll("main *:not(textarea)")].filter((one) => {
  const scrolls = /auto|scroll/.test(getComputedStyle(one).overflowX) && one.checkVisibility();
  if (!scrolls || one.scrollWidth - one.clientWidth <= 1) return false;
  const signs = [...one.parentElement.children].filter((sign) => sign.checkVisibility());
  const shown = (side) => signs.some((sign) => sign.matches(`.edge.${side}`));
  const left = one.scrollLeft > 1;
  const right = one.scrollLeft + one.clientWidth < one.scrollWidth - 1;
  return left !== shown("left") || right !== shown("right");
}).map((one) => one.className)"""


def read(page: Page, text: str = "ba de fi go") -> None:
    with page.expect_response("**/inspect"):
        page.locator(SOURCE).fill(text)
    page.wait_for_selector(READ)


def height_of(page: Page, *selectors: str) -> tuple[float, float]:
    """Where on the screen the first begins and the last ends."""
    boxes: list[Any] = [page.locator(selector).bounding_box() for selector in selectors]
    return min(box["y"] for box in boxes), max(box["y"] + box["height"] for box in boxes)


def test_at_first_sight_everything_is_there(page: Page) -> None:
    """On a screen of 1280 by 800, without scrolling."""
    read(page)
    top, bottom = height_of(page, SOURCE, "#output", "#words", ".film")
    assert page.evaluate("() => scrollY") == 0
    assert top >= 0
    assert bottom <= 800


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844), (320, 640)])
def test_the_film_is_seen_with_its_sentence(page: Page, width: int, height: int, language: str) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.locator("#interface-language").select_option(language)
    read(page)
    page.locator("#player").evaluate("one => one.scrollIntoView()")
    for key in ("Home", "ArrowRight", "End"):
        page.locator(".column").first.evaluate("one => one.focus({ preventScroll: true })")
        page.keyboard.press(key)
        top, bottom = height_of(page, "#words", ".film")
        assert top >= page.locator("#player").evaluate("one => one.getBoundingClientRect().bottom") - 1
        assert bottom <= height


@pytest.mark.parametrize("height", [844, 640])
def test_on_a_phone_the_sentence_goes_with_the_film(page: Page, height: int) -> None:
    """Wherever the page is scrolled to: whoever sees the film to its end sees the sentence too."""
    page.set_viewport_size({"width": 390 if height == 844 else 360, "height": height})
    read(page, "ba de fi go mo ne ku la " * 3)
    film, words_ = page.locator(".film"), page.locator("#words")
    for key in ("Home", "End"):
        page.locator(".column").first.evaluate("one => one.focus({ preventScroll: true })")
        page.keyboard.press(key)
        for block in ("end", "start", "center"):
            film.evaluate("(one, block) => one.scrollIntoView({ block, behavior: 'instant' })", block)
            top, bottom = height_of(page, "#words")
            player = height_of(page, "#player")[1]
            assert player - 1 <= top
            assert bottom <= height
            middle = words_.evaluate(
                """one => { const box = one.getBoundingClientRect();
                    return document.elementFromPoint(box.left + 5, box.top + box.height / 2) === one; }"""
            )
            assert middle, "nothing lies over it"


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_what_goes_on_sideways_says_so(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    read(page, "ba de fi go mo ne ku la " * 3)
    for summary in page.locator(".numbers summary").all():
        summary.click()
    page.wait_for_function(f"() => ({SILENT})().length === 0")
    assert page.locator(".edge:visible").count() > 0
    if width < 1280:
        before = page.locator(".film").evaluate("one => one.scrollLeft")
        page.locator(".around-film > .edge.left").click()
        page.wait_for_function("before => document.querySelector('.film').scrollLeft < before", arg=before)
        page.wait_for_function(f"() => ({SILENT})().length === 0")


@pytest.mark.usefixtures("full_protocol")
class TestBySelf:
    @pytest.fixture
    def moving(self, page: Page) -> Page:
        page.emulate_media(reduced_motion="no-preference")
        page.reload()
        page.get_by_label("Speed").evaluate("one => { one.value = 'fast'; }")
        return page

    def test_it_plays_once(self, moving: Page) -> None:
        read(moving, "ba")
        moving.wait_for_selector("button.play[aria-label=Pause]")
        moving.wait_for_selector("button.play[aria-label=Play]")
        assert moving.locator(".column:not(.done)").count() == 0

    def test_not_again_where_somebody_has_stopped_it(self, moving: Page) -> None:
        read(moving)
        moving.get_by_role("button", name="Pause", exact=True).click()
        read(moving, "ba")
        moving.wait_for_timeout(300)
        count = moving.locator(".column.read").count()
        assert where(moving) == f"reading {count} of {count}"

    def test_not_before_it_is_seen(self, moving: Page) -> None:
        moving.set_viewport_size({"width": 1280, "height": 300})
        read(moving, "ba")
        count = moving.locator(".column.read").count()
        assert where(moving) == f"reading {count} of {count}"
        moving.locator("#stage").evaluate("one => one.scrollIntoView()")
        moving.wait_for_selector("button.play[aria-label=Pause]")


def test_it_does_not_play_for_those_who_want_no_motion(page: Page) -> None:
    read(page)
    page.wait_for_timeout(300)
    count = page.locator(".column.read").count()
    assert where(page) == f"reading {count} of {count}"


class TestSeveralSentences:
    @pytest.fixture
    def several(self, page: Page) -> Page:
        read(page, " ".join(THREE))
        return page

    def film_of(self, page: Page) -> str:
        """What the film writes, as a text."""
        pieces = page.locator(".column.written .piece").all_text_contents()
        return "".join(pieces).replace("·", " ").replace("⏎", "").strip()

    def expect_sentence(self, page: Page, index: int) -> None:
        page.locator(".chooser .from", has_text=THREE[index]).wait_for()
        page.wait_for_selector(READ)
        translation = page.locator(".chooser .to").inner_text()
        assert self.film_of(page) == translation
        assert page.locator("#output .chosen").all_inner_texts() == [translation]
        assert page.locator("#output [data-sentence]").nth(index).inner_text() == translation

    def test_one_at_a_time(self, several: Page) -> None:
        self.expect_sentence(several, 0)
        assert several.locator(".chooser .where").inner_text() == "sentence 1 of 3"
        several.get_by_role("button", name="The next sentence").click()
        self.expect_sentence(several, 1)
        several.get_by_role("combobox", name="Sentence").select_option("2")
        self.expect_sentence(several, 2)
        assert several.get_by_role("button", name="The next sentence").is_disabled()
        several.locator("#output [data-sentence='0']").click()
        self.expect_sentence(several, 0)

    @pytest.mark.usefixtures("full_protocol")
    def test_only_the_sentence_in_view_is_asked_for_and_once(self, page: Page) -> None:
        asked: list[str] = []

        def note(route: Route) -> None:
            asked.append((route.request.post_data_json or {})["q"])
            route.continue_()

        page.route("**/inspect", note)
        read(page, " ".join(THREE))
        page.get_by_role("button", name="The next sentence").click()
        self.expect_sentence(page, 1)
        page.get_by_role("button", name="The sentence before").click()
        self.expect_sentence(page, 0)
        assert asked == THREE[:2]

    def test_one_sentence_needs_no_chooser(self, page: Page) -> None:
        read(page)
        assert page.locator("#chooser").is_hidden()

    @pytest.mark.usefixtures("full_protocol")
    def test_another_translation_than_the_one_above_is_not_shown(self, page: Page) -> None:
        def other(route: Route) -> None:
            route.fulfill(json=route.fetch().json() | {"translation": "BA BA"})

        page.route("**/inspect", other)
        page.locator(SOURCE).fill("ba de")
        expect_output(page, "BA DE")
        page.locator("#inside-status", has_text="another translation than above").wait_for()
        assert page.locator("#inside-body").is_hidden()

    def test_what_is_not_translated_is_not_looked_into(self, page: Page) -> None:
        page.locator(SOURCE).fill("123")
        expect_output(page, "123")
        page.locator("#inside-status", has_text="nothing to translate").wait_for()
        assert page.locator("#inside-body").is_hidden()


def test_its_terms_are_explained_before_it(page: Page) -> None:
    read(page)
    lead = page.locator("#inside .lead")
    for term in (
        "pieces: words or parts of them",
        "· is a space",
        "⏎ the end",
        "its state, a list",
        "sentence vector",
    ):
        assert term in lead.inner_text()
    assert height_of(page, "#inside .lead")[1] <= height_of(page, ".film")[0]


@pytest.mark.usefixtures("full_protocol")
def test_a_map_of_few_differences_says_so_before_it_is_read(page: Page) -> None:
    def with_shares(route: Route) -> None:
        found = route.fetch().json()
        found["pca"]["explained"] = [[0.1, 0.05] for _ in found["readings"]]
        found["pca"]["decoder_explained"] = [0.5, 0.4]
        route.fulfill(json=found)

    page.route("**/inspect", with_shares)
    read(page)
    for figure, said in {
        "path": "only 15% of the differences",
        "decoder-path": "they show 90% of the",
    }.items():
        text = page.locator(f"#figure-{figure} .explain")
        assert text.inner_text().startswith("Two of many axes")
        assert said in text.inner_text()
        assert (
            height_of(page, f"#figure-{figure} .explain")[1] <= height_of(page, f"#figure-{figure} .map")[0]
        )


def test_no_caption_depends_on_the_theme(page: Page) -> None:
    captions: list[str] = page.evaluate(
        """async () => {
          const [{ en }, { zh }] = await Promise.all([import("/words-en.js"), import("/words-zh.js")]);
          return [en, zh].flatMap((words) => Object.entries(words)
            .filter(([key]) => !key.startsWith("theme")).map(([, text]) => text));
        }"""
    )
    assert [
        text for text in captions if any(word in text for word in ("dark", "light", "深", "暗", "亮"))
    ] == []


def test_words_tell_the_step(page: Page) -> None:
    read(page)
    assert "the state moves by" in words(page)
