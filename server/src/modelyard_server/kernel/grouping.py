"""Group commit: writes that wait for SQLite's only writer share one transaction.

Each is behind a savepoint, so one that is refused takes nothing with it, and each is answered
after the commit, so what was acknowledged survives a `kill -9`. Eight clients that log batches at
once pay for one commit instead of eight.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlalchemy.orm import Session

from . import tenancy

T = TypeVar("T")
MOST_TOGETHER = 16  # the writer is free again after some 50 ms, for whoever waits elsewhere


@dataclass(eq=False, slots=True)
class _Submission:
    work: Callable[[Session], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class GroupCommit:
    """One thread that commits what waits. `transaction` opens the database's writing session."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[Session]]) -> None:
        self._transaction = transaction
        self._waiting: deque[_Submission] = deque()
        self._is_draining = False
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")

    async def run(self, work: Callable[[Session], T]) -> T:
        """Do work in a shared transaction; give its result once that is committed.

        The work binds the session to its workspace itself; a transaction never serves two.
        """
        loop = asyncio.get_running_loop()
        submission = _Submission(work, loop, loop.create_future())
        with self._lock:
            self._waiting.append(submission)
            starts, self._is_draining = not self._is_draining, True
        if starts:
            self._thread.submit(self._drain)
        return cast("T", await submission.future)

    def _drain(self) -> None:
        while group := self._taken():
            done: list[_Submission] = []
            try:
                with self._transaction() as session:
                    self._work_through(session, group, done)
            except BaseException as error:
                done += group
                for submission in done:
                    submission.error = submission.error or error
            _answer(done)

    def _taken(self) -> deque[_Submission]:
        with self._lock:
            group = deque(
                self._waiting.popleft() for _ in range(min(MOST_TOGETHER, len(self._waiting)))
            )
            self._is_draining = bool(group)
            return group

    def _work_through(
        self, session: Session, group: deque[_Submission], done: list[_Submission]
    ) -> None:
        while group:
            submission = group.popleft()
            done.append(submission)
            session.connection().exec_driver_sql("SAVEPOINT one_of_many")
            try:
                submission.result = submission.work(session)
                session.flush()
            except BaseException as error:
                session.expunge_all()
                # Fails, and with it the whole group, when SQLite itself gave the transaction up.
                session.connection().exec_driver_sql("ROLLBACK TO one_of_many")
                if isinstance(error, tenancy.BoundElsewhere) and len(done) > 1:
                    self._put_back(done.pop(), group)
                else:
                    submission.error = error
            session.connection().exec_driver_sql("RELEASE one_of_many")

    def _put_back(self, first: _Submission, rest: deque[_Submission]) -> None:
        """Leave another workspace's work, and what came after it, to the next transaction."""
        with self._lock:
            self._waiting.extendleft([*reversed(rest), first])
        rest.clear()


def _answer(done: list[_Submission]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Submission]] = {}
    for submission in done:
        by_loop.setdefault(submission.loop, []).append(submission)
    for loop, submissions in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(_resolve, submissions)


def _resolve(submissions: list[_Submission]) -> None:
    for submission in submissions:
        if submission.future.done():  # its client went away
            continue
        if submission.error is not None:
            submission.future.set_exception(submission.error)
        else:
            submission.future.set_result(submission.result)
