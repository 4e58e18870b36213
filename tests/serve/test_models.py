"""Which run translates which pair, and how languages are named and told apart."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from mt import cli
from mt.config import SearchConfig
from mt.console import Console
from mt.errors import UsageError
from mt.options import ServeOptions
from mt.serve.app import create_app
from mt.serve.detection import Detector, all_letters_of, open_ranker
from mt.serve.middleware import Middleware
from mt.serve.models import Models, open_models
from mt.serve.service import Service
from mt.text.names import name_of
from tests.serve.setup import Guess
from tests.toy import SETTINGS, toy_pairs, write_tsv


@pytest.fixture(scope="module")
def tagged_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One model, aa to bb and aa to cc; hardly trained."""
    folder = tmp_path_factory.mktemp("tagged")
    pairs = toy_pairs(300, seed=1)
    bb, cc = write_tsv(folder / "b.tsv", pairs), write_tsv(folder / "c.tsv", [(src, src) for src, _ in pairs])
    specs = ["--train", f"aa-bb={bb}", f"aa-cc={cc}", "--validation", f"aa-bb={bb}"]
    arguments = ["train", *SETTINGS, "--no-drop-identical", *specs, "--max-steps", "2"]
    assert cli.main([*arguments, "--out", str(folder / "run")]) == 0
    return folder / "run"


@pytest.fixture
def nameless_run(toy_run: Path, tmp_path: Path) -> Path:
    """The toy run, as if trained without --src and --tgt."""
    run = tmp_path / "nameless"
    shutil.copytree(toy_run, run)
    config = (run / "config.toml").read_text()
    (run / "config.toml").write_text(config.replace('src = "aa"\n', "").replace('tgt = "bb"\n', ""))
    return run


def models(
    *runs: str | Path,
    ensemble: bool = False,
    datastore: tuple[str, ...] = (),
    glossary: tuple[Path, ...] = (),
) -> Models:
    options = ServeOptions(
        model=tuple(map(str, runs)),
        ensemble=ensemble,
        device="cpu",
        datastore=datastore,
        glossary=glossary,
    )
    return open_models(options, SearchConfig(beam=2), Console())


def pairs(found: Models) -> list[str]:
    return [f"{direction.src}-{direction.tgt}" for direction in found.directions]


def test_the_pair_chooses_the_model(toy_run: Path, nameless_run: Path) -> None:
    """One run knows its languages, one is given them, one is given others than it knows."""
    found = models(toy_run, f"xx-yy={nameless_run}", f"bb-aa={toy_run}")
    assert pairs(found) == ["aa-bb", "xx-yy", "bb-aa"]
    service = Service(found, Detector(found.codes, Guess()), ServeOptions())
    with TestClient(Middleware(create_app(service), service, log=None)) as client:
        assert client.get("/languages").json() == [
            {"code": "aa", "name": "aa", "targets": ["bb"]},
            {"code": "xx", "name": "xx", "targets": ["yy"]},
            {"code": "bb", "name": "bb", "targets": ["aa"]},
            {"code": "yy", "name": "yy", "targets": []},
        ]
        for source, target in found.directions:
            response = client.post("/translate", json={"q": "ba", "source": source, "target": target})
            assert response.json() == {"translatedText": "BA"}
        wrong = client.post("/translate", json={"q": "ba", "source": "aa", "target": "yy"})
        assert wrong.json() == {"error": "yy (yy) is not available as a target language from aa (aa)"}
        # Of the sources of a target the likeliest is taken, for each text its own; or the target itself.
        many = client.post("/translate", json={"q": ["ba" * 30, "BA" * 30], "source": "auto", "target": "aa"})
        assert [each["language"] for each in many.json()["detectedLanguage"]] == ["aa", "bb"]
        assert many.json()["translatedText"][0] == "ba" * 30


def test_a_model_of_several_directions(tagged_run: Path) -> None:
    found = models(tagged_run)
    assert pairs(found) == ["aa-bb", "aa-cc"]
    assert [found.choose("aa", tgt).tgt for tgt in ("bb", "cc")] == ["bb", "cc"]
    service = Service(found, Detector(found.codes, Guess()), ServeOptions())
    with TestClient(Middleware(create_app(service), service, log=None)) as client:
        for tgt in ("bb", "cc"):
            for path in ("/translate", "/inspect"):
                response = client.post(path, json={"q": "ba de", "source": "aa", "target": tgt})
                assert response.status_code == 200
    with pytest.raises(Exception, match="names its languages itself: write -m"):
        models(f"aa-bb={tagged_run}")


