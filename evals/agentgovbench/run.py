"""Governance scenarios through the real gate: who may, for whom, how often, and what the log says of it.

For each scenario a gate is started in a folder of its own, with the scenario's tenants as its tenants, its
people added by command, its policies written in Cedar and its tools behind the gate as an MCP server. Agents
show their keys, exchange the people's tokens, hand tasks on, and call. Nothing decides here: whether a call
went through is what the gate answered and the tools saw, and what happened is what the tenant's log says.

How what a scenario leaves open is read:

- A call of the tier `subagent` by an agent that a `delegation` before it named goes by what was handed on to
  that agent. Otherwise its agent is declared to be a sub-agent and acts for the person directly.
- The workers of a fan-out are agents that one orchestrator hands on to.
- What a delegation asks for and the person does not have the gate refuses to hand on; the orchestrator then
  asks for the rest of it.
- An agent that gets no token for a person calls all the same, with its own key.
- The chain of an entry is that of its record where one agent handed on to another; a single agent between
  the person and the call is no delegation.
- Agents have got their tokens, and listed the tools, before an outage begins.
- An outage of up to ten seconds is waited for; a longer one lasts until the scenario's end. Where every
  tenant fails closed, `unreachable` ends the process. Where one fails open, and for `error_5xx`, the gate
  runs and its disk takes nothing more.
"""

import argparse
import collections
import dataclasses
import json
import pathlib
import re
import sys
import tempfile
import threading
import time
import traceback

from joserfc import jwt

from check import failures
from gate import JWT, Gate, Session
from scenario import Delegation, DirectToolCall, GatewayFailure, ParallelFanOut, PolicyChange, Rule, TIERS, read
from setup import AUDIENCE, SERVER, TIER, Issuer, write_instance, write_tenant
from tools import Tools

SHORT_OUTAGE = 10
# What a fan-out may take at most; with less of a minute left it waits for the next one to begin.
FAN_OUT = 20
AGENTS = {"interactive": "assistant", "subagent": "worker", "background": "job", "api": "program"}
DECISIONS = {"permit": "allow", "redact": "redact", "hold": "deny", "deny": "deny"}


@dataclasses.dataclass
class Seen:
    """What came of a scenario."""
    outcomes: list = dataclasses.field(default_factory=list)
    entries: list = dataclasses.field(default_factory=list)
    errors: list = dataclasses.field(default_factory=list)
    reachable: bool = True


