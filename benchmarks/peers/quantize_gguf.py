"""llama.cpp's own quantising, in its environment: `python -m benchmarks.peers.quantize_gguf SOURCE TARGET Q8_0`."""

from __future__ import annotations

import sys

import llama_cpp as native


def quantize(source: str, target: str, kind: str) -> None:
    params = native.llama_model_quantize_default_params()
    params.ftype = getattr(native, f"LLAMA_FTYPE_MOSTLY_{kind}")
    params.allow_requantize = True
    if native.llama_model_quantize(source.encode(), target.encode(), params) != 0:
        raise SystemExit(f"llama.cpp can't quantise {source} to {kind}.")


if __name__ == "__main__":
    quantize(*sys.argv[1:4])
