"""The stack's bucket: private, encrypted, and everything in it under the name of its content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from backends.aws.calls import asking, code_of
from backends.aws.deploy.account import Account
from backends.aws.deploy.archive import digest

if TYPE_CHECKING:
    from types_boto3_s3.literals import BucketLocationConstraintType
    from types_boto3_s3.type_defs import ObjectIdentifierTypeDef

WHAT = "the stack's bucket"
_ABSENT = {"404", "NoSuchBucket", "NotFound"}


class CodeBucket:
    """Raises AwsFailed."""

    def __init__(self, account: Account, stack: str) -> None:
        self._account = account
        self.name = f"{stack}-code-{account.id}-{account.region}"

    def exists(self) -> bool:
        with asking(WHAT):
            try:
                self._account.s3.head_bucket(Bucket=self.name, ExpectedBucketOwner=self._account.id)
            except ClientError as error:
                if code_of(error) not in _ABSENT:
                    raise
                return False
        return True

    def make(self) -> None:
        """Harmless when it is there; its rules are set again."""
        s3, name = self._account.s3, self.name
        with asking(WHAT):
            if not self.exists():
                self._create()
            s3.put_public_access_block(
                Bucket=name,
                PublicAccessBlockConfiguration={
                    "BlockPublicAcls": True,
                    "IgnorePublicAcls": True,
                    "BlockPublicPolicy": True,
                    "RestrictPublicBuckets": True,
                },
            )
            s3.put_bucket_encryption(
                Bucket=name,
                ServerSideEncryptionConfiguration={
                    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
                },
            )

    def put(self, folder: str, name: str, content: bytes) -> str:
        """Its key, which names the content: what is there already is not sent again."""
        key = f"{folder}/{digest(content)}/{name}"
        with asking(WHAT):
            if not self._has(key):
                self._account.s3.put_object(Bucket=self.name, Key=key, Body=content)
        return key

    def empty_and_delete(self) -> int:
        """How many objects it had; 0 too when it was gone already."""
        if not self.exists():
            return 0
        count = 0
        with asking(WHAT):
            for page in self._account.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name):
                found: list[ObjectIdentifierTypeDef] = [{"Key": each["Key"]} for each in page.get("Contents", ())]
                if found:
                    self._account.s3.delete_objects(Bucket=self.name, Delete={"Objects": found, "Quiet": True})
                count += len(found)
            self._account.s3.delete_bucket(Bucket=self.name)
        return count

    def _create(self) -> None:
        region = self._account.region
        if region == "us-east-1":
            self._account.s3.create_bucket(Bucket=self.name)
            return
        constraint: BucketLocationConstraintType = region  # type: ignore[assignment]  # AWS names the wrong ones
        self._account.s3.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": constraint})

    def _has(self, key: str) -> bool:
        try:
            self._account.s3.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if code_of(error) not in _ABSENT | {"NoSuchKey"}:
                raise
            return False
        return True
