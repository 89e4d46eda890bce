"""Lengths in spans: medians and shares within five per cent of what they are."""

from __future__ import annotations

import random
import statistics
from collections import Counter

import pytest

from app.services.throughput import bucket, length, quantile


@pytest.mark.parametrize("seconds", [1, 59, 60, 3600, 86_400, 14 * 86_400.0])
def test_the_middle_of_a_span_is_within_five_per_cent_of_what_fell_into_it(seconds: float) -> None:
    assert length(bucket(seconds)).total_seconds() == pytest.approx(seconds, rel=0.05)


def test_what_takes_no_time_has_its_own_span() -> None:
    assert (bucket(0), bucket(0.4), length(0).total_seconds()) == (0, 0, 0)


def test_medians_of_many_lengths_are_right_within_five_per_cent() -> None:
    pick = random.Random(4)
    lengths = [pick.lognormvariate(8, 1.5) for _ in range(2000)]
    counts = Counter(map(bucket, lengths))
    median, p90 = quantile(counts, 0.5), quantile(counts, 0.9)
    assert median is not None
    assert p90 is not None
    assert median.total_seconds() == pytest.approx(statistics.median(lengths), rel=0.06)
    assert p90.total_seconds() == pytest.approx(statistics.quantiles(lengths, n=10)[-1], rel=0.06)


def test_nothing_has_no_median() -> None:
    assert quantile({}, 0.5) is None
