"""Faults that are really made to happen, and what must hold afterwards. See docs/faults.md."""

import pytest

# A trial that fails says what differs.
pytest.register_assert_rewrite("tests.faults.trials")
