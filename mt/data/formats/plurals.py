"""The Plural-Forms of a gettext catalogue: which msgstr[i] goes with a number."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

_HEADER = re.compile(r"\s*nplurals\s*=\s*(\d{1,3})\s*;\s*plural\s*=\s*([^;]+?)\s*;?\s*")
_TOKEN = re.compile(r"\s*(\d+|n\b|[=!<>]=|&&|\|\||[-+*/%!<>?:()])")
_LONGEST = 1000  # characters of a rule; the longest in use has about 150

Value = Callable[[int], int]

_OPERATORS: tuple[dict[str, Callable[[int, int], int]], ...] = (  # of C; the first bind least
    {"||": operator.or_},
    {"&&": operator.and_},
    {"==": operator.eq, "!=": operator.ne},
    {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": operator.floordiv, "%": operator.mod},
)


@dataclass(frozen=True)
class PluralRule:
    """How many forms there are, and which one a number takes."""

    count: int
    form: Value

    def index(self, number: int) -> int:
        """The index of the form for a number. Raises ValueError if the rule gives none."""
        try:
            index = self.form(number)
        except ZeroDivisionError:
            raise ValueError(f"it divides by 0 where n is {number}") from None
        if not 0 <= index < self.count:
            raise ValueError(f"it gives form {index} of {self.count} where n is {number}")
        return index


def parse_plural_forms(header: str) -> PluralRule:
    """Read "nplurals=2; plural=(n != 1);". Raises ValueError, saying why, for what is no such rule."""
    found = _HEADER.fullmatch(header)
    if found is None:
        raise ValueError("it is not of the form nplurals=N; plural=EXPRESSION;")
    if len(found[2]) > _LONGEST:
        raise ValueError("its expression is too long")
    try:
        return PluralRule(int(found[1]), _Parser(found[2]).parse())
    except RecursionError:
        raise ValueError("its expression is nested too deeply") from None


class _Parser:
    """A C expression in n -> a function of n, by recursive descent; nothing is executed but arithmetic."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        end = 0
        while end < len(text):
            token = _TOKEN.match(text, end)
            if token is None:
                raise ValueError(f"{text[end:].strip()[:20]!r} is not expected in its expression")
            self._tokens.append(token[1])
            end = token.end()
        self._tokens.append("")  # the end
        self._next = 0

    def parse(self) -> Value:
        value = self._conditional()
        self._expect("")
        return value

    def _conditional(self) -> Value:
        condition = self._binary(0)
        if not self._take("?"):
            return condition
        then = self._conditional()
        self._expect(":")
        otherwise = self._conditional()
        return lambda n: then(n) if condition(n) else otherwise(n)

    def _binary(self, level: int) -> Value:
        if level == len(_OPERATORS):
            return self._unary()
        value = self._binary(level + 1)
        while token := self._take(*_OPERATORS[level]):
            value = _combine(token, _OPERATORS[level][token], value, self._binary(level + 1))
        return value

    def _unary(self) -> Value:
        if self._take("!"):
            operand = self._unary()
            return lambda n: int(not operand(n))
        if self._take("("):
            value = self._conditional()
            self._expect(")")
            return value
        if self._take("n"):
            return lambda n: n
        token = self._tokens[self._next]
        if not token.isdigit():
            raise self._unexpected("n or a number")
        self._next += 1
        number = int(token)
        return lambda _: number

    def _take(self, *wanted: str) -> str:
        """The next token if it is one of those, else an empty one."""
        token = self._tokens[self._next]
        if token not in wanted or not token:
            return ""
        self._next += 1
        return token

    def _expect(self, wanted: str) -> None:
        if self._tokens[self._next] != wanted:
            raise self._unexpected(wanted or "the end")
        self._next += 1

    def _unexpected(self, wanted: str) -> ValueError:
        token = self._tokens[self._next] or "the end"
        return ValueError(f"its expression has {token} where {wanted} is expected")


def _combine(token: str, operation: Callable[[int, int], int], left: Value, right: Value) -> Value:
    """The function of two operands; as in C the second is not evaluated where the first decides."""
    if token == "||":
        return lambda n: int(bool(left(n)) or bool(right(n)))
    if token == "&&":
        return lambda n: int(bool(left(n)) and bool(right(n)))
    return lambda n: int(operation(left(n), right(n)))
