"""How much waits for a fleet, as a metric that scales it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backends.aws.calls import asking

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient

NAMESPACE, METRIC = "Inkling", "OpenJobs"


class CloudWatchBacklog:
    def __init__(self, client: CloudWatchClient, fleet: str) -> None:
        self._client = client
        self._fleet = fleet

    def report(self, open_jobs: int) -> None:
        with asking("the fleet's metric"):
            self._client.put_metric_data(
                Namespace=NAMESPACE,
                MetricData=[
                    {
                        "MetricName": METRIC,
                        "Dimensions": [{"Name": "Fleet", "Value": self._fleet}],
                        "Value": open_jobs,
                        "Unit": "Count",
                    }
                ],
            )
