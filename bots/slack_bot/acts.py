"""What each button and form on a result does."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from backends.store.records import PostRecord
from bots.actions import more_actions
from bots.asks import Asks
from bots.choosing import ASK_PLACE, ASK_TOKEN, places, tokens
from bots.commands.story import Completion
from bots.controls import Control
from bots.core import Core
from bots.documents import result_document
from bots.insight.table import insight_lines
from bots.slack_bot.answers import Answer
from bots.slack_bot.deeds import Deed
from bots.slack_bot.forms import edit_modal, vary_modal
from bots.slack_bot.people import People
from bots.slack_bot.place import address_of, read_place
from bots.slack_bot.rendering import ASKED_FILE, ASKED_PICTURE
from bots.slack_bot.takedown import Takedown
from bots.slack_bot.telling import Telling
from bots.slack_bot.workspaces import Workspaces
from bots.slack_bot.writing import Writing
from bots.views import Action
from config.errors import InvalidOptions, NotFound

DOUBLE_CLICK_S = 1.5
MOST_CHOICES = 100
"""Of one menu."""
MOST_REMEMBERED = 10_000

_Act = Callable[[Deed, Answer, Control], Awaitable[None]]


class Clicks:
    """Tells a double click from two: by the times Slack gives, so that it doesn't matter when they arrive."""

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[str, str | None, str], float] = OrderedDict()

    def is_first(self, deed: Deed, action_id: str, clicked_at: float) -> bool:
        key = (deed.user, deed.message, action_id)
        last = self._last.get(key)
        if last is not None and abs(clicked_at - last) < DOUBLE_CLICK_S:
            return False
        self._last[key] = clicked_at
        if len(self._last) > MOST_REMEMBERED:
            self._last.popitem(last=False)
        return True


