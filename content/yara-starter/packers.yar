// Packed executables. A packer is no proof of malice, but few files of a distribution are packed, so
// these are worth a look on a server.

import "elf"
import "pe"

rule packer_upx_elf
{
    meta:
        id = "99680cb7-ac54-4a4d-bae1-d517a5fe9dfa"
        description = "ELF file packed with UPX"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "low"
        reference = "https://attack.mitre.org/techniques/T1027/002/"
    strings:
        $magic = "UPX!"
        $notice = "$Info: This file is packed with the UPX executable packer"
    condition:
        // The loader header stands right behind the program headers; upx itself has neither there.
        uint32(0) == 0x464C457F and $magic in (0..1024) and $notice
}

rule packer_upx_elf_disguised
{
    meta:
        id = "8d4068dd-265f-4852-a4d4-3a908acdf638"
        description = "ELF file with a UPX loader whose marks were wiped, so that upx -d refuses it"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1027/002/"
    strings:
        $magic = "UPX!"
        $loader = "PROT_EXEC|PROT_WRITE failed."
    condition:
        uint32(0) == 0x464C457F and elf.number_of_sections == 0 and $loader and
        not $magic in (0..1024)
}

rule packer_upx_pe
{
    meta:
        id = "a33cfbff-6bc5-4d07-8bfe-134299df9757"
        description = "Windows executable packed with UPX"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "low"
        reference = "https://attack.mitre.org/techniques/T1027/002/"
    condition:
        pe.is_pe and
        for any section in pe.sections : (section.name == "UPX0") and
        for any section in pe.sections : (section.name == "UPX1")
}

rule packer_aspack_pe
{
    meta:
        id = "c97e9fc2-5873-4f6c-ae6d-2ce60ff12fe5"
        description = "Windows executable packed with ASPack"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "medium"
        reference = "https://attack.mitre.org/techniques/T1027/002/"
    condition:
        pe.is_pe and
        for any section in pe.sections : (section.name == ".aspack") and
        for any section in pe.sections : (section.name == ".adata")
}

rule packer_mpress_pe
{
    meta:
        id = "7be9cc2a-c288-4622-8bac-5ebe618e5932"
        description = "Windows executable packed with MPRESS"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "medium"
        reference = "https://attack.mitre.org/techniques/T1027/002/"
    condition:
        pe.is_pe and
        for any section in pe.sections : (section.name == ".MPRESS1") and
        for any section in pe.sections : (section.name == ".MPRESS2")
}

rule packer_protector_pe
{
    meta:
        id = "a1410f28-a1ad-40bd-97d2-20cd473c8c19"
        description = "Windows executable under VMProtect, Themida or WinLicense"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "medium"
        reference = "https://attack.mitre.org/techniques/T1027/002/"
    condition:
        pe.is_pe and
        for any section in pe.sections : (
            section.name == ".vmp0" or section.name == ".vmp1" or
            section.name == ".themida" or section.name == ".winlice"
        )
}
