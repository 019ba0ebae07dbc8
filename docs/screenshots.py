"""Draws the pictures of the documentation from the demo company as its files stand.

Run by `make screenshots`: the summary as the terminal shows it, the exceedance curve and the heat map.
"""

import re
import shutil
import sys
import tempfile
from datetime import date
from importlib.resources import files
from io import StringIO
from pathlib import Path

from rich.console import Console

from buttress.cli.standing import Standing, standing
from buttress.register.evaluation import evaluate_declared
from buttress.register.files.reader import read_register
from buttress.register.snapshot import snapshots_on
from buttress.reports.charts.exceedance import exceedance_spec
from buttress.reports.charts.heat_map import heat_map_spec
from buttress.reports.charts.of_posture import exceedance_of, heat_map_of
from buttress.reports.charts.render import render_svg

IMAGES = Path(__file__).parent / "images"
ANCHOR = date(2026, 9, 30)
LINES_SHOWN = 62
"""The summary is long; the picture ends after the ten largest risks and what moved."""


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "harbourline"
        shutil.copytree(Path(str(files("buttress") / "content" / "demo" / "harbourline")), folder)
        register = read_register(folder)
        evaluate_declared(register, ANCHOR)
        stands = standing(lambda days: snapshots_on(register, days), ANCHOR, None)
    _write("summary.svg", _terminal(stands).encode())
    curve = exceedance_spec(exceedance_of(stands.snapshot, stands.posture))
    matrix = heat_map_spec(heat_map_of(stands.snapshot, stands.posture))
    _write("curve.svg", render_svg(curve).encode())
    _write("matrix.svg", render_svg(matrix).encode())


def _terminal(stands: Standing) -> str:
    """The first part of the report in a frame, as SVG."""
    text = StringIO()
    Console(file=text, width=100, force_terminal=True, color_system="truecolor", highlight=False).print(stands.report())
    shown = Console(file=StringIO(), width=100, record=True, force_terminal=True, color_system="truecolor")
    from rich.text import Text  # noqa: PLC0415 - beside its only use

    shown.print(Text.from_ansi("\n".join(text.getvalue().splitlines()[:LINES_SHOWN])))
    svg = shown.export_svg(title="buttress assess harbourline", unique_id="summary")
    # The reader's own monospace font: a picture in the documentation fetches nothing.
    own = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace("Fira Code", "ui-monospace")
    return re.sub(r"<!--.*?-->\s*", "", own, flags=re.DOTALL)


def _write(name: str, content: bytes) -> None:
    (IMAGES / name).write_bytes(content)
    print(f"wrote docs/images/{name}", file=sys.stderr)


if __name__ == "__main__":
    main()
