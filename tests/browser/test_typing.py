"""Type on the left, see the translation on the right."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.setup import stop_the_clock, wait_for_length

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

OUTPUT = "#output"
SOURCE = "#source"


def expect_output(page: Page, text: str) -> None:
    page.wait_for_function("text => document.querySelector('#output').textContent === text", arg=text)


def answer(
    text: str, *alternatives: str, best: float = 0.5, confidence: float | None = None
) -> dict[str, Any]:
    """What `POST /translate` answers for one sentence; `best` is the probability of its translation.

    confidence: of a run that is calibrated.
    """
    probabilities = [best / (1 + rank) for rank in range(1 + len(alternatives))]
    scores = [{"score": -1.0, "probability": probability} for probability in probabilities]
    found = {"translatedText": text, "alternatives": list(alternatives), "scores": scores}
    return found if confidence is None else found | {"confidence": confidence}


def test_the_translation_appears_while_one_types(page: Page) -> None:
    page.locator(SOURCE).press_sequentially("ba de", delay=20)
    expect_output(page, "BA DE")
    assert page.locator(OUTPUT).get_attribute("lang") == "bb"
    assert "%" in page.locator("#sureness").inner_text()
    page.locator(SOURCE).press_sequentially(" mo")
    expect_output(page, "BA DE MO")


def test_many_keys_in_a_row_are_one_request(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/translate" in request.url else None)
    stop_the_clock(page)
    for key in "ba de fi go":
        page.locator(SOURCE).press_sequentially(key)
        page.clock.run_for(100)  # milliseconds: a quick typist
    page.clock.run_for("01:00")
    expect_output(page, "BA DE FI GO")
    assert len(asked) == 1


@pytest.mark.usefixtures("full_protocol")
def test_pinyin_is_not_translated_before_it_is_a_word(page: Page) -> None:
    """An input method fires input events for each letter of an unfinished syllable."""
    asked: list[Any] = []

    def note(route: Route) -> None:
        asked.append(route.request.post_data_json)
        route.fulfill(json=answer("done"))

    page.route("**/translate", note)
    page.clock.install()
    page.evaluate(
        """() => {
          const source = document.querySelector("#source");
          source.value = "wo";
          source.dispatchEvent(new InputEvent("input", { isComposing: true, bubbles: true }));
        }"""
    )
    page.clock.run_for("01:00")
    assert asked == []
    page.evaluate(
        """() => {
          const source = document.querySelector("#source");
          source.value = "我";
          source.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
        }"""
    )
    expect_output(page, "done")
    assert [request["q"] for request in asked] == ["我"]


@pytest.mark.usefixtures("full_protocol")
def test_a_late_answer_to_what_was_typed_before_is_dropped(page: Page) -> None:
    held: list[Route] = []
    page.route("**/translate", lambda route: held.append(route))
    page.locator(SOURCE).fill("ba")
    wait_for_length(page, held, 1)
    page.locator(SOURCE).fill("ba de")
    wait_for_length(page, held, 2)
    held[1].fulfill(json=answer("second"))
    expect_output(page, "second")
    assert held[0].request.failure is not None, "the first one is called off, so the server can stop, too"


def test_alternatives_say_how_likely_they_are_and_where_they_differ(page: Page) -> None:
    other = ["A cat sleeps well.", "a dog sleeps well", "A dog is asleep."]
    page.route("**/translate", lambda route: route.fulfill(json=answer("A dog sleeps well.", *other)))
    page.locator(SOURCE).fill("ba")
    expect_output(page, "A dog sleeps well.")
    rows = page.locator("#alternatives li")
    assert rows.locator(".alternative").all_inner_texts() == [other[0], other[2]], (
        "not what has the same words"
    )
    assert rows.locator(".proportion").all_inner_texts() == ["50% as likely", "25% as likely"]
    assert rows.locator("mark").all_inner_texts() == ["cat", "is asleep"]


def test_alternatives_are_shown_only_where_they_say_something(page: Page) -> None:
    answers = [answer("one", *map(str, range(12)))]
    answers[0]["alternatives"] = ["one!", *[""] * 10, "much less likely"]
    page.route("**/translate", lambda route: route.fulfill(json=answers[-1]))
    page.locator(SOURCE).fill("ba")
    expect_output(page, "one")
    assert page.locator("#alternatives").is_hidden()
    pair = [answer("one", "two") | {"source": source} for source in ("ba", "de")]
    answers.append(answer("one one", "two one") | {"sentences": pair})
    page.locator(SOURCE).fill("ba de")
    expect_output(page, "one one")
    assert page.locator("#alternatives").is_hidden(), "of one sentence, or none"


@pytest.mark.usefixtures("full_protocol")
def test_it_says_how_sure_it_is_of_a_word_not_of_a_long_text(page: Page) -> None:
    answers = {"ba": answer("one two", best=0.25), "de": answer(" ".join(["one"] * 300), best=0.9**300)}
    page.route("**/translate", lambda route: route.fulfill(json=answers[route.request.post_data_json["q"]]))
    page.locator(SOURCE).fill("ba")
    expect_output(page, "one two")
    assert page.locator("#sureness").inner_text() == "probability of a word: about 50%"
    page.locator(SOURCE).fill("de")
    expect_output(page, " ".join(["one"] * 300))
    assert page.locator("#sureness").inner_text() == "probability of a word: about 90%"


def test_the_fields_grow_together_and_hide_no_line(page: Page) -> None:
    long = answer("one two three\n" * 60)
    page.route("**/translate", lambda route: route.fulfill(json=long), times=1)
    page.locator(SOURCE).fill("ba de fi go mo. " * 90)
    expect_output(page, long["translatedText"])
    field = page.locator(SOURCE)
    assert field.evaluate("one => [one.scrollTop, one.scrollHeight - one.clientHeight]") == [0, 0]
    heights = page.locator(".pane").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().height)"
    )
    assert heights[0] == heights[1]
    page.locator(SOURCE).fill("ba")
    expect_output(page, "BA")
    low = page.locator(".pane").first.evaluate("one => one.getBoundingClientRect().height")
    assert low < heights[0] / 4


def test_a_pair_of_languages_chooses_the_model(page: Page) -> None:
    page.locator("#source-language").select_option("bb")
    assert page.locator("#target-language").input_value() == "aa"
    page.locator(SOURCE).fill("GO KU")
    expect_output(page, "go ku")


def test_swapping_turns_text_and_pair_around(page: Page) -> None:
    page.locator(SOURCE).fill("ba de")
    expect_output(page, "BA DE")
    page.get_by_role("button", name="Swap the languages").click()
    assert page.locator("#source-language").input_value() == "bb"
    assert page.locator(SOURCE).input_value() == "BA DE"
    expect_output(page, "ba de")


@pytest.mark.usefixtures("failing")  # the server has no such languages
def test_a_pair_of_one_direction_cannot_be_swapped(page: Page) -> None:
    known = [
        {"code": "zh", "name": "Chinese", "targets": ["en"]},
        {"code": "en", "name": "English", "targets": []},
    ]
    page.route("**/languages", lambda route: route.fulfill(json=known))
    page.reload()
    page.wait_for_selector("#source-language option", state="attached")
    assert page.get_by_role("button", name="Swap the languages").is_disabled()
    assert page.locator("#source-language option").all_inner_texts() == ["Chinese"]


@pytest.mark.usefixtures("failing")
def test_an_example_is_translated_at_a_click(page: Page) -> None:
    known = [{"code": "zh", "name": "Chinese", "targets": ["en"]}]
    page.route("**/languages", lambda route: route.fulfill(json=known))
    page.route("**/translate", lambda route: route.fulfill(json=answer("I love Beijing")))
    page.route("**/inspect", lambda route: route.fulfill(status=400, json={"error": "no"}))
    page.reload()
    expect_output(page, "I love Beijing")  # the first one is shown without a click
    first = page.locator(SOURCE).input_value()
    page.get_by_role("button", name="我爱北京").click()
    page.wait_for_function("first => document.querySelector('#source').value !== first", arg=first)
    assert page.locator(SOURCE).input_value() == "我爱北京"
    page.locator(SOURCE).click()
    page.keyboard.type("茶")
    assert page.locator(SOURCE).input_value() == "茶", "what is typed takes its place"
    assert page.locator(".example").count() == 0
    page.wait_for_function("() => document.querySelector('#inside-status').textContent.includes('no')")


@pytest.mark.usefixtures("full_protocol")
def test_the_translation_is_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(SOURCE).fill("ba")
    expect_output(page, "BA")
    page.get_by_role("button", name="Copy").click()
    page.wait_for_function("() => document.querySelector('#status').textContent === 'Copied.'")
    assert page.evaluate("() => navigator.clipboard.readText()") == "BA"


def test_clearing_empties_everything(page: Page) -> None:
    page.locator(SOURCE).fill("ba")
    expect_output(page, "BA")
    page.wait_for_selector("#inside-body:not([hidden])")
    page.get_by_role("button", name="Clear").click()
    assert page.locator(OUTPUT).inner_text() == ""
    assert page.get_by_text("The translation appears here.").is_visible()
    assert page.locator("#inside-body").is_hidden()
    assert page.locator("#alternatives").is_hidden()


def test_markup_is_shown_as_text(page: Page) -> None:
    """Everything that comes from outside: what is typed, the translations, each piece of an inspection."""
    evil = "<img src=x onerror=\"document.title='bad'\"><b>ba</b>"
    page.route("**/translate", lambda route: route.fulfill(json=answer(evil, evil + "!")))

    def poisoned(route: Route) -> None:
        real = route.fetch(post_data=json.dumps({"q": "ba de", "source": "aa", "target": "bb"})).json()
        real["pieces"] = [evil for _ in real["pieces"]]
        real["translation"], real["parts"], real["model"]["name"] = evil, 2, evil
        real["steps"] = [{**step, "piece": evil, "runners_up": [[evil, 0.1]]} for step in real["steps"]]
        real["beam"] = [[{**kept, "piece": evil} for kept in step] for step in real["beam"]]
        route.fulfill(json=real)

    page.route("**/inspect", poisoned)
    page.locator(SOURCE).fill(evil)
    expect_output(page, evil)
    page.wait_for_selector("#inside-body:not([hidden])")
    for summary in page.locator(".numbers summary").all():
        summary.click()
    page.locator("#facts", has_text=evil).wait_for()
    assert page.locator("main img, main b").count() == 0
    assert page.title() != "bad"


def test_a_text_over_the_limit_is_not_sent(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/translate" in request.url else None)
    page.route(
        "**/frontend/settings", lambda route: route.fulfill(json={"charLimit": 8, "keyRequired": False})
    )
    page.clock.install()
    page.reload()
    page.wait_for_function("() => document.querySelector('#count').textContent === '0 / 8'")
    page.locator(SOURCE).fill("ba de mo ne")
    page.wait_for_function(
        "() => document.querySelector('#status').textContent.includes('at most 8 characters')"
    )
    page.clock.run_for("01:00")
    assert asked == []
    assert page.locator(SOURCE).get_attribute("aria-invalid") == "true"
    page.locator(SOURCE).fill("ba de")
    expect_output(page, "BA DE")
