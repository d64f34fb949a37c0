"""What every way out has in common."""

from __future__ import annotations

from typing import Protocol

from reprieve.errors import ReprieveError
from reprieve.updates.alerts import Alert


class DeliveryError(ReprieveError):
    """An alert could not be delivered; it waits for the next run."""


class Channel(Protocol):
    """One way out."""

    @property
    def name(self) -> str:
        """What the store calls it: the same in every run, and without secrets."""
        ...

    def deliver(self, alert: Alert) -> None:
        """Deliver one alert.

        Raises
        ------
        DeliveryError
            It did not surely arrive; trying again is safe.
        """
        ...
