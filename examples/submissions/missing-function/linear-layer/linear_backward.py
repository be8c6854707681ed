import numpy as np

linear_backward = np.outer(np.ones(2), np.ones(3))
