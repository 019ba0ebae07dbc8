"""The README of a first register: what it is, what to do next, and which data sets are worth connecting first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from buttress.controls.library import StarterControl
from buttress.register.starting.answers import Answers
from buttress.register.starting.questions import Holding
from buttress.register.starting.risks import chosen_controls, chosen_risks


@dataclass(frozen=True, slots=True)
class FirstDataset:
    """A data set that shows much for little work: its canonical name, where it comes from and what it tests."""

    name: str
    source: str
    controls: tuple[str, ...]
    needs: str | None = None


FIRST_DATASETS: tuple[FirstDataset, ...] = (
    FirstDataset("hr_workers", "list of workers with start and end dates, from the HR system", ("HRS-01", "IAM-04")),
    FirstDataset("idp_accounts", "accounts with their factors, from the identity provider", ("IAM-02",)),
    FirstDataset("app_accounts", "accounts of the important applications", ("IAM-04", "IAM-07")),
    FirstDataset("changes", "merged changes, from the code host", ("CHG-01", "CHG-02", "CHG-03"), "own_software"),
    FirstDataset("change_reviews", "reviews of these changes", ("CHG-01",), "own_software"),
    FirstDataset("cloud_findings", "findings of a cloud scanner", ("CHG-05", "CRY-02", "NET-01"), "cloud"),
    FirstDataset("vulnerabilities", "findings with their dates, from the vulnerability scanner", ("VUL-02",)),
    FirstDataset("devices", "laptops and phones, from device management", ("END-01", "END-02")),
    FirstDataset("datastores", "stores of data with their recovery points", ("AVL-02",)),
    FirstDataset("backups", "backup jobs, from the backup system or the cloud", ("AVL-02",)),
    FirstDataset("training", "completed courses", ("HRS-03",)),
)


def readme(answers: Answers, today: date) -> str:
    """The README as Markdown."""
    controls = chosen_controls(answers)
    parts = [
        _introduction(answers, today, len(chosen_risks(answers)), len(controls)),
        _next_steps(),
        _open_controls(answers, controls),
        _datasets(answers, controls),
        _owners(controls),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _introduction(answers: Answers, today: date, risks: int, controls: int) -> str:
    return (
        f"# Risk register of {answers.name}\n\n"
        f"Drafted by `buttress init` on {today.isoformat()}: {risks} risks and {controls} controls of the starter library,"
        " chosen and sized by your answers. It is a draft. Scale and appetite are suggestions that nobody has approved,"
        " figures are suggestions with their source, and a control that you said is in place counts as attested, not as"
        " tested."
    )


def _next_steps() -> str:
    return "\n".join(
        [
            "## What to do next",
            "",
            "1. `buttress check .` shows whether the files are sound, `buttress assess .` what they add up to.",
            "2. Read scale and appetite in organisation.yaml, change them, and let somebody approve them: fill approved_by"
            " and approved_on.",
            "3. Go through the ten largest risks. Put your own consequence and your own figures; a new assessment is added"
            " below the old one.",
            "4. Name an owner for each risk and control. All are in one name now.",
            "5. Connect data sets (below) and adopt their control tests. Only tests earn more than an attestation.",
            "6. Hold the first assessment round: go through the risks, consider fraud and change, keep minutes, and add it"
            " to rounds.yaml.",
        ]
    )


def _open_controls(answers: Answers, controls: Mapping[str, StarterControl]) -> str:
    asked = [ref for ref in controls if answers.holding(ref) is Holding.UNKNOWN]
    if not asked:
        return ""
    lines = [f"- {ref} {controls[ref].title}" for ref in asked]
    heading = (
        "## Controls that nobody has spoken of yet\n\nFor each of them give in_place_on or lacking in controls.yaml."
    )
    return "\n".join([heading, "", *lines])


def _datasets(answers: Answers, controls: Mapping[str, StarterControl]) -> str:
    rows = [
        f"| {dataset.name} | {dataset.source} | {', '.join(tested)} |"
        for dataset in FIRST_DATASETS
        if (dataset.needs is None or dataset.needs in answers.has)
        and (tested := [ref for ref in dataset.controls if ref in controls])
    ]
    heading = (
        "## Data sets worth connecting first\n\n"
        "Put exports below evidence/ and name them under datasets: in a YAML file. `buttress` ships control tests for the"
        " controls named."
    )
    return "\n".join([heading, "", "| data set | what it is | tests |", "|---|---|---|", *rows])


def _owners(controls: Mapping[str, StarterControl]) -> str:
    by_role: dict[str, list[str]] = {}
    for ref, control in controls.items():
        by_role.setdefault(control.owner_role, []).append(ref)
    rows = [f"| {role} | {', '.join(refs)} |" for role, refs in sorted(by_role.items())]
    return "\n".join(["## Who usually owns these controls", "", "| role | controls |", "|---|---|", *rows])
