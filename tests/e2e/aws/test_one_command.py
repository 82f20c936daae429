"""`inkling aws …` from nothing to a completion and back to nothing, in an account with IAM enforced."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import Settings
from tests.fakes.aws_stack import FROM_HERE, AwsStack, aws_stack
from tests.fakes.command_line import run_inkling

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def account(tmp_path: Path) -> Iterator[AwsStack]:
    with aws_stack(tmp_path) as account:
        yield account


async def test_a_stack_s_whole_life(account: AwsStack) -> None:
    nothing = account.inkling("status")
    assert (nothing.code, nothing.out) == (1, "")
    assert "There is no stack inkling in eu-west-1" in nothing.err

    told = account.deploy("--store", "--email", "ada@example.org")
    assert "Making the stack …" in told.err
    assert "JobTable: create complete …" in told.err
    assert "It writes: first text after" in told.err
    settings = Settings.model_validate(tomllib.loads(told.out))
    assert settings.default_backend == "aws"

    # What it says to put into the settings works.
    file = account.home / "inkling.toml"
    file.write_text(told.out, encoding="utf-8")
    own = {**account.aws.environment, "INKLING_CONFIG": str(file)}
    finished = await run_inkling("complete", "the lamp", "--length", "9", home=account.home, settings=own)
    assert finished.code == 0, finished.err
    assert len(finished.out.split()) == 9

    shown = account.inkling("status")
    assert (shown.code, shown.out.split("\n")[:4]) == (
        0,
        ["Stack\tcreate complete, mode serverless", "Model\tfake-135m", "Machine\tLambda works", "Jobs\t0 open"],
    )
    assert "Today\tabout $0." in shown.out

    # The same again changes nothing in the code, so nothing in the bucket either.
    keys = objects(account)
    again = account.inkling("deploy", *FROM_HERE, "--idle-minutes", "7")
    assert again.code == 0, again.err
    assert objects(account) == keys

    store = account.outputs["StoreTable"]
    asked = account.inkling("destroy")
    assert asked.code == 2
    assert "add --yes" in asked.err
    gone = account.inkling("destroy", "--yes")
    assert gone.code == 0, gone.err
    assert f"Kept: the bots' table {store}" in gone.err
    assert account.aws.client("dynamodb").list_tables()["TableNames"] == [store]
    assert account.aws.client("s3").list_buckets()["Buckets"] == []
    assert account.aws.client("lambda").list_functions()["Functions"] == []
    assert account.inkling("destroy", "--yes").code == 0


def objects(account: AwsStack) -> set[str]:
    s3 = account.aws.client("s3")
    (bucket,) = [each["Name"] for each in s3.list_buckets()["Buckets"]]
    return {each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]}


def test_its_bucket_is_nobody_else_s(stack: AwsStack) -> None:
    s3 = stack.aws.client("s3")
    (bucket,) = [each["Name"] for each in s3.list_buckets()["Buckets"]]
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_the_doctor_finds_all_well_and_then_what_is_not(stack: AwsStack) -> None:
    # MiniStack leaves out a template's time to live, and the doctor notices.
    ill = stack.inkling("doctor", "--quick")
    assert ill.code == 1
    assert "✗ Job table: It forgets nothing" in ill.out
    stack.aws.client("dynamodb").update_time_to_live(
        TableName=stack.table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
    )
    well = stack.inkling("doctor", "--via", "function")
    assert well.code == 0, well.out
    assert "✓ Warm: first text after" in well.out
    assert "• Alarms: They tell nobody." in well.out


def test_the_doctor_says_how_to_mend_a_stack_that_is_not_there(stack: AwsStack) -> None:
    told = stack.inkling("doctor", "--stack", "elsewhere")
    assert told.code == 1
    assert "`inkling aws deploy` makes one" in told.out


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("--budget", "5"), "--budget needs --email"),
        (("--spot",), "--spot is for --mode fleet"),
        (("--idle-minutes", "0.1"), "--idle-minutes must be between"),
        (("--stack", "Nope!"), "can't name a stack"),
        (("--email", "nobody"), "no e-mail address"),
    ],
)
def test_what_does_not_fit_is_told_in_one_sentence(stack: AwsStack, wrong: tuple[str, ...], words: str) -> None:
    told = stack.inkling("deploy", *wrong)
    assert (told.code, told.out) == (2, "")
    assert words in told.err.replace("\n", " ")


def test_without_keys_or_region_one_sentence_says_so(stack: AwsStack) -> None:
    no_keys = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    assert "no AWS credentials" in stack.inkling("status", **no_keys).err
    nowhere = {"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}
    assert "add --region" in stack.inkling("status", **nowhere).err


def test_what_the_template_refuses_is_told_with_the_reason(stack: AwsStack) -> None:
    told = stack.inkling("deploy", "--model", "a model; rm -rf /", *FROM_HERE)
    assert told.code == 1
    assert "CloudFormation" in told.err
    assert "Model" in told.err
