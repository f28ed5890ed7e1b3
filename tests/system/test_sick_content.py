"""Content that crashes nothing and floods every device with alerts: they leave it, and it halts."""

from lab import wait_until

COMMON = "what every file of this fleet says"


def flooding_rules(rules):
    folder = rules("flooding")
    (folder / "rule.yar").write_text(
        f'rule flooding\n{{\n  strings:\n    $a = "{COMMON}"\n  condition:\n    $a\n}}\n')
    return folder


def test_a_flood_of_alerts_halts_the_rollout_and_the_devices_take_themselves_back(
        own_lab, rules, patient_plan):
    # Nor may the first device to leave be the only one that was let in: the ring then holds.
    patient_plan.write_text(patient_plan.read_text().replace("bake_floor: 0s", "bake_floor: 15s"))
    own_lab.plan = patient_plan
    own_lab.start_server()
    agents = own_lab.enrol_agents("all", 4, alerts_per_minute_max=3)
    own_lab.wait_enrolled(agents)
    for agent in agents:
        for number in range(20):
            (agent.watch / f"{number}.txt").write_text(COMMON)
    own_lab.release(rules(), 1)
    own_lab.wait_for_phase(1, "complete")

    own_lab.release(flooding_rules(rules), 2)
    halted = own_lab.wait_for_phase(2, "halted")

    assert "devices failed" in halted["reason"]
    for agent in agents:
        wait_until(f"{agent.name} to be back", lambda agent=agent: agent.running_counter() == 1,
                   600, agent.process)
    told = [agent for agent in agents
            if "alert flood: " in (agent.state / "history.jsonl").read_text()]
    assert len(told) >= 3
    assert not any(agent.died() for agent in agents)
