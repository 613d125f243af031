"""What stands around the code says what the code says: lock files, citation, workflows, commands, links."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
RUN, DEV = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"


# --- lock files ----------------------------------------------------------------------------


def locked(path):
    """Return name → the requirements of it that a lock file pins, with how many hashes each has."""
    pins = {}
    for entry in re.split(r"\n(?=\S)", path.read_text("utf-8")):
        if not entry.startswith("#"):
            requirement, *hashes = re.split(r"\s*\\\n\s*", entry.strip())
            pin = Requirement(requirement)
            pins.setdefault(canonicalize_name(pin.name), []).append((pin, len(hashes)))
    return pins


def wanted(*extras):
    lists = [PROJECT["dependencies"], PYPROJECT["dependency-groups"]["build"]]
    lists += [PROJECT["optional-dependencies"][name] for name in extras]
    found = [Requirement(text) for names in lists for text in names]
    return [r for r in found if r.name != "matchopt"]


@pytest.mark.parametrize(("path", "extras"), [(RUN, ()), (DEV, ("dev", "docs"))], ids=["run", "dev"])
def test_a_lock_file_pins_all_that_is_asked_for_with_hashes(path, extras):
    pins = locked(path)
    for requirement in wanted(*extras):
        for pin, hashes in pins[canonicalize_name(requirement.name)]:
            (version,) = pin.specifier
            assert version.operator == "=="
            assert requirement.specifier.contains(version.version), f"make lock: {requirement}"
            assert hashes >= 1
    assert "://" not in path.read_text("utf-8"), "where packages come from is for pip's settings to say"


def test_both_lock_files_agree():
    run, dev = locked(RUN), locked(DEV)
    assert {n: {str(p) for p, _ in pins} for n, pins in run.items() if n != "colorama"}.items() <= {
        n: {str(p) for p, _ in pins} for n, pins in dev.items()
    }.items()


def test_what_changed_before_has_an_upper_bound_with_its_reason():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    for name in ("networkx", "numba", "numpy", "ortools", "pandas", "pydantic", "python-calamine", "typer"):
        assert re.search(rf'"{name}>=[\d.]+,<\d+",  # \w', text), name


# --- authors and addresses stand once ------------------------------------------------------


def test_the_citation_says_what_the_project_says():
    yaml = pytest.importorskip("yaml")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert [{"name": a["name"]} for a in citation["authors"]] == PROJECT["authors"]
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]
    assert citation["license"] == PROJECT["license"]
    assert citation["title"] == f"matchopt: {PROJECT['description'][0].lower()}{PROJECT['description'][1:]}"
    held = {
        path.name for path in ROOT.glob("*.*") if path.is_file() and "example.org" in path.read_text("utf-8")
    }
    assert held <= {"pyproject.toml", "CITATION.cff"}
