"""Delivering: each alert goes every way out once, and again where it did not arrive."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from reprieve.living.store import Store
from reprieve.living.store.clock import now
from reprieve.living.store.models import Delivery
from reprieve.updates.alerts import alert_from
from reprieve.updates.deliveries.channel import Channel, DeliveryError
from reprieve.updates.deliveries.settings import Outlets
from reprieve.updates.kept import alerts
from reprieve.updates.steps.watching import Watcher

MOST_ATTEMPTS = 20
"""Runs after which an alert is given up on a way out."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of alerts that waited.

    Attributes
    ----------
    delivered : int
    problems : tuple of str
        What did not arrive, and why.
    stranded : int
        Alerts for ways out that are not set any more.
    """

    delivered: int
    problems: tuple[str, ...]
    stranded: int


def deliver(store: Store, outlets: Outlets, watch: Watcher) -> Delivered:
    """Deliver what waits, and write the feed.

    An alert is marked only after it arrived: killed in between, it goes out again under the same
    key, by which whoever gets it twice can tell.

    Parameters
    ----------
    store : Store
    outlets : Outlets
    watch : Watcher
    """
    channels = {channel.name: channel for channel in outlets.channels}
    with store.reading() as session:
        waiting = session.execute(
            select(Delivery.id, Delivery.channel)
            .where(Delivery.state == "waiting")
            .order_by(Delivery.id)
        ).all()
    problems: list[str] = []
    failing: set[str] = set()
    delivered = 0
    mine = [(number, name) for number, name in waiting if name in channels]
    for done, (number, name) in enumerate(mine, start=1):
        if name in failing:
            continue  # the rest waits for the next run, and its server is left in peace
        problem = _one(store, number, channels[name])
        if problem:
            failing.add(name)
            problems.append(problem)
        else:
            delivered += 1
        watch("deliver", done, len(mine), name)
    if outlets.feed is not None:
        try:
            outlets.feed.write(alerts(store))
        except DeliveryError as error:
            problems.append(str(error))
    return Delivered(delivered, tuple(problems), len(waiting) - len(mine))


def _one(store: Store, number: int, channel: Channel) -> str:
    with store.reading() as session:
        alert = alert_from(session.get_one(Delivery, number).alert.data)
    problem = ""
    try:
        channel.deliver(alert)
    except DeliveryError as error:
        problem = str(error)
    with store.writing() as session:
        row = session.get_one(Delivery, number)
        row.attempts, row.tried, row.detail = row.attempts + 1, now(), problem
        if not problem:
            row.state, row.delivered = "delivered", now()
        elif row.attempts >= MOST_ATTEMPTS:
            row.state = "failed"
    return problem
