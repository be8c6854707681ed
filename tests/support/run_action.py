"""Runs the steps of action.yml as GitHub's runner does: same environment, same files.

    python -m tests.support.run_action WORKSPACE assignment=linear-layer course=course ...

It knows as much of the runner as our action uses: steps with ``run``, bash, inputs with
defaults, outputs of earlier steps, and the files that steps write to.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

ACTION = Path(__file__).resolve().parents[2]
_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")


class Result(Struct, frozen=True):
    """What the action did: ``log`` is what it printed, ``outputs`` are the action's own."""

    code: int
    log: str
    summary: str
    outputs: dict[str, str]

    @property
    def annotations(self) -> list[str]:
        return [line for line in self.log.splitlines() if line.startswith("::")]


def run_action(
    workspace: Path,
    inputs: dict[str, str],
    temporary: Path,
    *,
    actor: str = "kim",
    environment: dict[str, str] | None = None,
) -> Result:
    """Run the action on ``workspace``; ``temporary`` is the runner's folder. ``environment`` is
    what the workflow itself sets."""
    action = yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))
    values = {f"github.{name}": value for name, value in {"actor": actor}.items()}
    for name, entry in action["inputs"].items():
        if entry.get("required") and name not in inputs:
            raise ValueError(f"the input {name} is required")
        given = inputs.get(name, str(entry.get("default", "")))
        values[f"inputs.{name}"] = _filled_in(given, values)
    unknown = set(inputs) - set(action["inputs"])
    if unknown:
        raise ValueError(f"no such input: {', '.join(sorted(unknown))}")

    log, code = "", 0
    summary = temporary / "summary.md"
    summary.touch()
    for step in action["runs"]["steps"]:
        assert step["shell"] == "bash"
        written = temporary / f"output-{step['id']}"
        written.touch()
        script = temporary / f"{step['id']}.sh"
        script.write_text(_filled_in(step["run"], values))
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=workspace,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "HOME": os.environ.get("HOME", "/"),
                "LANG": "C.UTF-8",
                "CI": "true",
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": str(ACTION),
                "GITHUB_ACTOR": actor,
                "GITHUB_WORKSPACE": str(workspace),
                "GITHUB_STEP_SUMMARY": str(summary),
                "GITHUB_OUTPUT": str(written),
                "RUNNER_TEMP": str(temporary),
                **(environment or {}),
                **{name: _filled_in(value, values) for name, value in step["env"].items()},
            },
        )
        log += done.stdout.decode("utf-8", "replace")
        for name, value in _outputs(written.read_text("utf-8")).items():
            values[f"steps.{step['id']}.outputs.{name}"] = value
        code = done.returncode
        if code:
            break
    outputs = {
        name: _filled_in(entry["value"], values) for name, entry in action["outputs"].items()
    }
    return Result(code, log, summary.read_text("utf-8"), outputs)


def _filled_in(text: str, values: dict[str, str]) -> str:
    """The text with its expressions replaced; what is not there is empty, as for the runner."""
    return _EXPRESSION.sub(lambda match: values.get(match[1], ""), text)


def _outputs(text: str) -> dict[str, str]:
    """``name=value`` lines; anything else the runner refuses, and so do we."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if not equals:
            raise ValueError(f"no output: {line!r}")
        found[name] = value
    return found


def main(arguments: list[str]) -> int:
    workspace, *given = arguments
    inputs: dict[str, Any] = dict(one.split("=", 1) for one in given)
    with tempfile.TemporaryDirectory() as temporary:
        result = run_action(Path(workspace).resolve(), inputs, Path(temporary))
    print(result.log, result.summary, sep="\n")
    for name, value in result.outputs.items():
        print(f"{name}={value}")
    return result.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
