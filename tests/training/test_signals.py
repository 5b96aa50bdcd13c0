import os
import signal
import subprocess
import sys
import threading

import pytest

from nlgan_tf.training.signals import Stopped, StopSignals


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_first_one_stops(signum, code):
    with pytest.raises(KeyboardInterrupt) as stopped, StopSignals():
        os.kill(os.getpid(), signum)
    assert isinstance(stopped.value, Stopped)
    assert stopped.value.exit_code == code
    assert str(stopped.value) == f"stopped by {signum.name}"


def test_deferred_it_waits(capfd):
    done = []

    def step() -> None:
        with StopSignals() as signals, signals.deferred():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append(signals.signum)

    with pytest.raises(Stopped):
        step()
    assert done == [signal.SIGTERM]
    assert "once more to leave at once" in capfd.readouterr().err


def test_after_a_block_within_another_it_still_waits():
    done = []

    def steps() -> None:
        with StopSignals() as signals, signals.deferred():
            with signals.deferred():
                done.append("inner")
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("outer")

    with pytest.raises(Stopped):
        steps()
    assert done == ["inner", "outer"]


def test_the_handlers_before_come_back():
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with StopSignals():
        assert signal.getsignal(signal.SIGTERM) != before[0]
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_in_another_thread_nothing_changes():
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def work():
        with StopSignals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_second_one_kills():
    code = """
import os, signal
from nlgan_tf.training.signals import StopSignals
with StopSignals() as signals, signals.deferred():
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)
    print("still here")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGTERM
    assert done.stdout == ""
