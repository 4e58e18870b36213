"""POST /translate: by every way of calling, with every field, and every mistake."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import mt
from mt.decoding.confidence import Calibration
from mt.decoding.judging import Judge
from mt.decoding.pausing import Pause, no_pause
from mt.decoding.translation import Candidate
from mt.options import ServeOptions
from mt.serve.app import create_app
from mt.translator import Translator
from tests.serve.setup import Slow, load, make_middleware, make_service

PAIR = {"source": "aa", "target": "bb"}


def ask(client: TestClient, **fields: Any) -> Any:
    """The answer to JSON; it must be a good one."""
    response = client.post("/translate", json=PAIR | fields)
    assert response.status_code == 200, response.text
    return response.json()


def refused(client: TestClient, status: int, **fields: Any) -> str:
    """What is said to a wrong request, in LibreTranslate's form."""
    response = client.post("/translate", json=PAIR | fields)
    assert response.status_code == status, response.text
    assert response.json().keys() == {"error"}
    return str(response.json()["error"])


def test_by_json(client: TestClient) -> None:
    assert ask(client, q="ba de") == {"translatedText": "BA DE"}
    assert ask(client, q=["ba", "mo ne", "ba"]) == {"translatedText": ["BA", "MO NE", "BA"]}


def test_by_form_of_either_kind(client: TestClient) -> None:
    expected = {"translatedText": "BA DE"}
    assert client.post("/translate", data=PAIR | {"q": "ba de"}).json() == expected
    fields = {name: (None, value) for name, value in (PAIR | {"q": "ba de"}).items()}
    assert client.post("/translate", files=fields).json() == expected


@pytest.mark.parametrize("name", ["q", "q[]"])
def test_a_form_gives_an_array_by_repeating_a_field(client: TestClient, name: str) -> None:
    expected = {"translatedText": ["BA", "MO"]}
    assert client.post("/translate", data=PAIR | {name: ["ba", "mo"]}).json() == expected
    parts: list[Any] = [(name, (None, "ba")), (name, (None, "mo"))]
    parts += [(field, (None, value)) for field, value in PAIR.items()]
    assert client.post("/translate", files=parts).json() == expected


def test_by_query_string_and_the_body_comes_before_it(client: TestClient) -> None:
    assert client.post("/translate", params=PAIR | {"q": "ba de"}).json() == {"translatedText": "BA DE"}
    mixed = client.post("/translate", params=PAIR | {"q": "ba"}, json={"q": "mo"})
    assert mixed.json() == {"translatedText": "MO"}


def test_the_language_is_detected_and_told(client: TestClient) -> None:
    found = ask(client, q="ba de", source="auto")
    assert found["translatedText"] == "BA DE"
    assert found["detectedLanguage"] == {"language": "aa", "confidence": 80.0}
    many = ask(client, q=["ba", "de"], source="auto")
    assert [each["language"] for each in many["detectedLanguage"]] == ["aa", "aa"]


def test_the_language_is_told_by_the_text_not_by_its_tags(client: TestClient) -> None:
    found = ask(client, q='<P CLASS="XXXXXXXXXXXXXXXX">ba</P>', source="auto", format="html")
    assert found["detectedLanguage"]["confidence"] == 100.0


def test_alternatives_are_others_than_the_translation(client: TestClient) -> None:
    found = ask(client, q="ba", alternatives=2)
    assert found["translatedText"] == "BA"
    assert 1 <= len(found["alternatives"]) <= 2
    assert len({"BA", *found["alternatives"]}) == 1 + len(found["alternatives"])
    many = ask(client, q=["ba", "mo"], alternatives=1)
    assert [len(each) for each in many["alternatives"]] == [1, 1]
    assert "alternatives" not in ask(client, q="ba", alternatives=0)
    assert ask(client, q="ba", alternatives=1000)["translatedText"] == "BA"
    assert client.post("/translate", data=PAIR | {"q": "ba", "alternatives": "1"}).json()["alternatives"]


