"""Plan many cases, each in a process of its own beside others; one that fails stops no other."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any

from matchopt.errors import CaseError, MatchoptError, Severity, reason_of
from matchopt.kernels import share_compiled_code
from matchopt.language import speaking, spoken, tr
from matchopt.runs.atomic import Writer, text_file
from matchopt.runs.jobs import FAILED, PLANNED, STAMP, UNCHANGED, Job, JobOutcome, kept, stamp, stamp_file
from matchopt.workers import processes

if TYPE_CHECKING:
    from matchopt.contract.plan import Plan

AHEAD = 2
"""Jobs that wait for each worker: however many there are, no more are in memory."""


def plan_one(job: Job, *, force: bool = False, report: bool = False, language: str = "en") -> JobOutcome:
    """Plan one case into its run folder, verified; whatever goes wrong is told in the outcome.

    Parameters
    ----------
    job
        The case.
    force
        Plan it even if its run stands and is made of the same.
    report
        Write ``report.html`` and ``plan.xlsx`` as well.
    language
        Of messages and files.
    """
    with speaking(language):
        return _outcome(job, force=force, report=report)


def _outcome(job: Job, *, force: bool, report: bool) -> JobOutcome:
    start = time.perf_counter()

    def done(outcome: str, summary: dict[str, Any] | None = None, findings: Sequence[str] = ()) -> JobOutcome:
        seconds = round(time.perf_counter() - start, 3)
        return JobOutcome.of(job, outcome, seconds, summary, findings)

    try:
        mark = stamp(job)
        before = None if force else kept(job, mark)
        if before is not None:
            return done(UNCHANGED, before)
        return done(PLANNED, _plan(job, mark, report=report))
    except CaseError as error:
        errors = [str(finding) for finding in error.findings if finding.severity is Severity.ERROR]
        return done(FAILED, findings=errors)
    except OSError as error:
        place = job.case if error.filename is None else error.filename
        return done(FAILED, findings=[f"{place}: {reason_of(error)}"])
    except MatchoptError as error:
        return done(FAILED, findings=[str(error)])
    except Exception as error:
        return done(FAILED, findings=[f"{type(error).__name__}: {error}"])


def _plan(job: Job, mark: str, *, report: bool) -> dict[str, Any]:
    """Read, plan, verify and write a case; return its summary."""
    from matchopt.engine import plan
    from matchopt.errors import ProofError
    from matchopt.runs.write import write_run
    from matchopt.tables.read import read_case
    from matchopt.verifier import verify

    case = read_case(job.case, job.changes, today=job.today)
    made = plan(case)
    violations = verify(case, made)
    if violations:
        raise ProofError("; ".join(map(str, violations[:5])))
    beside = {STAMP: stamp_file(mark, job.today if case.settings.horizon.start == job.today else None)}
    if report:
        beside |= shown(made)
    write_run(made, job.run, force=True, beside=beside)
    return dict(made.summary)


def shown(plan: Plan) -> dict[str, Writer]:
    """Return the files by name, and who writes each, in the language spoken."""
    from matchopt.report import REPORT, WORKBOOK
    from matchopt.report.plan import html, workbook
    from matchopt.report.workbook import write_workbook

    page, book = html(plan), workbook(plan)
    return {REPORT: text_file(page), WORKBOOK: lambda path: write_workbook(book, path)}


def plan_all(
    jobs: Sequence[Job],
    *,
    workers: int = 0,
    force: bool = False,
    report: bool = False,
    work: Callable[..., JobOutcome] = plan_one,
) -> Iterator[JobOutcome]:
    """Plan many cases side by side and yield what becomes of each, as they end.

    Parameters
    ----------
    jobs
        The cases.
    workers
        Processes; 0 for one a core. A worker that dies takes its job with it, which has failed then; the
        others go on.
    force, report
        As in `plan_one`.
    work
        What is done with each.
    """
    count = min(workers or os.cpu_count() or 1, max(len(jobs), 1))
    waiting = list(reversed(jobs))
    lost: list[Job] = []
    share_compiled_code()
    while waiting or lost:
        # After a worker died nobody knows whose fault it was: those that were under way go one by one.
        alone = bool(lost)
        queue = [lost.pop()] if alone else waiting
        pool = processes(1 if alone else count)
        under_way: dict[Future[JobOutcome], Job] = {}
        try:
            while queue or under_way:
                broken = False
                while queue and len(under_way) < AHEAD * count and not broken:
                    job = queue.pop()
                    try:
                        future = pool.submit(work, job, force=force, report=report, language=spoken().value)
                    except BrokenProcessPool:
                        broken = True
                        lost.append(job)
                    else:
                        under_way[future] = job
                ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
                # Of several that have ended the first one begun comes first.
                for future in [one for one in under_way if one in ended]:
                    job = under_way.pop(future)
                    try:
                        yield future.result()
                    except BrokenProcessPool:
                        broken = True
                        if alone:
                            yield _died(job)
                        else:
                            lost.append(job)
                if broken:
                    lost += under_way.values()
                    break
        except BaseException:
            pool.abandon()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _died(job: Job) -> JobOutcome:
    said = tr("the process that planned it died: it may need more memory than there is")
    return JobOutcome.of(job, FAILED, 0.0, findings=[said])
