"""The dbt project on its own: everything builds, every unit and data test passes, docs are made."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg import sql

from tests.executions import DAY, batch, execution
from usage_pipeline.steps.build import dbt_environment, dbt_executable, project_directory
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.executions.day_load import DayInput, load_day


@dataclass(frozen=True)
class Project:
    """The project as a person runs it: in its own folder, but written elsewhere."""

    warehouse: Warehouse
    target: Path

    def run(self, *arguments: str) -> str:
        """Run dbt; return its output."""
        written = {"DBT_TARGET_PATH": str(self.target), "DBT_LOG_PATH": str(self.target)}
        result = subprocess.run(
            [dbt_executable(), "--no-use-colors", *arguments],
            capture_output=True,
            text=True,
            cwd=project_directory(),
            env={**os.environ, **dbt_environment(self.warehouse, threads=2), **written},
            check=False,
        )
        assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
        return result.stdout


@pytest.fixture(scope="module")
def project(module_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project on a warehouse of one day, built from nothing."""
    load_day(module_warehouse, DAY, [DayInput("files", [batch([execution("run")])])])
    project = Project(module_warehouse, tmp_path_factory.mktemp("target"))
    # Unit tests read the columns of what a model refers to, so that comes first.
    project.run("run")
    return project


def test_a_build_with_all_its_tests_passes_and_documents_itself(project: Project) -> None:
    said = project.run("build")
    assert "ERROR=0" in said
    assert "WARN=0" in said
    assert "PASS user_workflow_usage::" in said
    assert "Catalog written" in project.run("docs", "generate")


def test_what_a_night_replaces_is_found_without_reading_all_of_history(project: Project) -> None:
    project.run("run")
    deletes = [
        statement.strip()
        for path in (project.target / "run").rglob("*.sql")
        for statement in path.read_text().split(";")
        if statement.strip().startswith("delete from") and "__dbt_tmp" not in statement
    ]
    assert len(deletes) >= 6
    with project.warehouse.connect() as connection:
        # On a table of one page the planner reads it whole, unless nothing but a scan would do.
        connection.execute("set enable_seqscan = off")
        for statement in deletes:
            plan = connection.execute(sql.SQL("explain ") + sql.SQL(statement)).fetchall()
            assert "Seq Scan" not in str(plan), statement


def test_every_column_of_the_marts_says_what_it_means_also_after_a_rebuild(
    project: Project,
) -> None:
    """A mart that is made anew takes the views of it along: the same run brings them back."""
    project.run("run", "--full-refresh")
    with project.warehouse.connect() as connection:
        comments = connection.execute(
            "select attrelid::regclass::text, attname, col_description(attrelid, attnum) "
            "from pg_attribute inner join pg_class as class on class.oid = attrelid "
            "where relnamespace = 'marts'::regnamespace and relkind in ('r', 'v') "
            "and attnum > 0 and not attisdropped"
        ).fetchall()
    assert [row for row in comments if not row[2]] == []
    by_column = {(table, column): text for table, column, text in comments}
    name = "popular_workflows"
    assert (
        by_column[f"marts.{name}_current", "rank_change"]
        == by_column[f"marts.{name}", "rank_change"]
    )


def test_a_view_stays_until_its_definition_changes(project: Project) -> None:
    """Readers wait for a view that is made anew, and a night would make thirty for nothing."""

    def oid(view: str) -> int | None:
        with project.warehouse.connect() as connection:
            row = connection.execute("select to_regclass(%s)::oid", [view]).fetchone()
            assert row is not None
            return row[0]

    view = "staging.stg_users"
    project.run("run", "--select", "stg_users")
    before = oid(view)
    assert "VIEW STAYS" in project.run("run", "--select", "stg_users")
    assert oid(view) == before
    with project.warehouse.connect() as connection:
        connection.execute("update intermediate.view_definitions set definition = 'another'")
    project.run("run", "--select", "stg_users")
    assert oid(view) not in (None, before)


def test_named_views_are_their_tables_with_the_names_of_ids(project: Project) -> None:
    project.run("run")
    with project.warehouse.connect() as connection:
        views = connection.execute(
            "select viewname, "
            "coalesce(to_regclass('mining.' || base), to_regclass('marts.' || base))::text "
            "from pg_views, regexp_replace(viewname, '_named$', '') as base "
            "where schemaname = 'marts' and viewname like '%!_named' escape '!' order by viewname"
        ).fetchall()
        assert len(views) == 11
        for view, table in views:
            columns = [
                name
                for (name,) in connection.execute(
                    "select attname from pg_attribute where attrelid = %s::regclass "
                    "and attnum > 0 and not attisdropped order by attnum",
                    [table],
                )
            ]
            listed = sql.SQL(", ").join(map(sql.Identifier, columns))
            for one, other in ((f"marts.{view}", table), (table, f"marts.{view}")):
                differences = connection.execute(
                    sql.SQL(
                        "(select {listed} from {one}) except all (select {listed} from {other})"
                    ).format(
                        listed=listed,
                        one=sql.Identifier(*one.split(".")),
                        other=sql.Identifier(*other.split(".")),
                    )
                ).fetchall()
                assert differences == []
        unnamed = connection.execute(
            "select count(*) from marts.user_workflow_usage_named where user_name is null"
        ).fetchone()
        assert unnamed == (0,)
