"""Time without a processor is not held against a program; time in which it sleeps is."""

import os
import subprocess
import sys

import pytest

from modelyard_runtime.patience import MOST, TooSlow, output_of, without_processor


def a_program(code: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-S", "-c", code], stdout=-1, text=True)


def test_a_program_that_gets_no_processor_is_waited_for_longer() -> None:
    asked: list[float] = []

    def starved(_: int) -> float:
        asked.append(0.0)
        return 600.0 if len(asked) < 5 else 0.0  # what was once waited for stays so

    code = "import time; time.sleep(1.5); print('done')"
    with a_program(code) as child:
        assert output_of(child, 0.6, starved) == "done\n"
    with a_program("import time; time.sleep(600)") as child:
        with pytest.raises(TooSlow) as caught:
            output_of(child, 0.3, lambda _: 600.0)
        assert caught.value.waited == MOST * 0.3


def test_a_program_that_sleeps_has_had_its_time() -> None:
    with a_program("import time; time.sleep(600)") as child, pytest.raises(TooSlow):
        output_of(child, 0.3, lambda _: 0.0)


def test_the_kernel_says_how_long_a_process_waited() -> None:
    assert without_processor(os.getpid()) > 0.0
    assert without_processor(2**22 + 1) == 0.0
