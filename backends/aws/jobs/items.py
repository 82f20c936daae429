"""Jobs as items of the table, and back.

pk            sk                    what
job#ID        record                everything a `Job` has; `open` and pk are the key of the index `by_open` while open
job#ID        prompt#000            the prompt in pieces
job#ID        entry#0001#000001#00  the journal: attempt, sequence, piece
key#HASH      key                   an owner's idempotency key: the job's id and a fingerprint of what was asked
host#NAME     host                  what a machine says of itself
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from backends.aws.jobs.failure import Failure
from backends.aws.jobs.job import Job, JobState, Mark, NewJob, Order
from config.sampling import SamplingOptions

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

RECORD, KEY, HOST = "record", "key", "host"
OPEN_INDEX, OPEN_ATTRIBUTE, OPEN_MARK = "by_open", "open", "1"
TTL_ATTRIBUTE = "ttl"
CLAIM = "claim"
"""In a record: the name that whoever made or leased it gave to doing so."""

_serializer, _deserializer = TypeSerializer(), TypeDeserializer()


def to_item(values: Mapping[str, Any]) -> dict[str, AttributeValueTypeDef]:
    """Without what is None; floats as the decimals they are written as."""
    return {name: _attribute(value) for name, value in values.items() if value is not None}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _deserializer.deserialize(value) for name, value in item.items()}


def _attribute(value: Any) -> AttributeValueTypeDef:
    plain = Decimal(repr(value)) if isinstance(value, float) else value
    return _serializer.serialize(plain)


def job_pk(job_id: str) -> str:
    return f"job#{job_id}"


def id_in(pk: str) -> str:
    return pk.removeprefix("job#")


def key_pk(owner: str, key: str) -> str:
    """Hashed, since a key may be long, and owner and key must not run into each other."""
    return "key#" + hashlib.sha256(json.dumps([owner, key]).encode()).hexdigest()


def entry_sk(mark: Mark) -> str:
    return f"entry#{mark.attempt:04}#{mark.sequence:06}"


def mark_in(sk: str) -> Mark:
    _, attempt, sequence, _ = sk.split("#")
    return Mark(int(attempt), int(sequence))


def record_of(job: Job, ttl: int) -> dict[str, Any]:
    """A new job's."""
    fixed = {
        "pk": job_pk(job.id),
        "sk": RECORD,
        TTL_ATTRIBUTE: ttl,
        "owner": job.owner,
        "ordered": order_text(job.order),
        "created_at": job.created_at,
        "deadline_at": job.deadline_at,
        "cancel_requested": job.cancel_requested,
    }
    return fixed | changing(job)


def changing(job: Job) -> dict[str, Any]:
    """What changes as a job is worked on; None is not there. Not the request to cancel, which others make meanwhile."""
    return {
        OPEN_ATTRIBUTE: OPEN_MARK if job.is_open else None,
        "state": job.state,
        "attempt": job.mark.attempt,
        "sequence": job.mark.sequence,
        "worker": job.worker,
        "lease_until": job.lease_until,
        "tries": job.tries,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "model": job.model,
        "failure": job.failure.model_dump_json() if job.failure else None,
    }


def job_of(values: Mapping[str, Any]) -> Job:
    failure = values.get("failure")
    return Job(
        id=id_in(values["pk"]),
        owner=values["owner"],
        order=order_of(values["ordered"]),
        created_at=float(values["created_at"]),
        deadline_at=float(values["deadline_at"]),
        state=cast(JobState, values["state"]),
        mark=Mark(int(values["attempt"]), int(values["sequence"])),
        worker=values.get("worker"),
        lease_until=_float(values.get("lease_until")),
        tries=int(values["tries"]),
        cancel_requested=values["cancel_requested"],
        started_at=_float(values.get("started_at")),
        finished_at=_float(values.get("finished_at")),
        model=values.get("model"),
        failure=Failure.model_validate_json(failure) if failure else None,
    )


def order_text(order: Order) -> str:
    """The same text for the same order."""
    return json.dumps(
        {
            "options": order.options.model_dump(mode="json"),
            "model": order.model,
            "keep_last_tokens": order.keep_last_tokens,
            "write_s": order.write_s,
        },
        sort_keys=True,
    )


def order_of(text: str) -> Order:
    values = json.loads(text)
    return Order(**{**values, "options": SamplingOptions.model_validate(values["options"])})


def fingerprint(new: NewJob) -> str:
    """Of all that makes two requests the same."""
    return hashlib.sha256(json.dumps([new.prompt, order_text(new.order)]).encode()).hexdigest()


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
