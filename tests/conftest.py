"""What holds for every test."""

from __future__ import annotations

import signal

from hypothesis import settings

# How long an example takes says more about the machine's other work than about ours; pytest's timeout bounds each test.
settings.register_profile("inkling", deadline=None)
settings.load_profile("inkling")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # So it is for what a shell starts in the background, and the programs we start would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    # And so it is under nohup.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
