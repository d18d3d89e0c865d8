"""MLflow's filter grammar: clauses joined by AND, read once into values that are only ever bound.

    metrics.loss < 0.5 AND params.`learning rate` = '0.1' AND tags.team IS NULL

There is no nesting, so reading takes one pass; length and number of clauses are limited.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from .errors import FilterRefused

_LONGEST, _LONGEST_VALUE = 65_536, 8192  # lists of ids are long
_MOST_CLAUSES = 32
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|\\.|'')*')
    | (?P<quoted>"(?:[^"\\]|\\.)*"|`[^`]*`)
    | (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w./]))
    | (?P<operator><=|>=|!=|<>|=|<|>)
    | (?P<mark>[(),])
    | (?P<dot>\.)
    | (?P<word>[^\s'"`<>=!(),.]+)
    )""",
    re.VERBOSE,
)
_KINDS = {
    "metrics": "metric",
    "metric": "metric",
    "params": "param",
    "param": "param",
    "parameters": "param",
    "parameter": "param",
    "tags": "tag",
    "tag": "tag",
    "attributes": "attribute",
    "attribute": "attribute",
    "attr": "attribute",
    "run": "attribute",
    "datasets": "dataset",
    "dataset": "dataset",
}
_ORDERED = frozenset({"=", "!=", "<", "<=", ">", ">="})
_TEXTUAL = frozenset({"=", "!=", "LIKE", "ILIKE"})

Value = str | float | int | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison. `value` is a tuple for IN, `None` for IS NULL."""

    kind: str
    key: str
    operator: str
    value: Value

    def holds(self, found: str | float | None) -> bool:
        """Tell whether a value, or its absence, satisfies the clause."""
        if self.operator in {"IS NULL", "IS NOT NULL"}:
            return (found is None) == (self.operator == "IS NULL")
        if found is None:
            return False
        if isinstance(self.value, tuple):
            return (str(found) in self.value) == (self.operator == "IN")
        if self.operator == "RLIKE":
            return _matches(str(self.value), str(found))
        if self.operator in {"LIKE", "ILIKE"}:
            return bool(pattern(str(self.value), self.operator).fullmatch(str(found)))
        if isinstance(found, str) or isinstance(self.value, str):
            return _compare(str(found), self.operator, str(self.value))
        return _compare(float(found), self.operator, float(self.value or 0))


@dataclass(frozen=True, slots=True)
class Order:
    """One key to sort by."""

    kind: str
    key: str
    is_ascending: bool


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def read(text: str | None, *, more: frozenset[str] = frozenset()) -> list[Clause]:
    """Read a filter. `more` names further kinds of things, which also compare with RLIKE.

    Raises:
        FilterRefused: it is not in the grammar; the sentence says where.
    """
    tokens = _Tokens(text or "")
    clauses: list[Clause] = []
    while tokens:
        clauses.append(_clause(tokens, more))
        if len(clauses) > _MOST_CLAUSES:
            raise FilterRefused(f"A filter has at most {_MOST_CLAUSES} comparisons.")
        if tokens and not tokens.took_word("AND"):
            token = tokens.peek()
            raise _refused(f"Expected AND, found {token.text[:40]!r}.", token)
        if not tokens and tokens.last_was_and:
            raise _refused("The filter ends after AND.", tokens.end)
    return clauses


def read_order(texts: list[str] | None) -> list[Order]:
    """Read sort keys such as `metrics.loss DESC`.

    Raises:
        FilterRefused: it is not in the grammar.
    """
    found: list[Order] = []
    for text in texts or []:
        tokens = _Tokens(text)
        kind, key = _name(tokens)
        ascending = not tokens.took_word("DESC")
        if ascending:
            tokens.took_word("ASC")
        if tokens:
            raise FilterRefused(f"Cannot sort by {text[:80]!r}.")
        found.append(Order(kind, key, ascending))
    return found


@lru_cache(maxsize=256)
def pattern(like: str, operator: str) -> re.Pattern[str]:
    """Translate a LIKE pattern."""
    body = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in like)
    return re.compile(body, re.DOTALL | (re.IGNORECASE if operator == "ILIKE" else 0))


def _matches(expression: str, found: str) -> bool:
    """Search for a regular expression, in linear time whatever the expression is (RE2)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return bool(pc.match_substring_regex(pa.scalar(found), pattern=expression).as_py())
    except pa.ArrowInvalid:
        raise FilterRefused(f"Invalid regular expression {expression[:80]!r}.") from None


