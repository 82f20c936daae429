"""The least a program can do: import transformers, load the weights, one forward pass. `python -m … FOLDER`."""

from __future__ import annotations

import sys

import torch
import transformers


def main(folder: str) -> None:
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    with torch.inference_mode():
        token = model(torch.arange(100, 116)[None]).logits[0, -1].argmax()
    print(int(token))


if __name__ == "__main__":
    main(sys.argv[1])
