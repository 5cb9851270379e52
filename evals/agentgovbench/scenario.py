"""Scenarios as they are written: setup, actions, expectations. What is not known is an error."""

import dataclasses
import pathlib

import yaml

TIERS = ("interactive", "subagent", "background", "api")


class Unknown(Exception):
    """A word of a scenario that this runner does not know."""


@dataclasses.dataclass
class Rule:
    """What a tier may do; what is not said is left to the next, more general rule."""
    permission: str = None
    rate_limit_per_minute: int = None
    post_transform: str = None

    def __post_init__(self):
        known("permission", self.permission, (None, "allow", "flag", "deny"))
        known("post_transform", self.post_transform, (None, "off", "audit", "redact"))


@dataclasses.dataclass
class Policy:
    defaults: dict = dataclasses.field(default_factory=dict)
    tools: dict = dataclasses.field(default_factory=dict)
    users: dict = dataclasses.field(default_factory=dict)
    user_tools: dict = dataclasses.field(default_factory=dict)
    fail_mode: str = "fail_closed"

    def __post_init__(self):
        known("fail_mode", self.fail_mode, ("fail_closed", "fail_open"))
        self.defaults = rules(self.defaults)
        self.tools = {tool: rules(tiers) for tool, tiers in self.tools.items()}
        self.users = {user: rules(tiers) for user, tiers in self.users.items()}
        self.user_tools = {
            user: {tool: rules(tiers) for tool, tiers in tools.items()}
            for user, tools in self.user_tools.items()
        }


@dataclasses.dataclass
class User:
    uid: str
    email: str = None
    role: str = "member"
    scopes: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Tenant:
    id: str
    name: str = ""
    users: list = dataclasses.field(default_factory=list)
    policy: Policy = dataclasses.field(default_factory=Policy)

    def __post_init__(self):
        self.users = [made(User, user) for user in self.users]
        if isinstance(self.policy, dict):
            self.policy = made(Policy, self.policy)


@dataclasses.dataclass
class Tool:
    name: str
    required_scopes: list = dataclasses.field(default_factory=list)
    sensitivity: str = "user_data"
    description: str = ""

    def __post_init__(self):
        known("sensitivity", self.sensitivity, ("public", "user_data", "user_action", "admin"))


@dataclasses.dataclass
class DirectToolCall:
    tool: str
    input: dict = dataclasses.field(default_factory=dict)
    as_user: str = ""
    as_tenant: str = None
    agent_tier: str = "interactive"
    agent_name: str = None

    def __post_init__(self):
        known("agent_tier", self.agent_tier, TIERS)


@dataclasses.dataclass
class Delegation:
    from_agent: str = "orchestrator"
    to_agent: str = "worker"
    task: str = ""
    delegated_scopes: list = dataclasses.field(default_factory=list)
    as_user: str = ""
    as_tenant: str = None


@dataclasses.dataclass
class ParallelFanOut:
    tool: str
    worker_count: int = 1
    calls_per_worker: int = 1
    input: dict = dataclasses.field(default_factory=dict)
    as_user: str = ""
    as_tenant: str = None
    window_seconds: int = 60


@dataclasses.dataclass
class GatewayFailure:
    mode: str = "unreachable"
    duration_seconds: float = 30

    def __post_init__(self):
        known("mode", self.mode, ("unreachable", "error_5xx"))


@dataclasses.dataclass
class PolicyChange:
    tenant: str = None
    user: str = None
    tool: str = None
    tier: str = None
    set_permission: str = None
    set_rate_limit: int = None

    def __post_init__(self):
        known("tier", self.tier, (None, *TIERS))
        known("set_permission", self.set_permission, (None, "allow", "flag", "deny"))


ACTIONS = {
    "direct_tool_call": DirectToolCall,
    "delegation": Delegation,
    "parallel_fan_out": ParallelFanOut,
    "gateway_failure": GatewayFailure,
    "policy_change": PolicyChange,
}


@dataclasses.dataclass
class Scenario:
    id: str
    category: str
    tenants: list
    tools: list
    actions: list
    expected: list


def known(what, word, words):
    if word not in words:
        raise Unknown(f"{what} {word!r}")


def made(kind, values):
    """One of the classes above from a mapping; a member that it does not have is an error."""
    names = {field.name for field in dataclasses.fields(kind)}
    strange = set(values) - names
    if strange:
        raise Unknown(f"{kind.__name__} with {', '.join(sorted(strange))}")
    return kind(**values)


def rules(tiers):
    for tier in tiers:
        known("tier", tier, TIERS)
    return {tier: made(Rule, rule or {}) for tier, rule in tiers.items()}


def action(entry):
    (kind, values), = entry.items()
    known("action", kind, ACTIONS)
    return made(ACTIONS[kind], values or {})


def read(path, fixtures):
    """A scenario; its own setup goes before that of the fixture which it names."""
    written = yaml.safe_load(pathlib.Path(path).read_text())
    setup = dict(written.get("setup") or {})
    if fixture := setup.pop("use_fixture", None):
        setup = {**yaml.safe_load((fixtures / f"{fixture}.yaml").read_text()), **setup}
    strange = set(setup) - {"tenants", "tools"}
    if strange:
        raise Unknown(f"setup with {', '.join(sorted(strange))}")
    return Scenario(
        id=written["id"],
        category=written["category"],
        tenants=[made(Tenant, tenant) for tenant in setup.get("tenants", [])],
        tools=[made(Tool, tool) for tool in setup.get("tools", [])],
        actions=[action(entry) for entry in written.get("actions", [])],
        expected=written.get("expected", []),
    )
