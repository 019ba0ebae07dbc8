"""What waits on a terminal, and one request as it is shown to who decides."""

from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.text import Text

from buttress.core.money import format_money
from buttress.register.decisions import AcceptanceAsked, ExceptionAsked, Waiting
from buttress.reports.ledger import ledger, section
from buttress.reports.notation import NOT_KNOWN, write_count, write_date, write_list

ANY_APPROVER = "any approver"


def waiting(organisation: str, requests: Sequence[Waiting]) -> Group:
    """Who is asked first, because that is what a reader looks for."""
    if not requests:
        return Group(Text(f"Nothing waits for a decision in {organisation}."))
    table = ledger(
        (
            ("waits for", "left", None),
            ("", "left", None),
            ("of", "left", None),
            ("", "left", 40),
            ("asked by", "left", None),
            ("until", "left", None),
        )
    )
    for each in requests:
        text = Text(each.text)
        text.append(f": {each.reason}", style="dim")
        by, asker = each.by or ANY_APPROVER, each.requested_by or ""
        table.add_row(by, each.awaited.value, Text(each.ref, style="bold"), text, asker, write_date(each.until))
    return section(f"{write_count(len(requests), 'decision')} to be taken in {organisation}", table)


def asked(request: AcceptanceAsked | ExceptionAsked) -> Group:
    """Everything that the decision is about."""
    lines = _acceptance(request) if isinstance(request, AcceptanceAsked) else _exception(request)
    table = ledger((("", "left", None), ("", "left", 70)))
    for name, said in lines:
        table.add_row(name, said)
    head = f"Acceptance of {request.named.ref}" if isinstance(request, AcceptanceAsked) else f"Exception {request.ref}"
    return section(head, table)


def _acceptance(request: AcceptanceAsked) -> Iterator[tuple[str, str]]:
    fact, shown, currency = request.acceptance, request.shown, request.currency
    yield "risk", request.title
    mean = NOT_KNOWN if shown.annual_loss is None else f"{format_money(shown.annual_loss, currency)} mean a year"
    yield "residual today", f"{shown.rating or NOT_KNOWN}, {mean}"
    ceiling = fact.ceiling
    loss = None if ceiling.annual_loss is None else f"{format_money(float(ceiling.annual_loss), currency)} mean a year"
    yield "up to", ", ".join(each for each in (ceiling.rating, loss) if each)
    yield "because", fact.reason
    yield "borne by", f"{fact.accepted_by} with the authority of {fact.authority}{_holders(request)}"
    yield "asked by", fact.requested_by or "who brought it in"
    yield "holds", f"{write_date(fact.effective_on)} to {write_date(fact.until)}"


def _holders(request: AcceptanceAsked) -> str:
    """Who holds the authority, so that one which is only claimed is seen as such before it is used."""
    if not request.held_by:
        return ", as claimed: nobody is named to hold it"
    return f", held by {write_list(list(request.held_by), limit=5)}"


def _exception(request: ExceptionAsked) -> Iterator[tuple[str, str]]:
    record = request.record
    yield "control test", record.test
    yield "covers", write_list(list(record.keys), limit=10)
    yield "because", record.reason
    if record.risk:
        yield "risk", record.risk
    if record.compensating_control:
        yield "in its place", record.compensating_control
    yield "asked by", record.requested_by
    yield "put to", record.approved_by or ANY_APPROVER
    yield "holds", f"{write_date(record.starts_on)} to {write_date(record.expires_on)}"
