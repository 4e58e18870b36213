"""What clients of LibreTranslate send, as they send it, and what they read of the answer."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

WEBLATE = {"User-Agent": "Weblate/5.10", "Accept": "application/json"}
MASTODON = {"User-Agent": "Mastodon/4.3.0 (http.rb/5.2.0; +https://mastodon.example/)", "Accept": "*/*"}


def test_weblate(client: TestClient) -> None:
    """weblate/machinery/libretranslate.py: /languages, then a batch of up to 20 units, with an empty key."""
    languages = client.get("/languages", headers=WEBLATE).json()
    assert (languages[0]["code"], languages[0]["targets"]) == ("aa", ["bb"])
    units = [f"ba {n} de" for n in range(19)] + ["ba. " * 400]
    asked = {"api_key": "", "q": units, "source": "aa", "target": "bb"}
    answer = client.post("/translate", json=asked, headers=WEBLATE)
    assert answer.status_code == 200
    assert len(answer.json()["translatedText"]) == len(units)
    assert answer.json()["translatedText"][0].startswith("BA")
    wrong = client.post("/translate", json=asked | {"source": "xx"}, headers=WEBLATE)
    assert (wrong.status_code, wrong.json()) == (400, {"error": "xx is not supported"})


def test_a_batch_may_hold_more_than_one_text_may(client: TestClient) -> None:
    """The limit of characters is for each text: 100 of 90 are 9,000."""
    units = ["ba de mo " * 10] * 100
    answer = client.post("/translate", json={"q": units, "source": "aa", "target": "bb"}, headers=WEBLATE)
    assert len(answer.json()["translatedText"]) == 100


def test_mastodon(client: TestClient) -> None:
    """app/lib/translation_service/libre_translate.rb: HTML of a post, warning and poll, from any language."""
    texts = [
        '<p>ba <a href="https://x.example/@a" class="u-url mention">@<span>a</span></a> de</p>',
        "ba",
        "mo",
    ]
    asked = {"q": texts, "source": "aa", "target": "bb", "format": "html", "api_key": None}
    answer = client.post("/translate", json=asked, headers=MASTODON)
    assert answer.status_code == 200
    first, *others = answer.json()["translatedText"]
    assert others == ["BA", "MO"]
    assert first.startswith("<p>")
    assert first.count("<") == texts[0].count("<")
    detected = client.post("/translate", json=asked | {"source": "auto"}, headers=MASTODON).json()
    assert [one["language"] for one in detected["detectedLanguage"]] == ["aa"] * 3
    languages = client.get("/languages", headers=MASTODON).json()
    assert {one["code"]: one["targets"] for one in languages} == {"aa": ["bb"], "bb": []}


def test_transpolibre(client: TestClient) -> None:
    """transpolibre 0.8.15 by libretranslatepy 2.1.4: each string of a catalogue as a form, by urllib.

    The list of languages is a GET with an empty form. Neither of the two sends /translate_file.
    """
    headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Python-urllib/3.13"}
    for q, expected in (("ba+de%0Amo", "BA DE\nMO"), ("%3Cba%3E+%25s", "<ba> %s")):
        body = f"q={q}&source=aa&target=bb"
        answer = client.post("/translate", content=body, headers=headers)
        assert (answer.status_code, answer.json()["translatedText"]) == (200, expected)
    languages = client.request("GET", "/languages", content=b"", headers=headers)
    assert languages.json()[0]["targets"] == ["bb"]


FORM = """\
--{0}\r
Content-Disposition: form-data; name="file"; filename="{1}"\r
Content-Type: {2}\r
\r
msgid "ba"
msgstr ""
\r
--{0}\r
Content-Disposition: form-data; name="source"\r
\r
aa\r
--{0}\r
Content-Disposition: form-data; name="target"\r
\r
bb\r
{3}--{0}--\r
"""
KEY = '--{0}\r\nContent-Disposition: form-data; name="api_key"\r\n\r\n\r\n'


@pytest.mark.parametrize(
    ("boundary", "name", "kind", "key"),
    [
        ("------------------------AYg7Ub0h6hVfV8bGrQJ0ie", "a.po", "application/octet-stream", ""),
        ("----WebKitFormBoundary7MA4YWxkTrZu0gW", "größe %22b%22.po", "text/x-gettext-translation", KEY),
        (
            "---------------------------9051914041544843365972754266",
            "格 式.PO",
            "application/octet-stream",
            KEY,
        ),
    ],
    ids=["curl", "LibreTranslate's page in Chromium", "the same in Firefox"],
)
def test_files(client: TestClient, boundary: str, name: str, kind: str, key: str) -> None:
    """The form as curl and browsers write it; the page gives an empty key too, and follows the link."""
    body = FORM.format(boundary, name, kind, key.format(boundary)).encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Accept": "*/*"}
    answer = client.post("/translate_file", content=body, headers=headers)
    assert answer.status_code == 200
    assert list(answer.json()) == ["translatedFileUrl"]
    found = client.get(answer.json()["translatedFileUrl"], headers={"Accept": "text/html"})
    assert found.text == 'msgid "ba"\nmsgstr "BA"\n'
    wrong = client.post("/translate_file", content=body.replace(b"\nbb\r", b"\nxx\r"), headers=headers)
    assert (wrong.status_code, wrong.json()) == (400, {"error": "xx is not supported"})


def test_a_slash_at_the_end_leads_nowhere_else(client: TestClient) -> None:
    """A redirect would name the host that the client named."""
    asked = {"q": "ba", "source": "aa", "target": "bb"}
    for path in ("/translate/", "/translate//"):
        answer = client.post(path, json=asked, headers={"Host": "evil.example"}, follow_redirects=False)
        assert (answer.status_code, answer.json()) == (200, {"translatedText": "BA"})
    assert client.get("/languages/", follow_redirects=False).status_code == 200
    assert client.get("//", follow_redirects=False).status_code in (200, 404)
