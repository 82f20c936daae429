"""A stack in words: what `inkling aws` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backends.aws.deploy.findings import Verdict
    from backends.aws.deploy.prices import Cost
    from backends.aws.deploy.stack import StackState
    from backends.aws.deploy.status import StatusReport
    from backends.aws.deploy.trial import Trial
    from config.settings import AwsBackendSettings

MARKS: Mapping[Verdict, str] = {"good": "✓", "worth knowing": "•", "wrong": "✗"}


def status_rows(report: StatusReport) -> list[tuple[str, str]]:
    outputs = report.stack.outputs
    rows = [
        ("Stack", f"{report.stack.status.lower().replace('_', ' ')}, mode {outputs.get('Mode')}"),
        ("Model", outputs.get("Model", "")),
    ]
    rows += [("Machine", f"{each.id} ({each.kind}) is {each.state}") for each in report.machines]
    if not report.machines:
        rows.append(("Machine", "none is on" if "Fleet" in outputs else "Lambda works"))
    rows += [
        ("Jobs", f"{report.open_jobs} open"),
        ("Queue", f"{report.work.waiting} wait, {report.work.taken} are taken"),
        ("Dead queue", "empty" if not report.dead.waiting else f"{report.dead.waiting} messages; see the doctor"),
        ("Today", _cost(report.cost) if report.cost else f"unknown: {report.cost_trouble}"),
    ]
    return rows


def _cost(cost: Cost) -> str:
    parts = f"about ${cost.total:.2f} since midnight UTC: machine ${cost.machine:.2f}, Lambda ${cost.functions:.2f}, "
    text = f"{parts}the rest ${cost.rest:.2f}; at list prices of us-east-1"
    return f"{text}, without {cost.unknown}, whose price isn't known here" if cost.unknown else text


def trial_line(trial: Trial) -> str:
    started = "from sleep" if trial.woke else "warm"
    return f"It writes: first text after {trial.first_text_s:.1f} s ({started}), done after {trial.done_s:.1f} s."


def settings_text(settings: AwsBackendSettings, state: StackState) -> str:
    """For inkling.toml; the policy in a comment, since a bot elsewhere needs it."""
    lines = ['default_backend = "aws"', "", "[backends.aws]"]
    lines += [f'{name} = "{value}"' for name, value in settings.model_dump(exclude={"kind"}).items() if value]
    if store := state.outputs.get("StoreTable"):
        lines += [
            "",
            "# Bots that share their requests and settings:",
            "# [store]",
            '# kind = "dynamodb"',
            f'# table = "{store}"',
        ]
    lines += ["", f"# The bot's AWS credentials need this policy: {state.outputs.get('CallerPolicy', '')}"]
    return "\n".join(lines)
