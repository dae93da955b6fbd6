"""Whether our top-level packages are ours: `gateway`, `adapters` and `mocks` are names others use, too."""

from __future__ import annotations

from importlib.machinery import PathFinder
from importlib.metadata import packages_distributions
from pathlib import Path

OURS = ("gateway", "adapters", "mocks")
_DISTRIBUTION = "order-gateway"
_HERE = Path(__file__).resolve().parents[2]


def strangers(names: tuple[str, ...] = OURS, home: Path = _HERE, path: list[str] | None = None) -> list[str]:
    """Return a sentence for each of ``names`` that is missing, or that Python finds elsewhere than in ``home``.

    Looks along ``path`` (None: `sys.path`). A package another distribution also installs is told as well, for
    whichever was installed last has overwritten files of the other.
    """
    owners = packages_distributions()
    told = []
    for name in names:
        spec = PathFinder.find_spec(name, path)
        places = [Path(place).resolve().parent for place in (spec.submodule_search_locations or [])] if spec else []
        if not places:
            told.append(f"{name} is not installed")
        elif places[0] != home:
            told.append(f"{name} is found in {places[0]}, not in {home}")
        elif others := sorted({owner for owner in owners.get(name, []) if owner != _DISTRIBUTION}):
            told.append(f"{name} also belongs to {', '.join(others)}")
    return told
