"""The store in one DynamoDB table, shared by as many bots as one likes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import boto3
from ulid import ULID

from backends.aws.calls import PATIENT, AwsFailed, asking
from backends.store.dynamodb.accepting import AcceptingPart
from backends.store.dynamodb.installing import InstallingPart
from backends.store.dynamodb.living import LivingPart
from backends.store.dynamodb.people import PeoplePart
from backends.store.dynamodb.posting import PostingPart
from backends.store.dynamodb.setup import prepare
from backends.store.dynamodb.sharing import SharingPart
from backends.store.dynamodb.table import Table
from backends.store.dynamodb.threads import Threads
from backends.store.dynamodb.unshown import UnshownPart
from backends.store.dynamodb.upkeep import UpkeepPart
from backends.store.protocol import Store
from config.errors import InvalidSettings

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class DynamoStore(
    AcceptingPart, LivingPart, UnshownPart, UpkeepPart, PostingPart, PeoplePart, InstallingPart, SharingPart, Store
):
    """See the protocol for what each call does."""

    def __init__(
        self, client: DynamoDBClient, table: str, clock: Callable[[], float] = time.time, bot: str | None = None
    ) -> None:
        """`bot` is a name that no other bot has, and this one has again when it is started anew."""
        super().__init__(Table(client, table), Threads(), clock, bot or str(ULID()))

    @classmethod
    async def open(
        cls, table: str, region: str | None = None, profile: str | None = None, bot: str | None = None
    ) -> Self:
        """The store in this table, made if need be. boto3 finds credentials, endpoint (`AWS_ENDPOINT_URL_DYNAMODB`)
        and, where none is given, region by itself. InvalidSettings, saying what to do, if it can't be used.
        """
        store = cls(await asyncio.to_thread(_connect, table, region, profile), table, bot=bot)
        if bot is not None:
            # Before it accepts anything, lest another bot takes that for left.
            await store.stay()
        return store

    async def aclose(self) -> None:
        await self._threads.aclose()
        self._table.close()


def _connect(table: str, region: str | None, profile: str | None) -> DynamoDBClient:
    try:
        with asking(f"the table {table}"):
            client = boto3.Session(region_name=region, profile_name=profile).client("dynamodb", config=PATIENT)
    except AwsFailed as error:
        raise InvalidSettings(error.sentence) from error
    prepare(client, table)
    return client
