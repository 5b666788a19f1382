"""What is installed is what is in the tree: packages, data, links, locked versions."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest
from packaging.requirements import Requirement

FOLDERS = ("sim", "mocks", "scenarios", "reports")


def settings(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def package_folders(root: Path) -> dict[str, Path]:
    """Every folder of the tree that holds anything of ours, by its import name."""
    front = {"seatrial": root / "src" / "seatrial", "seatrial.testing": root / "src" / "seatrial" / "testing"}
    tops = front | {f"seatrial.{folder}": root / folder for folder in FOLDERS}
    inner = {
        ".".join(("seatrial", *folder.relative_to(root).parts)): folder
        for top in FOLDERS
        for folder in sorted((root / top).rglob("*"))
        if folder.is_dir() and "__pycache__" not in folder.parts and any(file.is_file() for file in folder.iterdir())
    }
    return tops | inner


def data_files(root: Path) -> list[Path]:
    """Every file of the packages that is not Python."""
    files = [file for folder in package_folders(root).values() for file in sorted(folder.iterdir()) if file.is_file()]
    return [file for file in files if file.suffix not in {".py", ".pyc"} and not file.name.startswith(".")]


def installed_name(root: Path, file: Path) -> str:
    """Where a file of the tree is found in the wheel."""
    src = root / "src"
    place = file.relative_to(src) if file.is_relative_to(src) else Path("seatrial") / file.relative_to(root)
    return place.as_posix()


def python(*args: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter in a folder, with one more place to import from; without it, only what is in that folder."""
    env = {"PYTHONPATH": str(path)} if path else {}
    return subprocess.run(
        [sys.executable, *args], cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False
    )


def canonical(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy so that the checkout stays clean."""
    copy = tmp_path_factory.mktemp("checkout")
    leave_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("src", *FOLDERS):
        shutil.copytree(root / name, copy / name, symlinks=True, ignore=leave_out)
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        if (root / name).exists():
            shutil.copy(root / name, copy / name)
    made = python("-m", "build", "--wheel", "--no-isolation", "--outdir", "dist", ".", cwd=copy)
    assert made.returncode == 0, made.stdout + made.stderr
    return next((copy / "dist").glob("*.whl"))


def test_every_folder_of_the_tree_is_a_package(root: Path) -> None:
    """The list of packages names exactly the folders that hold something; each has an `__init__.py`."""
    folders = package_folders(root)
    assert sorted(settings(root)["tool"]["setuptools"]["packages"]) == sorted(folders)
    assert [name for name, folder in folders.items() if not (folder / "__init__.py").is_file()] == []


def test_every_data_file_has_a_pattern(root: Path) -> None:
    """Whatever lies in a package and is not Python is named by a pattern of package-data."""
    patterns = settings(root)["tool"]["setuptools"]["package-data"]["*"]
    lost = [file for file in data_files(root) if not any(fnmatch(file.name, pattern) for pattern in patterns)]
    assert lost == []


def test_the_wheel_holds_the_tree(root: Path, wheel: Path) -> None:
    """Every module and every data file is in the wheel, once, and nothing of the tests."""
    code = [file for folder in package_folders(root).values() for file in folder.glob("*.py")]
    code += (root / "src").glob("*.py")
    wanted = {installed_name(root, file) for file in (*code, *data_files(root))}
    with zipfile.ZipFile(wheel) as archive:
        held = [name for name in archive.namelist() if ".dist-info/" not in name]
    assert sorted(held) == sorted(wanted)


def test_the_wheel_stands_alone(root: Path, wheel: Path, tmp_path: Path) -> None:
    """Unpacked anywhere, without the checkout, the package imports from there and finds the real trace."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    ask = (
        "import seatrial, seatrial.sim, seatrial.mocks, seatrial.scenarios, seatrial.reports, importlib.resources as r;"
        "print(seatrial.__file__, (r.files('seatrial.scenarios.data') / 'online-retail-peak-orders.csv.gz').is_file())"
    )
    told = python("-c", ask, cwd=tmp_path, path=tmp_path / "site")
    assert told.stdout.split() == [str(tmp_path / "site" / "seatrial" / "__init__.py"), "True"], told.stderr


def test_every_folder_of_the_front_door_is_known(root: Path) -> None:
    """What lies below `src/seatrial` and is no link is a package that this file looks at."""
    front = root / "src" / "seatrial"
    folders = [each for each in front.iterdir() if each.is_dir() and not each.is_symlink()]
    assert {each for each in folders if each.name != "__pycache__"} <= set(package_folders(root).values())


def test_the_pytest_plugin_is_found_by_the_name_of_its_module(root: Path) -> None:
    """`-p no:_seatrial_pytest` takes it out, for its entry point is called like its module."""
    points = settings(root)["project"]["entry-points"]["pytest11"]
    assert points == {"_seatrial_pytest": "_seatrial_pytest"}
    assert settings(root)["tool"]["setuptools"]["py-modules"] == list(points)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_is_not_a_package_of_its_own(root: Path, folder: str) -> None:
    """From the checkout root `import sim` says what to import instead."""
    told = python("-c", f"import {folder}", cwd=root)
    assert told.returncode == 1
    assert f"import seatrial.{folder}, not {folder}" in told.stderr


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_links_lead_to_the_folders(root: Path, folder: str) -> None:
    """`src/seatrial/sim` is a relative link to `sim`, so that a checkout can be moved."""
    link = root / "src" / "seatrial" / folder
    assert link.readlink() == Path("../..") / folder


def test_every_dependency_is_locked(root: Path) -> None:
    """Each requirement, of any extra, has one exact version in constraints.txt, and that version satisfies it."""
    project = settings(root)["project"]
    lines = [line for line in (root / "constraints.txt").read_text(encoding="utf-8").splitlines() if line]
    locked = {canonical(name): version for name, version in (line.split("==") for line in lines)}
    extras = project["optional-dependencies"].values()
    wanted = [Requirement(text) for texts in (project["dependencies"], *extras) for text in texts]
    loose = [w for w in wanted if w.name != "seatrial" and not w.specifier.contains(locked.get(canonical(w.name), "0"))]
    assert [str(requirement) for requirement in loose] == []


def test_constraints_name_versions_and_no_places(root: Path) -> None:
    """The lock says which version, never from where: it holds on every machine."""
    text = (root / "constraints.txt").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line and not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
