"""Further wrong answers, of all exercises, as students and public code get them wrong.

As in :mod:`tests.diagnosis.wrong_answers`, an answer names the outputs that are wrong and what
each of them is. ``FIRST`` was written before the search knew more than small expressions over
arguments; ``BLIND`` after it had learnt more and without a look at what it finds, and ``LAST`` so
again, when it had learnt from what it had not found in ``BLIND``.
"""

from __future__ import annotations

_SOFTMAX = (
    "e = np.exp(Z - Z.max(-1, keepdims=True)); A = e / e.sum(-1, keepdims=True); "
    "e0 = np.exp(Z - Z.max(0)); A0 = e0 / e0.sum(0); "
)

_NORM = (
    "dev = X - X.mean({axis}, keepdims=True); var = (dev**2).mean({axis}, keepdims=True); "
    "s = np.sqrt(var + eps); Z = dev / s; dZ = gamma * dY; N, n = X.shape; "
    "m = lambda a, axis={axis}: a.mean(axis, keepdims=True); "
    "S = lambda a, axis={axis}: a.sum(axis, keepdims=True)"
)

_CONV1D = """
def each(place, flip=False):
    dx = np.zeros(x.shape)
    for j, weight in enumerate(w[::-1] if flip else w):
        place(dx, slice(j, j + len(dy)), weight * dy)
    return dx
def over(a, i, v): a[i] = v
def plus(a, i, v): a[i] += v
"""

_CONV2D = """
q = int(p)
wide = np.pad(X, ((0, 0), (0, 0), (q, q), (q, q)))
hh, ww = K.shape[2:]
down, across = dY.shape[2:]
def backward(K=K, wide=wide, dY=dY, add=True):
    d_wide, dK = np.zeros(wide.shape), np.zeros(K.shape)
    for r in range(hh):
        for s in range(ww):
            at = np.s_[:, :, r : r + down, s : s + across]
            made = np.einsum("nfij,fc->ncij", dY, K[:, :, r, s])
            d_wide[at] = d_wide[at] * add + made
            dK[:, :, r, s] = np.einsum("nfij,ncij->fc", dY, wide[at])
    return d_wide, dK
def crop(a): return a[:, :, q : q + X.shape[2], q : q + X.shape[3]]
flipped = K[:, :, ::-1, ::-1]
"""

_MAXPOOL = """
k, t = int(size), int(stride)
def pool(pick, put=lambda a, v: a + v):
    d = np.zeros(X.shape)
    for n, c, i, j in np.ndindex(dY.shape):
        at = np.s_[n, c, i * t : i * t + k, j * t : j * t + k]
        d[at] = np.where(pick(X[at]), put(d[at], dY[n, c, i, j]), d[at])
    return d
def largest(a): return a == a.max()
"""

_LSTM = """
def sg(z): return 1 / (1 + np.exp(-z))
m = H.shape[1]
def cell(use_c=True, use_h=True, order=(0, 1, 2, 3), s_prime=True, g_prime=True, t_prime=True,
         o_from="tanh", show=True):
    G = X @ W.T + H @ U.T + b
    z = [G[:, k * m : (k + 1) * m] for k in order]
    i, f, g, o = sg(z[0]), sg(z[1]), np.tanh(z[2]), sg(z[3])
    c = f * C + i * g
    t = np.tanh(c)
    d = dC_next * use_c + use_h * dH_next * (o if show else 1) * ((1 - t**2) if t_prime else 1)
    one = (lambda y: y * (1 - y)) if s_prime else (lambda y: 1)
    parts = {
        order[0]: d * g * one(i),
        order[1]: d * C * one(f),
        order[2]: d * i * ((1 - g**2) if g_prime else 1),
        order[3]: dH_next * (t if o_from == "tanh" else c) * one(o),
    }
    return np.concatenate([parts[k] for k in range(4)], axis=1), d, f, i
dG, state, f, i = cell()
def all_of(dG, dC=dC): return dG @ W, dG @ U, dC, dG.T @ X, dG.T @ H, dG.sum(0)
"""

