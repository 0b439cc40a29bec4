"""`python -m tests.chaos`: many schedules side by side, or one again by its seed.

Seeds beside each other share a script, whose fault-free run is played once for all of them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.chaos.judge import Verdict
from tests.chaos.picture import Picture
from tests.chaos.schedule import NoRest, Played, judge, play, play_quietly
from tests.chaos.script import write_script

SHARED = 5
"""So many seeds play the same script."""


def script_of(seed: int) -> int:
    """Return the seed of the script that a schedule plays."""
    return seed // SHARED


def run_group(seeds: tuple[int, ...]) -> list[tuple[Verdict, Played]]:
    """Play schedules that share a script; return their verdicts."""
    script = write_script(script_of(seeds[0]))
    try:
        quiet = play_quietly(script)
    except NoRest as trouble:
        quiet = Played(Picture(), [str(trouble)])
    if quiet.faults or quiet.order:
        return [(Verdict(seed, tuple(f"without faults: {one}" for one in quiet.faults), tuple(quiet.order)), quiet)
                for seed in seeds]  # fmt: skip
    return [_run_one(seed, quiet.picture) for seed in seeds]


def _run_one(seed: int, wanted: Picture) -> tuple[Verdict, Played]:
    try:
        played = play(write_script(script_of(seed)), seed)
    except NoRest as trouble:
        return Verdict(seed, (str(trouble),)), Played(Picture())
    return judge(seed, wanted, played), played


def main(arguments: list[str] | None = None) -> int:
    """Return 0 where every schedule ended as its fault-free run did."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--schedules", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2, help="schedules side by side")
    parser.add_argument("--seed", type=int, help="play this one schedule only")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args(arguments)
    seeds = [given.seed] if given.seed is not None else range(given.first, given.first + given.schedules)
    groups: dict[int, list[int]] = {}
    for seed in seeds:
        groups.setdefault(script_of(seed), []).append(seed)
    if given.seed is not None and given.verbose:
        _tell_script(given.seed)
    return _report(_run_all([tuple(group) for group in groups.values()], given.jobs), verbose=given.verbose)


def _tell_script(seed: int) -> None:
    for number, phase in enumerate(write_script(script_of(seed)).phases):
        print(f"phase {number}: {'; '.join(map(str, phase))}")


def _run_all(groups: list[tuple[int, ...]], jobs: int) -> Iterator[tuple[Verdict, Played]]:
    with ProcessPoolExecutor(min(jobs, len(groups))) as pool:
        for done in as_completed([pool.submit(run_group, group) for group in groups]):
            yield from done.result()


def _report(results: Iterator[tuple[Verdict, Played]], *, verbose: bool) -> int:
    begun = time.monotonic()
    verdicts, kills, retried, hits = [], 0, 0, dict[str, int]()
    for verdict, played in results:
        verdicts.append(verdict)
        kills, retried = kills + played.kills, retried + played.retried
        for kind, count in played.hits.items():
            hits[kind] = hits.get(kind, 0) + count
        if verbose:
            print(
                f"{verdict.seed}: {played.seconds:.1f} s, {played.kills} kills, {played.retried} retried",
                flush=True,
            )
        if not verdict.is_good:
            print(f"seed {verdict.seed}:", *verdict.lines(), sep="\n  ", flush=True)
    bad = sorted(verdict.seed for verdict in verdicts if not verdict.is_good)
    told = ", ".join(f"{kind} {count}" for kind, count in sorted(hits.items()))
    print(f"{kills} kills, {retried} runs taken up by people, faults: {told or 'none'};"
          f" {time.monotonic() - begun:.0f} s")  # fmt: skip
    if bad:
        print(
            f"seeds to look at: {', '.join(map(str, bad))} (python -m tests.chaos --seed {bad[0]} --verbose)"
        )
    lost, order, doubled = (
        sum(len(part) for part in parts)
        for parts in zip(*((one.lost, one.order, one.doubled) for one in verdicts), strict=True)
    )
    print(f"{len(verdicts)} schedules: lost {lost}, order breaks {order}, doubled {doubled}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
