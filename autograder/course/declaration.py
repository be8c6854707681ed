"""The YAML files of a course, declared once: their keys, what each may hold and what it means.

From these classes follow the reading of the files (:mod:`autograder.course.loading`), the JSON
Schema for editors and the tables of keys in the documentation (:mod:`autograder.course.schema`).
A key added here is added everywhere. Descriptions are Markdown, as the documentation shows it.

Only shapes stand here. Names that refer to each other, and the little languages (signatures,
expressions, steps), are checked after the reading, in :mod:`autograder.course.loading`.
"""

# Annotations are evaluated here, once, and not by msgspec for every class and its subclasses: so
# there is no `from __future__ import annotations`.

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, TypeAlias, TypeVar

from msgspec import Meta, Struct, field

from autograder.course.battery import GROUPS
from autograder.course.course import HiddenFeedback, HiddenInputs
from autograder.course.exercise import Dtype, Layout, PropertyName, WitnessName, Yardstick
from autograder.course.lengths import MAX_LENGTH
from autograder.course.policy import Attempts, Late
from autograder.sandbox.limits import Limits
from autograder.text.catalogue import languages
from autograder.text.language import Text

if TYPE_CHECKING:
    from autograder.course.loading.node import Node
    from autograder.errors import CourseError

MAX_POINTS: Final = 1_000_000

_NAME = r"[A-Za-z_]\w*"
_NAMES = rf"{_NAME}\s*(?:,\s*{_NAME}\s*)*"
FUNCTION: Final = rf"^\s*({_NAME})\s*\(\s*((?:{_NAMES})?)\)\s*->\s*({_NAMES})$"
CLASS: Final = rf"^\s*({_NAME})\s*\(\s*((?:{_NAMES})?)\)\s*$"
RANGE: Final = r"^\s*(\d+)\s*\.\.\s*(\d+)\s*$"


class Declared(Struct, kw_only=True, dict=True, forbid_unknown_fields=True):
    """A mapping in a file, which knows where it is written."""

    label: ClassVar[str] = ""
    """By this word and its ``name`` errors call it."""
    either: ClassVar[dict[str, str]] = {}
    """Of these keys it has exactly one; each with what it holds, in brackets."""

    @property
    def node(self) -> "Node":
        """The mapping as it is written."""
        node: Node = self.__dict__["node"]
        return node

    def has(self, *keys: str) -> bool:
        """True where the first key is written here, the second one in what it has, and so on."""
        value = self.node.value
        for key in keys:
            if not isinstance(value, dict) or key not in value:
                return False
            value = value[key]
        return True

    def at(self, *keys: str | int) -> "Node":
        """What is written under ``keys``, which are there."""
        node = self.node
        for key in keys:
            node = node.child(key)
        return node

    def error(self, message: str, *keys: str | int) -> "CourseError":
        """The error that ``message`` is, at ``keys``, or at what is there of them."""
        return self.node.error(message, *keys)


def form(
    description: str | None = None,
    *,
    words: str | None = None,
    empty: str | None = None,
    examples: list[Any] | None = None,
    schema: dict[str, Any] | None = None,
    **extra: Any,
) -> Meta:
    """What a type alone does not say.

    ``words`` are what a value must be, for errors, and ``empty`` is the cure of one that is
    empty; ``schema`` stands in the JSON Schema in place of what follows from the type. ``reader``
    names a function of :mod:`autograder.course.loading.convert` that reads the value, ``among``
    are the classes that it chooses from. With ``single``, one item stands for a list of one.
    """
    extra |= {"words": words, "empty": empty, "schema": schema}
    given = {key: value for key, value in extra.items() if value is not None}
    return Meta(description=description, examples=examples, extra=given or None)


Item = TypeVar("Item")

OneOrMore: TypeAlias = Annotated[tuple[Item, ...], form(single=True)]
"""A list; one item stands for a list of one."""

LocalText: TypeAlias = Annotated[
    Text,
    form(
        reader="text",
        schema={
            "anyOf": [
                {"type": "string", "pattern": r"\S"},
                {"type": "object", "additionalProperties": {"type": "string", "pattern": r"\S"}},
            ]
        },
    ),
]
"""One text, or one by language."""

Expression: TypeAlias = Annotated[
    str, form(reader="expression", schema={"type": ["string", "number"]})
]
"""A Python expression."""

Name: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=80, pattern=r"^[^\n\r]*\S[^\n\r]*$"), form(reader="name")
]
"""What fits into one line of a table."""

