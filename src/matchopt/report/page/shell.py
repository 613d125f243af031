"""What all pages share: templates, the words a page says by itself, data that no text breaks out of."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from matchopt.language import Language, spoken, tr

if TYPE_CHECKING:
    from jinja2 import Environment

Made = Mapping[str, Mapping[str, Any]]
"""Charts or tables by their ids."""


def rendered(
    template: str,
    *,
    charts: Made,
    tables: Made,
    currency: str = "",
    stories: Mapping[str, Any] | None = None,
    public: bool = False,
    **values: Any,
) -> str:
    """Return a page, in the language spoken.

    Parameters
    ----------
    template
        A file of ``web/``.
    charts, tables
        What is drawn and tabulated, by id.
    currency
        Of amounts of money.
    stories
        What is told of communities and donors when somebody looks them up.
    public
        Whether ids and donors are left out.
    values
        Further names of the template.
    """
    told = stories or {"communities": [], "donors": []}
    data = {
        "lang": spoken().value,
        "currency": currency,
        "charts": charts,
        "tables": tables,
        "stories": told,
        "words": _words(),
        "public": public,
    }
    language = {Language.EN: "en", Language.ZH: "zh-CN"}[spoken()]
    page = _environment().get_template(template)
    return page.render(
        lang=language,
        charts=charts,
        tables=tables,
        stories=told,
        public=public,
        data=_as_script(data),
        **values,
    )


def _as_script(data: Mapping[str, Any]) -> str:
    """Return data as JSON that no text in it can break out of a script with."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


@lru_cache
def _environment() -> Environment:
    """Return the templates of ``web/``."""
    from jinja2 import Environment, PackageLoader

    loader = PackageLoader("matchopt.report.page", "web")
    env = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    # What a debugger would ask the network for has no place in a page that asks for nothing.
    env.globals |= {
        "tr": tr,
        "source": lambda name: re.sub(r"\n?/[/*]# sourceMappingURL=.*$", "", loader.get_source(env, name)[0]),
    }
    return env


def _words() -> dict[str, str]:
    """Return what the page says by itself while somebody uses it."""
    return {
        "served": tr("served"),
        "unmet": tr("unmet"),
        "asked": tr("asked"),
        "filter": tr("filter"),
        "of": tr("of"),
        "rows": tr("rows"),
        "first": tr("first page"),
        "last": tr("last page"),
        "next": tr("next page"),
        "previous": tr("previous page"),
        "export": tr("Save as CSV"),
        "page": tr("page"),
        "none": tr("nothing found"),
        "hub": tr("hub"),
        "community": tr("community"),
        "limit": tr("capacity"),
        "few": tr("not told"),
        "group": tr("group"),
        "needs": tr("needs"),
        "full": tr("in full"),
        "part": tr("in part"),
        "not": tr("not at all"),
        "why": tr("why not"),
        "least": tr("at least"),
        "coverage": tr("coverage"),
        "units": tr("units"),
    }
