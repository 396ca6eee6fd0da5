"""The evaluation as one self-contained HTML page: plots, tables, errors to read. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from paywallclf.cli.assessing import Assessment
from paywallclf.cli.plots import BLUE, ORANGE, svg

_TEMPLATES = Path(__file__).parents[1] / "templates"

#: Matplotlib draws in this colour what is to have the page's own, in light and in dark.
_INK = "#010203"

_STYLE: dict[Any, Any] = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "grid.color"), _INK),
}


def evaluation_page(summary: Sequence[str], assessment: Assessment) -> str:
    """The page."""
    curves = assessment.curves
    plots = [
        ("Precision against recall", "How many of the blocks dropped are promos, as more of the promos are found.", _precision_recall),
        ("Calibration", "The share of promos among blocks of a probability. On the diagonal, probabilities can be believed.", _calibration),
        ("Leak against loss", "Promo blocks that stay, and editorial words that go. Lower left is better.", _leak_loss),
        ("Leak and loss over thresholds", "A lower threshold leaks less and loses more.", _over_thresholds),
    ]  # fmt: skip
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    return environment.get_template("evaluation.html").render(
        summary=summary,
        plots=[{"title": title, "text": text, "svg": _drawn(draw, curves)} for title, text, draw in plots],
        tables=assessment.tables,
        errors=[
            ("Worst misses", "Promos that stay, the least suspected first.", assessment.misses),
            ("Worst false alarms", "Text that goes: editorial first, the most suspected first.", assessment.false_alarms),
        ],
    )


def _drawn(draw: Callable[[Any, dict[str, Any]], None], curves: dict[str, Any]) -> Markup:
    """A plot as SVG in the page's own colours."""
    drawn = svg(lambda axes: draw(axes, curves), (5.2, 3.6), _STYLE)
    return Markup(drawn[drawn.index("<svg") :].replace(_INK, "currentColor"))  # numbers of ours alone: nothing to escape


def _precision_recall(axes: Any, curves: dict[str, Any]) -> None:
    axes.plot(curves["recall"], curves["precision"], color=BLUE)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02))


def _calibration(axes: Any, curves: dict[str, Any]) -> None:
    axes.plot((0, 1), (0, 1), color=_INK, alpha=0.3, linestyle="--")
    if curves["calibration"]:
        mean, share, count = zip(*curves["calibration"], strict=True)
        axes.plot(mean, share, color=BLUE, marker="o")
        for x, y, n in zip(mean, share, count, strict=True):
            axes.annotate(f"{n:,}", (x, y), xytext=(4, -10), textcoords="offset points", fontsize=7)
    axes.set(xlabel="mean probability of promo (from 0.05)", ylabel="share of promos", xlim=(0, 1.02), ylim=(0, 1.02))


def _leak_loss(axes: Any, curves: dict[str, Any]) -> None:
    axes.plot(100 * curves["loss"], 100 * curves["leak"], color=BLUE)
    seen = np.nanmax([*(100 * curves["loss"]), 0.001]) if np.isfinite(curves["loss"]).any() else 1.0
    axes.set_xscale("symlog", linthresh=0.01)
    axes.set(xlabel="editorial words lost, %", ylabel="promo blocks leaked, %", xlim=(0, max(1.0, seen)))
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_formatter(lambda value, place: f"{value:g}")


def _over_thresholds(axes: Any, curves: dict[str, Any]) -> None:
    axes.plot(curves["thresholds"], 100 * curves["leak"], color=BLUE, label="promo blocks leaked")
    axes.plot(curves["thresholds"], 100 * curves["loss"], color=ORANGE, linestyle="--", label="editorial words lost")
    axes.set_xscale("logit")
    ticks = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set(xlabel="threshold", ylabel="%")
    axes.set_ylim(bottom=0)
