"""A Frictionless data package: ``datapackage.json``, which tells other programs what our tables hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from matchopt.contract.fields import Column, Kind
from matchopt.contract.schema import TABLES

PACKAGE_FILE = "datapackage.json"

_TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "string",
    Kind.LIST: "string",
    Kind.CHOICE: "string",
    Kind.NUMBER: "number",
    Kind.WHOLE: "integer",
    Kind.DAY: "date",
    Kind.FLAG: "boolean",
}


def data_package(name: str, headers: Mapping[str, Sequence[str]]) -> str:
    """Return the ``datapackage.json`` of a case.

    Parameters
    ----------
    name
        What the case is called.
    headers
        Table → headers of its CSV file, in their order; those that are no columns of ours are plain text.
    """
    resources = [_resource(table, of) for table, of in headers.items()]
    package = {"profile": "tabular-data-package", "name": _slug(name), "resources": resources}
    return json.dumps(package, ensure_ascii=False, indent=2) + "\n"


def _slug(name: str) -> str:
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in name.casefold()).strip("-")
    return kept or "case"


def _resource(name: str, headers: Sequence[str]) -> dict[str, Any]:
    table = TABLES[name]
    columns = {header: column for column in table.columns for header in (column.name, column.zh)}
    known = [(header, columns.get(header)) for header in headers]
    written = {column.name: header for header, column in known if column is not None}
    schema: dict[str, Any] = {
        "fields": [_field(header, column) for header, column in known],
        "missingValues": [""],
    }
    if table.key and all(key in written for key in table.key):
        schema["primaryKey"] = [written[key] for key in table.key]
    return {
        "name": name,
        "path": f"{name}.csv",
        "profile": "tabular-data-resource",
        "title": table.zh,
        "description": table.about,
        "encoding": "utf-8",
        "schema": schema,
    }


def _field(header: str, column: Column | None) -> dict[str, Any]:
    if column is None:
        return {"name": header, "type": "string"}
    said: dict[str, Any] = {"name": header, "type": _TYPES[column.kind], "description": column.said}
    limits: dict[str, Any] = {"required": True} if column.required else {}
    if column.kind is Kind.CHOICE:
        limits["enum"] = list(column.choices)
    if column.least is not None:
        limits["minimum"] = column.least
    if column.most is not None:
        limits["maximum"] = column.most
    return said | ({"constraints": limits} if limits else {})
