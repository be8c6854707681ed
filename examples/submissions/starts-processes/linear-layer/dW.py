import subprocess
import sys

import numpy as np


def linear_dW(x, dy):
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return np.outer(dy, x)
