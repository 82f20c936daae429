"""What goes wrong when AWS is asked for something, as one sentence that says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.config import Config
from botocore.exceptions import (
    BaseEndpointResolverError,
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    InvalidRegionError,
    LoginError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
)

from config.errors import BackendUnavailable

_THREADS = 64
"""A worker asks from as many threads as it writes jobs; fewer connections would be thrown away and made anew."""
PATIENT = Config(
    retries={"mode": "standard", "total_max_attempts": 6},
    connect_timeout=3,
    read_timeout=10,
    tcp_keepalive=True,
    max_pool_connections=_THREADS,
)
"""For single calls: five more tries on throttling, 5xx and lost connections, with growing random pauses."""
BRIEF = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=4)
"""While somebody waits for a submit's answer: what others don't hear now, the tick tells them. That AWS has no machine
just now comes as a server's error, which a patient client would try again for half a minute."""
POLLING = Config(
    retries={"mode": "standard", "total_max_attempts": 3},
    connect_timeout=3,
    read_timeout=30,
    tcp_keepalive=True,
    max_pool_connections=_THREADS,
)
"""For calls that wait up to 20 s for an answer themselves."""

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"}
_BAD_KEYS = {"UnrecognizedClientException", "InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException"}
_BAD_KEYS |= {"SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure", "MissingAuthenticationToken"}
_GONE = {"ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
_GONE |= {"InvalidInstanceID.NotFound", "ResourceNotFound"}
_BUSY = {"ThrottlingException", "Throttling", "RequestLimitExceeded", "ProvisionedThroughputExceededException"}
_BUSY |= {"RequestThrottled", "TooManyRequestsException", "TransactionInProgressException"}
_MISCONFIGURED = (
    BaseEndpointResolverError,
    ConfigNotFound,
    ConfigParseError,
    CredentialRetrievalError,
    InvalidRegionError,
    LoginError,
    ProfileNotFound,
    SSOError,
)
"""These say themselves what is wrong, and nothing of what was asked."""


class AwsFailed(BackendUnavailable):
    """`aws_code` is AWS' own word for it, where it answered at all."""

    def __init__(self, sentence: str, aws_code: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(sentence, retry_after_s)
        self.aws_code = aws_code


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Around calls to AWS; `what` is asked, as it stands in a sentence: "the job table". Raises AwsFailed.

    Exceptions with an AWS code that the caller handles must be caught inside.
    """
    try:
        yield
    except ClientError as error:
        raise _refused(what, error) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise AwsFailed(f"There are no AWS credentials to ask {what} with; give some or a role.") from error
    except NoRegionError as error:
        raise AwsFailed(f"It isn't said in which AWS region {what} is; set AWS_DEFAULT_REGION.") from error
    except (ConnectionError, HTTPClientError) as error:
        raise AwsFailed(f"AWS can't be reached to ask {what} ({type(error).__name__}).", retry_after_s=5.0) from error
    except _MISCONFIGURED as error:
        raise _misconfigured(what, error) from error
    except BotoCoreError as error:
        raise AwsFailed(f"AWS can't be asked for {what} ({type(error).__name__}).", retry_after_s=5.0) from error
    except ValueError as error:
        # What botocore says of an AWS_ENDPOINT_URL that is none; others are ours.
        if not str(error).startswith("Invalid endpoint"):
            raise
        raise _misconfigured(what, error) from error


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _misconfigured(what: str, error: Exception) -> AwsFailed:
    first_line = str(error).partition("\n")[0].rstrip(".")
    return AwsFailed(f"AWS can't be asked for {what}: {first_line}.")


def _refused(what: str, error: ClientError) -> AwsFailed:
    code = code_of(error)
    if code in _DENIED:
        return AwsFailed(f"AWS doesn't allow {error.operation_name} on {what}; the role lacks that right.", code)
    if code in _BAD_KEYS:
        return AwsFailed(f"AWS refuses the credentials used to ask {what} ({code}).", code)
    if code in _GONE:
        return AwsFailed(f"AWS has no such thing as {what} any more ({code}).", code)
    if code in _BUSY:
        return AwsFailed(f"AWS is throttling {what}; try again in a moment.", code, 5.0)
    return AwsFailed(f"AWS failed at {error.operation_name} on {what} ({code or 'no code'}).", code, 5.0)
