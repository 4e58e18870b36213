"""What holds nothing to translate comes out as it went in, by every route."""

from __future__ import annotations

import pytest

from mt.text.passthrough import nothing_to_translate

NOTHING = """\
😀🌷
👩🏽‍⚕️ ❤️ 1️⃣ 🇨🇳 ℹ️ ™
123 456
١٢٣ ४५६ １２３ ⅷ ① ½
---
***
=====
－－－ 〜〜〜 ーーー ……
2024-01-01
01/02/2024 10:30
2024-01-01T10:30:00Z
2024-01-01T10:30:00.5+02:00
+49 (0)30 123-456
€ 12.50 – 15 %
(1) [2] {3}
?!
https://example.org/a_b?c=d&e=f#g
(https://example.org)
https://de.wikipedia.org/wiki/Köln_(Stadt),1
https://zh.wikipedia.org/wiki/北京
http://例子.测试/路径
ftp://x.org/y www.example.org
me@example.org
<me@example.org>
mailto:me@example.org?subject=x
me@a.org, you@b.org
%s
%1$s: %.1f %%
{{ name }}
{count, plural, one {# file} other {# files}}
<br/> &nbsp; <a href="x y"></a>
``os.path``
os.getcwd()
$HOME/${x}
snake_case_name
/usr/local/bin/mt
C:\\Windows\\x.dll
0x1F #ff00aa
550e8400-e29b-41d4-a716-446655440000
v1.2.3""".splitlines()

SOMETHING = """\
a
我
5 km
2024年1月1日
1 May
A 😀
OK!
E_xit
_cancel
/_File/Save _all...
and/or
https://example.org/a 是什么
https://example.org/a看看这个
Write to me@example.org
<b>bold</b>
*important*
%s files
{{name}}さん
See `the errata <https://x.org>`_
B2B
ไทย
한국""".splitlines()


UNSEEN = ["", " ", "\u3000", "\u200b", "\ufeff", "\u200b \u2060", "\x07", "\u3164"]


@pytest.mark.parametrize("text", [*NOTHING, *UNSEEN])
def test_no_letters_but_in_addresses_and_code(text: str) -> None:
    assert nothing_to_translate(text)
    assert nothing_to_translate(f"\ufeff {text} \u200b")


@pytest.mark.parametrize("text", SOMETHING)
def test_a_letter_is_something_to_translate(text: str) -> None:
    assert not nothing_to_translate(text)
    assert not nothing_to_translate(f"\u200b😀 {text} 123 --- me@example.org")
