# SPDX-License-Identifier: MIT
"""Draws the results with gnuplot, as SVG."""

import pathlib
import shutil
import subprocess
import sys

SCRIPTS = pathlib.Path(__file__).resolve().parent / "plots"


def speeds(row):
    """The goals of a row that are about the speed, by peer."""
    for goal in row["goals"]:
        key, _, peer = goal["what"].partition(" per second / ")
        if peer and key in ("bytes", "requests"):
            yield peer, goal


def ratio_lines(result):
    """From the top: place, label, median, least, most, target.

    A row's name has a place of its own above its peers.
    """
    place = 0
    for row in result["rows"]:
        for peer, goal in speeds(row):
            if (peer, goal) == next(speeds(row)):
                yield f'{place} "{{/:Bold {row["name"]}}}" NaN NaN NaN NaN'
                place -= 1
            bound = goal["at_least"]
            yield (f'{place} "{peer}" {goal["median"]} {goal["least"]} '
                   f'{goal["most"]} {"NaN" if bound is None else bound}')
            place -= 1


def growth_lines(result, name, across, key):
    """A row's medians: what grows, and the cost."""
    for row in result["rows"]:
        if row["name"] == name:
            for figures in row["medians"].values():
                if key in figures and across in figures:
                    yield f"{figures[across]} {figures[key]}"


def latency_lines(result):
    """For each peer its p99, idle and beside cold streams."""
    for row in result["rows"]:
        if row["name"] == "latency":
            for name, figures in row["medians"].items():
                yield (f'"{name}" {figures["idle_p99_us"]} '
                       f'{figures["loaded_p99_us"]}')


def draw(out, name, lines):
    """Writes a plot's data, and the plot; what was written, or None."""
    lines = list(lines)
    if not lines:
        return None
    data, image = out / f"{name}.dat", out / f"{name}.svg"
    data.write_text("\n".join(lines) + "\n")
    try:
        subprocess.run(
            ["gnuplot", "-e",
             f"data='{data}'; image='{image}'; count={len(lines)}",
             SCRIPTS / "style.gp", SCRIPTS / f"{name}.gp"],
            check=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        # The tables are still to be printed.
        print(f"no plot of {name}: {error}", file=sys.stderr)
        return None
    return image


def draw_all(result, out):
    """All plots that there are figures for; the files written."""
    if not shutil.which("gnuplot"):
        return []
    plots = {
        "ratios": ratio_lines(result),
        "growth-streams": growth_lines(
            result, "growth-streams", "connections", "cpu_us_per_request"),
        "growth-bytes": growth_lines(
            result, "growth-bytes", "mebibytes", "cpu_ns_per_byte"),
        "latency": latency_lines(result),
    }
    drawn = (draw(out, name, lines) for name, lines in plots.items())
    return [image for image in drawn if image]
