"""Speed against leak, of the extractors alone and with `clean_html` before them, as a plot. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.ticker import LogLocator, NullFormatter

from paywallclf.cli.plots import BLUE, ORANGE, svg

OURS = "clean_html"

_GREY = "#888888"


class PlotError(ValueError):
    """A file that lacks what the plot shows."""


def milliseconds(benchmarks: Mapping[str, Any]) -> dict[str, float]:
    """What each tool takes for a page of the corpus, from the file that ``pytest --benchmark-json`` writes.

    Raises
    ------
    PlotError
        It holds no time of `clean_html`.
    """
    found = {
        row["extra_info"]["name"]: float(row["extra_info"]["ms_per_page"])
        for row in benchmarks.get("benchmarks", [])
        if row["extra_info"].get("pages") == "corpus"
    }
    if OURS not in found:
        raise PlotError(f"no time of {OURS}: run pytest tests/benchmarks --benchmark-json=FILE where the corpus is")
    return found


def speed_and_leak(milliseconds: Mapping[str, float], evaluation: Mapping[str, Any]) -> str:
    """The plot as SVG.

    Parameters
    ----------
    milliseconds : mapping of str to float
        As `milliseconds` gives them.
    evaluation : mapping
        What ``python -m training evaluate`` writes as JSON.

    Raises
    ------
    PlotError
        The evaluation has no table of the extractors.
    """
    leaks = {(row["extractor"], row["how"]): 100 * row["promo blocks leaked"]["value"] for row in evaluation.get("peers", [])}
    timed = [name for name in milliseconds if (name, "alone") in leaks]
    if not timed:
        raise PlotError("the evaluation has no extractor that was timed: install the extra peers and run it again")

    def draw(axes: Any) -> None:
        for place, name in enumerate(sorted(timed, key=milliseconds.__getitem__)):
            alone = milliseconds[name], leaks[name, "alone"]
            cleaned = milliseconds[name] + milliseconds[OURS], leaks[name, "clean_html before"]
            axes.annotate("", cleaned, alone, arrowprops={"arrowstyle": "->", "color": _GREY, "shrinkA": 4, "shrinkB": 4})
            axes.plot(*alone, "o", color=ORANGE)
            axes.plot(*cleaned, "o", color=BLUE)
            # by turns above and below: slow tools stand close together
            axes.annotate(name, alone, xytext=(7, -3 if place % 2 else 5), textcoords="offset points")
        whole = next(value for (_, how), value in leaks.items() if how == OURS)
        axes.plot(milliseconds[OURS], whole, "*", color=BLUE, markersize=12)
        axes.annotate(OURS, (milliseconds[OURS], whole), xytext=(6, 4), textcoords="offset points")
        axes.plot([], [], "o", color=ORANGE, label="an extractor alone")
        axes.plot([], [], "o", color=BLUE, label="the same, after clean_html")
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(lambda value, place: f"{value:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set(xlabel="processor time, ms a page", ylabel="promo blocks leaked, %", xlim=(1, 2 * max(milliseconds.values())))
        axes.set_ylim(0, 1.1 * axes.get_ylim()[1])

    return svg(draw, (7, 4.2))