class Acts:
    def __init__(
        self,
        core: Core,
        writing: Writing,
        takedown: Takedown,
        people: People,
        workspaces: Workspaces,
        telling: Telling,
    ) -> None:
        self._core = core
        self.asks = Asks(core.story)
        self._writing = writing
        self._takedown = takedown
        self._people = people
        self._workspaces = workspaces
        self._presses: Mapping[Action, _Act] = {
            "stop": self._stop,
            "again": self._derive,
            "same_seed": self._derive,
            "continue": self._derive,
            "pick": self._derive,
            "vary": self._open_vary,
            "edit": self._open_edit,
            "why": self._why,
            "place": self._choose_token,
            "token": self._branch,
            "more": self._more,
            "story": telling.press,
            "file": self._file,
            "undo": self._undo,
            "delete": self._delete,
        }

    async def press(self, deed: Deed, answer: Answer, control: Control) -> None:
        """A button. One on a message that nobody remembers works too, and takes that message away."""
        await self._presses[control.action](deed, answer, control)
        if deed.message is not None and not deed.ephemeral and control.action not in ("delete", "undo"):
            record = await self._core.story.find(self._people.hasty(deed), control.request_id)
            await self._takedown.take_down_stray(record, deed.channel, deed.message)

    async def submit(self, deed: Deed, answer: Answer, control: Control, values: Mapping[str, str]) -> None:
        """A filled form."""
        await self._writing.derive(deed, answer, control, self.asks.of_form(control, values))

    async def complete_message(self, deed: Deed, answer: Answer, text: str) -> None:
        """A message of a result goes on from that result, all of it; any other is a text to finish."""
        post = await self._post_at(deed)
        if post is not None:
            action: Action = "again" if post.sample is None else "continue"
            await self._derive(deed, answer, Control(action, post.request_id, post.sample or 0))
        elif text.strip():
            await self._writing.complete(deed, answer, Completion(text))
        else:
            raise InvalidOptions("That message holds no text that I could finish.")

    async def _post_at(self, deed: Deed) -> PostRecord | None:
        try:
            return await self._core.results.at(self._people.hasty(deed), address_of(deed.channel, deed.message or ""))
        except NotFound:
            return None

    async def _derive(self, deed: Deed, answer: Answer, control: Control) -> None:
        await self._writing.derive(deed, answer, control, self.asks.of_control(control))

    async def _open_vary(self, deed: Deed, answer: Answer, control: Control) -> None:
        record = await self._core.story.find(self._people.hasty(deed), control.request_id)
        api = await self._workspaces.api(deed.team)
        await api.open_view(deed.trigger, vary_modal(control, deed, record.options))

    async def _open_edit(self, deed: Deed, answer: Answer, control: Control) -> None:
        record = await self._core.story.find(self._people.hasty(deed), control.request_id)
        api = await self._workspaces.api(deed.team)
        await api.open_view(deed.trigger, edit_modal(control, deed, record.prompt))

    async def _stop(self, deed: Deed, answer: Answer, control: Control) -> None:
        await self._core.results.stop(await self._people.invocation(deed), control.request_id)

    async def _more(self, deed: Deed, answer: Answer, control: Control) -> None:
        view = await self._core.results.show(self._people.hasty(deed), control.request_id)
        controls = [Control(each, view.request_id, control.sample, view.private) for each in more_actions(view)]
        if not controls:
            raise InvalidOptions("That result is still being written; stop it or wait for its end.")
        await answer.offer("More for this result:", controls)

    async def _file(self, deed: Deed, answer: Answer, control: Control) -> None:
        """Where the result is: who can read it there may have it as a file. It goes when the result goes."""
        invocation = await self._people.invocation(deed)
        await self._core.results.check_place(invocation)
        record = await self._core.story.find(invocation, control.request_id)
        view = await self._core.results.show(invocation, control.request_id)
        place = read_place(record.reply_ref, record.channel, record.requester_id)
        its_id = await answer.give(result_document(view, control.sample), place.channel, place.thread)
        address = address_of(place.channel, its_id)
        await self._core.posts.remember(PostRecord(record.id, address, control.sample, ASKED_FILE))

    async def _why(self, deed: Deed, answer: Answer, control: Control) -> None:
        """The picture where the result is, the words for the one who asked; it goes when the result goes."""
        invocation = await self._people.invocation(deed)
        insight = await self._core.insight.why(invocation, control.request_id, control.sample, answer.say)
        record = await self._core.story.find(invocation, control.request_id)
        place = read_place(record.reply_ref, record.channel, record.requester_id)
        its_id = await answer.give(await self._core.insight.picture(insight), place.channel, place.thread)
        address = address_of(place.channel, its_id)
        await self._core.posts.remember(PostRecord(record.id, address, control.sample, ASKED_PICTURE))
        await answer.quote("\n".join(insight_lines(insight)))
        if choices := places(insight, MOST_CHOICES):
            await answer.ask(ASK_PLACE, replace(control, action="place"), choices)

    async def _choose_token(self, deed: Deed, answer: Answer, control: Control) -> None:
        """Asked anew, as nothing is kept of what was shown."""
        invocation = await self._people.invocation(deed)
        insight = await self._core.insight.why(invocation, control.request_id, control.sample, answer.say)
        await answer.ask(ASK_TOKEN, replace(control, action="token"), tokens(insight, deed.chosen))

    async def _branch(self, deed: Deed, answer: Answer, control: Control) -> None:
        await self._writing.derive(deed, answer, control, self.asks.of_choice(control, deed.chosen))

    async def _undo(self, deed: Deed, answer: Answer, control: Control) -> None:
        invocation = await self._people.invocation(deed)
        record = await self._core.story.find(invocation, control.request_id)
        before = await self._core.results.undo(invocation, control.request_id)
        posts = await self._core.posts.of(record.id)
        await self._takedown.take_down(record, posts, f"undone by @{invocation.requester.name}")
        if before is not None:
            await answer.say("Taken out of the story; it goes on from the result before.")

    async def _delete(self, deed: Deed, answer: Answer, control: Control) -> None:
        await self._takedown.delete(await self._people.invocation(deed), control.request_id)
