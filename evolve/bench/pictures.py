"""Pictures of a bench, each as SVG and PNG. Legible in black and white: contestants differ by colour, by line style and
by marker."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from evolve.bench.curves import band
from evolve.bench.frames import Frames
from evolve.bench.profiles import performance_profile, ratios, target_profile
from evolve.insight import AXES, MEASURES

# Okabe and Ito's palette, which the colour-blind tell apart; its yellow is too light for lines.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9")
STYLES: tuple[Any, ...] = ("-", (0, (6, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (3, 1, 1, 1, 1, 1)))
MARKERS = "osD^vP*"
GREY = "#666666"
BASELINES = 3  # the best ones are drawn
LOG_FROM = 20.0  # ratio of the largest to the smallest value, from which an axis is logarithmic
LEGEND_ROW = 3  # entries at most
HANDLE_INCHES, LETTER_INCHES, ROW_INCHES, PANEL_INCHES = 0.9, 0.075, 0.19, 3.6
SETTINGS: Any = {"svg.hashsalt": "evolve", "svg.fonttype": "path", "font.size": 9}


def draw(frames: Frames, axes: Sequence[str], folder: Path) -> list[Path]:
    """Draw everything into a folder; returns the SVG files. axes: those on which the budgets are given."""
    folder.mkdir(parents=True, exist_ok=True)
    looks = _looks(frames.names)
    with mpl.rc_context(SETTINGS):
        made = [
            _save(_anytime(frames, problem, axis, looks), folder, f"anytime-{problem}-{axis}")
            for problem in frames.runs["problem"].unique()
            for axis in axes
        ]
        made.append(_save(_performance(frames, looks), folder, "performance-profile"))
        made += [_save(_target(frames, axis, looks), folder, f"target-profile-{axis}") for axis in axes]
    return made


def _looks(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    every = zip(names, cycle(COLOURS), cycle(STYLES), cycle(MARKERS))
    return {
        name: {"color": colour, "linestyle": style, "marker": marker, "markersize": 4, "linewidth": 1.5}
        for name, colour, style, marker in every
    }


def _anytime(frames: Frames, problem: str, axis: str, looks: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Train and validation side by side: median over seeds, band of the quartiles, the best baselines."""
    curves = frames.curves[frames.curves["problem"] == problem]
    figure, panels = _figure(len(MEASURES))
    for panel, (measure, meaning) in zip(panels, MEASURES.items(), strict=True):
        for place, (name, of_one) in enumerate(curves.groupby("name", sort=False)):
            runs = [one for _, one in of_one.groupby("run", sort=False)]
            _draw_band(panel, runs, axis, measure, {**looks[str(name)], "label": str(name)}, place)
        panel.set_xlabel(AXES[axis])
        panel.set_ylabel("\n".join([meaning, *textwrap.wrap(frames.scales[problem], 48)]))
        _scale(panel)
        _draw_baselines(panel, frames.baselines[problem], measure)
    seeds = curves.groupby("name")["run"].nunique()
    count = f"{seeds.min()}" if seeds.min() == seeds.max() else f"{seeds.min()} to {seeds.max()}"
    _finish(figure, panels, f"{problem}: median and quartiles of {count} run{'' if count == '1' else 's'}")
    return figure