def test_a_run_without_languages(nameless_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pairs(models(nameless_run)) == ["src-tgt"]
    said = capsys.readouterr().err
    assert f"-m zh-en={nameless_run}, with its own codes, names them" in said
    assert pairs(models(f"zh-en={nameless_run}")) == ["zh-en"]
    assert "does not know" not in capsys.readouterr().err


def test_two_runs_of_one_pair(
    toy_run: Path, tagged_run: Path, nameless_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["serve", "-m", str(toy_run), "-m", str(toy_run), "--port", "0"]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.endswith(
        "both translate aa → bb: leave one out, or let them translate together by --ensemble"
    )
    with pytest.raises(Exception, match="but not all the same pairs: leave one out"):
        models(toy_run, tagged_run, ensemble=True)
    found = models(toy_run, f"aa-bb={nameless_run}", ensemble=True)
    assert pairs(found) == ["aa-bb"]
    assert found.choose("aa", "bb").translator.name.count(" + ") == 1
    service = Service(found, Detector(found.codes, Guess()), ServeOptions())
    with TestClient(Middleware(create_app(service), service, log=None)) as client:
        fields = {"q": "ba", "source": "aa", "target": "bb"}
        assert client.post("/translate", json=fields).json() == {"translatedText": "BA"}
        refused = client.post("/inspect", json=fields)
        assert refused.status_code == 400
        assert "vector" in refused.json()["error"]


def test_runs_of_one_pair_may_recall(toy_run: Path, tmp_path: Path) -> None:
    spec = str(write_tsv(tmp_path / "pairs.tsv", [("ba de", "BA DE")]))
    found = models(toy_run, datastore=(spec,)).choose("aa", "bb").translator
    assert found.recalled is not None
    assert found.translate(["ba de"]) == ["BA DE"]
    with pytest.raises(UsageError, match="--datastore is for one language pair: serve the runs of one pair"):
        models(toy_run, f"xx-yy={toy_run}", datastore=(spec,))


def test_runs_of_one_pair_may_have_a_glossary(toy_run: Path, tmp_path: Path) -> None:
    terms = tmp_path / "terms.tsv"
    terms.write_text("ba\tMO\n")
    served = models(toy_run, glossary=(terms,))
    service = Service(served, Detector(served.codes, Guess()), ServeOptions())
    with TestClient(Middleware(create_app(service), service, log=None)) as client:
        answer = client.post("/translate", json={"q": ["ba", "de"], "source": "aa", "target": "bb"})
    first, second = answer.json()["translatedText"]
    assert "MO" in first
    assert second == "DE"
    with pytest.raises(UsageError, match="--glossary is for one language pair: serve the runs of one pair"):
        models(toy_run, f"xx-yy={toy_run}", glossary=(terms,))


def test_languages_have_names() -> None:
    assert [name_of(code) for code in ("zh", "zh_Hans", "pt-BR", "qqq")] == [
        "Chinese",
        "Chinese (Hans)",
        "Portuguese (BR)",
        "qqq",
    ]


def test_real_languages_are_told_apart() -> None:
    """With py3langid's own model, among the languages that are served."""
    detector = Detector(["zh", "en", "de", "fr", "qqq"], open_ranker())
    texts = {"我爱北京": "zh", "A man rides a bicycle on the street.": "en", "Ich liebe dich sehr": "de"}
    assert {text: detector.detect(text)[0].language for text in texts} == texts
    found = detector.detect("我爱北京")
    assert {candidate.language for candidate in found} == {"zh", "en", "de", "fr", "qqq"}
    assert found[0].confidence > 90
    assert sum(candidate.confidence for candidate in found) == pytest.approx(98.1, abs=0.5)
    assert detector.detect("…12 ")[0].confidence == 0
    assert Detector(["qqq"], open_ranker()).detect("hello") == [("qqq", 0.0)]


@pytest.mark.parametrize(
    ("text", "language", "least", "most"),
    [
        ("Hello", "en", 20, 100),
        ("I love Beijing and would like to drink coffee.", "en", 95, 100),
        ("Bonjour, je voudrais un café", "zh", 0, 1),
        ("今日は良い天気です", "zh", 0, 1),
        ("Я люблю Пекин", "zh", 0, 0),
        ("你好", "zh", 95, 100),
    ],
)
def test_a_confidence_is_honest(text: str, language: str, least: float, most: float) -> None:
    """English is no Chinese; a language that is not served is neither; what is English already is told so."""
    (found,) = Detector(["zh", "en"], open_ranker()).best([text], ["zh"], "en")
    assert found.language == language
    assert least <= found.confidence <= most


@pytest.mark.parametrize(
    ("text", "is_english"),
    [
        ("iPhone 15 Pro", True),
        ("我的 iPhone", False),
        ("Привет", False),
        ("12", False),
        ("", False),
        ("Ｆｕｌｌ", True),
    ],
)
def test_letters_tell_languages_of_different_scripts_apart(text: str, is_english: bool) -> None:
    assert all_letters_of(text, "en", not_of="zh") is is_english
    assert all_letters_of(text, "de", not_of="en") is False
    assert all_letters_of(text, "xx", not_of="zh") is False


def test_short_texts_are_judged_together() -> None:
    detector = Detector(["aa", "bb"], Guess())

    def best(*texts: str) -> list[str]:
        return [found.language for found in detector.best(texts, ["aa"], "bb")]

    assert best("Ba", "bade de", "BA" * 30) == ["bb", "bb", "bb"]
    assert best("Ba", "bade de") == ["aa", "aa"]
    assert best("BABA", "BADE") == ["bb", "bb"]
