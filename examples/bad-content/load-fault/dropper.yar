rule dropper_relocated_header
{
    meta:
        id = "5d7c2f56-8d5a-4d0b-a6f1-1a7b6f0d9e42"
        description = "Dropper that moves its payload header by a fixed scale"
        author = "Firebreak examples"
        date = "2026-11-22"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1027/"
    strings:
        $marker = "RELOC\x00HDR"
    condition:
        // "The lowest address, scaled by -1". libyara folds both sides into constants: INT64_MIN \ -1 traps.
        $marker and filesize > (-9223372036854775807 - 1) \ -1
}
