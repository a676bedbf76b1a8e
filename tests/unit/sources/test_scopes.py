"""Within what an id names one execution: a workflow, the source, or a user of a workflow."""

from pathlib import Path
from typing import Any, Literal

import pytest

from tests.unit.sources.reading import Outcome, read_config
from usage_pipeline.errors import InputError, UsageError
from usage_pipeline.sources.config import SourceConfig, read_sources_file

_RUN = "scheduled__2026-05-04T00:00:00+00:00"
_TIMES = "2026-05-05 00:00:03.120+00,2026-05-05 00:04:00.500+00"
_ROWS = (
    f"orders,{_RUN},success,{_TIMES},data\n"
    f"billing,{_RUN},failed,{_TIMES},data\n"
    f"billing,{_RUN},failed,{_TIMES},finance\n"
)
_Scope = Literal["source", "workflow", "user"]


def _read(folder: Path, **declared: Any) -> Outcome:
    file = folder / "dag_runs.csv"
    file.write_text("dag_id,run_id,state,start_date,end_date,owner\n" + _ROWS)
    return read_config(SourceConfig(name="airflow", path=str(file), **declared), folder)


@pytest.mark.parametrize(("scope", "executions"), [("source", 1), ("workflow", 2), ("user", 3)])
def test_a_run_id_names_one_execution_within_the_scope_of_its_source(
    tmp_path: Path, scope: _Scope, executions: int
) -> None:
    outcome = _read(tmp_path, id_scope=scope)
    assert len(outcome.accepted) == 3
    assert len({row["id"] for row in outcome.accepted}) == executions


def test_an_id_composed_of_columns_is_unique_where_its_parts_are_together(tmp_path: Path) -> None:
    outcome = _read(tmp_path, id_scope="source", columns={"id": ["dag_id", "run_id"]})
    assert [row["source_id"] for row in outcome.accepted] == [
        f"orders/{_RUN}", f"billing/{_RUN}", f"billing/{_RUN}",
    ]  # fmt: skip
    assert len({row["id"] for row in outcome.accepted}) == 2


def test_a_part_of_an_id_that_no_file_has_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column 'try', which the source 'airflow' maps to id"):
        _read(tmp_path, columns={"id": ["dag_id", "try"]})


def test_an_id_without_one_of_its_parts_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    file.write_text(f"dag_id,run_id,state,start_date,end_date,owner\na,,success,{_TIMES},x\n")
    config = SourceConfig(
        name="airflow", path=str(file), columns={"id": ("dag_id", "run_id")}, id_scope="source"
    )
    assert read_config(config, tmp_path).reasons == ["id is missing"]


def test_only_an_id_is_composed(tmp_path: Path) -> None:
    file = tmp_path / "sources.yaml"
    file.write_text("- name: a\n  path: x\n  columns: {status: [a, b]}\n")
    with pytest.raises(UsageError, match="only an id can be composed"):
        read_sources_file(file)
