"""firebreakd as an operator, a stranger and an attacker meet it."""

import hashlib
import socket
import ssl

import pytest

from lab import Agent, CommandFailed


def connect(lab):
    context = ssl.create_default_context(cafile=lab.ca)
    raw = socket.create_connection(("127.0.0.1", lab.port), timeout=30)
    return context.wrap_socket(raw, server_hostname="localhost")


def answer_to(lab, request):
    """The first bytes that the server answers to raw bytes, until it closes or we have a head."""
    with connect(lab) as stream:
        stream.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            try:
                part = stream.recv(4096)
            except (ConnectionResetError, ssl.SSLError):
                break
            if not part:
                break
            answer += part
    return answer


def still_serves(lab):
    return answer_to(lab, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
                          b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 200")


def refused(lab, *arguments, role="release-manager", code=1):
    """Runs a command that must be refused; returns its one line of error."""
    with pytest.raises(CommandFailed) as failure:
        lab.api(*arguments, role=role)
    assert failure.value.code == code
    assert failure.value.stderr.count("\n") == 1, "an error is one line"
    return failure.value.stderr


def test_a_viewer_may_look_and_not_touch(lab):
    assert lab.api("rollout", "list", role="viewer") == {"rollouts": []}
    assert "403" in refused(lab, "token", "list", role="viewer")


def test_a_revoked_token_is_refused_at_once(lab, tmp_path):
    made = lab.api("token", "create", "--name", "short", "--role", "viewer", role="administrator")
    token = tmp_path / "token"
    token.touch(mode=0o600)
    token.write_text(made["token"] + "\n")
    lab.tokens["short"] = token
    lab.api("rollout", "list", role="short")
    lab.api("token", "revoke", made["id"], role="administrator")
    assert "401" in refused(lab, "rollout", "list", role="short")


def test_a_made_up_token_is_refused(lab, tmp_path):
    token = tmp_path / "token"
    token.touch(mode=0o600)
    token.write_text("fb_AAAA_" + "A" * 43 + "\n")
    lab.tokens["made-up"] = token
    assert "401" in refused(lab, "rollout", "list", role="made-up")


def test_a_token_file_that_others_can_read_is_not_used(lab, tmp_path):
    token = tmp_path / "token"
    token.write_text(lab.tokens["viewer"].read_text())
    token.chmod(0o644)
    lab.tokens["open"] = token
    assert str(token) in refused(lab, "rollout", "list", role="open")


def test_another_ca_is_not_trusted(lab, tmp_path):
    lab.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-subj", "/CN=Somebody else", "-keyout", tmp_path / "k", "-out",
            tmp_path / "other.pem")
    with pytest.raises(CommandFailed) as failure:
        lab.cli("rollout", "list", "--server", lab.url, "--ca", tmp_path / "other.pem",
                "--token-file", lab.tokens["viewer"])
    assert failure.value.code == 3


def test_a_server_that_is_not_there_is_exit_3(lab):
    with pytest.raises(CommandFailed) as failure:
        lab.cli("rollout", "list", "--server", "https://localhost:1/", "--ca", lab.ca,
                "--token-file", lab.tokens["viewer"])
    assert failure.value.code == 3


@pytest.mark.parametrize("request_bytes", [
    b"\x00" * 2048,
    b"NONSENSE\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /../../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET /tuf/metadata/..%2f..%2fserver.db HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"POST /v1/reports HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST /v1/reports HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nConnection: close"
    b"\r\n\r\n{{{",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
])
def test_garbage_gets_a_4xx_or_a_closed_door(lab, request_bytes):
    answer = answer_to(lab, request_bytes)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4") or answer.startswith(b"HTTP/1.0 4") \
        or answer.startswith(b"HTTP/1.1 505")
    assert still_serves(lab)


def test_a_body_that_announces_too_much_is_refused_before_it_is_read(lab):
    answer = answer_to(lab, b"POST /v1/enrol HTTP/1.1\r\nHost: localhost\r\n"
                            b"Content-Length: 99999999999\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")
    assert still_serves(lab)


def test_an_upload_under_another_digest_is_refused(lab):
    token = lab.tokens["release-manager"].read_text().strip().encode()
    body = b"not what the digest says"
    digest = hashlib.sha256(b"something else").hexdigest().encode()
    answer = answer_to(lab, b"PUT /v1/bundles/" + digest + b" HTTP/1.1\r\nHost: localhost\r\n"
                            b"Authorization: Bearer " + token + b"\r\nConnection: close\r\n"
                            b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)
    assert answer.startswith(b"HTTP/1.1 422")


def test_one_counter_is_published_once(lab, rules):
    bundle = lab.pack(rules("first"), 1)
    lab.validate(bundle)
    content = lab.sign_release(bundle)
    lab.publish(bundle, content)
    before = lab.api("rollout", "list")
    with pytest.raises(CommandFailed) as failure:
        lab.publish(bundle, content)
    assert failure.value.code == 1
    assert "409" in failure.value.stderr
    assert lab.api("rollout", "list") == before


