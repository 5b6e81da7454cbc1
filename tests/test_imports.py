"""The rules of the house (docs/architecture.md): who may import whom, and what opens at once."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"tensorflow", "keras", "tf2onnx", "kerastuner", "keras_tuner", "sagemaker", "boto3"}
# only the worker, and what only the worker uses, may bring TensorFlow
TENSORFLOW = {
    "core.design.build",
    "core.design.onnx",
    "core.health.probe",
    "core.train.augmentation",
    "core.train.clocks",
    "core.train.engine",
    "core.train.evaluation",
    "core.train.examiner",
    "core.train.fitting",
    "core.train.frozen",
    "core.train.hidden",
    "core.train.export",
    "core.train.layers",
    "core.train.loop",
    "core.train.optimizers",
    "core.train.plain",
    "core.train.precision",
    "core.train.recorder",
    "core.train.subject",
    "core.train.trainee",
    "core.train.tuned",
    "core.train.twin",
    "core.train.whitening",
    "core.transfer.applications",
    "core.transfer.between",
    "core.transfer.graph",
    "core.transfer.int8",
    "core.transfer.lite0",
    "core.transfer.networks",
    "core.transfer.serving",
    "core.transfer.tail",
}
# a module imports only from lower ranks, or from its own package
RANKS = {
    **dict.fromkeys(("errors", "specs", "files", "words", "chance", "workspace", "terminal"), 0),
    **dict.fromkeys(("locks", "processes", "processors"), 0),
    **dict.fromkeys(("design", "data", "runs"), 1),
    **dict.fromkeys(("health", "transfer"), 2),
    "terms": 1,
    **dict.fromkeys(("train", "draft"), 3),
    **dict.fromkeys(("tune", "cloud", "predict", "lessons"), 4),
    "cli": 5,
    "__main__": 6,
}
LONGEST_PAGE = 135  # lines; most are under 100
# these may know each other
LOWEST = ("errors", "specs", "files", "words", "workspace", "locks", "processes")


def name_of(path: Path) -> str:
    """A file's module name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def files_of(folder: str) -> list[Path]:
    """The Python files of a folder and of those in it."""
    return sorted((ROOT / folder).rglob("*.py"))


CORE = {name_of(path): path for path in files_of("core")}
PAGES = [ROOT / "streamlit_app.py", *sorted((ROOT / "pages").glob("*.py"))]
FACES = [*PAGES, *(path for path in files_of("pages") if path not in PAGES)]


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, at its top or later."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            base = node.module or ""
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if inner in CORE else base


def in_a_fresh_interpreter(modules: list[str], unwanted: set[str]) -> None:
    """Import modules in a new process and see that none brings an unwanted one."""
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r}:\n"
        "    importlib.import_module(name)\n"
        f"    brought = {unwanted!r} & set(sys.modules)\n"
        "    assert not brought, f'{name} brings {brought}'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_core_opens_without_tensorflow_and_streamlit() -> None:
    """Only the worker's own modules of core bring TensorFlow, and none brings Streamlit or AWS."""
    light = sorted(set(CORE) - TENSORFLOW - {"core.__main__"})
    assert "core.cli" in light
    assert "core.train.worker" in light
    in_a_fresh_interpreter(light, HEAVY | {"streamlit"})


def test_pages_open_without_tensorflow() -> None:
    """What the pages share brings neither TensorFlow nor onnxruntime when the app starts."""
    shared = [name_of(path) for path in FACES if path not in PAGES]
    in_a_fresh_interpreter(shared, HEAVY | {"onnxruntime"})


@pytest.mark.parametrize("module", CORE)
def test_core_knows_nothing_of_the_pages(module: str) -> None:
    """core imports neither Streamlit nor anything of the pages."""
    tops = {name.partition(".")[0] for name in imports(CORE[module])}
    assert not tops & {"streamlit", "pages", "tests"}


@pytest.mark.parametrize("module", sorted(set(CORE) - {"core"}))
def test_imports_of_core_point_downwards(module: str) -> None:
    """Within core, imports lead from the faces down to the specs, never up or sideways."""
    own = module.split(".")[1]
    assert own in RANKS, f"give {own} a place in RANKS"
    for name in imports(CORE[module]):
        parts = name.split(".")
        if parts[0] != "core" or len(parts) < 2 or parts[1] == own:
            continue
        allowed = own in LOWEST and parts[1] in LOWEST
        assert allowed or RANKS[parts[1]] < RANKS[own], f"{module} imports {name}"


def test_there_are_no_import_circles() -> None:
    """The modules of core can be put in an order in which each imports only earlier ones."""
    graph = {name: set(imports(path)) & set(CORE) - {name} for name, path in CORE.items()}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"an import circle: {' -> '.join(error.args[1])}")


def test_only_the_worker_imports_tensorflow() -> None:
    """Outside the worker's modules nothing imports them or TensorFlow, not even late."""
    # each is a process of its own
    own_process = {
        *("core.train.worker", "core.train.warm"),
        *("core.train.calibration", "core.data.download", "core.train.lr_range"),
    }
    for path in (*CORE.values(), *FACES):
        module = name_of(path)
        if module in TENSORFLOW | own_process:
            continue
        found = set(imports(path))
        assert not found & TENSORFLOW, module
        assert not {name.partition(".")[0] for name in found} & HEAVY, module


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages_are_thin(path: Path) -> None:
    """A page is short enough to read at once: what is longer belongs into core or pages/shared."""
    assert len(path.read_text().splitlines()) <= LONGEST_PAGE


@pytest.mark.parametrize("path", FACES, ids=name_of)
def test_session_state_has_one_owner(path: Path) -> None:
    """Only pages/shared/state.py names Streamlit's session state."""
    names = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
    }
    assert ("session_state" in names) == (path.name == "state.py")
