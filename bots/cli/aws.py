"""`inkling aws`: a deployment in one's own AWS account, made and looked after."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bots.cli.help_texts import examples, help_of

Stack = Annotated[str, typer.Option("--stack", help="The stack's name; several can live side by side.")]
Region = Annotated[str | None, typer.Option("--region", help="The AWS region; boto3's own when left out.")]
Profile = Annotated[str | None, typer.Option("--profile", help="A profile of your AWS credentials.")]
NAME = "inkling"


class Mode(StrEnum):
    EC2 = "ec2"
    SERVERLESS = "serverless"
    FALLBACK = "ec2-with-fallback"
    FLEET = "fleet"


class Via(StrEnum):
    API = "api"
    FUNCTION = "function"


def make_aws_app() -> typer.Typer:
    app = typer.Typer(
        help="Put completions into your AWS account, asleep when nobody types.",
        no_args_is_help=False,
        invoke_without_command=True,
        rich_markup_mode="rich",
        epilog=examples("inkling aws deploy --mode ec2 --model gpt2", "inkling aws status", "inkling aws destroy"),
    )
    app.callback()(_start)
    app.command(
        help=help_of(deploy),
        epilog=examples(
            "inkling aws deploy --mode ec2 --model gpt2 --email you@example.org --budget 10",
            "inkling aws deploy --mode fleet --spot --fleet-max 8",
            "inkling aws deploy --idle-minutes 10",
        ),
    )(deploy)
    app.command(help=help_of(status), epilog=examples("inkling aws status"))(status)
    app.command(help=help_of(doctor), epilog=examples("inkling aws doctor", "inkling aws doctor --quick"))(doctor)
    app.command(help=help_of(update), epilog=examples("inkling aws update"))(update)
    app.command(help=help_of(restart), epilog=examples("inkling aws restart"))(restart)
    app.command(help=help_of(logs), epilog=examples("inkling aws logs --lines 300"))(logs)
    app.command(help=help_of(destroy), epilog=examples("inkling aws destroy"))(destroy)
    return app


def _start(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def deploy(
    mode: Annotated[
        Mode | None,
        typer.Option("--mode", help="What works: one machine, Lambda, a machine with Lambda beside it, or a fleet."),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Hub id of the model.")] = None,
    remote_url: Annotated[
        str | None, typer.Option("--remote-url", help="A server of the completions API that writes instead.")
    ] = None,
    instance_type: Annotated[str | None, typer.Option("--instance-type", help="The machine's type.")] = None,
    other_instance_type: Annotated[
        str | None, typer.Option("--other-instance-type", help="Taken by a fleet when there is none of the first.")
    ] = None,
    instance_id: Annotated[
        str | None, typer.Option("--instance-id", help="A machine you have already, to be used instead of a new one.")
    ] = None,
    image_id: Annotated[str | None, typer.Option("--image-id", help="A machine image of your own.")] = None,
    vpc: Annotated[str | None, typer.Option("--vpc", help="The network of new machines.")] = None,
    subnet: Annotated[list[str] | None, typer.Option("--subnet", help="In that network; can be repeated.")] = None,
    fleet_max: Annotated[int | None, typer.Option("--fleet-max", min=1, max=100, help="Most machines.")] = None,
    spot: Annotated[bool | None, typer.Option("--spot/--no-spot", help="Spot machines for the fleet.")] = None,
    idle_minutes: Annotated[
        float | None, typer.Option("--idle-minutes", help="Without work until a machine stops.")
    ] = None,
    email: Annotated[str | None, typer.Option("--email", help="Told when something is wrong.")] = None,
    budget: Annotated[
        int | None, typer.Option("--budget", min=0, help="Dollars a month for the account; a mail comes before.")
    ] = None,
    store: Annotated[
        bool | None, typer.Option("--store/--no-store", help="A table that several bot processes share.")
    ] = None,
    operations: Annotated[
        bool | None, typer.Option("--operations/--no-operations", help="What update, restart and logs need.")
    ] = None,
    worker_concurrency: Annotated[
        int | None, typer.Option("--worker-concurrency", min=0, max=1000, help="Jobs Lambda writes at once.")
    ] = None,
    worker_memory: Annotated[
        int | None, typer.Option("--worker-memory", min=512, max=10240, help="The worker function's, in MB.")
    ] = None,
    via: Annotated[Via, typer.Option("--via", help="How the bot shall reach it.")] = Via.API,
    attempt: Annotated[bool, typer.Option("--try/--no-try", help="Make a completion at the end.")] = True,
    local_packages: Annotated[
        bool,
        typer.Option(
            "--local-packages", help="Take the functions' packages from here, for an emulator on this machine."
        ),
    ] = False,
    stack: Stack = NAME,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Make the stack, or change what differs; then try it with a real completion.

    What is left out stays as it is in the stack. It needs credentials that may make roles, functions, tables, queues
    and machines; docs/aws.md has more, and what it costs.
    """
    from backends.aws.deploy.wishes import Wishes
    from bots.cli.aws_run import AwsRun

    AwsRun(stack, region, profile, by_function=via is Via.FUNCTION).deploy(
        Wishes(
            mode=mode.value if mode else None,
            model=model,
            remote_url=remote_url,
            instance_type=instance_type,
            other_instance_type=other_instance_type,
            instance_id=instance_id,
            image_id=image_id,
            vpc_id=vpc,
            subnet_ids=tuple(subnet or ()),
            fleet_max=fleet_max,
            spot=spot,
            idle_minutes=idle_minutes,
            budget_usd=budget,
            email=email,
            store=store,
            operations=operations,
            worker_concurrency=worker_concurrency,
            worker_memory_mb=worker_memory,
        ),
        attempt=attempt,
        local_packages=local_packages,
    )


