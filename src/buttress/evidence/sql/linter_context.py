"""What a rule of the portable subset looks at, and what it reports."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from sqlglot import exp

from buttress.evidence.data.tables import Schema
from buttress.evidence.sql.column_types import Typing
from buttress.evidence.sql.scopes import Scope, SqlType
from buttress.evidence.sql.text import DIALECT


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault at a node, in the words of a Problem."""

    node: exp.Expr
    found: str
    expected: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """What rules may look at: the whole tree, its form, the sources and the types."""

    tree: exp.Expr
    form: str
    tables: Mapping[str, Schema]
    typing: Typing
    parameters: Mapping[str, SqlType]
    sql: str
    key: tuple[str, ...]

    def scope(self, node: exp.Expr) -> Scope:
        return self.typing.scope_of(node)

    def type_of(self, node: exp.Expr) -> SqlType:
        return self.typing.type_of(node, self.scope(node))

    def nullable(self, node: exp.Expr, guarded: frozenset[str] = frozenset()) -> list[exp.Expr]:
        return self.typing.nullable_parts(node, self.scope(node), guarded)


Found = Iterator[Finding]
Rule = Callable[[Check, Any], Found]


def near(name: str, known: Sequence[str], *, shows_all: bool = False) -> str:
    """The known names nearest to one, as advice; where none is near, with `shows_all`, a short list of all."""
    found = get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    if found:
        return f"Nearest: {', '.join(found)}."
    return f"Known: {', '.join(known)}." if shows_all and 0 < len(known) <= 20 else ""


def text_of(node: exp.Expr) -> str:
    text = node.sql(dialect=DIALECT, comments=False)
    return f"`{text if len(text) <= 60 else text[:59] + '…'}`"
