"""What may be kept of a column, and of which calls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.monitoring import policy
from modelyard_server.monitoring.policy import Keep, Policy


@pytest.mark.parametrize(
    "name",
    ["email", "E-Mail", "userEmail", "customer_email", "ssn", "IBAN", "phone", "mobile_phone",
     "name", "first_name", "lastName", "full name", "date_of_birth", "creditCard", "passport",
     "home_address", "ip_address", "password"],
)  # fmt: skip
def test_sensitive_names_are_only_counted_until_somebody_says_otherwise(name: str):
    assert Policy().of(name) is Keep.count_only
    assert Policy({name: Keep.store}).of(name) is Keep.store


@pytest.mark.parametrize("name", ["age", "amount", "mean radius", "filename", "tenure", "ratio"])
def test_other_names_are_stored(name: str):
    assert Policy().of(name) is Keep.store


@given(st.lists(st.uuids(), min_size=300, max_size=300, unique=True))
def test_sampling_follows_the_id_alone(ids: list[object]):
    half, tenth = Policy(rate=0.5), Policy(rate=0.1)
    kept = {one for one in ids if half.keeps(str(one), 200)}
    assert {one for one in ids if tenth.keeps(str(one), 200)} <= kept
    assert 75 < len(kept) < 225
    assert all(half.keeps(str(one), 500) for one in ids)


def test_a_hash_is_the_same_for_the_same_value_and_key_only():
    assert policy.hashed(1, b"k") == policy.hashed(1.0, b"k") == policy.hashed("1", b"k")
    assert policy.hashed(1, b"k") != policy.hashed(1, b"other")
    assert policy.hashed(None, b"k") is None
