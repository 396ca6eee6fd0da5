"""Plots as SVG. Needs matplotlib."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

BLUE, ORANGE = "#3b7dd8", "#d9730d"

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "paywallclf",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.15,
}


def svg(draw: Callable[[Any], None], size: tuple[float, float], style: Mapping[Any, Any] | None = None) -> str:
    """What `draw` puts on the axes that it is given, as SVG; the same plot gives the same text.

    Parameters
    ----------
    draw : callable
    size : (float, float)
        Width and height in inches.
    style : mapping, optional
        More of matplotlib's settings.
    """
    with rc_context({**_STYLE, **(style or {})}):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        draw(axes)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False)
        data = io.StringIO()
        figure.savefig(data, format="svg", metadata={"Date": None, "Creator": None})
    return data.getvalue()
