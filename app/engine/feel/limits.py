"""The limits that keep a hostile expression from using up memory or time."""

from __future__ import annotations

MAX_TEXT = 10_000  # characters of an expression
MAX_DEPTH = 64  # nesting of the syntax tree, and of the values in it
MAX_NESTING = 40  # parentheses, lists and constructs inside each other
MAX_CALLS = 32  # user functions that call each other
MAX_STEPS = 200_000  # loop rounds, calls, and list items or 64-character blocks that are produced
MAX_ITEMS = 20_000  # entries of a list or context, its nested ones included
MAX_STRING = 100_000  # characters of a produced string
MAX_PATTERN = 500  # characters of a regular expression
MAX_REPEATS = 2_000  # what nested {n,m} of a regular expression multiply to; compiling unrolls them
PATTERN_SECONDS = 0.25  # processor time that all matches of one evaluation may take
