"""Thinning curves for charts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.tracking.curves import thinned
from modelyard_server.tracking.history import spread

values = st.lists(st.none() | st.floats(-1e6, 1e6), max_size=300)


@given(values, st.integers(4, 100))
def test_thinning_keeps_ends_extremes_order_and_the_limit(numbers, most):
    nans = np.array([number is None for number in numbers], np.bool_)
    kept = list(thinned(np.array([number or 0.0 for number in numbers]), nans, most))
    assert len(kept) <= most
    assert kept == sorted(set(kept))
    places = list(range(len(numbers)))
    assert (kept[:1], kept[-1:]) == (places[:1], places[-1:])
    known = [number for number in numbers if number is not None]
    if known:
        shown = [numbers[place] for place in kept if numbers[place] is not None]
        assert (min(shown), max(shown)) == (min(known), max(known))


def test_steps_are_spread_with_both_ends():
    assert spread(range(101), 3) == [0, 50, 100]
    assert spread([1, 2], 5) == [1, 2]
