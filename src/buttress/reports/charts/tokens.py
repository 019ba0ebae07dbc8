"""Colours, type and line styles that every chart shares, for light paper."""

PAPER = "#ffffff"
STONE = "#f6f5f2"
STONE_2 = "#edebe6"
STONE_3 = "#e2dfd8"
LINE = "#e0ddd6"
LINE_2 = "#8a867d"
INK = "#1d1b18"
INK_2 = "#55514a"
INK_3 = "#6b675f"
BAD = "#b02a1c"
BAD_SOFT = "#fbe9e6"
BAD_SOFT_2 = "#f5cfc8"
BAD_EDGE = "#e0a49c"
RESIDUAL = "#14396e"
TARGET = "#0f766e"

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.4.json"
VEGA_LITE = "6.4"

HATCH = "url(#over-appetite)"
"""Fill of what lies over appetite; the renderer puts the pattern of that name into the drawing."""


def config() -> dict[str, object]:
    """Theme of a chart: no frame, few grid lines, text of 11 px."""
    return {
        "aria": False,
        "font": FONT,
        "background": PAPER,
        "padding": {"left": 16, "top": 14, "right": 24, "bottom": 14},
        "view": {"stroke": None},
        "axis": {
            "labelColor": INK_3,
            "labelFontSize": 11,
            "labelFont": FONT,
            "titleColor": INK_3,
            "titleFont": FONT,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
            "gridColor": LINE,
            "domainColor": LINE_2,
            "tickColor": LINE_2,
            "tickSize": 4,
            "labelPadding": 4,
        },
        "text": {"font": FONT, "fontSize": 11, "color": INK},
        "title": {
            "anchor": "start",
            "frame": "bounds",
            "color": INK,
            "font": FONT,
            "fontSize": 14,
            "fontWeight": 600,
            "subtitleColor": INK_3,
            "subtitleFont": FONT,
            "subtitleFontSize": 12,
            "subtitlePadding": 4,
            "offset": 14,
        },
    }
