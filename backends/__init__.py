"""Where completions come from (`Backend`) and where requests are kept (`backends.store`)."""
