"""Rules proven of the policies by a solver that is not ours, and the call that breaks one."""

import json
import os
import pathlib
import stat
import subprocess
import sys

import pytest

BASELINE = pathlib.Path(__file__).resolve().parents[2] / "policies" / "baseline"
HELD = "untrusted-values-ask"


@pytest.fixture(scope="session")
def solver(tmp_path_factory):
    """A program that starts the solver under the interpreter of these tests."""
    program = tmp_path_factory.mktemp("solver") / "cvc5"
    adapter = pathlib.Path(__file__).with_name("cvc5_on_stdin.py")
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{adapter}" "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def prove(solver, *words):
    program = os.environ.get("PORTCULLIS_BIN")
    if program is None:
        pytest.fail("PORTCULLIS_BIN is not set: run this by `cargo xtask clients`")
    command = [program, "policy", "prove", *map(str, words), "--solver", str(solver), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode in (0, 3), done.stderr
    rules = {rule["rule"]: rule for rule in json.loads(done.stdout)["rules"]}
    assert (done.returncode == 0) == all(rule["holds"] for rule in rules.values())
    return rules


def test_the_baseline_keeps_what_it_promises(solver):
    rules = prove(solver)
    assert {"no-untrusted-origin-leaves", "nothing-ungranted", "contained-agents-do-nothing"} <= set(rules)
    assert all(rule["holds"] for rule in rules.values())


def broken(folder, file, before, after):
    for source in BASELINE.glob("*.cedar"):
        text = source.read_text()
        if source.name == file:
            assert before in text
            text = text.replace(before, after)
        (folder / source.name).write_text(text)
    return folder


def test_a_broken_copy_is_refuted_by_the_call_that_passes(solver, tmp_path):
    # The policy no longer asks for a person: it merely permits.
    copy = broken(tmp_path, "flow.cedar", '@approve("")\npermit', "permit")
    rules = prove(solver, copy)
    rule = rules["no-untrusted-origin-leaves"]
    assert not rule["holds"]
    call = rule["broken_by"]
    assert call["action"] == 'Action::"call_tool"'
    assert "untrusted" in call["context"]["labels"]
    assert "granted-tools" in call["permitted_by"]
    # What has nothing to do with it still holds.
    assert rules["no-secret-leaves"]["holds"] and rules["zones-hold"]["holds"]


@pytest.mark.parametrize("word", ["object:forgotten", "link:asked", "link:untrusted", "call:groundless"])
def test_a_hole_of_one_word_is_found(solver, tmp_path, word):
    copy = broken(tmp_path, "flow.cedar", f'        "{word}"', '        "no:such"')
    rule = prove(solver, copy)["no-untrusted-origin-leaves"]
    assert not rule["holds"]
    assert word in rule["broken_by"]["context"]["origins"]


def test_a_permit_that_is_added_is_no_way_around(solver, tmp_path):
    copy = broken(tmp_path, "zones.cedar", "// What a zone", "// What a zone")
    extra = '@id("x")\n@description("y")\npermit (principal, action, resource);\n'
    (copy / "extra.cedar").write_text(extra)
    rules = prove(solver, copy)
    assert not rules["nothing-ungranted"]["holds"]
    assert rules["nothing-ungranted"]["broken_by"]["permitted_by"] == ["x"]


def test_rules_of_ones_own(solver, tmp_path):
    rules = tmp_path / "rules.cedar"
    rules.write_text(
        '@id("no-deletions")\n@description("Nothing is deleted.")\n'
        'forbid (principal, action == Action::"call_tool", resource)\n'
        'when { resource.effect == ToolEffect::"destructive" };\n'
    )
    assert not prove(solver, "baseline", "--rules", rules)["no-deletions"]["holds"]
