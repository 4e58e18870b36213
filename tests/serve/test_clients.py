"""What clients of LibreTranslate send, as they send it, and what they read of the answer."""

from __future__ import annotations

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


def test_a_slash_at_the_end_leads_nowhere_else(client: TestClient) -> None:
    """A redirect would name the host that the client named."""
    asked = {"q": "ba", "source": "aa", "target": "bb"}
    for path in ("/translate/", "/translate//"):
        answer = client.post(path, json=asked, headers={"Host": "evil.example"}, follow_redirects=False)
        assert (answer.status_code, answer.json()) == (200, {"translatedText": "BA"})
    assert client.get("/languages/", follow_redirects=False).status_code == 200
    assert client.get("//", follow_redirects=False).status_code in (200, 404)
