"""What stands around the code says what the code says: lock files, citation, workflows, commands, links."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import matchopt

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / ".github" / "PULL_REQUEST_TEMPLATE.md"]
RUN, DEV = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"


# --- lock files ----------------------------------------------------------------------------


def locked(path: Path) -> dict[str, list[tuple[Requirement, int]]]:
    """Return name → the requirements of it that a lock file pins, with how many hashes each has."""
    pins: dict[str, list[tuple[Requirement, int]]] = {}
    for entry in re.split(r"\n(?=\S)", path.read_text("utf-8")):
        if not entry.startswith("#"):
            requirement, *hashes = re.split(r"\s*\\\n\s*", entry.strip())
            pin = Requirement(requirement)
            pins.setdefault(canonicalize_name(pin.name), []).append((pin, len(hashes)))
    return pins


def wanted(*extras: str) -> list[Requirement]:
    lists = [PROJECT["dependencies"], PYPROJECT["dependency-groups"]["build"]]
    lists += [PROJECT["optional-dependencies"][name] for name in extras]
    found = [Requirement(text) for names in lists for text in names]
    return [r for r in found if r.name != "matchopt"]


@pytest.mark.parametrize(("path", "extras"), [(RUN, ()), (DEV, ("dev", "docs"))], ids=["run", "dev"])
def test_a_lock_file_pins_all_that_is_asked_for_with_hashes(path: Path, extras: tuple[str, ...]) -> None:
    pins = locked(path)
    for requirement in wanted(*extras):
        for pin, hashes in pins[canonicalize_name(requirement.name)]:
            (version,) = pin.specifier
            assert version.operator == "=="
            assert requirement.specifier.contains(version.version), f"make lock: {requirement}"
            assert hashes >= 1
    assert "://" not in path.read_text("utf-8"), "where packages come from is for pip's settings to say"


def test_both_lock_files_agree() -> None:
    run, dev = locked(RUN), locked(DEV)
    assert {n: {str(p) for p, _ in pins} for n, pins in run.items() if n != "colorama"}.items() <= {
        n: {str(p) for p, _ in pins} for n, pins in dev.items()
    }.items()


def test_what_changed_before_has_an_upper_bound_with_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    for name in ("networkx", "numba", "numpy", "ortools", "pandas", "pydantic", "python-calamine", "typer"):
        assert re.search(rf'"{name}>=[\d.]+,<\d+",  # \w', text), name


# --- authors and addresses stand once ------------------------------------------------------


def test_the_citation_says_what_the_project_says() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert [{"name": a["name"]} for a in citation["authors"]] == PROJECT["authors"]
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]
    assert citation["license"] == PROJECT["license"]
    assert citation["title"] == f"matchopt: {PROJECT['description'][0].lower()}{PROJECT['description'][1:]}"
    held = {
        path.name for path in ROOT.glob("*.*") if path.is_file() and "example.org" in path.read_text("utf-8")
    }
    assert held <= {"pyproject.toml", "CITATION.cff"}


# --- workflows and hooks -------------------------------------------------------------------


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def commands_of(text: str) -> Iterator[list[str]]:
    """Yield each command of a script, as words."""
    for line in re.split(r"\n|&&|;|\|\|", text.replace("\\\n", " ")):
        if words := line.split("#")[0].split():
            yield words


def check_command(words: list[str]) -> None:
    """Hold a command against what there is: targets of make, files of this folder."""
    if words[0] == "make":
        assert {w for w in words[1:] if re.fullmatch("[a-z-]+", w)} <= targets(), words
    for word in words:
        if re.fullmatch(r"\.?[\w/-]+\.(py|lock|md)|\.ci/run", word) and not word.startswith("notes"):
            assert (ROOT / word).is_file(), words


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.stem)
def test_workflows_call_what_is_there(path: Path) -> None:
    flow = yaml.safe_load(path.read_text("utf-8"))
    assert flow["permissions"] == {"contents": "read"}
    for job in flow["jobs"].values():
        needs = job.get("needs", [])
        assert {needs} if isinstance(needs, str) else set(needs) <= set(flow["jobs"])
        assert job["timeout-minutes"]
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step)
            assert "@" in step.get("uses", "@")
            for words in commands_of(step.get("run", "")):
                check_command(words)
                if words[0] == ".ci/run":
                    assert set(words[1:]) <= targets()


def test_workflows_try_each_python_and_system_that_the_project_names() -> None:
    (ci,) = (yaml.safe_load(p.read_text("utf-8")) for p in WORKFLOWS if p.stem == "ci")
    named = [m[1] for text in PROJECT["classifiers"] if (m := re.search(r":: (3\.\d+)$", text))]
    assert PROJECT["requires-python"] == f">={named[0]}"
    matrix = ci["jobs"]["tests"]["strategy"]["matrix"]
    assert (matrix["python"], matrix["os"]) == (named, ["ubuntu", "windows", "macos"])
    assert ci["jobs"]["wheel-plans"]["strategy"]["matrix"]["python"] == [named[0], named[-1]]


def test_hooks_run_what_is_installed() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    tools = {canonicalize_name(r.name) for r in wanted("dev")} | {"lint-imports", "python"}
    for hook in (hook for repo in config["repos"] for hook in repo["hooks"]):
        words = hook["entry"].split()
        assert hook["language"] == "system"
        assert words[0] == "git" or words[0].removeprefix(".venv/bin/") in tools
        check_command(words)


# --- pages ---------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_that_pages_show_exist(page: Path) -> None:
    for block in re.findall(
        r"^```(?:sh|console)\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE
    ):
        for words in commands_of(block):
            check_command([word.removeprefix(".venv/bin/") for word in words])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_files_that_pages_name_exist(page: Path) -> None:
    named = re.findall(r"`((?:[\w.]+/)+\w*\.(?:py|toml|po|yml))`", page.read_text("utf-8"))
    assert [n for n in named if not (ROOT / n).exists() and not (ROOT / "src/matchopt" / n).exists()] == []


def test_the_python_interface_is_described_whole() -> None:
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    told = re.findall(r"^::: matchopt\.(?:report\.front_door\.)?(\w+)$", page, re.MULTILINE)
    assert sorted(told) == sorted(set(matchopt.__all__) - {"__version__"})


def test_each_page_is_in_the_navigation() -> None:
    listed = re.findall(r"- (\S+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(p.name for p in (ROOT / "docs").glob("*.md"))
