"""Scales in words: what 急需, High or 九成新 are as numbers; ``columns.toml`` may say otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from matchopt.contract.schema import folded
from matchopt.tables.cells import STRIP, widened
from matchopt.tables.header_names import simplified

_PRIORITY: Mapping[int, str] = {
    1: "特急,十万火急,万分紧急,非常紧急,特别紧急,非常急,特别急,危急,critical,emergency,immediate,very urgent,"
    "highest,very high,高,最高,high,urgent,top",
    2: "紧急,急需,加急,急,较急,较紧急,比较急,比较紧急,中,中等,medium,moderate,normal,mid,med",
    3: "一般,普通,正常,平常,常规,低,low,routine,standard",
    4: "不急,不紧急,不着急,lowest,very low",
}
_CONDITION: Mapping[int, str] = {
    5: "全新,新,未拆封,未开封,十成新,new,brand new,unopened,sealed,excellent,as new",
    4: "九成新,九五成新,95新,9成新,良好,完好,较新,几乎全新,like new,very good,good,gently used",
    3: "八成新,七成新,8成新,7成新,一般,中等,尚可,可用,正常,fair,used,average,acceptable,ok",
    2: "六成新,五成新,较旧,旧,poor,worn",
    1: "破损,损坏,很旧,差,damaged,broken,very poor,bad",
}
_SCALES: Mapping[str, Mapping[int, str]] = {
    "priority": _PRIORITY,
    "quality": _CONDITION,
    "min_quality": _CONDITION,
}
_ABOVE_HIGH = "critical,emergency,immediate,very urgent,urgent,highest,very high,top"
_AFTER_THEM = "high,medium,moderate,normal,mid,med,low,routine,standard"
"""Where one of the first stands in a column, the second count one further."""


def scale_of(column: str, texts: Iterable[str]) -> Mapping[str, int]:
    """Return folded word → number of a column whose cells hold some of the words; empty if it is no scale."""
    if column not in _SCALES:
        return {}
    words = {folded(word): number for number, said in _SCALES[column].items() for word in said.split(",")}
    present = {folded(simplified(widened(text.strip(STRIP)))) for text in texts}
    if column == "priority" and present & set(map(folded, _ABOVE_HIGH.split(","))):
        later = set(map(folded, _AFTER_THEM.split(",")))
        words = {word: number + (word in later) for word, number in words.items()}
    return words
