"""Writes small cases and checks them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from matchopt.contract.case import Case
from matchopt.errors import Finding
from matchopt.tables.read import check_case

NEEDS = "need_id,community,item,quantity\nn1,A,rice,5\n"
DONATIONS = "donation_id,item,quantity\nd1,rice,5\n"


class Checked:
    """What the check of a case found."""

    def __init__(self, case: Case | None, findings: tuple[Finding, ...]) -> None:
        self.case, self.findings = case, findings

    def of(self, code: str) -> list[Finding]:
        """Return the findings with this code."""
        return [finding for finding in self.findings if finding.code == code]

    def one(self, code: str) -> Finding:
        """Return the only finding with this code."""
        (finding,) = self.of(code)
        return finding

    @property
    def errors(self) -> list[tuple[str, str, int | None, str]]:
        """Code, table, row and column of every error."""
        return [(f.code, f.table, f.row, f.column) for f in self.findings if f.severity == "error"]

    @property
    def good(self) -> Case:
        """The case, which must be there."""
        assert self.case is not None, "\n".join(map(str, self.findings))
        return self.case


Check = Callable[..., Checked]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Check files in a new folder, or in `folder`; needs and donations are added unless it is `bare`."""
    folders = iter(range(1000))

    def run(
        files: Mapping[str, str | bytes] | None = None,
        changes: Sequence[str] = (),
        *,
        bare: bool = False,
        folder: Path | None = None,
    ) -> Checked:
        if folder is None:
            folder = tmp_path / f"case-{next(folders)}"
            folder.mkdir()
        content: dict[str, str | bytes] = {} if bare else {"needs.csv": NEEDS, "donations.csv": DONATIONS}
        content |= files or {}
        for name, text in content.items():
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return Checked(*check_case(folder, changes))

    return run
