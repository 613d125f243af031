"""Case: the checked tables of one planning question, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from matchopt.contract import doors
from matchopt.contract.schema import TABLES
from matchopt.contract.settings import Settings
from matchopt.errors import Finding, Severity

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from matchopt.contract.plan import Plan


@dataclass(frozen=True, slots=True)
class Source:
    """A file that a case was read from."""

    name: str
    sha256: str
    path: str


@dataclass(frozen=True, slots=True)
class EarlierPlan:
    """The plan that a case follows.

    Attributes
    ----------
    allocations
        Its lines.
    retired
        Lines of plans before it that it has no more: what the table ``commitments`` says of them counts.
    last_id
        The highest allocation_id that it or a plan before it gave to a line; ``""`` for none, or where no
        more is known than the lines.
    """

    allocations: pd.DataFrame
    retired: pd.DataFrame
    last_id: str

    @classmethod
    def of(cls, earlier: Plan | pd.DataFrame | EarlierPlan) -> EarlierPlan:
        """Return a plan, or the allocations of one, as the earlier plan of a case."""
        from matchopt.contract.plan import Plan

        if isinstance(earlier, EarlierPlan):
            return earlier
        if isinstance(earlier, Plan):
            last = str(earlier.summary.get("last_allocation_id", ""))
            return cls.after(earlier.case.earlier, earlier.allocations, last)
        return cls.after(None, earlier, "")

    @classmethod
    def after(cls, before: EarlierPlan | None, allocations: pd.DataFrame, last_id: str) -> EarlierPlan:
        """Return the plan of some lines, itself made after `before`."""
        import pandas as pd

        if before is None:
            return cls(allocations, allocations.iloc[:0], last_id)
        known = pd.concat([before.allocations, before.retired], ignore_index=True)
        known = known[~known["allocation_id"].isin(allocations["allocation_id"])]
        return cls(allocations, known.drop_duplicates("allocation_id", ignore_index=True), last_id)


@dataclass(frozen=True, slots=True)
class Case:
    """The checked tables and settings of one planning question.

    Make one with `matchopt.read_case` or `Case.from_frames`; both check everything and
    raise `CaseError` with all findings, so that a Case is always fit to plan.

    Attributes
    ----------
    tables
        Table name → DataFrame. Only tables that were given and have rows are present.
        Each has *every* column of its schema, by canonical name and in schema order,
        and nothing else, with a RangeIndex in the caller's row order. Column kinds:

        - text, list, choice: Python strings (object dtype), ``""`` where not given
          (lists keep ``;`` between stripped parts; choices hold the canonical value);
        - number: float64, NaN where not given and without a default;
        - whole: int64 where the schema has a default, else float64 with NaN;
        - day: datetime64[s], NaT where not given;
        - flag: bool.

        Schema defaults are filled in; ``donations.donor`` defaults to the donation_id.
    extras
        Table name → DataFrame of the columns that no schema knows, same rows.
    settings
        The settings in force.
    findings
        Warnings and notes of the check.
    sources
        Files it was read from; empty for frames.
    earlier
        The plan that it follows, whose lines completed the table ``commitments``; None without one.
    """

    tables: Mapping[str, pd.DataFrame]
    extras: Mapping[str, pd.DataFrame]
    settings: Settings
    findings: tuple[Finding, ...] = ()
    sources: tuple[Source, ...] = ()
    earlier: EarlierPlan | None = None
    _columns: dict[tuple[str, str], npt.NDArray[Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", MappingProxyType(dict(self.tables)))
        object.__setattr__(self, "extras", MappingProxyType(dict(self.extras)))

    @classmethod
    def unchecked(
        cls,
        tables: Mapping[str, pd.DataFrame],
        settings: Settings,
        extras: Mapping[str, pd.DataFrame] | None = None,
    ) -> Case:
        """Return a case of tables that nobody checks: for those made out of the tables of a checked one.

        Whoever calls it vouches that they are as `tables` describes them, and that no table would have
        a finding.
        """
        return cls(tables, extras or {}, settings)

    @classmethod
    def of_columns(
        cls,
        columns: Mapping[str, Mapping[str, npt.NDArray[Any]]],
        extras: Mapping[str, pd.DataFrame],
        settings: Settings,
        findings: tuple[Finding, ...],
        sources: tuple[Source, ...],
        earlier: EarlierPlan | None,
    ) -> Case:
        """Return a case whose `tables` are made of checked columns, which it keeps at hand.

        The other parameters are its attributes.
        """
        from matchopt.contract.frames import frame_of

        tables = {table: frame_of(cells) for table, cells in columns.items()}
        case = cls(tables, extras, settings, findings, sources, earlier)
        for table, cells in columns.items():
            for name, values in cells.items():
                case._columns[table, name] = values.view()
                case._columns[table, name].flags.writeable = False
        return case

    def __repr__(self) -> str:
        rows = ", ".join(f"{len(table):,} {name}" for name, table in self.tables.items())
        return f"<Case: {rows}; {len(self.warnings)} warnings>"

    def _repr_html_(self) -> str:
        return doors.as_html(self)

    @property
    def needs(self) -> pd.DataFrame:
        """The checked table ``needs``."""
        return self.tables["needs"]

    @property
    def donations(self) -> pd.DataFrame:
        """The checked table ``donations``."""
        return self.tables["donations"]

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that are warnings."""
        return tuple(f for f in self.findings if f.severity is Severity.WARNING)

    def table(self, name: str) -> pd.DataFrame:
        """Return the table called `name`; with no rows if the case does not give it."""
        from matchopt.contract.frames import empty_table

        return self.tables[name] if name in self.tables else empty_table(TABLES[name])

    def column(self, table: str, name: str) -> npt.NDArray[Any]:
        """Return a column of a table as an array, read-only; with no entries if the case does not give it."""
        if table not in self.tables:
            from matchopt.contract.frames import empty_columns

            return empty_columns(TABLES[table])[name]
        key = table, name
        if key not in self._columns:
            self._columns[key] = self.tables[table][name].to_numpy()
        return self._columns[key]

    def with_extras(self, name: str) -> pd.DataFrame:
        """Return the table called `name`, which the case gives, with the columns that no schema knows."""
        import pandas as pd

        frame = self.tables[name]
        return pd.concat([frame, self.extras[name]], axis=1) if name in self.extras else frame

    @classmethod
    def from_frames(
        cls,
        *,
        needs: Any,
        donations: Any,
        settings: Settings | Mapping[str, Any] | None = None,
        earlier: Plan | pd.DataFrame | EarlierPlan | None = None,
        **tables: Any,
    ) -> Case:
        """Check DataFrames and return them as a case.

        Parameters
        ----------
        needs, donations, **tables
            The tables of the contract by name, with English or Chinese headers; cells
            may be numbers and dates or text as a spreadsheet holds it. DataFrames of pandas
            or polars, tables of pyarrow, relations of duckdb, or dictionaries of lists.
        settings
            Settings, or the sections of ``matchopt.toml`` as nested mappings.
        earlier
            An earlier plan, see `matchopt.read_case`.

        Raises
        ------
        CaseError
            With every error in the tables and settings. Rows count from 2, as if row 1
            held the headers.

        Examples
        --------
        >>> import pandas as pd
        >>> needs = pd.DataFrame({"need_id": ["n"], "community": ["a"], "item": ["rice"], "quantity": [3]})
        >>> donations = pd.DataFrame({"donation_id": ["d"], "item": ["rice"], "quantity": [5]})
        >>> Case.from_frames(needs=needs, donations=donations).needs["priority"].item()
        5
        """
        return doors.check_frames({"needs": needs, "donations": donations, **tables}, settings, earlier)

    def replace(
        self, *, settings: Settings | Mapping[str, Any] | None = None, **tables: pd.DataFrame | None
    ) -> Case:
        """Return a copy with some tables or settings changed, checked anew: a what-if.

        Parameters
        ----------
        settings
            Settings to take instead; or nested mappings of those to change, the others
            staying as they are.
        **tables
            Tables to take instead, by name; None drops one, and with ``commitments`` the earlier plan.

        Raises
        ------
        CaseError
            With every error in the changed case.
        """
        frames = {name: self.with_extras(name) for name in self.tables}
        for name, frame in tables.items():
            if frame is None:
                frames.pop(name, None)
            else:
                frames[name] = frame
        if not isinstance(settings, Settings):
            settings = self.settings.updated(settings or {})
        alone = "commitments" in tables and tables["commitments"] is None
        return doors.check_frames(frames, settings, None if alone else self.earlier)