Numbers: TypeAlias = Annotated[
    Any,
    form(reader="numbers", schema={"$ref": "#/$defs/Numbers"}),
]
"""A number, or numbers in lists, one a list for each axis."""

Outcome: TypeAlias = Annotated[
    Any,
    form(reader="outcome", schema={"anyOf": [{"type": "boolean"}, {"$ref": "#/$defs/Numbers"}]}),
]
"""Numbers, or a truth value."""

_NO_POINTS = "give points to an output, such as '{dx: 1}'"
Points: TypeAlias = Annotated[float, Meta(ge=0, le=MAX_POINTS)]
PointsByOutput: TypeAlias = Annotated[
    Points | Annotated[dict[str, Points], Meta(min_length=1), form(empty=_NO_POINTS)],
    form(words="a number or a mapping from output to number"),
]
Tolerance: TypeAlias = dict[str, Annotated[float, Meta(ge=0, le=0.1)]]
Length: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_LENGTH)]
Dims: TypeAlias = dict[
    str,
    Annotated[
        Any,
        form(
            reader="lengths",
            schema={
                "anyOf": [
                    {"type": "integer", "minimum": 1, "maximum": MAX_LENGTH},
                    {"type": "string", "pattern": RANGE},
                    {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Lengths"}},
                    {"type": "null"},
                ]
            },
        ),
    ],
]
"""By dimension, its lengths; by rule, nothing."""

Dimension: TypeAlias = Length | str
Shape: TypeAlias = Annotated[
    tuple[Dimension, ...], form(words="a list of dimensions such as [m, n]")
]

DEFINITIONS: Final[dict[str, Any]] = {
    "Numbers": {
        "anyOf": [{"type": "number"}, {"type": "array", "items": {"$ref": "#/$defs/Numbers"}}]
    },
    "Lengths": {
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": MAX_LENGTH},
            {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": MAX_LENGTH}},
        ]
    },
}
"""What the schemas above refer to."""


# Exercises


class ArrayEntry(Declared, kw_only=True):
    """An array with its shape, and how it is drawn."""

    shape: Annotated[Shape, form("the lengths of its axes")]
    draw: Annotated[Expression, form("an expression for random numbers")] = "normal"
    dtype: (
        Annotated[
            Dtype,
            form(
                "`float64`, `float32` or `int64`, whatever the `dtypes` of a test say. Labels and "
                "counts are `int64`, and so a Python int where the shape is `[]`. A step size that "
                "must not become an integer is `float64`"
            ),
        ]
        | None
    ) = None


Arrays: TypeAlias = dict[
    str,
    Annotated[
        Shape | ArrayEntry,
        form(words="a list of dimensions such as [m, n], or a mapping with 'shape'"),
    ],
]


class GradientEntry(Declared, kw_only=True):
    """What an output is the gradient of."""

    of: Annotated[str, form("a name that `forward` assigns")]
    wrt: Annotated[str, form("the array by which it is differentiated")]
    upstream: (
        Annotated[
            str, form("the upstream gradient, of the shape of `of`; without it, `of` by itself")
        ]
        | None
    ) = None


class TestEntry(Declared, kw_only=True):
    """A test of any kind."""

    label: ClassVar[str] = "test"

    name: Annotated[Name, form("1 to 80 characters, unlike that of any other test of the exercise")]
    title: Annotated[LocalText, form("what students read instead of the name")] | None = None
    disabled: Annotated[
        bool,
        form(
            "`true` takes a hidden test [out of service](report.md#a-test-out-of-service): nobody "
            "is graded by it"
        ),
    ] = False
    reason: Annotated[str, form("with `disabled`: why")] | None = None


class RunEntry(TestEntry, kw_only=True):
    """A test that runs the student's code."""

    points: Annotated[
        PointsByOutput,
        form(
            "a number for all outputs together, or by output, `{dx: 1, dW: 2}`; may be 0",
            examples=[2],
        ),
    ]
    functions: (
        Annotated[
            dict[str, OneOrMore[Expression]],
            form(
                "for arguments that are functions, other expressions than the exercise's: "
                '`{f: ["lambda x: np.sum(3 * x)"]}`'
            ),
        ]
        | None
    ) = None
    tolerance: (
        Annotated[
            Tolerance,
            form(
                "for methods with an error of their own: `{g: 1e-7}` allows so much more, from 0 "
                "to 0.1, relative to the largest element of `g`. Rounding needs no tolerance: how "
                "far it may take a right answer is worked out"
            ),
        ]
        | None
    ) = None


Steps: TypeAlias = Annotated[
    OneOrMore[str],
    Meta(min_length=1),
    form(
        "calls and attributes in their order, by default one call of the function; required for "
        "a class",
        empty="write a step, or remove the key",
    ),
]


class DrawnTest(RunEntry, kw_only=True):
    """A test with drawn inputs."""

    cases: Annotated[int, Meta(ge=1, le=1000), form("how many sets of inputs, 1 to 1000")] = 1
    dims: (
        Annotated[Dims, form("the length of every named dimension, drawn anew for each case")]
        | None
    ) = None
    draw: (
        Annotated[
            dict[str, Expression],
            form(
                "other [expressions](exercises.md#random-numbers) for some arrays: "
                "`{dy: zeros, W: 1e8 * normal}`"
            ),
        ]
        | None
    ) = None
    dtypes: Annotated[
        OneOrMore[Dtype],
        Meta(min_length=1),
        form(
            "`float64`, `float32`, `int64`: the cases take them in turn, so no more than there are "
            "cases"
        ),
    ] = ("float64",)
    layouts: Annotated[
        OneOrMore[Layout],
        Meta(min_length=1),
        form(
            "in turn as well: `C`, `F` (columns first; needs two axes), `strided` (with gaps; "
            "needs one), `reversed` (backwards; needs one)"
        ),
    ] = ("C",)


class WrittenTest(RunEntry, kw_only=True):
    """A test with inputs that are written out."""

    given: Annotated[
        dict[str, Numbers],
        form(
            "every argument, as numbers in lists; arrays of `auxiliary` that are left out are drawn"
        ),
    ]
    dtype: Annotated[Dtype, form("of the arrays given, `float64` where nothing else is said")] = (
        "float64"
    )
    layouts: Annotated[
        OneOrMore[Layout],
        Meta(min_length=1),
        form("how they lie in memory; one case for each, with the same numbers"),
    ] = ("C",)
    differentiable: Annotated[bool, form("`false` at a [kink](#kinks)")] = True


Outputs: TypeAlias = Annotated[
    dict[str, Outcome],
    Meta(min_length=1),
    form(empty="give an output"),
]


class ExampleEntry(WrittenTest, kw_only=True):
    """A worked example."""

    expect: Annotated[Outputs, form("what comes out of the inputs in `given`, written out by hand")]
    steps: Steps | None = None


class GradientTestEntry(DrawnTest, kw_only=True):
    """Results on drawn inputs are right."""

    against: Annotated[
        OneOrMore[WitnessName],
        Meta(min_length=1),
        form(
            "where it is written, only these say what is right: `finite_differences` (and the "
            "forward pass), `reference` (the solution)"
        ),
    ] = ("finite_differences", "reference")
    steps: Steps | None = None


Property: TypeAlias = Annotated[
    PropertyName, form("the result is right and has a [property](#properties)")
]


class DrawnPropertyEntry(DrawnTest, kw_only=True):
    """Results on drawn inputs are right and have a property."""

    property: Property


class WrittenPropertyEntry(WrittenTest, kw_only=True):
    """Results on written inputs are right and have a property."""

    property: Property
    expect: Annotated[Outputs, form("what comes out, which counts with the witnesses")] | None = (
        None
    )


class EfficiencyLimits(Declared, kw_only=True):
    """How long the student's code may take."""

    at_most: Annotated[
        float, Meta(ge=1.5, le=1e6), form("so many times as many lines and as long", examples=[4])
    ]
    relative_to: Annotated[
        Yardstick, form("the solution (`reference`) or the forward pass (`forward`)")
    ] = "reference"
    lines: Annotated[
        Annotated[int, Meta(ge=1, le=400_000)] | None,
        form(
            "so many lines of Python more for arrays twice as long; otherwise `at_most` times what "
            "it is relative to executes",
            examples=[20_000],
        ),
    ] = None


class EfficiencyEntry(DrawnTest, kw_only=True):
    """Results on drawn inputs are right and come in time."""

    efficiency: Annotated[
        EfficiencyLimits,
        form("the result is right and takes [`at_most`](#time) so many times as long as another"),
    ]
    steps: Steps | None = None


class SourceRules(Declared, kw_only=True):
    """How the student's file is written."""

    imports: (
        Annotated[
            OneOrMore[str],
            form(
                "the only modules that may be imported: `[numpy, stdlib]`. `stdlib` is all of "
                "Python's own; a student's files beside the exercise may always be imported"
            ),
        ]
        | None
    ) = None
    require: Annotated[OneOrMore[str], form("what must be in the file")] = ()
    forbid: Annotated[OneOrMore[str], form("what must not be")] = ()


class SourceEntry(TestEntry, kw_only=True):
    """The file keeps rules about how it is written."""

    points: (
        Annotated[
            PointsByOutput,
            form("as of other tests; not with `refuse: true`", examples=[1]),
        ]
        | None
    ) = None
    source: Annotated[SourceRules, form("the file keeps [rules](#source) about how it is written")]
    refuse: Annotated[
        bool, form("`true`: breaking a rule costs the points of the whole exercise")
    ] = False


TESTS: Final[dict[str, type[TestEntry]]] = {
    "expect": ExampleEntry,
    "against": GradientTestEntry,
    "property": DrawnPropertyEntry,
    "efficiency": EfficiencyEntry,
    "source": SourceEntry,
}
"""By the key that makes a test one of a kind. Without any it is held against all witnesses, and
a property with ``given`` is one of written inputs."""

if TYPE_CHECKING:
    AnyTest: TypeAlias = TestEntry
else:
    AnyTest = Annotated[Any, form(reader="test", among=(*TESTS.values(), WrittenPropertyEntry))]

Tests: TypeAlias = Annotated[
    tuple[AnyTest, ...], Meta(min_length=1), form(empty="write a test, or remove the key")
]


class AnswerEntry(Declared, kw_only=True):
    """A value that students work out by hand."""

    points: Annotated[Points, form("for all its numbers together", examples=[2])]
    shape: Annotated[Shape, form("the lengths of its axes; `[]` for a number")]
    title: Annotated[LocalText, form("what students read above the blanks")] | None = None
    tolerance: Annotated[
        float,
        Meta(ge=0, le=0.1),
        form("for numbers that students round: so much more, relative to the largest"),
    ] = 0.0


class ExerciseFile(Declared, kw_only=True):
    """``assignments/<assignment>/<exercise>.yaml``: what students get."""

    either: ClassVar[dict[str, str]] = {
        "function": "such as 'dx(W, dy) -> dx'",
        "class": "such as 'Linear(W, b)'",
        "answers": "such as '{dx: {shape: [n], points: 2}}'",
    }
    dtype: ClassVar[Dtype] = "float64"

    title: Annotated[LocalText, form("a short text")]
    statement: Annotated[LocalText, form("Markdown, with LaTeX between `$` or `$$`")]
    function: (
        Annotated[
            str,
            Meta(pattern=FUNCTION),
            form(
                "the signature: `linear_backward(x, W, dy) -> dx, dW`. The results are in this "
                "order"
            ),
        ]
        | None
    ) = None
    class_: (
        Annotated[
            str,
            Meta(pattern=CLASS),
            form("instead, the class and its arguments: `Linear(W, b)`; see [classes](#classes)"),
        ]
        | None
    ) = field(default=None, name="class")
    outputs: Annotated[OneOrMore[str], form("of a class: the names that steps assign")] | None = (
        None
    )
    answers: (
        Annotated[
            dict[str, AnswerEntry],
            Meta(min_length=1),
            form(
                "instead, what students fill in [by hand](by-hand.md), without any code",
                empty="name a value, such as '{dx: {shape: [n], points: 2}}'",
            ),
        ]
        | None
    ) = None
    given: (
        Annotated[
            dict[str, Numbers],
            form(
                "with `answers`, the numbers to calculate with, the same for all; without it, each "
                "student has others"
            ),
        ]
        | None
    ) = None
    dims: Annotated[Dims, form("with `answers`, the lengths of drawn numbers")] | None = None
    arrays: Annotated[Arrays, form("every argument, and its shape")]
    auxiliary: (
        Annotated[Arrays, form("arrays that the forward pass needs and the function does not get")]
        | None
    ) = None
    functions: (
        Annotated[dict[str, OneOrMore[Expression]], form("arguments that are functions")] | None
    ) = None
    forward: (
        Annotated[str, form("Python statements that compute the forward pass from the arrays")]
        | None
    ) = None
    gradients: (
        Annotated[dict[str, GradientEntry], form("what each output is the gradient of")] | None
    ) = None
    tests: Annotated[Tests, form("the public [tests](tests.md)")] | None = None
    new_arrays: Annotated[
        bool,
        form(
            "`true` where an argument equals the right answer (the Jacobian of $y = Wx$ is $W$): "
            "an equal array is right then, and the argument itself is not"
        ),
    ] = False
    accept_lists: Annotated[
        bool, form("`true` where a result may be a list of numbers instead of an array")
    ] = False


# Hidden files


class BatteryEntry(Declared, kw_only=True):
    """The standard battery, not quite as it is."""

    points: (
        Annotated[
            PointsByOutput,
            form("one number for all results, or by output; shared out among its tests"),
        ]
        | None
    ) = None
    leave_out: Annotated[
        OneOrMore[Annotated[str, form(words=f"one of {', '.join(GROUPS)}", choices=GROUPS)]],
        form("groups that the exercise does not take"),
    ] = field(default=(), name="except")
    dims: Annotated[Dims, form("lengths to draw from; by default 2 to 5")] | None = None
    draw: (
        Annotated[
            dict[str, Expression], form("expressions by array, in the place of the exercise's")
        ]
        | None
    ) = None
    tolerance: Annotated[Tolerance, form("for methods with an error of their own")] | None = None


class MistakeEntry(Declared, kw_only=True):
    """An error that people really make."""

    label: ClassVar[str] = "mistake"
    either: ClassVar[dict[str, str]] = {"outputs": "expressions", "code": "a whole wrong file"}

    name: Annotated[Name, form("1 to 80 characters, for instructors")]
    hint: Annotated[LocalText, form("a question leads further than the answer")]
    outputs: (
        Annotated[
            dict[str, Expression],
            Meta(min_length=1),
            form(
                "an expression for each output that is wrong; all others are right",
                empty="say which outputs are wrong, and how",
            ),
        ]
        | None
    ) = None
    code: (
        Annotated[
            str,
            form(
                "instead, a whole file as a student would hand it in, imports included; the only "
                "way for a class"
            ),
        ]
        | None
    ) = None
    values: (
        Annotated[
            dict[str, Annotated[str, form("`1e-15..1e-5`, all powers of ten, or `0.1, 0.5, 1`")]],
            Meta(min_length=1),
            form(
                "names in the expressions or the code that stand for numbers: the mistake is "
                "recognised with each of these",
                empty="name a number that occurs in the mistake",
            ),
        ]
        | None
    ) = None


class RightEntry(Declared, kw_only=True):
    """A right solution in another formula."""

    label: ClassVar[str] = "right answer"

    name: Annotated[Name, form("1 to 80 characters, for instructors")]
    code: Annotated[str, form("the whole file")]


class HiddenFile(Declared, kw_only=True):
    """``tests/hidden/<assignment>/<exercise>.yaml``: what students do not get."""

    battery: (
        Annotated[
            Literal["standard"] | BatteryEntry,
            form(
                "`standard`, or a mapping: [the tests](#the-standard-battery) that every gradient "
                "needs",
                words="'standard' or a mapping",
            ),
        ]
        | None
    ) = None
    tests: Annotated[Tests, form("further hidden tests")] | None = None
    mistakes: (
        Annotated[tuple[MistakeEntry, ...], form("[errors](#known-mistakes) that people make")]
        | None
    ) = None
    right: (
        Annotated[
            tuple[RightEntry, ...],
            form("[solutions](#right-answers) in other formulas, which get full points"),
        ]
        | None
    ) = None
    follows: (
        Annotated[
            dict[str, Expression],
            form(
                "with `answers`, by answer: what it is made of, of other answers. Who has one of "
                "those wrong gets the points of what [follows](by-hand.md#errors-carried-forward)"
            ),
        ]
        | None
    ) = None


# The configuration

_LANGUAGE = form(choices=languages())
_MOMENT = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*(Z|[+-]\d\d:?\d\d)$"
Moment: TypeAlias = Annotated[
    datetime, form(reader="time", schema={"type": "string", "pattern": _MOMENT})
]


class AssignmentEntry(Declared, kw_only=True):
    """An assignment."""

    title: Annotated[LocalText, form("a short text")]
    exercises: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], ...],
        Meta(min_length=1),
        form("the names of its exercises, in their order", empty="list at least one"),
    ]
    due: (
        Annotated[Moment, form("date and time, with the offset: `2026-12-01T23:59:00+09:00`")]
        | None
    ) = None
    extensions: Annotated[dict[str, Moment], form("by student, a later date")] | None = None


