"""Where items lie.

pk                     sk                       what
key#HASH               record                   a request, under its idempotency key
request#ID             at                       where to find a request by its id: an entry, as all marked * are
request#ID             text#NAME#0000           long text in pieces
request#ID             post#TIME#NAME           a message that shows it
request#GROUP          vote#PERSON              which of its group a person likes best
made#ID                group#ID                 * its alternatives
made#ID                story#ID                 * what is of the story it began
made#ID                child#ID                 * what goes on from it
unshown                FRONT#PLACE#PERSON#ID    * open, or ended and not shown yet
workspace#FRONT#PLACE  request#CHANNEL#ID       * everything asked there
workspace#FRONT#PLACE  person#PERSON#ID         * everything a person asked there
workspace#FRONT#PLACE  voter#PERSON#GROUP       where a person has voted
workspace#FRONT#PLACE  post#ADDRESS             which request a message shows
workspace#FRONT#PLACE  preset#PERSON#NAME       a person's preset
workspace#FRONT#PLACE  usage#HOUR#ID            what an ended request counts
workspace#FRONT#PLACE  settings                 settings, their version and the name of their last change
workspace#FRONT#PLACE  audit#VERSION#NAME       a change, and the name of the one before
workspace#FRONT#PLACE  text#NAME#0000           long settings in pieces
workspace#FRONT#PLACE  installation             what a front needs to act there
workspaces             FRONT#PLACE              a workspace that may have settings
bots                   BOT                      a bot, and until when it is here if it says nothing more
state#HASH             state                    an installation that was begun
inkling                table                    the version of all this
"""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from backends.store.dynamodb.table import Key
from config.workspace import WorkspaceRef

UNSHOWN, WORKSPACES, BOTS = "unshown", "workspaces", "bots"
TABLE_VERSION = Key("inkling", "table")
TTL = "ttl"
"""The second from which on DynamoDB may forget an item."""
_LONGEST_PART = 240
"""Of a key's part: four of them fit the 1,024 bytes that a key takes."""


def joined(*parts: str) -> str:
    """Parts that can't run into each other; of long ones their hash."""
    return "#".join(map(_part, parts))


def _part(text: str) -> str:
    quoted = quote(text, safe="")
    return quoted if len(quoted) <= _LONGEST_PART else f"~{hashed(text)}"


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def record_key(key_hash: str) -> Key:
    return Key(f"key#{key_hash}", "record")


def request_pk(request_id: str) -> str:
    return f"request#{joined(request_id)}"


def pointer_key(request_id: str) -> Key:
    return Key(request_pk(request_id), "at")


def made_pk(request_id: str) -> str:
    return f"made#{joined(request_id)}"


def workspace_pk(ref: WorkspaceRef) -> str:
    return f"workspace#{joined(ref.front, ref.id)}"


def settings_key(ref: WorkspaceRef) -> Key:
    return Key(workspace_pk(ref), "settings")


def workspace_key(ref: WorkspaceRef) -> Key:
    return Key(WORKSPACES, joined(ref.front, ref.id))


def usage_sk(hour: int, *request_id: str) -> str:
    return f"usage#{hour:010}#{joined(*request_id)}"
