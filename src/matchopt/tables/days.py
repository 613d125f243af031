"""Days as people write them: what each means, and whether it is known without a guess.

Which of month and day comes first is decided by the column, when one of its cells can be read in one way.
A year that is not written is that of the horizon, of the title, or of the list's other days.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from matchopt.contract.fields import Kind
from matchopt.contract.settings import Horizon
from matchopt.language import mark, tr
from matchopt.tables.cells import EPOCH, NOTHING, STRIP, Coded, widened
from matchopt.tables.findings import RefusedError
from matchopt.tables.raw import RawTable

DAY_FORM = mark("a day not written year-month-day")
MONTH_FIRST = mark("days with the month first, as other cells of the column show")
DAY_FIRST = mark("days with the day first, as other cells of the column show")
YEAR_FIRST = mark("days with a short year first, as other cells of the column show")
AS_SET = mark("days in the order that input.dates says")
BY_ORDER = frozenset([MONTH_FIRST, DAY_FIRST])
"""Kinds of days that the column decides."""
TIME = mark("a time of day, which is left out")
WEEKDAY = mark("a weekday besides the day")
NO_YEAR = mark("a day without its year")
SERIAL = mark("a spreadsheet's number of a day")
LAST_OF_MONTH = mark("a month for its last day")
UNTIL_THEN = mark("a day until which, or from which")

BEGIN = frozenset(["needed_from", "available_from", "from"])
END = frozenset(["needed_by", "available_until", "expires_on", "until", "repeat_until"])
"""Columns of first and of last days."""
OTHER_END = {
    "needed_from": "needed_by",
    "needed_by": "needed_from",
    "available_from": "available_until",
    "available_until": "available_from",
    "expires_on": "available_from",
}

ORDERS: Mapping[str, str] = {"mdy": MONTH_FIRST, "dmy": DAY_FIRST, "ymd": YEAR_FIRST}
ASK = "ask"
"""In place of an order: where the column does not decide it, it is asked for."""

_LIKELY = range(2015, 2051)
"""Years that two digits stand for."""
_SERIALS = (date(1990, 1, 1), date(2100, 1, 1))
"""From where to where a bare number is taken for a day."""

_ISO = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_CHINESE = re.compile(r"(?:([0-9]{4}|[0-9]{2})\s*年\s*)?([0-9]{1,2})\s*月\s*([0-9]{1,2})\s*[日号]?")
_COMPACT = re.compile(r"((?:19|20|21)[0-9]{2})([0-9]{2})([0-9]{2})")
_NUMERIC = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_GAP = r"[\s.,/'’-]+"
_DAY_MONTH = re.compile(
    rf"([0-9]{{1,2}})(?:st|nd|rd|th)?[\s.,/-]*(?:of\s+)?{_MONTH}(?:[\s.,/'’-]*([0-9]{{4}}|[0-9]{{2}}))?",
    re.IGNORECASE,
)
_MONTH_DAY = re.compile(
    rf"{_MONTH}[\s.]*([0-9]{{1,2}})(?:st|nd|rd|th)?(?:{_GAP}([0-9]{{4}}|[0-9]{{2}}))?", re.IGNORECASE
)
_YEAR_MONTH_DAY = re.compile(rf"([0-9]{{4}}){_GAP}{_MONTH}{_GAP}([0-9]{{1,2}})", re.IGNORECASE)
_MONTHS = (
    re.compile(rf"(?P<name>{_MONTH}){_GAP}(?P<year>[0-9]{{4}})", re.IGNORECASE),
    re.compile(r"(?P<year>[0-9]{4})\s*(?:[-/.]|年)\s*(?P<month>[0-9]{1,2})(?:\s*月份?)?"),
    re.compile(r"(?P<month>[0-9]{1,2})[-/.](?P<year>[0-9]{4})"),
)
_CLOCK = re.compile(
    r"(?:[T\s,]|(?<=[日号]))\s*([0-9]{1,2})[:：点时]([0-9]{2})?(?:[:：]([0-9]{2})(?:\.([0-9]+))?)?分?\s*([ap]\.?m\.?)?"
    r"(?P<zone>\s*(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}))?$",
    re.IGNORECASE,
)
_PART_OF_DAY = re.compile(
    r"[\s,]*(?:上午|下午|中午|早上|早晨|晚上|凌晨|傍晚|早|晚|morning|afternoon|evening|noon|[ap]\.?m\.?)"
    r"\s*(?:[0-9]{1,2}\s*[点时:：]\s*(?:[0-9]{1,2}\s*分?|半)?(?:钟|整)?)?$",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(
    r"[\s,(（]*(?:(?:周|星期|礼拜)([一二三四五六日天])|"
    r"\b(mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs|ur)?(?:day)?\b\.?)[\s,)）]*",
    re.IGNORECASE,
)
_UNTIL = re.compile(
    r"^(?:截至|截止到?|不晚于|最迟|最晚|before|by|until|till?|no later than)\s*|"
    r"\s*(?:之前|以前|前|截?止|为止)$",
    re.IGNORECASE,
)
_SINCE = re.compile(
    r"^(?:自|从|from|after|since|starting|as of)\s*|\s*(?:起|开始|之后|以后|后|onwards?)$", re.IGNORECASE
)


_NUMERAL = re.compile("[〇零一二三四五六七八九十]+(?=[年月日号])")


def _in_digits(found: re.Match[str]) -> str:
    """Return a numeral of Chinese characters as digits: 二十一 is 21, 二〇二六 is 2026."""
    tens, ten, ones = found[0].partition("十")
    digits = "".join(
        str("零一二三四五六七八九".index("零" if c == "〇" else c)) for c in tens + ones if c != "十"
    )
    if not ten:
        return digits
    return f"{digits[: len(tens)] or 1}{digits[len(tens) :] or 0}"


def _no_year(_month: int, _day: int) -> int | None:
    return None


@dataclass(frozen=True)
class DayReading:
    """How the days of a column are read.

    Attributes
    ----------
    column
        Its name.
    texts
        Its distinct cells.
    epoch
        Day 0 of the workbook.
    order
        One of `ORDERS` that is set, or `ASK`.
    year
        Returns the year of a month and day that are written without one; None where that is not known.
    """

    column: str = ""
    texts: Iterable[str] = ()
    epoch: date = EPOCH
    order: str = ASK
    year: Callable[[int, int], int | None] = field(default=_no_year)

    @cached_property
    def _decided(self) -> frozenset[str]:
        """Orders in which every cell of the column is a day."""
        if self.order != ASK:
            return frozenset([self.order])
        orders = frozenset(ORDERS)
        for text in self.texts:
            ways = _ways(self._bare(widened(text.strip(STRIP)))[0])
            orders = orders & ways.keys() if ways else orders
        return orders

    def parse(self, text: str) -> tuple[np.datetime64, list[str]]:
        """Return the day that `text` writes without doubt, and how it was converted."""
        if _ISO.fullmatch(text):
            return self._parse(text)
        text = _NUMERAL.sub(_in_digits, text)
        bare, kinds, weekday = self._bare(text)
        day, more = self._parse(bare)
        if weekday is not None and day.astype(object).weekday() != weekday:
            name = tr(_WEEKDAYS[day.astype(object).weekday()])
            problem = tr("{day} is a {weekday}", day=str(day.astype("datetime64[D]")), weekday=name)
            raise RefusedError("other_weekday", problem, tr("correct the day or the weekday"))
        return day, list(dict.fromkeys([*kinds, *more]))

    def _bare(self, text: str) -> tuple[str, list[str], int | None]:
        """Return a day without time of day, weekday and what says that it is an end; and what was there."""
        kinds: list[str] = []
        whole = _WEEKDAY.sub(" ", text) if (named := _WEEKDAY.search(text)) else text
        weekday = _weekday(named) if named else None
        if named:
            kinds.append(WEEKDAY)
        for end, columns in ((_UNTIL, END), (_SINCE, BEGIN)):
            if (short := end.sub("", whole.strip())) != whole.strip() and re.search("[0-9]", short):
                if self.column not in columns and self.column:
                    raise self._other_end()
                whole, kinds = short, [*kinds, UNTIL_THEN]
        if clock := _CLOCK.search(whole):
            if clock["zone"]:
                problem = tr("holds a time of day in a time zone")
                raise RefusedError("time_of_day", problem, tr("write the day only"))
            whole = whole[: clock.start()]
            if any(part and part.isdigit() and int(part) for part in clock.groups()):
                kinds.append(TIME)
        elif part := _PART_OF_DAY.search(whole):
            whole, kinds = whole[: part.start()], [*kinds, TIME]
        return whole.strip(" ,"), kinds, weekday

    def _other_end(self) -> RefusedError:
        other = OTHER_END.get(self.column)
        problem = tr("says until when, where the first day stands")
        if self.column in END:
            problem = tr("says from when, where the last day stands")
        cure = tr("write the day here that is meant, or move it to {other}", other=other) if other else ""
        return RefusedError("other_end", problem, cure or tr("write the day that is meant"))

    def _parse(self, text: str) -> tuple[np.datetime64, list[str]]:
        if match := _ISO.fullmatch(text):
            iso = match[2] == "-" and len(match[3]) == len(match[4]) == 2
            return _day(match[1], match[3], match[4]), [] if iso else [DAY_FORM]
        if match := _COMPACT.fullmatch(text):
            return _day(*match.groups()), [DAY_FORM]
        if match := _CHINESE.fullmatch(text):
            return self._with_year(match[1], match[2], match[3])
        if _NUMERIC.fullmatch(text):
            return self._numeric(text)
        if match := _YEAR_MONTH_DAY.fullmatch(text):
            return self._with_year(match[1], _month(match[2]), match[3])
        if match := _DAY_MONTH.fullmatch(text):
            return self._with_year(match[3], _month(match[2]), match[1])
        if match := _MONTH_DAY.fullmatch(text):
            return self._with_year(match[3], _month(match[1]), match[2])
        for pattern in _MONTHS:
            if match := pattern.fullmatch(text):
                parts = match.groupdict()
                return self._last_of(
                    int(parts["year"]), int(parts.get("month") or _month(parts.get("name") or ""))
                )
        if _NUMBER.fullmatch(text):
            return self._serial(float(text))
        nothing = text.casefold() in NOTHING
        cure = tr("leave the cell empty where nothing is given") if nothing else _form()
        raise RefusedError("not_a_day", tr("is no day"), cure)

    def _with_year(self, year: str | None, month: str | int, day: str) -> tuple[np.datetime64, list[str]]:
        if year is not None:
            return _day(year if len(year) == 4 else f"20{year}", month, day), [DAY_FORM]
        known = self.year(int(month), int(day))
        if known is None:
            raise RefusedError("no_year", tr("does not say its year"), _form())
        return _day(known, month, day), [NO_YEAR]

    def _numeric(self, text: str) -> tuple[np.datetime64, list[str]]:
        ways = _ways(text)
        if not ways and re.search("[0-9]{4}$", text):
            raise _no_such_day()
        if self.order != ASK:
            if self.order not in ways:
                problem = tr("is no day in the order {order} that input.dates says", order=self.order)
                raise RefusedError("ambiguous_day", problem, _form())
            return np.datetime64(ways[self.order], "s"), [AS_SET]
        if len(set(ways.values())) == 1:
            return np.datetime64(next(iter(ways.values())), "s"), [DAY_FORM]
        if ways and len(self._decided) == 1:
            order = next(iter(self._decided))
            return np.datetime64(ways[order], "s"), [ORDERS[order]]
        problem = tr("does not say which part is the day, the month or the year")
        if ways and not self._decided:
            problem = tr("does not say which part is the day, and the column has cells of both orders")
        cure = tr('write year-month-day, or say for all of them input.dates = "mdy" (month first) or "dmy"')
        raise RefusedError("ambiguous_day", problem, cure)

    def _last_of(self, year: int, month: int) -> tuple[np.datetime64, list[str]]:
        if not 1 <= month <= 12 or year < 1900:
            raise _no_such_day()
        if self.column != "expires_on":
            raise RefusedError("month_only", tr("is a month, not a day"), _form())
        return _day(year, month, calendar.monthrange(year, month)[1]), [LAST_OF_MONTH]

    def _serial(self, number: float) -> tuple[np.datetime64, list[str]]:
        first, last = ((day - self.epoch).days for day in _SERIALS)
        if not first <= number < last:
            raise RefusedError("day_is_number", tr("is a number, not a day"), _form())
        day = self.epoch + timedelta(days=int(number))
        return np.datetime64(day, "s"), [SERIAL] if number == int(number) else [SERIAL, TIME]


_WEEKDAYS = (
    mark("Monday"),
    mark("Tuesday"),
    mark("Wednesday"),
    mark("Thursday"),
    mark("Friday"),
    mark("Saturday"),
    mark("Sunday"),
)


def _weekday(found: re.Match[str]) -> int:
    if found[1]:
        return "一二三四五六日".find("日" if found[1] == "天" else found[1])
    return ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].index(found[2].casefold())


def _month(name: str) -> int:
    months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    return months.index(name[:3].casefold()) + 1


def _form() -> str:
    return tr("write year-month-day, such as 2026-03-01")


def _no_such_day() -> RefusedError:
    cure = tr("check month and day; write year-month-day")
    return RefusedError("no_such_day", tr("is not in the calendar"), cure)


def _day(year: str | int, month: str | int, day: str | int) -> np.datetime64:
    if int(year) < 1900:
        problem = tr("is in the year {year}", year=int(year))
        raise RefusedError("no_such_day", problem, tr("write the year with four digits"))
    try:
        return np.datetime64(date(int(year), int(month), int(day)), "s")
    except ValueError:
        raise _no_such_day() from None


def _ways(text: str) -> dict[str, date]:
    """Return the days that a text of three numbers may be, by the order of its parts."""
    found = _NUMERIC.fullmatch(text)
    if found is None:
        return {}
    one, two, three = int(found[1]), int(found[3]), int(found[4])
    short = len(found[4]) == 2
    parts = {"mdy": (three, one, two), "dmy": (three, two, one)} | (
        {"ymd": (one, two, three)} if short else {}
    )
    ways = {}
    for order, (year, month, day) in parts.items():
        full = year + 2000 if short else year
        likely = full in _LIKELY if short else full >= 1900
        if likely and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(full, month)[1]:
            ways[order] = date(full, month, day)
    return ways


def exchanged(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.datetime64]:
    """Return days with the numbers of day and month exchanged, NaT where that is no day."""
    other = np.full(len(days), np.datetime64("NaT"), dtype=days.dtype)
    for at, day in enumerate(days.astype("datetime64[D]").astype(object)):
        if day is not None and day.day <= 12:
            other[at] = np.datetime64(date(day.year, day.day, day.month), "s")
    return other


# --- years that are not written ------------------------------------------------------------------

_YEAR = re.compile(r"(?<![0-9])(20[0-9]{2})(?![0-9])")


def year_of(raw: RawTable, horizon: Horizon | None) -> Callable[[int, int], int | None]:
    """Return a function that gives the year of a month and day in the table, None where nothing tells it."""

    @cache
    def known() -> frozenset[int]:
        titles = {int(year) for _, text in raw.above for year in _YEAR.findall(text)}
        return frozenset(titles if len(titles) == 1 else _years_in(raw))

    def year(month: int, day: int) -> int | None:
        if horizon is not None and (horizon.start or horizon.end):
            ends = [end for end in (horizon.start, horizon.end) if end is not None]
            years = {end.year for end in ends}
            if len(years) == 1:
                return years.pop()
            inside = [of for of in sorted(years) if ends[0] <= _on(of, month, day) <= ends[1]]
            return inside[0] if len(inside) == 1 else None
        return next(iter(known())) if len(known()) == 1 else None

    return year


def _on(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        return date.min


def _years_in(raw: RawTable) -> set[int]:
    """Return the years that stand in the columns of days."""
    years: set[int] = set()
    for column in raw.table.columns:
        if column.kind is not Kind.DAY or column.name not in raw.places or column.name == "expires_on":
            continue
        cells = raw.columns[raw.places[column.name]]
        if isinstance(cells, Coded):
            years |= {int(year) for text in cells.texts for year in _YEAR.findall(text)}
        elif cells.dtype.kind == "M":
            years |= set((cells[~np.isnat(cells)].astype("datetime64[Y]").astype(int) + 1970).tolist())
    return years
