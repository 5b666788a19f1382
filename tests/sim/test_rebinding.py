"""Stand-ins for things of other modules: whatever happens, they do not outlive who needs them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from seatrial.sim.rebinding import Rebinding, SharedRebinding


def test_stand_ins_that_could_not_be_bound_are_undone_and_bound_the_next_time() -> None:
    """A library that fails when it is imported, or Ctrl-C meanwhile, leaves nothing half in place."""
    module = SimpleNamespace(one="real", other="real")
    refused = [True]

    def bind(rebinding: Rebinding) -> None:
        rebinding.attribute(module, "one", "stand-in")
        if refused.pop():
            raise KeyboardInterrupt
        rebinding.attribute(module, "other", "stand-in")

    shared = SharedRebinding(bind)
    with pytest.raises(KeyboardInterrupt), shared.held():
        pass
    assert module.one == "real"
    refused.append(False)
    with shared.held():
        assert (module.one, module.other) == ("stand-in", "stand-in")
    assert (module.one, module.other) == ("real", "real")