_TRAIN = """
def train(step=lambda p, g: p - lr * g, scale=lambda e: 2 * e / e.size,
          loss=lambda e: np.mean(e**2), mask=lambda h: h > 0, only=(1, 1, 1, 1),
          act=lambda h: np.maximum(h, 0)):
    A, B, C, D = W1, b1, W2, b2
    out = []
    for _ in range(int(steps)):
        h = X @ A.T + B
        a = act(h)
        e = a @ C.T + D - y
        out.append(loss(e))
        d = scale(e)
        g = (d @ C) * mask(h)
        grads = g.T @ X, g.sum(0), d.T @ a, d.sum(0)
        A, B, C, D = (step(p, k) if u else p for p, k, u in zip((A, B, C, D), grads, only))
    return np.array(out)
"""

PRELUDES = {
    "layernorm_backward": _NORM.format(axis=1),
    "batchnorm_backward": _NORM.format(axis=0),
    "rmsnorm_backward": (
        "r = np.sqrt((X**2).mean(1, keepdims=True) + eps); Z = X / r; dZ = gamma * dY; "
        "N, n = X.shape; m = lambda a: a.mean(1, keepdims=True); "
        "S = lambda a: a.sum(1, keepdims=True)"
    ),
    "gelu_backward": (
        "import math; cdf = lambda v: (1 + math.erf(v / 2**0.5)) / 2; "
        "Phi = np.vectorize(cdf, otypes=[float])(x); "
        "phi = np.exp(-x**2 / 2) / np.sqrt(2 * np.pi)"
    ),
    "sigmoid_tanh_backward": "t = np.tanh(x); s = 1 / (1 + np.exp(-x))",
    "embedding_backward": (
        "flat = ids.reshape(-1); V, d = W.shape; rows = dY.reshape(-1, d)\n"
        "def put(value):\n"
        "    out = np.zeros(W.shape)\n"
        "    out[flat] = value\n"
        "    return out\n"
        "count = np.bincount(flat, minlength=V)[:, None]"
    ),
    "attention_backward": (
        "T, d = Q.shape; c = 1 / np.sqrt(d); Z = c * (Q @ K.T); " + _SOFTMAX + "dA = dO @ V.T; "
        "dZ = A * (dA - (A * dA).sum(-1, keepdims=True)); "
        "dZ0 = A0 * (dA - (A0 * dA).sum(0))"
    ),
    "conv1d_backward": _CONV1D,
    "conv2d_backward": _CONV2D,
    "maxpool_backward": _MAXPOOL,
    "lstm_cell_backward": _LSTM,
    "train": _TRAIN,
}

