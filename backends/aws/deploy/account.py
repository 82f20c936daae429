"""The account and region that a stack lies in, and the clients to speak to them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3

from backends.aws.calls import PATIENT, AwsFailed, asking

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_codebuild import CodeBuildClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient
    from types_boto3_ssm import SSMClient


class Account:
    """Who the credentials belong to; they, and endpoints, are boto3's to find. `region` None means boto3's own."""

    def __init__(self, region: str | None = None, profile: str | None = None) -> None:
        """Raises AwsFailed when there is no such profile, or no region."""
        with asking("the account"):
            self._session = boto3.Session(region_name=region, profile_name=profile)
        if not self._session.region_name:
            raise AwsFailed("It isn't said in which AWS region; add --region, or set AWS_DEFAULT_REGION.")

    @property
    def region(self) -> str:
        return self._session.region_name

    @cached_property
    def id(self) -> str:
        """Its twelve digits. Raises AwsFailed without credentials."""
        with asking("the account"):
            return self._session.client("sts", config=PATIENT).get_caller_identity()["Account"]

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        return self._session.client("cloudformation", config=PATIENT)

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        return self._session.client("cloudwatch", config=PATIENT)

    @cached_property
    def codebuild(self) -> CodeBuildClient:
        return self._session.client("codebuild", config=PATIENT)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        return self._session.client("dynamodb", config=PATIENT)

    @cached_property
    def ec2(self) -> EC2Client:
        return self._session.client("ec2", config=PATIENT)

    @cached_property
    def ecr(self) -> Any:
        """Untyped, as there is one call or two."""
        return self._session.client("ecr", config=PATIENT)

    @cached_property
    def functions(self) -> LambdaClient:
        return self._session.client("lambda", config=PATIENT)

    @cached_property
    def s3(self) -> S3Client:
        return self._session.client("s3", config=PATIENT)

    @cached_property
    def sqs(self) -> SQSClient:
        return self._session.client("sqs", config=PATIENT)

    @cached_property
    def ssm(self) -> SSMClient:
        return self._session.client("ssm", config=PATIENT)
