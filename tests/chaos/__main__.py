"""`python -m tests.chaos`: many schedules side by side, or one again by its seed.

Seeds beside each other share a script, whose fault-free run is played once for all of them.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path

from tests.chaos.judge import Verdict
from tests.chaos.picture import Picture
from tests.chaos.schedule import Played, judge, play, play_quietly
from tests.chaos.script import Script, write_script
from tests.chaos.stage import NoRest

SHARED = 5
"""So many seeds play the same script."""


def script_of(seed: int) -> int:
    """Return the seed of the script that a schedule plays."""
    return seed // SHARED


def run_group(
    seeds: tuple[int, ...], folder: Path, *, is_cluster: bool = False
) -> list[tuple[Verdict, Played]]:
    """Play schedules that share a script; return their verdicts. What the bad ones leave stays in `folder`.

    The fault-free run is that of one engine on a file in either case. Raises NoPostgres.
    """
    with _server(is_cluster=is_cluster) as server:
        return _run_group(seeds, folder, server)


def _server(*, is_cluster: bool) -> AbstractContextManager[str]:
    if not is_cluster:
        return nullcontext("")
    from engine.bench.postgres import private_postgres

    return private_postgres({"fsync": "off"})


def _run_group(seeds: tuple[int, ...], folder: Path, server: str) -> list[tuple[Verdict, Played]]:
    script = write_script(script_of(seeds[0]))
    quiet = _played(script, None, folder / f"quiet-{script.seed}")
    if quiet.faults or quiet.order:
        faults = tuple(f"without faults: {one}" for one in quiet.faults)
        return [(Verdict(seed, faults, tuple(quiet.order)), quiet) for seed in seeds]
    found = []
    for number, seed in enumerate(seeds):
        at = folder / f"seed-{seed}-{number}"
        played = _played(script, seed, at, server)
        verdict = judge(seed, quiet.picture, played)
        if verdict.is_good:
            shutil.rmtree(at)
        found.append((verdict, played))
    return found


def _played(script: Script, seed: int | None, folder: Path, server: str = "") -> Played:
    """Return what came of it, without faults where there is no seed; of an engine that does not start, its last words."""
    folder.mkdir(parents=True)
    try:
        return play_quietly(script, folder) if seed is None else play(script, seed, folder, server)
    except NoRest as trouble:
        return Played(Picture(), [str(trouble)])


def main(arguments: list[str] | None = None) -> int:
    """Return 0 where every schedule ended as its fault-free run did."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--schedules", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2, help="schedules side by side")
    parser.add_argument("--seed", type=int, help="play this one schedule only")
    parser.add_argument(
        "--times", type=int, default=1, help="so often, since processes are never quite the same"
    )
    parser.add_argument("--cluster", action="store_true", help="three engines on one Postgres")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args(arguments)
    seeds = (
        [given.seed] * given.times
        if given.seed is not None
        else range(given.first, given.first + given.schedules)
    )
    groups: dict[int, list[int]] = {}
    for seed in seeds:
        groups.setdefault(script_of(seed), []).append(seed)
    if given.seed is not None and given.verbose:
        _tell_script(given.seed)
    folder = Path(tempfile.mkdtemp(prefix="reglament-chaos-"))
    results = _run_all([tuple(group) for group in groups.values()], folder, given)
    code = _report(results, folder, verbose=given.verbose)
    if code == 0:
        shutil.rmtree(folder, ignore_errors=True)
    return code


def _tell_script(seed: int) -> None:
    for number, phase in enumerate(write_script(script_of(seed)).phases):
        print(f"phase {number}: {'; '.join(map(str, phase))}")


def _run_all(
    groups: list[tuple[int, ...]], folder: Path, given: argparse.Namespace
) -> Iterator[tuple[Verdict, Played]]:
    with ProcessPoolExecutor(min(given.jobs, len(groups))) as pool:
        for done in as_completed(
            [pool.submit(run_group, group, folder, is_cluster=given.cluster) for group in groups]
        ):
            yield from done.result()


def _report(results: Iterator[tuple[Verdict, Played]], folder: Path, *, verbose: bool) -> int:
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
            print(f"seed {verdict.seed}:", *islice(verdict.lines(), 12), sep="\n  ", flush=True)
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