FIRST: dict[str, list[dict[str, str]]] = {
    "layernorm_backward": [
        {"dX": "dZ / s"},
        {"dX": "(dZ - m(dZ)) / s"},
        {"dX": "(dZ - Z * m(dZ * Z)) / s"},
        {"dX": "(dZ - S(dZ) - Z * S(dZ * Z)) / s"},
        {"dX": "(dY - m(dY) - Z * m(dY * Z)) / s"},
        {"dgamma": "(dY * X).sum(0)"},
        {"dgamma": "(dY * Z).sum(1)"},
        {"dgamma": "dY * Z"},
        {"dbeta": "dY.sum(1)"},
        {"dbeta": "dY"},
        {"dX": "(dZ - m(dZ, 0) - Z * m(dZ * Z, 0)) / s"},
        {"dX": "dX * s"},
        {"dX": "dX / s"},
        {"dgamma": "(dY * Z).mean(0)", "dbeta": "dY.mean(0)"},
        {"dX": "(dZ - m(dZ) + Z * m(dZ * Z)) / s"},
        {"dgamma": "(dZ * Z).sum(0)"},
    ],
    "batchnorm_backward": [
        {"dX": "gamma * dY / s"},
        {"dX": "gamma / s * (dY - m(dY))"},
        {"dX": "gamma / s * (N * dY - dbeta - Z * dgamma)"},
        {"dX": "gamma / s * (dY - dbeta - Z * dgamma)"},
        {"dgamma": "(dY * X).sum(0)"},
        {"dgamma": "(dY * dev).sum(0)"},
        {"dbeta": "dY.mean(0)"},
        {"dX": "1 / s * (dY - m(dY) - Z * m(dY * Z))"},
        {"dgamma": "dY.sum(0) * gamma"},
        {"dX": "gamma / s * (dY - Z * m(dY * Z))"},
        {"dX": "gamma * (dY - m(dY) - Z * m(dY * Z))"},
        {"dX": "dY"},
    ],
    "rmsnorm_backward": [
        {"dX": "dZ / r"},
        {"dX": "(dZ - Z * S(dZ * Z)) / r"},
        {"dX": "(dY - Z * m(dY * Z)) / r"},
        {"dgamma": "(dY * X).sum(0)"},
        {"dX": "(dZ - X * m(dZ * X)) / r"},
        {"dgamma": "dY * Z"},
        {"dX": "(dZ - m(dZ) - Z * m(dZ * Z)) / r"},
    ],
    "dropout_backward": [
        {"dx": "dy * mask"},
        {"dx": "dy / (1 - p)"},
        {"dx": "dy * mask / p"},
        {"dx": "dy * mask * (1 - p)"},
        {"dx": "mask / (1 - p)"},
        {"dx": "dy * (1 - mask) / (1 - p)"},
    ],
    "gelu_backward": [
        {"dx": "dy * Phi"},
        {"dx": "dy * x * phi"},
        {"dx": "Phi + x * phi"},
        {"dx": "dy * x * Phi"},
        {"dx": "dy * (x > 0)"},
        {"dx": "dy * (Phi + phi)"},
    ],
    "sigmoid_tanh_backward": [
        {"dx_sigmoid": "dy * s"},
        {"dx_sigmoid": "s * (1 - s)"},
        {"dx_sigmoid": "dy * (1 - s)"},
        {"dx_sigmoid": "dy * x * (1 - x)"},
        {"dx_tanh": "dy * (1 - t)"},
        {"dx_tanh": "dy * (1 + t**2)"},
        {"dx_tanh": "dy * (1 - x**2)"},
        {"dx_tanh": "dy * (1 - t) ** 2"},
        {"dx_sigmoid": "dx_tanh", "dx_tanh": "dx_sigmoid"},
        {"dx_tanh": "dy * t * (1 - t)"},
    ],
    "embedding_backward": [
        {"dW": "put(rows)"},
        {"dW": "dW / np.maximum(count, 1)"},
        {"dW": "dY"},
        {"dW": "dW / len(ids)"},
        {"dW": "count * np.ones(W.shape)"},
        {"dW": "W - 0.1 * dW"},
    ],
    "conv1d_backward": [
        {"dx": "np.convolve(dy, w[::-1])"},
        {"dw": "dw[::-1]"},
        {"dx": "each(over)"},
        {"dw": "dw / len(dy)"},
        {"dw": "x[: len(w)] * dy.sum()"},
        {"dx": "np.full(x.shape, w.sum())"},
        {"dw": "np.convolve(x, dy, 'valid')"},
        {"dx": "dx[::-1]"},
    ],
    "conv2d_backward": [
        {"db": "dY.sum(axis=0)"},
        {"db": "dY.sum(axis=(0, 2))"},
        {"db": "dY.mean(axis=(0, 2, 3))"},
        {"db": "dY.sum(axis=(0, 2, 3), keepdims=True)"},
        {"db": "dY.sum()"},
        {"dK": "dK / len(X)"},
        {"dK": "dK[:, :, ::-1, ::-1]"},
        {"dX": "crop(backward(K=flipped)[0])"},
        {"dX": "backward()[0]"},
        {"dX": "crop(backward(add=False)[0])"},
        {"dK": "backward(dY=dY[-1:], wide=wide[-1:])[1]"},
    ],
    "maxpool_backward": [
        {"dX": "pool(lambda a: a == a, lambda a, v: a + v / k**2)"},
        {"dX": "pool(lambda a: a == a)"},
        {"dX": "pool(lambda a: a == a.min())"},
        {"dX": "pool(largest, lambda a, v: a * 0 + v)"},
        {"dX": "pool(largest, lambda a, v: a + 1.0)"},
        {"dX": "X * pool(largest, lambda a, v: a * 0 + 1)"},
    ],
    "attention_backward": [
        {"dQ": "dZ @ K", "dK": "dZ.T @ Q"},
        {"dK": "dZ.T @ Q"},
        {"dQ": "c * (A * dA) @ K", "dK": "c * (A * dA).T @ Q"},
        {"dQ": "c * dA @ K", "dK": "c * dA.T @ Q"},
        {"dV": "Z.T @ dO"},
        {"dQ": "c * (A * (1 - A) * dA) @ K", "dK": "c * (A * (1 - A) * dA).T @ Q"},
        {"dQ": "c**2 * dZ @ K", "dK": "c**2 * dZ.T @ Q"},
        {"dQ": "c * (A * (dA - (A * dA).sum(0))) @ K"},
        {"dQ": "c * dZ0 @ K", "dK": "c * dZ0.T @ Q", "dV": "A0.T @ dO"},
        {"dQ": "c * dZ @ V if K.shape == V.shape else dQ"},
        {"dV": "A.sum(0)[:, None] * dO.sum(0)"},
        {"dQ": "-dQ", "dK": "-dK"},
    ],
    "lstm_cell_backward": [
        {"dC": "state"},
        {
            n: f"all_of(cell(use_c=False)[0], cell(use_c=False)[1] * f)[{k}]"
            for k, n in enumerate(("dX", "dH", "dC", "dW", "dU", "db"))
        },
        {
            n: f"all_of(cell(t_prime=False)[0], cell(t_prime=False)[1] * f)[{k}]"
            for k, n in enumerate(("dX", "dH", "dC", "dW", "dU", "db"))
        },
        {
            n: f"all_of(cell(s_prime=False)[0])[{k}]"
            for k, n in enumerate(("dX", "dH", None, "dW", "dU", "db"))
            if n
        },
        {
            n: f"all_of(cell(g_prime=False)[0])[{k}]"
            for k, n in enumerate(("dX", "dH", None, "dW", "dU", "db"))
            if n
        },
        {"db": "dG.mean(0)"},
        {"db": "dG"},
        {"dC": "state * i"},
        {
            n: f"all_of(cell(o_from='c')[0])[{k}]"
            for k, n in enumerate(("dX", "dH", None, "dW", "dU", "db"))
            if n
        },
        {"dW": "dW / len(X)", "dU": "dU / len(X)", "db": "db / len(X)"},
        {"dU": "dG.T @ H * 0"},
        {"dH": "dH + dH_next"},
    ],
    "train": [
        {"losses": "train(scale=lambda e: e / e.size)"},
        {"losses": "train(scale=lambda e: 2 * e / len(e))"},
        {"losses": "train(step=lambda p, g: p + lr * g)"},
        {"losses": "train(step=lambda p, g: p - g)"},
        {"losses": "train(loss=lambda e: np.mean(e**2) / 2)"},
        {"losses": "train(mask=lambda h: 1.0)"},
        {"losses": "train(only=(1, 0, 1, 0))"},
        {"losses": "train(only=(0, 0, 1, 1))"},
        {"losses": "losses[::-1]"},
        {"losses": "losses[-1]"},
        {"losses": "np.cumsum(losses)"},
    ],
    "leading_axes": [
        {"db": "dY.sum(axis=0)"},
        {"db": "dY.sum()"},
        {"db": "dY.reshape(-1, dY.shape[-1]).mean(0)"},
        {"db": "dY.sum(axis=-1)"},
        {"dW": "dW.T"},
        {"dW": "dW / X.shape[0]"},
        {"dX": "dX.reshape(-1, X.shape[-1])"},
        {"dW": "X.reshape(-1, X.shape[-1]).T @ dY.reshape(-1, dY.shape[-1])"},
        {"dX": "-dX"},
    ],
    "linear_forward": [
        {"Y": "X @ W.T"},
        {"Y": "X @ W.T - b"},
        {"Y": "X @ W.T + b.sum()"},
        {"Y": "(X @ W.T + b).T"},
        {"Y": "W @ X.T"},
        {"Y": "np.maximum(X @ W.T + b, 0)"},
        {"Y": "2 * X @ W.T + b"},
    ],
    "linear_module": [
        {"dW": "dY.T @ X / len(X)"},
        {"db": "dY.mean(0)"},
        {"db": "dY.sum(0, keepdims=True)"},
        {"dX": "X"},
        {"Y": "X @ W.T"},
        {"dW": "dW.T"},
        {"dX": "dY @ (W - 0.1 * dW)"},
    ],
    "relative_error": [
        {"e": "np.max(np.abs(a - b))"},
        {"e": "np.max(np.abs(a - b) / (np.abs(a) + np.abs(b)))"},
        {"e": "np.mean(np.abs(a - b) / np.maximum(np.abs(a), np.abs(b)))"},
        {"e": "np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b))"},
        {"e": "np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b)))"},
        {"e": "np.max(np.abs(a - b) / np.abs(b))"},
        {"e": "np.max(np.abs(a - b)) / np.max(np.maximum(np.abs(a), np.abs(b)))"},
        {"e": "np.sum(np.abs(a - b) / np.maximum(np.abs(a), np.abs(b)))"},
    ],
    "jacobian": [
        {"J": "W.T"},
        {"J": "W * x"},
        {"J": "W @ x"},
        {"J": "np.outer(W @ x, x)"},
        {"J": "np.ones(W.shape)"},
        {"J": "np.outer(np.ones(len(W)), x)"},
    ],
    "dW": [
        {"dW": "np.outer(x, dy)"},
        {"dW": "x * dy if len(x) == len(dy) else x[0] * dy"},
        {"dW": "np.outer(dy, x) / len(x)"},
    ],
    "dx": [{"dx": "W.T @ dy / len(dy)"}, {"dx": "W.sum(0)"}, {"dx": "(W.T @ dy)[None]"}],
}