def test_less_than_no_alternatives_are_none(client: TestClient) -> None:
    """Some clients of LibreTranslate send -1."""
    assert ask(client, q="ba", alternatives=-1) == {"translatedText": "BA"}
    assert client.post("/translate", data=PAIR | {"q": "ba", "alternatives": "-1"}).json() == {
        "translatedText": "BA"
    }


def test_a_text_in_the_target_language_comes_back_as_it_is(client: TestClient) -> None:
    text = "BA  DE.\n<b>MO&nbsp;"
    found = ask(client, q=text, source="bb", scores=True, alternatives=1)
    assert found == {
        "translatedText": text,
        "alternatives": [],
        "scores": [{"score": 0.0, "probability": 1.0}],
    }
    assert ask(client, q=text, source="bb", format="html")["translatedText"] == text
    found = ask(client, q="BADE", source="auto")
    assert found == {"translatedText": "BADE", "detectedLanguage": {"language": "bb", "confidence": 100.0}}


def test_the_same_sentence_is_searched_once(translator: Translator) -> None:
    slow = Slow()
    slow.may_go_on.set()
    with TestClient(make_middleware(translator, searcher=slow)) as client:
        found = ask(client, q=["ba\n" * 1000, "ba", "mo\nba"])
    assert found["translatedText"] == ["BA\n" * 1000, "BA", "MO\nBA"]
    assert slow.searches == [["ba", "mo"]]


def test_a_long_text_is_as_its_sentences(client: TestClient, translator: Translator) -> None:
    """The server searches sentence by sentence, and says what `mt translate` says."""
    text = "Ba de fi go.  Mo ne la ku! 12. " * 5 + "ba"
    assert ask(client, q=text)["translatedText"] == translator.translate([text])[0]


def test_scores_are_those_of_the_search(client: TestClient, translator: Translator) -> None:
    found = ask(client, q="ba", alternatives=1, scores=True)
    expected = translator.search(["ba"], nbest=2)[0]
    assert [each["score"] for each in found["scores"]] == pytest.approx(expected.scores)
    probabilities = [each["probability"] for each in found["scores"]]
    assert probabilities == pytest.approx([math.exp(log) for log in expected.log_probs])
    assert 1 >= probabilities[0] > probabilities[1] > 0
    assert len(ask(client, q=["ba", "mo"], scores=True)["scores"]) == 2
    assert client.post("/translate", data=PAIR | {"q": "ba", "scores": "true"}).json()["scores"]


def test_the_sentences_of_a_text_are_as_each_alone(client: TestClient) -> None:
    sentences = ["Ba de fi go.", "Ku la mo go.", "Mo ne la ba!"]
    text = f"{sentences[0]} {sentences[1]}\n\n{sentences[2]}"
    wanted = {"alternatives": 2, "scores": True}
    found = ask(client, q=text, sentences=True, **wanted)["sentences"]
    assert [each["source"] for each in found] == sentences
    alone = [ask(client, q=sentence, **wanted) for sentence in sentences]
    for each, expected in zip(found, alone, strict=True):
        assert each["translatedText"] == expected["translatedText"]
        assert each["alternatives"] == expected["alternatives"]
        assert [score["probability"] for score in each["scores"]] == pytest.approx(
            [score["probability"] for score in expected["scores"]]
        )
    assert ask(client, q=["ba", " "], sentences=True)["sentences"] == [
        [{"source": "ba", "translatedText": "BA"}],
        [],
    ]
    assert "sentences" not in ask(client, q=text)


def test_log_probabilities_are_scores_without_length_normalisation(toy_run: Path) -> None:
    plain, normalised = (mt.load(toy_run, device="cpu", length_penalty=penalty) for penalty in (0.0, 1.0))
    found = plain.search(["ba"], nbest=2)[0]
    assert found.log_probs == found.scores
    assert normalised.search(["ba"], nbest=1)[0].log_probs[0] == pytest.approx(found.log_probs[0])
    sentences = ["Ba de fi go.", "Ku la mo go.", "Mo ne la ba!"]
    parts = plain.search([" ".join(sentences), *sentences], nbest=1)
    assert parts[0].log_probs[0] == pytest.approx(sum(part.log_probs[0] for part in parts[1:]))


