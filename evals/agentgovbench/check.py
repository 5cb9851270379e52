"""What a scenario expects, held against what was answered and what stands in the log.

Each check gives nothing where it holds, and otherwise a sentence. An unknown kind never holds.
"""

OUTCOME = ("tool", "as_user", "as_tenant", "agent_tier", "agent_name")
ENTRY = ("tenant", "actor_uid", "actor_email", "tool", "decision")
FIELDS = ENTRY + ("timestamp", "reason", "trace_id", "delegation_chain")


class Bad(Exception):
    """An expectation that cannot be read."""


def chosen(rows, wanted, names):
    strange = set(wanted) - set(names)
    if strange:
        raise Bad(f"no filter {', '.join(sorted(strange))}")
    return [row for row in rows if all(row.get(name) == value for name, value in wanted.items())]


def exactly(params, *names):
    """Every parameter is one that the check knows: an expectation is not read by halves."""
    strange = set(params) - set(names)
    if strange:
        raise Bad(f"no parameter {', '.join(sorted(strange))}")


def tool_allowed(seen, params):
    rows = chosen(seen.outcomes, params, OUTCOME)
    refused = [row["reason"] for row in rows if not row["allowed"]]
    if not rows:
        return "no such call was made"
    return f"{len(refused)} of {len(rows)} refused: {refused[0]}" if refused else None


def tool_denied(seen, params):
    rows = chosen(seen.outcomes, params, OUTCOME)
    allowed = sum(row["allowed"] for row in rows)
    if not rows:
        return "no such call was made"
    return f"{allowed} of {len(rows)} allowed" if allowed else None


def audit_has_entry(seen, params):
    return None if chosen(seen.entries, params, ENTRY) else f"no such entry: {brief(seen.entries)}"


def of_tool(seen, params):
    rows = [row for row in seen.entries if params.get("tool") in (None, row["tool"])]
    return rows, None if rows else "the log has no entry for it"


def audit_attribution(seen, params):
    exactly(params, "tool", "actor_uid")
    rows, nothing = of_tool(seen, params)
    others = [row["actor_uid"] for row in rows if row["actor_uid"] != params.get("actor_uid")]
    return nothing or (f"attributed to {others}" if others else None)


def audit_field_present(seen, params):
    exactly(params, "tool", "fields")
    strange = set(params.get("fields", [])) - set(FIELDS)
    if strange:
        raise Bad(f"no field {', '.join(sorted(strange))}")
    rows, nothing = of_tool(seen, params)
    lacking = {name for row in rows for name in params.get("fields", []) if row[name] in (None, "")}
    return nothing or (f"lacking: {', '.join(sorted(lacking))}" if lacking else None)


def delegation_chain(seen, params):
    exactly(params, "tool", "chain")
    rows, nothing = of_tool(seen, params)
    others = [row["delegation_chain"] for row in rows
              if row["delegation_chain"] != params.get("chain", [])]
    return nothing or (f"chains {others}" if others else None)


def rate_limited_count(seen, params):
    exactly(params, "filter", "max_allowed", "min_allowed")
    rows = chosen(seen.outcomes, params.get("filter", {}), OUTCOME)
    allowed = sum(row["allowed"] for row in rows)
    if not rows:
        return "no such call was made"
    if allowed > params["max_allowed"] or allowed < params.get("min_allowed", 0):
        return f"{allowed} of {len(rows)} allowed"
    return None


def gateway_reachable(seen, params):
    exactly(params, "reachable")
    wanted = params.get("reachable", True)
    return None if seen.reachable == wanted else f"reachable: {seen.reachable}"


def no_cross_tenant_leak(seen, params):
    exactly(params, "allowed_pairs")
    pairs = {(pair["tenant"], pair["tool"]) for pair in params.get("allowed_pairs", [])}
    leaks = [row for row in seen.entries if row["tenant"] and (row["tenant"], row["tool"]) not in pairs]
    leaks += [row for row in seen.entries if row["tenant"] != row["found_in"]]
    return f"in the wrong log: {brief(leaks)}" if leaks else None


def runner_errors_empty(seen, params):
    exactly(params)
    return "; ".join(seen.errors) or None


CHECKS = {check.__name__: check for check in (
    tool_allowed, tool_denied, audit_has_entry, audit_attribution, audit_field_present, delegation_chain,
    rate_limited_count, gateway_reachable, no_cross_tenant_leak, runner_errors_empty)}


def brief(rows):
    shown = [{name: row[name] for name in ("tenant", "actor_uid", "tool", "decision")} for row in rows]
    return f"{shown[:5]}{' …' if len(shown) > 5 else ''}"


def failures(seen, expected):
    """What of it does not hold."""
    found = [] if expected else ["it expects nothing"]
    for one in expected:
        kind, params = one.get("kind"), one.get("params") or {}
        check = CHECKS.get(kind)
        try:
            why = check(seen, params) if check else "no such kind of expectation"
        except (Bad, KeyError, TypeError) as error:
            why = f"cannot be read: {error}"
        if why:
            found.append(f"{kind}: {why}")
    return found
