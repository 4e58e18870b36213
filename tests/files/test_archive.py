"""DOCX, PPTX, ODT, EPUB and HTML: what is translated, and that all else stays."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace

import pytest
from lxml import etree

from mt.files import office
from mt.files.document import Result, plain
from tests.files.kit import HOW, check_broken, check_unchanged, document, mapped, segments

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
BODY = f"""\
<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:document {W} xmlns:r="urn:r"><w:body>
<w:p w:rsidR="1"><w:pPr><w:pStyle w:val="Title"/></w:pPr><w:r><w:t>A &amp; B</w:t></w:r></w:p>
<w:p><w:bookmarkStart w:id="0" w:name="x"/><w:r><w:rPr><w:lang w:val="en"/></w:rPr>\
<w:t xml:space="preserve">A </w:t></w:r>\
<w:proofErr w:type="spellStart"/><w:r><w:t xml:space="preserve">man in a </w:t></w:r>\
<w:bookmarkEnd w:id="0"/>\
<w:hyperlink r:id="r1"><w:r><w:rPr><w:b/></w:rPr><w:t>red shirt</w:t></w:r></w:hyperlink>\
<w:r><w:br/><w:t>rides.</w:t></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r>\
<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>\
<w:r><w:t>7</w:t></w:r>\
<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>
<w:p><w:r><w:drawing><txbx><w:p><w:r><w:t>In a box</w:t></w:r></w:p></txbx></w:drawing></w:r>\
<w:r><w:t>Around</w:t></w:r></w:p>
<w:p/><w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>
</w:body></w:document>
"""
SLIDE = """\
<p:sld xmlns:p="urn:p" xmlns:a="urn:a"><a:p><a:r><a:rPr lang="en-US" dirty="0"/><a:t>Two </a:t></a:r>\
<a:r><a:rPr lang="en-US" b="1"/><a:t>dogs</a:t></a:r><a:endParaRPr lang="en-US"/></a:p></p:sld>"""
ODT = """\
<office:document-content xmlns:office="o" xmlns:text="t" xmlns:draw="d"><text:tracked-changes>\
<text:deletion><text:p>gone</text:p></text:deletion></text:tracked-changes><text:h>A title</text:h>
<text:p>Some <text:span text:style-name="B">bold</text:span> text<text:note><text:note-body>\
<text:p>A note</text:p>\
</text:note-body></text:note>.<text:s/></text:p></office:document-content>"""
PAGE = """\
<?xml version="1.0" encoding="utf-8"?>
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>A title</title></head>
<body><p>Some <b>bold</b> text&#160;&lt;here.</p><img alt="A dog" src="x"/></body></html>"""
NAV = """\
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>
<nav epub:type="toc"><h1>Contents</h1><ol><li><a href="a.xhtml#x">A <i>long</i> chapter</a></li></ol></nav>
<nav epub:type="page-list" hidden=""><ol><li><a href="a.xhtml">7</a></li></ol></nav></body></html>"""
NCX = """\
<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">
<ncx><head><meta name="dtb:uid" content="An id"/></head><docTitle><text>A book</text></docTitle><navMap>\
<navPoint><navLabel><text>Chapter</text></navLabel><content src="a.xhtml"/></navPoint></navMap></ncx>"""


def archive(members: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in members.items():
            how = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            file.writestr(zipfile.ZipInfo(name, (2020, 1, 2, 3, 4, 6)), content, how)
    return out.getvalue()


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        return {info.filename: file.read(info) for info in file.infolist()}


SAMPLES = {
    "docx": archive(
        {"[Content_Types].xml": "<x/>", "word/document.xml": BODY, "word/media/a.png": b"\x89PNG"}
    ),
    "pptx": archive({"ppt/presentation.xml": "<x/>", "ppt/slides/slide1.xml": SLIDE}),
    "odt": archive({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ODT}),
    "epub": archive(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": "<x/>",
            "a.xhtml": PAGE,
            "nav.xhtml": NAV,
            "toc.ncx": NCX,
        }
    ),
}
TEXTS = {
    "docx": ["A & B", "A man in a red shirtrides.", "Around", "In a box"],
    "pptx": ["Two dogs"],
    "odt": ["A title", "Some bold text.", "A note"],
    "epub": [
        "A title",
        "Some bold text\u00a0<here.",
        "A dog",
        "Contents",
        "A long chapter",
        "7",
        "A book",
        "Chapter",
    ],
}


def upper(data: bytes, name: str) -> dict[str, bytes]:
    read = document(data, name)
    return members(read.write([Result(mapped(one, str.upper)) for one in read.segments]))


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_not_translated_stays(name: str) -> None:
    check_unchanged(SAMPLES[name], name)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_texts_of_an_archive(name: str) -> None:
    shown = [plain(one) for one in segments(SAMPLES[name], name)]
    assert [text for text in shown if text] == TEXTS[name]
    before, after = members(SAMPLES[name]), upper(SAMPLES[name], name)
    assert list(before) == list(after)
    for member, content in after.items():
        if member.endswith("ml"):
            etree.fromstring(content)
    again = document(archive(after), name)
    assert [plain(one) for one in again.segments if plain(one)] == [text.upper() for text in TEXTS[name]]


