"""In which order references stand: numbers in them count as numbers."""

import re


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts R-2 before R-10.

    >>> sorted(["R-10", "R-2", "A-1"], key=natural)
    ['A-1', 'R-2', 'R-10']
    """
    return tuple(
        (0, int(part), part) if part.isdigit() else (1, 0, part) for part in re.findall(r"[0-9]+|[^0-9]+", text)
    )
