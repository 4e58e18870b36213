"""The command evaluate through the command: every way in, every way out, numbers equal to sacreBLEU's."""

from __future__ import annotations

import gzip
import json
import lzma
import math
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sacrebleu.dataset.base
import torch
from sacrebleu.dataset import DATASETS
from sacrebleu.dataset.plain_text import PlainTextDataset

from mt import checkpoint
from mt.checkpoint import load_run
from mt.cli import main
from mt.commands import evaluate as evaluate_module
from mt.config import BUILT_IN, DataConfig, SearchConfig, TokenizerConfig
from mt.config.files import load_preset
from mt.console import Console
from mt.data.formats.built_in import read_phrasebook
from mt.data.formats.pairs import Pair
from mt.evaluation import measuring
from mt.evaluation.scores import Evaluation
from mt.model import build
from mt.text.placeholders import Survival
from mt.tokenizer import Tokenizer
from mt.translator import Translator

READ = read_phrasebook("validation", "zh", "en")
PAIRS = [(pair.src, pair.tgt) for pair in READ if isinstance(pair, Pair)][:200]
TEST = PAIRS[:8]


@dataclass(frozen=True)
class Result:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """stdout, which is one line and one JSON object."""
        assert self.code == 0, self.err
        assert self.out.endswith("}\n")
        assert self.out.count("\n") == 1
        return json.loads(self.out)  # type: ignore[no-any-return]

    @property
    def problem(self) -> str:
        """The one line that tells the user what is wrong."""
        assert self.code in (1, 2)
        assert self.out == ""
        *_, last = self.err.splitlines()
        assert last.startswith(("mt: ", "mt evaluate"))
        return last


Evaluate = Callable[..., Result]


def use_phrasebook(
    folder: Path, monkeypatch: pytest.MonkeyPatch, parts: dict[str, list[tuple[str, str]]]
) -> None:
    """Have a smaller built-in corpus, of these parts alone."""
    folder.mkdir(exist_ok=True)
    monkeypatch.setattr("mt.data.formats.built_in.FOLDER", folder)
    for split, pairs in parts.items():
        lines = "".join(f"{zh}\t{en}\n" for zh, en in [("zh", "en"), *pairs])
        (folder / f"{split}.tsv.xz").write_bytes(lzma.compress(lines.encode()))


@pytest.fixture
def evaluate(capsys: pytest.CaptureFixture[str]) -> Evaluate:
    """`mt evaluate ARGUMENTS` in this process."""

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        code = main(["evaluate", *map(str, arguments)])
        return Result(code, *capsys.readouterr())

    return run


def make_run(path: Path, data: DataConfig, *, seed: int) -> Path:
    """An untrained run of preset tiny: it translates, into nonsense."""
    config = load_preset("tiny").model_copy(update={"data": data})
    settings = TokenizerConfig(algorithm="bpe", byte_fallback=False, character_coverage=1.0)
    src = Tokenizer.learn((zh for zh, _ in PAIRS), settings, 450)
    tgt = Tokenizer.learn((en for _, en in PAIRS), settings, 120)
    checkpoint.save_setup(path, config, (src, tgt), {"corpora": {}, "split_chars": 60})
    torch.manual_seed(seed)
    checkpoint.save_model(path, dict(build(config, src, tgt).named_parameters()), config, {})
    return path


