"""A register folder of any size, the same each time."""

import json
import random
from pathlib import Path
from typing import Any

ORGANISATION = Path(__file__).parents[1] / "journeys" / "organisation.yaml"
_CONTROLS = 12


def register_folder(folder: Path, risks: int) -> Path:
    """Risks with one assessment in money and two effects each, on a few controls."""
    folder.mkdir()
    (folder / "organisation.yaml").write_text(ORGANISATION.read_text())
    controls = {f"C-{number:02d}": _control(number) for number in range(_CONTROLS)}
    draw = random.Random(risks)
    content = {"controls": controls, "risks": {f"R-{number:04d}": _risk(number, draw) for number in range(risks)}}
    for kind, records in content.items():
        # JSON is YAML; every scalar stands there as text.
        (folder / f"{kind}.yaml").write_text(json.dumps({kind: records}, indent=1))
    return folder


def _control(number: int) -> dict[str, Any]:
    return {
        "title": f"Control {number}",
        "kind": "preventive",
        "mode": "automated",
        "criteria": ["CC6.1"],
        "in_place_on": "2026-01-01",
        "walkthroughs": [
            {"effective_on": "2026-01-10", "performed_by": "ines", "procedure": "inspection", "is_suitable": "true"}
        ],
    }


def _risk(number: int, draw: random.Random) -> dict[str, Any]:
    often, median = 10 ** draw.uniform(-2, 0.3), 10 ** draw.uniform(4, 6.3)
    chosen = sorted(draw.sample(range(_CONTROLS), 2))
    return {
        "title": f"Risk {number}",
        "statement": {"cause": "a weakness", "event": "something happens", "consequence": "money is lost"},
        "categories": ["security"],
        "owner": "ines",
        "criteria": ["CC6.1"],
        "identified_on": "2025-12-10",
        "assessments": [
            {
                "effective_on": "2026-01-20",
                "method": "money",
                "basis": "with_controls",
                "frequency": {"low": f"{often / 4:.5f}", "high": f"{often * 4:.5f}"},
                "loss": {"p50": f"{median:.0f}", "p90": f"{median * 6:.0f}"},
                "estimators": ["ines"],
            }
        ],
        "effects": [
            {
                "control": f"C-{control:02d}",
                "factor": "susceptibility",
                "efficacy": {"low": "0.3", "likely": "0.5", "high": "0.7"},
            }
            for control in chosen
        ],
    }
