"""A text in another language than the model reads, and an answer that the model itself doubts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.test_typing import SOURCE, answer, expect_output

if TYPE_CHECKING:
    from playwright.sync_api import Page

KNOWN = [
    {"code": "zh", "name": "Chinese", "targets": ["en"]},
    {"code": "de", "name": "German", "targets": ["en"]},
    {"code": "en", "name": "English", "targets": ["de"]},
]


class Answers:
    """What the server would translate, and how surely."""

    text = ""
    best = 0.9
    confidence: float | None = None  # the model is not calibrated


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def polyglot(page: Page, answers: Answers, failing: None) -> Page:  # noqa: ARG001 - /inspect fails
    """The page of a server that reads Chinese, German and English."""
    page.route("**/languages", lambda route: route.fulfill(json=KNOWN))
    page.route("**/inspect", lambda route: route.fulfill(status=400, json={"error": "no"}))
    page.route(
        "**/translate",
        lambda route: route.fulfill(
            json=answer(answers.text, best=answers.best, confidence=answers.confidence)
        ),
    )
    detected(page, "en", 99)
    page.reload()
    page.wait_for_selector("#source-language option", state="attached")
    return page


def detected(page: Page, language: str, confidence: float) -> None:
    page.route(
        "**/detect", lambda route: route.fulfill(json=[{"language": language, "confidence": confidence}])
    )


def test_another_language_is_noticed_and_offered(polyglot: Page) -> None:
    polyglot.locator(SOURCE).fill("A dog sleeps")
    polyglot.locator("#doubt", has_text="This looks like English. The model reads Chinese").wait_for()
    polyglot.get_by_role("button", name="Translate from English").click()
    polyglot.wait_for_function("() => document.querySelector('#source-language').value === 'en'")
    polyglot.locator("#doubt").wait_for(state="hidden")


def test_another_script_is_noticed_where_the_language_is_not(polyglot: Page) -> None:
    detected(polyglot, "zh", 30)
    polyglot.locator(SOURCE).fill("שלום לכם")
    polyglot.locator("#doubt", has_text="This does not look like Chinese").wait_for()
    assert polyglot.locator("#other-language").is_hidden()


def test_what_comes_out_as_it_is_is_neither_sure_nor_looked_into(polyglot: Page, answers: Answers) -> None:
    answers.text, answers.best = "A dog sleeps", 1.0
    polyglot.locator(SOURCE).fill(answers.text)
    polyglot.locator("#doubt", has_text="it comes out as it is").wait_for()
    polyglot.locator("#inside-status", has_text="nothing to translate").wait_for()
    assert polyglot.locator("#sureness").inner_text() == ""


def test_a_low_confidence_is_doubted(polyglot: Page, answers: Answers) -> None:
    polyglot.locator("#source-language").select_option("de")
    detected(polyglot, "de", 99)
    answers.text, answers.best, answers.confidence = "one", 0.1, 0.2
    polyglot.locator(SOURCE).fill("hm hm hm")
    polyglot.locator("#doubt", has_text="very unsure").wait_for()
    assert polyglot.locator("#sureness").inner_text() == "confidence 20%"
    answers.text, answers.confidence = "two", 0.9
    polyglot.locator(SOURCE).fill("ein Hund")
    expect_output(polyglot, "two")
    assert polyglot.locator("#doubt").is_hidden()


def test_a_low_probability_alone_is_not_doubted(polyglot: Page, answers: Answers) -> None:
    """Without calibration it does not say how often a model is wrong; but the language is looked at."""
    polyglot.locator("#source-language").select_option("de")
    detected(polyglot, "de", 99)
    answers.text, answers.best = "one", 0.1
    with polyglot.expect_response("**/detect"):
        polyglot.locator(SOURCE).fill("hm hm hm")
    expect_output(polyglot, "one")
    assert polyglot.locator("#sureness").inner_text() == "probability of a word: about 10%"
    polyglot.locator("#inside-status", has_text="cannot be looked into").wait_for()
    assert polyglot.locator("#doubt").is_hidden()
    detected(polyglot, "en", 99)
    polyglot.locator(SOURCE).fill("a dog sleeps")
    polyglot.locator("#doubt", has_text="This looks like English").wait_for()


def test_what_fits_is_not_doubted_and_nobody_is_asked(polyglot: Page, answers: Answers) -> None:
    asked: list[str] = []
    polyglot.on("request", lambda request: asked.append(request.url) if "/detect" in request.url else None)
    for text in ("我爱北京", "T恤", "VR 眼镜很贵", "12 ok"):
        answers.text = f"<{text}>"
        polyglot.locator(SOURCE).fill(text)
        expect_output(polyglot, answers.text)
        polyglot.locator("#inside-status", has_text="cannot be looked into").wait_for()
        assert polyglot.locator("#doubt").is_hidden()
    assert asked == []


def test_without_an_answer_the_hint_is_left_out(polyglot: Page, answers: Answers) -> None:
    polyglot.locator("#source-language").select_option("de")
    polyglot.route("**/detect", lambda route: route.fulfill(status=429, json={"error": "Slowdown"}))
    answers.text, answers.best, answers.confidence = "one", 0.1, 0.2
    polyglot.locator(SOURCE).fill("hm hm hm")
    polyglot.locator("#doubt", has_text="very unsure").wait_for()
    assert polyglot.locator("#status").inner_text() == ""
