"""Availability of thirty days, from outages."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from modelyard_server.kernel.clock import utcnow

from .models import Outage, WatchedComponent
from .probes import Component
from .schemas import ComponentOut, DayOut, OutageOut, StatusOut

DAYS = 30
OBJECTIVE = 0.999
SHOWN_OUTAGES = 20
_DAY = dt.timedelta(days=1)

Stretch = tuple[dt.datetime, dt.datetime]
"""(begin, end)"""


def status(db: Session) -> StatusOut:
    """Tell how every component did; nothing is told of times in which it was not watched."""
    now = utcnow()
    first = dt.datetime.combine(now.date() - (DAYS - 1) * _DAY, dt.time(), dt.UTC)
    rows = {row.name: row for row in db.scalars(select(WatchedComponent))}
    outages: dict[str, list[Outage]] = {name: [] for name in rows}
    newest = select(Outage).where(or_(Outage.ended_at.is_(None), Outage.ended_at > first))
    for outage in db.scalars(newest.order_by(Outage.began_at.desc())):
        outages.setdefault(outage.component, []).append(outage)
    unasked = _stretches(outages.get(Component.control_plane, []), now)
    return StatusOut(
        objective=OBJECTIVE,
        budget_seconds=round((1 - OBJECTIVE) * DAYS * _DAY.total_seconds(), 1),
        components=[
            _component(rows[name], outages[name], unasked, first, now)
            for name in Component
            if name in rows
        ],
    )


def _component(
    row: WatchedComponent,
    outages: list[Outage],
    unasked: list[Stretch],
    first: dt.datetime,
    now: dt.datetime,
) -> ComponentOut:
    down = _stretches(outages, now)
    # The node tells how long it has run, and the control plane is who was missing itself.
    knows = row.name in {Component.predictions, Component.control_plane}
    blind = [] if knows else unasked
    days = []
    for at in range(DAYS):
        begin = first + at * _DAY
        day = max(begin, row.since), min(begin + _DAY, now)
        watched = max(0.0, (day[1] - day[0]).total_seconds() - _within(blind, day))
        lost = min(watched, _within(down, day))
        days.append(
            DayOut(day=begin.date(), watched_seconds=round(watched, 1), down_seconds=round(lost, 1))
        )
    total, lost = sum(day.watched_seconds for day in days), sum(day.down_seconds for day in days)
    return ComponentOut(
        name=Component(row.name),
        is_up=all(outage.ended_at is not None for outage in outages),
        watched_since=row.since,
        availability=1 - lost / total if total else None,
        down_seconds=lost,
        days=days,
        outages=[
            OutageOut(began_at=one.began_at, ended_at=one.ended_at, reason=one.reason)
            for one in outages[:SHOWN_OUTAGES]
        ],
    )


def _stretches(outages: list[Outage], now: dt.datetime) -> list[Stretch]:
    """Give the times of outages, in order, each instant once."""
    merged: list[Stretch] = []
    for begin, end in sorted((one.began_at, one.ended_at or now) for one in outages):
        if merged and begin <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((begin, end))
    return merged


def _within(stretches: list[Stretch], part: Stretch) -> float:
    """Give the seconds of stretches that fall into a part."""
    lasted = ((min(end, part[1]) - max(begin, part[0])).total_seconds() for begin, end in stretches)
    return sum(seconds for seconds in lasted if seconds > 0)
