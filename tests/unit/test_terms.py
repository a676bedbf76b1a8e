"""The words and constants of `terms`: dbt, migrations and the client hold the same ones."""

import re
from typing import get_args

import yaml

from tests.conftest import CHECKOUT
from usage_pipeline import terms
from usage_pipeline.client import reports
from usage_pipeline.synthetic import starts

_DBT = CHECKOUT / "dbt_project"
_MIGRATIONS = CHECKOUT / "usage_pipeline" / "warehouse" / "migrations" / "sql"
_WORDS = re.compile(r"'(\w+)'")


def test_dbt_has_the_vars_of_terms_with_their_values() -> None:
    project_vars = yaml.safe_load((_DBT / "dbt_project.yml").read_text())["vars"]
    assert {name: project_vars.get(name) for name in terms.DBT_VARS} == terms.DBT_VARS


def test_every_var_of_terms_is_read_by_dbt() -> None:
    sql = "".join(file.read_text() for file in _DBT.glob("m*/**/*.sql"))
    assert [name for name in terms.DBT_VARS if f"var('{name}')" not in sql] == []


def test_the_database_accepts_the_statuses_and_triggers_of_terms() -> None:
    sql = "".join(file.read_text() for file in sorted(_MIGRATIONS.glob("*.sql")))
    for column, words in (("status", terms.STATUSES), ("trigger_type", terms.TRIGGERS)):
        checks = re.findall(rf"check \({column} in \(([^)]*)\)\)", sql)
        assert [tuple(_WORDS.findall(check)) for check in checks] == [words, words]


def test_models_compare_statuses_with_no_other_word() -> None:
    compared = [
        word
        for file in _DBT.glob("m*/**/*.sql")
        for word in re.findall(r"\bstatus = '(\w+)'", file.read_text())
    ]
    assert set(compared) == set(terms.STATUSES)


def test_the_client_and_the_generator_know_the_same_statuses_and_triggers() -> None:
    assert get_args(reports.Status) == terms.STATUSES
    assert get_args(reports.Trigger) == terms.TRIGGERS
    assert {status.name.lower() for status in starts.Status} == set(terms.STATUSES)
    assert {trigger.name.lower() for trigger in starts.Trigger} == set(terms.TRIGGERS)


def test_each_status_has_a_rank_and_started_is_the_lowest() -> None:
    assert sorted(terms.STATUS_RANK) == sorted(terms.STATUSES)
    assert terms.STATUS_RANK[0] == "started"


def test_each_trigger_is_of_people_or_of_machines() -> None:
    assert sorted(terms.PEOPLE_TRIGGERS + terms.MACHINE_TRIGGERS) == sorted(terms.TRIGGERS)
