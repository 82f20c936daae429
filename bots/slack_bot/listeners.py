"""What Slack tells of, wired to what is done about it. Everything is acknowledged before anything slow begins."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

from slack_bolt.async_app import AsyncAck, AsyncApp

from bots.busy import Busy
from bots.controls import Control, read_control
from bots.seen import Seen
from bots.slack_bot.acts import Acts, Clicks
from bots.slack_bot.answers import Answer
from bots.slack_bot.commands import PREFIX, Commands, check_settings
from bots.slack_bot.deeds import Deed, Payload, of_action, of_command, of_event, of_shortcut, of_submission
from bots.slack_bot.forms import COMPLETE, CONFIG, changed_settings, read_complete, read_values
from bots.slack_bot.home import Home
from bots.slack_bot.incoming import read_message, without_mention
from bots.slack_bot.manifest import COMPLETE_THIS
from bots.slack_bot.mentions import Mentions
from bots.slack_bot.reactions import Reactions
from bots.slack_bot.telling import Telling
from bots.slack_bot.uninstall import Uninstall
from bots.slack_bot.workspaces import Workspaces
from bots.slack_bot.writing import Writing
from config.errors import InvalidOptions

TYPED_COMMANDS = ("status", "presets", "forget-me")
_CONTROLS = re.compile(r"^inkling:")
_MENUS = re.compile(r"^(?:preset|model)$")

_Work = Callable[[Deed, Answer], Awaitable[None]]


class Listeners:
    def __init__(
        self,
        workspaces: Workspaces,
        commands: Commands,
        acts: Acts,
        mentions: Mentions,
        reactions: Reactions,
        home: Home,
        writing: Writing,
        telling: Telling,
        uninstall: Uninstall,
        busy: Busy,
    ) -> None:
        self._workspaces = workspaces
        self._commands = commands
        self._acts = acts
        self._mentions = mentions
        self._reactions = reactions
        self._home = home
        self._writing = writing
        self._telling = telling
        self._uninstall = uninstall
        self._busy = busy
        self._seen = Seen()
        self._clicks = Clicks()

    def listen(self, app: AsyncApp) -> None:
        app.command("/complete")(self.complete)
        app.command(f"{PREFIX}config")(self.config)
        app.command(f"{PREFIX}help")(self.help)
        app.command(f"{PREFIX}explain")(self.explain)
        app.command(f"{PREFIX}story")(self.story)
        app.command(f"{PREFIX}compare")(self.compare)
        for name in TYPED_COMMANDS:
            app.command(PREFIX + name)(self._typed(name))
        app.action(_CONTROLS)(self.press)
        app.options(_MENUS)(self.suggest)
        app.shortcut(COMPLETE_THIS)(self.complete_this)
        app.view(COMPLETE)(self.submit_complete)
        app.view(CONFIG)(self.submit_config)
        app.view(_CONTROLS)(self.submit_control)
        self._listen_to_events(app)

    def _listen_to_events(self, app: AsyncApp) -> None:
        app.event("app_mention")(self.mention)
        app.event("message")(self.message)
        app.event("reaction_added")(self.reaction)
        app.event("app_home_opened")(self.home)
        app.event("app_uninstalled")(self.uninstalled)
        app.event("tokens_revoked")(self.tokens_revoked)

    async def _do(self, deed: Deed, work: _Work) -> None:
        """Once, however often Slack tells of it; what goes wrong is told to the person."""
        if not self._seen.is_new((deed.team, deed.id)):
            return
        self._busy.enter(deed.team)
        answer = Answer(self._workspaces, deed)
        try:
            await work(deed, answer)
        except Exception as error:
            await answer.fail(error)

    # Commands.

    async def complete(self, ack: AsyncAck, body: Payload) -> None:
        await ack()
        typed = body.get("text", "")
        await self._do(of_command(body), lambda deed, answer: self._commands.complete(deed, answer, typed))

    async def config(self, ack: AsyncAck, body: Payload) -> None:
        await ack()
        typed = body.get("text", "")
        await self._do(of_command(body), lambda deed, answer: self._commands.config(deed, answer, typed))

    async def help(self, ack: AsyncAck, body: Payload) -> None:
        await ack()
        await self._do(of_command(body), self._commands.help)

    async def explain(self, ack: AsyncAck, body: Payload) -> None:
        await ack()
        typed = body.get("text", "")
        await self._do(of_command(body), lambda deed, answer: self._commands.explain(deed, answer, typed))

    async def compare(self, ack: AsyncAck, body: Payload) -> None:
        await ack()
        typed = body.get("text", "")
        await self._do(of_command(body), lambda deed, answer: self._commands.compare(deed, answer, typed))

    async def story(self, ack: AsyncAck, body: Payload) -> None:
        await ack()
        typed = body.get("text", "")
        await self._do(of_command(body), lambda deed, answer: self._telling.type(deed, answer, typed))

    def _typed(self, name: str) -> Callable[..., Awaitable[None]]:
        async def run(ack: AsyncAck, body: Payload) -> None:
            await ack()
            typed = body.get("text", "")
            await self._do(of_command(body), lambda deed, answer: self._commands.type(deed, answer, name, typed))

        return run

    # Buttons, forms and shortcuts.

    async def press(self, ack: AsyncAck, body: Payload) -> None:
        await ack()
        deed, pressed = of_action(body), body["actions"][0]
        if self._clicks.is_first(deed, pressed["action_id"], float(pressed["action_ts"])):
            control = known_control(pressed["action_id"])
            await self._do(deed, lambda deed, answer: self._acts.press(deed, answer, control()))

    async def suggest(self, ack: AsyncAck, body: Payload) -> None:
        which, typed = body.get("action_id", ""), body.get("value", "")
        await ack(options=await self._commands.suggest(of_submission(body), which, typed))

    async def complete_this(self, ack: AsyncAck, body: Payload) -> None:
        await ack()
        text = read_message(body["message"].get("text", ""))
        await self._do(of_shortcut(body), lambda deed, answer: self._acts.complete_message(deed, answer, text))

    async def submit_complete(self, ack: AsyncAck, body: Payload) -> None:
        try:
            completion, private = read_complete(read_values(body["view"]))
        except InvalidOptions as error:
            await ack(response_action="errors", errors={error.name or "prompt": error.sentence})
            return
        await ack()
        await self._do(
            of_submission(body), lambda deed, answer: self._writing.complete(deed, answer, completion, private)
        )

    async def submit_config(self, ack: AsyncAck, body: Payload) -> None:
        changed = changed_settings(body["view"])
        if problems := check_settings(changed):
            await ack(response_action="errors", errors=problems)
            return
        await ack()
        await self._do(of_submission(body), lambda deed, answer: self._commands.save(deed, answer, changed))

    async def submit_control(self, ack: AsyncAck, body: Payload) -> None:
        await ack()
        control = known_control(body["view"]["callback_id"])
        values = {name: value or "" for name, value in read_values(body["view"]).items()}
        await self._do(of_submission(body), lambda deed, answer: self._acts.submit(deed, answer, control(), values))

    # Events: Bolt has acknowledged them.

    async def mention(self, body: Payload) -> None:
        await self._hear(body)

    async def message(self, body: Payload) -> None:
        """In direct messages nobody needs to be mentioned."""
        event = body["event"]
        if event.get("channel_type") == "im" and not event.get("subtype") and not event.get("bot_id"):
            await self._hear(body)

    async def _hear(self, body: Payload) -> None:
        event = body["event"]
        if not event.get("user") or event.get("bot_id"):
            return

        async def work(deed: Deed, answer: Answer) -> None:
            bot_user = (await self._workspaces.api(deed.team)).bot_user
            await self._mentions.say(deed, answer, without_mention(event.get("text", ""), bot_user))

        await self._do(in_its_thread(of_event(body)), work)

    async def reaction(self, body: Payload) -> None:
        event = body["event"]
        if event.get("item", {}).get("type") == "message":
            name = event["reaction"]
            await self._do(of_event(body), lambda deed, answer: self._reactions.added(deed, answer, name))

    async def home(self, body: Payload) -> None:
        if body["event"].get("tab", "home") == "home":
            await self._do(of_event(body), lambda deed, _: self._home.show(deed))

    async def uninstalled(self, body: Payload) -> None:
        self._busy.enter()
        await self._uninstall.erase(body["team_id"], float(body["event_time"]))

    async def tokens_revoked(self, body: Payload) -> None:
        """People's own tokens, which we have none of, may be among them too."""
        if body["event"].get("tokens", {}).get("bot"):
            await self.uninstalled(body)


def known_control(custom_id: str) -> Callable[[], Control]:
    """Reads it when it is needed; InvalidOptions for one of a version that knew others."""

    def read() -> Control:
        control = read_control(custom_id)
        if control is None:
            raise InvalidOptions("That is from another version of me, and I don't know it any more.")
        return control

    return read


def in_its_thread(deed: Deed) -> Deed:
    """What is said outside of threads is answered in one from it."""
    return deed if deed.thread else replace(deed, thread=deed.message)
