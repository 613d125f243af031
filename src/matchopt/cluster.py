"""The door to other machines: an executor on a Dask cluster, from the extra ``scale``."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from matchopt import __version__
from matchopt.errors import ClusterError
from matchopt.language import tr

PATIENCE = "10s"
"""How long a scheduler may take to answer."""


@contextmanager
def on_cluster(address: str) -> Iterator[Executor]:
    """Give an executor that runs on the workers of a Dask cluster.

    Parameters
    ----------
    address
        That of its scheduler, such as ``tcp://10.0.0.5:8786``.

    Raises
    ------
    ClusterError
        If the extra is not installed, no scheduler answers, there is no worker, or a worker has not
        the same version of matchopt.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(tr("a cluster needs the extra 'scale': pip install 'matchopt[scale]'")) from error
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise ClusterError(
            tr(
                "no Dask scheduler answers at {address} ({error}); start one with 'dask "
                "scheduler', and workers with 'dask worker ADDRESS'",
                address=address,
                error=error,
            )
        ) from error
    with client:
        versions = client.run(_version)
        if not versions:
            raise ClusterError(
                tr(
                    "the cluster at {address} has no workers: start some with 'dask worker {address}'",
                    address=address,
                )
            )
        other = {worker: theirs for worker, theirs in versions.items() if theirs != __version__}
        if other:
            worker, theirs = min(other.items())
            raise ClusterError(
                tr(
                    "here is matchopt {version}, on the worker {worker} {theirs}: install the same on all",
                    version=__version__,
                    worker=worker,
                    theirs=theirs,
                )
            )
        # Tasks of a worker that is lost are run again by another one.
        yield client.get_executor(pure=False)


def _version() -> str:
    """Return the version of matchopt on a worker."""
    try:
        from matchopt import __version__ as version
    except ImportError:
        return "none"
    return version
