"""What people do with Slack's client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.fakes.slack_world import asking, events, forms, installing, posting, submitting
from tests.fakes.slack_world.asking import NotPossible
from tests.fakes.slack_world.composing import linked
from tests.fakes.slack_world.files import File
from tests.fakes.slack_world.shown import Shown
from tests.fakes.slack_world.views import View, home_of, top_modal

if TYPE_CHECKING:
    from tests.fakes.slack_world.channels import Channel
    from tests.fakes.slack_world.installing import Page
    from tests.fakes.slack_world.messages import Message
    from tests.fakes.slack_world.people import User


class Actor:
    @property
    def user(self) -> User:
        raise NotImplementedError

    async def slash(self, where: Channel, command: str, text: str = "", *, thread: Message | None = None) -> Shown:
        """`command` with its slash; Slack's client has none in threads."""
        if thread is not None:
            raise NotPossible(f"{command} is not supported in threads. Sorry!")
        return Shown(await asking.command(self.user, where, command, text))

    async def click(self, where: Message | View, button: str) -> Shown:
        """By label, value or action_id."""
        element = forms.element(where, button, self.user, types=("button", "workflow_button"))
        return Shown(await asking.act(self.user, where, element, forms.pressed(element)))

    async def choose(self, where: Message | View, element: str, *chosen: Any) -> Shown:
        """Of a menu, radio buttons, checkboxes or an overflow, by action_id, placeholder or label."""
        found = forms.element(where, element, self.user)
        value = forms.value(self.user.workspace, found, list(chosen))
        if isinstance(where, View):
            where.state.setdefault(found["block_id"], {})[found["action_id"]] = value
        return Shown(await asking.act(self.user, where, found, value))

    async def submit(self, view: View, values: Mapping[str, Any] | None = None) -> Shown:
        """`values` by label, block_id or action_id; fields not named keep what they hold."""
        return Shown(await submitting.submit(self.user, view, values or {}))

    async def look_up(self, view: View, menu: str, typed: str = "") -> list[dict[str, Any]]:
        """What a menu that asks the bot offers for what was typed: options, one of which `submit` takes."""
        found = forms.element(view, menu, self.user, types=("external_select", "multi_external_select"))
        if len(typed) < found.get("min_query_length", 3):
            raise NotPossible(f"“{typed}” is too short to look anything up")
        return await submitting.look_up(self.user, view, found, typed)

    async def close(self, view: View) -> None:
        """The bot hears of it if it asked to."""
        await submitting.close(self.user, view)

    async def shortcut(self, message: Message, name: str) -> Shown:
        """On a message."""
        return Shown(await asking.message_shortcut(self.user, message, name))

    async def global_shortcut(self, name: str) -> Shown:
        return Shown(await asking.global_shortcut(self.user, name))

    async def open_home(self) -> View | None:
        """What the tab shows once the bot has heard of it; the bot may publish later."""
        return await asking.home(self.user)

    @property
    def home(self) -> View | None:
        return home_of(self.user)

    @property
    def modal(self) -> View | None:
        """The one on top."""
        return top_modal(self.user)

    async def install(
        self, url: str, *, allow: bool = True, state: str | None = None, keeps_cookies: bool = True
    ) -> Page:
        """By OAuth, from the app's install page at `url` to its last page; with `state` a forged one comes back."""
        return await installing.install(self.user, url, allow=allow, state=state, keeps_cookies=keeps_cookies)

    def consent(self, *scopes: str, redirect_uri: str = "") -> str:
        """The code alone, where a test plays the app's part itself."""
        return installing.consent(self.user, scopes or self.user.world.app.scopes, redirect_uri)

    # Saying.

    async def say(self, where: Channel, text: str, *, thread: Message | None = None) -> Message:
        """As typed into Slack's client: escaped, URLs marked, @names and #names by their ids."""
        self._enter(where)
        body = {"text": linked(text, self.user.workspace)}
        return posting.post(where, self.user, body, thread_ts=_root_ts(thread))

    async def mention(self, where: Channel, text: str, *, thread: Message | None = None) -> Message:
        """Says it with the bot's name in front."""
        self._enter(where)
        said = f"{self.user.workspace.bot.tag} {linked(text, self.user.workspace)}".strip()
        return posting.post(where, self.user, {"text": said}, thread_ts=_root_ts(thread))

    async def upload(
        self, where: Channel, name: str, content: str | bytes, text: str = "", *, thread: Message | None = None
    ) -> Message:
        self._enter(where)
        held = content.encode() if isinstance(content, str) else content
        file = File(self.user.workspace, self.user.world.mint("F"), name, self.user, len(held), held, complete=True)
        self.user.world.files[file.id] = file
        body = {"text": linked(text, self.user.workspace)}
        return posting.post(where, self.user, body, thread_ts=_root_ts(thread), files=[file])

    async def delete(self, message: Message) -> None:
        """Whether people may is not checked."""
        posting.delete(message)

    async def react(self, message: Message, name: str) -> None:
        """Without the colons."""
        self._enter(message.channel)
        if self.user in message.reactions.get(name, []):
            raise NotPossible(f"{self.user.name} already reacted with :{name}:")
        posting.react(message, self.user, name)

    async def unreact(self, message: Message, name: str) -> None:
        posting.unreact(message, self.user, name)

    async def edit(self, message: Message, text: str) -> None:
        if message.author is not self.user:
            raise NotPossible(f"{self.user.name} did not write this")
        posting.edit(message, {"text": linked(text, self.user.workspace)})

    async def invite(self, where: Channel, user: User | None = None) -> None:
        """Somebody into a channel: the bot, unless named."""
        self._enter(where)
        invited = user or self.user.workspace.bot
        if invited not in where.members:
            where.members.append(invited)
            events.joined(where, invited, self.user)

    async def remove_bot(self, where: Channel) -> None:
        self._enter(where)
        where.members.remove(self.user.workspace.bot)

    # Seeing.

    def sees(self, where: Channel | None = None) -> list[Message]:
        """What is shown to this person alone."""
        channels = [where] if where else list(self.user.workspace.channels.values())
        return [
            each
            for channel in channels
            for each in channel.posted
            if each.ephemeral_to is self.user and not each.deleted
        ]

    def _enter(self, where: Channel) -> None:
        if not where.seen_by(self.user):
            raise NotPossible(f"{self.user.name} does not see #{where.name}")
        if where.archived:
            raise NotPossible(f"#{where.name} is archived")

    async def open_messages(self) -> None:
        """The app's Messages tab: app_home_opened comes for that too."""
        events.home_opened(self.user, self.user.workspace.direct_channel(self.user), None, "messages")


def _root_ts(thread: Message | None) -> str | None:
    return (thread.thread_ts or thread.ts) if thread else None
