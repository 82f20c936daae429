"""A store in a few dictionaries, for tests that aren't about storing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from backends.store.protocol import SettingsChanged
from backends.store.records import (
    Accepted,
    AuditEntry,
    Outcome,
    RequestRecord,
    SampleRecord,
    StoredSettings,
    Usage,
)
from config.sampling import SamplingOverrides
from config.workspace import WorkspaceRef, WorkspaceSettings


class MemoryStore:
    def __init__(self) -> None:
        self._settings: dict[WorkspaceRef, StoredSettings] = {}
        self._audit: list[tuple[WorkspaceRef, AuditEntry]] = []
        self._requests: dict[str, RequestRecord] = {}
        self._samples: dict[tuple[str, int], SampleRecord] = {}
        self._delivered: set[str] = set()
        self._presets: dict[tuple[WorkspaceRef, str], dict[str, SamplingOverrides]] = {}

    async def workspace(self, ref: WorkspaceRef) -> StoredSettings:
        return self._settings.get(ref, StoredSettings(WorkspaceSettings(), 0))

    async def save_workspace(
        self, ref: WorkspaceRef, settings: WorkspaceSettings, expected_version: int, entry: AuditEntry
    ) -> int:
        if (await self.workspace(ref)).version != expected_version:
            raise SettingsChanged("Somebody else changed the settings just now.")
        self._settings[ref] = StoredSettings(settings, expected_version + 1)
        self._audit.insert(0, (ref, entry))
        return expected_version + 1

    async def audit(self, ref: WorkspaceRef, limit: int) -> tuple[AuditEntry, ...]:
        return tuple(entry for its, entry in self._audit if its == ref)[:limit]

    async def accept(self, record: RequestRecord) -> Accepted:
        for known in self._requests.values():
            if known.idempotency_key == record.idempotency_key:
                return Accepted(known, False)
        self._requests[record.id] = record
        return Accepted(record, True)

    async def request_of_key(self, idempotency_key: str) -> RequestRecord | None:
        return next((each for each in self._requests.values() if each.idempotency_key == idempotency_key), None)

    async def request(self, request_id: str) -> RequestRecord | None:
        return self._requests.get(request_id)

    async def samples(self, request_id: str) -> tuple[SampleRecord, ...]:
        return tuple(sample for (its, _), sample in sorted(self._samples.items()) if its == request_id)

    async def mark_running(self, request_id: str, started_at: datetime) -> None:
        self._update(request_id, status="running", started_at=self._requests[request_id].started_at or started_at)

    async def set_reply(self, request_id: str, reply_ref: str) -> None:
        self._update(request_id, reply_ref=reply_ref)

    async def checkpoint(self, samples: Sequence[SampleRecord]) -> None:
        for sample in samples:
            if sample.request_id in self._requests and self._requests[sample.request_id].is_open:
                self._samples[sample.request_id, sample.index] = sample

    async def finish(self, request_id: str, outcome: Outcome, samples: Sequence[SampleRecord]) -> bool:
        if request_id not in self._requests or not self._requests[request_id].is_open:
            return False
        await self.checkpoint(samples)
        known = self._requests[request_id]
        self._update(
            request_id,
            status=outcome.status,
            finished_at=outcome.finished_at,
            model=outcome.model or known.model,
            error=outcome.error,
            notes=outcome.notes,
        )
        return True

    async def open_requests(self) -> tuple[RequestRecord, ...]:
        return tuple(record for record in self._requests.values() if record.is_open)

    async def undelivered(self, since: datetime) -> tuple[RequestRecord, ...]:
        return tuple(
            each
            for each in self._requests.values()
            if each.finished_at is not None and each.finished_at >= since and each.id not in self._delivered
        )

    async def mark_delivered(self, request_id: str) -> None:
        self._delivered.add(request_id)

    async def open_of(self, ref: WorkspaceRef, requester_id: str) -> tuple[RequestRecord, ...]:
        return tuple(record for record in await self.requests_of(ref, requester_id) if record.is_open)

    async def last_accepted_at(self, ref: WorkspaceRef, requester_id: str) -> datetime | None:
        records = await self.requests_of(ref, requester_id)
        return records[-1].created_at if records else None

    async def group(self, group_id: str) -> tuple[RequestRecord, ...]:
        return tuple(record for record in self._requests.values() if record.group_id == group_id)

    async def children(self, request_id: str) -> tuple[RequestRecord, ...]:
        records = self._requests.values()
        return tuple(each for each in records if each.parent and each.parent.request_id == request_id)

    async def recent(
        self, ref: WorkspaceRef, channel: str, limit: int, before: str | None = None
    ) -> tuple[RequestRecord, ...]:
        here = [each for each in self._requests.values() if each.workspace == ref and each.channel == channel]
        return tuple(each for each in here if before is None or each.id < before)[-limit:]

    async def withdraw(self, request_id: str, withdrawn: bool) -> None:
        self._update(request_id, withdrawn=withdrawn)

    async def delete(self, request_id: str) -> bool:
        self._samples = {key: sample for key, sample in self._samples.items() if key[0] != request_id}
        return self._requests.pop(request_id, None) is not None

    async def presets(self, ref: WorkspaceRef, user_id: str) -> Mapping[str, SamplingOverrides]:
        return dict(self._presets.get((ref, user_id), {}))

    async def save_preset(self, ref: WorkspaceRef, user_id: str, name: str, overrides: SamplingOverrides) -> None:
        self._presets.setdefault((ref, user_id), {})[name] = overrides

    async def delete_preset(self, ref: WorkspaceRef, user_id: str, name: str) -> bool:
        return self._presets.get((ref, user_id), {}).pop(name, None) is not None

    async def requests_of(self, ref: WorkspaceRef, user_id: str) -> tuple[RequestRecord, ...]:
        records = self._requests.values()
        return tuple(each for each in records if each.workspace == ref and each.requester_id == user_id)

    async def erase_user(self, ref: WorkspaceRef, user_id: str) -> int:
        records = await self.requests_of(ref, user_id)
        for record in records:
            await self.delete(record.id)
        self._presets.pop((ref, user_id), None)
        return len(records)

    async def usage(self, ref: WorkspaceRef, since: datetime) -> Usage:
        ended = [each for each in self._requests.values() if each.workspace == ref and not each.is_open]
        return Usage(len(ended), len(ended), 0, 0.0)

    async def purge(self, ref: WorkspaceRef, before: datetime) -> int:
        here = [each for each in self._requests.values() if each.workspace == ref and not each.is_open]
        due = [each for each in here if each.created_at < before]
        for record in due:
            await self.delete(record.id)
        return len(due)

    async def workspaces(self) -> tuple[WorkspaceRef, ...]:
        return tuple(self._settings)

    async def aclose(self) -> None:
        """Nothing to release."""

    def _update(self, request_id: str, **changes: object) -> None:
        if request_id in self._requests:
            self._requests[request_id] = replace(self._requests[request_id], **changes)  # type: ignore[arg-type]
