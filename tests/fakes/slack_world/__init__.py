"""A fake of Slack that speaks its protocols: Web API, Socket Mode, events over HTTP, with state and rules.

async with FakeSlack.open() as slack:
    team = slack.add_workspace("Wonderland")
    channel, ada = team.add_channel("general"), team.add_user("Ada", admin=True)
    ...  # Start a bot with slack.api_url, team.bot_token and slack.app_token.
    shown = await ada.slash(channel, "/complete", "--samples 3 -- Once upon")
    root = await slack.until(lambda: channel.roots and channel.roots[-1])
    await slack.settle()
    again = await ada.click(root.thread[-1], "Again")
    assert slack.violations == [] and slack.pings == []
"""

from tests.fakes.slack_world.application import Application
from tests.fakes.slack_world.asking import NoAnswer, NotPossible
from tests.fakes.slack_world.channels import Channel
from tests.fakes.slack_world.deliveries import Delivery
from tests.fakes.slack_world.endpoint import Endpoint, EndpointRefused
from tests.fakes.slack_world.fake import FakeSlack
from tests.fakes.slack_world.mentions import Ping
from tests.fakes.slack_world.messages import Message
from tests.fakes.slack_world.people import User
from tests.fakes.slack_world.shown import Shown
from tests.fakes.slack_world.views import View
from tests.fakes.slack_world.web_api.rate_limits import RateLimits
from tests.fakes.slack_world.workspaces import Workspace

__all__ = [
    "Application",
    "Channel",
    "Delivery",
    "Endpoint",
    "EndpointRefused",
    "FakeSlack",
    "Message",
    "NoAnswer",
    "NotPossible",
    "Ping",
    "RateLimits",
    "Shown",
    "User",
    "View",
    "Workspace",
]
