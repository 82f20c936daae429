"""Files v2: ask for a URL, send the bytes there, then share them."""

from __future__ import annotations

from tests.fakes.slack_world import posting
from tests.fakes.slack_world.files import File
from tests.fakes.slack_world.web_api.calls import Call, Payload, method
from tests.fakes.slack_world.web_api.chat import thread, writable
from tests.fakes.slack_world.web_api.refusals import Refused


@method(
    "files.getUploadURLExternal",
    "t4",
    needs="filename length",
    takes="snippet_type alt_txt",
    scopes="files:write",
    json=False,
)
def get_upload_url(call: Call) -> Payload:
    try:
        length = int(call.text("length"))
    except ValueError:
        raise Refused("invalid_arguments") from None
    if length <= 0:
        raise Refused("invalid_arguments")
    file = File(call.workspace, call.world.mint("F"), call.text("filename"), call.bot, length)
    file.snippet_type = call.text("snippet_type")
    call.world.files[file.id] = file
    return {"upload_url": file.upload_url, "file_id": file.id}


@method(
    "files.completeUploadExternal",
    "t4",
    needs="files",
    takes="channel_id channels thread_ts initial_comment blocks username icon_url icon_emoji",
    scopes="files:write",
)
def complete_upload(call: Call) -> Payload:
    files = [_uploaded(call, each) for each in call.get("files")]
    places = [call.text("channel_id")] if call.get("channel_id") else call.text("channels").split(",")
    for place in filter(None, places):
        call.arguments["channel_id"] = place
        channel = writable(call, "channel_id")
        body = {"text": call.text("initial_comment"), "blocks": call.get("blocks")}
        posting.post(channel, call.bot, body, thread_ts=thread(call, channel), files=files)
    for file in files:
        file.complete = True
    return {"files": [file.payload() for file in files]}


def _uploaded(call: Call, named: Payload) -> File:
    file = call.world.files.get(str(named.get("id")))
    if file is None or file.workspace is not call.workspace or file.complete:
        raise Refused("file_not_found")
    if file.content is None:
        call.violated("/files", "completed before its bytes were sent")
        raise Refused("file_not_found")
    file.title = str(named.get("title") or file.name)
    return file


@method("files.info", "t4", needs="file", takes="count cursor limit page", scopes="files:read", json=False)
def files_info(call: Call) -> Payload:
    file = call.world.files.get(call.text("file"))
    if file is None or file.workspace is not call.workspace or file.content is None:
        raise Refused("file_not_found")
    if file.deleted:
        raise Refused("file_deleted")
    return {"file": file.payload(), "content": file.text, "comments": []}


@method("files.delete", "t3", needs="file", scopes="files:write")
def files_delete(call: Call) -> Payload:
    """Messages that shared it stay, without it."""
    file = call.world.files.get(call.text("file"))
    if file is None or file.workspace is not call.workspace or not file.complete:
        raise Refused("file_not_found")
    if file.deleted:
        raise Refused("file_deleted")
    if file.owner is not call.bot:
        raise Refused("cant_delete_file")
    file.deleted = True
    for channel in call.workspace.channels.values():
        for message in channel.posted:
            message.files = [each for each in message.files if each is not file]
    return {}
