"""Killed in the middle, out of disk: afterwards nothing acknowledged is lost, and all goes on.

The kill is exact: strace delivers SIGKILL at the n-th system call of a kind, for each n, until a run
gets through without meeting it. No timing is involved.
"""

import os
import shutil
import subprocess

import pytest

from lab import CommandFailed, LabError, wait_until

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
needs_mount = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small tmpfs")


def kill_at(system_calls, number):
    """A command prefix: SIGKILL at the given occurrence of the system calls, in any thread."""
    # Detached: the process started is then the program itself, which gets the signals meant for it.
    return ["strace", "--daemonize", "--follow-forks", "--quiet=all", "--output=/dev/null",
            f"--trace={system_calls}", f"--inject={system_calls}:signal=KILL:when={number}"]


def publish_once_more(lab, bundle, content):
    """Publishes, whether or not an earlier try went through before its server died."""
    try:
        lab.publish(bundle, content)
    except CommandFailed as failure:
        assert "409" in failure.stderr, failure


@needs_strace
@pytest.mark.parametrize("system_calls", ["rename", "fsync,fdatasync"])
def test_server_killed_at_each_step_of_a_publish(own_lab, rules, patient_plan, system_calls):
    lab = own_lab
    lab.plan = patient_plan
    lab.start_server()
    counter = 0
    for number in range(1, 60):
        counter += 1
        bundle = lab.pack(rules(f"rule{counter}"), counter)
        lab.validate(bundle)
        content = lab.sign_release(bundle)
        lab.stop_server()
        acknowledged = False
        try:
            lab.start_server(prefix=kill_at(system_calls, number))
            lab.publish(bundle, content)
            acknowledged = True
        except LabError:
            pass  # The server died, at its start or under the request.
        survived = lab.server.poll() is None
        lab.stop_server()

        lab.start_server()
        published = [rollout["counter"] for rollout in lab.api("rollout", "list")["rollouts"]]
        if acknowledged:
            assert counter in published, "an acknowledged publish was lost"
        publish_once_more(lab, bundle, content)
        assert lab.rollout(counter)["phase"] in ("ready", "rolling")
        assert lab.api("log", "replay")["intact"]
        if survived and acknowledged:
            return
    pytest.fail("no run got through: is the server ever done?")


@needs_strace
def test_server_killed_during_rollout_steps_completes_after_restarts(own_lab, rules, patient_plan):
    lab = own_lab
    lab.plan = patient_plan
    lab.start_server()
    agents = lab.enrol_agents("all", 4)
    lab.wait_enrolled(agents)
    bundle = lab.pack(rules("steps"), 1)
    lab.validate(bundle)
    lab.publish(bundle, lab.sign_release(bundle))
    for number in (2, 4, 6, 9):
        lab.stop_server()
        try:
            lab.start_server(prefix=kill_at("rename", number))
        except LabError:
            continue
        try:
            lab.wait_for_phase(1, "complete", seconds=10)
        except LabError:
            continue
    lab.stop_server()
    lab.start_server()
    assert lab.wait_for_phase(1, "complete", "halted", "held")["phase"] == "complete"
    # One confirmation is enough for this plan; the others come in their own time.
    wait_until("all to confirm", lambda: lab.rollout(1)["rings"][0]["confirmed"] == 4)
    assert lab.api("log", "replay")["intact"]


@needs_strace
def test_agent_killed_at_each_step_of_an_update(own_lab, rules, patient_plan):
    lab = own_lab
    lab.plan = patient_plan
    lab.start_server()
    agents = lab.enrol_agents("all", 20)
    lab.wait_enrolled(agents)
    bundle = lab.pack(rules("base"), 1)
    lab.validate(bundle)
    lab.publish(bundle, lab.sign_release(bundle))
    lab.wait_for_phase(1, "complete")
    for agent in agents:
        wait_until("bundle 1", lambda agent=agent: agent.running_counter() == 1)
        agent.stop()

    # Each agent dies at another of its own writes while it takes bundle 2.
    plain = lab.spawn
    for number, agent in enumerate(agents, 1):
        lab.spawn = lambda command, number=number, **options: plain(
            [*kill_at("rename", number), *command], **options)
        agent.start()
    lab.spawn = plain
    bundle = lab.pack(rules("next"), 2)
    lab.validate(bundle)
    lab.publish(bundle, lab.sign_release(bundle))
    died = wait_until("agents to be killed",
                      lambda: sum(agent.died() for agent in agents) >= len(agents) // 2 and
                      [agent for agent in agents if agent.died()], 120)
    for agent in agents:
        if not agent.died():
            continue
        agent.start()
    for agent in agents:
        wait_until(f"{agent.name} to run bundle 2",
                   lambda agent=agent: agent.running_counter() == 2
                   or (agent.died() and agent.start() and False), 120)
    assert len(died) >= len(agents) // 2
    rollout = lab.wait_for_phase(2, "complete", "halted", "held")
    assert rollout["phase"] == "complete"


