"""The lock on a name: one holder at a time, and no file left."""

import threading
import time
from pathlib import Path

from modelyard_server.registry.locking import exclusive


def test_a_lock_leaves_no_file_and_lets_one_in_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.lock"
    inside, most = 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with exclusive(path):
                with guard:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.0005)
                with guard:
                    inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert most == 1
    assert not path.exists()
