"""Patterns: the subset means what it means elsewhere, and nothing makes it slow."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.userforms.patterns import MAX_INPUT, PatternError, compile_pattern

KNOWN = [
    r"^[0-9+()\- ]{3,30}( ?(转|x|ext) ?[0-9]{1,6})?$",
    r"^[^@ ]{1,64}@[^@ ]{2,120}$",
    r"^[0-9]{6}-[0-9]{4}$",
    r"^[A-Za-z0-9\-]{5,40}$",
    r"^(?:ab|c)*d?$",
    r"a.c",
    r"^\d+\.\d{2}$",
    r"(cat|dog)s?$",
    r"^\w+\s\w+",
    r"^[^\d]+$",
    "^$",
]


@pytest.mark.parametrize("pattern", KNOWN)
@given(text=st.text(alphabet="abcdox @.-0129 转()\n", max_size=25))
def test_a_pattern_accepts_what_the_standard_library_accepts(pattern, text):
    expected = re.search(re.sub(r"\$$", r"\\Z", pattern), text, re.ASCII) is not None
    assert compile_pattern(pattern).matches(text) == expected


@given(pattern=st.text(alphabet="ab01^$()[]{}|*+?.,\\dws-:", max_size=25), text=st.text(alphabet="ab01 ", max_size=20))
def test_any_text_is_a_pattern_or_is_refused_and_never_anything_else(pattern, text):
    try:
        compiled = compile_pattern(pattern)
    except PatternError:
        return
    assert compiled.matches(text) == (re.search(re.sub(r"(?<!\\)\$$", r"\\Z", pattern), text, re.ASCII) is not None)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$",
        r"^(a|aa)+$b*(c*)*",
        r"(x*)*",
        r"(?=a)b",
        r"(a)\1",
        r"(?<n>a)",
        r"a**",
        r"[z-a]",
        r"a{5,2}",
        r"(",
        r"[",
        r"\q",
        "^a|b$",
        "a{1,999}{2}",
        "((((((((((((((a))))))))))))))",
        "x" * 201,
    ],
)
def test_backtracking_and_unknown_constructs_are_refused(pattern):
    with pytest.raises(PatternError):
        compile_pattern(pattern)


def test_the_worst_pattern_that_is_accepted_stays_quick():
    compiled = compile_pattern("^" + "a?" * 40 + "a" * 40 + "[a-c]*[b-d]*[a-d]*$")
    started = time.perf_counter()
    assert not compiled.matches("a" * (MAX_INPUT - 1) + "!")
    assert time.perf_counter() - started < 2


def test_a_text_beyond_the_cap_never_matches():
    assert not compile_pattern("a*").matches("a" * (MAX_INPUT + 1))
