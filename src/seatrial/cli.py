"""The command line: `seatrial`."""

from __future__ import annotations

import click

from seatrial import __version__
from seatrial.cli_compare import compare, stats
from seatrial.cli_doctor import doctor
from seatrial.cli_errors import FrontDoor
from seatrial.cli_explain import explain
from seatrial.cli_export import export
from seatrial.cli_gate import gate
from seatrial.cli_list import list_extensions
from seatrial.cli_read import digest, show
from seatrial.cli_run import run
from seatrial.cli_schema import schema
from seatrial.cli_search import search
from seatrial.cli_serve import serve
from seatrial.cli_suite import suite
from seatrial.cli_wire import wire

EXIT_CODES = """\b
Exit codes:
  0  passed
  1  violated: a limit is broken
  2  bad input
  3  harness error, or the run was stopped
  4  inconclusive: a rule never struck, too few samples or seeds, or the run has not ended
"""


@click.group(
    cls=FrontDoor, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120}
)
@click.version_option(__version__, prog_name="seatrial")
@click.option("--debug", is_flag=True, help="Print the traceback of an error as well.")
def main(debug: bool) -> None:
    """Rough water for order-to-cash integrations: simulated partners, faults, and a verdict from the ledgers.

    \b
    seatrial list scenarios              what there is
    seatrial run carrier-outage          run it against the resilient reference
    seatrial show runs/carrier-outage-resilient
    """  # noqa: D301 (click's mark for lines that stay as they are)


for command in (
    run, suite, search, wire, serve, list_extensions, show, explain, export, digest, stats, compare, gate, schema,
    doctor,
):  # fmt: skip
    main.add_command(command)
