"""What is committed: nothing of one machine, no package registry, no stranger's name in the lock files."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
REGISTRIES = re.compile(
    r"pypi\.org|pythonhosted|npmjs|registry\.yarnpkg|crates\.io|deb\.debian|--(extra-)?index-url", re.IGNORECASE
)
MACHINE = re.compile(r"(?<![\w.])/(work|root|home/\w+)/")
THIS_FILE = Path(__file__).resolve()


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in tracked():
        if path.resolve() == THIS_FILE:
            continue
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    return found


def test_no_tracked_file_names_a_package_registry() -> None:
    assert lines_with(REGISTRIES) == []


def test_no_tracked_file_has_a_path_of_one_machine() -> None:
    assert lines_with(MACHINE) == []


def test_lock_files_pin_every_package_with_hashes_and_no_address() -> None:
    for name in ("lock.txt", "lock-dev.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        packages = re.findall(r"^[a-z0-9].*?==.*?(?=^[a-z0-9]|\Z)", text, re.DOTALL | re.MULTILINE)
        assert len(packages) > 50
        assert all("--hash=sha256:" in package for package in packages)


def test_the_environment_of_the_tests_contains_that_of_the_product_version_for_version() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9][\w.\[\]-]*==\S+)", (ROOT / name).read_text(), re.MULTILINE))

    assert pins("lock.txt") <= pins("lock-dev.txt")


def test_large_or_binary_files_are_not_committed() -> None:
    too_large = [str(path.relative_to(ROOT)) for path in tracked() if path.stat().st_size > 400_000]
    assert too_large == []
