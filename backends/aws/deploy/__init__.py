"""Putting it all into an account, and looking after it: what `inkling aws …` does."""
