"""The page of a partner: what can be asked of it, and what it tells, for people with a browser."""

from __future__ import annotations

from html import escape

from seatrial.sim.events import EVENTS
from seatrial.sim.operation import Operation
from seatrial.sim.partner import Partner

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8884;"
    "vertical-align:top}code{font-size:.9em}caption{text-align:left;font-weight:600;padding:.6rem 0}"
)


def front_page(partner: Partner) -> str:
    """The page, as HTML without a script."""
    about = " ".join((type(partner).__doc__ or "").partition("\n\n")[0].split())
    operations = sorted(partner.operations.values(), key=lambda each: (each.path, each.method))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(partner.name)}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(partner.name)}</h1><p>{escape(about)}</p>"
        f'<p>Kind: {escape(partner.kind)} · <a href="/openapi.json">OpenAPI document</a> · '
        f'<a href="/clock">clock</a></p>{_asked(operations)}{_told(partner)}</main></body></html>'
    )


def _asked(operations: list[Operation]) -> str:
    rows = "".join(
        f"<tr><td><code>{each.method} {escape(each.path)}</code></td><td>{escape(each.summary)}</td>"
        f"<td><code>{escape(each.name)}</code></td><td>{escape(each.document or '–')}</td></tr>"
        for each in operations
    )
    head = "<tr><th>route</th><th>does</th><th>fault target</th><th>document</th></tr>"
    return f"<table><caption>What can be asked</caption>{head}{rows}</table>"


def _told(partner: Partner) -> str:
    if not partner.events:
        return "<p>It tells nothing by webhook.</p>"
    rows = "".join(
        f"<tr><td><code>{escape(event)}</code></td><td>{escape(EVENTS[event].meaning if event in EVENTS else '')}</td>"
        f"<td><code>{escape(body.__name__)}</code></td></tr>"
        for event, body in partner.events.items()
    )
    return (
        f"<table><caption>What it tells by webhook</caption><tr><th>event</th><th>when</th><th>body</th></tr>"
        f"{rows}</table>"
    )
