"""Words and numbers against a slow parser that takes one value at a time."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from usage_pipeline.sources.conform.fields import costs, sound_text, whole_numbers, words
from usage_pipeline.sources.conform.parsed import Parsed
from usage_pipeline.sources.conform.vocabulary import STATUS_WORDS

NUMBERS = (
    st.integers().map(str)
    | st.decimals(allow_nan=True, allow_infinity=True).map(str)
    | st.floats().map(repr)
    | st.text(st.sampled_from("0123456789+-.eE _x"), max_size=24)
)


def text_of(values: list[str | None]) -> Parsed:
    return sound_text("n", pa.array(values, pa.string()), 1000)


def reference(text: str) -> Decimal | None:
    """The number a text writes in ASCII digits, or None."""
    if not text.isascii() or "_" in text:
        return None
    try:
        number = Decimal(text.strip())
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


@given(st.lists(st.none() | NUMBERS))
@example(["999999999999.9999995", "99999999999.9999995", "1e-999999", "1e999999", "-0", ".5", "5."])
def test_costs_are_rounded_half_to_even_and_nothing_else_is_lost(values: list[str | None]) -> None:
    parsed = costs("cost", text_of(values))
    for place, text in enumerate(values):
        number = reference(text) if text else None
        with localcontext() as context:
            context.prec = 500
            if number is not None and abs(number.adjusted()) < 100:
                number = number.quantize(Decimal("0.000001"), ROUND_HALF_EVEN)
            elif number is not None and number.adjusted() <= -100:
                number = Decimal(0)
        is_cost = number is not None and 0 <= number < 10**12
        assert parsed.values[place].as_py() == (number if is_cost else None)
        has_problem = parsed.problem is not None and parsed.problem[place].is_valid
        assert has_problem == (bool(text and text.strip()) and not is_cost)


@given(st.lists(st.none() | NUMBERS))
@example(["9223372036854775807", "9223372036854775808", "1e18", "1e19", "1e999999", "7.0", "-1"])
def test_sizes_are_whole_numbers_that_fit(values: list[str | None]) -> None:
    parsed = whole_numbers("size", text_of(values), 0, 2**63 - 1)
    for place, text in enumerate(values):
        number = reference(text) if text else None
        fits = (
            number is not None
            and 0 <= number < 2**63
            and (number.adjusted() > -40 or not number)
            and number == number.to_integral_value()
        )
        assert parsed.values[place].as_py() == (
            int(number) if fits and number is not None else None
        )
        has_problem = parsed.problem is not None and parsed.problem[place].is_valid
        assert has_problem == (bool(text and text.strip()) and not fits)


def test_reasons_quote_the_value_but_not_all_of_it() -> None:
    parsed = costs("cost", text_of(["x" * 500]))
    assert parsed.problem is not None
    assert parsed.problem.to_pylist() == [f'cost "{"x" * 80}" is not a number']


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("SUCCESS", "completed"),
        ("Timed Out", "failed"),
        ("timed-out", "failed"),
        ("canceled", "cancelled"),
        ("Running", "started"),
        ("crashed", "failed"),
    ],
)
def test_usual_words_of_other_systems_are_understood(word: str, status: str) -> None:
    text = pa.array([word])
    assert words("status", text, STATUS_WORDS, "statuses").values.to_pylist() == [status]


def test_text_behind_a_slice_is_judged_by_its_own_bytes() -> None:
    """The bytes of a column may hold the rows of another batch, too."""
    column = pa.array(["a\0b", "fine", "c\0d"]).slice(1, 1)
    assert sound_text("id", column, 1000).problem is None
    assert sound_text("id", pa.array(["a\0b", "fine"]).slice(0, 1), 1000).problem is not None