def glob(like: str) -> str:
    """Translate a LIKE pattern to SQLite's GLOB, which minds upper and lower case."""
    special = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    return "".join(special.get(letter, letter) for letter in like)


class _Tokens:
    """The words of a filter, read from left to right."""

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise FilterRefused(f"A filter has at most {_LONGEST} characters.")
        self._tokens = list(_split(text))
        self.end = _Token("end", "", len(text.rstrip()), len(text.rstrip()))
        self._at = 0
        self.last_was_and = False

    def __bool__(self) -> bool:
        return self._at < len(self._tokens)

    def peek(self) -> _Token:
        if not self:
            raise _refused("Invalid clause(s) in filter string: it ends too early.", self.end)
        return self._tokens[self._at]

    @property
    def next(self) -> _Token:
        """The token that comes next, or the end."""
        return self._tokens[self._at] if self else self.end

    @property
    def last(self) -> _Token:
        """The token that was taken last."""
        return self._tokens[self._at - 1]

    def take(self) -> _Token:
        token = self.peek()
        self._at += 1
        self.last_was_and = False
        return token

    def took_word(self, word: str) -> bool:
        taken = bool(self) and self.peek().kind == "word" and self.peek().text.upper() == word
        if taken:
            self.take()
            self.last_was_and = word == "AND"
        return taken

    def took(self, kind: str, text: str | None = None) -> bool:
        taken = bool(self) and self.peek().kind == kind and text in (None, self.peek().text)
        if taken:
            self.take()
        return taken


