// Cryptocurrency miners: the programs, their configuration, and the scripts that plant them.

rule miner_stratum_client
{
    meta:
        id = "f73b9c1c-2445-4c28-a7e4-dbefffac8508"
        description = "Executable that speaks the Stratum mining protocol"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1496/"
    strings:
        $url_1 = "stratum+tcp://"
        $url_2 = "stratum+ssl://"
        $url_3 = "stratum+tls://"
        $subscribe = "mining.subscribe"
        $authorize = "mining.authorize"
        $submit = "mining.submit"
        $notify = "mining.notify"
    condition:
        (uint32(0) == 0x464C457F or uint16(0) == 0x5A4D) and
        any of ($url_*) and 2 of ($subscribe, $authorize, $submit, $notify)
}

rule miner_xmrig_program
{
    meta:
        id = "1c596a6a-a753-40d5-9b2b-3a2ab277b8b5"
        description = "XMRig, or a program built from its source"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1496/"
    strings:
        $donate_1 = "donate.v2.xmrig.com"
        $donate_2 = "donate.ssl.xmrig.com"
        $option_1 = "donate-level"
        $option_2 = "cpu-max-threads-hint"
        $option_3 = "randomx-wrmsr"
        $algorithm_1 = "cn-heavy/xhv"
        $algorithm_2 = "cryptonight-lite"
        $algorithm_3 = "rx/wow"
    condition:
        (uint32(0) == 0x464C457F or uint16(0) == 0x5A4D) and
        (any of ($donate_*) or all of ($option_*)) and any of ($algorithm_*)
}

rule miner_xmrig_configuration
{
    meta:
        id = "2e167b03-2b0b-4b82-97e6-361e59108324"
        description = "Configuration file of XMRig with a pool to mine for"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1496/"
    strings:
        $pools = /"pools"\s{0,8}:\s{0,8}\[/
        $donate = /"donate-level"\s{0,8}:/
        $engine_1 = /"randomx"\s{0,8}:\s{0,8}\{/
        $engine_2 = /"(cn|rx|argon2|ghostrider)(\/[0-9a-z]{1,8})?"\s{0,8}:\s{0,8}\[/
        $engine_3 = /"huge-pages(-jit)?"\s{0,8}:/
        $user = /"user"\s{0,8}:\s{0,8}"/
    condition:
        filesize < 256KB and $pools and $donate and $user and any of ($engine_*)
}

rule miner_launch_command
{
    meta:
        id = "dd51532d-0edf-4d37-aed7-89fb3b66b1b1"
        description = "Script that starts a miner on a pool for a Monero address"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1496/"
    strings:
        $pool = /\s(-o|--url)[ =]{1,4}['"]?(stratum\+(tcp|ssl|tls):\/\/)?[a-z0-9.-]{4,80}:[0-9]{2,5}/
        // A Monero address: 95 characters of base 58, starting with 4 (or 8, for a subaddress).
        $address = /\s(-u|--user)[ =]{1,4}['"]?[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93}/
    condition:
        filesize < 1MB and $pool and $address
}

rule miner_rival_cleanup
{
    meta:
        id = "48a776a7-1893-48d6-b3ff-458a52a6b3c0"
        description = "Script that removes rival miners before it plants its own"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1496/"
    strings:
        $kill = /\b(pkill|killall)\s{1,4}(-9\s{1,4}|-f\s{1,4}){0,2}['"]?(kinsing|kdevtmpfsi|xmrig|xmr-stak|minerd|cryptonight|sysupdate|networkservice|kthreaddi|watchbog|ddgs)/
        $grep = /grep\s{1,4}(-[a-zA-Z]{1,4}\s{1,4}){0,3}['"]?(kinsing|kdevtmpfsi|xmrig|xmr-stak|minerd|cryptonight|stratum|monero|watchbog|ddgs)[^|\n]{0,80}\|[^\n]{0,120}kill/
    condition:
        filesize < 1MB and #kill + #grep >= 3
}
