"""Approvals, overrides and freezes, with the real programs: what one person alone cannot do."""

import datetime

import pytest

from lab import CommandFailed, wait_until

PLAN = """\
name: people
velocity: lab
default_ring: broad
{freeze}rings:
  - {{name: canary, window: {{start: 50, max: 50}}, bake_floor: 100h,
     approvals: {{count: 1, of: [lab-approver, lab-release-manager]}},
     promote: {{confirmed_min: 1, exposure_hours_min: 0}}}}
  - {{name: broad, window: {{start: 50, max: 50}}, bake_floor: 0s,
     promote: {{confirmed_min: 1, exposure_hours_min: 0}}}}
halt: {{alpha: 0.0001, silence_q0: 0.005, crash_rate_per_hour: 0.00003, failures_min: 3,
       tenants_min: 2, control_silent_share_max: 0.5}}
agent: {{confirm_after: 1s, silence_deadline: 600s, heartbeat_every: 1s, poll_every: 1s}}
"""


def steer(lab, word, role, ring="canary", counter=1):
    return lab.api("rollout", word, f"yara/{counter}", "--ring", ring, "--reason", "a test", role=role)


def add_person(lab, name, role):
    """From here on the lab's programs can be called as `name`."""
    made = lab.api("token", "create", "--name", f"lab-{name}", "--role", role,
                   role="administrator")
    token = lab.keys / f"{name}.token"
    token.touch(mode=0o600)
    token.write_text(made["token"] + "\n")
    lab.tokens[name] = token


def add_approver(lab):
    add_person(lab, "approver", "approver")


def refused(lab, word, role):
    with pytest.raises(CommandFailed) as failure:
        steer(lab, word, role)
    assert failure.value.code == 1
    assert failure.value.stderr.count("\n") == 1
    return failure.value.stderr


def open_rings(lab):
    return [ring["name"] for ring in lab.rollout(1)["rings"] if ring["open"]]


def publish(lab, rules, plan_text):
    lab.plan = lab.folder / "plan.yaml"
    lab.plan.write_text(plan_text)
    lab.release(rules(), 1)


def test_a_release_waits_for_people_and_takes_two_to_hurry(own_lab, rules):
    own_lab.start_server()
    add_approver(own_lab)
    agents = own_lab.enrol_agents("canary", 2) + own_lab.enrol_agents("broad", 1)
    own_lab.wait_enrolled(agents)
    publish(own_lab, rules, PLAN.format(freeze=""))

    assert open_rings(own_lab) == []
    assert "published" in refused(own_lab, "approve", "release-manager")
    assert "403" in refused(own_lab, "approve", "viewer")
    steer(own_lab, "approve", "approver")
    assert open_rings(own_lab) == ["canary"]
    wait_until("both to confirm",
               lambda: own_lab.rollout(1)["rings"][0]["confirmed"] == 2, 240, own_lab.server)

    # Its bake takes four days. Who asks cannot grant, and who may not ask cannot ask.
    assert "403" in refused(own_lab, "override", "approver")
    assert "nobody asked" in refused(own_lab, "grant", "approver")
    steer(own_lab, "override", "release-manager")
    assert "two people" in refused(own_lab, "grant", "release-manager")
    asked = own_lab.api("rollout", "explain", "yara/1", role="viewer")["people"]["override_asked"]
    assert (asked["person"], asked["ring"]) == ("lab-release-manager", "canary")
    assert open_rings(own_lab) == ["canary"]
    steer(own_lab, "grant", "approver")
    own_lab.wait_for_phase(1, "complete")

    log = own_lab.folder / "log.jsonl"
    own_lab.api("log", "show", "--out", log)
    for kind in ("approved", "override-asked", "override-granted"):
        assert log.read_text().count(f'"type":"{kind}"') == 1
    own_lab.cli("log", "replay", "--file", log)


def test_nothing_is_exposed_during_a_freeze_not_even_after_a_kill(own_lab, rules):
    own_lab.start_server()
    add_approver(own_lab)
    agents = own_lab.enrol_agents("canary", 1, tenants=("acme",))
    own_lab.wait_enrolled(agents)
    today = datetime.datetime.now(datetime.timezone.utc).date()
    day = datetime.timedelta(days=1)
    publish(own_lab, rules, PLAN.format(
        freeze=f'freeze:\n  - {{name: audit, zone: Europe/Berlin, from: "{today - 2 * day} 00:00", '
               f'until: "{today + 9 * day} 00:00"}}\n'))
    steer(own_lab, "approve", "approver")
    assert open_rings(own_lab) == []

    own_lab.stop_server(how=9)
    own_lab.start_server()
    rollout = own_lab.rollout(1)
    assert rollout["people"]["freeze"]["name"] == "audit"
    assert rollout["people"]["approved_by"] == ["lab-approver"]
    thawed = [gate for gate in rollout["gates"] if gate["gate"] == "thawed"]
    assert thawed and not thawed[0]["open"] and thawed[0]["opens_at"]
    assert open_rings(own_lab) == []


