"""From a Vega-Lite specification to SVG and PNG, in this process, without any outside data.

The converter holds the interpreter while it works, so curves are reduced before they come here.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from buttress.reports.charts import tokens

_FORBIDDEN = frozenset({"url", "href"})

_PATTERN = (
    '<defs><pattern id="over-appetite" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)">'
    f'<rect width="6" height="6" fill="{tokens.BAD_SOFT}"/>'
    f'<line x1="0" y1="0" x2="0" y2="6" stroke="{tokens.BAD}" stroke-width="1.6" stroke-opacity="0.55"/>'
    "</pattern></defs>"
)


class OutsideDataError(ValueError):
    """A specification names data or an image outside of itself."""


def refuse_outside_data(spec: Any, path: str = "") -> None:
    """Raises `OutsideDataError` where any key of `spec`, however deep, is `url` or `href`."""
    if isinstance(spec, Mapping):
        for key, value in spec.items():
            if key in _FORBIDDEN:
                raise OutsideDataError(f"The chart names outside data at {path}.{key}; put the values into the chart")
            refuse_outside_data(value, f"{path}.{key}")
    elif isinstance(spec, list | tuple):
        for i, value in enumerate(spec):
            refuse_outside_data(value, f"{path}[{i}]")


def render_svg(spec: Mapping[str, Any]) -> str:
    """The drawing as SVG with its description as text alternative; equal specifications give equal drawings."""
    import vl_convert  # noqa: PLC0415 - loads a script engine, only where a chart is drawn

    refuse_outside_data(spec)
    svg = vl_convert.vegalite_to_svg(dict(spec), vl_version=tokens.VEGA_LITE, allowed_base_urls=[])
    return _with_description(_renumbered(str(svg)), str(spec.get("description", "")))


def render_png(spec: Mapping[str, Any], *, scale: float = 2.0) -> bytes:
    """The same drawing as PNG, `scale` pixels to one of the drawing's units."""
    import vl_convert  # noqa: PLC0415 - see above

    return bytes(vl_convert.svg_to_png(render_svg(spec), scale=scale))


def _renumbered(svg: str) -> str:
    """Names of clip paths counted from 0 in the drawing; the converter counts them over the life of the process."""
    names: dict[str, str] = {}
    return re.sub(r"\bclip\d+\b", lambda found: names.setdefault(found[0], f"clip{len(names)}"), svg)


def _with_description(svg: str, description: str) -> str:
    title = f"<title>{escape(description)}</title>" if description else ""
    return re.sub(
        r"<svg ([^>]*)>",
        lambda found: f'<svg role="img" aria-label="{escape(description, quote=True)}" {found[1]}>{title}{_PATTERN}',
        svg,
        count=1,
    )
