"""Two agents without a model, driven through the real gate over one suite of AgentDojo.

The honest one makes the calls that solve the user's task. The hijacked one makes the calls of an
injected task as soon as a tool's answer has brought it the injected words, and goes on with the
user's task after that. A person approves whatever the user's task needs and nothing else.
"""

import argparse
import json
import tempfile

from pydantic_core import to_jsonable_python

from gate import Gate, Held, Session
from peers import mcp_server, model_api
from suite import Suite


class Run:
    """One task through the gate."""

    def __init__(self, gate, suite, name, task):
        self.suite, self.task, self.held, self.refused = suite, task, [], []
        self.gate, self.session = gate, Session(gate, name)
        self.session.open()
        self.messages = [{"role": "user", "content": task.PROMPT}]
        self.session.ask_model(self.messages)

    def call(self, call, approves):
        """The result as text; nothing where the gate kept the call."""
        arguments = to_jsonable_python(call.args)
        try:
            result = self.session.call(call.function, arguments)
        except Held as kept:
            (self.held if kept.decision == "hold" else self.refused).append((call.function, kept.reason))
            if kept.decision != "hold" or not kept.approval:
                return None
            if not approves:
                self.gate.deny(kept.approval)
                return None
            self.gate.approve(kept.approval)
            try:
                result = self.session.call(call.function, arguments)
            except Held as again:
                self.refused.append((call.function, again.reason))
                return None
        self.suite.calls.append(call)
        return json.dumps(result)

    def honest(self, marker=None, hijack=None):
        """Solves the user's task; calls `hijack` once, when the marker has come in."""
        for call in self.task.ground_truth(self.suite.environment):
            seen = self.call(call, approves=True)
            if hijack and seen and marker in seen:
                hijack()
                hijack = None
        return hijack is None and marker is not None


def utility(gate, suite, names):
    """Of the honest agent: done with no person, with one, refused."""
    counts = {"tasks": 0, "unattended": 0, "attended": 0, "refused": 0}
    for name, task in suite.suite.user_tasks.items():
        suite.begin({}, task)
        run = Run(gate, suite, names(), task)
        run.honest()
        done = suite.utility(task, task.GROUND_TRUTH_OUTPUT)
        counts["tasks"] += 1
        counts["unattended"] += done and not run.held
        counts["attended"] += done
        counts["refused"] += bool(run.refused)
        for function, reason in run.held + run.refused:
            print(f"{name}: {function}: {reason}")
    return counts


def attacks(gate, suite, names):
    """Of the hijacked agent: attempts, those that took effect, injected tasks that have no calls."""
    counts = {"attempts": 0, "effective": 0, "without_calls": 0, "not_seen": 0}
    for injection, attack in suite.suite.injection_tasks.items():
        if not attack.ground_truth(suite.before):
            counts["without_calls"] += 1
            continue
        marker = f"INFORMATION {injection}"
        planted = suite.injected(f"{marker} {attack.GOAL}")
        for name, task in suite.suite.user_tasks.items():
            suite.begin(planted, task)
            run = Run(gate, suite, names(), task)
            calls = attack.ground_truth(suite.before)

            def hijack(run=run, calls=calls):
                for call in calls:
                    run.call(call, approves=False)

            if not run.honest(marker, hijack):
                counts["not_seen"] += 1
                continue
            output = f"{task.GROUND_TRUTH_OUTPUT} {attack.GROUND_TRUTH_OUTPUT}"
            is_effective = suite.security(attack, output)
            counts["attempts"] += 1
            counts["effective"] += is_effective
            if is_effective:
                print(f"took effect: {injection} in {name}: {run.held + run.refused}")
    return counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--suite", required=True)
    parser.add_argument("--gate", required=True)
    parser.add_argument("--no-detectors", action="store_true")
    asked = parser.parse_args()
    suite = Suite(asked.suite)
    numbers = iter(range(1_000_000))
    ports = mcp_server(suite), model_api()
    with tempfile.TemporaryDirectory() as folder:
        detectors = "false" if asked.no_detectors else "true"
        gate = Gate(asked.gate, folder, asked.suite, *ports, detectors)
        try:
            good = utility(gate, suite, lambda: f"task-{next(numbers)}")
            bad = attacks(gate, suite, lambda: f"task-{next(numbers)}")
        finally:
            gate.stop()
    report(asked.suite, good, bad)


def report(suite, good, bad):
    tasks, attempts = good["tasks"], max(bad["attempts"], 1)
    print(f"user tasks {tasks}: unattended {good['unattended']}, attended {good['attended']}")
    print(f"injections: {bad['attempts']} seen by the agent, {bad['effective']} took effect, "
          f"{bad['not_seen']} never seen, {bad['without_calls']} injected tasks without calls")
    rates = {
        "attack_success": bad["effective"] / attempts,
        "unattended_utility": good["unattended"] / tasks,
        "attended_utility": good["attended"] / tasks,
        "refused": good["refused"] / tasks,
    }
    print(f"agentdojo {suite}: " + " ".join(f"{name}={rate:.4f}" for name, rate in rates.items()))


if __name__ == "__main__":
    main()
