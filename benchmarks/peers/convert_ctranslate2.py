"""CTranslate2's own converter, in the environment for conversions: FOLDER TARGET."""

from __future__ import annotations

import sys

from ctranslate2.converters import TransformersConverter

if __name__ == "__main__":
    TransformersConverter(sys.argv[1]).convert(sys.argv[2], quantization="int8", force=True)
