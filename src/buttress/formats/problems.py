"""What is wrong with an input: where it stands, what was found, what was expected and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from buttress.formats.printable import in_one_line

SHOWN_PROBLEMS = 50
_MANY_WORDS = 300


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of one file. `field` is a dotted path (`risks.R-014.assessments[0].loss`), empty for the whole file.

    Lines and columns are counted from 1.

    >>> print(Problem("risks.yaml", 12, "risks.R-1.owner", "'rut'", "a person", "Did you mean 'ruth'?"))
    risks.yaml:12: risks.R-1.owner: found 'rut'; expected a person. Did you mean 'ruth'?
    """

    file: str
    line: int | None
    field: str
    found: str
    expected: str
    advice: str = ""
    column: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        field = f"{self.field}: " if self.field else ""
        advice = f" {self.advice}" if self.advice else ""
        # Names, keys and values come from outside: a line of ours is one line, whatever they hold.
        return in_one_line(f"{place}: {field}found {self.found}; expected {self.expected}.{advice}")

    @property
    def order(self) -> tuple[str, int, int, str]:
        """Sorts by file, line, column and field; problems of a whole file come first."""
        return (self.file, self.line or 0, self.column or 0, self.field)


class ProblemsError(Exception):
    """An input was refused; `problems` names every fault that was found, sorted by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.order))
        if not self.problems:
            raise ValueError("ProblemsError was given no problem; pass at least one")
        super().__init__(str(self))

    def __str__(self) -> str:
        shown = [str(problem) for problem in self.problems[:SHOWN_PROBLEMS]]
        left = len(self.problems) - len(shown)
        return "\n".join([*shown, *([f"... and {left} more"] if left else [])])


def refuse(
    file: str,
    line: int | None,
    found: str,
    expected: str,
    advice: str = "",
    *,
    field: str = "",
    column: int | None = None,
) -> ProblemsError:
    """The error that carries one problem, ready to be raised."""
    return ProblemsError([Problem(file, line, field, found, expected, advice, column)])


def shown(value: object, *, limit: int = 60) -> str:
    """A value as a message shows it: texts quoted and cut, containers by their size.

    >>> shown("rut"), shown(None), shown({"a": 1}), shown([1, 2]), shown("x" * 80, limit=10)
    ("'rut'", 'nothing', 'a mapping of 1 key', 'a list of 2 items', "'xxxxxxxxx…'")
    """
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return f"a mapping of {len(value)} {'key' if len(value) == 1 else 'keys'}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)} {'item' if len(value) == 1 else 'items'}"
    text = value if isinstance(value, str) else str(value)
    text = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return repr(text) if isinstance(value, str) else text


def field_path(parts: Iterable[str | int]) -> str:
    """Dotted path of keys and list positions.

    >>> field_path(["risks", "R-014", "assessments", 0, "loss"])
    'risks.R-014.assessments[0].loss'
    """
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def nearest(word: str, known: Iterable[str]) -> str:
    """Advice that names the known word nearest to `word`, or the empty text where none is near.

    >>> nearest("onwer", ["owner", "title"]), nearest("zzz", ["owner"])
    ("Did you mean 'owner'?", '')
    """
    names = list(known)
    same = next((name for name in names if name.casefold() == word.casefold()), None)
    if same is not None:
        return f"Did you mean {same!r}?"
    if len(names) > _MANY_WORDS:  # a close match costs 10 us a word, and a broken folder may ask 10,000 times
        names = [name for name in names if name[:2] == word[:2] and abs(len(name) - len(word)) <= 1][:_MANY_WORDS]
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    return f"Did you mean {near[0]!r}?" if near else ""