class FeedbackEntry(Declared, kw_only=True):
    """What students get to see."""

    hidden: Annotated[
        HiddenFeedback,
        form("of hidden tests: `none`, `names`, `hints` or `all`"),
    ]


class ConfigFile(Declared, kw_only=True):
    """``config.yaml``."""

    title: Annotated[LocalText, form("the course's")]
    language: (
        Annotated[
            str, _LANGUAGE, form("of messages where nobody says otherwise; by default the first")
        ]
        | None
    ) = None
    languages: Annotated[
        tuple[Annotated[str, _LANGUAGE], ...],
        Meta(min_length=1),
        form("of all texts", empty="give one, such as [en]"),
    ] = ("en",)
    seed: Annotated[
        int,
        Meta(ge=0),
        form(
            "of the hidden inputs; a secret, of 128 bits, since [small ones]"
            "(security.md#covert-ways) are found by trying. Without it, it is 0"
        ),
    ] = 0
    seed_is_public: Annotated[
        bool, form("`true` where everybody may know the seed, as in an example")
    ] = False
    hidden_inputs: Annotated[
        HiddenInputs,
        form(
            "`per-attempt`: [others for each submission](security.md#covert-ways); grading takes "
            "longer"
        ),
    ] = "fixed"
    limits: Annotated[Limits, form("what student code may [use](#limits)")] = Limits()
    late: Annotated[
        Late, form("what being late [costs](exports.md#due-dates-lateness-and-attempts)")
    ] = Late()
    attempts: Annotated[Attempts, form("which of several submissions counts")] = Attempts()
    feedback: (
        Annotated[
            FeedbackEntry,
            form(
                "what students see of [hidden tests](exports.md#what-students-see-of-hidden-tests)"
            ),
        ]
        | None
    ) = None
    hand_in: Annotated[
        Literal["files", "folder"],
        form(
            "how `autograder submit` packs: the files at the top of the zip, or in a folder called "
            "like the assignment"
        ),
    ] = "files"
    assignments: Annotated[
        dict[Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$")], AssignmentEntry],
        Meta(min_length=1),
        form("by name, in their order", empty="name at least one"),
    ]


# Adjustments

Student: TypeAlias = Annotated[
    str,
    form(reader="student", schema={"type": ["string", "number"]}, words="the name of a student"),
]
"""A student's name as it is written, digits too: ``0123`` is not the number 123."""

Adjusted: TypeAlias = Annotated[float, Meta(ge=0, le=MAX_POINTS)]
Added: TypeAlias = Annotated[float, Meta(ge=-MAX_POINTS, le=MAX_POINTS)]


class ActionEntry(Declared, kw_only=True):
    """The change of everybody's points."""

    add: Annotated[Added, form("points to add; a negative number takes points off")] | None = None
    set: Annotated[Adjusted, form("points, whatever was computed")] | None = None
    excuse: Annotated[
        bool,
        form(
            "`true`: it does not count, and the rest of the exercise (or, of a whole exercise, of "
            "the assignment) decides about its points"
        ),
    ] = False


class AdjustmentEntry(Declared, kw_only=True):
    """A decision of a person about grades."""

    student: (
        Annotated[
            OneOrMore[Student], Meta(min_length=1), form("whom it concerns: a name or a list")
        ]
        | None
    ) = None
    all: (
        Annotated[ActionEntry, form("instead of `student`, a change for everybody: `{add: 1}`")]
        | None
    ) = None
    assignment: Annotated[str, form("its name", examples=["linear-layer"])]
    exercise: (
        Annotated[str, form("its name; without it, the decision is about the whole assignment")]
        | None
    ) = None
    test: (
        Annotated[str, form("its name; without it, the decision is about the whole exercise")]
        | None
    ) = None
    add: Annotated[Added, form("points to add; a negative number takes points off")] | None = None
    set: Annotated[Adjusted, form("points, whatever was computed")] | None = None
    excuse: Annotated[bool, form("`true`: it does not count for this student")] = False
    comment: Annotated[str, form("what the student reads about it")] | None = None
    by: Annotated[str, form("who decided; students do not see it")] | None = None


class AdjustmentsFile(Declared, kw_only=True):
    """``adjustments.yaml``: what people decided about grades."""

    adjustments: Annotated[tuple[AdjustmentEntry, ...], form("decisions, applied in this order")]


FILES: Final[dict[str, type[Declared]]] = {
    "exercise": ExerciseFile,
    "hidden": HiddenFile,
    "config": ConfigFile,
    "adjustments": AdjustmentsFile,
}
"""By the name that ``autograder schema`` knows."""
