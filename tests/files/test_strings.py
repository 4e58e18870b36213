"""Files with the strings of programs: .properties, .strings, .xcstrings, JSON, CSV."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mt.files.document import Result
from tests.files.kit import (
    HOW,
    check_broken,
    check_read_again,
    check_unchanged,
    document,
    segments,
    translated,
)

PROPERTIES = """\
# Comment = not text
! Another
app.title = My Application
greeting:Hello {0}, it''s you
  path\\ name = C:\\\\temp
long = one \\
    two \\
    three
empty =
novalue
tab=\\tIndented\\u00e4\\uD83D\\uDE00
last=No end of line"""

STRINGS = """\
/* Title of
   the window */
"title" = "Hello \\"World\\"";
// a line
key.two = "Line one\\nLine two";
  "odd"   =   "50%% of %@" ;
"""

I18NEXT = """\
{
  "title" : "Welcome",   "n": 3, "on": true, "none": null,
  "menu": { "open": "Open {{name}}", "list": ["One", "Two \\u00e9"] },
  "files": "{count, plural, =0 {no files} one {# file} other {# files}}",
  "empty": ""
}
"""

ARB = """\
{
  "@@locale": "en",
  "hello": "Hello {name}",
  "@hello": {"description": "A greeting", "placeholders": {"name": {}}}
}
"""

CHROME = """\
{"appName": {"message": "My extension", "description": "The name"},
 "hi": {"message": "Hi $USER$", "placeholders": {"user": {"content": "$1"}}}}"""

TABLE = '''\
id,text,note
1,"Hello, ""you""",keep
2,Plain,keep
3,"two
lines",keep
'''

XCSTRINGS = """\
{
  "sourceLanguage" : "en",
  "strings" : {
    "" : {

    },
    "Cancel" : {
      "localizations" : {
        "fr" : {
          "stringUnit" : {
            "state" : "translated",
            "value" : "Annuler"
          }
        }
      }
    },
    "Done" : {
      "localizations" : {
        "de" : {
          "stringUnit" : {
            "state" : "translated",
            "value" : "Fertig"
          }
        }
      }
    },
    "Save %@" : {
      "comment" : "A button"
    },
    "SKU" : {
      "shouldTranslate" : false
    }
  },
  "version" : "1.0"
}
"""

SAMPLES = [
    (PROPERTIES, "properties"),
    (STRINGS, "strings"),
    (I18NEXT, "json"),
    (ARB, "arb"),
    (CHROME, "json"),
    (TABLE, "csv"),
    (TABLE.replace(",", "\t").replace('"', ""), "tsv"),
]
HOW_TABLE = replace(HOW, columns=("text",))


@pytest.mark.parametrize(("text", "name"), SAMPLES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_is_not_translated_stays(text: str, name: str, newline: str, mark: str) -> None:
    for data in (text, text.rstrip("\n")):
        check_unchanged((mark + data).replace("\n", newline).encode(), name, HOW_TABLE)


@pytest.mark.parametrize(("text", "name"), SAMPLES)
def test_what_is_written_is_read_again(text: str, name: str) -> None:
    check_read_again(text, name, HOW_TABLE)


def test_properties() -> None:
    assert segments(PROPERTIES, "properties") == [
        "My Application",
        "Hello {0}, it's you",
        "C:\\temp",
        "one two three",
        "\tIndentedä😀",
        "No end of line",
    ]
    out = translated(PROPERTIES, "properties", lambda text: "it's ü" if "{0}" in text else text)
    assert out == PROPERTIES.replace("Hello {0}, it''s you", "it''s \\u00FC")
    check_broken("a = \\u12", "properties", "line 1")
    latin = "a=Größe\nb=c".encode("latin-1")  # what Java read before version 9
    check_unchanged(latin, "properties")
    assert document(latin, "properties").write([Result(" 大"), Result("é")]) == b"a=\\ \\u5927\nb=\\u00E9"


def test_strings_of_apple() -> None:
    assert segments(STRINGS, "strings") == ['Hello "World"', "Line one\nLine two", "50%% of %@"]
    check_unchanged(STRINGS.encode("utf-16"), "strings")
    check_broken('"a" = "b";\n"c" "d";', "strings", "line 2")
    check_broken('"a" = "b"', "strings", "; is expected")
    check_broken('"a" = "b', "strings", "line 1")


def test_plain_json() -> None:
    expected = ["Welcome", "Open {{name}}", "One", "Two é", json.loads(I18NEXT)["files"]]
    assert segments(I18NEXT, "json") == expected
    out = translated(I18NEXT, "json")
    assert '"TWO \\u00c9"' in out
    check_broken('{"a": "b",\n "c" "d"}', "json", "line 2")
    check_broken('"a"', "json", "object")
    check_broken("[" * 100_000, "json", "JSON")


def test_flutters_and_chromes_messages() -> None:
    assert segments(ARB, "arb") == ["Hello {name}"]
    assert '"@@locale": "de"' in translated(ARB, "arb")
    assert segments(CHROME, "json") == ["My extension", "Hi $USER$"]


def test_tables() -> None:
    how = replace(HOW, columns=("text", "3"))
    assert segments(TABLE, "csv", how) == ['Hello, "you"', "keep", "Plain", "keep", "two\nlines", "keep"]
    assert segments("a;b\nc;d\n", "csv", replace(HOW, columns=("2",))) == ["b", "d"]
    assert segments("a\nb", "csv") == ["a", "b"]
    assert segments("sep=;\na;b,c,d\ne;f\n", "csv", replace(HOW, columns=("b,c,d",))) == ["f"]
    assert '3,"TWO\nLINES",keep' in translated(TABLE, "csv", how=HOW_TABLE)
    assert '2,"A, ""B""",keep' in translated(
        TABLE, "csv", lambda text: 'A, "B"' if text == "Plain" else text, HOW_TABLE
    )
    check_broken(TABLE, "csv", "id, text, note")
    check_broken(TABLE, "csv", "no column wrong", replace(HOW, columns=("wrong",)))
    check_broken('a,b\n1,"open', "csv", "line 2", replace(HOW, columns=("a",)))
    check_broken('a,b\n"1"x,2', "csv", "line 2", replace(HOW, columns=("a",)))


def test_strings_of_apple_that_vary() -> None:
    """By number and device, with what is counted beside them: the translation has all that the source has."""
    forms = {
        "one": {"stringUnit": {"state": "translated", "value": "%lld dog"}},
        "other": {"stringUnit": {"state": "new", "value": "%lld dogs"}},
    }
    varied = {"variations": {"plural": forms}}
    left = {"stringUnit": {"state": "translated", "value": "%#@n@ left"}}
    english = {"a": varied, "b": left | {"substitutions": {"n": {"argNum": 1, **varied}}}}
    strings = {key: {"localizations": {"en": value}} for key, value in english.items()}
    catalogue = json.dumps({"sourceLanguage": "en", "strings": strings})
    assert segments(catalogue, "xcstrings") == [
        "%lld dog",
        "%lld dogs",
        "%#@n@ left",
        "%lld dog",
        "%lld dogs",
    ]
    read = document(catalogue, "xcstrings")
    out = read.write([Result("Hund"), Result("Hunde", flags=("copied",)), *map(Result, ("übrig", "x", "y"))])
    found = {key: value["localizations"] for key, value in json.loads(out)["strings"].items()}
    assert [value["en"] for value in found.values()] == list(english.values())
    german = found["a"]["de"]["variations"]["plural"]
    assert german["one"]["stringUnit"] == {"state": "translated", "value": "Hund"}
    assert german["other"]["stringUnit"] == {"state": "needs_review", "value": "Hunde"}
    counted = found["b"]["de"]["substitutions"]["n"]
    assert counted["argNum"] == 1
    assert counted["variations"]["plural"]["other"]["stringUnit"]["value"] == "y"
    assert found["b"]["de"]["stringUnit"]["value"] == "übrig"
    assert segments(out, "xcstrings") == []


def test_string_catalogues_of_apple() -> None:
    assert segments(XCSTRINGS, "xcstrings") == ["Cancel", "Save %@"]
    out = translated(XCSTRINGS, "xcstrings")
    strings = json.loads(out)["strings"]
    unit = {"stringUnit": {"state": "translated", "value": "CANCEL"}}
    assert strings["Cancel"]["localizations"]["de"] == unit
    assert strings["Save %@"]["localizations"]["de"]["stringUnit"]["value"] == "SAVE %@"
    added = [line for line in out.splitlines() if line not in XCSTRINGS.splitlines()]
    assert [line.strip() for line in added if "value" in line] == [
        '"value" : "CANCEL"',
        '"value" : "SAVE %@"',
    ]
    assert segments(out, "xcstrings") == []
    again = document(out, "xcstrings", replace(HOW, everything=True))
    assert list(again.segments) == ["Cancel", "Done", "Save %@"]
    own = [Result("Fertig" if one == "Done" else str(one).upper()) for one in again.segments]
    assert again.write(own) == out.encode()
    check_broken("{}", "xcstrings", "strings")
    check_broken(XCSTRINGS, "xcstrings", "--tgt", replace(HOW, tgt=None))
