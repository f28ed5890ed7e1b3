#!/usr/bin/python3
"""The story that script/demo tells: four bundles, sixty agents, one that goes wrong.

Everything is real: processes, TLS on loopback, signatures, files. What is printed is measured. The
last line is one JSON object; the exit code is 0 only when the story went as it must.
"""

import argparse
import datetime
import json
import pathlib
import signal
import sys
import tempfile
import time

from lab import REPOSITORY, Lab, LabError, offline_prefix, wait_until

RINGS = (("canary", 10), ("early", 20), ("broad", 30))
LIVE_HOST = "FIREBREAK-DEMO-LIVE-HOST\n"
# What the demo's endpoints have and the validator's sandbox has not: see sensor/yara/demo_fault.hpp.
LIVE_ENVIRONMENT = {"FIREBREAK_DEMO_LIVE_HOST": "1"}


class Narrator:
    """Prints the story with the seconds since it began; in colour on a terminal only."""

    def __init__(self):
        self.began = time.monotonic()
        self.colour = sys.stdout.isatty()

    def say(self, text):
        print(f"{time.monotonic() - self.began:7.1f}s  {text}", flush=True)

    def chapter(self, text):
        print(f"\n\x1b[1m{text}\x1b[0m" if self.colour else f"\n== {text}", flush=True)


def settle(lab, narrator):
    """Keys, server, agents."""
    narrator.chapter("A vendor: key ceremony, server, sixty endpoints")
    lab.prepare()
    narrator.say("key ceremony held: root 3 of 5, targets 2 of 3, content 2 of 3, one online key")
    lab.start_server()
    narrator.say(f"firebreakd serves {lab.url} (TLS, SQLite)")
    for ring, count in RINGS:
        lab.enrol_agents(ring, count, environment=LIVE_ENVIRONMENT)
    lab.wait_enrolled(lab.agents)
    narrator.say(f"{len(lab.agents)} firebreak-agent processes enrolled: "
                 + ", ".join(f"{count} in {ring}" for ring, count in RINGS))


def seconds_between(earlier, later):
    began, ended = (datetime.datetime.fromisoformat(text) for text in (earlier, later))
    return round((ended - began).total_seconds(), 1)


def progress(narrator):
    """A watcher for wait_for_phase that tells each ring's first opening and full exposure."""
    told = set()

    def watch(rollout):
        for ring in rollout["rings"]:
            for fact, text in (("open", f"ring {ring['name']} opens"),
                               ("full", f"ring {ring['name']} is exposed in full, "
                                        f"{ring['confirmed']} healthy")):
                true = ring["open"] if fact == "open" else ring["threshold_ppb"] == 10**9
                if true and (ring["name"], fact) not in told:
                    told.add((ring["name"], fact))
                    narrator.say(text)

    return watch


def good_bundle(lab, narrator, goodware):
    narrator.chapter("Bundle 1: the starter rules")
    bundle = lab.pack(REPOSITORY / "content/yara-starter", 1)
    report = lab.validate(bundle, goodware=goodware)
    replayed = next(stage for stage in report["stages"] if stage["name"] == "replay")
    narrator.say(f"validated: {report['verdict']}; {replayed['executions']} goodware files in "
                 + " and ".join(goodware) + " scanned, no match")
    lab.publish(bundle, lab.sign_release(bundle))
    narrator.say("signed by validator and approver, published")
    rollout = lab.wait_for_phase(1, "complete", "halted", "held", watch=progress(narrator))
    wait_until("every agent to run bundle 1",
               lambda: all(agent.running_counter() == 1 for agent in lab.agents), 60)
    narrator.say(f"rollout {rollout['phase']}: {len(lab.agents)} of {len(lab.agents)} agents run it")
    return rollout["phase"]


def rejected_bundle(lab, narrator, title, folder, counter, goodware):
    """Packs and validates a bundle that must not pass; tells the first finding."""
    narrator.chapter(title)
    bundle = lab.pack(REPOSITORY / "examples/bad-content" / folder, counter)
    report = lab.validate(bundle, goodware=goodware, expect=None)
    finding = report["findings"][0] if report["findings"] else {"message": "no finding"}
    narrator.say(f"{report['verdict']}: {finding['message']}")
    if finding.get("reproducer"):
        narrator.say(f"reproducer: {finding['reproducer']}")
    return report


def silent_bundle(lab, narrator, goodware):
    """The one that only a live fleet shows. Returns the measured figures."""
    narrator.chapter("Bundle 4: passes every test, and takes live hosts down in silence")
    bundle = lab.pack(REPOSITORY / "examples/bad-content/silent-fault", 4)
    report = lab.validate(bundle, goodware=goodware)
    narrator.say(f"validated: {report['verdict']} (its samples match, and no sandbox is a live host)")
    for agent in lab.agents:
        (agent.watch / "live-host").write_text(LIVE_HOST)
    lab.publish(bundle, lab.sign_release(bundle))
    narrator.say("signed, published; canary first")
    told = set()

    def watch(_rollout):
        for agent in lab.agents:
            if agent.died() and agent.name not in told:
                told.add(agent.name)
                narrator.say(f"{agent.name} went silent (signal {-agent.process.returncode})")

    rollout = lab.wait_for_phase(4, "halted", "complete", watch=watch)
    halt_seconds = None
    if rollout["phase"] == "halted":
        halt_seconds = seconds_between(rollout["first_activation"], rollout["halted_at"])
        narrator.say(f"halted by itself: {rollout['reason']}")
    harmed = [agent for agent in lab.agents if agent.died()]
    narrator.say(f"{len(harmed)} harmed, bound {rollout['harm_bound']}, "
                 f"{halt_seconds} s from the first activation to the halt")
    return rollout, harmed, halt_seconds


