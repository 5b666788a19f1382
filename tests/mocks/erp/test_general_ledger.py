"""The general ledger keeps its two columns even."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seatrial.mocks.books.general_ledger import Account, GeneralLedger

ACCOUNTS = st.sampled_from(Account)


def test_an_entry_moves_an_amount_from_one_account_to_another() -> None:
    """What one account gets, the other gives."""
    ledger = GeneralLedger()
    assert ledger.post(Account.RECEIVABLES, Account.REVENUE, 500) == 1
    assert (ledger.balance(Account.RECEIVABLES), ledger.balance(Account.REVENUE)) == (500, -500)


def test_a_negative_amount_is_the_reverse_entry() -> None:
    """Taking back is an entry of its own: nothing is ever taken out of a column."""
    ledger = GeneralLedger()
    ledger.post(Account.RECEIVABLES, Account.REVENUE, 500)
    ledger.post(Account.RECEIVABLES, Account.REVENUE, -200)
    assert (ledger.balance(Account.RECEIVABLES), ledger.debits, ledger.entries) == (300, 700, 2)


@given(st.lists(st.tuples(ACCOUNTS, ACCOUNTS, st.integers(-(10**9), 10**9))))
def test_debits_equal_credits_and_balances_cancel_out(entries: list[tuple[Account, Account, int]]) -> None:
    """Whatever is posted, both columns have the same sum, neither shrinks, and all balances together are nothing."""
    ledger = GeneralLedger()
    last = 0
    for debit, credit, amount in entries:
        ledger.post(debit, credit, amount)
        assert ledger.debits >= last
        last = ledger.debits
    assert ledger.debits == ledger.credits == sum(abs(amount) for _, _, amount in entries)
    assert sum(ledger.balance(account) for account in Account) == 0
