"""The general ledger: what every posting owes and is owed, in two columns that have to agree."""

from __future__ import annotations

from enum import IntEnum


class Account(IntEnum):
    """The accounts; amounts are minor units of one currency."""

    RECEIVABLES = 0
    """What customers owe."""
    INVENTORY = 1
    """Goods in all warehouses by the stock book, at standard cost."""
    COST_OF_GOODS = 2
    """Goods that were shipped, at standard cost, less what came back."""
    REVENUE = 3
    """Goods that were invoiced, less what was credited."""
    CHARGES = 4
    """Carriage and other services that were invoiced, less what was credited."""
    GOODS_RECEIVED = 5
    """Goods that suppliers delivered and have not billed."""
    STOCK_DIFFERENCES = 6
    """Goods that went missing or turned up."""
    OPENING_STOCK = 7
    """Goods that were there when the books were opened."""


class GeneralLedger:
    """Balances by account. Every entry stands once on each side, so that debits always equal credits.

    Entries themselves are not kept: the evidence holds the documents that made them.
    """

    def __init__(self) -> None:
        self.entries = 0
        self._debits = [0] * len(Account)
        self._credits = [0] * len(Account)

    def post(self, debit: Account, credit: Account, amount: int) -> int:
        """Book an amount from one account to another, a negative one the other way; gives the number of the entry."""
        if amount < 0:
            debit, credit, amount = credit, debit, -amount
        self._debits[debit] += amount
        self._credits[credit] += amount
        self.entries += 1
        return self.entries

    def balance(self, account: Account) -> int:
        """Debits less credits of an account."""
        return self._debits[account] - self._credits[account]

    @property
    def debits(self) -> int:
        """Sum of all debits."""
        return sum(self._debits)

    @property
    def credits(self) -> int:
        """Sum of all credits."""
        return sum(self._credits)
