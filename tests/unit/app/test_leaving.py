import subprocess
import sys
import time


def test_a_thread_that_hangs_does_not_keep_the_program():
    code = (
        "import threading, time; from app.leaving import leave_within\n"
        "threading.Thread(target=time.sleep, args=(300,)).start()\n"
        "leave_within(0.1)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1 and "does not answer" in done.stderr


def test_a_program_that_ends_by_itself_does_not_wait():
    code = "from app.leaving import leave_within; leave_within(300)"
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr and time.monotonic() - began < 60
