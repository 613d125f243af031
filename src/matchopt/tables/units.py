"""Units that people write: which are known, how much one is of another, and numbers written with one.

A unit is physical (kg, 升, hrs, miles, 元) and then has a size, or it counts pieces (箱, bags) and then only
the table ``packs`` says what it holds. 万, 千, 百 and 亿 multiply either.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from matchopt.tables.header_names import UNITS, simplified

_SIZES: Mapping[str, Mapping[str, str]] = {
    "kg": {
        "1000": "t tonne metricton 吨 公吨",
        "1": "kg kilo kilogram kilogramme 公斤 千克",
        "0.001": "g gr gram gramme 克",
        "0.000001": "mg milligram 毫克",
        "0.45359237": "lb pound 磅",
        "0.45359237/16": "oz ounce 盎司",
        "0.5": "斤 市斤",
        "0.05": "两 市两",
    },
    "L": {
        "1": "l ltr liter litre 升 公升",
        "0.1": "dl",
        "0.01": "cl",
        "0.001": "ml milliliter millilitre 毫升",
        "3.785411784": "gal gallon usgallon 加仑",
        "3.785411784/4": "qt quart",
        "3.785411784/8": "pt pint",
        "3.785411784/128": "floz fluidounce usfloz",
    },
    "h": {"1": "h hr hour 小时 钟头 个小时", "1/60": "min minute 分钟"},
    "km": {
        "1": "km kilometer kilometre 公里 千米",
        "0.001": "m meter metre 米",
        "1.609344": "mi mile 英里",
        "0.5": "里 华里",
    },
    "days": {"1": "d day 天 日", "7": "w wk week 周 星期"},
    "persons": {"1": "人 名 口 居民 person people resident"},
    "degrees": {"1": "° 度 deg degree"},
    "share": {"1/100": "% percent 百分之"},
    "CNY": {"1": "元 圆 块 块钱 元整 圆整 元人民币 人民币 ¥ cny rmb yuan"},
    "USD": {"1": "$ us$ usd dollar usdollar 美元 美金"},
    "EUR": {"1": "€ eur euro 欧元"},
    "GBP": {"1": "£ gbp"},
    "HKD": {"1": "hk$ hkd 港元 港币"},
}
"""What measures are told in → how many of it a unit is → how the unit is written, folded."""

CURRENCIES = frozenset(["CNY", "USD", "EUR", "GBP", "HKD"])
_NO_MEASURE_OF_ITEMS = frozenset(["km", "days", "persons", "degrees", "share"])
"""What is measured in some columns alone: a metre of cloth is a unit like any other."""
TELLS_NOTHING = frozenset(["", "unit", "单位"])
"""Units that say only that something is counted."""

ANY_PIECE = frozenset(["件", "个", "份", "pc", "piece", "item", "each", "ea"])
"""Units that say in a header only that pieces are counted, of whatever kind each row is."""

LONGEST_UNIT = 20
"""Characters of the longest text that is taken for a unit."""

TIMES: Mapping[str, int] = {"百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}
"""What multiplies the unit behind it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as it is written.

    Attributes
    ----------
    name
        How it is written, without what multiplies it.
    key
        What its spellings have in common; of physical units what they are measured in.
    size
        How many of `key` it is.
    physical
        Whether it has a size that everybody knows.
    """

    name: str
    key: str
    size: Fraction
    physical: bool


def folded_unit(text: str) -> str:
    """Return what the spellings of a unit have in common: no case, width, spaces, points, plural."""
    plain = re.sub(r"[\s.]+", "", simplified(unicodedata.normalize("NFKC", text).casefold()))
    if len(plain) < 3 or not plain.isascii() or not plain.endswith("s") or plain.endswith("ss"):
        return plain
    for ending, instead in (("ies", "y"), ("ves", "f"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")):
        if plain.endswith(ending) and len(plain) > len(ending) + 1:
            return plain.removesuffix(ending) + instead
    return plain.removesuffix("es") if plain.endswith("sses") else plain.removesuffix("s")


def _exact(size: str) -> Fraction:
    number, _, of = size.partition("/")
    return Fraction(number) / Fraction(of or 1)


@cache
def _physical() -> Mapping[str, tuple[str, Fraction]]:
    return {
        word: (measure, _exact(size))
        for measure, sizes in _SIZES.items()
        for size, words in sizes.items()
        for word in words.split()
    }


@cache
def unit_of(text: str, measure: str = "") -> Unit:
    """Return the unit that a text writes; of the words for a `measure` also those that stand for it alone."""
    folded, times = folded_unit(text), 1
    known = _physical()
    while folded not in known and folded[:1] in TIMES:
        times, folded = times * TIMES[folded[0]], folded[1:]
    of, size = known.get(folded, (folded, Fraction(1)))
    physical = folded in known and (of == measure or of not in _NO_MEASURE_OF_ITEMS)
    key = of if physical else folded
    name = text.strip()
    return Unit(
        name.lstrip("".join([*TIMES, "萬億"])) if times > 1 else name,
        key,
        size * times if physical else Fraction(times),
        physical,
    )


def is_known_unit(text: str) -> bool:
    """Return whether a text is a unit that people use."""
    unit = unit_of(text)
    return unit.physical or unit.key in TELLS_NOTHING or unit.key in _counting()


@cache
def _counting() -> frozenset[str]:
    return frozenset(map(folded_unit, UNITS))


# --- what a column is measured in -------------------------------------------------------------

_PER = re.compile(r"/|每| per ")


def factor(text: str, column_unit: str) -> Fraction | None:
    """Return how much of the unit of a column one of a written unit is; None if that cannot be said."""
    if not text:
        return Fraction(1)
    given, wanted = _PER.split(text.strip()), column_unit.split("/")
    if len(given) > len(wanted):
        return None
    size = _one(given[0], wanted[0])
    for part, of in zip(given[1:], wanted[1:], strict=False):
        other = _one(part, "days" if of == "day" else of)
        if size is None or other is None:
            return None
        size /= other
    return size


def _one(text: str, measure: str) -> Fraction | None:
    unit = unit_of(text, measure)
    fits = unit.key in CURRENCIES if measure == "currency" else unit.key == measure and unit.physical
    return unit.size if fits or (not unit.key and not unit.physical) else None


# --- numbers with what is written about them ---------------------------------------------------

_NUMBER = r"[+-]?(?:[0-9](?:[0-9.,' ]*[0-9])?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\.?"
_MONEY = r"(?:us\$|hk\$|[$¥€£]|rmb|cny|usd|eur|gbp|人民币)"
_ABOUT_BEFORE = re.compile(
    r"(?:约|大约|大概|约为|将近|近|差不多|至少|不少于|不低于|最多|至多|不超过|不到|不足|超过|"
    r"about|approx\.?|approximately|circa|ca\.?|around|roughly|at least|at most|up to|over|nearly|almost|"
    r"min\.?|max\.?|[~≈≥≤<>]=?)\s*(?=[^a-z\s]|us\$|rmb|cny|usd)",
    re.IGNORECASE,
)
_ABOUT_AFTER = re.compile(
    r"\s*(?:左右|上下|以上|以下|以内|之内|不等|or so|or more|or less|approx\.?|ish|plus|\+)\s*$",
    re.IGNORECASE,
)
_ABOUT_BETWEEN = re.compile(rf"^({_NUMBER}\s*[百千万亿]?)\s*(?:多|余|来|\+)\s*")
_WRITTEN = re.compile(rf"({_MONEY})?\s*({_NUMBER})\s*(.*)", re.IGNORECASE | re.DOTALL)
_TERMS = re.compile(r"(?:[0-9.]+[百千万亿])+")
_RANGE = re.compile(
    rf"\D*?{_NUMBER}\s*[^\d\s~–—-]{{0,8}}\s*(?:-|–|—|~|至|到|\bto\b|\bor\b|或)\s*{_NUMBER}\s*\D{{0,12}}",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"[(\[【]\s*(.*?)\s*[)\]】]")


@dataclass(frozen=True, slots=True)
class Written:
    """A number as it is written.

    Attributes
    ----------
    digits
        The number itself, as written.
    unit
        What stands behind or before it; ``""`` if nothing does.
    about
        Whether it is said to be not exact.
    """

    digits: str
    unit: str
    about: bool


def written_number(text: str) -> Written | None:
    """Return a number with its unit, out of a text of plain width; None where it is not one number."""
    bare = _ABOUT_BEFORE.sub("", text, count=1) if _ABOUT_BEFORE.match(text) else text
    about = bare != text
    short = _ABOUT_AFTER.sub("", bare)
    between = _ABOUT_BETWEEN.sub(r"\1", short)
    about |= between != bare
    found = _WRITTEN.fullmatch(simplified(between).replace("￥", "¥"))
    if found is None:
        return None
    money, digits, behind = found[1] or "", found[2].strip(), found[3].strip()
    more = _TERMS.match(digits + behind)
    if more is not None and len(_split_terms(more[0])) > 1:
        terms = _split_terms(more[0])
        sizes = [TIMES[sign] for _, sign in terms]
        if sizes != sorted(set(sizes), reverse=True):
            return None
        total = sum(Fraction(number) * TIMES[sign] for number, sign in terms)
        digits, behind = f"{float(total):.15g}", (digits + behind)[len(more[0]) :].strip()
    brackets = _IN_BRACKETS.fullmatch(behind)
    behind = (brackets[1] if brackets else behind).strip()
    if len(behind) > LONGEST_UNIT or any(map(str.isdigit, behind)):
        return None
    if behind and not (behind[0].isalpha() or behind[0] in "%°$€£¥"):
        return None
    if money and behind:
        if unit_of(money).key == unit_of(behind).key:
            behind = behind if unit_of(behind).size != 1 else money
        elif unit_of(behind).key:
            return None
        else:
            behind += money  # «¥3万»
    return Written(digits, behind or money, about)


def _split_terms(text: str) -> list[tuple[str, str]]:
    return re.findall(r"([0-9.]+)([百千万亿])", text)


def is_range(text: str) -> bool:
    """Return whether a text gives a smallest and a largest number."""
    return _RANGE.fullmatch(text) is not None


def volume_as_weight(text: str, column_unit: str) -> Fraction | None:
    """Return the kg of water that a unit of volume holds, in a column of kg; else None."""
    unit = unit_of(text)
    return unit.size if column_unit in ("kg", "kg/unit") and unit.key == "L" and unit.physical else None