def _draw_band(
    panel: Axes, runs: Sequence[pd.DataFrame], axis: str, measure: str, look: Mapping[str, Any], place: int
) -> None:
    found = band(runs, axis, measure)
    every = max(1, len(found.x) // 8)
    panel.plot(found.x, found.median, drawstyle="steps-post", markevery=(min(place, every - 1), every), **look)
    if len(runs) > 1:
        panel.fill_between(found.x, found.low, found.high, step="post", color=look["color"], alpha=0.12, linewidth=0)


def _draw_baselines(panel: Axes, baselines: Mapping[str, Mapping[str, float]], split: str) -> None:
    """The best baselines as dashed lines, named at the right edge, their names kept apart."""
    best = sorted((gaps[split], name) for name, gaps in baselines.items() if split in gaps)[:BASELINES]
    if not best:
        return
    for gap, _ in best:
        panel.axhline(gap, color=GREY, linestyle=(0, (2, 2)), linewidth=0.8, zorder=1)
    low, high = panel.get_ylim()
    room = panel.transData.transform([(0, gap) for gap, _ in best])[:, 1]
    box = panel.get_window_extent()
    heights = _apart([(y - box.y0) / box.height for y in room], 0.055)
    for (_, name), height in zip(best, heights, strict=True):
        panel.text(1.01, height, name, transform=panel.transAxes, color=GREY, fontsize=7, va="center")
    panel.set_ylim(low, high)


def _apart(heights: Sequence[float], gap: float) -> list[float]:
    """Heights in ascending order, moved until none is closer than `gap` to the one below it or above the top."""
    found: list[float] = []
    for height in heights:
        found.append(max(height, found[-1] + gap) if found else height)
    over = max(0.0, found[-1] - 1.0)
    return [height - over for height in found]


def _performance(frames: Frames, looks: Mapping[str, Mapping[str, Any]]) -> Figure:
    figure, [panel] = _figure(1)
    profile = performance_profile(frames.runs)
    found = ratios(frames.runs)["ratio"].to_numpy(dtype=float)
    largest = found[np.isfinite(found)].max(initial=1.001)
    _draw_shares(panel, profile, "tau", looks, largest + 0.05 * (largest - 1))
    if largest > LOG_FROM:
        panel.set_xscale("log")
    panel.set_xlabel("τ: cost on test as a multiple of the best of the same problem and seed")
    panel.set_ylabel("share of runs within τ")
    _finish(figure, [panel], f"Performance profile, {_count(frames)}")
    return figure


def _target(frames: Frames, axis: str, looks: Mapping[str, Mapping[str, Any]]) -> Figure:
    figure, [panel] = _figure(1)
    _draw_shares(panel, target_profile(frames.runs, axis), axis, looks, frames.curves[axis].max())
    panel.set_xlabel(AXES[axis])
    panel.set_ylabel("share of runs at the target on train")
    _finish(figure, [panel], f"Time to target ({_targets(frames)}), {_count(frames)}")
    return figure


def _draw_shares(
    panel: Axes, profile: pd.DataFrame, column: str, looks: Mapping[str, Mapping[str, Any]], end: float
) -> None:
    """Step functions; each goes on to the right edge."""
    for name, of_one in profile.groupby("name", sort=False):
        x, y = [*of_one[column], end], [*of_one["share"], of_one["share"].iloc[-1]]
        every = max(1, len(x) // 8)
        panel.plot(x, y, drawstyle="steps-post", label=str(name), markevery=every, clip_on=False, **looks[str(name)])
    panel.set_ylim(-0.02, 1.02)
    panel.set_xlim(profile[column].min(), end)


def _count(frames: Frames) -> str:
    problems, runs = frames.runs["problem"].nunique(), len(frames.runs)
    return f"{runs} runs on {problems} problem{'' if problems == 1 else 's'}"


def _targets(frames: Frames) -> str:
    names = frames.runs["target_name"].unique()
    if len(names) > 1:
        return "each problem's best baseline"
    return f"gap {frames.runs['target'].iloc[0]:.4g}" if names[0] == "given" else str(names[0])


def _figure(panels: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(4.6 * panels if panels > 1 else 5.6, PANEL_INCHES), layout="constrained")
    return figure, list(figure.subplots(1, panels, squeeze=False)[0])


def _scale(panel: Axes) -> None:
    """Logarithmic where the values of the lines ask for it."""
    values = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in panel.lines] or [np.array([])])
    values = values[np.isfinite(values)]
    if len(values) and values.min() > 0 and values.max() > LOG_FROM * values.min():
        panel.set_yscale("log")


def _finish(figure: Figure, panels: Sequence[Axes], title: str) -> None:
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(visible=True, which="major", linewidth=0.4, color="#dddddd")
        if panel.get_xscale() == "linear":
            panel.xaxis.set_major_locator(MaxNLocator(6))
    handles, names = panels[0].get_legend_handles_labels()
    figure.suptitle(title, fontsize=10)
    entry = HANDLE_INCHES + LETTER_INCHES * max(map(len, names))
    columns = max(1, min(LEGEND_ROW, len(names), int(figure.get_figwidth() / entry)))
    figure.set_figheight(PANEL_INCHES + ROW_INCHES * -(-len(names) // columns))
    figure.legend(handles, names, loc="outside lower center", ncols=columns, frameon=False, handlelength=4)


def _save(figure: Figure, folder: Path, name: str) -> Path:
    stem = re.sub(r"[^\w.-]+", "-", name)
    figure.savefig(folder / f"{stem}.png", dpi=150)
    figure.savefig(folder / f"{stem}.svg", metadata={"Date": None})
    return folder / f"{stem}.svg"
