"""How words are made for the phrasebook: two sides, English inflection, numbers, and readers of tables.

The grammar (`phrasebook`) fills templates by `str.format`; a word answers each format spec with one of
its forms. `{act}` is "drink tea", `{act:past}` "drank tea"; `{thing:m}` is a noun's measure word,
`{thing:three}` "three cups of coffee"; `{who:don't}` agrees with the person: "doesn't".
A table (of `lexicon`) holds one entry per `;` or line: Chinese, further columns, English.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Forms:
    """One language's side of a word. `f"{forms}"` is the plain form, `f"{forms:name}"` a named one."""

    by_name: Mapping[str, str]

    def __format__(self, spec: str) -> str:
        return self.by_name[spec]


class Person(Forms):
    """An English subject: a spec that names no form is a verb phrase, which is made to agree."""

    def __format__(self, spec: str) -> str:
        return self.by_name.get(spec) or agree(spec, self.by_name["be"])


class Noun(Forms):
    """An English noun: a spec that names no form is a number, with or without `there` before it."""

    def __format__(self, spec: str) -> str:
        if spec in self.by_name:
            return self.by_name[spec]
        verb, number = spec.split() if spec.startswith("there ") else ("", spec)
        counted = self.by_name["a"] if number == "one" else f"{number} {self.by_name['many']}"
        if not verb:
            return counted
        return f"there {'is' if number == 'one' else 'are'} {counted}"


@dataclass(frozen=True)
class Word:
    """What fills a slot: both sides, the kind of thing it is, and the kinds it goes with (empty: any).

    `parts` are the dictionary words in it: 喝茶 is a filler made of 喝 and 茶.
    """

    text: str
    zh: Forms
    en: Forms
    kind: str = ""
    fits: frozenset[str] = frozenset()
    parts: tuple[str, ...] = ()


def _rows(table: str, columns: int) -> Iterator[list[str]]:
    for entry in table.replace("\n", ";").split(";"):
        if entry.strip():
            yield entry.split(maxsplit=columns - 1)


# -- English morphology ---------------------------------------------------------------------------

_THIRD = {"have": "has", "do": "does", "don't": "doesn't", "haven't": "hasn't"}
_BE = {"am": ("am", "was"), "is": ("is", "was"), "are": ("are", "were")}
_PAST = """
buy bought bought; chat chatted chatted; do did done; drink drank drunk; drive drove driven; eat ate eaten
get got got; go went been; have had had; pay paid paid; read read read; ride rode ridden; run ran run
sing sang sung; sleep slept slept; speak spoke spoken; swim swam swum; take took taken; write wrote written
"""  # past, participle: who has "been to" a place has come back, which is the sense of 过
_IRREGULAR = {verb: (past, done) for verb, past, done in _rows(_PAST, 3)}
_DOUBLED = {"chat", "get", "run", "sit", "swim", "big", "hot", "thin", "sad"}
_PLURALS = {"child": "children", "fish": "fish", "knife": "knives", "scarf": "scarves", "sheep": "sheep"}


def agree(phrase: str, be: str) -> str:
    """The verb phrase in the present, agreeing with the subject whose form of "be" is given."""
    if phrase in ("be", "was"):
        return _BE[be][phrase == "was"]
    verb, space, rest = phrase.partition(" ")
    return (_THIRD.get(verb) or plural(verb) if be == "is" else verb) + space + rest


def plural(noun: str) -> str:
    """The plural, by spelling rule or from the table; the same rule gives a verb its third person."""
    start, space, last = noun.rpartition(" ")
    if last in _PLURALS:
        return start + space + _PLURALS[last]
    if last.endswith(("s", "sh", "ch", "x")) or last in ("go", "mango", "tomato"):
        return noun + "es"
    return noun[:-1] + "ies" if last.endswith("y") and last[-2] not in "aeiou" else noun + "s"


