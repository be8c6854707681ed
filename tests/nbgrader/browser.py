"""Chromium without a window, driven over the WebDriver protocol, which is plain HTTP.

https://www.w3.org/TR/webdriver2/
"""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--window-size=1200,1400",
]

_T = TypeVar("_T")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(what: Callable[[], _T], seconds: float = 60) -> _T:
    """What a call returns as soon as that is true; it may fail until then."""
    end = time.monotonic() + seconds
    while True:
        try:
            result = what()
            if result:
                return result
            problem: object = result
        except (OSError, WebDriverError, LookupError) as error:
            problem = error
        assert time.monotonic() < end, f"still not after {seconds} s: {problem}"
        time.sleep(0.1)


class WebDriverError(Exception):
    pass


class Browser:
    def __init__(self, address: str) -> None:
        self._address = address

    def call(self, method: str, path: str, content: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self._address}{path}",
            None if content is None else json.dumps(content).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            raise WebDriverError(error.read().decode("utf-8", "replace")) from None

    def open(self, url: str) -> None:
        self.call("POST", "/url", {"url": url})

    def run(self, script: str, *arguments: object) -> Any:
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    @property
    def text(self) -> str:
        return str(self.run("return document.body.innerText"))

    def shows(self, text: str) -> bool:
        return text in self.text

    def click(self, selector: str) -> None:
        """Click once nothing lies over it: while a page is still laid out, parts of it move."""
        wait_for(lambda: self._is_clicked(selector))

    def _is_clicked(self, selector: str) -> bool:
        self._element(selector, "click", {})
        return True

    def type(self, selector: str, text: str) -> None:
        self._element(selector, "clear", {})
        self._element(selector, "value", {"text": text})

    def _element(self, selector: str, action: str, content: dict[str, Any]) -> None:
        found = self.call("POST", "/element", {"using": "css selector", "value": selector})
        self.call("POST", f"/element/{next(iter(found.values()))}/{action}", content)

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("GET", "/screenshot")))


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    port = free_port()
    driver = subprocess.Popen(
        ["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    server = Browser(f"http://127.0.0.1:{port}")
    session = None
    try:
        wait_for(lambda: server.call("GET", "/status")["ready"])
        options = {"args": [*FLAGS, f"--user-data-dir={profile}"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options}
        made = server.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        session = Browser(f"http://127.0.0.1:{port}/session/{made['sessionId']}")
        yield session
    finally:
        if session is not None:
            session.call("DELETE", "")
        driver.terminate()
        driver.wait(10)
