"""The table and queues of one deployment, as its functions and workers use them. Asks AWS for nothing yet.

boto3 finds credentials, region and endpoints (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_DYNAMODB` and so on) by itself.
"""

from __future__ import annotations

import boto3
from botocore.config import Config

from backends.aws.calls import PATIENT, POLLING, asking
from backends.aws.jobs.dynamodb import DynamoJobs
from backends.aws.jobs.hosts import DynamoHosts
from backends.aws.jobs.protocol import HostStore, JobStore, WorkQueue
from backends.aws.jobs.sqs import SqsQueue
from backends.aws.jobs.table import JobTable
from config.aws import Deployment


def jobs_of(deployment: Deployment) -> JobStore:
    return DynamoJobs(_table(deployment), keep_s=deployment.keep_s, lease_s=deployment.lease_s)


def hosts_of(deployment: Deployment) -> HostStore:
    return DynamoHosts(_table(deployment))


def queue_of(deployment: Deployment, config: Config = POLLING) -> WorkQueue:
    return queue_at(deployment.queue_url, config)


def spare_queue_of(deployment: Deployment, config: Config = POLLING) -> WorkQueue | None:
    """The Lambda worker's, beside a machine's."""
    return queue_at(deployment.spare_queue_url, config) if deployment.spare_queue_url else None


def queue_at(url: str, config: Config = POLLING) -> SqsQueue:
    with asking("the queue"):
        return SqsQueue(boto3.client("sqs", config=config), url)


def _table(deployment: Deployment) -> JobTable:
    with asking("the job table"):
        return JobTable(boto3.client("dynamodb", config=PATIENT), deployment.table)
