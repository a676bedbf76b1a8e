"""The result of parsing a column: values, and a problem for each row that lacks the value it needs.

The algebra only. Parsers stand in `fields` and `timestamps`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_SHOWN = 80


@dataclass(frozen=True)
class Parsed:
    """A parsed column.

    Attributes:
        values: the values; null where there is none or it has a problem.
        problem: text where a row has a problem, null elsewhere; None when every row is sound.
    """

    values: pa.Array
    problem: pa.Array | None = None

    def refuse(self, wrong: pa.Array, reason: str | Callable[[], pa.Array]) -> "Parsed":
        """Give rows a problem, unless they have one, and take their values away.

        Args:
            wrong: which rows; null counts as no.
            reason: one for all of them, or what makes one for every row.
        """
        if not pc.any(wrong, min_count=1).as_py():
            return self
        wrong = pc.fill_null(wrong, False)
        reasons = reason if isinstance(reason, str) else reason()
        problems = pc.if_else(wrong, reasons, pa.scalar(None, pa.string()))
        problem = problems if self.problem is None else pc.coalesce(self.problem, problems)
        return Parsed(without(self.values, wrong), problem)

    def require(self, name: str) -> "Parsed":
        """Give rows without a value and without another problem the problem that it is missing."""
        if not self.values.null_count:
            return self
        return self.refuse(self.values.is_null(), f"{name} is missing")

    def after(self, earlier: "Parsed") -> "Parsed":
        """The same values; a problem of an earlier step goes before one of this step."""
        if self.problem is None or earlier.problem is None:
            return Parsed(self.values, earlier.problem if self.problem is None else self.problem)
        return Parsed(self.values, pc.coalesce(earlier.problem, self.problem))

    def with_values(self, values: pa.Array) -> "Parsed":
        """The same problems with other values."""
        return Parsed(values, self.problem)


def per_distinct(column: pa.Array, parse: Callable[[pa.Array], Parsed]) -> Parsed:
    """Parse the distinct values of a column and spread the result over its rows."""
    encoded = column.dictionary_encode()
    parsed = parse(encoded.dictionary)
    problem = parsed.problem.take(encoded.indices) if parsed.problem is not None else None
    return Parsed(parsed.values.take(encoded.indices), problem)


def without(values: pa.Array, wrong: pa.Array) -> pa.Array:
    """Values with null in some places."""
    return pc.if_else(wrong, pa.scalar(None, values.type), values)


def shown(text: pa.Array) -> pa.Array:
    """Values as reasons quote them: short and in quotes."""
    return pc.binary_join_element_wise('"', pc.utf8_slice_codeunits(text, 0, _SHOWN), '"', "")


def about(name: str, column: pa.Array, what: str) -> Callable[[], pa.Array]:
    """Makes reasons such as `cost "x" is not a number`; most columns need none."""
    return lambda: pc.binary_join_element_wise(name, shown(column.cast(pa.string())), what, " ")


def flags(mask: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """A mask for numpy; null counts as no."""
    return np.asarray(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), dtype=np.bool_)
