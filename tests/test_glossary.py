"""Glossaries: terms in sources, terms in translations, files, and the search that keeps them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import mt
from mt import cli
from mt.config import SearchConfig, TokenizerConfig
from mt.data.glossaries import read_glossary
from mt.decoding.hints import Hints
from mt.decoding.terms import (
    Progress,
    SentenceTerms,
    Spelling,
    Term,
    WordEnds,
    missing,
    share_out,
    spellings,
)
from mt.errors import CorpusError
from mt.search import Hypothesis, Model, Search, search
from mt.search.term_beam import first_with_terms, lacking
from mt.text.glossary import Entry, Glossary, count_terms, missed_terms
from mt.tokenizer import Tokenizer
from tests.test_search import CPU, SOURCES, Cramped, model

GLOSSARY = Glossary(
    [
        Entry("disk", ("Platte",)),
        Entry("hard disk", ("Festplatte",)),
        Entry("GIMP", ("GIMP",), "exact"),
        Entry("file", ("Datei", "Akte"), "inflected"),
        Entry("北京", ("Peking",)),
        Entry("C++", ("C++",)),
    ]
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The hard disk and a Disk.", ["hard disk", "Disk"]),
        ("disks, disk-like, floppydisk", ["disk"]),
        ("GIMP is no gimp", ["GIMP"]),
        ("Files, filed away; profile, filename", ["Files", "filed"]),
        ("我爱北京人", ["北京"]),
        ("A hard\u00a0disk", ["hard\u00a0disk"]),
        ("http://file.org/file, {file}, disk_file, <disk>", []),
        ("diske\u0301", []),  # the accent belongs to the letter
        ("Write C++, not xC++", ["C++"]),
        ("", []),
    ],
)
def test_terms_are_whole_words_and_the_longest_come_first(text: str, found: list[str]) -> None:
    assert [text[one.start : one.end] for one in GLOSSARY.find(text)] == found


def test_a_term_at_the_end_of_a_text_and_letters_whose_lower_case_is_not_their_own() -> None:
    glossary = Glossary(
        [Entry("a", ("A",)), Entry("a b c", ("ABC",)), Entry("ΟΔΟΣ", ("Straße",)), Entry("İ", ("I",))]
    )
    for text in ("a", "οδοσ", "İ"):
        (found,) = glossary.find(text)
        assert (found.start, found.end) == (0, len(text))


@given(st.text(alphabet="dis k北京C+", max_size=40))
def test_terms_do_not_overlap(text: str) -> None:
    found = GLOSSARY.find(text)
    assert all(before.end <= after.start for before, after in itertools.pairwise(found))
    assert all(text[one.start : one.end].lower() == one.entry.source.lower() for one in found)


def test_the_same_term_in_its_exact_case_comes_first_and_else_case_makes_no_term() -> None:
    glossary = Glossary(
        [
            Entry("Polish", ("polnisch",), "exact"),
            Entry("polish", ("polieren",)),
            Entry("POLISH", ("putzen",)),
        ]
    )
    assert [one.entry.targets for one in glossary.find("Polish polish")] == [
        ("polnisch",),
        ("polieren", "putzen"),
    ]


def test_letters_in_one_code_point_or_two_and_other_kinds_of_marks() -> None:
    glossary = Glossary(
        [Entry("Schlu\u0308ssel", ("key",)), Entry("l'ordinateur", ("computer",)), Entry("क", ("k",))]
    )
    assert [one.text for one in glossary.find("Der Schlüssel, l’ordinateur, कि")] == [
        "Schlüssel",
        "l'ordinateur",
    ]
    assert missed_terms(Glossary([Entry("key", ("Schlüssel",))]), "a key", "ein Schlu\u0308ssel") == []


def test_what_stands_for_one_term_does_not_stand_for_another() -> None:
    glossary = Glossary(
        [Entry("disk", ("Platte",)), Entry("hard disk", ("harte Platte",)), Entry("plate", ("Platte",))]
    )
    source = "a hard disk, a disk"
    assert missed_terms(glossary, source, "harte Platte") == ["disk"]
    assert missed_terms(glossary, source, "harte Platte, harte Platte") == []
    assert missed_terms(glossary, "a disk on a plate", "Platte") == ["plate"]
    assert missed_terms(glossary, "a disk on a plate", "Platte auf Platte") == []


def test_the_case_of_a_source_is_one_of_the_translations() -> None:
    (found,) = GLOSSARY.find("DISK")
    assert found.targets() == ("Platte", "PLATTE")
    entry = Glossary([Entry("Datei", ("file",))])
    assert entry.find("Datei")[0].targets() == ("file", "File")
    (found,) = Glossary([Entry("学生", ("pupils",))]).find("学生们")
    assert found.targets() == ("pupils", "Pupils")  # as at the start of a sentence
    (found,) = GLOSSARY.find("a file")
    assert found.targets() == ("Datei", "Akte")
    kept = Glossary([Entry("iPhone", ("iPhone",))])
    assert kept.find("IPHONE")[0].targets() == ("iPhone",)  # never translated, never changed


def test_terms_are_counted_as_often_as_both_sides_hold_them() -> None:
    counts = count_terms(
        GLOSSARY, ["disk, disk and file", "a file"], ["Platte und Dateien", "Platte, aber Aktenordner"]
    )
    assert [(count.source, count.wanted, count.used) for count in counts] == [("disk", 2, 1), ("file", 2, 1)]
    assert missed_terms(GLOSSARY, "disk on a hard disk", "Platte auf der Festplatte") == []
    assert missed_terms(GLOSSARY, "disk on a hard disk", "auf der Festplatte") == ["disk"]


TBX = """<?xml version="1.0"?><tbx xmlns="urn:iso:std:iso:30042:ed-2"><text><body>
<conceptEntry><langSec xml:lang="en"><termSec><term>disk</term></termSec></langSec>
<langSec xml:lang="de"><termSec><term>Platte</term></termSec><termSec><term>Disk</term></termSec></langSec>
</conceptEntry></body></text></tbx>"""

DEPRECATED = """<term>Disk</term></termSec><termSec><term>Diskus</term>
<termNote type="administrativeStatus">deprecatedTerm-admn-sts</termNote>"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("terms.tsv", "disk\tPlatte\tof a computer\ndisk\tDisk\n"),
        ("terms.tsv", "# ours\n\ndisk\tPlatte\n disk \tDisk\r\n"),
        ("terms.tsv", "comment\tde\ten\n\tPlatte\tdisk\nold\tDisk\tdisk\n"),
        ("terms.csv", "source,target,match\ndisk,Platte,any-case\ndisk,Disk,\n"),
        ("terms.csv", "Source term;Target term;Match\ndisk;Platte;Any-case\ndisk;Disk;\n"),
        ("terms.tbx", TBX),
        ("terms.tbx", TBX.replace("<term>Disk</term>", DEPRECATED)),
        ("terms.tbx", TBX.replace("conceptEntry", "termEntry").replace("langSec", "langSet")),
    ],
)
def test_files_of_terms(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert read_glossary([path], "en", "de").entries == (Entry("disk", ("Platte", "Disk")),)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("terms.tsv", "disk\tPlatte\nfile\n", "line 2: has one column"),
        ("terms.tsv", "disk\t \n", "line 1: a side is empty"),
        ("terms.tsv", "source\ttarget\tmatch\ndisk\tPlatte\tstem\n", "line 2: match is 'stem'"),
        ("terms.tsv", "# nothing\n", "holds no terms"),
        ("terms.tsv", "fr\tit\ndisk\tPlatte\n", "line 1: fr and it are languages, not en and de"),
        ("terms.ods", "disk\tPlatte\n", ".tsv, .csv or .tbx"),
        ("terms.tbx", TBX.replace("</langSec>", "", 1), "line 4: broken XML"),
        ("terms.tbx", TBX.replace('"de"', '"fr"'), "has en, fr, not en with de"),
    ],
)
def test_a_fault_in_a_file_of_terms_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match=rf"{name}.*{message}"):
        read_glossary([path], "en", "de")


