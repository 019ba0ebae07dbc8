"""Charts: pure functions from a posture to a Vega-Lite specification, and their rendering to SVG and PNG."""
