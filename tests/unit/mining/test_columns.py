"""Sorting, grouping and finding by packed keys, also where the keys do not fit into one number."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usage_pipeline.mining.columns import code_of, encode, group, lookup, ranges

# Up to 2**21 and up to 2**40: three keys fit with the row, without it, or not at all.
numbers = st.one_of(st.integers(0, 3), st.integers(0, 2**21 - 1), st.integers(0, 2**40))
rows_of_keys = st.lists(st.tuples(numbers, numbers, numbers), max_size=40)


def columns(rows):
    return [np.array([row[place] for row in rows], dtype=np.int64) for place in range(3)]


@settings(max_examples=60, deadline=None)
@given(rows_of_keys, st.integers(0, 3))
def test_groups_are_those_of_a_dictionary(rows, copies):
    rows = rows * (1 + copies)
    expected: dict = {}
    for number, row in enumerate(rows):
        expected.setdefault(row, []).append(number)
    found = group(*columns(rows))
    members = np.split(found.order, found.starts[1:]) if rows else []
    assert [list(part) for part in members] == [expected[row] for row in sorted(expected)]
    assert found.sizes.tolist() == [len(expected[row]) for row in sorted(expected)]
    values = np.arange(len(rows)) * 7 % 11
    assert found.maxima(values).tolist() == [
        max(values[n] for n in expected[row]) for row in sorted(expected)
    ]
    assert found.sums(values).tolist() == [
        sum(values[n] for n in expected[row]) for row in sorted(expected)
    ]
    assert found.ranks().tolist() == [expected[row].index(n) for n, row in enumerate(rows)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(numbers, numbers, numbers), max_size=30, unique=True), rows_of_keys)
def test_rows_are_found_by_their_keys(known, others):
    wanted = known[::2] + others + known
    found = lookup(columns(known), columns(wanted))
    assert found.tolist() == [known.index(row) if row in known else -1 for row in wanted]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.text("abc", max_size=2), max_size=5), max_size=4))
def test_codes_are_in_the_order_of_the_ids(chunks):
    table = pa.table({"id": pa.chunked_array(chunks, pa.string())})
    found, ids = encode(table, "id"), [text for chunk in chunks for text in chunk]
    ordered = sorted(set(ids))
    assert found.values.to_pylist() == ordered
    assert found.codes.tolist() == [ordered.index(text) for text in ids]
    assert code_of(found.values, pa.array(["zzz", *ids])).tolist() == [-1, *found.codes]


@pytest.mark.parametrize("lengths", [[], [0], [2, 0, 3]])
def test_ranges_follow_each_other(lengths):
    starts = [10 * n for n in range(len(lengths))]
    expected = [s + k for s, length in zip(starts, lengths, strict=True) for k in range(length)]
    arrays = (np.array(values, dtype=np.int64) for values in (starts, lengths))
    assert ranges(*arrays).tolist() == expected