def test_lines_stay_lines(client: TestClient) -> None:
    assert ask(client, q="ba de\n\n  mo\r\nne\n")["translatedText"] == "BA DE\n\n  MO\r\nNE\n"
    form = client.post("/translate", data=PAIR | {"q": "ba\r\nmo"})
    assert form.json() == {"translatedText": "BA\nMO"}


def test_what_has_no_letters_comes_back_and_does_not_count(client: TestClient) -> None:
    lines = ["😀", "123", "---", "\u200b", "https://x.org/a"]
    assert ask(client, q="\n".join(lines))["translatedText"] == "\n".join(lines)
    assert ask(client, q=lines)["translatedText"] == lines
    assert ask(client, q="<p>123</p> &#8212; <p>ba</p>", format="html")["translatedText"] == (
        "<p>123</p> &#8212; <p>BA</p>"
    )
    alone = ask(client, q="ba de", scores=True)["scores"]
    assert ask(client, q="123\nba de\n---", scores=True)["scores"] == alone
    assert ask(client, q="123", alternatives=2, scores=True) == {
        "translatedText": "123",
        "alternatives": [],
        "scores": [{"score": 0.0, "probability": 1.0}],
    }


def test_unseen_marks_do_not_change_a_translation(client: TestClient) -> None:
    assert ask(client, q="\ufeffba de\nba\u200b de") == {"translatedText": "BA DE\nBA DE"}


@pytest.mark.parametrize("blank", [" ", "\n\n", "\u2029 \t"])
def test_blank_stays_blank(client: TestClient, blank: str) -> None:
    assert ask(client, q=blank, alternatives=1, scores=True) == {
        "translatedText": blank,
        "alternatives": [],
        "scores": [{"score": 0.0, "probability": 1.0}],
    }
    assert ask(client, q=["ba", blank])["translatedText"] == ["BA", blank]


def test_html_keeps_its_tags(client: TestClient) -> None:
    source = '<p title="ba">ba <b translate="no">de</b>&nbsp;mo</p>'
    expected = '<p title="ba">BA <b translate="no">de</b> MO</p>'
    assert ask(client, q=source, format="html")["translatedText"] == expected
    found = ask(client, q=["<i>ba</i>", "<hr>"], format="html", alternatives=1)
    assert found["translatedText"] == ["<i>BA</i>", "<hr>"]
    assert found["alternatives"][0][0].startswith("<i>")
    assert found["alternatives"][1] == []


@pytest.mark.parametrize("run", ["toy_run", "attentive_run"])
def test_html_is_translated_across_tags(run: str, request: pytest.FixtureRequest) -> None:
    """A sentence as one text, block by block; with attention and by position."""
    source = "<ul><li>ba <b>mo</b> <img>ne</li><li>de <code>ba</code></li></ul><!-- ba -->"
    expected = "<ul><li>BA <b>MO</b> <img>NE</li><li>DE <code>ba</code></li></ul><!-- ba -->"
    with TestClient(make_middleware(load(request.getfixturevalue(run)))) as client:
        found = ask(client, q=source, format="html", alternatives=1, scores=True, sentences=True)
        assert found["translatedText"] == expected
        assert all(each.count("<b>") == each.count("</b>") == 1 for each in found["alternatives"])
        assert found["sentences"][0]["source"] == "ba mo ne"
        for odd in ("<![foo]>", "<a " * 600, "<!--", "<b><i></b></i>ba", "&#0;<p>&#xD800;"):
            assert ask(client, q=odd, format="html")["translatedText"]


