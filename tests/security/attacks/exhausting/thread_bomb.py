"""Starts threads without end."""
# ends: error

import threading
import time


def linear_backward(x, W, dy):
    for _ in range(200):
        threading.Thread(target=time.sleep, args=(5,)).start()
