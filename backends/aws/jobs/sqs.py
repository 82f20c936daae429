"""Whose turn it is, in SQS. A message holds nothing but a job's id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog
from botocore.exceptions import ClientError

from backends.aws.calls import AwsFailed, asking, code_of
from backends.aws.jobs.job import is_job_id
from backends.aws.jobs.protocol import Message

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

WHAT = "the queue"
_EXPIRED = {"ReceiptHandleIsInvalid", "InvalidParameterValue", "AWS.SimpleQueueService.MessageNotInflight"}
_EXPIRED |= {"MessageNotInflight", "InvalidParameterValueException"}

log = structlog.get_logger(__name__)


class SqsQueue:
    """Raises AwsFailed, after retries."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, job_id: str, delay_s: int = 0) -> None:
        with asking(WHAT):
            self._client.send_message(QueueUrl=self._url, MessageBody=job_id, DelaySeconds=delay_s)

    def receive(self, limit: int, wait_s: int) -> Sequence[Message]:
        with asking(WHAT):
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=limit,
                WaitTimeSeconds=wait_s,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
        return [message for message in map(self._read, answer.get("Messages", ())) if message is not None]

    def delete(self, message: Message) -> None:
        with asking(WHAT):
            try:
                self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt)
            except ClientError as error:
                _ignore_expired(error)

    def hold(self, message: Message, seconds: int) -> None:
        with asking(WHAT):
            try:
                self._client.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=message.receipt, VisibilityTimeout=seconds
                )
            except ClientError as error:
                _ignore_expired(error)

    def _read(self, message: MessageTypeDef) -> Message | None:
        """None for one that is not ours, which is thrown away."""
        body, receipt = message.get("Body", ""), message.get("ReceiptHandle", "")
        read = Message(body, receipt, int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)))
        if is_job_id(body):
            return read
        log.warning("message without a job", characters=len(body))
        try:
            self.delete(read)
        except AwsFailed as error:
            # It comes again; those beside it must not wait for that.
            log.warning("a message without a job could not be thrown away", problem=error.sentence)
        return None


def _ignore_expired(error: ClientError) -> None:
    """A delivery that another one has replaced: whoever has that one decides."""
    if code_of(error) not in _EXPIRED:
        raise error