def test_progress_towards_terms_within_terms() -> None:
    """5 6 is a term, and so is 5 6 7: the longer spelling of one, met when it has come to its end."""
    short, long = Spelling((5, 6), True, True), Spelling((5, 6, 7), True, True)
    terms = [Term((short, long))]
    after = Progress().after(5, terms, False)
    assert (after.bank, after.wanted(terms, False), after.met) == (1, [6, 7][:1] * 2, frozenset())
    met = after.after(6, terms, False)
    assert (met.bank, met.met, met.closed, met.expected()) == (2, frozenset({0}), True, [7])
    assert met.after(7, terms, False).met == {0}
    assert after.after(9, terms, False).bank == 0  # what was begun and not ended does not count
    assert Progress().wanted([Term((Spelling((5,), False, True),))], True) == []  # it would lengthen a word


PIECES = st.lists(st.integers(5, 7), min_size=1, max_size=3).map(tuple)
SPELLINGS = st.builds(Spelling, PIECES, st.booleans(), st.booleans())
SOME_TERMS = st.lists(
    st.lists(SPELLINGS, min_size=1, max_size=2).map(lambda found: Term(tuple(found))), max_size=3
)


@settings(max_examples=50)
@given(SOME_TERMS, st.lists(st.tuples(st.integers(5, 8), st.booleans()), max_size=8))
def test_moves_that_are_worked_out_once_are_those_of_each_step(
    terms: list[Term], steps: list[tuple[int, bool]]
) -> None:
    sentence, progress = SentenceTerms(terms), Progress()
    for piece, after_word in steps:
        moves = sentence.moves(progress, after_word)
        assert moves.wanted == progress.wanted(terms, after_word)
        assert moves.after.get(piece, moves.other) == progress.after(piece, terms, after_word)
        progress = progress.after(piece, terms, after_word)


