"""Print pip's option for PyTorch's CPU wheel index on Linux, or nothing when it can't be reached within 3 seconds."""

import sys
import urllib.error
import urllib.request


def main(index: str) -> None:
    if not sys.platform.startswith("linux"):
        return
    try:
        urllib.request.urlopen(f"{index}/torch/", timeout=3).close()
    except (urllib.error.URLError, OSError):
        return
    sys.stdout.write(f"--extra-index-url {index}\n")


if __name__ == "__main__":
    main(sys.argv[1])