BLIND: dict[str, list[dict[str, str]]] = {
    "layernorm_backward": [
        {"dgamma": "(dY * dev).sum(0)"},
        {"dbeta": "dY.mean(1)"},
        {"dX": "(dZ - m(dZ)) / s - dev * m(dZ * dev) / (var * s)"},
        {"dX": "dZ"},
    ],
    "batchnorm_backward": [
        {"dgamma": "(dY * Z).mean(0)"},
        {"dX": "dX / N"},
        {"dX": "dY * gamma"},
        {"dX": "gamma / s * (dY - m(dY) + Z * m(dY * Z))"},
        {"dbeta": "dY.sum()"},
    ],
    "rmsnorm_backward": [{"dX": "(dZ + Z * m(dZ * Z)) / r"}, {"dgamma": "(dY * Z).sum(1)"}],
    "dropout_backward": [{"dx": "dy * mask * p"}, {"dx": "dy * (1 - p)"}],
    "gelu_backward": [{"dx": "dy * (Phi - x * phi)"}, {"dx": "dx * x"}],
    "sigmoid_tanh_backward": [
        {"dx_sigmoid": "dy * s * (1 + s)"},
        {"dx_tanh": "dy * t**2"},
        {"dx_tanh": "1 - t**2"},
    ],
    "embedding_backward": [{"dW": "dW * W"}, {"dW": "np.zeros(W.shape)"}],
    "conv1d_backward": [
        {"dx": "np.convolve(dy, w)[::-1]"},
        {"dw": "np.convolve(x[::-1], dy, 'valid')"},
        {"dx": "dx * x"},
    ],
    "conv2d_backward": [
        {"db": "db / len(X)"},
        {"dX": "-dX", "dK": "-dK"},
        {"db": "dY.sum(axis=(2, 3))"},
        {"dK": "backward(dY=dY[:1], wide=wide[:1])[1]"},
    ],
    "maxpool_backward": [{"dX": "2 * dX"}, {"dX": "pool(largest, lambda a, v: a * 0 + 1)"}],
    "attention_backward": [
        {"dQ": "c * (dA - (A * dA).sum(-1, keepdims=True)) @ K"},
        {"dK": "c * dZ.T @ Q / len(Q)"},
        {"dV": "(A * (A > 0.1)).T @ dO"},
        {"dV": "np.ones(A.shape).T @ dO"},
    ],
    "lstm_cell_backward": [
        {"dC": "dC_next"},
        {"dW": "dG.T @ X / 4"},
        {"dC": "dC_next * f"},
        {"dH": "dG @ U + dH_next * f"},
    ],
    "train": [
        {"losses": "train(step=lambda p, g: p - lr / 2 * g)"},
        {"losses": "train(loss=lambda e: np.sum(e**2))"},
        {"losses": "train(mask=lambda h: h < 0)"},
    ],
    "leading_axes": [{"db": "dY.max()"}, {"dX": "dX / len(X)"}, {"dW": "dW + W"}],
    "linear_forward": [{"Y": "X @ W.T + 2 * b"}, {"Y": "X @ W.T * b"}],
    "linear_module": [{"dX": "dX / len(X)"}, {"db": "b"}, {"dW": "dW * W"}],
    "relative_error": [
        {"e": "np.max(np.abs(a - b) / np.abs(a))"},
        {"e": "np.max((a - b) ** 2)"},
    ],
    "jacobian": [{"J": "W * W"}, {"J": "2 * W"}],
    "affine_backward": [
        {"dX": "dX * len(X)"},
        {"dW": "X.T @ dY + 2 * W"},
        {"db": "dY.sum(0) * len(X)"},
    ],
    "mlp_backward": [{"db1": "db1 / len(X)", "db2": "db2 / len(X)"}, {"dW1": "dH.T @ dH"}],
    "mse": [{"loss": "loss * len(y)"}, {"dy_pred": "dy_pred.sum(0)"}],
    "softmax_cross_entropy": [
        {"loss": "loss / np.log(2)"},
        {"dlogits": "(p - onehot) * p"},
    ],
    "numerical_gradient": [{"g": "g / h"}, {"g": "g.reshape(-1)"}],
}

