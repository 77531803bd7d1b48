"""The cases of the suite that other stores pass, beside ours."""

from suite import Outcome

TIERS = (1, 2, 3)

# Run on 2026-11-22 with the same lists of cases, and the same commit of the suite. Garage 2.5 passes none, because the
# suite cleans up with ListObjectVersions.
MEASURED = {"SeaweedFS 4.48": {1: 244, 2: 97, 3: 48}, "Garage 2.5": {1: 0, 2: 0, 3: 0}}

# The number of test functions of the suite that a project requires of its own releases. Garage and MinIO name none.
GATES = {"RustFS": 464, "SeaweedFS": 240}


def functions(outcomes: dict[int, Outcome]) -> int:
    """Test functions all of whose cases passed: several have a case for each of their parameters."""
    passed, failed = (
        {case.partition("[")[0] for outcome in outcomes.values() for case in getattr(outcome, which)}
        for which in ("passed", "failed"))
    return len(passed - failed)


def table(name: str, outcomes: dict[int, Outcome]) -> str:
    """A Markdown table: passed cases of each tier, and functions of the whole suite. `name` is the store that was run.
    """
    totals = {tier: f"{outcomes[tier].total}" if tier in outcomes else "not run" for tier in TIERS}
    rows = [
        ["cases passed", *(f"tier {tier}" for tier in TIERS), "functions"],
        ["---", "--:", "--:", "--:", "--:"],
        ["cases there are", *totals.values(), ""],
        [name, *(str(len(outcomes[tier].passed)) if tier in outcomes else "" for tier in TIERS),
         str(functions(outcomes))],
        *([peer, *(str(passed[tier]) for tier in TIERS), ""] for peer, passed in MEASURED.items()),
        *([f"{peer}, its own gate", "", "", "", str(gate)] for peer, gate in GATES.items()),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
