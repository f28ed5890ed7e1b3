// ELF files that no compiler and linker make by themselves.

import "elf"

rule elf_writable_code_without_sections
{
    meta:
        id = "b8c3d601-ba0e-4d52-a1c7-4c161cf2e342"
        description = "ELF program without sections and with a segment both writable and executable"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "medium"
        reference = "https://attack.mitre.org/techniques/T1027/002/"
    condition:
        uint32(0) == 0x464C457F and elf.number_of_sections == 0 and
        elf.type != elf.ET_CORE and
        for any segment in elf.segments : (
            segment.type == elf.PT_LOAD and segment.flags & elf.PF_W != 0 and
            segment.flags & elf.PF_X != 0
        )
}

rule elf_section_table_outside_file
{
    meta:
        id = "450d4aae-a027-4007-9070-ef03efb56092"
        description = "64-bit ELF program whose section table lies outside the file, which stops debuggers and not the kernel"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "medium"
        reference = "https://attack.mitre.org/techniques/T1027/"
    condition:
        uint32(0) == 0x464C457F and uint8(4) == 2 and uint8(5) == 1 and
        (uint16(16) == 2 or uint16(16) == 3) and
        // e_shnum entries of 64 bytes at e_shoff, whose upper half is at 0x2C.
        uint16(0x3C) > 0 and
        (uint32(0x2C) != 0 or uint32(0x28) + 64 * uint16(0x3C) > filesize)
}

rule elf_preload_rootkit
{
    meta:
        id = "dd6eb943-8f6e-488d-8389-9e31bddf63f9"
        description = "Shared library that hides files or accepts hidden logins once preloaded"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1574/006/"
    strings:
        $preload = "/etc/ld.so.preload"
        $hook_1 = "readdir64"
        $hook_2 = "pam_authenticate"
        $hook_3 = "__xstat"
        $hook_4 = "fopen64"
        $hook_5 = "getpwnam_r"
        $hook_6 = "unlinkat"
        $next = "dlsym"
        $hidden_1 = "/proc/net/tcp"
        $hidden_2 = "/proc/%d/"
        $hidden_3 = "LD_PRELOAD"
    condition:
        uint32(0) == 0x464C457F and uint16(16) == 3 and filesize < 2MB and
        $preload and $next and 3 of ($hook_*) and any of ($hidden_*)
}
