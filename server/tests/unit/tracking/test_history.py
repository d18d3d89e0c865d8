"""Thinning curves for charts."""

from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.tracking.history import Logged, spread, thinned

values = st.lists(st.none() | st.floats(-1e6, 1e6), max_size=300)


@given(values, st.integers(4, 100))
def test_thinning_keeps_ends_extremes_order_and_the_limit(numbers, most):
    history = [Logged(step, step, value) for step, value in enumerate(numbers)]
    kept = thinned(history, most)
    assert len(kept) <= most
    assert [p.step for p in kept] == sorted({p.step for p in kept})
    assert (kept[:1], kept[-1:]) == (history[:1], history[-1:])
    known = [p.value for p in history if p.value is not None]
    if known:
        shown = [p.value for p in kept if p.value is not None]
        assert (min(shown), max(shown)) == (min(known), max(known))


def test_steps_are_spread_with_both_ends():
    assert spread(range(101), 3) == [0, 50, 100]
    assert spread([1, 2], 5) == [1, 2]
