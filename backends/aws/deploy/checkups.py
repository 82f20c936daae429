"""The single looks of `inkling aws doctor`: each asks AWS for one thing and says what it means."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from backends.aws.calls import AwsFailed, asking
from backends.aws.deploy.account import Account
from backends.aws.deploy.findings import Finding, good, notice, wrong
from backends.aws.deploy.stack import Stack, StackState
from backends.aws.deploy.status import HOST, depth, machines_of
from backends.aws.jobs.hosts import DynamoHosts
from backends.aws.jobs.items import TTL_ATTRIBUTE
from backends.aws.jobs.table import JobTable

FRESH_BEAT_S = 30.0
SMALL_ACCOUNT = 100
"""New accounts may run so few functions at once, or fewer."""
OLD_MESSAGES = 20
FUNCTIONS = ("api", "tick", "fail")


@dataclass(frozen=True, slots=True)
class Patient:
    account: Account
    stack: Stack
    state: StackState
    clock: Callable[[], float] = time.time


Checkup = Callable[[Patient], Iterator[Finding]]


def stack_state(patient: Patient) -> Iterator[Finding]:
    state = patient.state
    if state.is_busy:
        yield notice("Stack", f"It is being changed right now ({state.status}).", "Wait, and look again.")
    elif not state.is_good:
        yield wrong("Stack", f"It is in state {state.status}.", "Run `inkling aws deploy` again; its error says more.")
    else:
        mode, model = state.outputs.get("Mode"), state.outputs.get("Model")
        yield good("Stack", f"{patient.stack.name} is in mode {mode}, with the model {model}.")


def quotas(patient: Patient) -> Iterator[Finding]:
    with asking("Lambda"):
        limit = patient.account.functions.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    if limit <= SMALL_ACCOUNT:
        yield notice(
            "Quota",
            f"The account may run {limit} functions at once; each waiting reader takes one.",
            'Ask for more: Service Quotas, AWS Lambda, "Concurrent executions".',
        )
    else:
        yield good("Quota", f"The account may run {limit:,} functions at once.")


def functions(patient: Patient) -> Iterator[Finding]:
    names = [f"{patient.stack.name}-{name}" for name in FUNCTIONS]
    names += [patient.state.outputs["WorkerFunction"]] if "WorkerFunction" in patient.state.outputs else []
    idle = []
    for name in names:
        with asking(f"the function {name}"):
            found = patient.account.functions.get_function_configuration(FunctionName=name)
        if found.get("State", "Active") not in ("Active", "Inactive"):
            idle.append(f"{name} ({found.get('StateReason', found.get('State'))})")
    if idle:
        yield wrong(
            "Functions", f"Not ready: {', '.join(idle)}.", "Wait a minute; then run `inkling aws deploy` again."
        )
    else:
        yield good("Functions", f"All {len(names)} are ready.")
    needs_worker = patient.state.parameters.get("Mode") in ("serverless", "ec2-with-fallback")
    if needs_worker and "WorkerFunction" not in patient.state.outputs:
        yield wrong("Worker", "The worker function has no image, so nothing writes.", "Run `inkling aws deploy` again.")


def job_table(patient: Patient) -> Iterator[Finding]:
    name = patient.state.output("JobTable")
    with asking("the job table"):
        status = patient.account.dynamodb.describe_table(TableName=name)["Table"].get("TableStatus")
        ttl = patient.account.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if status != "ACTIVE":
        yield wrong("Job table", f"It is in state {status}.", "Wait; if it stays so, deploy again.")
    elif ttl.get("TimeToLiveStatus") != "ENABLED" or ttl.get("AttributeName") != TTL_ATTRIBUTE:
        yield wrong("Job table", "It forgets nothing: its time to live is off.", "Run `inkling aws deploy` again.")
    else:
        count = JobTable(patient.account.dynamodb, name).count_open("job#~", 1000)
        yield good("Job table", f"It is there and forgets what is old; {count} jobs are open.")


def queues(patient: Patient) -> Iterator[Finding]:
    dead = depth(patient.account, patient.state.output("DeadQueue"))
    if dead.waiting:
        yield wrong(
            "Dead queue",
            f"{dead.waiting} messages lie there, which nobody could handle.",
            f"See the log of the function {patient.stack.name}-fail; it should have ended their jobs.",
        )
    else:
        yield good("Dead queue", "It is empty.")
    work = depth(patient.account, patient.state.output("WorkQueue"))
    sentence = f"{work.waiting} jobs wait, {work.taken} are taken."
    if work.waiting > OLD_MESSAGES:
        yield notice("Queue", sentence, "If it stays so: a larger machine, mode fleet, or more worker concurrency.")
    else:
        yield good("Queue", sentence)


def machine(patient: Patient) -> Iterator[Finding]:
    if patient.state.parameters.get("Mode") == "serverless":
        return
    found = machines_of(patient.account, patient.state)
    if not found and "Fleet" in patient.state.outputs:
        yield good("Machine", "The fleet has none on; a request starts one.")
        return
    if not found:
        yield wrong("Machine", "It is gone.", "Run `inkling aws deploy` again, without --instance-id if it was yours.")
        return
    if all(each.state == "stopped" for each in found):
        yield good("Machine", f"{found[0].id} sleeps; a request starts it.")
        return
    yield _beat(patient, found[0].id)


def _beat(patient: Patient, machine_id: str) -> Finding:
    host = DynamoHosts(JobTable(patient.account.dynamodb, patient.state.output("JobTable"))).host(HOST)
    silent_s = patient.clock() - host.beat_at
    if silent_s < FRESH_BEAT_S:
        return good("Machine", f"{machine_id} is on, and its worker (version {host.version}) beats.")
    heard = f"for {silent_s / 60:.0f} minutes" if host.beat_at else "yet"
    return wrong(
        "Machine",
        f"{machine_id} is on, but nothing was heard of its worker {heard}.",
        "A first start installs for some minutes. Else: `inkling aws logs`, `inkling aws restart`.",
    )


def alarms(patient: Patient) -> Iterator[Finding]:
    with asking("the alarms"):
        answer = patient.account.cloudwatch.describe_alarms(AlarmNamePrefix=f"{patient.stack.name}-")
    ringing = [each for each in answer.get("MetricAlarms", ()) if each.get("StateValue") == "ALARM"]
    for alarm in ringing:
        yield wrong("Alarm", alarm.get("AlarmDescription", "One rings."), "The other findings say why.")
    if not ringing:
        yield good("Alarms", "None rings.")
    if not patient.state.parameters.get("AlarmEmail"):
        yield notice("Alarms", "They tell nobody.", "Add --email to `inkling aws deploy`, and --budget if you like.")


CHECKUPS: tuple[tuple[str, Checkup], ...] = (
    ("the stack", stack_state),
    ("the account's limits", quotas),
    ("the functions", functions),
    ("the job table", job_table),
    ("the queues", queues),
    ("the machine", machine),
    ("the alarms", alarms),
)


def examine(patient: Patient, what: str, checkup: Checkup) -> Iterator[Finding]:
    """A look that AWS doesn't allow is a finding too."""
    try:
        yield from checkup(patient)
    except AwsFailed as error:
        yield wrong(what.removeprefix("the ").capitalize(), error.sentence, _mend(error))


def _mend(error: AwsFailed) -> str:
    if error.aws_code in {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}:
        return "Look with credentials that may read this, such as those that deployed it."
    return "Run `inkling aws deploy` again, if it doesn't pass."
