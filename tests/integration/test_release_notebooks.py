"""The notebooks of a bundle, run cell by cell in Jupyter's own kernel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.notebooks import fill_in
from tests.support.small_course import ROOT, run

pytestmark = pytest.mark.slow

# In a process of its own: Jupyter's event loops and warnings are none of ours.
EXECUTE = """
import sys
import nbformat
from nbclient import NotebookClient

for path in sys.argv[1:]:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": "."}}
    ).execute()
    nbformat.write(notebook, path)
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "b"
    done = run("release", "linear-layer", folder, "--notebook", course=ROOT)
    assert done.returncode == 0, done.stderr
    return folder / "assignments" / "linear-layer"


def execute(folder: Path, *names: str) -> list[dict[str, Any]]:
    """The last output of each notebook, after running it where it lies."""
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE, *(f"{name}.ipynb" for name in names)],
        cwd=folder,
        env={**os.environ, "IPYTHONDIR": str(folder), "JUPYTER_PLATFORM_DIRS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = []
    for name in names:
        notebook = json.loads((folder / f"{name}.ipynb").read_text("utf-8"))
        (output,) = notebook["cells"][-1]["outputs"]
        assert output["output_type"] == "execute_result"
        found.append({kind: "".join(text) for kind, text in output["data"].items()})
    return found


def test_a_solved_notebook_shows_all_passed_and_an_untouched_one_does_not(bundle: Path) -> None:
    solved, wrong, untouched = "dx", "dW", "jacobian"
    fill_in(bundle / "dx.ipynb", (ROOT / "solutions/linear-layer/dx.py").read_text("utf-8"))
    fill_in(bundle / "dW.ipynb", "def linear_dW(x, dy):\n    return x[:, None] * dy\n")
    shown = dict(
        zip((solved, wrong, untouched), execute(bundle, solved, wrong, untouched), strict=True)
    )
    for name, data in shown.items():
        assert set(data) == {"text/plain", "text/html"}, name
        assert "Traceback" not in data["text/plain"]
    assert "✓" in shown[solved]["text/plain"]
    assert "✗" not in shown[solved]["text/plain"]
    assert "✗" in shown[wrong]["text/plain"]
    # The locked hint of the bundle has opened.
    hidden = yaml.safe_load((ROOT / "tests/hidden/linear-layer/dW.yaml").read_text("utf-8"))
    (hint,) = (
        one["hint"]["en"] for one in hidden["mistakes"] if one["name"] == "outer-product-reversed"
    )
    assert hint.split()[-5:] == shown[wrong]["text/plain"].split()[-5:]
    assert "✓" not in shown[untouched]["text/plain"]
    assert "linear" in shown[solved]["text/html"].lower()
