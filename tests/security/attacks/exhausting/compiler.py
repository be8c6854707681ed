"""Has the compiler at expressions that are nested a hundred thousand levels deep."""
# ends: memory


def linear_backward(x, W, dy):
    for source in ("-" * 100_000 + "1", "(" * 100_000, "a" + ".a" * 100_000, "[" * 50_000):
        eval(source)
