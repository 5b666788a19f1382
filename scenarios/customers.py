"""Customers: invented names and addresses, the same for the same seed, in the style of their country."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seatrial.mocks.messages.orders import Customer
from seatrial.sim.dice import Dice

if TYPE_CHECKING:
    from faker import Faker

STYLES: Final = {
    "Australia": ("AU", "en_GB"),
    "Austria": ("AT", "de_AT"),
    "Belgium": ("BE", "nl_BE"),
    "Denmark": ("DK", "da_DK"),
    "EIRE": ("EIRE", "en_IE"),
    "Finland": ("FI", "fi_FI"),
    "France": ("FR", "fr_FR"),
    "Germany": ("DE", "de_DE"),
    "Greece": ("GR", "el_GR"),
    "Ireland": ("IE", "en_IE"),
    "Italy": ("IT", "it_IT"),
    "Japan": ("JP", "ja_JP"),
    "Netherlands": ("NL", "nl_NL"),
    "Norway": ("NO", "no_NO"),
    "Poland": ("PL", "pl_PL"),
    "Portugal": ("PT", "pt_PT"),
    "Spain": ("ES", "es_ES"),
    "Sweden": ("SE", "sv_SE"),
    "Switzerland": ("CH", "de_CH"),
    "USA": ("US", "en_US"),
    "United Kingdom": ("GB", "en_GB"),
}
"""Letters of the customer numbers and style of names by country; others get a British style."""
_PROVIDERS: Final = ["faker.providers.person", "faker.providers.address"]


class Customers:
    """A pool of customers in each country. One is made when he first buys, and stays the same person."""

    def __init__(self, dice: Dice, size: int = 500) -> None:
        self.size = size
        self._index = dice.keyed_int(size, "customers", "who")
        self._seed = dice.keyed_int(1 << 53, "customers", "name")
        self._known: dict[tuple[str, int], Customer] = {}
        self._writers: dict[str, Faker] = {}

    def buyer(self, country: str, order_no: str) -> Customer:
        """Who places an order: the same customer for the same order number."""
        return self.at(country, self._index(order_no))

    def at(self, country: str, index: int) -> Customer:
        """One customer of a country's pool."""
        place = (country, index)
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = self._made(country, index)
        return known

    def _made(self, country: str, index: int) -> Customer:
        code, style = STYLES.get(country) or (country.upper().replace(" ", "-"), "en_GB")
        number = f"{code}-{index:04d}"
        writer = self._writer(style)
        writer.seed_instance(self._seed(f"{country}/{index}"))
        street = writer.street_address().replace("\n", ", ")
        email = f"{number.lower()}@customers.example"
        return Customer(number, writer.name(), email, street, writer.city(), writer.postcode(), country)

    def _writer(self, style: str) -> Faker:
        if style not in self._writers:
            from faker import Faker

            self._writers[style] = Faker(style, providers=_PROVIDERS)
        return self._writers[style]
