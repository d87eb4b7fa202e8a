"""The checks on a second device, in a process of their own: torch keeps a registered device."""

import subprocess
import sys
from pathlib import Path

CHECKS = Path(__file__).with_name("second_device_checks.py")


def test_nothing_is_left_on_the_processor_by_mistake():
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, str(CHECKS)],
        cwd=CHECKS.parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
