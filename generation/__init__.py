"""The engine: a process of its own that owns the model and speaks the OpenAI completions API.

Importing this package does not import torch; `generation.types` is safe for every process.
"""
