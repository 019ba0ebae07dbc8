"""Splitting a number into parts that add up: logarithmic-mean weights, and rounding by largest remainder."""

from collections.abc import Sequence
from math import floor, log

NEGLIGIBLE = 1e-12


def logarithmic_mean(a: float, b: float) -> float:
    """(a - b) / (ln a - ln b) for a, b > 0, and a where they are equal.

    >>> logarithmic_mean(2.0, 2.0), round(logarithmic_mean(1.0, 2.0), 6)
    (2.0, 1.442695)
    """
    difference = log(a / b)
    if abs(difference) < 1e-9:
        # The quotient loses its digits here; the mean of the two is exact to the square of the difference.
        return (a + b) / 2
    return (a - b) / difference


def split_by_logs(before: float, after: float, logs: Sequence[float]) -> list[float]:
    """Parts of `after - before` in proportion to `logs`, the log ratios of the factors whose product moved.

    Where the logs do not account for the move (a factor at 0, or moves that cancel inside a group) the parts follow the
    size of the logs; where there are none, they are equal. The parts add up to the difference.
    """
    move, total = after - before, sum(logs)
    if not logs:
        return []
    if before > 0 and after > 0 and abs(total) > NEGLIGIBLE:
        implied = logarithmic_mean(before, after) * total
        if 0.2 < (move / implied if implied else 0.0) < 5:
            return [move * part / total for part in logs]
    sizes = [abs(part) for part in logs]
    if sum(sizes) < NEGLIGIBLE:
        return [move / len(logs)] * len(logs)
    return [move * size / sum(sizes) for size in sizes]


def largest_remainder(parts: Sequence[float], total: int) -> list[int]:
    """Whole numbers near `parts` that add up to `total`; those with the largest remainders are rounded up first.

    >>> largest_remainder([0.4, 0.4, 0.2], 1), largest_remainder([-1.5, 2.7], 1)
    ([1, 0, 0], [-2, 3])
    """
    floors = [floor(part) for part in parts]
    missing = total - sum(floors)
    order = sorted(range(len(parts)), key=lambda i: (floors[i] - parts[i], i))
    for k in range(abs(missing)):
        floors[order[k % len(order)] if missing > 0 else order[-1 - k % len(order)]] += 1 if missing > 0 else -1
    return floors
