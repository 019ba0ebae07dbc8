"""An explanation as plain data: in cents, as it was computed."""

from typing import Any

from buttress.core.explain import Explanation
from buttress.reports.plain import plain


def document(explanation: Explanation) -> dict[str, Any]:
    """Fields of `core.explain.Explanation`; amounts named `cents` are in cents of the currency and add up exactly.

    Causes with the same `tail_step` moved the tail together: the amounts stand with the first of them.
    """
    found = plain(explanation)
    assert isinstance(found, dict)
    found["causes"] = [c | {"risks": [_share(ref, cents) for ref, cents in c["risks"]]} for c in found["causes"]]
    return {"format": "buttress.explanation", "version": 1, **found}


def _share(ref: str, cents: int) -> dict[str, Any]:
    return {"risk": ref, "cents": cents}
