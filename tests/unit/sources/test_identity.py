"""Ids: UUIDs are kept, everything else is mapped to the same UUID for ever."""

import re
from uuid import UUID, uuid4, uuid5

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import CHECKOUT
from usage_pipeline.identity import (
    ROOT_NAMESPACE,
    composed_ids,
    execution_ids,
    mapped_id,
    mapped_ids,
    shared_namespace,
    source_namespace,
    tracked_execution_id,
    tracked_execution_ids,
    uuid_text,
)

NAMESPACE = source_namespace("test")
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1) | st.uuids().map(str)


def test_the_namespace_never_changes() -> None:
    """A change here would give every mapped user, workflow and execution another id."""
    assert str(ROOT_NAMESPACE) == "6f1c7a52-0d0b-5c0e-9d0e-2f6f6f0a7b11"
    assert str(source_namespace("github")) == str(uuid5(ROOT_NAMESPACE, "github"))


@given(st.lists(st.none() | IDS))
def test_users_and_workflows_are_mapped_as_uuid5_does(ids: list[str | None]) -> None:
    expected = [found and _mapped(f"user:{found}", found) for found in ids]
    assert mapped_ids("user", pa.array(ids, pa.string()), NAMESPACE).to_pylist() == expected


@given(st.lists(st.tuples(IDS, st.integers(1, 3))))
def test_each_attempt_of_an_execution_has_an_id_of_its_own(runs: list[tuple[str, int]]) -> None:
    ids = pa.array([found for found, _ in runs], pa.string())
    attempts = pa.array([attempt for _, attempt in runs], pa.int32())
    expected = [
        _mapped(f"execution:{found}/{attempt}", found if attempt == 1 else "")
        for found, attempt in runs
    ]
    assert execution_ids(ids, attempts, NAMESPACE).to_pylist() == expected


@given(st.lists(st.tuples(IDS, st.sampled_from("ab"), st.integers(1, 3)), max_size=8))
def test_two_workflows_may_use_one_id_but_a_uuid_names_one_execution(
    runs: list[tuple[str, str, int]],
) -> None:
    ids, workflows = pa.array([run[0] for run in runs], pa.string()), [run[1] for run in runs]
    attempts = pa.array([run[2] for run in runs], pa.int32())
    within = (pa.array(workflows, pa.string()),)
    expected = [
        _mapped(f"execution:{workflow}/{found}/{attempt}", found if attempt == 1 else "")
        for found, workflow, attempt in runs
    ]
    assert execution_ids(ids, attempts, NAMESPACE, within).to_pylist() == expected


@given(st.lists(st.lists(st.text(st.sampled_from("a/~01"), max_size=3), min_size=2, max_size=2)))
def test_different_parts_never_compose_one_id(rows: list[list[str]]) -> None:
    parts = [pa.array([row[place] for row in rows], pa.string()) for place in (0, 1)]
    composed = composed_ids(parts).to_pylist()
    assert len(set(composed)) == len({tuple(row) for row in rows})


def test_one_reported_execution_has_the_id_that_a_column_of_them_has() -> None:
    user, workflow = uuid4(), uuid4()
    column = tracked_execution_ids(
        pa.array([str(user)]), pa.array([str(workflow)]), pa.array([2]), pa.array(["1"])
    )
    assert column.to_pylist() == [str(tracked_execution_id(user, workflow, 2, "1"))]


def test_a_uuid_is_kept_in_lower_case_and_only_if_it_is_written_out() -> None:
    found = uuid4()
    texts = [str(found).upper(), found.hex, f"{{{found}}}", f"{found}\n"]
    mapped = mapped_ids("user", pa.array(texts), NAMESPACE).to_pylist()
    assert mapped[0] == str(found)
    assert str(found) not in mapped[1:]


@given(IDS | st.from_regex(r"[0-9a-fA-F-]{36}", fullmatch=True))
def test_one_id_is_mapped_as_a_column_of_them_is(text: str) -> None:
    column = mapped_ids("user", pa.array([text]), NAMESPACE)
    assert str(mapped_id("user", text, NAMESPACE)) == column[0].as_py()


def test_a_configured_namespace_is_a_uuid_or_the_name_of_a_source() -> None:
    own = uuid4()
    assert shared_namespace(str(own)) == own
    assert shared_namespace("github") == source_namespace("github")


def test_only_identity_hashes_ids() -> None:
    """A second UUIDv5 could give one execution two ids."""
    package = CHECKOUT / "usage_pipeline"
    hashing = [
        str(file.relative_to(package))
        for file in package.rglob("*.py")
        if re.search(r"\buuid5\b|\bsha1\b", file.read_text())
    ]
    assert hashing == ["identity.py"]


@given(st.lists(st.uuids()))
def test_packed_uuids_are_written_as_python_writes_them(ids: list[UUID]) -> None:
    import numpy as np

    packed = np.frombuffer(b"".join(found.bytes for found in ids), np.uint8).reshape(-1, 16)
    assert uuid_text(packed).to_pylist() == [str(found) for found in ids]


def _mapped(name: str, found: str) -> str:
    try:
        is_uuid = len(found) == 36 and str(UUID(found)) == found.lower()
    except ValueError:
        is_uuid = False
    return found.lower() if is_uuid else str(uuid5(NAMESPACE, name))
