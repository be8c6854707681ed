"""What students read who tripped over a limit by accident, in both languages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.small_course import copy_course

COURSE = Path(__file__).parent / "course"

# The body of linear_backward(x, W, dy), and what its author reads.
ACCIDENTS = {
    "endless-loop": (
        "while True: pass",
        "Never ends for x (3,), W (2, 3), dy (2,): nothing leads out of this loop (line 5 of",
        "끝나지 않습니다 (입력 x (3,), W (2, 3), dy (2,)). 이 반복문에서 빠져나갈 길이 없습니다 (",
    ),
    "counts-the-wrong-way": (
        "i = 1\n    while i < 3: i -= 1",
        "Did not return within 1 s for x (3,), W (2, 3), dy (2,). Is there a loop that never ends",
        "1초 안에 끝나지 않았습니다 (입력 x (3,), W (2, 3), dy (2,)). 끝나지 않는 반복문이나",
    ),
    "input": (
        "return input('dx? ')",
        "EOFError: EOF when reading a line",
        "입력할 사람이 없습니다. 함수는 숫자를 인자로 받습니다. EOFError",
    ),
    "large-array": (
        "return np.zeros((100_000, 100_000)), W",
        "Needed more than the 256 MiB of memory allowed. Is there an array that is far larger",
        "허용된 메모리 256 MiB보다 더 많이 쓰려고 했습니다",
    ),
    "large-result": (
        "return np.zeros((500, 500)), W",
        "Returned more than the 1 MiB that a result may have for x (3,), W (2, 3), dy (2,).",
        "반환한 결과가 허용된 크기 1 MiB를 넘습니다",
    ),
    "recursion": (
        "return linear_backward(x, W, dy)",
        "Calls itself without end, or a thousand levels deep: RecursionError",
        "함수가 자기 자신을 끝없이(또는 너무 깊이) 호출합니다: RecursionError",
    ),
    "thread": (
        "import threading; threading.Thread(target=print).start()",
        "Not allowed here: RuntimeError",
        "여기서는 허용되지 않습니다: RuntimeError",
    ),
    "file": (
        "np.savetxt('/tmp/debug.txt', x)",
        "Files cannot be written or opened here",
        "여기서는 파일을 쓰거나 열 수 없습니다",
    ),
    "exit": (
        "import os; os._exit(3)",
        "Python ended in the middle of the test (exit code 3).",
        "테스트 도중에 Python이 끝나 버렸습니다(종료 코드 3).",
    ),
}


@pytest.fixture(scope="module", params=["en", "ko"])
def messages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The language, and the first message of each student in order."""
    folder = tmp_path_factory.mktemp("accidents")
    course = copy_course(COURSE, folder / "course")
    config = (course / "config.yaml").read_text("utf-8")
    (course / "config.yaml").write_text(config.replace("limits: {", "limits: {reply_mib: 1, "))
    for name, (body, *_) in ACCIDENTS.items():
        target = folder / "submissions" / name / "layer"
        target.mkdir(parents=True)
        source = f"import numpy as np\n\n\ndef linear_backward(x, W, dy):\n    {body}\n"
        (target / "linear_backward.py").write_text(source)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "autograder", "grade", str(folder / "submissions")),
            *("--out", str(folder / "out"), "--course", str(course), "--lang", request.param),
        ],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    grades = [
        json.loads((folder / "out" / name / "layer.json").read_text("utf-8")) for name in ACCIDENTS
    ]
    return [request.param, *(grade["exercises"][0]["tests"][0]["message"] for grade in grades)]


@pytest.mark.parametrize("name", ACCIDENTS)
def test_says_what_happened_and_what_to_do(messages: list[str], name: str) -> None:
    language, *texts = messages
    _, english, korean = ACCIDENTS[name]
    assert (english if language == "en" else korean) in texts[list(ACCIDENTS).index(name)]
