"""Paths with `{day}` in them: the path of a day, and the day of a path.

Only text. Which files are there stands in `locations`.
"""

import re
from datetime import date, datetime

_PLACE = re.compile(r"\{day(?::([^{}]*))?\}")
_CODES = {
    "%Y": (r"\d{4}", "[0-9]" * 4),
    "%y": (r"\d{2}", "[0-9]" * 2),
    "%m": (r"\d{2}", "[0-9]" * 2),
    "%d": (r"\d{2}", "[0-9]" * 2),
    "%j": (r"\d{3}", "[0-9]" * 3),
    "%b": (r"[A-Za-z]+", "*"),
    "%B": (r"[A-Za-z]+", "*"),
    "%%": ("%", "%"),
}
_CODE = re.compile(r"%.")
_WILDCARD = re.compile(r"\*\*/?|\*|\?|\[[^\]]+\]")
_EXAMPLE = date(2021, 11, 27)


def is_template(path: str) -> bool:
    """Whether the path has a `{day}`."""
    return _PLACE.search(path) is not None


def check_template(path: str) -> None:
    """Check that a template names one day and nothing else.

    Raises:
        ValueError: it does not; the message says why.
    """
    places = [form or "%Y-%m-%d" for form in _PLACE.findall(path)]
    if "{day" in _PLACE.sub("", path):
        raise ValueError(f"{path!r} has a {{day that is not written {{day}} or {{day:%Y/%m/%d}}")
    for form in places:
        unknown = [code for code in _CODE.findall(form) if code not in _CODES]
        if unknown:
            raise ValueError(f"{{day:{form}}} uses {unknown[0]}: use {', '.join(_CODES)}")
    if places and _day_of([(form, _EXAMPLE.strftime(form)) for form in places]) != _EXAMPLE:
        raise ValueError(f"{path!r} does not tell the day: it needs its year, month and day")


def path_of_day(template: str, day: date) -> str:
    """The path of a day's files; other wildcards stay."""
    return _PLACE.sub(lambda place: day.strftime(place[1] or "%Y-%m-%d"), template)


def any_day(template: str) -> str:
    """A glob for the files of all days."""
    return _PLACE.sub(
        lambda place: _CODE.sub(lambda code: _CODES[code[0]][1], place[1] or "%Y-%m-%d"), template
    )


def day_of_path(template: str, path: str) -> date | None:
    """The day a path is of, or None when it does not fit the template."""
    forms: list[str] = []
    pattern, end = "", 0
    for place in _PLACE.finditer(template):
        forms.append(place[1] or "%Y-%m-%d")
        pattern += _pattern_of_glob(template[end : place.start()]) + f"({_pattern(forms[-1])})"
        end = place.end()
    match = re.fullmatch(pattern + _pattern_of_glob(template[end:]) + r"(?:/.*)?", path)
    return None if match is None else _day_of(list(zip(forms, match.groups(), strict=True)))


def _pattern(form: str) -> str:
    parts = _CODE.split(form)
    codes = [_CODES[code][0] for code in _CODE.findall(form)]
    return re.escape(parts[0]) + "".join(
        code + re.escape(part) for code, part in zip(codes, parts[1:], strict=True)
    )


def _pattern_of_glob(text: str) -> str:
    pattern, end = "", 0
    for wildcard in _WILDCARD.finditer(text):
        pattern += re.escape(text[end : wildcard.start()])
        match wildcard[0][:2]:
            case "**":
                pattern += ".*"
            case "*":
                pattern += "[^/]*"
            case "?":
                pattern += "[^/]"
            case _:
                negated = wildcard[0].startswith("[!")
                inside = wildcard[0][1 + negated : -1]
                # Only a hyphen means something inside: the rest are characters.
                inside = re.sub(r"[\\^\[\]&~|]", r"\\\g<0>", inside)
                pattern += f"[{'^' if negated else ''}{inside}]"
        end = wildcard.end()
    return pattern + re.escape(text[end:])


def _day_of(parts: list[tuple[str, str]]) -> date | None:
    """The day that texts, each written in its form, tell together."""
    # strptime takes each code once; one that is repeated must say the same.
    values: dict[str, str] = {}
    for form, text in parts:
        codes = _CODE.findall(form)
        match = re.fullmatch(_CODE.sub(lambda code: f"({_CODES[code[0]][0]})", form), text)
        for code, value in zip(codes, match.groups() if match else [""] * len(codes), strict=True):
            if values.setdefault(code, value) != value:
                return None
    try:
        return datetime.strptime("/".join(values.values()), "/".join(values)).date()  # noqa: DTZ007
    except ValueError:
        return None
