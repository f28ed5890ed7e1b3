import "elf"

rule library_preload_dropper
{
    meta:
        id = "0f6a5b0e-52f5-49de-9c4c-6b4e4c5e0a6d"
        description = "Shared library that writes itself into the preload list"
        author = "Firebreak examples"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1574/006/"
    strings:
        $write = "> /etc/ld.so.preload"
    condition:
        uint32(0) == 0x464C457F and elf.type == elf.ET_DYN and $write
}

rule library_backdoor_listener
{
    meta:
        id = "8c0f1f3e-0a4b-4a9e-8d62-2d2b1f3a7c11"
        description = "Shared library that accepts connections and starts a shell"
        author = "Firebreak examples"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1505/"
    strings:
        $listen = "listen"
        $accept = "accept"
        $redirect = "dup2"
        $start = "execve"
        $shell = "/bin/sh"
    condition:
        uint32(0) == 0x464C457F and elf.type == elf.ET_DYN and all of them
}