def a(noun: str) -> str:
    """The noun with its indefinite article, chosen by sound."""
    return f"{'an' if noun[0] in 'aeiou' or noun == 'hour' else 'a'} {noun}"


def comparative(adjective: str) -> str:
    """colder, busier, more expensive."""
    stem = adjective.removesuffix("e")
    if adjective.endswith("y"):
        return adjective[:-1] + "ier"
    groups = sum(c in "aeiou" and p not in "aeiou" for p, c in zip(" " + stem, stem, strict=False))
    if groups > 1:
        return f"more {adjective}"
    return (stem + stem[-1] if stem in _DOUBLED else stem) + "er"


def _inflect(phrase: str) -> dict[str, str]:
    """The forms of a verb phrase whose first word is the verb."""
    verb, space, rest = phrase.partition(" ")
    stem = verb + verb[-1] if verb in _DOUBLED else verb.removesuffix("e")
    regular = verb[:-1] + "ied" if verb.endswith("y") and verb[-2] not in "aeiou" else stem + "ed"
    past, done = _IRREGULAR.get(verb, (regular, regular))
    forms = {"": verb, "past": past, "done": done, "ing": stem + "ing"}
    return {name: form + space + rest for name, form in forms.items()}


# -- from tables to words -------------------------------------------------------------------------


def words(table: str, kind: str = "", fits: str = "") -> tuple[Word, ...]:
    """Words that have one form on either side. Rows: Chinese (parts divided by |), English."""
    return tuple(plain(zh, {"": en}, kind, fits) for zh, en in _rows(table, 2))


def plain(zh: str, en: dict[str, str], kind: str = "", fits: str = "") -> Word:
    """A word with one Chinese form (its parts divided by |) and the English forms given by name."""
    text = zh.replace("|", "")
    return Word(text, Forms({"": text}), Forms(en), kind, frozenset(fits.split()), tuple(zh.split("|")))


def nouns(kind: str, table: str) -> tuple[Word, ...]:
    """Rows: Chinese, measure word, English; `coffee/cup` is counted by the cup, `book` by itself.

    English forms: plain (things in general), `a`, `bare` (after this), `many`, `be` (is or are, in
    general); a number as spec counts: `{thing:three}`.
    """
    return tuple(_noun(kind, *row) for row in _rows(table, 3))


def _noun(kind: str, zh: str, measure: str, english: str) -> Word:
    name, _, unit = english.partition("/")
    one, many = (f"{unit} of {name}", f"{plural(unit)} of {name}") if unit else (name, plural(name))
    general = name if unit else many
    be = "are" if general.endswith("s") or not unit else "is"
    en = Noun({"": general, "a": a(one), "bare": one, "many": many, "be": be})
    return Word(zh, Forms({"": zh, "m": measure}), en, kind, parts=(zh, measure))


def acts(table: str, kind: str = "", fits: str = "") -> tuple[Word, ...]:
    """Rows: Chinese verb|object, English base form.

    Chinese forms: plain, `le` (吃了面条), `guo` (吃过面条); English: plain, `past`, `done`, `ing`.
    """
    return tuple(act(zh, en, kind, fits) for zh, en in _rows(table, 2))


def act(zh: str, en: str, kind: str = "", fits: str = "") -> Word:
    """One row of `acts`."""
    verb, _, rest = zh.partition("|")
    rest = rest.replace("|", "")
    forms = Forms({"": verb + rest, "le": f"{verb}了{rest}", "guo": f"{verb}过{rest}"})
    return Word(verb + rest, forms, Forms(_inflect(en)), kind, frozenset(fits.split()), tuple(zh.split("|")))


def with_objects(verb: str, english: str, objects: Iterable[Word]) -> tuple[Word, ...]:
    """A verb before each of the nouns: 喝 + 茶, "drink" + "tea"."""
    return tuple(act(f"{verb}|{noun.text}", f"{english} {noun.en}", "daily") for noun in objects)


