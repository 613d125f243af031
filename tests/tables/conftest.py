"""Writes small cases and checks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from checked import Check, Checked
from matchopt.tables.read import check_case

NEEDS = "need_id,community,item,quantity\nn1,A,rice,5\n"
DONATIONS = "donation_id,item,quantity\nd1,rice,5\n"


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
