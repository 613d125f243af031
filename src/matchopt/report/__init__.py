"""What a plan says, for people: looks, touches nothing. Called, it writes the report of a plan."""

import sys
from types import ModuleType
from typing import Any

REPORT, PUBLIC, WORKBOOK, WISHES = "report.html", "report-public.html", "plan.xlsx", "wishlist.csv"
GRAPH = "graph.graphml"
"""What files for people are called in a run folder."""


class _ReportPackage(ModuleType):
    """Lets ``matchopt.report(plan, path)`` write a report, though the package is called so, too."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from matchopt.report.front_door import report

        return report(*args, **kwargs)


sys.modules[__name__].__class__ = _ReportPackage
