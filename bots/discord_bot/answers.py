"""What one person is told about one interaction: acknowledged first, answered later, for their eyes only."""

from __future__ import annotations

import io
from collections.abc import Sequence

import discord
import structlog

from bots.discord_bot.failures import ALREADY_ANSWERED, code_of, explain
from bots.discord_bot.markup import MARKUP, MESSAGE_LIMIT
from bots.discord_bot.retrying import persist
from bots.documents import Attachment, Document, Picture
from bots.presenter import BROKEN
from config.errors import InklingError

MOST_OF_DESCRIPTION = 1024
"""Characters of a picture's words for those who can't see it."""
NO_MENTIONS = discord.AllowedMentions.none()
TOO_SLOW = "That took me too long; try again in a moment."

log = structlog.get_logger(__name__)


def _file(attachment: Attachment) -> discord.File:
    description = attachment.description[:MOST_OF_DESCRIPTION] if isinstance(attachment, Picture) else None
    return discord.File(io.BytesIO(attachment.content), filename=attachment.name, description=description)


class Answer:
    """`acknowledge` comes before anything slow: Discord waits three seconds."""

    def __init__(self, interaction: discord.Interaction) -> None:
        self._interaction = interaction
        self.waits = False
        """Whether Discord shows this person that an answer is being thought of."""

    async def acknowledge(self, thinking: bool = True) -> bool:
        """False when Discord no longer waits. `thinking` announces an answer; without, a button just works.

        An interaction that was acknowledged before is one whose acknowledgement got lost on its way back to us.
        """
        try:
            await persist(lambda: self._interaction.response.defer(ephemeral=True, thinking=thinking))
        except discord.HTTPException as error:
            if code_of(error) != ALREADY_ANSWERED:
                log.warning("discord.not_acknowledged", code=code_of(error), status=error.status)
                return False
        except discord.InteractionResponded:
            log.info("discord.acknowledged_before")
        self.waits = thinking
        return True

    async def wait(self, sentence: str) -> None:
        """Why there is no answer yet, in its place."""
        await self._interaction.edit_original_response(content=MARKUP.escape(sentence), allowed_mentions=NO_MENTIONS)

    async def say(self, *lines: str) -> None:
        """Plain text, shown as it is; as a file when it is too long for a message."""
        text = MARKUP.escape("\n".join(lines))
        if MARKUP.length(text) <= MESSAGE_LIMIT:
            await self._send(text, [])
        else:
            await self.give(Document("answer.txt", "\n".join(lines)))

    async def give(self, attachment: Attachment) -> None:
        await self._send("", [_file(attachment)])

    async def show(self, picture: Picture, *lines: str) -> None:
        """A picture with its words; what is too long for a message comes as a file too."""
        text = MARKUP.escape("\n".join(lines))
        if MARKUP.length(text) <= MESSAGE_LIMIT:
            await self._send(text, [_file(picture)])
        else:
            await self._send("", [_file(picture), _file(Document("why.txt", "\n".join(lines)))])

    async def offer(self, text: str, view: discord.ui.View) -> None:
        """A sentence with buttons."""
        if self.waits:
            await self._interaction.edit_original_response(content=text, view=view, allowed_mentions=NO_MENTIONS)
            self.waits = False
        else:
            await self._interaction.followup.send(text, view=view, ephemeral=True, allowed_mentions=NO_MENTIONS)

    async def _send(self, text: str, files: Sequence[discord.File]) -> None:
        if self.waits:
            await self._interaction.edit_original_response(
                content=text or None, attachments=list(files), allowed_mentions=NO_MENTIONS
            )
            self.waits = False
        else:
            await self._interaction.followup.send(text, files=files, ephemeral=True, allowed_mentions=NO_MENTIONS)

    async def done(self) -> None:
        """There is nothing to say: what was asked for can be seen."""
        if self.waits:
            await persist(self._interaction.delete_original_response)
            self.waits = False

    def shown_elsewhere(self) -> None:
        """Something else has taken the response's place."""
        self.waits = False

    async def fail(self, error: BaseException) -> None:
        """The error as one sentence; what nobody expected goes to the log too."""
        sentence = sentence_of(error)
        if sentence == BROKEN:
            log.error("discord.failed", exc_info=error)
        try:
            await self.say(sentence)
        except discord.HTTPException as refused:
            log.info("discord.unheard", code=code_of(refused))


def answer_of(interaction: discord.Interaction) -> Answer:
    """The one the tree has acknowledged this command with."""
    answer: Answer = interaction.extras["answer"]
    return answer


async def refuse_outdated(interaction: discord.Interaction) -> None:
    """A button or form of a version that knew others."""
    answer = Answer(interaction)
    if await answer.acknowledge():
        await answer.say("That is from another version of me, and I don't know it any more.")


def sentence_of(error: BaseException) -> str:
    if isinstance(error, InklingError):
        return error.sentence
    if isinstance(error, discord.HTTPException | discord.RateLimited):
        return explain(error)
    return TOO_SLOW if isinstance(error, TimeoutError) else BROKEN
