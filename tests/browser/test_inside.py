"""How it was read: the player and the drawings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.setup import at_rest
from tests.browser.test_typing import SOURCE, expect_output

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

SENTENCE = "ba de fi"
CURRENT = ".column[aria-current=step]"


@pytest.fixture
def read(page: Page) -> Page:
    """The page with a sentence that has been read."""
    page.locator(SOURCE).fill(SENTENCE)
    expect_output(page, "BA DE FI")
    page.wait_for_selector("#inside-body:not([hidden]):not(.stale)")
    return page


def where(page: Page) -> str:
    return str(page.locator(".player .where").inner_text())


def words(page: Page) -> str:
    return str(page.locator("#words").inner_text())


def steps(page: Page) -> int:
    return int(page.locator(".column.read").count())


def test_at_first_everything_has_been_read(read: Page) -> None:
    assert where(read) == f"reading {steps(read)} of {steps(read)}"
    assert read.locator(".column.read.done").count() == steps(read)
    assert read.locator(".column.written.done").count() == 0


def test_stepping_moves_all_drawings(read: Page) -> None:
    read.keyboard.press("Tab")
    slider = read.get_by_label("Position")
    slider.focus()
    read.keyboard.press("Home")
    assert where(read) == "before the first piece"
    assert "every number of the state is 0" in words(read)
    empty = at_rest(read)
    forward = read.get_by_role("button", name="One step on")
    forward.click()
    assert where(read) == f"reading 1 of {steps(read)}"
    assert read.locator(".column.read.done").count() == 1
    assert read.locator(".map .reached").count() > 0
    first, first_words = at_rest(read), words(read)
    assert first != empty
    forward.click()
    assert at_rest(read) != first
    assert words(read) != first_words
    assert "hangs mostly on" in words(read)
    assert str(read.locator(CURRENT).get_attribute("aria-label")).startswith("Reading step 2:")
    assert read.locator("#figure-dependence .marked").count() == 1
    read.get_by_role("button", name="One step back").click()
    assert where(read) == f"reading 1 of {steps(read)}"


def test_the_vector_then_the_writing(read: Page) -> None:
    forward = read.get_by_role("button", name="One step on")
    forward.click()
    assert where(read) == "the sentence vector"
    assert "are the sentence vector" in words(read)
    forward.click()
    assert where(read).startswith("writing 1 of ")
    assert "It writes “B" in words(read)
    assert "With another vector" in words(read)
    assert read.locator("#figure-choices .readout").inner_text() == "Step 1, before anything is written"
    assert read.locator("#figure-choices li").count() >= 3
    read.keyboard.press("End")
    assert read.get_by_role("button", name="One step on").is_disabled()
    assert "the end sign" in words(read)


def test_the_keyboard_alone_is_enough(read: Page) -> None:
    for _ in range(40):
        read.keyboard.press("Tab")
        if read.evaluate("() => document.activeElement.matches('.column')"):
            break
    else:
        pytest.fail("Tab never came to the pieces")
    assert read.evaluate("() => document.activeElement.matches('[aria-current=step]')")
    read.keyboard.press("Home")
    read.keyboard.press("ArrowRight")
    read.keyboard.press("ArrowRight")
    assert where(read) == f"reading 2 of {steps(read)}"
    assert read.evaluate("() => document.activeElement.matches('[aria-current=step]')"), (
        "the focus goes with it"
    )
    read.keyboard.press("Space")
    assert read.get_by_role("button", name="Pause", exact=True).is_visible()
    read.keyboard.press("Space")
    assert read.get_by_role("button", name="Play", exact=True).is_visible()
    read.keyboard.press("Tab")
    assert not read.evaluate("() => document.activeElement.matches('.column')"), "the row is one stop"


def test_arrows_in_the_text_move_the_cursor_only(read: Page) -> None:
    before = where(read)
    read.locator(SOURCE).focus()
    read.keyboard.press("Home")
    read.keyboard.press("ArrowRight")
    assert where(read) == before


def test_it_plays_by_itself_and_stops_at_the_end(read: Page) -> None:
    read.clock.install()
    read.get_by_label("Speed").select_option("fast")
    read.get_by_label("Position").focus()
    read.keyboard.press("Home")
    read.get_by_role("button", name="Play", exact=True).click()
    read.wait_for_function(
        "count => document.querySelector('.player .where').textContent === `reading ${count} of ${count}`",
        arg=steps(read),
    )
    read.get_by_role("button", name="Pause", exact=True).click()
    paused = where(read)
    read.clock.run_for("01:00")
    assert where(read) == paused
    read.get_by_role("button", name="Play", exact=True).click()
    read.wait_for_selector("button.play[aria-label=Play]")
    assert read.locator(".column:not(.done)").count() == 0
    read.get_by_role("button", name="Play", exact=True).click()
    assert where(read) == "before the first piece", "at the end it begins anew"


def test_a_resting_pointer_shows_a_piece_and_leaving_goes_back(read: Page) -> None:
    before = where(read)
    read.locator(".column.read").first.hover()
    assert where(read) == f"reading 1 of {steps(read)}"
    read.locator("#inside-heading").hover()
    assert where(read) == before
    read.locator(".column.read").first.click()
    read.locator("#inside-heading").hover()
    assert where(read) == f"reading 1 of {steps(read)}", "a click stays"


@pytest.mark.usefixtures("full_protocol")
def test_the_beam_shows_the_way_to_the_translation(page: Page) -> None:
    def exchanged(route: Route) -> None:
        """The translation's first piece is the second best at its step."""
        answer = route.fetch().json()
        first, second = answer["beam"][:2]
        first[:2] = first[1::-1]
        for kept in second:
            kept["parent"] = {0: 1, 1: 0}.get(kept["parent"], kept["parent"])
        route.fulfill(json=answer)

    page.route("**/inspect", exchanged)
    page.locator(SOURCE).fill(SENTENCE)
    page.wait_for_selector("#inside-body:not([hidden]):not(.stale)")
    won = page.locator(".beam .node.wins text").all_text_contents()
    assert "".join(won).replace("·", " ").replace("⏎", "").strip() == "BA DE FI"
    assert page.locator(".beam .node.wins.ended").count() == 1
    assert page.locator(".beam .node.ended").count() >= 2
    assert page.locator(".beam .link.wins").first.is_visible()