def status(stack: Stack = NAME, region: Region = None, profile: Profile = None) -> None:
    """Show the machine, the queue, the open jobs, and about what today cost."""
    from bots.cli.aws_run import AwsRun

    AwsRun(stack, region, profile).status()


def doctor(
    quick: Annotated[bool, typer.Option("--quick", help="Look only; wake and write nothing.")] = False,
    via: Annotated[Via, typer.Option("--via", help="How to reach it.")] = Via.API,
    stack: Stack = NAME,
    region: Region = None,
    profile: Profile = None,
) -> int:
    """Look the stack over, make two completions, and say how to mend what is wrong; exits with 1 if something is."""
    from bots.cli.aws_run import AwsRun

    return AwsRun(stack, region, profile, by_function=via is Via.FUNCTION).doctor(quick=quick)


def update(
    anew: Annotated[bool, typer.Option("--anew", help="Install it even if it is that version already.")] = False,
    stack: Stack = NAME,
    region: Region = None,
    profile: Profile = None,
) -> int:
    """Have the machines that are on install the version that the stack names.

    A deploy does this by itself, and machines that are off do it when they start.
    """
    from bots.cli.aws_run import AwsRun

    return AwsRun(stack, region, profile).operate(lambda operator: operator.update(anew=anew))


def restart(stack: Stack = NAME, region: Region = None, profile: Profile = None) -> int:
    """Restart the workers; they give their jobs back first."""
    from bots.cli.aws_run import AwsRun

    return AwsRun(stack, region, profile).operate(lambda operator: operator.restart())


def logs(
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=999, help="How many.")] = 100,
    stack: Stack = NAME,
    region: Region = None,
    profile: Profile = None,
) -> int:
    """Show the last lines of the workers' logs. No text of anybody is in them."""
    from bots.cli.aws_run import AwsRun

    return AwsRun(stack, region, profile).operate(lambda operator: operator.logs(lines))


def destroy(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    stack: Stack = NAME,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Delete the stack and its bucket, and say what is kept."""
    from bots.cli.aws_run import AwsRun

    AwsRun(stack, region, profile).destroy(sure=yes)