@pytest.fixture(scope="module")
def pristine_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on the phrasebook. Do not change it."""
    data = DataConfig(train=(BUILT_IN,), src="zh", tgt="en")
    return make_run(tmp_path_factory.mktemp("runs") / "mine", data, seed=1)


@pytest.fixture
def run(pristine_run: Path, tmp_path: Path) -> Path:
    """A copy of the run, to write to."""
    return Path(shutil.copytree(pristine_run, tmp_path / "runs" / "mine"))


@pytest.fixture
def test_tsv(tmp_path: Path) -> Path:
    """A few pairs, Chinese to English."""
    return write_tsv(tmp_path / "test.tsv", TEST)


test_tsv.__test__ = False  # type: ignore[attr-defined]


def write_tsv(path: Path, pairs: list[tuple[str, str]]) -> Path:
    path.write_text("".join(f"{src}\t{tgt}\n" for src, tgt in pairs), encoding="utf-8")
    return path


def write_lines(path: Path, lines: list[str]) -> Path:
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    return path


def spoil(texts: list[str], seed: int) -> list[str]:
    """Translations that are not quite right: a word in five is lost."""
    generator = random.Random(seed)
    return [" ".join(word for word in text.split() if generator.random() > 0.2) for text in texts]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """30 pairs and the translations of two systems, with what tempts a reader to miscount lines."""
    references = [en for _, en in PAIRS[:30]]
    hypotheses, others = spoil(references, seed=1), spoil(references, seed=2)
    hypotheses[3], hypotheses[4] = "", "I\u2028love\x0c you\x85."
    hypotheses[5] += "\r"
    test = write_tsv(tmp_path / "pairs.tsv", PAIRS[:30])
    return test, write_lines(tmp_path / "hyp.txt", hypotheses), write_lines(tmp_path / "other.txt", others)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ((), ()),
        (("--lowercase",), ("--lowercase", "--chrf-lowercase")),
        (("--tokenize", "intl"), ("--tokenize", "intl")),
    ],
)
def test_a_file_scores_as_the_sacrebleu_command_scores_it(
    evaluate: Evaluate,
    files: tuple[Path, Path, Path],
    tmp_path: Path,
    ours: tuple[str, ...],
    theirs: tuple[str, ...],
) -> None:
    test, hypotheses, _ = files
    found = evaluate("--hypotheses", hypotheses, "--test", test, "--tgt", "en", "--json", *ours).json
    references = write_lines(tmp_path / "ref.txt", [en for _, en in PAIRS[:30]])
    command = ["sacrebleu", str(references), "-i", str(hypotheses), "-m", "bleu", "chrf", "ter"]
    command += ["--chrf-word-order", "2", "--confidence", "--width", "9", "--format", "json", *theirs]
    printed = subprocess.run([sys.executable, "-m", *command], capture_output=True, check=True)
    expected = json.loads(printed.stdout)
    assert [score["name"] for score in found["scores"]] == ["BLEU", "chrF2++", "TER"]
    for our, their in zip(found["scores"], expected, strict=True):
        assert our["name"] == their["name"]
        assert our["value"] == pytest.approx(their["score"], abs=1e-6)
        assert our["signature"] == their["signature"]
        low, high = our["interval"]
        mean, width = their["confidence_mean"], their["confidence_var"]
        assert (low, high) == pytest.approx((max(0, mean - width), min(100, mean + width)), abs=1e-5)


def test_without_a_model_what_only_a_model_has_is_absent(
    evaluate: Evaluate, files: tuple[Path, Path, Path]
) -> None:
    test, hypotheses, _ = files
    found = evaluate("--hypotheses", hypotheses, "--test", test, "--tgt", "en", "--json").json
    assert (found["perplexity"], found["sentences_per_second"], found["search"]) == (None, None, None)
    assert (found["system"], found["hypotheses"]) == (str(hypotheses), str(hypotheses))
    text = evaluate("--hypotheses", hypotheses, "--test", test, "--tgt", "en").out
    assert "perplexity" not in text
    assert "sentences/s" not in text


def test_a_file_is_scored_without_torch_in_any_locale(files: tuple[Path, Path, Path]) -> None:
    test, hypotheses, _ = files
    code = (
        "import sys; from mt.cli import main; code = main(sys.argv[1:]); "
        "print('torch' in sys.modules, file=sys.stderr); sys.exit(code)"
    )
    arguments = ["evaluate", "--hypotheses", str(hypotheses), "--test", str(test), "--tgt", "en"]
    environment = os.environ | {"PYTHONIOENCODING": "latin-1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.decode().splitlines()[-1] == "False"
    assert PAIRS[3][0] in done.stdout.decode("utf-8")


def test_the_command_writes_json_and_nothing_else(
    run: Path, test_tsv: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nor does a library, to the descriptor."""
    assert main(["evaluate", "-m", str(run), "--test", str(test_tsv), "--json", "--beam", "1"]) == 0
    written, told = capfd.readouterr()
    assert json.loads(written)["segments"] == len(TEST)
    assert "device: " in told


def test_text_gives_a_line_a_score_then_perplexity_speed_and_the_worst(
    evaluate: Evaluate, run: Path, test_tsv: Path
) -> None:
    result = evaluate("-m", run, "--test", test_tsv, "--beam", "1", "--worst", "2")
    assert result.code == 0, result.err
    scores, lengths, worst = result.out.split("\n\n")
    bleu, chrf, ter, perplexity, speed = scores.split("\n")
    assert bleu.startswith("BLEU 0.")
    assert "] nrefs:1|bs:1000|seed:12345|case:mixed|" in bleu
    assert chrf.startswith("chrF2++ ")
    assert ter.startswith("TER ")
    assert perplexity.startswith("perplexity ")
    assert speed.endswith("sentences/s, search only")
    assert lengths.startswith("by length of the source:\n")
    assert worst.startswith("worst segments:\nsegment ")
    assert worst.count("\n  source      ") == worst.count("\n  hypothesis") == 2
    assert f"model: {run}; device: " in result.err
    assert f"translations: {run}/hypotheses.test.txt" in result.err


