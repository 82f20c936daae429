"""Files v2 with the real client, and files of people for the bot to read."""

from __future__ import annotations

import aiohttp
import pytest

from tests.slack_world.stage import error_of, set_stage


async def test_the_sdk_uploads_a_long_result() -> None:
    async with set_stage() as stage:
        root = await stage.post("root")
        told = await stage.api.files_upload_v2(
            channel=stage.channel.id,
            thread_ts=root.ts,
            content="Once " * 2000,
            filename="completion.txt",
            title="Completion",
            initial_comment="All of it",
        )
        message = root.thread[0]
        assert [each.text for each in message.files] == ["Once " * 2000]
        assert (message.text, told["file"]["title"]) == ("All of it", "Completion")
        assert (await stage.api.files_info(file=told["file"]["id"]))["file"]["size"] == 10_000
        assert stage.reasons == []


async def test_a_file_takes_its_three_steps_in_order() -> None:
    async with set_stage() as stage:
        asked = await stage.api.files_getUploadURLExternal(filename="a.txt", length=3)
        early = stage.api.files_completeUploadExternal(files=[{"id": asked["file_id"]}], channel_id=stage.channel.id)
        assert await error_of(early) == "file_not_found"
        assert any("completed before its bytes were sent" in each for each in stage.reasons)
        async with aiohttp.ClientSession() as session, session.post(asked["upload_url"], data=b"abcd") as response:
            assert await response.text() == "OK - 4"
        assert "upload: 3 bytes were announced, 4 came" in stage.reasons
        files = [{"id": asked["file_id"], "title": "A"}]
        outside = stage.team.add_channel("outside", bot=False)
        refused = stage.api.files_completeUploadExternal(files=files, channel_id=outside.id)
        assert await error_of(refused) == "not_in_channel"
        await stage.api.files_completeUploadExternal(files=files, channel_id=stage.channel.id)
        again = stage.api.files_completeUploadExternal(files=files, channel_id=stage.channel.id)
        assert await error_of(again) == "file_not_found"
        assert await error_of(stage.api.files_info(file="F404")) == "file_not_found"


@pytest.mark.parametrize("with_token", [True, False])
async def test_the_bot_reads_a_persons_file(with_token: bool) -> None:
    async with set_stage() as stage:
        message = await stage.ada.upload(stage.channel, "prompt.txt", "Once upon ü", "please")
        told = (await stage.api.files_info(file=message.files[0].id))["file"]
        headers = {"Authorization": f"Bearer {stage.team.bot_token}"} if with_token else {}
        async with (
            aiohttp.ClientSession() as session,
            session.get(told["url_private_download"], headers=headers) as response,
        ):
            text = await response.text()
        assert (text == "Once upon ü") is with_token
        assert (stage.reasons == []) is with_token


async def test_the_bot_deletes_what_it_uploaded() -> None:
    async with set_stage() as stage:
        hers = (await stage.ada.upload(stage.channel, "a.txt", "a")).files[0]
        mine = await stage.api.files_upload_v2(channel=stage.channel.id, content="a", filename="a.txt")
        message = stage.channel.messages[-1]
        await stage.api.files_delete(file=mine["file"]["id"])
        assert message.files == []
        assert await error_of(stage.api.files_delete(file=mine["file"]["id"])) == "file_deleted"
        assert await error_of(stage.api.files_info(file=mine["file"]["id"])) == "file_deleted"
        assert await error_of(stage.api.files_delete(file=hers.id)) == "cant_delete_file"
        assert await error_of(stage.api.files_delete(file="F404")) == "file_not_found"
