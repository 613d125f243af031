"""Other machines: a local cluster of two workers gives the same bytes, even if one of them is killed."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from typer.testing import CliRunner

import matchopt
from matchopt import Case, Plan
from matchopt.cli import app
from matchopt.cluster import on_cluster
from matchopt.errors import ClusterError
from matchopt.planning import decomposition
from matchopt.planning import distributed as planning_distributed

distributed = pytest.importorskip("distributed")

pytestmark = pytest.mark.filterwarnings("ignore")


def city(needs: int = 400, donations: int = 80, items: int = 5) -> dict[str, list[dict[str, Any]]]:
    """Return a random case of several parts."""
    random = np.random.default_rng(7)
    places = [
        {"community": f"c{k}", "latitude": 31 + x, "longitude": 121 + y}
        for k, (x, y) in enumerate(random.uniform(0, 1, (12, 2)).round(4))
    ]
    return {
        "communities": places,
        "needs": [
            {
                "need_id": f"n{k}",
                "community": f"c{random.integers(12)}",
                "item": f"i{random.integers(items)}",
                "quantity": int(random.integers(1, 20)),
                "priority": int(random.integers(1, 6)),
            }
            for k in range(needs)
        ],
        "donations": [
            {
                "donation_id": f"d{k}",
                "origin": f"c{random.integers(12)}",
                "item": f"i{random.integers(items)}",
                "quantity": int(random.integers(1, 80)),
            }
            for k in range(donations)
        ],
    }


def as_case(rows: dict[str, list[dict[str, Any]]]) -> Case:
    frames: dict[str, Any] = {name: pd.DataFrame(table) for name, table in rows.items()}
    return Case.from_frames(**frames)


@pytest.fixture
def cluster() -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, worker_dashboard_address=None
    ) as two:
        yield two


def assert_same(one: Plan, other: Plan) -> None:
    for table in ("allocations", "needs", "donations", "prices"):
        assert_frame_equal(getattr(one, table), getattr(other, table))
    assert dict(one.summary) == dict(other.summary)


def test_two_workers_give_the_same_plan_though_one_is_killed(
    cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = as_case(city())
    alone = matchopt.plan(case)
    monkeypatch.setattr(decomposition, "LARGE", 12 * 12)
    monkeypatch.setattr(planning_distributed, "BLOCK", 5 * 12)
    killed = []

    with on_cluster(cluster.scheduler_address) as executor, distributed.Client(cluster) as client:
        pids = client.run(os.getpid)

        def kill(stage: str, done: int, total: int) -> None:
            if stage == "solve" and done == 1:
                killed.append(min(pids.values()))
                os.kill(killed[0], signal.SIGKILL)

        assert_same(alone, matchopt.plan(case, executor=executor, progress=kill))
        # Parts that go to a worker whole, and a cluster that lost one.
        monkeypatch.setattr(decomposition, "LARGE", 10**9)
        assert_same(alone, matchopt.plan(case, executor=executor))
    assert len(pids) == 2
    assert killed


def test_the_command_works_on_a_cluster_with_the_same_bytes(cluster: Any, tmp_path: Path) -> None:
    for name, table in city(needs=60, donations=20).items():
        (tmp_path / "case").mkdir(exist_ok=True)
        pd.DataFrame(table).to_csv(tmp_path / "case" / f"{name}.csv", index=False)
    for run, extra in (("alone", []), ("together", ["--cluster", cluster.scheduler_address])):
        result = CliRunner().invoke(app, ["plan", str(tmp_path / "case"), "-o", str(tmp_path / run), *extra])
        assert result.exit_code == 0, result.output
    names = sorted(path.name for path in (tmp_path / "alone" / "plan").iterdir())
    assert "allocations.csv" in names
    for name in names:
        alone, together = ((tmp_path / run / "plan" / name).read_bytes() for run in ("alone", "together"))
        assert alone == together, name


def test_a_cluster_without_workers_is_told() -> None:
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=None) as none,
        pytest.raises(ClusterError, match="no workers"),
        on_cluster(none.scheduler_address),
    ):
        pass


def test_a_cluster_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matchopt.cluster.PATIENCE", "500ms")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ClusterError, match="no Dask scheduler answers"), on_cluster(address):
        pass


def test_another_version_on_a_worker_is_told(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matchopt.cluster.__version__", "0.0.0-mine")
    told = r"here is matchopt 0.0.0-mine, on the worker .* install the same"
    with pytest.raises(ClusterError, match=told), on_cluster(cluster.scheduler_address):
        pass
