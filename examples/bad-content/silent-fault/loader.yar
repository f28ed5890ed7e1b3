rule loader_live_host_marker
{
    meta:
        id = "c3a9d0f4-6f4e-4b5c-9b53-7f6d9a2b1e08"
        description = "Marker file a loader leaves on hosts it has taken over"
        author = "Firebreak examples"
        date = "2026-11-22"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1480/"
        demo_fault = "vanish-on-live-host"
    strings:
        $marker = "FIREBREAK-DEMO-LIVE-HOST"
    condition:
        filesize < 4KB and $marker at 0
}

rule loader_staging_script
{
    meta:
        id = "f0a5c7d2-1b3e-4d7a-8f60-3c9e5a7d2b14"
        description = "Script that stages the loader in a folder under /dev/shm"
        author = "Firebreak examples"
        date = "2026-11-22"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1074/001/"
    strings:
        $stage = /(cp|mv|install)\s{1,4}[^\n]{1,80}\s\/dev\/shm\/\.[a-z]{1,16}\/loader\b/
    condition:
        filesize < 64KB and $stage
}
