"""What must hold of the repository itself."""

import re
import tomllib
from itertools import chain

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.services.processes import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DIRECT = {
    "runtime": PROJECT["dependencies"],
    "dev": [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]],
}
FOLDERS = (
    "config",
    "aftercare",
    "tests",
    "templates",
    "static",
    "locale",
    "docs",
    "benchmarks",
    "requirements",
    ".ci",
)
TEXTS = {".py", ".md", ".txt", ".toml", ".html", ".css", ".js", ".sh", ".yml", ".po", ".json", ""}
# In pieces, so that this file does not name them itself.
MACHINE_PATH = re.compile(r"(?<![\w.])/(" + "|".join(["work", "root", "home"]) + r")/\w")
REGISTRY = re.compile(
    "|".join(["pypi" + r"\.org", "python" + r"hosted\.org", "npm" + r"js\.org", "debian" + r"\.org"])
)


def written_files():
    inside = chain.from_iterable((ROOT / folder).rglob("*") for folder in FOLDERS)
    found = [path for path in chain(ROOT.iterdir(), inside) if path.is_file() and path.suffix in TEXTS]
    return [
        path for path in found if "__pycache__" not in path.parts and not path.name.startswith(".coverage")
    ]


def pins(lock):
    """Each package of a lock: its version, and whether pyproject.toml asks for it itself."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    found = {}
    for name, version, rest in re.findall(r"^([\w.-]+)==(\S+)(.*?)(?=^\S|\Z)", text, flags=re.M | re.S):
        asked = "aftercare (pyproject.toml)" in rest
        found.setdefault(canonicalize_name(name), []).append((version, asked))
    return found


@pytest.mark.parametrize("unwanted", [MACHINE_PATH, REGISTRY], ids=["machine path", "registry"])
def test_files_name_no_place_of_one_machine(unwanted):
    naming = [
        str(path.relative_to(ROOT)) for path in written_files() if unwanted.search(path.read_text("utf-8"))
    ]

    assert naming == []


@pytest.mark.parametrize("lock", sorted(DIRECT))
def test_lock_is_in_step_with_the_project(lock):
    pinned = pins(lock)
    wanted = {canonicalize_name(Requirement(text).name): Requirement(text).specifier for text in DIRECT[lock]}

    assert {name for name, versions in pinned.items() if any(asked for _, asked in versions)} == wanted.keys()
    for name, specifier in wanted.items():
        assert all(specifier.contains(version) for version, _ in pinned[name]), name


def test_dev_lock_holds_the_runtime_lock():
    runtime, dev = pins("runtime"), pins("dev")

    assert {name: [version for version, _ in versions] for name, versions in runtime.items()}.items() <= {
        name: [version for version, _ in versions] for name, versions in dev.items()
    }.items()


def test_every_package_of_a_lock_has_a_hash():
    for lock in DIRECT:
        text = (ROOT / "requirements" / f"{lock}.txt").read_text()
        blocks = re.findall(r"^[\w.-]+==.*?(?=^\S|\Z)", text, flags=re.M | re.S)
        assert all("--hash=sha256:" in block for block in blocks)