class Answers:
    """Stands for a translator: its answers by text, best first."""

    def __init__(self, **answers: Sequence[str]) -> None:
        self.answers = {text.replace("_", " "): found for text, found in answers.items()}

    def search_parts(
        self,
        parts: Sequence[str],
        *,
        nbest: int,
        aligned: bool = False,  # noqa: ARG002
        tgt: str | None = None,  # noqa: ARG002
        pause: Pause = no_pause,  # noqa: ARG002
    ) -> list[list[Candidate]]:
        return [[Candidate(text) for text in self.answers[part][:nbest]] for part in parts]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (["DE foo MO"], ["DE <code>foo</code> MO"]),
        (["DE FO MO"], ["DE <code>foo</code> NE"]),  # changed
        (["DE MO"], ["DE <code>foo</code> NE"]),  # left out
        (["DE foo foo MO"], ["DE <code>foo</code> NE"]),  # twice
        (["DE FO MO", "DE foo"], ["DE <code>foo</code> NE", "DE <code>foo</code> BA"]),
        (["DE foo", "DE FO MO", "foo MO"], ["DE <code>foo</code>", "<code>foo</code> MO"]),
    ],
)
def test_nothing_is_left_beside_code(attentive_run: Path, shown: list[str], expected: list[str]) -> None:
    """Where the model loses what the code shows, the sentence is searched without it."""
    searcher = Answers(de_foo_mo=shown, de_mo=["DE NE", "DE BA"], ba=["BA"])
    with TestClient(make_middleware(load(attentive_run), searcher=searcher)) as client:
        source = "<p>de <code>foo</code> mo</p><p>ba</p>"
        found = ask(client, q=source, source="aa", format="html", alternatives=len(shown) - 1)
        assert [found["translatedText"], *found.get("alternatives", [])] == [
            f"<p>{text}</p><p>BA</p>" for text in expected
        ]
        counted = 'mt_translated_texts_total{source="aa",target="bb"} 2.0'
        assert counted in client.get("/metrics").text


def test_a_language_goes_by_its_names(client: TestClient) -> None:
    assert ask(client, q="ba", source="AA-XX", target="bb_YY")["translatedText"] == "BA"


