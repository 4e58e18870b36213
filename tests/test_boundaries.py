"""Sentence ends: each is found, however short the sentence, and what only looks like one is passed over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import datasets
import pytest

import mt
from mt.data.statistics import several_sentences
from mt.text.sentences import split
from mt.translator import Translator


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("zh", "我爱北京。|我妈妈昨天买了三本书。"),
        ("zh", "什么？|不！|好吧。"),
        ("zh", "我爱北京。|123。"),
        ("zh", "“走吧！”他说。|她走了。"),
        ("zh", "“走吧！”|她走了。"),
        ("zh", "他问：“真的吗？”|我答道：“真的。”"),
        ("zh", "“你好！”，他说。|《你好！》是一本书。"),
        ("zh", "价格是3.5元。|版本2.0。|他说……我不知道。"),
        ("ja", "「行け！」と言った。|「はい。」彼は答えた。|「元気？」|彼女は来た。"),
        ("en", "Hi! |How are you?"),
        ("en", "He came at 10 a.m. Monday. |He left at 5 p.m. |Then he slept."),
        ("en", "See p. 5, ed. by J. Smith. |It costs 3.14 dollars, e.g. here."),
        ("en", "France vs. Germany was on Jan. 5 at approx. 5 p.m. EST today."),
        (
            "en",
            "Mr. Smith met Mrs. J. Brown. |Prof. Lee came. |I love you. |5 people came. |So do I. |He left.",
        ),
        ("en", 'A (very big!) dog ran. |"Stop!" |She ran.'),
        ("en", "Wait... what? |I am at step 3.|Yes."),
        ("fr", "M. Dupont et Mme. Blanc. |Mlle. Noir est là. |C'est l'art. 5 du Code."),
        ("fr", "J.-C. est né. |Il vit."),
        ("de", "Das ist der 1. FC Köln. |Im 19. Jahrhundert. |Am 3. Mai kam z. B. Dr. Müller."),
        ("de", "1. |Öffnen."),
        ("it", "Il Sig. Rossi. |Pag. 5. |Ciao."),
        ("pl", "To było 3. maja. |Dom."),
        ("ru", "И. И. Иванов. |Да. |Нет."),
        (None, "我爱北京。|你好吗？|Hello there. |Bye."),
    ],
)
def test_every_sentence_end_and_no_other(language: str | None, sentences: str) -> None:
    expected = tuple(part.strip() for part in sentences.split("|"))
    text = sentences.replace("|", "")
    assert split(text, language=language, max_chars=999, by_sentence=True).texts == expected
    assert split(text, language=language, max_chars=999).texts == (text,)


@pytest.mark.parametrize(
    "span",
    [
        '<a href="x. Y">',
        "{n, plural, one {# file. Yes!} other {# files. Yes!}}",
        "{{ a? B }}",
        "``a. B``",
        "https://x.org/?A=b!C",
        "%(a.b)s",
        "me.Too@x.org",
    ],
)
def test_no_sentence_ends_within_a_placeholder(span: str) -> None:
    sentences = (f"Take {span} here.", f"{span} is it?", f"我看{span}。", f"This is {span}.", "It is.")
    text = " ".join(sentences)
    assert split(text, language="en", max_chars=999, by_sentence=True).texts == sentences
    long = f"看看看看看看看看{span}看看看看看看看看看看看" * 5
    parts = split(long, language="zh", max_chars=len(span) + 3).texts
    assert "".join(parts) == long
    assert sum(part.count(span) for part in parts) == 5


@pytest.mark.parametrize("text", ["我爱北京", "我爱北京。", "Hi!", "“Hi!”", "3.14", "...", "", " ", "A b.\n"])
def test_one_sentence_stays_whole(text: str) -> None:
    parts = split(text, language="zh", max_chars=999, by_sentence=True)
    assert parts.texts == ((text.strip(),) if text.strip() else ())


def test_a_corpus_tells_how_many_sources_hold_several_sentences() -> None:
    sources = ["One two.", "<2de> One. Two.", "Mr. One two.", "One!"]
    assert several_sentences(datasets.Dataset.from_dict({"src": sources}), "en") == 0.25
    assert several_sentences(datasets.Dataset.from_dict({"src": ["好。", "好。你呢？"] * 9}), "zh") == 0.5


SHORT = ["Ba de.", "Ku la!", "Mo?"]


@pytest.fixture(scope="module")
def translator(toy_run: Path) -> Translator:
    return mt.load(toy_run, beam=2)


def test_short_sentences_are_translated_one_by_one(translator: Translator) -> None:
    """The toy language is of single sentences, and its run knows it."""
    assert translator.run.metadata["several_sentences"] == 0
    whole, *single = translator.search([" ".join(SHORT), *SHORT], nbest=1)
    assert whole.text == " ".join(part.text for part in single)
    assert whole.score == pytest.approx(sum(part.score for part in single) / len(single))


@pytest.mark.parametrize(
    ("metadata", "parts"),
    [
        ({"several_sentences": 0.019}, 3),
        ({"several_sentences": 0.02}, 1),
        ({"several_sentences": 0.3}, 1),
        ({"several_sentences": None, "split_chars": 250}, 3),  # of an earlier version
        ({"several_sentences": None, "split_chars": 251}, 1),
        ({"several_sentences": 0.3, "split_chars": 10}, 3),  # too long
    ],
)
def test_whether_short_sentences_are_split_is_the_corpus_s_affair(
    translator: Translator, metadata: dict[str, float | None], parts: int
) -> None:
    run = replace(translator.run, metadata={**translator.run.metadata, **metadata})
    other = Translator([run], translator.config, translator.device)
    assert len(other.split(" ".join(SHORT)).texts) == parts