def adjectives(fits: str, table: str) -> tuple[Word, ...]:
    """Rows: Chinese, English. English forms: plain, `er` (colder)."""
    return tuple(plain(zh, {"": en, "er": comparative(en)}, "", fits) for zh, en in _rows(table, 2))


def places(kind: str, table: str) -> tuple[Word, ...]:
    """Rows: Chinese, preposition, English with its article if it takes one.

    English forms: plain and `the` (the park), `at` (in the park), `to` (to the park), `a` (a park).
    """
    return tuple(_place(kind, *row) for row in _rows(table, 3))


def _place(kind: str, zh: str, preposition: str, english: str) -> Word:
    bare = english.removeprefix("the ")
    the = english if bare[0].isupper() else f"the {bare}"
    forms = {"": the, "the": the, "at": f"{preposition} {english}", "to": f"to {english}", "a": a(bare)}
    return plain(zh, forms, kind)


def person(zh: str, english: tuple[str, str, str], own: str, be: str) -> Word:
    """Somebody; `english` is subject, object and possessive, `own` the pronoun that refers back: his.

    English forms: plain, `obj`, `'s`, `own`, `be`; any other spec is a verb phrase, made to agree.
    """
    subject, obj, possessive = english
    en = Person({"": subject, "obj": obj, "'s": possessive, "own": own, "be": be})
    text = zh.replace("|", "")
    return Word(text, Forms({"": text}), en, parts=tuple(zh.split("|")))


def people(table: str) -> tuple[Word, ...]:
    """Rows: Chinese, own (their pronoun: his), English name."""
    rows = _rows(table, 3)
    return tuple(person(zh, (name, name, f"{name}'s"), own, "is") for zh, own, name in rows)


def relatives(owner: Word, table: str) -> tuple[Word, ...]:
    """The owner's people, 我 + 妈妈: "my mother". Rows as for `people`."""
    entries = ";".join(f"{owner.text}|{zh} {own} {owner.en:'s} {en}" for zh, own, en in _rows(table, 3))
    return people(entries)


def number_zh(number: int) -> str:
    """A number below 10,000 as it is said before a measure word: 两, 十二, 三十五, 两百."""
    digits = "零一二三四五六七八九"
    for unit, name in ((1000, "千"), (100, "百")):
        if number >= unit:  # only round hundreds and thousands are used
            return ("两" if number == 2 * unit else digits[number // unit]) + name
    tens, ones = divmod(number, 10)
    if tens == 0:
        return "两" if ones == 2 else digits[ones]
    return (digits[tens] if tens > 1 else "") + "十" + (digits[ones] if ones else "")


_ONES = {
    int(number): name
    for number, name in _rows(
        """
1 one; 2 two; 3 three; 4 four; 5 five; 6 six; 7 seven; 8 eight; 9 nine; 10 ten; 11 eleven; 12 twelve
13 thirteen; 14 fourteen; 15 fifteen; 16 sixteen; 17 seventeen; 18 eighteen; 19 nineteen; 20 twenty
30 thirty; 40 forty; 50 fifty; 60 sixty; 70 seventy; 80 eighty; 90 ninety
""",
        2,
    )
}


def number_en(number: int) -> str:
    """A number below 10,000 in words; above 100 only round hundreds and thousands."""
    for unit, name in ((1000, "thousand"), (100, "hundred")):
        if number >= unit:
            return f"{number_en(number // unit)} {name}"
    if number in _ONES:
        return _ONES[number]
    return f"{_ONES[number // 10 * 10]}-{_ONES[number % 10]}"


def ordinal(number: int) -> str:
    """third, twelfth, twenty-first."""
    start, dash, last = number_en(number).rpartition("-")
    odd = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth"}
    odd |= {"nine": "ninth", "twelve": "twelfth"}
    regular = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return start + dash + odd.get(last, regular)


def numbers(values: Iterable[int], fits: str = "") -> tuple[Word, ...]:
    """Number words, for counting."""
    return tuple(plain(number_zh(value), {"": number_en(value)}, "", fits) for value in values)
