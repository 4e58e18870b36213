"""A slow model, a server that refuses, fails or is gone: the page says so and goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.test_typing import SOURCE, answer, expect_output

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route


def expect_status(page: Page, part: str) -> None:
    page.wait_for_function("part => document.querySelector('#status').textContent.includes(part)", arg=part)


@pytest.mark.usefixtures("failing")
class TestAnswersThatAreErrors:
    @pytest.mark.parametrize(
        ("status", "said", "shown"),
        [
            (400, "zz is not supported", "The server does not translate this. zz is not supported"),
            (403, "Invalid API key", "The server asks for a valid API key. Invalid API key"),
            (429, "Slowdown: too many", "Too many requests at once. Slowdown: too many"),
            (500, "Cannot translate text", "The server made a mistake (500). Cannot translate text"),
        ],
    )
    def test_it_says_what_the_server_says(self, page: Page, status: int, said: str, shown: str) -> None:
        page.locator(SOURCE).fill("ba")
        expect_output(page, "BA")
        page.route("**/translate", lambda route: route.fulfill(status=status, json={"error": said}))
        page.locator(SOURCE).fill("ba de")
        expect_status(page, shown)
        assert page.get_by_role("status").first.get_attribute("aria-live") == "polite"
        assert page.locator(SOURCE).input_value() == "ba de", "what was typed stays"
        assert page.locator("#output").inner_text() == "", "what was there before is not this text's"
        assert page.get_by_role("button", name="Copy").count() == 0
        assert page.locator("#inside-body").is_hidden()
        page.unroute("**/translate")
        page.get_by_role("button", name="Try again").click()
        expect_output(page, "BA DE")
        assert page.locator("#status").inner_text() == ""

    def test_an_error_that_is_no_json(self, page: Page) -> None:
        page.route("**/translate", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
        page.locator(SOURCE).fill("ba")
        expect_status(page, "The server made a mistake (502).")

    def test_after_a_slowdown_it_comes_again_when_it_may(self, page: Page) -> None:
        asked: list[str] = []

        def first_refused(route: Route) -> None:
            asked.append(route.request.url)
            if len(asked) == 1:
                route.fulfill(status=429, json={"error": "Slowdown"}, headers={"Retry-After": "1"})
            else:
                route.fulfill(json=answer("at last"))

        page.route("**/translate", first_refused)
        page.locator(SOURCE).fill("ba")
        expect_status(page, "Too many requests at once. Slowdown. It tries again in 1 s.")
        expect_output(page, "at last")
        assert len(asked) == 2

    def test_the_server_is_gone(self, page: Page) -> None:
        page.route("**/translate", lambda route: route.abort("connectionrefused"))
        page.locator(SOURCE).fill("ba")
        expect_status(page, "The server does not answer")
        page.unroute("**/translate")
        page.get_by_role("button", name="Try again").click()
        expect_output(page, "BA")

    def test_the_server_was_never_there(self, page: Page) -> None:
        page.route("**/languages", lambda route: route.abort("connectionrefused"))
        page.clock.install()
        page.reload()
        expect_status(page, "The server does not answer")
        page.locator(SOURCE).fill("ba")
        page.clock.run_for("01:00")
        expect_status(page, "The server does not answer")
        page.unroute("**/languages")
        page.get_by_role("button", name="Try again").click()
        expect_output(page, "BA")

    def test_the_server_is_there_at_last_before_anything_is_typed(self, page: Page) -> None:
        page.route("**/languages", lambda route: route.abort("connectionrefused"))
        page.reload()
        expect_status(page, "The server does not answer")
        page.unroute("**/languages")
        page.get_by_role("button", name="Try again").click()
        page.wait_for_selector("#source-language option", state="attached")
        assert page.locator("#status").inner_text() == ""

    def test_what_cannot_be_looked_into_is_still_translated(self, page: Page) -> None:
        page.route("**/inspect", lambda route: route.fulfill(status=400, json={"error": "500 pieces"}))
        page.locator(SOURCE).fill("ba")
        expect_output(page, "BA")
        page.wait_for_function(
            "said => document.querySelector('#inside-status').textContent === said",
            arg="This cannot be looked into. 500 pieces",
        )
        assert page.locator("#inside-body").is_hidden()
        assert page.locator("#output").inner_text() == "BA"


def test_a_slow_model_is_waited_for(page: Page) -> None:
    held: list[Route] = []
    page.locator(SOURCE).fill("ba")
    expect_output(page, "BA")
    page.route("**/translate", lambda route: held.append(route))
    page.locator(SOURCE).fill("ba de")
    page.wait_for_selector("#out[aria-busy=true]")
    assert page.locator(".busy").is_visible()
    assert page.locator("#output").inner_text() == "BA", "the one before stays while it waits"
    assert page.get_by_role("button", name="Copy").is_disabled()
    expect_status(page, "this model takes its time")
    held[0].fulfill(json=answer("BA DE"))
    expect_output(page, "BA DE")
    assert page.locator("#out").get_attribute("aria-busy") == "false"
    assert page.locator("#status").inner_text() == ""


@pytest.mark.usefixtures("full_protocol")
def test_a_key_is_asked_for_and_sent_but_not_kept(page: Page) -> None:
    sent: list[object] = []
    page.route(
        "**/frontend/settings", lambda route: route.fulfill(json={"charLimit": 100, "keyRequired": True})
    )

    def note(route: Route) -> None:
        sent.append((route.request.post_data_json or {}).get("api_key"))
        route.fulfill(json=answer("BA"))

    page.route("**/translate", note)
    page.reload()
    page.get_by_label("This server asks for an API key").fill("secret")
    page.get_by_role("button", name="Use it").click()
    page.locator(SOURCE).fill("ba")
    expect_output(page, "BA")
    assert sent == ["secret"]
    assert "secret" not in page.evaluate("() => JSON.stringify({...localStorage, ...sessionStorage})")