def test_content_that_the_validator_rejected_cannot_even_be_drafted(lab, rules, tmp_path):
    folder = rules("broken")
    (folder / "rule.yar").write_text("rule broken { condition: no_such_thing }\n")
    bundle = lab.pack(folder, 7)
    report = lab.validate(bundle, expect=1)
    assert report["verdict"] == "rejected"
    assert any("rule.yar" in finding["file"] for finding in report["findings"])
    with pytest.raises(CommandFailed) as failure:
        lab.sign_release(bundle)
    assert failure.value.code == 2
    assert "did not admit" in failure.value.stderr


def test_metadata_below_its_threshold_is_refused_and_changes_nothing(lab, rules):
    bundle = lab.pack(rules("lonely"), 5)
    lab.validate(bundle)
    evidence = ["--bundle", bundle, "--attestation", bundle.with_suffix(".attestation.json"),
                "--validator-key", lab.public_key("validator")]
    current = lab.folder / "current.json"
    lab.api("content-role", "--out", current)
    draft = lab.folder / "lonely.json"
    lab.cli("sign", "release", "--current", current, *evidence, "--plan", lab.plan, "--out", draft)
    lab.sign(draft, "approver-1", *evidence)
    before = lab.api("log", "show")["entries"][-1]["hash"]
    with pytest.raises(CommandFailed) as failure:
        lab.publish(bundle, draft)
    assert "422" in failure.value.stderr
    assert lab.api("log", "show")["entries"][-1]["hash"] == before


def test_the_log_verifies_here_and_from_a_file_and_a_flipped_bit_shows(lab, tmp_path):
    assert lab.api("log", "verify")["intact"]
    saved = tmp_path / "log.jsonl"
    lab.api("log", "show", "--out", saved)
    assert lab.cli("log", "verify", "--file", saved)["intact"]
    replayed = lab.cli("log", "replay", "--file", saved)
    assert replayed == lab.api("log", "replay")
    lines = saved.read_text().splitlines()
    lines[0] = lines[0].replace('"sequence":1', '"sequence":1 ').replace("2026", "2027", 1) \
        .replace("2025", "2026", 1)
    saved.write_text("\n".join([line.replace("lab-", "lob-") for line in lines]) + "\n")
    lab.cli("log", "verify", "--file", saved, expect=1)
    lab.cli("log", "replay", "--file", saved, expect=1)


def test_a_second_server_on_one_state_folder_exits_3(lab):
    completed = lab.run(lab.programs.firebreakd, "serve", "--config", lab.config, expect=3)
    assert completed.stderr.count("\n") == 1


def test_a_bad_configuration_names_file_line_and_member(lab, tmp_path):
    config = tmp_path / "bad.yaml"
    config.write_text(lab.config.read_text().replace('"listen"', '"lissten"'))
    completed = lab.run(lab.programs.firebreakd, "config", "check", "--config", config, expect=2)
    assert "lissten" in completed.stderr
    assert f"{config}:2" in completed.stderr


def test_rules_place_an_agent_and_explain_says_how(own_lab):
    own_lab.write_server_config(placement={
        "rings": ["canary", "broad"],
        "rules": [{"ring": "canary", "tags": ["early-adopter"]}],
    })
    own_lab.start_server()
    agents = []
    for name, tags in [("tagged", ["--tag", "early-adopter"]), ("plain", [])]:
        token = own_lab.api("fleet", "enrol-token", "--tenant", "acme", *tags,
                            role="administrator")["token"]
        agent = Agent(own_lab, name, None, "acme")
        agent.write_config(token)
        agents.append(agent.start())
    own_lab.agents += agents
    own_lab.wait_enrolled(agents)
    for agent, ring, by in zip(agents, ["canary", "broad"], ["tag", "default"]):
        assert agent.status()["ring"] == ring
        said = own_lab.api("fleet", "explain", agent.status()["device"], role="viewer")
        assert (said["ring"], said["placed"]["by"], said["rollouts"]) == (ring, by, [])
    assert "no device d-nobody" in refused(own_lab, "fleet", "explain", "d-nobody")


def test_a_rule_for_an_unknown_ring_is_a_bad_configuration(lab, tmp_path):
    config = tmp_path / "bad.yaml"
    config.write_text(lab.config.read_text().replace(
        '"controller"', '"placement": {"rings": ["broad"], "rules": [{"ring": "canary", '
        '"tags": ["x"]}]}, "controller"'))
    completed = lab.run(lab.programs.firebreakd, "config", "check", "--config", config, expect=2)
    assert "canary is none of placement.rings" in completed.stderr
    assert completed.stderr.count("\n") == 1