def test_the_hypotheses_saved_score_as_the_run_did(evaluate: Evaluate, run: Path, test_tsv: Path) -> None:
    of_run = evaluate("-m", run, "--test", test_tsv, "--json", "--beam", "2").json
    saved = run / "hypotheses.test.txt"
    assert of_run["hypotheses"] == str(saved)
    assert of_run["search"]["beam"] == 2
    translator = Translator([load_run(run, torch.device("cpu"))], SearchConfig(beam=2), torch.device("cpu"))
    lines = translator.translate([zh for zh, _ in TEST])
    assert saved.read_text(encoding="utf-8") == "".join(f"{line}\n" for line in lines)
    of_file = evaluate("--hypotheses", saved, "--test", test_tsv, "--tgt", "en", "--json").json
    assert of_file["scores"] == of_run["scores"]
    assert of_file["worst"] == of_run["worst"]


def test_save_names_the_file_and_leaves_the_run_alone(
    evaluate: Evaluate, run: Path, test_tsv: Path, tmp_path: Path
) -> None:
    before = sorted(run.iterdir())
    save = tmp_path / "new" / "mine.txt"
    result = evaluate("-m", run, "--test", test_tsv, "--beam", "1", "--save", save, "--json")
    assert result.json["hypotheses"] == str(save)
    assert len(save.read_bytes().split(b"\n")) == len(TEST) + 1
    assert sorted(run.iterdir()) == before


@pytest.mark.parametrize("direction", ["", "zh-en="])
@pytest.mark.parametrize("save", ["--test", "--against"])
def test_save_never_overwrites_what_is_read(
    evaluate: Evaluate, run: Path, tmp_path: Path, save: str, direction: str
) -> None:
    src = write_lines(tmp_path / "test.zh", [zh for zh, _ in TEST])
    tgt = write_lines(tmp_path / "test.en", [en for _, en in TEST])
    other = write_lines(tmp_path / "other.txt", [en for _, en in TEST])
    victim = {"--test": tgt, "--against": other}[save]
    before = victim.read_bytes()
    test = f"{direction}{src},{tgt}"
    result = evaluate("-m", run, "--test", test, "--against", other, "--save", victim)
    assert "would overwrite what is read" in result.problem
    assert victim.read_bytes() == before


def test_a_file_that_cannot_be_written_is_an_error_if_asked_for_and_else_a_warning(
    evaluate: Evaluate, run: Path, test_tsv: Path, tmp_path: Path
) -> None:
    taken = tmp_path / "folder"
    (taken / "full").mkdir(parents=True)
    asked = evaluate("-m", run, "--test", test_tsv, "--beam", "1", "--save", taken)
    assert f"cannot write {taken}: Is a directory" in asked.problem
    (run / "hypotheses.test.txt" / "full").mkdir(parents=True)
    result = evaluate("-m", run, "--test", test_tsv, "--beam", "1", "--json")
    assert result.json["hypotheses"] is None
    assert "warning: cannot write" in result.err
    assert "Is a directory; there is a folder of that name; name a file; --save" in result.err


