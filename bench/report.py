#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns results into Markdown.

  bench/report.py RESULTS.json                     prints the tables
  bench/report.py RESULTS.json --update PAGE.md    puts them into the page,
                                                   between its two markers
"""

import argparse
import json
import pathlib
import re

BEGIN = "<!-- results: written by bench/report.py -->"
END = "<!-- end of results -->"
VERDICTS = {True: "met", False: "missed", None: ""}


def number(value):
    """A figure with three digits that say something."""
    if value is None:
        return ""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 4
    return f"{value:.{digits}f}"


def target(goal):
    """What a goal asks for."""
    if goal["at_least"] is not None:
        return f"≥ {goal['at_least']:g}"
    if goal["at_most"] is not None:
        return f"≤ {goal['at_most']:g}"
    return ""


def table(heads, lines, words=1):
    """A Markdown table; all but the first columns, of words, to the right."""
    marks = ["---" if at < words else "---:" for at in range(len(heads))]
    return "\n".join("| " + " | ".join(cells) + " |"
                     for cells in [heads, marks, *lines])


def goal_lines(row):
    """A table line for each goal of a row."""
    for goal in row["goals"]:
        spread = f"{number(goal['least'])} to {number(goal['most'])}"
        yield [row["name"], goal["what"], number(goal["median"]), spread,
               target(goal), VERDICTS[goal["met"]]]


def goals_table(rows):
    """All goals of all rows."""
    return table(["row", "figure", "median", "rounds from, to", "target", ""],
                 [line for row in rows for line in goal_lines(row)], words=2)


def figures_table(row):
    """A row's variants with their medians."""
    lines = []
    for name, figures in row["medians"].items():
        cells = [number(figures[key] * factor) if key in figures else ""
                 for key, _, factor in row["columns"]]
        lines.append([name, *cells,
                      number(figures["failed"])
                      if figures.get("failed") else ""])
    heads = ["", *[heading for _, heading, _ in row["columns"]], "failed"]
    return table(heads, lines)


def machine_line(result):
    """One sentence on the machine."""
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version
                         in machine["versions"].items())
    return (f"{machine['cores']} cores ({machine['processor']}), "
            f"{machine['memory_bytes'] / 2**30:.0f} GiB of memory, "
            f"Linux {machine['kernel']}, {machine['file_system']}; "
            f"fcgi-stream {machine['fcgi_stream'] or '?'}; {versions}.")


def markdown(result):
    """The whole report."""
    parts = [f"Mode {result['mode']}, {result['rounds']} rounds, "
             f"{result['date']}. " + machine_line(result),
             goals_table(result["rows"])]
    for row in result["rows"]:
        parts.append(f"**{row['name']}**: {row['title']}; medians of "
                     f"{len(row['rounds'])} rounds")
        parts.append(figures_table(row))
    if result["notes"]:
        parts.append("\n".join(f"- {note}" for note in result["notes"]))
    return "\n\n".join(parts) + "\n"


def update(page, text):
    """Replaces what is between the markers in a page."""
    old = page.read_text()
    pattern = re.escape(BEGIN) + ".*?" + re.escape(END)
    new, count = re.subn(pattern, lambda _: f"{BEGIN}\n{text}{END}", old,
                         flags=re.DOTALL)
    if count != 1:
        raise SystemExit(f"{page}: no place for results")
    page.write_text(new)


def main():
    """Reads the results that a run has written."""
    parser = argparse.ArgumentParser(description="results as Markdown")
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--update", type=pathlib.Path, metavar="PAGE")
    options = parser.parse_args()
    text = markdown(json.loads(options.results.read_text()))
    if options.update:
        update(options.update, text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
