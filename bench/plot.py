"""The plot: the time of each operation against the number of workspaces, on logarithmic scales."""

from __future__ import annotations

from collections.abc import Mapping

import pygal
from pygal.style import Style

COLOURS = ("#4c9f70", "#3f7fbf", "#c77d1e", "#b0413e")  # one for each operation, readable on white and black
DASHES = {"ours": "", "floor": "2, 4", "rowwise": "9, 5"}
THEME = {"background": "transparent", "plot_background": "transparent", "foreground": "#808080"}
THEME |= {"foreground_strong": "#808080", "foreground_subtle": "#80808055", "font_family": "sans-serif"}


def svg(curves: Mapping[str, Mapping[int, float]]) -> bytes:
    """`curves`: "operation, runner" → n → seconds. A colour for each operation, a dash for each runner."""
    operations = list(dict.fromkeys(name.rpartition(", ")[0] for name in curves))
    colours = tuple(COLOURS[operations.index(name.rpartition(", ")[0]) % len(COLOURS)] for name in curves)
    sizes = sorted({n for points in curves.values() for n in points})
    chart = pygal.XY(
        js=(), logarithmic=True, width=960, height=560, explicit_size=True, legend_box_size=10, truncate_legend=-1,
        x_title="workspaces", y_title="seconds", x_labels=sizes, y_labels=[10.0**power for power in range(-3, 4)],
        x_value_formatter=lambda n: f"{n:,.0f}", value_formatter=lambda seconds: f"{seconds:,g}",
        style=Style(colors=colours, **THEME),
    )  # fmt: skip
    for name, points in curves.items():
        dash = DASHES[name.rpartition(", ")[2]]
        chart.add(name, sorted(points.items()), stroke_style={"width": 2, "dasharray": dash} if dash else {"width": 2})
    return bytes(chart.render())
