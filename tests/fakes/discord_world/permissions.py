"""Discord's permission arithmetic: roles, then overwrites, then what a missing permission takes away with it."""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes.discord_world.people import Member
    from tests.fakes.discord_world.places import Channel


class Permission(IntFlag):
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    SEND_TTS_MESSAGES = 1 << 12
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    USE_EXTERNAL_APPS = 1 << 50


ALL = (1 << 53) - 1
# What a new server's @everyone may do, as far as a text bot meets it.
EVERYONE = (
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.CREATE_PRIVATE_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.USE_EXTERNAL_APPS
)
DIRECT_MESSAGE = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.ADD_REACTIONS
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
)
# Without a permission to send, these mean nothing.
NEEDS_SENDING = (
    Permission.MENTION_EVERYONE | Permission.SEND_TTS_MESSAGES | Permission.ATTACH_FILES | Permission.EMBED_LINKS
)


def guild_permissions(member: Member) -> int:
    if member.guild.owner is member.user:
        return ALL
    held = 0
    for role in [member.guild.everyone, *member.roles]:
        held |= role.permissions
    return ALL if held & Permission.ADMINISTRATOR else held


def channel_permissions(member: Member, channel: Channel) -> int:
    """Threads take their parent's overwrites and have their own permission for sending."""
    held = guild_permissions(member)
    if held & Permission.ADMINISTRATOR:
        return ALL
    held = _overwritten(held, member, channel.parent or channel)
    if not held & Permission.VIEW_CHANNEL:
        return 0
    sending = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
    return held if held & sending else held & ~NEEDS_SENDING


def _overwritten(held: int, member: Member, channel: Channel) -> int:
    """@everyone's overwrite first, then all roles' together, then the member's own."""
    everyone = member.guild.everyone.id
    layers = [[everyone], [role.id for role in member.roles if role.id != everyone], [member.user.id]]
    for layer in layers:
        allow = deny = 0
        for each in layer:
            if each in channel.overwrites:
                allow |= channel.overwrites[each].allow
                deny |= channel.overwrites[each].deny
        held = held & ~deny | allow
    return held
