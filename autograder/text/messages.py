"""Everything that students read about their work, in English and Korean.

One entry a situation, each written in its own language. ``{output}`` and the like
are filled in by :func:`text`; what comes from student code goes through
:func:`sanitize` first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from autograder.text.language import Language, Text

LANGUAGES: Final = ("en", "ko")

MESSAGES: Final[Mapping[str, Mapping[Language, str]]] = {
    "passed": {
        "en": "All right.",
        "ko": "맞았습니다.",
    },
    # files
    "missing_file": {
        "en": "{detail} was not handed in.",
        "ko": "{detail} 파일이 제출되지 않았습니다.",
    },
    "not_a_file": {
        "en": "{detail} is not an ordinary file (a folder, a link or a device). "
        "Hand in the file itself.",
        "ko": "{detail}: 일반 파일이 아닙니다(폴더, 링크 또는 장치). 파일 자체를 제출하세요.",
    },
    "too_large": {
        "en": "{detail} is larger than 256 KiB. Source code is much smaller: "
        "was something else saved into it?",
        "ko": "{detail}: 크기가 256 KiB를 넘습니다. 소스 코드는 이렇게 클 수 없습니다. "
        "다른 내용이 들어가지 않았나요?",
    },
    "notebook_too_large": {
        "en": "The notebook handed in for {detail} is larger than 16 MiB. Clear its outputs "
        "(Kernel > Restart Kernel and Clear Outputs), save it and hand it in again.",
        "ko": "{detail} 대신 제출한 노트북이 16 MiB를 넘습니다. 출력을 모두 지우고"
        "(Kernel > Restart Kernel and Clear Outputs) 저장한 뒤 다시 제출하세요.",
    },
    "archive": {
        "en": "The zip handed in for {detail} is damaged. Hand in the files themselves.",
        "ko": "{detail} 대신 제출한 zip 파일이 손상되었습니다. 파일 자체를 제출하세요.",
    },
    "archive_kind": {
        "en": "The archive handed in for {detail} is of a kind that cannot be opened. "
        "Hand in the files themselves, or a zip.",
        "ko": "{detail} 대신 제출한 압축 파일은 열 수 없는 형식입니다. "
        "파일 자체나 zip을 제출하세요.",
    },
    "archive_encrypted": {
        "en": "The zip handed in for {detail} has a password. Hand in the files themselves.",
        "ko": "{detail} 대신 제출한 zip 파일에 암호가 걸려 있습니다. 파일 자체를 제출하세요.",
    },
    "archive_too_large": {
        "en": "The zip handed in for {detail} is too large. Hand in only the files of this "
        "assignment.",
        "ko": "{detail} 대신 제출한 zip 파일이 너무 큽니다. 이 과제의 파일만 제출하세요.",
    },
    "near_file": {
        "en": "There is {files}: if that is {file}, hand it in under this name.",
        "ko": "{files} 파일이 있습니다. 이것이 {file}이라면 이름을 바꾸어 다시 제출하세요.",
    },
    "near_files": {
        "en": "There are {files}, and nothing says which of them is {file}: hand in that one "
        "under this name.",
        "ko": "{files} 파일이 있지만 어느 것이 {file}인지 알 수 없습니다. "
        "맞는 파일의 이름을 {file}로 바꾸어 다시 제출하세요.",
    },
    "seen_files": {
        "en": "Handed in, but not used: {files}.",
        "ko": "제출했지만 채점에 쓰지 않은 파일: {files}.",
    },
    "left_out": {
        "en": "{place} was left out: {reason} ({code}).",
        "ko": "{place}은 채점할 때 실행하지 않았습니다. {reason}({code}).",
    },
    "left_out_file": {
        "en": "it works with files or folders, which are not there when your work is graded",
        "ko": "파일이나 폴더를 다루는데, 채점할 때는 그 파일이 없습니다",
    },
    "left_out_input": {
        "en": "it asks for input, and nobody is there to answer",
        "ko": "입력을 기다리는데, 채점할 때는 입력할 사람이 없습니다",
    },
    "left_out_library": {
        "en": "it uses a library that is not there when your work is graded",
        "ko": "채점할 때는 없는 라이브러리를 씁니다",
    },
    "left_out_await": {
        "en": "it waits for something",
        "ko": "무언가를 기다리는 코드입니다",
    },
    "left_out_leaves": {
        "en": "it would end Python, or start another program",
        "ko": "Python을 끝내거나 다른 프로그램을 실행하는 코드입니다",
    },
    "left_out_undefined": {
        "en": "it uses a name that no cell before it defines",
        "ko": "앞의 어느 셀에도 정의되지 않은 이름을 씁니다",
    },
    "graded_file": {
        "en": "Graded: {file}",
        "ko": "채점한 파일: {file}",
    },
    "too_many": {
        "en": "{detail} was not read: there are more than 100 Python files and notebooks, or more "
        "than 1 MiB of them. Hand in only the files of this assignment.",
        "ko": "{detail} 파일은 읽지 않았습니다. Python 파일과 노트북이 100개를 넘거나 모두 합해 "
        "1 MiB를 넘습니다. 이 과제의 파일만 제출하세요.",
    },
    "encoding": {
        "en": "{detail} is not text in UTF-8. Save it as UTF-8 in your editor.",
        "ko": "{detail}: UTF-8 텍스트가 아닙니다. 편집기에서 UTF-8로 저장하세요.",
    },
    "notebook": {
        "en": "The notebook handed in for {detail} cannot be read: it is not in Jupyter's format. "
        "Save it again in Jupyter.",
        "ko": "{detail} 대신 제출한 노트북을 읽을 수 없습니다. Jupyter 형식이 아닙니다. "
        "Jupyter에서 다시 저장하세요.",
    },
    "unreadable": {
        "en": "{detail} cannot be read.",
        "ko": "{detail} 파일을 읽을 수 없습니다.",
    },
    # loading and calling
    "missing_function": {
        "en": "There is no {detail} in {file}. Was it renamed or deleted?",
        "ko": "{file} 파일에 다음 이름이 없습니다: {detail}. 이름을 바꾸었거나 지우지 않았나요?",
    },
    "not_callable": {
        "en": "{detail} in {file} cannot be called: it is not a function.",
        "ko": "{file}의 {detail}: 함수가 아니라서 호출할 수 없습니다.",
    },
    "syntax": {
        "en": "Python cannot read {file}: {exception}",
        "ko": "Python이 {file} 파일을 읽지 못했습니다: {exception}",
    },
    "broken_cell": {
        "en": "Python cannot read cell {cell} of the notebook (its line {line}): {reason}",
        "ko": "노트북의 {cell}번 셀을 Python이 읽지 못했습니다(셀의 {line}번째 줄): {reason}",
    },
    "import": {
        "en": "{file} fails as soon as it is imported: {exception}",
        "ko": "{file} 파일을 import하는 순간 오류가 났습니다: {exception}",
    },
    "exception": {
        "en": "Raised {exception}",
        "ko": "예외가 발생했습니다: {exception}",
    },
    "not_implemented": {
        "en": "Not written yet: the function still raises NotImplementedError.",
        "ko": "아직 작성하지 않았습니다. 함수가 NotImplementedError를 그대로 발생시킵니다.",
    },
    "forbidden": {
        "en": "Not allowed here: {exception}; no files, network, threads or other processes",
        "ko": "여기서는 허용되지 않습니다: {exception}. "
        "파일, 네트워크, 스레드, 다른 프로세스는 쓸 수 없습니다",
    },
    "memory": {
        "en": "Needed more than the {memory} MiB of memory allowed. "
        "Is there an array that is far larger than the inputs?",
        "ko": "허용된 메모리 {memory} MiB보다 더 많이 쓰려고 했습니다. "
        "입력보다 훨씬 큰 배열을 만들고 있지 않나요?",
    },
    "recursion": {
        "en": "Calls itself without end, or a thousand levels deep: {exception}",
        "ko": "함수가 자기 자신을 끝없이(또는 너무 깊이) 호출합니다: {exception}",
    },
    "timeout": {
        "en": "Did not return within {seconds} s{shapes}. "
        "Is there a loop that never ends, or a wait?",
        "ko": "{seconds}초 안에 끝나지 않았습니다{shapes}. "
        "끝나지 않는 반복문이나 대기하는 코드가 있나요?",
    },
    "cpu": {
        "en": "Used more than {cpu} s of CPU time{shapes}. Is there a loop that never ends?",
        "ko": "CPU 시간을 {cpu}초 넘게 썼습니다{shapes}. 끝나지 않는 반복문이 있나요?",
    },
    "crashed": {
        "en": "Python ended in the middle of the test ({detail}).",
        "ko": "테스트 도중에 Python이 끝나 버렸습니다({detail}).",
    },
    "malformed": {
        "en": "What came back was not an answer: the code interferes with how the grader "
        "reads results ({detail}).",
        "ko": "돌아온 것이 답이 아닙니다. 채점기가 결과를 읽는 과정을 코드가 방해합니다.",
    },
    "oversized": {
        "en": "Returned more than the {reply} MiB that a result may have{shapes}. "
        "Is there an array that is far larger than the inputs?",
        "ko": "반환한 결과가 허용된 크기 {reply} MiB를 넘습니다{shapes}. "
        "입력보다 훨씬 큰 배열을 만들고 있지 않나요?",
    },
    "not_run": {
        "en": "Not run: earlier tests used up the time or memory for this exercise.",
        "ko": "실행하지 않았습니다. 앞선 테스트가 이 문제의 시간이나 메모리를 다 썼습니다.",
    },
    # hidden pytest files
    "check": {
        "en": "A check does not hold: {detail}",
        "ko": "확인한 조건이 성립하지 않습니다: {detail}",
    },
    "check_error": {
        "en": "The test could not go on with what was returned: {detail}",
        "ko": "반환된 값으로는 테스트를 계속할 수 없었습니다: {detail}",
    },
    "check_timeout": {
        "en": "The test did not come to an end within {detail} s with what was returned.",
        "ko": "반환된 값으로는 테스트가 {detail}초 안에 끝나지 않았습니다.",
    },
    "no_elements": {
        "en": "An answer is empty where the right one is not.",
        "ko": "비어 있지 않아야 할 결과가 비어 있습니다.",
    },
    "not_a_number": {
        "en": "An answer contains nan where the right one does not.",
        "ko": "올바른 결과에는 nan이 없는데, 반환한 결과에 nan이 있습니다.",
    },
    # what was returned
    "wrong_count": {
        "en": "Returned {detail} value(s) instead of {expected}: return {outputs}, in this order.",
        "ko": "값을 {expected}개가 아니라 {detail}개 반환했습니다. {outputs} 순서로 반환하세요.",
    },
    "returned_nothing": {
        "en": "Returned None. Is there a return statement, and is it reached?",
        "ko": "None을 반환했습니다. return 문이 있나요? 그 줄까지 실행되나요?",
    },
    "not_an_array": {
        "en": "{output} is a {actual}, not a numpy array.",
        "ko": "{output}: numpy 배열이 아니라 {actual}입니다.",
    },
    "not_a_truth_value": {
        "en": "{output} has the type {actual}; it must be True or False.",
        "ko": "{output}: 자료형이 {actual}입니다. True나 False를 반환하세요.",
    },
    "object_dtype": {
        "en": "{output} is an array of Python objects (dtype object), not of numbers. "
        "Rows of different lengths make one by accident.",
        "ko": "{output}: 숫자가 아니라 Python 객체의 배열(dtype object)입니다. "
        "행의 길이가 서로 다르면 이렇게 됩니다.",
    },
    "complex_dtype": {
        "en": "{output} has complex numbers ({actual}); the gradient is real.",
        "ko": "{output}: 복소수({actual})입니다. gradient는 실수입니다.",
    },
    "bool_dtype": {
        "en": "{output} is an array of truth values (dtype bool), not of numbers.",
        "ko": "{output}: 숫자가 아니라 참/거짓의 배열(dtype bool)입니다.",
    },
    "text_dtype": {
        "en": "{output} is an array of text or other non-numbers.",
        "ko": "{output}: 숫자가 아닌 값(문자열 등)의 배열입니다.",
    },
    "low_precision_dtype": {
        "en": "{output} has dtype {actual}, although the inputs are more precise: "
        "compute in float64.",
        "ko": "{output}: 입력이 더 정밀한데도 dtype이 {actual}입니다. float64로 계산하세요.",
    },
    "wrong_shape": {
        "en": "{output} has shape {actual}; it must be {expected}{shapes}.",
        "ko": "{output}: shape이 {actual}입니다. 맞는 shape은 {expected}입니다{shapes}.",
    },
    "not_finite": {
        "en": "{output} contains nan or inf{at}.",
        "ko": "{output}에 nan 또는 inf가 있습니다{at}.",
    },
    "precision_lost": {
        "en": "{output} is nearly right but not exact{at}: precision was thrown away, "
        "by float32, rounding, or a numerical approximation.",
        "ko": "{output}: 거의 맞지만 정확하지 않습니다{at}. float32, 반올림, "
        "또는 수치 근사 때문에 정밀도를 잃었습니다.",
    },
    "wrong_values": {
        "en": "{output}: {wrong} of {total} elements are wrong{shapes}{at}.",
        "ko": "{output}: 원소 {total}개 중 {wrong}개가 틀렸습니다{shapes}{at}.",
    },
    "wrong_value": {
        "en": "{output} is wrong{shapes}{at}.",
        "ko": "{output}: 값이 틀렸습니다{shapes}{at}.",
    },
    # properties
    "inputs_unchanged": {
        "en": "The call changed its input {names}{at}. Callers still need their arrays: "
        "make new ones instead.",
        "ko": "호출하고 나니 입력 {names}의 값이 바뀌었습니다{at}. "
        "호출한 쪽에서 계속 쓰는 배열이므로, 새 배열을 만들어 계산하세요.",
    },
    "repeatable": {
        "en": "The same call gives something else the second time: {detail}",
        "ko": "같은 입력으로 두 번째 호출하면 결과가 달라집니다: {detail}",
    },
    "fresh_results": {
        "en": "A later call changed an earlier result: {detail}",
        "ko": "나중에 한 호출이 앞서 반환한 결과를 바꾸었습니다: {detail}",
    },
    "shared_results": {
        "en": "The result is a view of the input {names}: changing one changes the other. "
        "Return an array of its own.",
        "ko": "결과가 입력 {names}의 view입니다. 하나를 바꾸면 다른 하나도 바뀝니다. "
        "독립된 배열을 반환하세요.",
    },
    "linear_in_upstream": {
        "en": "Doubling the upstream gradient must double the result: {detail}",
        "ko": "upstream gradient를 두 배로 하면 결과도 두 배가 되어야 합니다: {detail}",
    },
    "too_slow": {
        "en": "Right, but too slow: about {times} times the time of a matrix product. "
        "Which loop can a matrix operation do at once?",
        "ko": "결과는 맞지만 너무 느립니다. 행렬 연산으로 할 때보다 약 {times}배 걸립니다. "
        "어떤 반복문을 행렬 연산 한 번으로 바꿀 수 있을까요?",
    },
    "slower_than_forward": {
        "en": "Right, but too slow: about {times} times the time of the forward pass. "
        "Which loop can a matrix operation do at once?",
        "ko": "결과는 맞지만 너무 느립니다. Forward pass보다 약 {times}배 걸립니다. "
        "어떤 반복문을 행렬 연산 한 번으로 바꿀 수 있을까요?",
    },
    # rules about the source
    "unparsable": {
        "en": "Python cannot read {detail}.",
        "ko": "Python이 {detail} 파일을 읽지 못했습니다.",
    },
    "rule_import": {
        "en": "Imports {word} ({line}), which this exercise does not allow: "
        "it is to be done with numpy.",
        "ko": "{word} 모듈을 import했습니다({line}). 이 문제에서는 쓸 수 없습니다. "
        "numpy로 풀어야 합니다.",
    },
    "rule_forbidden": {
        "en": "Uses {word} ({line}), which this exercise asks to do without.",
        "ko": "{line}의 {word}: 이 문제는 이것을 쓰지 않고 풀어야 합니다.",
    },
    "rule_required": {
        "en": "Has no {word}, which this exercise asks to use.",
        "ko": "{word}: 이 문제는 이것을 써서 풀어야 하는데 코드에 없습니다.",
    },
    # hidden tests, as far as the course shows them
    "hidden_tests": {
        "en": "hidden tests",
        "ko": "숨은 테스트",
    },
    "hidden_lost": {
        "en": "Not all right. What a hidden test checks is not shown.",
        "ko": "맞지 않은 부분이 있습니다. 숨은 테스트의 내용은 보여 주지 않습니다.",
    },
    "hidden_timeout": {
        "en": "Took too long. What a hidden test checks is not shown.",
        "ko": "시간이 너무 오래 걸렸습니다. 숨은 테스트의 내용은 보여 주지 않습니다.",
    },
    "hidden_crashed": {
        "en": "The Python process ended in the middle of the test. "
        "What a hidden test checks is not shown.",
        "ko": "테스트 도중에 Python 프로세스가 끝나 버렸습니다. "
        "숨은 테스트의 내용은 보여 주지 않습니다.",
    },
    "hidden_error": {
        "en": "The code raised an error or could not be run. "
        "What a hidden test checks is not shown.",
        "ko": "코드에서 오류가 났거나 코드를 실행할 수 없었습니다. "
        "숨은 테스트의 내용은 보여 주지 않습니다.",
    },
    "hidden_missing": {
        "en": "The file or the function is not there.",
        "ko": "파일이나 함수가 없습니다.",
    },
    # what a check says around its findings
    "check_not_started": {
        "en": "not started",
        "ko": "시작 전",
    },
    "check_start": {
        "en": "To start, write your code in {file} and check again.",
        "ko": "{file}에 코드를 작성한 뒤 다시 확인해 보세요.",
    },
    "check_no_tests": {
        "en": "No public tests here: this one is graded with hidden tests only.",
        "ko": "공개 테스트가 없는 문제입니다. 숨은 테스트로만 채점합니다.",
    },
    "check_count": {
        "en": "{passed} of {total} tests",
        "ko": "테스트 {total}개 중 {passed}개",
    },
    "check_case": {
        "en": "{title}: the first case that fails (case {number})",
        "ko": "{title}: 처음으로 틀린 경우({number}번째 입력)",
    },
    "check_returned": {
        "en": "{output} returned",
        "ko": "반환된 {output}",
    },
    "check_returned_again": {
        "en": "{output} returned by the second call",
        "ko": "두 번째 호출에서 반환된 {output}",
    },
    "check_expected": {
        "en": "{output} expected",
        "ko": "올바른 {output}",
    },
    "check_frame": {
        "en": "{file}, line {line}, in {function}:",
        "ko": "{file} {line}번째 줄({function}):",
    },
    "check_frame_cell": {
        "en": "cell {cell}, in {function}:",
        "ko": "{cell}번 셀({function}):",
    },
    "check_all_passed": {
        "en": "All public tests passed. Hidden tests follow when your work is graded.",
        "ko": "공개 테스트를 모두 통과했습니다. 제출한 뒤에는 숨은 테스트로도 채점합니다.",
    },
    "check_not_yet": {
        "en": "Not all public tests pass yet.",
        "ko": "아직 통과하지 못한 공개 테스트가 있습니다.",
    },
    "check_summary": {
        "en": "{passed} of {total} exercises pass their public tests.",
        "ko": "문제 {total}개 중 {passed}개가 공개 테스트를 통과했습니다.",
    },
    "check_watching": {
        "en": "Watching for changes; press Ctrl-C to end.",
        "ko": "파일을 저장하면 다시 확인합니다. 끝내려면 Ctrl-C를 누르세요.",
    },
    "check_run_cell": {
        "en": "There is no {function} yet: run the cell that defines it, and then this one.",
        "ko": "아직 {function}의 정의가 없습니다. 정의한 셀을 먼저 실행한 뒤 이 셀을 실행하세요.",
    },
    "check_not_in_cell": {
        "en": "No cell of this notebook defines {function} with def or class, and only such "
        "definitions are graded.",
        "ko": "이 notebook의 셀에 {function}의 정의(def 또는 class)가 없습니다. "
        "채점할 때는 셀에 있는 정의만 봅니다.",
    },
    "check_nothing_defined": {
        "en": "No cell that ran defines any of {functions}.",
        "ko": "실행한 셀 어디에도 {functions}의 정의가 없습니다.",
    },
    # headings and words of reports
    "word_student": {"en": "Student", "ko": "학생"},
    "word_assignment": {"en": "Assignment", "ko": "과제"},
    "word_exercise": {"en": "Exercise", "ko": "문제"},
    "word_test": {"en": "Test", "ko": "테스트"},
    "word_total": {"en": "Total", "ko": "합계"},
    "word_points": {"en": "Points", "ko": "점수"},
    "word_remark": {"en": "What happened", "ko": "결과"},
    "word_hint": {"en": "Hint: {hint}", "ko": "힌트: {hint}"},
    "all_passed": {
        "en": "All tests passed.",
        "ko": "모든 테스트를 통과했습니다.",
    },
    "late_penalty": {
        "en": "Handed in late: {penalty} of {score} points taken off.",
        "ko": "늦게 제출하여 {score}점에서 {penalty}점이 깎였습니다.",
    },
    "printed": {
        "en": "Printed by {exercise}:",
        "ko": "{exercise}에서 출력한 내용:",
    },
    # statements in bundles and notebooks
    "statement_write": {
        "en": "Write `{function}` in `{file}`.",
        "ko": "`{file}`에 작성할 것은 `{function}`입니다.",
    },
    "statement_points": {
        "en": "{points} points, {public} of them from the public tests.",
        "ko": "배점은 {points}점이고, 그중 {public}점은 공개 테스트에서 나옵니다.",
    },
    "statement_points_public": {
        "en": "{points} points.",
        "ko": "배점은 {points}점입니다.",
    },
    "notebook_check": {
        "en": "Run the cell above after every change, and then this one. It tries the public "
        "tests on what you have written.",
        "ko": "고칠 때마다 위의 셀을 실행한 다음 이 셀을 실행하세요. 작성한 코드로 공개 테스트를 "
        "해 봅니다.",
    },
    "word_file": {"en": "File", "ko": "파일"},
    "word_array": {"en": "Array", "ko": "배열"},
    "word_shape": {"en": "Shape", "ko": "Shape"},
    "word_returned": {"en": "returned", "ko": "반환값"},
    "word_number": {"en": "a number", "ko": "숫자 하나"},
    "word_function": {"en": "a function", "ko": "함수"},
    # nbgrader's notebooks
    "nbgrader_answer": {
        "en": "Write your answer in the next cell, or in the file `{file}` beside this notebook. "
        "If you change both, the file counts.",
        "ko": "답은 다음 셀에 쓰거나 이 노트북과 함께 있는 `{file}` 파일에 쓰세요. "
        "둘 다 고치면 파일을 채점합니다.",
    },
    "nbgrader_test": {
        "en": "{title} (points: {points})",
        "ko": "{title} (배점: {points})",
    },
    "nbgrader_locked": {
        "en": "The result appears here once your work has been graded. There is nothing to change.",
        "ko": "채점이 끝나면 여기에 결과가 나타납니다. 이 셀은 고치지 마세요.",
    },
    "nbgrader_not_graded": {
        "en": "not graded yet",
        "ko": "아직 채점하지 않았습니다",
    },
    "nbgrader_no_test": {
        "en": "This test is not part of the exercise any more.",
        "ko": "이 테스트는 이제 이 문제에 없습니다.",
    },
    # pieces
    "exit_code": {
        "en": "exit code {number}",
        "ko": "종료 코드 {number}",
    },
    "signal": {
        "en": "signal {number}",
        "ko": "시그널 {number}",
    },
    "for_shapes": {
        "en": " for {shapes}",
        "ko": " (입력 {shapes})",
    },
    "at_element": {
        "en": "; {output}{index} is {actual}, not {expected}",
        "ko": ". {output}{index}: 정답은 {expected}인데 {actual}입니다",
    },
    "at_index": {
        "en": ", for example {output}{index}",
        "ko": "(예: {output}{index})",
    },
    "change_at": {
        "en": " ({place} was {before} and is {after} now)",
        "ko": "({place}: {before} → {after})",
    },
    "at_cell": {
        "en": "{message} (cell {cell}, line {line}{code})",
        "ko": "{message} ({cell}번 셀 {line}번째 줄{code})",
    },
    "in_line": {
        "en": "line {line}",
        "ko": "{line}번째 줄",
    },
    "in_cell": {
        "en": "cell {cell}, line {line}",
        "ko": "{cell}번 셀 {line}번째 줄",
    },
    "at_line": {
        "en": "{message} (line {line} of {file}{code})",
        "ko": "{message} ({file} {line}번째 줄{code})",
    },
}


def text(key: str, language: Language, /, **values: object) -> str:
    """The message ``key`` in ``language`` (English where we have no other)."""
    versions = MESSAGES[key]
    return versions.get(language, versions["en"]).format(**values)


def pick(versions: Text, language: Language) -> str:
    """The course's own text in ``language``, or in whichever language it has."""
    return versions.get(language) or next(iter(versions.values()), "")


_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")


def sanitize(foreign: str, limit: int = 300) -> str:
    """Text from student code on one line: no control characters, no addresses, not too long.

    Memory addresses differ from run to run, and a grade must not.
    """
    shown = foreign[: 4 * limit]
    if not shown.isprintable():
        shown = "".join(
            char if char.isprintable() else " " if char.isspace() else _escaped(char)
            for char in shown
        )
    shown = _ADDRESS.sub("0x…", " ".join(shown.split()))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def sanitize_lines(foreign: str) -> str:
    """The same for text of several lines, uncut."""
    return "\n".join(
        "".join(char if char.isprintable() or char == "\t" else _escaped(char) for char in line)
        for line in _ADDRESS.sub("0x…", foreign).split("\n")
    )


def _escaped(char: str) -> str:
    if unicodedata.category(char) == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    return char.encode("unicode_escape").decode("ascii")
