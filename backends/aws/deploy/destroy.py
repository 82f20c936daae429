"""Taking a stack down, and saying what stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backends.aws.deploy.account import Account
from backends.aws.deploy.bucket import CodeBucket
from backends.aws.deploy.stack import Stack, StackState
from backends.aws.deploy.watcher import Watcher


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that outlives the stack, and how to remove it oneself."""

    what: str
    how_to_remove: str


def kept_of(state: StackState) -> Sequence[Kept]:
    kept = []
    if store := state.outputs.get("StoreTable"):
        kept.append(
            Kept(
                f"the bots' table {store}, with people's settings and texts",
                f"aws dynamodb delete-table --table-name {store}",
            )
        )
    if (machine := state.parameters.get("InstanceId")) and state.outputs.get("Machine") == machine:
        kept.append(Kept(f"the machine {machine}, which was there before", f"stop or terminate {machine} yourself"))
    return kept


def destroy(account: Account, stack: Stack, watcher: Watcher) -> None:
    """All but what `kept_of` names. Doing it twice is harmless. Raises AwsFailed."""
    watcher.step("Deleting the stack")
    stack.delete()
    watcher.step("Emptying its bucket")
    count = CodeBucket(account, stack.name).empty_and_delete()
    watcher.note(f"The stack {stack.name} and {count} files are gone")