class Run:
    def __init__(self, program, folder, scenario):
        self.folder, self.scenario, self.seen = folder, scenario, Seen()
        self.tools = Tools(scenario.tools)
        self.gate = Gate(program, folder)
        self.issuers = {tenant.id: Issuer(tenant.id) for tenant in scenario.tenants}
        self.homes = {user.uid: tenant.id for tenant in scenario.tenants for user in tenant.users}
        self.keys, self.names, self.tokens, self.readers, self.held = {}, {}, {}, {}, {}
        self.outage = None

    def setup(self):
        write_instance(self.folder, self.scenario.tenants)
        self.write_tenants()
        self.gate.start()
        for tenant in self.scenario.tenants:
            for user in tenant.users:
                email = ["--email", user.email] if user.email else []
                scopes = [word for scope in user.scopes for word in ("--scope", scope)]
                self.gate.portcullis(tenant.id, "person", "add", user.uid, *email, *scopes)
            made = self.gate.portcullis(tenant.id, "user", "token", "reader", "--scope", "read", "--json")
            self.readers[tenant.id] = json.loads(made)["token"]

    def write_tenants(self):
        for tenant in self.scenario.tenants:
            write_tenant(self.folder, tenant, self.scenario.tools, self.issuers[tenant.id], self.tools.port)

    def key(self, tenant, name, tier):
        """The key of an agent, which is added when it first acts."""
        known = (tenant, name, tier)
        if known not in self.keys:
            plain = re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip("-") or "agent"
            taken = {agent for home, agent in self.names if home == tenant}
            agent = plain if plain not in taken else f"{plain}-{tier}"
            declared = [] if tier == "interactive" else ["--tier", TIER[tier]]
            made = self.gate.portcullis(tenant, "agent", "add", agent, *declared, "--json")
            self.keys[known] = json.loads(made)["key"]
            self.names[tenant, agent] = name
        return self.keys[known]

    def persons_token(self, tenant, user):
        """What the person's own identity provider says of them."""
        issuer = self.issuers[self.homes.get(user, tenant)]
        now = int(time.time())
        claims = {"iss": issuer.url, "sub": user, "aud": AUDIENCE, "iat": now, "exp": now + 600}
        return jwt.encode({"alg": "ES256", "kid": issuer.key.kid}, claims, issuer.key, algorithms=["ES256"])

    def received(self, tenant, user, name):
        """What an agent was handed for a person: by another agent, or by the person."""
        return self.tokens.get((tenant, user, name)) or self.persons_token(tenant, user)

    def hand_on(self, tenant, user, giver, taker, tiers, scopes=()):
        """One agent hands on to another; whether the gate let it."""
        token, key = self.received(tenant, user, giver), self.key(tenant, giver, tiers[0])
        asked = {"scope": " ".join(scopes)} if scopes else {}
        handed = self.gate.exchange(key, token, requested_token_type=JWT, **asked)
        if handed.get("error") == "invalid_scope":
            may = self.gate.exchange(key, token, requested_token_type=JWT).get("scope", "").split()
            rest = [scope for scope in scopes if scope in may]
            handed = self.gate.exchange(key, token, requested_token_type=JWT, scope=" ".join(rest)) if rest else {}
        self.key(tenant, taker, tiers[1])
        if "access_token" in handed:
            self.tokens[tenant, user, taker] = handed["access_token"]

    def credential(self, tenant, user, name, tier):
        """What an agent calls with: its token for the person, or its key where it gets none. A token is
        good for minutes, and kept so long."""
        key = self.key(tenant, name, tier)
        if not user:
            return key
        received = self.received(tenant, user, name)
        known = (key, user, received if (tenant, user, name) in self.tokens else None)
        if known not in self.held:
            token = self.gate.exchange(key, received).get("access_token")
            if not token:
                return key
            self.held[known] = token
        return self.held[known]

    def begin_work(self):
        """Agents that will act have got their tokens, and seen which tools there are, before an outage."""
        for action in self.scenario.actions:
            if isinstance(action, DirectToolCall):
                name = action.agent_name or AGENTS[action.agent_tier]
                credential = self.credential(
                    self.tenant(action), action.as_user, name, action.agent_tier)
                session = Session(self.gate, SERVER, credential)
                session.open()
                session.post("tools/list", {})

    def tenant(self, action):
        return action.as_tenant or self.scenario.tenants[0].id

    def tier_of(self, name):
        """As what an agent is declared: as its first call says."""
        tiers = [action.agent_tier for action in self.scenario.actions
                 if isinstance(action, DirectToolCall) and action.agent_name == name]
        return tiers[0] if tiers else "interactive"

    def act(self, action):
        self.mend()
        match action:
            case DirectToolCall():
                self.direct(action)
            case Delegation():
                tiers = [self.tier_of(action.from_agent), self.tier_of(action.to_agent)]
                self.hand_on(self.tenant(action), action.as_user, action.from_agent, action.to_agent,
                             tiers, action.delegated_scopes)
            case ParallelFanOut():
                self.fan_out(action)
            case GatewayFailure():
                self.fail(action)
            case PolicyChange():
                self.change(action)

    def direct(self, action):
        name = action.agent_name or AGENTS[action.agent_tier]
        shown = {"agent_tier": action.agent_tier, "agent_name": action.agent_name}
        self.calls(self.tenant(action), action.as_user, name, action.agent_tier, action, shown, 1)

    def calls(self, tenant, user, name, tier, action, shown, count, credential=None):
        """Calls of one agent in one session, and what came of each."""
        shown = {"tool": action.tool, "as_user": action.as_user, "as_tenant": tenant, **shown}
        try:
            credential = credential or self.credential(tenant, user, name, tier)
            session = Session(self.gate, SERVER, credential)
            session.open()
        except OSError as error:
            session, down = None, f"the gate is not there: {error}"
        for _ in range(count):
            try:
                came = session.call(action.tool, action.input) if session else {"allowed": False, "reason": down}
            except OSError as error:
                came = {"allowed": False, "reason": f"the gate is not there: {error}"}
            is_down = "status" not in came or came["status"] >= 500 or came["failing"]
            self.seen.reachable = not is_down
            if is_down and not self.outage:
                self.seen.errors.append(f"{action.tool}: {came['reason']}")
            self.seen.outcomes.append({**shown, "allowed": came["allowed"], "reason": came["reason"]})

    def fan_out(self, action):
        tenant, user = self.tenant(action), action.as_user
        credentials = []
        for number in range(action.worker_count):
            name = f"worker-{number}"
            if user:
                self.hand_on(tenant, user, "orchestrator", name, ["interactive", "interactive"])
            credentials.append(self.credential(tenant, user, name, "interactive"))
        left = 60 - time.time() % 60
        if left < FAN_OUT:
            time.sleep(left)
        begun, shown = time.monotonic(), {"agent_tier": "subagent"}
        workers = [
            threading.Thread(target=self.calls, args=(
                tenant, user, f"worker-{number}", "interactive", action,
                {**shown, "agent_name": f"worker-{number}"}, action.calls_per_worker, credential))
            for number, credential in enumerate(credentials)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if time.monotonic() - begun > min(FAN_OUT, action.window_seconds):
            self.seen.errors.append("the fan-out took longer than its window")

    def fail(self, action):
        self.begin_work()
        is_open = any(tenant.policy.fail_mode == "fail_open" for tenant in self.scenario.tenants)
        if action.mode == "unreachable" and not is_open:
            self.gate.kill()
            repair = self.gate.start
        else:
            self.gate.fill_disk(True)
            repair = self.free_disk
        self.outage = (time.monotonic() + action.duration_seconds, repair)
        if action.duration_seconds <= SHORT_OUTAGE:
            time.sleep(action.duration_seconds)

    def free_disk(self):
        self.gate.fill_disk(False)
        self.gate.until("the gate did not recover", self.gate.is_ready)

    def mend(self, now=False):
        """Ends an outage that is over."""
        if self.outage and (now or time.monotonic() >= self.outage[0]):
            self.outage[1]()
            self.outage = None
            if not now:
                self.seen.reachable = True

    def change(self, action):
        chosen = [tenant for tenant in self.scenario.tenants if action.tenant in (None, tenant.id)]
        if not chosen:
            raise ValueError(f"no tenant {action.tenant}")
        tiers = [action.tier] if action.tier else TIERS
        for tenant in chosen[:1]:
            policy = tenant.policy
            if action.user and action.tool:
                rules = policy.user_tools.setdefault(action.user, {}).setdefault(action.tool, {})
            elif action.user:
                rules = policy.users.setdefault(action.user, {})
            elif action.tool:
                rules = policy.tools.setdefault(action.tool, {})
            else:
                rules = policy.defaults
            for tier in tiers:
                rule = rules.setdefault(tier, Rule())
                rule.permission = action.set_permission or rule.permission
                if action.set_rate_limit is not None:
                    rule.rate_limit_per_minute = action.set_rate_limit
        self.write_tenants()
        self.gate.portcullis(chosen[0].id, "policy", "deploy")

    def read_log(self):
        """Each tenant's log, by that tenant's own token."""
        for tenant in self.scenario.tenants:
            for record in self.gate.records(self.readers[tenant.id]):
                self.seen.entries.append(self.entry(tenant.id, record["record"]))

    def entry(self, tenant, record):
        server, _, tool = (record.get("resource") or {}).get("name", "").partition("/")
        detail, decision = record.get("detail", {}), record["decision"]
        chain = record.get("chain", [])
        word = DECISIONS[decision["effect"]]
        if word == "allow" and "flag" in decision.get("obligations", []):
            word = "flag"
        return {
            "found_in": tenant,
            "tenant": record["tenant"],
            "timestamp": record["time"],
            "actor_uid": record.get("on_behalf_of"),
            "actor_email": detail.get("email"),
            "tool": tool or server,
            "decision": word,
            "reason": decision.get("reason"),
            "trace_id": record.get("trace"),
            "delegation_chain": [self.names.get((tenant, agent), agent) for agent in chain]
            if len(chain) > 1 else [],
        }

    def hold_against_tools(self):
        """What the gate said that it let through is what the tools were asked to do."""
        said = collections.Counter(row["tool"] for row in self.seen.outcomes if row["allowed"])
        done = collections.Counter(self.tools.calls)
        if said != done:
            self.seen.errors.append(f"the gate let through {dict(said)}, and the tools did {dict(done)}")

    def whole(self):
        try:
            self.setup()
            for action in self.scenario.actions:
                self.act(action)
            self.mend(now=True)
            self.read_log()
            self.hold_against_tools()
        finally:
            self.gate.stop()
            self.tools.stop()
        return self.seen


def one(program, path, fixtures):
    """The scenario's name, and why it failed."""
    name = f"{path.parent.name}.{path.stem}"
    try:
        scenario = read(path, fixtures)
        with tempfile.TemporaryDirectory() as folder:
            seen = Run(program, pathlib.Path(folder), scenario).whole()
        name = scenario.id
        errors = [f"runner: {error}" for error in seen.errors]
        return name, failures(seen, scenario.expected) + errors
    except Exception as error:
        print(traceback.format_exc(), file=sys.stderr)
        return name, [f"{type(error).__name__}: {error}"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gate", required=True)
    parser.add_argument("--only", help="scenarios whose path holds this")
    parser.add_argument("folder", type=pathlib.Path)
    asked = parser.parse_args()
    scenarios = sorted((asked.folder / "scenarios").rglob("*.y*ml"))
    chosen = [path for path in scenarios if not asked.only or asked.only in str(path)]
    passed = 0
    for path in chosen:
        begun = time.monotonic()
        name, why = one(asked.gate, path, asked.folder / "fixtures")
        passed += not why
        print(f"{'failed' if why else 'passed'}  {name}  {time.monotonic() - begun:.1f} s", flush=True)
        for reason in why:
            print(f"        {reason}", flush=True)
    print(f"{passed} passed, {len(chosen) - passed} failed")
    sys.exit(0 if passed == len(chosen) and chosen else 3)


if __name__ == "__main__":
    main()
