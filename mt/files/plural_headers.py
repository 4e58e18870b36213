"""The Plural-Forms that gettext's catalogues have by convention, by language."""

from __future__ import annotations

from mt.text.languages import base_language

_SLAVIC = "n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2"
_RULES = {
    "ja zh ko vi th id ms lo my km bo dz jv su": "0",
    "fr oc br wa ti ln fil tl am fa mi mg hy": "n > 1",
    "ru uk be sr hr bs": _SLAVIC,
    "pl": "n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2",
    "cs sk": "n==1 ? 0 : n>=2 && n<=4 ? 1 : 2",
    "lt": "n%10==1 && n%100!=11 ? 0 : n%10>=2 && (n%100<10 || n%100>=20) ? 1 : 2",
    "lv": "n%10==1 && n%100!=11 ? 0 : n != 0 ? 1 : 2",
    "ro": "n==1 ? 0 : n==0 || (n%100 > 0 && n%100 < 20) ? 1 : 2",
    "sl": "n%100==1 ? 0 : n%100==2 ? 1 : n%100==3 || n%100==4 ? 2 : 3",
    "ar": "n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5",
    "ga": "n==1 ? 0 : n==2 ? 1 : n<7 ? 2 : n<11 ? 3 : 4",
    "gd": "n==1 || n==11 ? 0 : n==2 || n==12 ? 1 : n>2 && n<20 ? 2 : 3",
    "cy": "n==1 ? 0 : n==2 ? 1 : n!=8 && n!=11 ? 2 : 3",
    "mt": "n==1 ? 0 : n==0 || (n%100>1 && n%100<11) ? 1 : n%100>10 && n%100<20 ? 2 : 3",
    "mk": "n%10==1 && n%100!=11 ? 0 : 1",
    "is": "n%10!=1 || n%100==11",
}
_COUNTS = {"0": 1, "n > 1": 2, _RULES["mk"]: 2, _RULES["is"]: 2, _RULES["ar"]: 6, _RULES["ga"]: 5} | {
    _RULES[code]: 4 for code in ("sl", "gd", "cy", "mt")
}
_BY_CODE = {code: rule for codes, rule in _RULES.items() for code in codes.split()}


def plural_forms(language: str | None) -> str | None:
    """The value of a Plural-Forms header: "nplurals=2; plural=(n != 1);" for de. None without a language."""
    if not language:
        return None
    code = language.replace("-", "_").lower()
    rule = "n > 1" if code == "pt_br" else _BY_CODE.get(base_language(language), "n != 1")
    count = _COUNTS.get(rule, 2 if rule == "n != 1" else 3)
    return f"nplurals={count}; plural={rule if rule == '0' else f'({rule})'};"
