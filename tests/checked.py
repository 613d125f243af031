"""What the check of a case found, and how tests of tables ask for it."""

from __future__ import annotations

from collections.abc import Callable

from matchopt.contract.case import Case
from matchopt.errors import Finding


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