FLOOD = "what every file of one tenant says"


def release_to_all(lab, folder, counter):
    """Releases it to canary, six devices, and waits until all of them run it."""
    lab.release(folder, counter)
    steer(lab, "approve", "approver", counter=counter)
    wait_until("all to confirm",
               lambda: lab.rollout(counter)["rings"][0]["confirmed"] == 6, 240, lab.server)


def held_by_the_evidence(lab, rules):
    """Release 2 is held: it floods the four devices of one tenant with alerts, once all confirmed."""
    lab.plan = lab.folder / "plan.yaml"
    lab.plan.write_text(PLAN.format(freeze=""))
    flooded = lab.enrol_agents("canary", 4, tenants=("acme",), alerts_per_minute_max=3)
    lab.wait_enrolled(flooded + lab.enrol_agents("canary", 2, tenants=("globex",)))
    release_to_all(lab, rules(), 1)
    folder = rules("flooding")
    (folder / "rule.yar").write_text(
        f'rule flooding\n{{\n  strings:\n    $a = "{FLOOD}"\n  condition:\n    $a\n}}\n')
    release_to_all(lab, folder, 2)
    for agent in flooded:
        for number in range(20):
            (agent.watch / f"{number}.txt").write_text(FLOOD)
    return lab.wait_for_phase(2, "held", "halted")


def resume(lab, role, expect=0):
    return lab.api("rollout", "resume", "yara/2", "--reason", "their files are odd", role=role,
                   expect=expect)


def test_what_the_evidence_held_takes_two_people_though_the_server_dies_between(own_lab, rules):
    lab = own_lab
    lab.start_server()
    add_approver(lab)
    add_person(lab, "second-manager", "release-manager")
    held = held_by_the_evidence(lab, rules)
    assert (held["phase"], held["held_by"]) == ("held", "controller"), held["reason"]
    assert "too few tenants" in held["reason"]
    failed = held["evidence"]["failed_devices"]
    assert failed >= 3

    for role in ("viewer", "approver"):
        resume(lab, role, expect=1)
    asked = resume(lab, "release-manager")
    assert asked["phase"] == "held"
    assert asked["people"]["resume_asked"]["person"] == "lab-release-manager"
    with pytest.raises(CommandFailed) as failure:
        resume(lab, "release-manager")
    assert "two people" in failure.value.stderr
    assert "firebreak rollout resume yara/2" in failure.value.stderr

    lab.stop_server(how=9)
    lab.start_server()
    explained = lab.run(lab.programs.firebreak, "rollout", "explain", "yara/2", "--server", lab.url,
                        "--ca", lab.ca, "--token-file", lab.tokens["viewer"]).stdout
    for words in ("Held by the evidence; lab-release-manager asked to go on at",
                  "Who goes on passes over", "A second person, until",
                  'firebreak rollout resume yara/2 --reason "..."'):
        assert words in explained
    assert resume(lab, "second-manager")["phase"] == "rolling"
    assert lab.rollout(2)["evidence"]["failed_devices"] < failed

    # One person's own hold is one person's to end.
    lab.api("rollout", "hold", "yara/2", "--reason", "lunch", role="approver")
    assert lab.rollout(2)["held_by"] == "person"
    assert resume(lab, "second-manager")["phase"] == "rolling"
    log = lab.folder / "log.jsonl"
    lab.api("log", "show", "--out", log)
    for kind in ("resume-asked", "resume-granted", "resumed"):
        assert log.read_text().count(f'"type":"{kind}"') == 1
    lab.cli("log", "replay", "--file", log)


def test_a_plan_without_floors_is_for_labs(own_lab, rules):
    own_lab.write_server_config(lab_plans=False)
    own_lab.start_server()
    with pytest.raises(CommandFailed) as failure:
        publish(own_lab, rules, PLAN.format(freeze=""))
    assert "lab_plans" in failure.value.stderr
