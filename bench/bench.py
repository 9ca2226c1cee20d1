#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures fcgi-stream and its peers side by side; see docs/PERFORMANCE.md.

bench/run.sh builds all that is needed and starts this.
"""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import resource
import shutil
import signal
import sys
import time

sys.dont_write_bytecode = True
TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(1, str(TOP / "tests" / "functional"))

# pylint: disable=wrong-import-position
from support.checks import Failure, Skip  # noqa: E402
from files import Files, need_room  # noqa: E402
from support.harness import Case  # noqa: E402
from load import Load  # noqa: E402
from machine import describe  # noqa: E402
from measure import medians, rotated  # noqa: E402
from plots import draw_all  # noqa: E402
import report  # noqa: E402
import rows_cold  # noqa: E402
import rows_hot  # noqa: E402
import rows_streams  # noqa: E402

ROWS = (*rows_hot.ROWS, *rows_cold.ROWS, *rows_streams.ROWS,
        *rows_hot.GROWTH)


def told(error):
    """An exception in words; what we raise ourselves has the best ones."""
    if isinstance(error, (Failure, Skip)):
        return str(error)
    return f"{type(error).__name__}: {error}"


class Bench:
    """What all rows of a run share."""

    def __init__(self, options):
        self.options = options
        self.quick = not options.full
        self.rounds = options.rounds or (3 if self.quick else 7)
        self.seconds = options.seconds or (1 if self.quick else 3)
        self.load = Load(options.load.resolve())
        self.peers = (options.peers or
                      self.load.program.parent / "peers").resolve()
        self.files = Files(options.files)
        self.descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self.notes = []

    def say(self, text):
        """Tells how far it is."""
        print(text, file=sys.stderr, flush=True)

    def note(self, text):
        """Tells it, and keeps it for the report, once."""
        text = " ".join(text.split())
        if text not in self.notes:
            self.notes.append(text)
            self.say(f"  note: {text}")

    def run(self, kinds):
        """Measures the rows: their results."""
        results = []
        for kind in kinds:
            row = kind(self.quick, self.seconds)
            begun = time.monotonic()
            self.say(f"{row.name}: {row.title}")
            result = self.run_row(row)
            if result:
                result["took_seconds"] = time.monotonic() - begun
                results.append(result)
                self.store(results)
        return results

    def store(self, results):
        """Writes the results so far; what was written.

        After each row: a run that is broken off has cost an hour.
        """
        result = {
            "date": datetime.date.today().isoformat(),
            "mode": "quick" if self.quick else "full",
            "rounds": self.rounds, "machine": describe(self.files.root, TOP),
            "rows": results, "notes": self.notes}
        out = self.options.out
        out.mkdir(parents=True, exist_ok=True)
        (out / "results.json").write_text(json.dumps(result, indent=1))
        return result

    def run_row(self, row):
        """Measures one row; None if it cannot be run."""
        if not need_room(self.files.root, row.room()):
            self.note(f"{row.name}: left out, the disk is full")
            return None
        case = Case(row.name)
        try:
            row.prepare(self, case)
            rounds = [self.run_round(row, turn)
                      for turn in range(min(self.rounds, row.most_rounds))]
            return self.result(row, rounds)
        except Exception as error:  # pylint: disable=broad-except
            # A row that cannot be measured costs no other one.
            self.note(f"{row.name}: left out: {told(error)}")
            return None
        finally:
            self.end_row(case)

    def end_row(self, case):
        """Stops what a row has started, and deletes its files."""
        try:
            case.finish(check=False)
        except Exception as error:  # pylint: disable=broad-except
            # A peer that did not stop well; the others are still to be ended.
            self.note(told(error))
            with contextlib.suppress(Exception):
                case.finish(check=False)
        finally:
            case.remove()
            self.files.clear()

    def run_round(self, row, turn):
        """Every variant once: figures by the variants' names."""
        figures = {}
        for name in rotated(row.variants(), turn):
            try:
                figures[name] = row.measure(name)
            except Exception as error:  # pylint: disable=broad-except
                row.note(f"a round without {name}: {told(error)}")
        self.say(f"  round {turn + 1}: " + ", ".join(
            f"{name} {self.headline(row, values)}"
            for name, values in figures.items()))
        return figures

    @staticmethod
    def headline(row, figures):
        """The first of a row's figures, in its unit."""
        key, unit, factor = row.columns[0]
        if key not in figures:
            return "?"
        return f"{report.number(figures[key] * factor)} {unit}"

    @staticmethod
    def result(row, rounds):
        """A row's results, as they stand in the JSON."""
        order = row.variants()
        middle = medians(rounds)
        goals = [goal.summary(rounds) for goal in row.goals()]
        return {"name": row.name, "title": row.title,
                "columns": row.columns, "rounds": rounds,
                "medians": {name: middle[name] for name in order
                            if name in middle},
                "goals": [goal for goal in goals if goal]}


def parse_options():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true",
                      help="a look, under eight minutes (default)")
    size.add_argument("--full", action="store_true",
                      help="for figures to publish, under forty minutes")
    parser.add_argument("--only", default="", metavar="ROW[,ROW]",
                        help="rows by name, or by how their names begin")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float,
                        help="length of one run of a row on hot files")
    parser.add_argument("--out", type=pathlib.Path, default="bench-results",
                        help="where results.json and the plots go")
    parser.add_argument("--files", type=pathlib.Path, default="bench-files",
                        help="where the test files go, for the time of a row")
    parser.add_argument("--load", type=pathlib.Path, required=True,
                        help="the program fcgi_load")
    parser.add_argument("--peers", type=pathlib.Path,
                        help="the folder of the peers' programs, if it is "
                             "not beside fcgi_load")
    parser.add_argument("--update", type=pathlib.Path, metavar="PAGE",
                        help="also puts the tables into this page, and the "
                             "plots into the folder performance beside it")
    return parser.parse_args()


def chosen_rows(text):
    """The rows that --only names."""
    words = [word for word in text.split(",") if word]
    for word in words:
        if not any(kind.name.startswith(word) for kind in ROWS):
            raise SystemExit(f"bench: no row is called {word}; there are "
                             + ", ".join(kind.name for kind in ROWS))
    return [kind for kind in ROWS
            if not words or kind.name.startswith(tuple(words))]


def write(bench, rows):
    """Leaves the results and the plots, and prints the tables."""
    options = bench.options
    result = bench.store(rows)
    images = draw_all(result, options.out)
    text = report.markdown(result)
    print(text, end="")
    if options.update:
        report.update(options.update, text)
        for image in images:
            shutil.copy(image, options.update.parent / "performance")
    for path in [options.out / "results.json", *images]:
        bench.say(f"wrote {path}")


def prepare_process(limit):
    """Signals become exceptions, so that everything is cleaned up.

    So does the end of the time, in seconds, that all may take.
    """
    def stop(number, _):
        raise SystemExit(128 + number)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    signal.signal(signal.SIGALRM, stop)
    signal.alarm(limit)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.umask(0o022)


def main():
    """Runs the chosen rows."""
    options = parse_options()
    kinds = chosen_rows(options.only)
    prepare_process(3600 if options.full else 1200)
    bench = Bench(options)
    try:
        write(bench, bench.run(kinds))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    finally:
        bench.files.remove()


if __name__ == "__main__":
    main()
