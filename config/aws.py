"""What the parts of an AWS deployment are told by their environment: `INKLING_AWS_…`, set by the template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.environment import DEPLOYMENT_PREFIX
from config.errors import InvalidSettings

AwsMode = Literal["ec2", "serverless", "ec2-with-fallback", "fleet"]


class Deployment(BaseModel):
    """One stack, as its functions and its workers see it."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    mode: AwsMode = "serverless"
    table: str = Field(min_length=1, description="The job table.")
    queue_url: str = Field(min_length=1, description="Where workers are told of jobs.")
    spare_queue_url: str | None = Field(None, description="Where the Lambda worker is told, beside a machine.")
    tick_queue_url: str | None = Field(None, description="Where the tick function is asked to look sooner.")
    instance_id: str | None = Field(None, description="The machine, in the modes with one.")
    fleet: str | None = Field(None, description="The Auto Scaling group, in mode fleet.")
    host: str = Field("worker", description="The name under which the machine beats; a fleet's machines share it.")
    model: str = "gpt2"
    max_open: int = Field(200, ge=1, description="Open jobs; more are told to come back.")
    max_running: int = Field(16, ge=1, le=256, description="Jobs a worker takes at once.")
    idle_s: float = Field(300.0, gt=0, description="Seconds without work until a machine stops.")
    finish_s: float = Field(
        20.0, ge=0, le=40, description="Seconds a worker told to stop goes on with what it may still finish."
    )
    wake_s: float = Field(300.0, ge=0, description="Seconds a job may wait for a machine, beside its own time.")
    lease_s: float = Field(30.0, gt=0, description="Seconds a worker that says nothing keeps its job.")
    metadata_url: str | None = Field(None, description="Where EC2 tells a machine about itself; None elsewhere.")
    alive_file: str | None = Field(None, description="Touched while a worker lives, for the machine's own watch.")
    keep_s: float = Field(86_400.0, gt=0, description="Seconds a job is kept after its deadline.")


def read_deployment(environ: Mapping[str, str]) -> Deployment:
    """Raises InvalidSettings, which names the variable."""
    told = {name: value for name, value in environ.items() if name.startswith(DEPLOYMENT_PREFIX) and value}
    values = {name.removeprefix(DEPLOYMENT_PREFIX).lower(): value for name, value in told.items()}
    try:
        return Deployment.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        variable = DEPLOYMENT_PREFIX + str(first["loc"][0]).upper()
        raise InvalidSettings(f"{variable}: {first['msg'].lower()}.") from None