LAST: dict[str, list[dict[str, str]]] = {
    "layernorm_backward": [
        {"dX": "(dY - m(dZ) - Z * m(dZ * Z)) / s"},
        {"dgamma": "dY.sum(0)"},
        {"dbeta": "dY.sum()"},
    ],
    "batchnorm_backward": [
        {"dX": "gamma / s * (dY - m(dY) - Z * m(dY * Z)) * N"},
        {"dgamma": "(dY * Z).sum()"},
    ],
    "rmsnorm_backward": [{"dX": "dY / r"}, {"dgamma": "(dZ * Z).sum(0)"}],
    "dropout_backward": [{"dx": "dx * mask * p"}, {"dx": "-dx"}],
    "gelu_backward": [{"dx": "dx / 2"}, {"dx": "x * Phi"}],
    "sigmoid_tanh_backward": [{"dx_sigmoid": "s"}, {"dx_tanh": "dy * (1 + t) * (1 - t) ** 2"}],
    "embedding_backward": [{"dW": "2 * dW"}, {"dW": "W"}],
    "conv1d_backward": [{"dx": "np.convolve(dy, w) * len(w)"}, {"dw": "dw * w"}],
    "conv2d_backward": [{"db": "dY.sum(axis=(1, 2, 3))"}, {"dX": "dX / len(X)"}],
    "maxpool_backward": [{"dX": "dX / k**2"}, {"dX": "dY"}],
    "attention_backward": [
        {"dV": "A.T @ dO * c"},
        {"dQ": "c * (A * dA - (A * dA).sum(-1, keepdims=True)) @ K"},
        {"dQ": "dQ / len(Q)", "dK": "dK / len(Q)", "dV": "dV / len(Q)"},
    ],
    "lstm_cell_backward": [{"dC": "state * f * (1 - f)"}, {"db": "dG.sum(1)"}],
    "train": [{"losses": "train(act=lambda h: h, mask=lambda h: 1.0)"}, {"losses": "-losses"}],
    "leading_axes": [{"dW": "-dW"}, {"db": "db / 2"}],
    "linear_forward": [{"Y": "X @ W.T + b + 1"}, {"Y": "-Y"}],
    "linear_module": [{"db": "dY.sum()"}, {"dX": "2 * dX"}],
    "relative_error": [{"e": "np.min(np.abs(a - b) / np.maximum(np.abs(a), np.abs(b)))"}],
    "affine_backward": [{"dW": "X.T @ (dY - dY.mean(0))"}, {"dX": "dY @ W.T + dY.sum()"}],
    "softmax_cross_entropy": [{"loss": "loss + 1"}, {"dlogits": "dlogits * C"}],
    "mlp_backward": [{"dW2": "dY.T @ H / len(X)"}, {"dX": "dH @ W1 * X"}],
}