def test_runs_keep_their_formats() -> None:
    out = upper(SAMPLES["docx"], "docx")["word/document.xml"].decode()
    lang = '<w:rPr><w:lang w:val="en"/></w:rPr>'
    assert (
        f'<w:p><w:bookmarkStart w:id="0" w:name="x"/><w:r>{lang}'
        '<w:t xml:space="preserve">A MAN IN A </w:t></w:r>'
        '<w:bookmarkEnd w:id="0"/><w:hyperlink r:id="r1"><w:r><w:rPr><w:b/></w:rPr>'
        "<w:t>RED SHIRT</w:t></w:r></w:hyperlink>"
    ) in out
    assert '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>' in out
    assert "<w:t>IN A BOX</w:t></w:r></w:p></txbx></w:drawing>" in out
    assert "<w:delText>gone</w:delText>" in out
    slide = upper(SAMPLES["pptx"], "pptx")["ppt/slides/slide1.xml"].decode()
    assert '<a:r><a:rPr lang="en-US" b="1"/><a:t>DOGS</a:t></a:r><a:endParaRPr lang="en-US"/></a:p>' in slide


def test_fields_of_word_whose_results_are_computed_stay() -> None:
    def field(instruction: str, result: str) -> str:
        marks = (f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end"))
        begin, separate, end = marks
        return f"{begin}<w:r><w:instrText>{instruction}</w:instrText></w:r>{separate}{result}{end}"

    def run(text: str) -> str:
        return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'

    kept = [
        field(' DATE \\@ "d MMMM" ', run("1 May")),
        field("= a + b", run("three")),
        field("IF", field("PAGE", run("one")) + run("is so")),
        f'<w:fldSimple w:instr=" SEQ Figure ">{run("one")}</w:fldSimple>',
        '<w:r><w:fldChar w:fldCharType="begin"/><w:t>x</w:t><w:fldChar w:fldCharType="end"/></w:r>',
    ]
    link = field('HYPERLINK "x"', run("here"))
    paragraphs = [
        *(f"<w:p>{run('On ')}{one}{run(' it is')}</w:p>" for one in kept),
        f"<w:p>{run('Go ')}{link}</w:p>",
        f'<w:p>{run("a")}<w:r><w:fldChar w:fldCharType="begin"/></w:r>{run("left")}</w:p>',
        f'<w:p><w:r><w:fldChar w:fldCharType="end"/></w:r>{run("b")}</w:p>',
    ]
    text = f'<w:document xmlns:w="urn:w"><w:body>{"".join(paragraphs)}</w:body></w:document>'
    read = office.read(replace(HOW, data=text.encode()))
    out = read.write([Result(mapped(source, str.upper)) for source in read.segments]).decode()
    for one in kept:
        assert f"ON </w:t></w:r>{one}<w:r><w:t xml:space=" in out
    assert link.replace("here", "HERE").replace(' xml:space="preserve"', "") in out
    assert "<w:t>A</w:t></w:r><w:r><w:fldChar" in out
    assert f'{run("left")}</w:p><w:p><w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:t>B</w:t>' in out


def test_text_beside_other_text_in_open_document() -> None:
    out = upper(SAMPLES["odt"], "odt")["content.xml"].decode()
    assert '<text:p>SOME <text:span text:style-name="B">BOLD</text:span> TEXT<text:note>' in out
    assert "<text:p>A NOTE</text:p></text:note-body></text:note>.<text:s/></text:p>" in out


def test_pages() -> None:
    html = "<!DOCTYPE html>\r\n<p title='A dog'>Two <i>dogs</i> &amp; a cat<br>here<script>var a</script>"
    check_unchanged(html.encode(), "html")
    check_unchanged("<meta charset=latin1><p>Größe</p>".encode("latin-1"), "html")
    shown = [plain(one) for one in segments(html, "html")]
    assert "A dog" in shown
    read = document("<meta charset=latin1><p>Größe</p>".encode("latin-1"), "html")
    assert b"<p>&#20013;</p>" in read.write([Result("中")])
    check_broken(b"\0\1", "html", "NUL")


def test_broken_archives_are_named() -> None:
    check_broken(b"no archive", "docx", "is no .docx file")
    check_broken(SAMPLES["docx"][:-40], "docx", "is no .docx file")
    check_broken(SAMPLES["docx"], "odt", "it lacks content.xml")
    broken = archive({"word/document.xml": BODY.replace("</w:body>", "")})
    check_broken(broken, "docx", "broken XML: mismatched tag")
    check_broken(broken, "docx", "its word/document.xml, line ")