def teach(monkeypatch: pytest.MonkeyPatch, answers: dict[str, str]) -> None:
    """Let every run translate as it is told, without a search."""
    monkeypatch.setattr(Translator, "translate", lambda _, texts, **__: [answers[text] for text in texts])


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("set.2016.tsv", "set.2016"),
        ("set.zh.gz,set.en.gz", "set"),
        ("set.2016.tsv+a b.tsv", "set.2016+a-b"),
        ("phrasebook@validation", "phrasebook-validation"),
    ],
)
def test_the_file_of_hypotheses_is_named_after_the_test(
    evaluate: Evaluate,
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spec: str,
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    use_phrasebook(tmp_path / "book", monkeypatch, {"validation": TEST})
    teach(monkeypatch, dict(PAIRS))
    for suffix, side in (("zh", 0), ("en", 1)):
        text = "".join(f"{pair[side]}\n" for pair in TEST)
        Path(f"set.{suffix}.gz").write_bytes(gzip.compress(text.encode()))
    for file in ("set.2016.tsv", "a b.tsv"):
        write_tsv(Path(file), TEST)
    found = evaluate("-m", run, "--test", *spec.split("+"), "--json", "--bootstrap", "0").json
    assert found["hypotheses"] == str(run / f"hypotheses.{name}.txt")
    assert found["scores"][0]["value"] == pytest.approx(100)


def test_perplexity_is_that_of_each_reference_by_itself(
    evaluate: Evaluate, run: Path, test_tsv: Path
) -> None:
    """By hand: no batch, no padding, one sentence after the other; the end of the sentence counts."""
    loaded = load_run(run, torch.device("cpu"))
    loss, pieces = 0.0, 0
    for zh, en in TEST:
        src = [*loaded.src_tokenizer.encode([zh])[0], Tokenizer.eos_id]
        tgt = [*loaded.tgt_tokenizer.encode([en])[0], Tokenizer.eos_id]
        tgt_in = torch.tensor([[Tokenizer.bos_id, *tgt[:-1]]])
        with torch.inference_mode():
            logits = loaded.model(torch.tensor([src]), torch.tensor([len(src)]), tgt_in)
        log_probs = logits[0].log_softmax(dim=1)
        loss -= float(log_probs[torch.arange(len(tgt)), torch.tensor(tgt)].sum())
        pieces += len(tgt)
    found = evaluate("-m", run, "--test", test_tsv, "--json", "--beam", "1").json
    assert found["perplexity"] == pytest.approx(math.exp(loss / pieces), rel=1e-4)


def test_speed_counts_the_search_and_nothing_else(
    evaluate: Evaluate, run: Path, test_tsv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that only moves as told: 2 s a call of the translator, 100 s for reading and for scoring."""
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    monkeypatch.setattr("mt.evaluation.systems.CHUNK", 4)

    def slow(module: ModuleType, name: str) -> None:
        function = getattr(module, name)

        def wrapped(*arguments: Any, **named: Any) -> Any:
            now[0] += 100
            return function(*arguments, **named)

        monkeypatch.setattr(module, name, wrapped)

    for name in ("read_test_set", "all_scores", "reference_perplexity"):
        slow(measuring, name)
    slow(evaluate_module, "_open_run")

    def translate(_: Translator, texts: list[str], **__: object) -> list[str]:
        now[0] += 2
        return texts

    monkeypatch.setattr(Translator, "translate", translate)
    found = evaluate("-m", run, "--test", test_tsv, "--json").json
    assert found["sentences_per_second"] == pytest.approx(len(TEST) / 4)


def test_a_run_against_itself_is_no_difference(evaluate: Evaluate, run: Path, test_tsv: Path) -> None:
    arguments = ("-m", run, "--test", test_tsv, "--against", run, "--beam", "1")
    found = evaluate(*arguments, "--json").json
    (comparison,) = found["comparisons"]
    assert comparison["against"] == str(run)
    assert [result["p_value"] for result in comparison["results"]] == [1.0, 1.0]
    table = evaluate(*arguments).out.split("\n\n")[2].splitlines()
    assert table[0].split()[:2] == ["system", "BLEU"]
    assert table[1].split()[:2] == [str(run), "0.0"]
    assert table[2].split()[:1] + table[2].split()[-2:] == [str(run), "+0.0", "1.0000"]


def test_another_run_gets_the_same_sources_and_gives_its_own_translations(
    evaluate: Evaluate, run: Path, test_tsv: Path, tmp_path: Path
) -> None:
    other = make_run(tmp_path / "other", DataConfig(src="zh", tgt="en"), seed=2)
    with_run = evaluate("-m", run, "--test", test_tsv, "--against", other, "--beam", "1", "--json").json
    alone = evaluate("-m", other, "--test", test_tsv, "--beam", "1", "--json").json
    assert with_run["scores"] != alone["scores"]
    baseline = [result["baseline"]["value"] for result in with_run["comparisons"][0]["results"]]
    assert baseline == pytest.approx([score["value"] for score in alone["scores"][:2]])


def test_a_file_against_a_file_adds_the_paired_bootstrap_of_the_sacrebleu_command(
    evaluate: Evaluate, files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    test, hypotheses, other = files
    arguments = ("--hypotheses", hypotheses, "--test", test, "--tgt", "en", "--against", other)
    found = evaluate(*arguments, "--bootstrap", "500", "--json").json
    references = write_lines(tmp_path / "ref.txt", [en for _, en in PAIRS[:30]])
    command = ["sacrebleu", str(references), "-i", str(other), str(hypotheses), "-m", "bleu", "chrf"]
    # A table, not JSON: on chrF's paired test `sacrebleu -f json` fails (2.6.0, a float32).
    command += ["--chrf-word-order", "2", "--paired-bs", "--paired-bs-n", "500", "--format", "latex"]
    printed = subprocess.run(
        [sys.executable, "-m", *command, "--width", "9"], capture_output=True, check=True, encoding="utf-8"
    )
    p_values = [float(number) for number in re.findall(r"p = (\d\.\d+)", printed.stdout)]
    (comparison,) = found["comparisons"]
    assert [result["p_value"] for result in comparison["results"]] == pytest.approx(p_values, abs=1e-4)
    assert all(0.02 < number < 0.98 for number in p_values)  # where other samples would give another number


def test_a_file_can_be_compared_with_a_run(evaluate: Evaluate, run: Path, test_tsv: Path) -> None:
    hypotheses = write_lines(test_tsv.with_name("perfect.txt"), [en for _, en in TEST])
    arguments = ("--hypotheses", hypotheses, "--test", test_tsv, "--tgt", "en", "--against", run)
    found = evaluate(*arguments, "--beam", "1", "--json").json
    (comparison,) = found["comparisons"]
    assert comparison["results"][0]["system"]["value"] == pytest.approx(100)
    assert comparison["results"][0]["p_value"] < 0.05
    assert not (run / "hypotheses.test.txt").exists()


def test_without_a_test_a_phrasebook_run_is_scored_on_the_phrasebooks_test_part(
    evaluate: Evaluate, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_phrasebook(tmp_path, monkeypatch, {"test": TEST[:5]})
    found = evaluate("-m", run, "--json", "--beam", "1").json
    assert (found["test"], found["segments"]) == ("phrasebook", 5)
    assert found["hypotheses"] == str(run / "hypotheses.phrasebook.txt")


def test_the_newest_run_is_the_default(
    evaluate: Evaluate, run: Path, test_tsv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.parent.parent)
    shutil.copytree(run, Path("checkpoints/newest"))
    found = evaluate("--test", test_tsv, "--beam", "1", "--json").json
    assert found["system"] == str(Path("checkpoints/newest"))


@pytest.mark.parametrize(("code", "extra"), [("ja", "ja"), ("kor", "ko")])
def test_characters_instead_of_words_are_announced(
    code: str, extra: str, tmp_path: Path, evaluate: Evaluate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    test = write_tsv(tmp_path / "test.tsv", [("one", "一 二"), ("two", "三")])
    lines = write_lines(tmp_path / "out.txt", ["一 二", "四"])
    arguments = ("--hypotheses", lines, "--test", test, "--src", "en", "--tgt", code, "--bootstrap", "0")
    said = "BLEU counts characters, not words, as MeCab is not installed"
    assert f"{said}: pip install 'sacrebleu[{extra}]'" in evaluate(*arguments).err
    assert said not in evaluate(*arguments, "--tokenize", "char").err


def test_languages_and_swap_are_the_runs_unless_given(
    evaluate: Evaluate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run from English to Chinese, trained on Chinese TAB English with --swap."""
    run = make_run(tmp_path / "run", DataConfig(train=("x.tsv",), src="en", tgt="zh", swap=True), seed=1)
    test = write_tsv(tmp_path / "test.tsv", TEST)
    teach(monkeypatch, {text: f"<{text}>" for pair in TEST for text in pair})
    found = evaluate("-m", run, "--test", test, "--json", "--worst", "1").json
    assert "|tok:zh|" in found["scores"][0]["signature"]
    worst = found["worst"][0]
    assert worst["source"] in [en for _, en in TEST]
    assert worst["references"] == [next(zh for zh, en in TEST if en == worst["source"])]
    other_way = ("--no-swap", "--src", "zh", "--tgt", "en")
    found = evaluate("-m", run, "--test", test, "--json", "--worst", "1", *other_way).json
    assert "|tok:13a|" in found["scores"][0]["signature"]
    assert found["worst"][0]["source"] in [zh for zh, _ in TEST]


def test_src_and_tgt_name_the_columns_that_are_read(
    evaluate: Evaluate, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = tmp_path / "three.csv"
    test.write_text("zh,fr,en,de\n你好,salut,hello,hallo\n", encoding="utf-8")
    teach(monkeypatch, {"salut": "x", "你好": "x"})
    arguments = ("-m", run, "--test", test, "--bootstrap", "0", "--json")
    (segment,) = evaluate(*arguments).json["worst"]
    assert (segment["source"], segment["references"]) == ("你好", ["hello"])
    (segment,) = evaluate(*arguments, "--src", "fr", "--tgt", "de").json["worst"]
    assert (segment["source"], segment["references"]) == ("salut", ["hallo"])


@pytest.mark.parametrize(
    ("flags", "tokeniser", "warned"),
    [
        (("--tgt", "zh"), "zh", False),
        (("--tgt", "de"), "13a", False),
        (("--tgt", "zh", "--tokenize", "char"), "char", False),
        (("--tgt", "de-AT", "--tokenize", "moses"), f"moses-de-sacremoses-{version('sacremoses')}", False),
        ((), "13a", True),
        (("--tgt", "chinese"), "13a", True),
    ],
)
def test_the_tokeniser_is_the_target_languages_or_the_one_asked_for(
    evaluate: Evaluate, tmp_path: Path, flags: tuple[str, ...], tokeniser: str, warned: bool
) -> None:
    test = write_tsv(tmp_path / "swapped.tsv", [(en, zh) for zh, en in TEST])
    hypotheses = write_lines(tmp_path / "hyp.txt", [zh for zh, _ in TEST])
    result = evaluate("--hypotheses", hypotheses, "--test", test, "--json", *flags)
    assert f"|tok:{tokeniser}|" in result.json["scores"][0]["signature"]
    assert (f"BLEU's tokeniser is {tokeniser}; give --tgt" in result.err) is warned


def test_an_unknown_tokeniser_is_noticed_before_the_search(
    evaluate: Evaluate, run: Path, test_tsv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Translator, "translate", lambda *_, **__: pytest.fail("searched for nothing"))
    arguments = ("-m", run, "--test", test_tsv, "--tokenize")
    assert "'klingon'; choose from none, zh, 13a" in evaluate(*arguments, "klingon").problem


def test_what_takes_long_is_said(
    evaluate: Evaluate, run: Path, test_tsv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mt.console.PLAIN_INTERVAL", 0)
    said = evaluate("-m", run, "--test", test_tsv).err
    assert re.search(r"^8 of 8 sentences, [\d.]+ a second, 0 s left$", said, re.MULTILINE)
    assert re.search(r"^8 sentences in \d+ s, [\d.]+ a second$", said, re.MULTILINE)
    for metric in ("bleu", "chrf", "ter"):
        assert f"scoring 8 sentences by {metric}\n" in said


def test_moses_must_know_the_language(evaluate: Evaluate, tmp_path: Path) -> None:
    test = write_tsv(tmp_path / "test.tsv", TEST)
    hypotheses = write_lines(tmp_path / "hyp.txt", [en for _, en in TEST])
    arguments = ("--hypotheses", hypotheses, "--test", test, "--tokenize", "moses")
    assert "target language: give --tgt" in evaluate(*arguments).problem


def test_the_worst_segments_come_worst_first_and_none_of_them_is_right(
    evaluate: Evaluate, tmp_path: Path
) -> None:
    pairs = [
        ("a", "The cat sleeps."),
        ("b", ""),
        ("c", "It is raining."),
        ("d", "Good morning!"),
        ("e", "x y"),
    ]
    test = write_tsv(tmp_path / "test.tsv", pairs)
    hypotheses = write_lines(tmp_path / "hyp.txt", ["The cat slept.", "", "Qqq\x85zz", "Good morning!", "x"])
    arguments = ("--hypotheses", hypotheses, "--test", test, "--tgt", "en", "--bootstrap", "0")
    worst = evaluate(*arguments, "--json").json["worst"]
    assert [segment["number"] for segment in worst] == [3, 5, 1]
    assert worst[0] == {
        "number": 3,
        "source": "c",
        "references": ["It is raining."],
        "hypothesis": "Qqq\x85zz",
        "chrf": 0.0,
    }
    assert worst[0]["chrf"] < worst[1]["chrf"] < worst[2]["chrf"] < 100
    text = evaluate(*arguments, "--worst", "1").out
    block = "segment 3, chrF 0.0\n  source      c\n  reference   It is raining.\n  hypothesis  Qqq zz\n"
    assert text.endswith(f"\n\nworst segments:\n{block}")
    assert "worst" not in evaluate(*arguments, "--worst", "0").out
    assert evaluate(*arguments, "--worst", "0", "--json").json["worst"] == []


def test_a_pair_with_an_empty_reference_keeps_its_place(
    evaluate: Evaluate, run: Path, tmp_path: Path
) -> None:
    pairs = [TEST[0], (TEST[1][0], ""), ("", TEST[2][1]), TEST[3]]
    test = write_tsv(tmp_path / "gaps.tsv", pairs)
    found = evaluate("-m", run, "--test", test, "--beam", "1", "--bootstrap", "0", "--json").json
    assert found["segments"] == 4
    lines = (run / "hypotheses.gaps.txt").read_text(encoding="utf-8").split("\n")
    assert len(lines) == 5
    assert [bool(line) for line in lines] == [True, True, False, True, False]


def test_a_bad_line_in_the_test_stops_it_so_that_no_line_slips(
    evaluate: Evaluate, files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    test = tmp_path / "bad.tsv"
    test.write_text("一\tone\n二 two\n三\tthree\n", encoding="utf-8")
    problem = evaluate("--hypotheses", files[1], "--test", test, "--tgt", "en").problem
    assert f"{test}, line 2: has 1 column, needs 2" in problem


def test_the_live_line_is_gone_before_the_result_is_written(
    evaluate: Evaluate, files: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bool] = []
    monkeypatch.setattr(Console, "settle", lambda _: written.append(sys.stdout.buffer.tell() > 0))
    test, hypotheses, _ = files
    assert evaluate("--hypotheses", hypotheses, "--test", test, "--tgt", "en").code == 0
    assert written[0] is False


def test_without_resamples_there_is_no_interval(evaluate: Evaluate, files: tuple[Path, Path, Path]) -> None:
    test, hypotheses, _ = files
    arguments = ("--hypotheses", hypotheses, "--test", test, "--tgt", "en", "--bootstrap", "0")
    scores = evaluate(*arguments, "--json").json["scores"]
    assert [score["interval"] for score in scores] == [None, None, None]
    assert "bs:" not in evaluate(*arguments).out.split("\n")[0]


def test_a_perplexity_beyond_all_bounds_is_still_json() -> None:
    nothing: dict[str, Any] = {
        "search": None,
        "datastore": None,
        "sentences_per_second": None,
        "hypotheses": None,
        "markup": Survival(segments=0, intact=0, marked=0),
    }
    endless = Evaluation(
        test="t",
        segments=1,
        system="s",
        scores=(),
        perplexity=math.inf,
        terms=(),
        by_length=(),
        worst=(),
        **nothing,
    )
    assert json.loads(json.dumps(endless.as_dict(), allow_nan=False))["perplexity"] is None
    assert "perplexity inf" in str(endless)


@pytest.mark.parametrize("which", ["--hypotheses", "--against"])
def test_a_file_with_too_few_lines_is_found_before_anything_is_scored(
    evaluate: Evaluate,
    run: Path,
    test_tsv: Path,
    tmp_path: Path,
    which: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Translator, "translate", lambda *_, **__: pytest.fail("searched for nothing"))
    short = write_lines(tmp_path / "short.txt", ["one\u2028line", "two\r"])
    rest = ("-m", run) if which == "--against" else ("--tgt", "en", "--against", run)
    problem = evaluate(which, short, "--test", test_tsv, *rest).problem
    assert f"{short} has 2 lines but {test_tsv} has 8 pairs" in problem


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"fine\n\xff\xfeno\n", "bad.txt, line 2: not UTF-8 (byte 0xff at byte 1 of the line)"),
        (b"", "bad.txt: is empty"),
        (None, "bad.txt: no such file"),
    ],
)
@pytest.mark.parametrize("which", ["--hypotheses", "--against"])
def test_a_file_that_cannot_be_read_is_named_with_its_line(
    evaluate: Evaluate, files: tuple[Path, Path, Path], which: str, content: bytes | None, cause: str
) -> None:
    test, hypotheses, _ = files
    bad = test.with_name("bad.txt")
    if content is not None:
        bad.write_bytes(content)
    chosen = {"--hypotheses": hypotheses, "--against": hypotheses, which: bad}
    arguments = [part for pair in chosen.items() for part in pair]
    assert cause in evaluate(*arguments, "--test", test, "--tgt", "en").problem


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--test", "a.tsv", "-t", "multi30k/2016", "-l", "en-de"], ["--test", "-t"]),
        (["-t", "multi30k/2016"], ["-t", "-l"]),
        (["-l", "en-de"], ["-t", "-l"]),
        (["-t", "multi30k/2016", "-l", "en-de", "--tgt", "de"], ["-l", "--tgt"]),
        (["--hypotheses", "h.txt"], ["--hypotheses", "--test", "-t and -l"]),
        (["--hypotheses", "h.txt", "--test", "a.tsv", "-m", "run"], ["--hypotheses", "-m"]),
        (["--hypotheses", "h.txt", "--test", "a.tsv", "--save", "s.txt"], ["--save", "--hypotheses"]),
        (["--hypotheses", "h.txt", "--test", "a.tsv", "--beam", "3"], ["--beam", "--hypotheses"]),
        (["--hypotheses", "h.txt", "--test", "a.tsv", "--threads", "1"], ["--threads", "--hypotheses"]),
        (["--against", "h.txt", "--test", "a.tsv", "--bootstrap", "1"], ["--against", "--bootstrap"]),
    ],
)
def test_flags_at_odds_are_named(evaluate: Evaluate, arguments: list[str], named: list[str]) -> None:
    result = evaluate(*arguments)
    assert result.code == 2
    assert all(flag in result.problem for flag in named)
    assert result.err.count("\n") == 1


