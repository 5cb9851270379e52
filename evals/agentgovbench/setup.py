"""From a scenario's tenants to what an operator would write: configuration and Cedar policies."""

import json
import pathlib

from joserfc.jwk import ECKey, KeySet

from scenario import TIERS, Rule

BASELINE = pathlib.Path(__file__).resolve().parents[2] / "policies" / "baseline"
AUDIENCE = "portcullis"
SERVER = "tools"
# What an operator says of a tool by how sensitive it is: effect, confidentiality.
KNOWN = {
    "public": ("read", "public"),
    "user_data": ("read", "internal"),
    "user_action": ("write", "internal"),
    "admin": ("destructive", "internal"),
}
STRICTEST = ("allow", "flag", "deny")
TIER = {"interactive": "interactive", "subagent": "sub_agent", "background": "background", "api": "api"}


class Issuer:
    """A tenant's identity provider: it says who its people are, and publishes its keys in a file."""

    def __init__(self, tenant):
        self.url = f"https://login.{tenant}.example"
        self.key = ECKey.generate_key("P-256", {"kid": tenant, "use": "sig", "alg": "ES256"})

    def publish(self, path):
        keys = KeySet([self.key]).as_dict(private=False)
        path.write_text(json.dumps(keys))


def effective(policy, user, tool, tier):
    """The rule that counts: the most specific one; of two that are equally specific the stricter."""
    nothing = Rule()
    layers = [
        [policy.user_tools.get(user, {}).get(tool, {}).get(tier, nothing)],
        [policy.users.get(user, {}).get(tier, nothing), policy.tools.get(tool, {}).get(tier, nothing)],
        [policy.defaults.get(tier, nothing)],
    ]
    rule = Rule()
    for layer in layers:
        said = [one.permission for one in layer if one.permission]
        rule.permission = rule.permission or max(said, key=STRICTEST.index, default=None)
        transforms = [one.post_transform for one in layer if one.post_transform]
        rule.post_transform = rule.post_transform or (
            "redact" if "redact" in transforms else next(iter(transforms), None))
    return rule


def policies(tenant, tools):
    """Cedar for each tool and tier: once for everybody, and for each person of whom more is said."""
    policy = tenant.policy
    special = sorted({*policy.users, *policy.user_tools})
    text = []

    def write(name, effect, tool, tier, who, obligation=None):
        asks = f'@obligation("{obligation}")\n' if obligation else ""
        text.append(
            f'@id("{name}")\n@description("As the scenario says.")\n{asks}'
            f'{effect} (principal, action == Action::"call_tool", resource == Tool::"{SERVER}/{tool}")\n'
            f'when {{ context.tier == "{TIER[tier]}" && {who} }};\n')

    for tool in tools:
        for tier in TIERS:
            whom = [(None, everybody_but(special))] + [(user, only(user)) for user in special]
            for place, (user, who) in enumerate(whom):
                rule = effective(policy, user, tool.name, tier)
                name = f"{tool.name}-{tier}-{place}".replace("_", "-")
                if rule.permission == "deny":
                    write(f"{name}-deny", "forbid", tool.name, tier, who)
                if rule.permission == "flag":
                    write(f"{name}-flag", "permit", tool.name, tier, who, "flag")
                if rule.post_transform == "redact":
                    write(f"{name}-redact", "permit", tool.name, tier, who, "redact_answer")
    return "\n".join(text)


def only(user):
    return f'context has on_behalf_of && context.on_behalf_of == User::"{user}"'


def everybody_but(special):
    if not special:
        return "true"
    return "!(" + " || ".join(f"({only(user)})" for user in special) + ")"


def limits(tenant, tools):
    """Each person has a budget in each tier, and one of their own where that is said."""
    policy = tenant.policy
    rows = []

    def row(name, tier, requests, tool="*", **more):
        rows.append({"name": name, "per": "person", "tier": TIER[tier], "tool": tool,
                     "window": "1m", "requests": requests, **more})

    for tier in TIERS:
        own = sorted(user for user, tiers in policy.users.items()
                     if tier in tiers and tiers[tier].rate_limit_per_minute is not None)
        rule = policy.defaults.get(tier, Rule())
        if rule.rate_limit_per_minute is not None:
            row(tier, tier, rule.rate_limit_per_minute, **({"except": own} if own else {}))
        for user in own:
            row(f"{tier}-{user}", tier, policy.users[user][tier].rate_limit_per_minute, only=user)
        for tool, tiers in policy.tools.items():
            if tier in tiers and tiers[tier].rate_limit_per_minute is not None:
                row(f"{tier}-{tool}", tier, tiers[tier].rate_limit_per_minute, f"{SERVER}/{tool}")
        for user, tools_of in policy.user_tools.items():
            for tool, tiers in tools_of.items():
                if tier in tiers and tiers[tier].rate_limit_per_minute is not None:
                    row(f"{tier}-{user}-{tool}", tier, tiers[tier].rate_limit_per_minute,
                        f"{SERVER}/{tool}", only=user)
    return rows


def table(head, values):
    """A table of TOML; JSON's texts, numbers and lists are TOML's."""
    return "\n".join([head, *(f"{key} = {json.dumps(value)}" for key, value in values.items())]) + "\n"


def write_tenant(folder, tenant, tools, issuer, port):
    """A tenant's own configuration, with its policies and its issuer's keys beside it."""
    own = folder / tenant.id
    (own / "policies").mkdir(parents=True, exist_ok=True)
    for file in BASELINE.glob("*.cedar"):
        (own / "policies" / file.name).write_text(file.read_text())
    (own / "policies" / "scenario.cedar").write_text(policies(tenant, tools))
    issuer.publish(own / "issuer.json")
    text = [
        table("[policy]", {"dir": "policies"}),
        table("[[issuer]]", {"url": issuer.url, "audience": [AUDIENCE], "algorithms": ["ES256"],
                             "keys": "issuer.json"}),
        table("[[role]]", {"name": "everyone", "tools": [f"{SERVER}/*"]}),
        table("[[mcp]]", {"name": SERVER, "url": f"http://127.0.0.1:{port}/mcp", "person": "required"}),
        table("[mcp.fail]", {"log": tenant.policy.fail_mode.removeprefix("fail_")}),
    ]
    for tool in tools:
        effect, confidentiality = KNOWN[tool.sensitivity]
        text.append(table("[[mcp.tool]]", {"name": tool.name, "effect": effect, "integrity": "trusted",
                                           "confidentiality": confidentiality, "decisive": [],
                                           "scopes": tool.required_scopes}))
    text += [table("[[limit]]", limit) for limit in limits(tenant, tools)]
    (own / "tenant.toml").write_text("\n".join(text))


def write_instance(folder, tenants):
    text = [
        table("[gate]", {"listen": "127.0.0.1:0"}),
        table("[console]", {"listen": "127.0.0.1:0"}),
        table("[data]", {"dir": "data"}),
    ]
    text += [table("[[tenant]]", {"name": tenant.id, "file": f"{tenant.id}/tenant.toml"})
             for tenant in tenants]
    (folder / "portcullis.toml").write_text("\n".join(text))
