"""Values of flags that are written in a form of their own: times, shards, addresses, formats of documents."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator

from mt.config.fields import Metavar

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def _seconds(text: object) -> object:
    """`90`, `90s`, `30m`, `1.5h`, `1h30m` -> seconds."""
    if not isinstance(text, str):
        return text
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh]?)", text.strip().lower())
    if not parts or "".join(number + unit for number, unit in parts) != text.strip().lower():
        raise ValueError("should be a time such as 90s, 30m or 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _network(text: str) -> str:
    """An address or a network, such as 10.0.0.0/8."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError("should be an address or a network such as 127.0.0.1 or 10.0.0.0/8") from None
    return text


def _address(text: str) -> str:
    """HOST:PORT."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError("should be HOST:PORT such as 127.0.0.1:9100")
    return text


def _shard(text: object) -> object:
    """3/16 is the third of sixteen."""
    number, _, count = str(text).partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise ValueError("should be a shard such as 3/16; the first is 1/16, the last 16/16")
    return f"{int(number)}/{int(count)}"


TIME = Metavar("30m")
Duration = Annotated[float, BeforeValidator(_seconds), TIME]
Network = Annotated[str, AfterValidator(_network), Metavar("ADDRESS")]
HostAndPort = Annotated[str, AfterValidator(_address), Metavar("HOST:PORT")]
Shard = Annotated[str, BeforeValidator(_shard), Metavar("N/M")]
DocumentFormat = Literal[
    "lines",
    "text",
    "po",
    "xliff",
    "tmx",
    "android",
    "srt",
    "vtt",
    "properties",
    "strings",
    "xcstrings",
    "json",
    "jsonl",
    "arb",
    "markdown",
    "rst",
    "html",
    "docx",
    "pptx",
    "odt",
    "epub",
    "csv",
    "tsv",
]
