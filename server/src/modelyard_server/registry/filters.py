"""MLflow's filter and order grammar for models and versions, as plain values."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import FilterRefused

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<identifier>(?:[A-Za-z_]+\.)?(?:`[^`]+`|"[^"]+"(?=\s*(?:=|!|>|<|I?LIKE|NOT|IN))|[A-Za-z_][\w.\-/]*))
        \s*(?P<operator>!=|>=|<=|=|>|<|NOT\s+IN\b|IN\b|ILIKE\b|LIKE\b)
        \s*(?P<value>'(?:[^']|'')*'|"[^"]*"|-?\d+(?:\.\d+)?|\([^()]*\))
    )\s*(?P<joint>AND\b|$)""",
    re.IGNORECASE | re.VERBOSE,
)
_ITEM = re.compile(r"\s*(?:'((?:[^']|'')*)'|\"([^\"]*)\")\s*(,|$)")
_TEXT = frozenset({"=", "!=", "LIKE", "ILIKE"})
_LIST = frozenset({"IN", "NOT IN"})
_NUMBER = frozenset({"=", "!=", ">", ">=", "<", "<="})
_ENTITIES = {"attribute": "attribute", "attributes": "attribute", "attr": "attribute"}
_TAGS = {"tag": "tag", "tags": "tag"}


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison; `entity` is "attribute" or "tag"."""

    entity: str
    key: str
    operator: str
    value: str | int | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """How an attribute may be compared."""

    is_number: bool = False
    in_lists: bool = False


def parse(text: str, attributes: dict[str, Attribute]) -> list[Clause]:
    """Read a filter; all clauses must hold.

    Raises:
        FilterRefused: it is not of this grammar, or compares what cannot be compared.
    """
    clauses: list[Clause] = []
    position, joint = 0, "AND"
    text = text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise FilterRefused(f"Invalid clause(s) in filter string: {text[position:]}")
        clauses.append(_clause(match, attributes))
        position, joint = match.end(), match["joint"]
    if text and joint:
        raise FilterRefused("Invalid filter string: it ends with AND.")
    return clauses


def _clause(match: re.Match[str], attributes: dict[str, Attribute]) -> Clause:
    entity, key = _identifier(match["identifier"])
    operator = " ".join(match["operator"].upper().split())
    raw = match["value"]
    if entity == "tag":
        if operator not in _TEXT or raw[0] not in "'\"":
            raise FilterRefused(
                f"Invalid comparison of tag '{key}': compare with a quoted string "
                "by =, !=, LIKE or ILIKE."
            )
        return Clause(entity, key, operator, _unquoted(raw))
    known = attributes.get(key)
    if known is None:
        raise FilterRefused(
            f"Invalid attribute key '{key}' specified. Valid keys are '{sorted(attributes)}'"
        )
    if known.is_number:
        if operator not in _NUMBER or not re.fullmatch(r"-?\d{1,18}", raw.strip("'\"")):
            raise FilterRefused(f"Attribute '{key}' is compared with a whole number.")
        return Clause(entity, key, operator, int(raw.strip("'\"")))
    if raw.startswith("("):
        if operator not in _LIST or not known.in_lists:
            raise FilterRefused(f"Attribute '{key}' cannot be compared with a list by {operator}.")
        return Clause(entity, key, operator, _items(raw))
    if operator not in _TEXT or raw[0] not in "'\"":
        raise FilterRefused(
            "Expected a quoted string value or a list of quoted string values for attributes. "
            f"Got value {raw}"
        )
    return Clause(entity, key, operator, _unquoted(raw))


def _identifier(text: str) -> tuple[str, str]:
    first, dot, rest = text.partition(".")
    if not dot or text[0] in '`"':
        return "attribute", text.strip('`"')
    entity = _ENTITIES.get(first.lower()) or _TAGS.get(first.lower())
    if entity is None:
        raise FilterRefused(
            f"Invalid entity type '{first}'. Valid entity types are ('attribute', 'tag', 'tags')"
        )
    return entity, rest.strip('`"')


def _unquoted(raw: str) -> str:
    return raw[1:-1].replace("''", "'") if raw[0] == "'" else raw[1:-1]


def _items(raw: str) -> tuple[str, ...]:
    inner, position = raw[1:-1].strip(), 0
    found: list[str] = []
    while position < len(inner):
        match = _ITEM.match(inner, position)
        if match is None:
            raise FilterRefused(f"Expected a list of quoted string values. Got value {raw}")
        found.append((match[1] or "").replace("''", "'") or match[2] or "")
        position = match.end()
    if not found:
        raise FilterRefused("A list of values has at least one value.")
    return tuple(found)


def parse_order(
    terms: list[str], keys: frozenset[str], aliases: dict[str, str] | None = None
) -> list[tuple[str, bool]]:
    """Read `["name ASC", …]` into `(key, ascending)`; an alias stands for the key it names.

    Raises:
        FilterRefused: a term is not a known key with ASC or DESC, or a key comes twice.
    """
    order: dict[str, bool] = {}
    known = keys | set(aliases or ())
    for term in terms:
        match = re.fullmatch(
            r"\s*(?:attributes?\.)?[`\"]?(\w+)[`\"]?(?:\s+(ASC|DESC))?\s*", term, re.IGNORECASE
        )
        if match is None:
            raise FilterRefused(f"Invalid order_by clause '{term}': a key, then ASC or DESC.")
        if match[1] not in known:
            raise FilterRefused(
                f"Invalid order by key '{match[1]}' specified. Valid keys are {sorted(known)}."
            )
        key = (aliases or {}).get(match[1], match[1])
        if key in order:
            raise FilterRefused(f"`order_by` contains duplicate fields: {terms}")
        order[key] = (match[2] or "ASC").upper() == "ASC"
    return list(order.items())