def heal(lab, narrator, harmed):
    """Restarts what died, without any network, until it runs last-known-good. Returns how many do."""
    narrator.chapter("The harmed heal themselves, without the network")
    healed = 0
    for agent in harmed:
        # As a service manager would: again and again, in a namespace with no network at all.
        for _attempt in range(5):
            agent.start(offline=True)
            wait_until(f"{agent.name} to start",
                       lambda agent=agent: agent.died() or agent.running_counter() == 1, 60)
            if not agent.died():
                break
        healed += not agent.died() and agent.running_counter() == 1
    narrator.say(f"{healed} of {len(harmed)} run bundle 1 again (restarted with "
                 f"'{' '.join(offline_prefix())}': not even loopback)")
    for agent in harmed:
        if not agent.died():
            agent.stop()
        agent.start()
    for agent in harmed:
        wait_until(f"{agent.name} to be back", lambda agent=agent: reported_back(lab, agent), 60)
    narrator.say("back on the network, their rollback is reported")
    return healed


def reported_back(lab, agent):
    device = (agent.status() or {}).get("device")
    return device and lab.api("fleet", "show", device)["counter"] == 1


def untouched(lab, rollout):
    """True when no device outside the canary ring ever activated the bundle."""
    others = [ring for ring in rollout["rings"] if ring["name"] != "canary"]
    alive = all(agent.running_counter() == 1 and not agent.died()
                for agent in lab.agents if agent.ring != "canary")
    return alive and all(ring["activated"] == 0 for ring in others)


def tell(lab, narrator, goodware):
    result = {"good": None, "goodware": None, "hang": None, "silent": None, "harmed": None,
              "bound": None, "healed": None, "halt_seconds": None}
    settle(lab, narrator)
    result["good"] = good_bundle(lab, narrator, goodware)
    report = rejected_bundle(lab, narrator, "Bundle 2: a rule that matches a system library",
                             "goodware-hit", 2, goodware[-1:])
    result["goodware"] = report["verdict"]
    named = any(finding.get("rule") and finding.get("file") for finding in report["findings"])
    report = rejected_bundle(lab, narrator, "Bundle 3: takes the engine down while it loads",
                             "load-fault", 3, goodware[:1])
    result["hang"] = report["verdict"]
    reproduced = any(finding.get("reproducer") for finding in report["findings"])
    rollout, harmed, result["halt_seconds"] = silent_bundle(lab, narrator, goodware[:1])
    result["silent"] = rollout["phase"]
    result["harmed"] = len(harmed)
    result["bound"] = rollout["harm_bound"]
    result["healed"] = heal(lab, narrator, harmed)
    others_safe = untouched(lab, rollout)
    narrator.say("the other rings never saw it" if others_safe else "ANOTHER RING WAS TOUCHED")
    replayed = lab.api("log", "replay", role="viewer")
    narrator.say(f"the server's log: hash chain intact, its {replayed['decisions']} decisions "
                 "made again from it, each the same")
    went_well = (result["good"] == "complete" and result["goodware"] == "rejected" and named
                 and result["hang"] == "rejected" and reproduced and result["silent"] == "halted"
                 and 0 < result["harmed"] <= result["bound"]
                 and result["healed"] == result["harmed"] and others_safe)
    return result, went_well


def keep_up(lab):
    print(f"\nfirebreakd stays up at {lab.url} until Ctrl-C. To look around, in another terminal:\n"
          f"  export FIREBREAK_SERVER={lab.url} FIREBREAK_CA={lab.ca} "
          f"FIREBREAK_TOKEN_FILE={lab.tokens['release-manager']}\n"
          f"  {lab.programs.firebreak} rollout list\n", file=sys.stderr, flush=True)
    lab.server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=REPOSITORY / "build/release", type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path, help="keep keys, state and logs here")
    parser.add_argument("--goodware", action="append", help="tree to scan; /usr/bin and /usr/lib")
    parser.add_argument("--keep", action="store_true", help="leave the server up at the end")
    options = parser.parse_args()
    goodware = options.goodware or ["/usr/bin", "/usr/lib"]

    # Both, also where the shell that started us ignores them: everything is taken down on the way out.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    narrator = Narrator()
    with tempfile.TemporaryDirectory(prefix="firebreak-demo-") as scratch:
        with Lab(options.build, options.folder or scratch) as lab:
            lab.engine = lab.programs.demo_engine
            try:
                result, went_well = tell(lab, narrator, goodware)
                if options.keep:
                    keep_up(lab)
            except KeyboardInterrupt:
                print("\ndemo: interrupted, nothing is left running", file=sys.stderr)
                return 130
            except LabError as error:
                print(f"demo: {error}", file=sys.stderr)
                return 1
    print("\n" + json.dumps(result, separators=(",", ":")), flush=True)
    return 0 if went_well else 1


if __name__ == "__main__":
    sys.exit(main())
