"""The English names of languages."""

from __future__ import annotations

from mt.text.languages import base_language

_NAMES = dict(
    entry.split(" ", 1)
    for entry in """\
af Afrikaans;am Amharic;an Aragonese;ar Arabic;as Assamese;ast Asturian;az Azerbaijani;ba Bashkir
be Belarusian;bg Bulgarian;bn Bengali;bo Tibetan;br Breton;bs Bosnian;ca Catalan;ceb Cebuano;cs Czech
cv Chuvash;cy Welsh;da Danish;de German;dz Dzongkha;el Greek;en English;eo Esperanto;es Spanish
et Estonian;eu Basque;fa Persian;fi Finnish;fil Filipino;fo Faroese;fr French;fy Western Frisian;ga Irish
gd Scottish Gaelic;gl Galician;gn Guarani;gu Gujarati;ha Hausa;he Hebrew;hi Hindi;hr Croatian
ht Haitian Creole;hu Hungarian;hy Armenian;id Indonesian;ig Igbo;is Icelandic;it Italian;ja Japanese
jv Javanese;ka Georgian;kk Kazakh;km Khmer;kn Kannada;ko Korean;ku Kurdish;ky Kyrgyz;la Latin
lb Luxembourgish;lg Ganda;ln Lingala;lo Lao;lt Lithuanian;lv Latvian;lzh Classical Chinese;mg Malagasy
mi Maori;mk Macedonian;ml Malayalam;mn Mongolian;mr Marathi;ms Malay;mt Maltese;my Burmese
nb Norwegian Bokmål;ne Nepali;nl Dutch;nn Norwegian Nynorsk;no Norwegian;oc Occitan;om Oromo;or Odia
pa Punjabi;pl Polish;ps Pashto;pt Portuguese;qu Quechua;ro Romanian;ru Russian;rw Kinyarwanda;sa Sanskrit
sd Sindhi;se Northern Sami;si Sinhala;sk Slovak;sl Slovenian;sm Samoan;sn Shona;so Somali;sq Albanian
sr Serbian;st Southern Sotho;su Sundanese;sv Swedish;sw Swahili;ta Tamil;te Telugu;tg Tajik;th Thai
ti Tigrinya;tk Turkmen;tl Tagalog;tn Tswana;tr Turkish;tt Tatar;ug Uyghur;uk Ukrainian;ur Urdu;uz Uzbek
vi Vietnamese;wa Walloon;wo Wolof;wuu Wu Chinese;xh Xhosa;yi Yiddish;yo Yoruba;yue Cantonese;zh Chinese
zu Zulu;src Source;tgt Target""".replace("\n", ";").split(";")
)

_CODES = {name.lower(): code for code, name in _NAMES.items() if code not in ("src", "tgt")}


def name_of(code: str) -> str:
    """`zh` -> Chinese, `zh_Hans` -> Chinese (Hans); a code that is not known is its own name."""
    name = _NAMES.get(base_language(code))
    rest = code.replace("_", "-").partition("-")[2]
    return code if name is None else f"{name} ({rest})" if rest else name


def code_of(name: str) -> str | None:
    """`English` -> en, in upper or lower case; None for what is no name of a language."""
    return _CODES.get(name.strip().lower())
