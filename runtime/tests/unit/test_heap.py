"""When free memory is given back: not for little, at once for much, sooner while nobody calls."""

import pytest

from modelyard_runtime.heap import HELD_IDLE_MB, HELD_MB, Heap


class Memory:
    """An allocator whose figures a test sets."""

    def __init__(self) -> None:
        self.resident, self.used, self.trimmed = 50.0, 20.0, 0

    def used_mb(self) -> float:
        return self.used

    def trim(self) -> None:
        self.trimmed += 1
        self.resident = self.used + 30.0


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def heap(memory: Memory) -> Heap:
    made = Heap(memory, lambda: memory.resident)
    assert made.sweep(1) == 50.0
    return made


def test_memory_in_use_is_left_alone(heap: Heap, memory: Memory) -> None:
    memory.resident, memory.used = 150.0, 120.0
    assert heap.sweep(2) == heap.sweep(2) == 150.0
    assert memory.trimmed == 0


def test_a_little_is_kept_while_calls_come_and_given_back_afterwards(
    heap: Heap, memory: Memory
) -> None:
    memory.resident += (HELD_IDLE_MB + HELD_MB) / 2
    heap.sweep(2)
    assert memory.trimmed == 0
    assert heap.sweep(2) == 50.0
    heap.sweep(2)
    assert memory.trimmed == 1


def test_what_others_than_the_allocator_hold_is_tried_once(heap: Heap, memory: Memory) -> None:
    memory.trim = lambda: setattr(memory, "trimmed", memory.trimmed + 1)  # type: ignore[method-assign]
    memory.resident += HELD_MB + 1
    for calls in (2, 3, 3, 3):
        heap.sweep(calls)
    assert memory.trimmed == 1


def test_pages_freed_after_they_were_in_use_are_given_back(heap: Heap, memory: Memory) -> None:
    memory.resident, memory.used = 110.0, 60.0  # much in use, and more than HELD_MB free
    assert heap.sweep(2) == 90.0
    memory.used = 20.0  # handed over: the pages are free now
    assert heap.sweep(3) == 50.0
    assert memory.trimmed == 2
