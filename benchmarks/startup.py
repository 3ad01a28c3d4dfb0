"""How long `lineshaft --help` takes beside `python -c "import typer"`, in turns, in one run.

python benchmarks/startup.py [--runs 15]
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

BAR = 3.0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    python = Path(sys.executable)
    commands = {
        "lineshaft --help": [python.parent / "lineshaft", "--help"],
        "import typer": [python, "-c", "import typer"],
    }
    for command in commands.values():
        seconds(command)
    taken = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            taken[name].append(seconds(command))
    for name, times in taken.items():
        print(
            f"{name:<20} median {1000 * statistics.median(times):7.0f} ms   least {1000 * min(times):7.0f} ms"
        )
    ratios = sorted(a / b for a, b in zip(*taken.values()))
    print(f"ratio, pair by pair: median {statistics.median(ratios):.2f} (bar {BAR:g})")


def seconds(command):
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
