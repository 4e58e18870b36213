"""The built-in corpus: right in both languages, and split so that the test asks for composing."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from data.phrasebook import grammar as phrasebook
from data.phrasebook import inflection, lexicon
from data.phrasebook.grammar import DEFAULT_SEED, DEMO, PATTERNS, SLOTS, Sentence
from mt.data.formats import read_pairs
from mt.data.formats.pairs import Pair, Split

Parts = dict[Split, list[tuple[str, str]]]


parts_of = cache(phrasebook.parts)


@pytest.fixture
def parts() -> Parts:
    return parts_of(DEFAULT_SEED)


@pytest.fixture(params=[DEFAULT_SEED, DEFAULT_SEED + 1])
def any_parts(request: pytest.FixtureRequest) -> Parts:
    """What must hold for every seed is asked of two."""
    return parts_of(request.param)


@pytest.fixture(scope="module")
def corpus() -> list[Sentence]:
    """The published corpus with where its sentences come from."""
    return phrasebook.sentences(DEFAULT_SEED, quota=phrasebook.QUOTA)


@pytest.fixture(scope="module")
def grammar() -> list[Sentence]:
    """A larger piece of what the grammar can say than one corpus holds."""
    return phrasebook.sentences(3, quota=1000)


def normal(text: str) -> str:
    return text.rstrip("。.？?！!").lower()


def fill(template: str, fillers: str) -> Sentence:
    """The sentence of a Chinese template with these Chinese fillers, separated by spaces."""
    number = next(n for n, (zh, _) in enumerate(PATTERNS) if zh == template)
    slots = phrasebook._slots(template)
    words = phrasebook._find([SLOTS[phrasebook._type(slot)] for slot in slots], fillers.split())
    assert words, f"{fillers} do not fill {template}"
    assert phrasebook._sensible(slots, words)
    return phrasebook._sentence(number, slots, words)


# -- the corpus as a whole --------------------------------------------------------------------------


def test_the_corpus_is_large_enough_and_no_sentence_is_repeated(parts: Parts) -> None:
    everything = [pair for part in parts.values() for pair in part]
    assert 24_000 <= len(everything) <= 30_000
    assert len(set(everything)) == len(everything)
    assert 1000 <= len(parts["validation"]) <= 1020
    assert 1000 <= len(parts["test"]) <= 1020


def test_it_has_many_patterns_and_none_dominates(corpus: list[Sentence]) -> None:
    by_pattern = Counter(sentence.pattern for sentence in corpus)
    assert len(by_pattern) == len(PATTERNS) >= 40
    assert max(by_pattern.values()) <= 0.06 * len(corpus)


def test_it_uses_at_least_400_chinese_words_all_of_them_in_train(parts: Parts) -> None:
    words = {part for filler in SLOTS.values() for word in filler for part in word.parts}
    train = "\n".join(zh for zh, _ in parts["train"])
    assert len(words) >= 400
    assert [word for word in sorted(words) if word not in train] == []


def test_the_seed_alone_decides_what_is_in_the_corpus_and_in_which_order(parts: Parts) -> None:
    assert phrasebook.parts(DEFAULT_SEED) == parts
    other = parts_of(DEFAULT_SEED + 1)
    assert set(other["train"]) != set(parts["train"])
    assert set(other["test"]) != set(parts["test"])


def test_the_order_is_shuffled_so_that_any_stretch_of_it_is_mixed(parts: Parts) -> None:
    starts = Counter(zh[0] for zh, _ in parts["train"][:500])
    assert len(starts) > 20
    assert max(starts.values()) < 250


@pytest.mark.parametrize("split", get_args(Split))
def test_the_package_holds_what_the_grammar_writes(split: Split, parts: Parts) -> None:
    """If not: `python -m data.phrasebook`."""
    found = read_pairs("phrasebook", src=None, tgt=None, split=split)
    assert list(found) == [Pair(*pair) for pair in parts[split]]


# -- what is held out ---------------------------------------------------------------------------------


def test_no_two_parts_share_a_sentence_of_either_language(any_parts: Parts) -> None:
    for language in (0, 1):
        seen = [{normal(pair[language]) for pair in any_parts[split]} for split in get_args(Split)]
        assert len(set.union(*seen)) == sum(map(len, any_parts.values()))  # nor does one part repeat any


def test_a_combination_is_held_out_in_all_its_patterns(parts: Parts, corpus: list[Sentence]) -> None:
    combination = {sentence.zh: sentence.combination for sentence in corpus}
    kept = [{combination[zh] for zh, _ in parts[split]} for split in get_args(Split)]
    assert len(set.union(*kept)) == sum(map(len, kept))


def test_variants_of_the_emblem_are_nowhere_in_train(parts: Parts) -> None:
    assert ("我爱北京", "I love Beijing") in parts["test"]
    learned = [*parts["train"], *parts["validation"]]
    assert [zh for zh, _ in learned if re.match("我(不|也|最|非常)?爱北京", zh)] == []
    assert [en for _, en in learned if re.match(r"I( \w+| don't)? love Beijing", en)] == []
    assert any("我爱" in zh for zh, _ in parts["train"])  # only the whole is new
    assert any("爱北京" in zh for zh, _ in parts["train"])


def test_variants_of_a_sentence_share_its_combination() -> None:
    loving = ("{all}{feel}{liked}", "{who}不{feel}{liked}", "{who}最{feel}{liked}")
    assert {fill(template, "我 爱 北京").combination for template in loving} == {("北京", "我", "爱")}
    reading = [
        fill("{who}不想{act}", "她 看书"),
        fill("{asked}在{doing}吗？", "她 看书"),
        fill("{who}{day}要{act}", "她 星期一 看书"),
        fill("{one}想和{other}一起{fun}", "她 我 看书"),
    ]
    assert [sentence.combination for sentence in reading] == [("她", "看书")] * 3 + [("她", "我", "看书")]


def test_the_demonstration_is_in_test_and_in_no_other_part(any_parts: Parts) -> None:
    assert DEMO[0] == "我爱北京"
    assert 6 <= len(DEMO) <= 8
    assert set(DEMO) <= {zh for zh, _ in any_parts["test"]}
    learned = {normal(zh) for split in ("train", "validation") for zh, _ in any_parts[split]}
    assert learned.isdisjoint(normal(zh) for zh in DEMO)


def test_train_holds_every_character_and_word_of_the_other_parts(any_parts: Parts) -> None:
    train, held_out = any_parts["train"], [*any_parts["validation"], *any_parts["test"]]
    assert not set("".join(zh for zh, _ in held_out)) - set("".join(zh for zh, _ in train))
    known = Counter(word for _, en in train for word in re.findall(r"[\w'-]+", en))
    assert [word for _, en in held_out for word in re.findall(r"[\w'-]+", en) if known[word] < 5] == []


# -- the two languages --------------------------------------------------------------------------------


def test_each_sentence_has_one_translation_in_either_direction(grammar: list[Sentence]) -> None:
    english: dict[str, str] = {}
    chinese: dict[str, str] = {}
    for sentence in grammar:
        zh, en = normal(sentence.zh), normal(sentence.en)
        assert english.setdefault(zh, en) == en, zh
        assert chinese.setdefault(en, zh) == zh, en


def test_the_final_mark_is_the_same_on_both_sides(grammar: list[Sentence]) -> None:
    marks = {"？": "?", "！": "!", "。": "."}
    for sentence in grammar:
        last = sentence.en[-1] if sentence.en[-1] in "?!." else ""
        assert marks.get(sentence.zh[-1], "") == last, sentence.zh
    statements = [s.zh for s in grammar if s.zh[-1] not in "？！"]
    assert 0.4 < sum(zh.endswith("。") for zh in statements) / len(statements) < 0.6


def test_sentences_are_short_and_clean(grammar: list[Sentence]) -> None:
    for sentence in grammar:
        zh, en = sentence.zh, sentence.en
        assert 2 <= len(zh) <= 20
        assert re.fullmatch(r"[\u4e00-\u9fff，]+[。？！]?", zh), zh
        assert re.fullmatch(r"[A-Z][A-Za-z',-]*( [A-Za-z',-]+)*[.?!]?", en), en
        assert not re.search(r"\b(?!Li )(\w+) \1\b", en), en


def test_articles_follow_the_sound(grammar: list[Sentence]) -> None:
    for sentence in grammar:
        for article, first in re.findall(r"\b(an?) (\w+)", sentence.en):
            assert (article == "an") == (first[0] in "aeiou" or first == "hour"), sentence.en


def test_verbs_agree_with_their_subjects(grammar: list[Sentence]) -> None:
    for sentence in grammar:
        en = sentence.en
        assert not re.match(r"(He|She|My \w+|Mary|Tom) (like|love|want|have|go|are|don't|do|live)\b", en), en
        assert not re.match(r"(I|We|They) (\w+ )?(likes|loves|wants|has|goes|is|doesn't|lives)\b", en), en
        assert not re.search(r"\b(one|an?) \w+ (cups|books|years)\b|\b(two|three) (cup|book|year|hour)\b", en)


def test_names_days_and_months_are_capitalised(grammar: list[Sentence]) -> None:
    proper = {f"{word.en}" for slot in ("city", "name", "day", "month", "language") for word in SLOTS[slot]}
    lower = re.compile(rf"\b({'|'.join(name.lower() for name in proper if name != 'May')})\b")
    assert [s.en for s in grammar if lower.search(s.en)] == []
    assert [s.en for s in grammar if re.search(r"\bi\b", s.en)] == []


@pytest.mark.parametrize(
    ("template", "fillers", "zh", "en"),
    [
        # likes, wants
        ("{all}{feel}{liked}", "我 爱 北京", "我爱北京", "I love Beijing"),
        ("{all}{feel}{liked}", "他 喜欢 苹果", "他喜欢苹果", "He likes apples"),
        ("{who}不{feel}{liked}", "她 喜欢 茶", "她不喜欢茶", "She doesn't like tea"),
        ("{who}喜欢{fun}", "我们 游泳", "我们喜欢游泳", "We like swimming"),
        ("{asked}想{act}吗？", "你 喝咖啡", "你想喝咖啡吗？", "Do you want to drink coffee?"),
        ("{whoever}{feel}{liked}？", "谁 喜欢 可乐", "谁喜欢可乐？", "Who likes cola?"),
        # family, work, having
        ("{worker}是{job}", "我妈妈 工程师", "我妈妈是工程师", "My mother is an engineer"),
        ("{friend}有{few}个{kin}", "我 两 孩子", "我有两个孩子", "I have two children"),
        (
            "{owner}忘了带{carried}",
            "他太太 护照",
            "他太太忘了带护照",
            "His wife forgot to bring her passport",
        ),
        ("{asked}是谁？", "他们", "他们是谁？", "Who are they?"),
        # food, shopping, numbers, measure words
        ("请给我{n}{order:m}{order}", "一 咖啡", "请给我一杯咖啡", "Please give me a cup of coffee"),
        ("请给我{n}{order:m}{order}", "两 茶", "请给我两杯茶", "Please give me two cups of tea"),
        ("这{goods:m}{goods}多少钱？", "毛衣", "这件毛衣多少钱？", "How much is this sweater?"),
        (
            "那{cheap:m}{cheap}{price}块钱",
            "书 二十五",
            "那本书二十五块钱",
            "That book costs twenty-five yuan",
        ),
        ("那{shown:m}{shown}太{excess}了", "裤子 大", "那条裤子太大了", "That pair of trousers is too big"),
        ("{spot}没有{item}", "冰箱里 牛奶", "冰箱里没有牛奶", "There is no milk in the fridge"),
        # places, travel
        ("{asked}在哪里？", "小明", "小明在哪里？", "Where is Xiaoming?"),
        ("{who}{ride}去{goal}", "他 坐火车 上海", "他坐火车去上海", "He goes to Shanghai by train"),
        ("{who}{ride}去{goal}", "她 骑自行车 学校", "她骑自行车去学校", "She goes to school by bike"),
        (
            "{building}在{building2}{side}",
            "银行 酒店 对面",
            "银行在酒店对面",
            "The bank is opposite the hotel",
        ),
        # time, dates, weather
        ("现在{clock}", "两点半", "现在两点半", "It is half past two now"),
        ("{asked}几点{routine}？", "你 起床", "你几点起床？", "What time do you get up?"),
        ("明天是{month}{date}", "五月 二号", "明天是五月二号", "Tomorrow is the second of May"),
        ("{who}{day}要{act}", "我 星期一 去美国", "我星期一要去美国", "I will go to America on Monday"),
        ("{city}{future}会{fall}", "上海 明天 下雨", "上海明天会下雨", "It will rain in Shanghai tomorrow"),
        # abilities, past, comparison, politeness
        ("{who}会{skill}", "小红 游泳", "小红会游泳", "Xiaohong can swim"),
        ("{who}{future}不能{act}", "我 明天 工作", "我明天不能工作", "I can't work tomorrow"),
        ("{who}没{trip:guo}", "我爸爸 去法国", "我爸爸没去过法国", "My father has never been to France"),
        ("{all}{past}{transitive:le}", "他 昨天 吃面条", "他昨天吃了面条", "He ate noodles yesterday"),
        ("{who}{past}没{act}", "她 前天 看书", "她前天没看书", "She didn't read the day before yesterday"),
        ("{one}比{other}{compared}", "我哥哥 我 高", "我哥哥比我高", "My older brother is taller than me"),
        ("{one}没有{other}{compared}", "他 她 聪明", "他没有她聪明", "He is not as smart as her"),
        ("{goods}比{goods2}{trait}", "咖啡 茶 贵", "咖啡比茶贵", "Coffee is more expensive than tea"),
        ("请问，{building}在哪里？", "医院", "请问，医院在哪里？", "Excuse me, where is the hospital?"),
        ("不好意思，{mine}不会{skill}", "我 说法语", "不好意思，我不会说法语", "Sorry, I can't speak French"),
        ("谢谢{askedone}的{thanked}", "你 帮助", "谢谢你的帮助", "Thank you for your help"),
    ],
)
def test_golden_sentences(template: str, fillers: str, zh: str, en: str) -> None:
    sentence = fill(template, fillers)
    assert (sentence.zh.rstrip("。"), sentence.en.rstrip(".")) == (zh, en)


@pytest.mark.parametrize(
    ("slots", "fillers"),
    [
        (("shown", "grade"), ("大衣", "好吃")),  # coats are not eaten
        (("dear", "sum"), ("袜子", "两千")),
        (("spot", "item"), ("书包里", "床")),
        (("goods", "goods2"), ("苹果", "手机")),  # only like is compared with like
        (("one", "other"), ("他", "他")),
        (("ride", "goal"), ("坐飞机", "银行")),
        (("clock", "routine"), ("三点", "起床")),
        (("season", "climate"), ("夏天", "冷")),
    ],
)
def test_words_that_do_not_go_together_are_never_joined(slots: list[str], fillers: list[str]) -> None:
    words = phrasebook._find([SLOTS[phrasebook._type(slot)] for slot in slots], fillers)
    assert words
    assert not phrasebook._sensible(slots, words)


# -- the templates and the words' forms ----------------------------------------------------------------


def test_both_templates_of_a_pattern_name_the_same_slots_and_no_slot_is_left_over() -> None:
    def names(template: str) -> set[str]:
        fields = [(name, spec or "") for _, name, spec, _ in Formatter().parse(template) if name]
        return {name for name, _ in fields}.union(*(names(spec) for _, spec in fields))

    for zh, en in PATTERNS:
        assert names(zh) == names(en) - set(phrasebook._FIXED), zh
    assert {phrasebook._type(name) for zh, _ in PATTERNS for name in names(zh)} == set(SLOTS)


@pytest.mark.parametrize(
    ("phrase", "third", "past", "done", "ing"),
    [
        ("go to Beijing", "goes to Beijing", "went to Beijing", "been to Beijing", "going to Beijing"),
        ("study", "studies", "studied", "studied", "studying"),
        ("take a walk", "takes a walk", "took a walk", "taken a walk", "taking a walk"),
        ("play tennis", "plays tennis", "played tennis", "played tennis", "playing tennis"),
        ("wash clothes", "washes clothes", "washed clothes", "washed clothes", "washing clothes"),
        ("run", "runs", "ran", "run", "running"),
        ("have lunch", "has lunch", "had lunch", "had lunch", "having lunch"),
    ],
)
def test_english_verbs(phrase: str, third: str, past: str, done: str, ing: str) -> None:
    (act,) = inflection.acts(f"动|词 {phrase}")
    assert [f"{act.en:past}", f"{act.en:done}", f"{act.en:ing}"] == [past, done, ing]
    assert f"{lexicon.HE.en:{phrase}}" == third
    assert f"{lexicon.ME.en:{phrase}}" == phrase
    assert f"{act.zh} {act.zh:le} {act.zh:guo}" == "动词 动了词 动过词"


def test_be_agrees() -> None:
    people = (lexicon.ME, lexicon.YOU, lexicon.SHE, lexicon.THEY)
    assert [f"{person.en:be} {person.en:was}" for person in people] == [
        "am was",
        "are were",
        "is was",
        "are were",
    ]


def test_nouns_are_counted_by_themselves_or_by_a_unit() -> None:
    knife, soup, shoes = inflection.nouns("", "刀 把 knife; 汤 碗 soup/bowl; 鞋 双 shoes/pair")
    assert [f"{noun.en:one}, {noun.en:three}, {noun.en}, {noun.en:be}" for noun in (knife, soup, shoes)] == [
        "a knife, three knives, knives, are",
        "a bowl of soup, three bowls of soup, soup, is",
        "a pair of shoes, three pairs of shoes, shoes, are",
    ]
    assert (
        f"{soup.en:there one}, {soup.en:there two}" == "there is a bowl of soup, there are two bowls of soup"
    )


def test_comparatives() -> None:
    adjectives = ("cold", "big", "busy", "cute", "quiet", "famous", "expensive", "humid", "dry")
    assert [inflection.comparative(adjective) for adjective in adjectives] == [
        "colder",
        "bigger",
        "busier",
        "cuter",
        "quieter",
        "more famous",
        "more expensive",
        "more humid",
        "drier",
    ]


@pytest.mark.parametrize(
    ("number", "zh", "en"),
    [
        (2, "两", "two"),
        (10, "十", "ten"),
        (12, "十二", "twelve"),
        (20, "二十", "twenty"),
        (35, "三十五", "thirty-five"),
        (100, "一百", "one hundred"),
        (200, "两百", "two hundred"),
        (3000, "三千", "three thousand"),
    ],
)
def test_numbers_in_both_languages(number: int, zh: str, en: str) -> None:
    assert (inflection.number_zh(number), inflection.number_en(number)) == (zh, en)


def test_ordinals() -> None:
    assert [inflection.ordinal(n) for n in (1, 3, 12, 20, 21, 28)] == [
        "first",
        "third",
        "twelfth",
        "twentieth",
        "twenty-first",
        "twenty-eighth",
    ]


def test_make_demo_shows_the_sentences_that_are_held_out() -> None:
    """The Makefile writes them out, so that the demo uses the command as a person would."""
    makefile = (Path(__file__).parent.parent / "Makefile").read_text(encoding="utf-8")
    line = next(line for line in makefile.splitlines() if line.startswith("SENTENCES :="))
    assert tuple(line.split()[2:]) == phrasebook.DEMO
