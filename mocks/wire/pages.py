"""The page of a partner: what can be asked of it, and what it tells, for people with a browser.

It is its OpenAPI document, written out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from itertools import cycle
from typing import Any, Final

from seatrial.sim.operation import Operation
from seatrial.sim.partner import Partner

Json = Mapping[str, Any]
_JSON: Final = "application/json"


def front_page(partner: Partner, document: Json) -> str:
    """The page, as HTML without a script."""
    style = (files("seatrial.mocks.wire") / "pages.css").read_text(encoding="utf-8")
    name, shapes = escape(partner.name), document["components"]["schemas"]
    about = (type(partner).__doc__ or "").partition("\n\n")[0]
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name}</title><style>{style}</style></head><body><main><h1>{name}</h1>"
        f"<p>{_words(about)}</p>"
        f'<p>Kind: {escape(partner.kind)} · <a href="/openapi.json">OpenAPI document</a> · '
        f'<a href="/clock">clock</a> · {_signed_in(document)}</p>'
        f"<h2>What can be asked</h2>{''.join(_asked(partner, document))}"
        f"<h2>What it tells by webhook</h2>{''.join(_told(document)) or '<p>Nothing.</p>'}"
        f"<h2>Shapes</h2>{''.join(_shape(shape, shapes[shape]) for shape in _named_in(document))}</main></body></html>"
    )


def _signed_in(document: Json) -> str:
    return "calls carry a token" if document["security"] else "calls need no token"


def _asked(partner: Partner, document: Json) -> Iterator[str]:
    operations = {each.name: each for each in partner.operations.values()}
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            yield _block(
                f"{method.upper()} {path}",
                told["summary"],
                _operation(operations[told["operationId"]], told, document["components"]["schemas"]),
            )


def _operation(operation: Operation, told: Json, shapes: Json) -> str:
    facts = {"Fault target": f"<code>{escape(operation.name)}</code>"}
    if operation.document:
        facts["Makes"] = escape(operation.document)
    rows = []
    for each in told["parameters"]:
        if each.get("in") == "header":
            facts[each["name"]] = _words(each["description"])
        elif "in" in each:
            needed = " · required" if each["required"] and each["in"] == "query" else ""
            rows.append(_row(each["name"], each["schema"], each["in"] + needed))
    body = _schema(told["requestBody"], shapes) if "requestBody" in told else {}
    in_path = [each["name"] for each in told["parameters"] if each.get("in") == "path"]
    rows += [_row(*field) for field in _fields(body) if field[0] not in in_path]
    reply = [_row(*field) for field in _fields(_schema(told["responses"]["200"], shapes))]
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{fact}</dd>" for name, fact in facts.items())
    return f"<dl>{listed}</dl>{_table('Asked with', rows)}{_table('Answered with', reply)}"


def _told(document: Json) -> Iterator[str]:
    for event, each in document["webhooks"].items():
        _, own = each["post"]["requestBody"]["content"][_JSON]["schema"]["allOf"]
        body = _resolved(own["properties"]["body"], document["components"]["schemas"])
        rows = [_row(*field) for field in _fields(body)]
        yield _block(event, each["post"]["summary"], _table("Its <code>body</code>", rows))


def _shape(name: str, shape: Json) -> str:
    rows = [_row(*field) for field in _fields(shape)]
    head = f'<section id="{escape(name)}"><h3>{escape(name)}</h3><p>{_words(shape["description"])}</p>'
    return f"{head}{_table('', rows)}</section>"


def _named_in(document: Json) -> list[str]:
    """Shapes that a field of another one has; those of whole messages are written where they are used."""
    shapes, found = document["components"]["schemas"], {"Refusal": None}
    for name in ("Notice", *shapes):
        for schema in shapes[name].get("properties", {}).values():
            found.update(dict.fromkeys(_references(schema)))
    return [*found, "Notice"] if document["webhooks"] else list(found)


def _references(schema: Json) -> Iterator[str]:
    if "$ref" in schema:
        yield schema["$ref"].rpartition("/")[2]
    for each in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else [])):
        yield from _references(each)


def _schema(message: Json, shapes: Json) -> Json:
    return _resolved(message["content"][_JSON]["schema"], shapes)


def _resolved(schema: Json, shapes: Json) -> Json:
    found: Json = shapes[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found


def _fields(shape: Json) -> Iterator[tuple[str, Json, str]]:
    """Name, schema, and whether it has to be there."""
    for name, schema in shape.get("properties", {}).items():
        yield name, schema, "required" if name in shape.get("required", ()) else ""


def _row(name: str, schema: Json, note: str) -> str:
    kind = " · ".join(filter(None, (_kind(schema), note)))
    return (
        f"<tr><td><code>{escape(name)}</code></td><td>{kind}</td><td>{_words(schema.get('description', ''))}</td></tr>"
    )


def _kind(schema: Json) -> str:
    """What a value is, in words."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    if "items" in schema:
        return f"list of {_kind(schema['items'])}"
    return escape(str(schema.get("type", "any")))


def _block(head: str, about: str, inside: str) -> str:
    return f"<details><summary><code>{escape(head)}</code> {_words(about)}</summary>{inside}</details>"


def _table(caption: str, rows: list[str]) -> str:
    if not rows:
        return f"<p>{caption} nothing.</p>" if caption else ""
    return f"<table><caption>{caption}</caption>{''.join(rows)}</table>"


def _words(text: str) -> str:
    """A sentence; what stands between backticks is code."""
    parts = zip(cycle(("{}", "<code>{}</code>")), escape(" ".join(text.split())).split("`"), strict=False)
    return "".join(form.format(part) for form, part in parts)