def _split(text: str) -> Iterator[_Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            rest = _Token("rest", text[at : at + 40], at, end)
            raise _refused(f"Cannot read the filter at {rest.text!r}.", rest)
        yield _Token(match.lastgroup, match.group(match.lastgroup), *match.span(match.lastgroup))
        at = match.end()


def _clause(tokens: _Tokens, more: frozenset[str]) -> Clause:
    kind, key = _name(tokens, more)
    operator = _operator(tokens, with_rlike=bool(more))
    told = tokens.last
    if operator in {"IS NULL", "IS NOT NULL"}:
        _refuse_unless(kind in {"param", "tag"} | more, operator, kind, told)
        return Clause(kind, key, operator, None)
    if operator in {"IN", "NOT IN"}:
        _refuse_unless(kind != "metric", operator, kind, told)
        return Clause(kind, key, operator, _list(tokens))
    value = _value(tokens)
    if kind == "metric":
        _refuse_unless(operator in _ORDERED, operator, kind, told)
        if isinstance(value, str):
            problem = f"A metric compares with a number, not with {value[:40]!r}."
            raise _refused(problem, tokens.last)
    elif kind != "attribute" and kind not in more:
        _refuse_unless(operator in _TEXTUAL or operator == "RLIKE", operator, kind, told)
        if not isinstance(value, str):
            raise _refused(f"Put the value of {kind} {key[:80]} in quotes.", tokens.last)
    return Clause(kind, key, operator, value)


def _name(tokens: _Tokens, more: frozenset[str] = frozenset()) -> tuple[str, str]:
    first = tokens.take()
    if first.kind == "quoted":
        return "attribute", _unquoted(first.text)
    if first.kind != "word":
        raise _refused(f"Expected a name, found {first.text[:40]!r}.", first)
    word = first.text.lower()
    kind = word if word in more else _KINDS.get(word)
    if not tokens.took("dot"):
        return "attribute", first.text
    if kind is None:
        kinds = "metrics, params, tags, attributes, datasets"
        raise _refused(f"Invalid entity type {first.text[:40]!r}: it is none of {kinds}.", first)
    key = tokens.take()
    if key.kind in {"quoted", "text"}:
        return kind, _unquoted(key.text)
    parts = [key.text]
    while tokens.took("dot"):  # a bare key may have dots: tags.mlflow.source.name
        part = tokens.take()
        parts.append(_unquoted(part.text) if part.kind == "quoted" else part.text)
    if key.kind not in {"word", "number"}:
        raise _refused(f"Expected a key after {first.text}., found {key.text[:40]!r}.", key)
    return kind, ".".join(parts)


def _operator(tokens: _Tokens, *, with_rlike: bool = False) -> str:
    token = tokens.take()
    if token.kind == "operator":
        return "!=" if token.text == "<>" else token.text
    word = token.text.upper()
    if word in {"LIKE", "ILIKE", "IN"} or (with_rlike and word == "RLIKE"):
        return word
    if word == "NOT" and tokens.took_word("IN"):
        return "NOT IN"
    if word == "IS":
        negated = tokens.took_word("NOT")
        if tokens.took_word("NULL"):
            return "IS NOT NULL" if negated else "IS NULL"
    raise _refused(f"{token.text[:40]!r} is not a comparison.", token)


def _value(tokens: _Tokens) -> str | float | int:
    token = tokens.take()
    if token.kind in {"text", "quoted"}:
        if len(token.text) > _LONGEST_VALUE:
            raise _refused(f"A value has at most {_LONGEST_VALUE} characters.", token)
        return _unquoted(token.text)
    if token.kind == "number":
        return float(token.text) if re.search(r"[.eE]", token.text) else int(token.text)
    raise _refused(f"Expected a value, found {token.text[:40]!r}. Text goes in quotes.", token)


def _list(tokens: _Tokens) -> tuple[str, ...]:
    if not tokens.took("mark", "("):
        raise _refused("IN needs a list in parentheses.", tokens.next)
    values: list[str] = []
    while not tokens.took("mark", ")"):
        value = _value(tokens)
        if not isinstance(value, str):
            raise _refused("The values of IN go in quotes.", tokens.last)
        values.append(value)
        if not tokens.took("mark", ",") and tokens.peek().text != ")":
            raise _refused("The values of IN are separated by commas.", tokens.next)
    if not values:
        raise _refused("IN needs at least one value.", tokens.last)
    return tuple(values)


def _unquoted(text: str) -> str:
    inner = text[1:-1]
    if text[0] == "'":
        inner = inner.replace("''", "'")
    return re.sub(r"\\(['\"])", r"\1", inner) if text[0] != "`" else inner


def _refuse_unless(ok: bool, operator: str, kind: str, told: _Token) -> None:
    if not ok and operator in {"IS NULL", "IS NOT NULL"}:
        raise _refused(
            f"IS NULL / IS NOT NULL is only supported for tags and params, not for a {kind}.", told
        )
    if not ok:
        problem = f"Invalid comparison operator: {operator} does not work with a {kind}."
        raise _refused(problem, told)


def _refused(problem: str, at: _Token) -> FilterRefused:
    """Say what is wrong, and between which characters: `start` and `end` count from 0."""
    return FilterRefused(problem, extra={"start": at.start, "end": at.end})


def _compare(found: str | float, operator: str, wanted: str | float) -> bool:
    outcomes = {
        "=": found == wanted,
        "!=": found != wanted,
        "<": found < wanted,  # type: ignore[operator]
        "<=": found <= wanted,  # type: ignore[operator]
        ">": found > wanted,  # type: ignore[operator]
        ">=": found >= wanted,  # type: ignore[operator]
    }
    return outcomes[operator]
