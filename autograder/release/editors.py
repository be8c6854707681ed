"""A bundle in an editor on the web: a development container, and notebooks in Colab."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

DEVCONTAINER: Final = ".devcontainer/devcontainer.json"
_IMAGE: Final = "mcr.microsoft.com/devcontainers/python:3.12"


def devcontainer_files(*, notebooks: bool) -> dict[str, bytes]:
    """What GitHub Codespaces and VS Code make the container from, with everything installed.
    https://containers.dev/implementors/json_reference/
    """
    extensions = ["ms-python.python", *(["ms-toolsai.jupyter"] if notebooks else [])]
    content = {
        "name": "backprop-autograder",
        "image": _IMAGE,
        "postCreateCommand": "python -m pip install -r requirements.txt",
        "customizations": {"vscode": {"extensions": extensions}},
    }
    return {DEVCONTAINER: msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"}


class Colab(Struct, frozen=True):
    """Where a notebook is on GitHub: ``repository`` is OWNER/REPO or OWNER/REPO@BRANCH, ``path``
    the notebook's in it."""

    repository: str
    path: str

    @property
    def name(self) -> str:
        return self.repository.partition("@")[0]

    @property
    def branch(self) -> str:
        return self.repository.partition("@")[2] or "main"

    @property
    def badge(self) -> str:
        """The button, as Markdown."""
        picture = "https://colab.research.google.com/assets/colab-badge.svg"
        page = "https://colab.research.google.com/github"
        return f"[![Open in Colab]({picture})]({page}/{self.name}/blob/{self.branch}/{self.path})"

    @property
    def setup(self) -> str:
        """What the first cell does in Colab, and nowhere else: the bundle is fetched, installed and
        made the current folder."""
        folder = self.name.partition("/")[2]
        inner = self.path.rpartition("/")[0]
        return (
            "import sys\n\n"
            'if "google.colab" in sys.modules:\n'
            f"    !git clone -q --branch {self.branch} https://github.com/{self.name}.git\n"
            f"    %cd -q {folder}\n"
            "    %pip install -q -r requirements.txt\n"
            f"    %cd -q {inner}"
        )
