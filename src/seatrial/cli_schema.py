"""`seatrial schema`: the JSON Schema of a scenario, for editors."""

from __future__ import annotations

import click


@click.command(short_help="Print the JSON Schema of a scenario, for editors.")
def schema() -> None:
    """Print the JSON Schema of a scenario file, so that an editor completes names and marks mistakes.

    For the YAML extension of VS Code, begin a scenario with `# yaml-language-server: $schema=scenario.schema.json`.

    \b
    seatrial schema > scenario.schema.json
    """  # noqa: D301
    import msgspec

    from seatrial.schema_file import scenario_schema

    click.echo(msgspec.json.format(msgspec.json.encode(scenario_schema()), indent=2))
