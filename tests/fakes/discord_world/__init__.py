"""A fake of Discord that speaks its protocols: REST, gateway and interactions, with state and rules.

async with FakeDiscord.open() as discord:
    guild = discord.add_guild("Wonderland")
    channel, ada = guild.add_channel("general"), guild.add_member("Ada")
    ...  # Start a bot with discord.api_url, discord.gateway_url and discord.token.
    shown = await ada.slash(channel, "complete", prompt="Once upon", samples=3)
    thread = await discord.until(lambda: shown.message.thread)
    await discord.settle()
    again = await ada.click(thread.messages[-1], "Again")
    assert discord.violations == [] and discord.pings == []
"""

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
