"""A file goes in and a translated one comes out, where the server says that it translates files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Route

    Forms = Callable[[], list[dict[str, str]]]

SETTINGS = {"charLimit": 100, "keyRequired": False, "filesTranslation": True, "supportedFilesFormat": [".po"]}


def settings(page: Page, **others: Any) -> None:
    page.route("**/frontend/settings", lambda route: route.fulfill(json=SETTINGS | others))
    page.reload()
    page.wait_for_selector("#source-language option", state="attached")


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "app.po"
    path.write_text('msgid "ba"\nmsgstr ""\n')
    return path


def choose(page: Page, path: Path) -> None:
    page.locator("#file input").set_input_files(path)


def test_without_files_there_is_no_control(page: Page) -> None:
    settings(page, filesTranslation=False)
    assert page.locator("#file").is_hidden()


def test_a_file_comes_back_translated(page: Page, catalogue: Path, sent: Forms) -> None:
    made = {"translatedFileUrl": "http://behind.a.proxy:99/x/download_file/1-app_bb.po"}
    page.route("**/translate_file", lambda route: route.fulfill(json=made))
    page.route("**/download_file/1-app_bb.po", lambda route: route.fulfill(body='msgstr "BA"'))
    settings(page, keyRequired=True)
    page.get_by_label("This server asks for an API key").fill("secret")
    page.get_by_role("button", name="Use it").click()
    assert page.get_by_role("button", name="Translate a file").get_attribute("title") == ".po"  # one, not two
    assert page.locator("#file input").get_attribute("accept") == ".po"
    page.get_by_text("Which kinds?").click()
    assert page.locator("#file .kinds span").inner_text() == ".po"
    choose(page, catalogue)
    link = page.get_by_role("link", name="app.bb.po")
    link.wait_for()
    content = {"file": catalogue.read_text(), "filename": "app.po"}
    assert sent() == [content | {"source": "aa", "target": "bb", "api_key": "secret"}]
    assert page.locator("#file [role=status]").inner_text() == "Translated:"
    assert link.get_attribute("download") == "app.bb.po"
    assert link.get_attribute("href") == "download_file/1-app_bb.po", "from this server, beside this page"
    assert link.evaluate("async (one) => (await fetch(one.href)).text()") == 'msgstr "BA"'


@pytest.mark.usefixtures("failing")
def test_a_refused_file_is_said_and_another_can_be_taken(page: Page, catalogue: Path) -> None:
    said = [{"error": "app.po, line 3: no catalogue"}]
    page.route("**/translate_file", lambda route: route.fulfill(status=400, json=said[0]))
    settings(page)
    choose(page, catalogue)
    page.locator("#file [data-state=error]", has_text="app.po, line 3: no catalogue").wait_for()
    assert page.locator("#file a").is_hidden()
    page.unroute("**/translate_file")
    page.route(
        "**/translate_file", lambda route: route.fulfill(json={"translatedFileUrl": "/download_file/2.po"})
    )
    choose(page, catalogue)
    page.get_by_role("link", name="app.bb.po").wait_for()


@pytest.mark.usefixtures("failing")
def test_waiting_can_be_cancelled(page: Page, catalogue: Path) -> None:
    held: list[Route] = []
    page.route("**/translate_file", lambda route: held.append(route))
    settings(page)
    choose(page, catalogue)
    page.locator("#file [role=status]", has_text="Translating app.po").wait_for()
    page.get_by_role("button", name="Cancel").click()
    assert page.locator("#file [role=status]").inner_text() == ""
    assert page.get_by_role("button", name="Cancel").count() == 0
