"""A fake of Discord that speaks its protocols: REST, gateway and interactions, with state and rules."""

from tests.fakes.discord_world.asking import NoAnswer, NotPossible
from tests.fakes.discord_world.endpoint import Endpoint, EndpointRefused
from tests.fakes.discord_world.fake import FakeDiscord
from tests.fakes.discord_world.interactions import Ack
from tests.fakes.discord_world.options import File
from tests.fakes.discord_world.permissions import Permission
from tests.fakes.discord_world.places import Kind
from tests.fakes.discord_world.rest.rate_limits import RateLimits
from tests.fakes.discord_world.shown import Shown

__all__ = [
    "Ack",
    "Endpoint",
    "EndpointRefused",
    "FakeDiscord",
    "File",
    "Kind",
    "NoAnswer",
    "NotPossible",
    "Permission",
    "RateLimits",
    "Shown",
]
