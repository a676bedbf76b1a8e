"""Parses the columns of text, words and numbers, set-wise.

One function a kind of field; each gives values and problems, and never fails on what a row holds.
Times stand in `timestamps`.
"""

import re
from collections.abc import Collection, Mapping
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from usage_pipeline.sources.conform.canonical import COST
from usage_pipeline.sources.conform.parsed import Parsed, about, per_distinct, without
from usage_pipeline.sources.conform.vocabulary import plain_word
from usage_pipeline.sources.formats.rows import text_of
from usage_pipeline.sources.reading.streams import MARKS, NESTED_MARK, REPLACEMENT, SURROGATE_MARK

_WHOLE = r"^\d{1,18}$"
_USUAL_COST = r"^[+-]?\d{1,11}(\.\d{1,18})?$"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,6})?", re.ASCII)
# The first byte of every mark in UTF-8; it is higher than any byte of usual text.
_MARK_BYTE: Final = 0xF4
_CENTS: Final = Decimal("0.000001")


Care = Literal["id", "name", "message"]
"""How careful a text is read: an id exactly or not at all, since two could become one; a name
without the characters that a text cannot hold; a message at any price, so that every failed
execution is kept."""


def sound_text(
    name: str, column: pa.Array, field_bytes: int, marked: bool = False, care: Care = "id"
) -> Parsed:
    """A column as text that the warehouse can hold; empty fields are null.

    Args:
        name: the field, for reasons.
        column: the column as it was read.
        field_bytes: the greatest size of a field.
        marked: whether it may hold marks (see `streams`).
        care: how to treat characters that a text cannot hold.
    """
    parsed = Parsed(text_of(column))
    lowest, highest = _byte_range(parsed.values)
    if lowest == 0 and care == "id":
        nul = pc.match_substring(parsed.values, "\0")
        parsed = parsed.refuse(nul, f"{name} holds a NUL byte")
    elif lowest == 0:
        parsed = parsed.with_values(pc.replace_substring(parsed.values, "\0", ""))
    if marked and highest >= _MARK_BYTE:
        parsed = _without_marks(name, parsed, care)
    longest = pc.max(pc.binary_length(parsed.values)).as_py() or 0
    if longest > field_bytes and care == "message":
        parsed = parsed.with_values(pc.utf8_slice_codeunits(parsed.values, 0, field_bytes // 4))
    elif longest > field_bytes:
        too_long = pc.greater(pc.binary_length(parsed.values), field_bytes)
        parsed = parsed.refuse(too_long, f"{name} is longer than {field_bytes:,} bytes")
    return parsed


def _without_marks(name: str, parsed: Parsed, care: Care) -> Parsed:
    nested = pc.equal(parsed.values, NESTED_MARK)
    if care == "message":
        text = without(parsed.values, nested)
        for pattern in (MARKS, SURROGATE_MARK):
            text = pc.replace_substring_regex(text, pattern, REPLACEMENT)
        return parsed.with_values(text)
    parsed = parsed.refuse(nested, f"{name} is a list or an object and not one value")
    foreign = pc.match_substring_regex(parsed.values, pattern=MARKS)
    parsed = parsed.refuse(foreign, f"{name} is not UTF-8")
    if care == "name":
        text = pc.replace_substring(parsed.values, SURROGATE_MARK, REPLACEMENT)
        return parsed.with_values(text)
    lone = pc.match_substring(parsed.values, SURROGATE_MARK)
    return parsed.refuse(lone, f"{name} is not Unicode text: it holds half of a surrogate pair")


def without_words(text: pa.Array, words: Collection[str]) -> pa.Array:
    """Text with null where it is one of the words that stand for a missing value."""
    if not words:
        return text
    missing = pc.is_in(trimmed(text), pa.array(sorted(words), pa.string()))
    return without(text, missing) if pc.any(missing, min_count=1).as_py() else text


def whole_ids(text: pa.Array) -> pa.Array:
    """Ids with whole numbers written as such: 7001.0 and 7001.0000000000 are 7001."""
    if not pc.any(pc.match_substring(text, ".0"), min_count=1).as_py():
        return text
    return pc.replace_substring_regex(text, r"^(-?\d+)\.0+$", r"\1")


def trimmed(text: pa.Array) -> pa.Array:
    """Text without the spaces around it; null where nothing else is left."""
    bare = pc.ascii_trim_whitespace(text)
    empty = pc.equal(bare, "")
    return without(bare, empty) if pc.any(empty, min_count=1).as_py() else bare


def cut(text: pa.Array, characters: int) -> pa.Array:
    """Text of at most so many characters; null where it is empty."""
    if (pc.max(pc.binary_length(text)).as_py() or 0) > characters:
        text = pc.utf8_slice_codeunits(text, 0, characters)
    empty = pc.equal(text, "")
    return without(text, empty) if pc.any(empty, min_count=1).as_py() else text


def words(
    name: str, text: pa.Array, meanings: Mapping[str, str], setting: str, other: str | None = None
) -> Parsed:
    """The meanings of words.

    Args:
        name: the field, for reasons.
        text: the words, in any case.
        meanings: by plain word.
        setting: which setting of the source maps more words, for reasons.
        other: what any other word means; unset, it is a problem.
    """

    def parse(distinct: pa.Array) -> Parsed:
        texts = [meanings.get(plain_word(word), other) for word in distinct.to_pylist()]
        values = pa.array(texts, pa.string())
        what = f"is not known: map it in {setting}"
        return Parsed(values).refuse(values.is_null(), about(name, distinct, what))

    return per_distinct(text, parse)


def whole_numbers(name: str, column: Parsed, least: int, most: int) -> Parsed:
    """Whole numbers between two bounds, as int64.

    Args:
        name: the field, for reasons.
        column: its text.
        least: the smallest number allowed.
        most: the greatest, at most that of int64.
    """
    text = trimmed(column.values)
    usual = pc.match_substring_regex(text, pattern=_WHOLE)
    if pc.all(usual, min_count=0).as_py():
        parsed = Parsed(text.cast(pa.int64()))
    else:
        values = without(text, pc.invert(usual)).cast(pa.int64())
        odd = per_distinct(without(text, usual), lambda texts: _odd_whole(name, texts))
        parsed = odd.with_values(pc.coalesce(values, odd.values))
    low, high = pc.less(parsed.values, least), pc.greater(parsed.values, most)
    parsed = parsed.refuse(low, about(name, text, f"is less than {least}"))
    return parsed.refuse(high, about(name, text, f"is greater than {most}")).after(column)


def durations(name: str, column: Parsed, per_unit: int) -> Parsed:
    """Durations as whole microseconds; fractions of one are dropped.

    Args:
        name: the field, for reasons.
        column: its text.
        per_unit: microseconds in its unit.
    """
    parsed = costs(name, column)
    whole = pc.floor(pc.multiply(parsed.values.cast(pa.decimal128(30, 6)), Decimal(per_unit)))
    return parsed.with_values(whole.cast(pa.decimal128(38, 0)).cast(pa.int64()))


def costs(name: str, column: Parsed) -> Parsed:
    """Amounts with six decimals; further ones are rounded half to even.

    Args:
        name: the field, for reasons.
        column: its text.
    """
    text = trimmed(column.values)
    usual = pc.match_substring_regex(text, pattern=_USUAL_COST)
    exact = without(text, pc.invert(usual)).cast(pa.decimal128(38, 18))
    values = pc.round(exact, ndigits=6, round_mode="half_to_even").cast(COST, safe=False)
    parsed = Parsed(values)
    if not pc.all(usual, min_count=0).as_py():
        odd = per_distinct(without(text, usual), lambda texts: _odd_cost(name, texts))
        parsed = odd.with_values(pc.coalesce(values, odd.values))
    negative = pc.less(parsed.values, pa.scalar(Decimal(0), COST))
    return parsed.refuse(negative, about(name, text, "is negative")).after(column)


def _odd_whole(name: str, text: pa.Array) -> Parsed:
    """Whole numbers written otherwise: with a sign, with `.0`, with an exponent."""
    numbers = [_decimal(each) for each in text.to_pylist()]
    whole = [
        int(number)
        if number is not None and abs(number) < 2**63 and number == number.to_integral_value()
        else None
        for number in numbers
    ]
    large = [number is not None and abs(number) >= 2**63 for number in numbers]
    values = pa.array(whole, pa.int64())
    parsed = Parsed(values).refuse(pa.array(large, pa.bool_()), about(name, text, "is too large"))
    return parsed.refuse(values.is_null(), about(name, text, "is not a whole number"))


def _odd_cost(name: str, text: pa.Array) -> Parsed:
    """Amounts written otherwise: with an exponent, or with very many digits."""
    numbers = [_decimal(each) for each in text.to_pylist()]
    with localcontext() as context:
        context.prec = 400
        rounded = [
            number.quantize(_CENTS, ROUND_HALF_EVEN)
            if number is not None and number.adjusted() < 30
            else number
            for number in numbers
        ]
    large = [number is not None and abs(number) >= 10**12 for number in rounded]
    numbers = [None if wide else number for number, wide in zip(rounded, large, strict=True)]
    values = pa.array(numbers, COST)
    parsed = Parsed(values).refuse(pa.array(large, pa.bool_()), about(name, text, "is too large"))
    return parsed.refuse(values.is_null(), about(name, text, "is not a number"))


def _decimal(text: str) -> Decimal | None:
    # Longer texts are not numbers, and could take for ever.
    return Decimal(text) if len(text) <= 300 and _NUMBER.fullmatch(text) else None


def _byte_range(text: pa.Array) -> tuple[int, int]:
    """The lowest and the highest byte of a text column: cheap, and rules out what is rare."""
    if not len(text) or text.buffers()[2] is None:
        return 1, 1
    _, offsets, data = text.buffers()
    ends = np.frombuffer(offsets, np.int32)[text.offset : text.offset + len(text) + 1]
    bytes_of_text = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
    return (int(bytes_of_text.min()), int(bytes_of_text.max())) if len(bytes_of_text) else (1, 1)