class ToySet(PlainTextDataset):
    """A test set whose pairs may have more than one reference."""

    def fieldnames(self, langpair: str) -> list[str]:
        return ["src", "ref:1", "ref:2"][: len(self.langpairs[langpair])]


@pytest.fixture
def toy_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The test set toy/1 of sacreBLEU; its "download" writes the files returned, or fails without any."""
    files: dict[str, str] = {}

    def download(*_: object, extract_to: str, **__: object) -> None:
        if not files:
            raise OSError("Network is\nunreachable")
        for name, text in files.items():
            (Path(extract_to) / name).write_text(text, encoding="utf-8")

    monkeypatch.setattr(sacrebleu.dataset.base, "SACREBLEU_DIR", str(tmp_path / "home"))
    monkeypatch.setattr(sacrebleu.dataset.base, "download_file", download)
    languages = {"zh-en": ["toy.zh", "toy.en", "toy2.en"], "en-zh": ["toy.en", "toy.zh"]}
    dataset = ToySet("toy/1", data=["https://toy.invalid/a.tgz"], md5=None, langpairs=languages)
    monkeypatch.setitem(DATASETS, "toy/1", dataset)
    return files


def fill(files: dict[str, str]) -> None:
    files["toy.zh"] = "".join(f"{zh}\n" for zh, _ in TEST)
    files["toy.en"] = "".join(f"{en}\n" for _, en in TEST)
    files["toy2.en"] = "".join(f"Well, {en}\n" for _, en in TEST)


@pytest.mark.usefixtures("toy_set")
def test_a_test_set_out_of_reach_is_one_line(evaluate: Evaluate, run: Path) -> None:
    problem = evaluate("-m", run, "-t", "toy/1", "-l", "zh-en").problem
    assert "test set toy/1 (zh-en) is not available: Network is unreachable" in problem


def test_a_test_set_of_sacrebleu_brings_sources_all_references_and_languages(
    evaluate: Evaluate, run: Path, toy_set: dict[str, str]
) -> None:
    fill(toy_set)
    result = evaluate("-m", run, "-t", "toy/1", "-l", "zh-en", "--beam", "1", "--json", "--worst", "8")
    found = result.json
    assert "warning" not in result.err
    assert found["scores"][0]["signature"].startswith("nrefs:2|")
    assert found["hypotheses"] == str(run / "hypotheses.toy-1-zh-en.txt")
    segment = next(segment for segment in found["worst"] if segment["number"] == 1)
    assert (segment["source"], segment["references"]) == (TEST[0][0], [TEST[0][1], f"Well, {TEST[0][1]}"])


def test_the_perplexity_of_two_references_is_that_of_both_files_together(
    evaluate: Evaluate, run: Path, toy_set: dict[str, str], tmp_path: Path
) -> None:
    fill(toy_set)
    both = [*TEST, *((zh, f"Well, {en}") for zh, en in TEST)]
    test = write_tsv(tmp_path / "both.tsv", both)
    of_set = evaluate("-m", run, "-t", "toy/1", "-l", "zh-en", "--beam", "1", "--json").json
    of_file = evaluate("-m", run, "--test", test, "--beam", "1", "--json").json
    assert of_set["perplexity"] == pytest.approx(of_file["perplexity"], rel=1e-5)