def test_two_occurrences_of_a_term_need_two_translations() -> None:
    words = WordEnds.__new__(WordEnds)
    words.open = [False] * 10
    terms = [Term((Spelling((5, 6), True, False),))] * 2
    assert [missing(ids, terms, words) for ids in ([5, 6], [5, 6, 5, 6], [5, 5, 6], [6, 5])] == [1, 0, 1, 2]


def test_the_beginning_of_a_longer_word_is_no_term() -> None:
    """11 continues a word: 7 11 does not hold the term 7. 9 10 11 holds it where that is a spelling too."""
    term, inflected = Term((Spelling((7,), True, True),)), Term((Spelling((7,), True, False),))
    assert [missing(ids, [term], WORDS) for ids in ([7, 11], [7, 5], [7], [7, 11, 7, 5])] == [1, 0, 0, 0]
    assert missing([7, 11], [inflected], WORDS) == 0
    longer = [Term((Spelling((9, 10), True, True), Spelling((9, 10, 11), True, True)))]
    assert [missing(ids, longer, WORDS) for ids in ([9, 10, 11], [9, 10, 11, 11])] == [0, 1]


@given(st.lists(st.tuples(st.floats(-9, 0), st.integers(0, 3)), min_size=4, max_size=12), st.integers(1, 4))
def test_each_bank_keeps_its_best(candidates: list[tuple[float, int]], size: int) -> None:
    totals, banks = zip(*candidates, strict=True)
    kept = share_out(totals, banks, size, 4)
    assert len(kept) == len(set(kept)) == size
    fullest = max(banks)
    best = max(total for total, bank in candidates if bank == fullest)
    assert any(banks[row] == fullest and totals[row] == best for row in kept) or size < 4 - fullest + 1


WORDS = WordEnds.__new__(WordEnds)
"""Of twelve pieces, of which the last continues a word."""
WORDS.continuing, WORDS.open = torch.zeros(12, dtype=torch.bool), [False] * 12
WORDS.continuing[11] = True
TERMS = [
    [Term((Spelling((9, 10), True, True), Spelling((8, 8), True, False)))],
    [],
    [Term((Spelling((10, 9, 10), True, False),)), Term((Spelling((7,), True, True),))],
    [Term((Spelling((6,), True, False),))] * 2,
]
"""Those of the translations of SOURCES."""


def search_with(
    hints: Hints, net: Model, sources: list[list[int]], config: SearchConfig
) -> list[list[Hypothesis]]:
    """What a translator does for texts with terms."""
    method = Search(net, config, CPU)
    return method.again(sources, hints, method.first(sources, hints))


@pytest.mark.parametrize("beam", [1, 2, 5])
@pytest.mark.parametrize("seed", [0, 1])
def test_each_translation_holds_its_terms(beam: int, seed: int) -> None:
    """A random model never asked for them; the terms of a sentence are no others' business."""
    net = model(seed, vocab=12)
    hints = Hints([None] * 4, TERMS, None, WORDS)  # type: ignore[arg-type]
    config = SearchConfig(beam=beam)
    found = search_with(hints, net, SOURCES, config)
    plain = search(net, SOURCES, config, CPU)
    assert found[1] == plain[1]
    for hypotheses, terms in zip(found, TERMS, strict=True):
        assert 1 <= len(hypotheses) <= beam
        assert missing(hypotheses[0].ids, terms, WORDS) == 0
        ranks = [(missing(one.ids, terms, WORDS), -one.score) for one in hypotheses]
        assert ranks == sorted(ranks)
    ids = found[2][0].ids
    closed = ids.index(7) if 7 in ids else len(ids) - 1
    assert 11 not in ids[closed + 1 : closed + 2]  # the word of a term does not go on