def test_null_is_as_if_it_were_left_out(client: TestClient) -> None:
    assert ask(client, q="ba", format=None, alternatives=None, api_key=None, scores=None) == ask(
        client, q="ba"
    )
    assert refused(client, 400, q=None) == "Invalid request: missing q parameter"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "Invalid request: missing q parameter"),
        ({"q": "ba", "source": ""}, "Invalid request: missing source parameter"),
        ({"q": "ba", "target": None}, "Invalid request: missing target parameter"),
        ({"q": "ba", "source": "xx"}, "xx is not supported"),
        ({"q": "ba", "target": "x" * 99}, "x" * 40 + " is not supported"),
        ({"q": "ba", "format": "pdf"}, "pdf format is not supported"),
        ({"q": ""}, "Invalid request: missing q parameter"),
        ({"q": []}, "Invalid request: missing q parameter"),
        (
            {"q": "ba", "target": "aa", "source": "bb"},
            "aa (aa) is not available as a target language from bb (bb)",
        ),
        ({"q": "ba", "source": "auto", "target": "aa"}, "nothing is translated into aa (aa) here"),
        ({"q": 3}, "Invalid request: q parameter is not a string or an array of strings"),
        ({"q": ["ba", 3]}, "Invalid request: q parameter is not a string or an array of strings"),
        ({"q": "ba", "source": ["aa"]}, "Invalid request: source parameter is not a string"),
        ({"q": "ba", "alternatives": 1.5}, "Invalid request: alternatives parameter is not a number"),
        ({"q": "ba", "alternatives": True}, "Invalid request: alternatives parameter is not a number"),
        ({"q": "ba", "alternatives": "x"}, "Invalid request: alternatives parameter is not a number"),
        ({"q": "ba", "scores": "1"}, "Invalid request: scores parameter is not true or false"),
        ({"q": "b" * 5001}, "Invalid request: request (5001) exceeds text limit (5000)"),
        ({"q": ["ba", "b" * 5001]}, "Invalid request: request (5001) exceeds text limit (5000)"),
        (
            {"q": "\n".join(f"b{n}" for n in range(1001))},
            "Invalid request: request (1001 sentences) exceeds text limit (1000)",
        ),
        ({"q": ["ba"] * 101}, "Invalid request: request (101) exceeds text limit (100)"),
    ],
)
def test_mistakes_are_told(client: TestClient, fields: dict[str, Any], message: str) -> None:
    assert refused(client, 400, **fields) == message


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        ("application/json", b"{", "Invalid JSON format"),
        ("application/json", b"[]", "Invalid JSON format"),
        ("application/json", b"[" * 20000, "Invalid JSON format"),
        ("application/json", b'{"alternatives": ' + b"9" * 5000 + b"}", "Invalid JSON format"),
        ("application/json", b'{"q": "\xff"}', "Invalid request: the body is not UTF-8"),
        ("application/x-www-form-urlencoded", b"q=%ff", "Invalid request: the body is not UTF-8"),
        ("application/x-www-form-urlencoded", b"q=\xff", "Invalid request: the body is not UTF-8"),
        ("application/x-www-form-urlencoded", b"&a=" * 10001, "Invalid request: more than 10000 fields"),
        ("multipart/form-data", b"q=ba", "Invalid request: the form cannot be read"),
        ("multipart/form-data; boundary=x", b"--y\r\n\r\nba", "Invalid request: the form cannot be read"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="q"\r\n\r\n\xff\r\n--x--',
            "Invalid request: the body is not UTF-8",
        ),
        ("text/plain", b"ba", "Invalid request: missing q parameter"),
        ("", b"ba", "Invalid request: missing q parameter"),
    ],
)
def test_a_body_that_cannot_be_read(client: TestClient, kind: str, body: bytes, message: str) -> None:
    response = client.post("/translate", content=body, headers={"Content-Type": kind})
    assert (response.status_code, response.json()) == (400, {"error": message})


def test_half_a_surrogate_pair_is_no_failure(client: TestClient) -> None:
    """JSON can write one, and nothing can encode it."""
    body = b'{"q": "ba \\ud800", "source": "aa", "target": "bb"}'
    response = client.post("/translate", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 200
    wrong = body.replace(b'"aa"', b'"\\udfff"')
    response = client.post("/translate", content=wrong, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()) == (400, {"error": "\ufffd is not supported"})


def test_a_body_is_not_read_beyond_its_limit(translator: Translator) -> None:
    with TestClient(make_middleware(translator, ServeOptions(char_limit=10))) as client:
        response = client.post("/translate", json=PAIR | {"q": "b" * 100_000})
        assert response.status_code == 400
        assert "the body is longer than" in response.json()["error"]
        assert "(11) exceeds text limit (10)" in refused(client, 400, q="b" * 11)


def test_zero_permits_any_size(translator: Translator) -> None:
    with TestClient(make_middleware(translator, ServeOptions(char_limit=0, batch_limit=0))) as client:
        assert ask(client, q=["ba"] * 200)["translatedText"] == ["BA"] * 200
        assert ask(client, q="\n" * 6000)["translatedText"] == "\n" * 6000


def test_a_calibrated_run_tells_the_confidence_of_a_sentence(translator: Translator) -> None:
    service = make_service(translator, ServeOptions())
    fields = PAIR | {"q": "ba", "sentences": True, "scores": True}
    with TestClient(create_app(service)) as client:
        (plain,) = client.post("/translate", json=fields).json()["sentences"]
        assert "confidence" not in plain
        even = Calibration("good", "", (0.0,) * 4, (1.0,) * 4, (0.0,) * 5, ())
        service._judges[id(translator)] = Judge(even, "bb", None, None)
        (judged,) = client.post("/translate", json=fields).json()["sentences"]
        assert judged == plain | {"confidence": 0.5}
