"""A client of the OpenAI completions API, for our own engine and everyone else's."""
