"""The summary as plain data: the names of the view's fields are the keys."""

from typing import Any

from buttress.reports.plain import plain
from buttress.reports.summary.view import Summary


def document(view: Summary) -> dict[str, Any]:
    """The summary for JSON; dates are ISO text, money is in the summary's currency."""
    found = plain(view)
    assert isinstance(found, dict)
    return found
