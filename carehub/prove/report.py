"""What was found, for people and for machines."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from carehub.prove.run import Result
from carehub.prove.stage import Size

FAILURES_SHOWN = 10


def line(result: Result) -> str:
    """One scenario in a line, and below it what did not hold."""
    verdict = f"✓ {result.id} held" if result.passed else f"✗ {result.id} did not hold"
    shown = [f"      {failure}" for failure in result.failures[:FAILURES_SHOWN]]
    hidden = len(result.failures) - FAILURES_SHOWN
    if hidden > 0:
        shown.append(f"      and {hidden} more")
    return "\n".join([f"    {verdict} after {result.seconds:.0f} s", *shown])


def table(results: Sequence[Result]) -> str:
    """Every scenario with its figures, and the sum in a last line."""
    rows = [""]
    for result in results:
        mark = "✓" if result.passed else "✗"
        figures = ", ".join(f"{name} {value:g}" for name, value in result.figures.items())
        rows += [f"{mark} {result.id} {result.title} ({result.seconds:.0f} s)", f"      {figures or 'no figures'}"]
    failed = [result.id for result in results if not result.passed]
    written = sum(result.figures.get("acknowledged", 0) for result in results)
    rows.append("")
    if failed:
        rows.append(f"{len(failed)} of {len(results)} did not hold: {', '.join(failed)}.")
    else:
        rows.append(f"All {len(results)} held; of {written:,.0f} acknowledged writes none is lost.")
    return "\n".join(rows)


def as_json(results: Sequence[Result], *, seed: int, size: Size) -> str:
    """The same as one JSON document."""
    document = {
        "held": all(result.passed for result in results),
        "seed": seed,
        "size": size,
        "scenarios": [msgspec.to_builtins(result) | {"held": result.passed} for result in results],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
