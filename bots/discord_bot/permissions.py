"""What the bot may do where it is asked, and how it tells what it lacks."""

from __future__ import annotations

from collections.abc import Sequence

import discord

INVITE = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
    add_reactions=True,
)
"""All it needs; the invite link asks for exactly these."""
_NAMES = {
    "view_channel": "View Channel",
    "read_messages": "View Channel",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
    "create_public_threads": "Create Public Threads",
    "attach_files": "Attach Files",
}
_FIX = "an admin can fix it in Channel settings → Permissions."


def lacking(held: discord.Permissions, *needed: str) -> list[str]:
    """The names, as Discord's settings show them, of those that are not held."""
    return [_NAMES[name] for name in needed if not getattr(held, name)]


def no_writing(where: str, missing: Sequence[str]) -> str:
    return f"I can't write in {where}: I lack {_listed(missing)}. Only you see this; {_FIX}"


def no_thread(where: str, missing: Sequence[str]) -> str:
    return f"I can't open a thread in {where}: I lack {_listed(missing)}. I answered here instead; {_FIX}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)