def test_every_drawing_has_its_numbers(read: Page) -> None:
    for figure in read.locator("#inside .figure").all():
        figure.locator("summary").click()
        figure.locator("tbody tr").first.wait_for()
        assert figure.locator("[role=img]").count() > 0 or figure.locator("ol.choices").count() == 1
    dependence = read.locator("#figure-dependence tbody tr")
    assert dependence.count() == steps(read)
    last = dependence.last.locator("td").all_inner_texts()
    shares = [float(share.strip("<%")) for share in last[2:]]
    assert sum(shares) == pytest.approx(100, abs=3)


def test_a_fixed_vector_shows_what_still_comes_from_it(read: Page) -> None:
    assert read.locator("#figure-looks h3").inner_text() == "What still comes from the vector"
    assert read.locator("#figure-looks .upright").count() == read.locator(".column.written").count()


def test_attention_shows_where_it_looked(page: Page) -> None:
    page.locator("#source-language").select_option("bb")
    with page.expect_response("**/inspect") as answer:
        page.locator(SOURCE).fill("BA DE FI")
    page.wait_for_selector("#inside-body:not([hidden]):not(.stale)")
    assert page.locator("#figure-looks h3").inner_text() == "Where it looked"
    page.get_by_label("Position").focus()
    page.keyboard.press("End")
    assert "It looks mostly at" in words(page)
    assert page.locator("[data-row=depends]").inner_text() == "looks at"
    shares = page.locator(".column.read .depends .number").all_inner_texts()
    looks = [100 * share for share in answer.value.json()["steps"][-1]["attention"]]
    assert [float(share.strip("<%")) for share in shares] == pytest.approx(looks, abs=0.6)


def test_the_direction_of_reading_turns_the_film_around(page: Page) -> None:
    page.locator("#source-language").select_option("bb")
    page.locator(SOURCE).fill("BA DE FI")
    page.wait_for_selector("#inside-body:not([hidden]):not(.stale)")
    forwards = page.locator(".column.read .piece").all_inner_texts()
    picture = at_rest(page)
    page.get_by_label("Reading direction").select_option(label="← Backwards")
    assert page.locator(".column.read .piece").all_inner_texts() == forwards[::-1]
    assert at_rest(page) != picture


def test_the_next_sentence_takes_the_place_of_this_one(read: Page) -> None:
    before = steps(read)
    read.locator(SOURCE).fill("ba")
    expect_output(read, "BA")
    read.wait_for_function("before => document.querySelectorAll('.column.read').length < before", arg=before)
    assert where(read) == f"reading {steps(read)} of {steps(read)}"
