# SPDX-License-Identifier: MIT
"""Rounds, goals, and what the figures of several rounds come to.

A row is measured in rounds.  A round runs each of the row's variants (peers,
mostly) once, and begins with another one each time, so that a machine that
is slow for a while is slow for all.  A goal is worked out within each round,
and what counts is the median over the rounds.
"""

import dataclasses
import statistics
import typing

# With one worker, beside what has one process, and as it runs by default,
# beside what uses every core.
OURS = "fcgi-stream"
OURS_ALL = "fcgi-stream, all cores"
# With files that were wanted before: it reads those through the page cache.
AGAIN = "fcgi-stream, wanted again"


@dataclasses.dataclass
class Goal:
    """A figure of a round, and what it should be.

    `pick` gets a round, a dictionary of variants with their figures, and may
    raise KeyError where a peer is missing.  No bound: for information.
    """
    what: str
    pick: typing.Callable
    at_least: float = None
    at_most: float = None

    def summary(self, rounds):
        """Median, least, most and verdict; None if nothing is known."""
        values = []
        for figures in rounds:
            try:
                values.append(self.pick(figures))
            except (KeyError, ZeroDivisionError):
                continue
        if not values:
            return None
        median = statistics.median(values)
        return {"what": self.what, "values": values, "median": median,
                "least": min(values), "most": max(values),
                "at_least": self.at_least, "at_most": self.at_most,
                "met": self.met(median)}

    def met(self, value):
        """Whether a value is good enough; None without a bound."""
        if self.at_least is not None:
            return value >= self.at_least
        if self.at_most is not None:
            return value <= self.at_most
        return None


def against(key, peer, ours=OURS, **bound):
    """How many times a peer's figure ours is."""
    what = f"{key.replace('_', ' ').replace('cpu', 'CPU')} / {peer}"
    if ours != OURS:
        what += f" ({ours.removeprefix(OURS + ', ')})"
    return Goal(what,
                lambda figures: figures[ours][key] / figures[peer][key],
                **bound)


def own(what, key, variant=OURS, **bound):
    """The goal that a figure itself is within a bound."""
    return Goal(what, lambda figures: figures[variant][key], **bound)


def rotated(names, turn):
    """The names in order, but from another one on in each turn."""
    start = turn % len(names) if names else 0
    return names[start:] + names[:start]


def medians(rounds):
    """Of each variant the median of each figure that is a number."""
    result = {}
    for name in dict.fromkeys(name for figures in rounds for name in figures):
        mine = [figures[name] for figures in rounds if name in figures]
        keys = dict.fromkeys(key for figures in mine for key in figures)
        result[name] = {
            key: statistics.median(values) for key in keys
            if (values := [figures[key] for figures in mine
                           if isinstance(figures.get(key), (int, float))])}
    return result