def test_terms_of_one_sentence_do_not_change_what_is_found_for_another() -> None:
    """Its beam is as wide whoever is searched beside it."""
    long = Term((Spelling((10, 9, 8, 7, 6, 10), True, False),))
    hints = Hints([None] * 4, [TERMS[0], [long], TERMS[2], []], None, WORDS)  # type: ignore[arg-type]
    net, config = model(0, vocab=12), SearchConfig(beam=2)
    together = search_with(hints, net, SOURCES, config)
    for row, source in enumerate(SOURCES):
        (alone,) = search_with(hints.select([row]), net, [source], config)
        assert [one.ids for one in alone] == [one.ids for one in together[row]]


def test_a_hypothesis_that_holds_its_terms_needs_no_further_search() -> None:
    term = Term((Spelling((7,), True, True),))
    rows = [Hypothesis(ids, score, 2, score) for ids, score in [((5,), -1.0), ((7, 5), -2.0), ((6,), -3.0)]]
    assert [one.score for one in first_with_terms(rows, [term], WORDS)] == [-2.0, -1.0, -3.0]
    assert first_with_terms(rows, [], WORDS) is rows
    hints = Hints([None] * 3, [[term], [], [term] * 5], None, WORDS)  # type: ignore[arg-type]
    assert lacking([rows[1:], rows, rows], hints) == {16: [2]}


def test_where_memory_runs_out_terms_are_searched_for_in_halves() -> None:
    net = model(0, vocab=12)
    net.__class__ = Cramped
    assert isinstance(net, Cramped)
    net.tried = []
    hints = Hints([None] * 4, TERMS, None, WORDS)  # type: ignore[arg-type]
    found = search_with(hints, net, SOURCES, SearchConfig(beam=2))
    assert net.tried == [4, 2, 2, 3, 1, 2]  # the second sentence has no terms
    assert [missing(rows[0].ids, terms, WORDS) for rows, terms in zip(found, TERMS, strict=True)] == [0] * 4


def test_spellings_of_a_term(toy_run: Path) -> None:
    tokenizer = mt.load(toy_run).run.tgt_tokenizer
    word = "BA"
    spaced, *glued = spellings(word, tokenizer, "", inflected=False)
    assert (spaced.opens, spaced.closes) == (True, True)
    assert tokenizer.decode([spaced.ids]) == [word]
    assert all(not one.opens and tokenizer.spell(one.ids)[0][:1] != Tokenizer.space for one in glued)


def test_no_byte_may_follow_a_term_that_ends_in_bytes() -> None:
    learned = TokenizerConfig(algorithm="bpe", character_coverage=1.0, byte_fallback=True)
    tokenizer = Tokenizer.learn(iter([f"page {n}" for n in range(40)]), learned, 290)
    assert all(one.closes for one in spellings("🚀", tokenizer, "", inflected=True))
    assert not any(one.closes for one in spellings("page", tokenizer, "", inflected=True))


def test_a_glossary_through_the_commands(
    toy_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = "la ku"
    plain = mt.load(toy_run).translate([text])[0]
    target = f"{plain.split()[-1]} {plain.split()[0]}"
    terms, test = tmp_path / "terms.tsv", tmp_path / "test.tsv"
    terms.write_text(f"{text}\t{target}\n", encoding="utf-8")
    test.write_text(f"{text}\t{plain}\n", encoding="utf-8")
    assert cli.main(["translate", "-m", str(toy_run), "--glossary", str(terms), text]) == 0
    assert target in capfd.readouterr().out
    evaluate = ["evaluate", "-m", str(toy_run), "--test", str(test), "--save", str(tmp_path / "out")]
    assert cli.main([*evaluate, "--beam", "2", "--glossary", str(terms)]) == 0
    assert "terms used: 100.0 % (1 of 1, 1 different)" in capfd.readouterr().out
    assert cli.main(["translate", "-m", str(toy_run), "--glossary", str(terms), "-o", str(terms), text]) == 1
    assert terms.read_text(encoding="utf-8") == f"{text}\t{target}\n"