def small_disk(path, mebibytes):
    path.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0700", "tmpfs", path],
                   check=True)


def fill(path):
    """Takes every byte that is left. Returns the file to remove."""
    ballast = path / "ballast"
    with open(ballast, "wb", buffering=0) as out:
        try:
            while True:
                out.write(b"\0" * 65536)
        except OSError:
            pass
        try:
            while True:
                out.write(b"\0" * 512)
        except OSError:
            pass
    return ballast


@pytest.fixture
def disk(tmp_path):
    """small disks, unmounted at the end: disk(path, MiB)."""
    mounted = []

    def make(path, mebibytes):
        small_disk(path, mebibytes)
        mounted.append(path)
        return path

    yield make
    for path in mounted:
        subprocess.run(["umount", "--lazy", path], check=False)


@needs_mount
def test_server_with_a_full_disk_refuses_and_recovers(own_lab, rules, disk, patient_plan):
    lab = own_lab
    lab.plan = patient_plan
    state = disk(lab.folder / "server-small", 24)
    shutil.copytree(lab.folder / "server-state", state, dirs_exist_ok=True)
    lab.write_server_config(state=str(state))
    lab.write_server_config = lambda **_: None
    lab.start_server()
    first = lab.pack(rules("before"), 1)
    lab.validate(first)
    lab.publish(first, lab.sign_release(first))
    head = lab.api("log", "show")["entries"][-1]["sequence"]
    second = lab.pack(rules("during"), 2)
    lab.validate(second)
    content = lab.sign_release(second)

    ballast = fill(state)
    with pytest.raises(CommandFailed) as failure:
        lab.publish(second, content)
    assert "50" in failure.value.stderr, "a 503 or 507 problem"
    assert lab.server.poll() is None
    assert [rollout["counter"] for rollout in lab.api("rollout", "list")["rollouts"]] == [1]

    ballast.unlink()
    lab.publish(second, content)
    assert lab.api("log", "replay")["entries"] > head
    lab.stop_server()
    lab.start_server()
    assert lab.rollout(2)["phase"] in ("ready", "rolling")


@needs_mount
def test_agent_with_a_full_disk_keeps_what_it_has_and_recovers(own_lab, rules, disk, patient_plan):
    lab = own_lab
    lab.plan = patient_plan
    lab.start_server()
    token = lab.api("fleet", "enrol-token", "--tenant", "acme", "--ring", "all", "--uses", "1",
                    role="administrator")["token"]
    from lab import Agent
    agent = Agent(lab, "small", "all", "acme")
    agent.folder.mkdir(parents=True)
    disk(agent.state, 2)
    agent.write_config(token)
    agent.start()
    lab.wait_enrolled([agent])
    bundle = lab.pack(rules("first"), 1)
    lab.validate(bundle)
    lab.publish(bundle, lab.sign_release(bundle))
    wait_until("bundle 1", lambda: agent.running_counter() == 1)
    lab.wait_for_phase(1, "complete")
    explained = lab.api("rollout", "explain", f"{lab.stream}/1")
    assert explained["window"]["ring"] == "all" and explained["gates"] == []

    ballast = fill(agent.state)
    bundle = lab.pack(rules("second"), 2)
    lab.validate(bundle)
    lab.publish(bundle, lab.sign_release(bundle))
    wait_until("the agent to say what is wrong",
               lambda: "No space left" in agent.log_text(), process=agent.process)
    assert agent.running_counter() == 1
    ballast.unlink()
    wait_until("bundle 2", lambda: agent.running_counter() == 2, 120, agent.process)
