"""What DynamoDB complains about, in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from backends.aws.calls import AwsFailed, asking
from backends.store.protocol import StoreFailed

log = structlog.get_logger(__name__)


@contextmanager
def reported(what: str) -> Iterator[None]:
    """Around calls; `what` is asked, as it stands in a sentence. Raises StoreFailed."""
    try:
        with asking(what):
            yield
    except AwsFailed as error:
        log.error("store.failed", reason=error.aws_code or type(error.__cause__).__name__)
        # From None: what botocore says may hold what was to be written, and that belongs in no log.
        raise StoreFailed(error.sentence) from None
