// How intruders stay, and what they leave: keys, tunnels, downloaders, ransom notes.

rule foothold_ssh_key_planted
{
    meta:
        id = "8dd6c88f-d487-4e30-9981-6d754767690f"
        description = "Script that adds its own key for root and makes the file unchangeable"
        author = "Firebreak authors"
        date = "2026-11-23"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1098/004/"
    strings:
        $key = /(echo|printf)\s{1,4}['"]?(ssh-(rsa|ed25519)|ecdsa-sha2-nistp256)\s{1,4}[A-Za-z0-9+\/=]{20,800}[^\n]{0,80}>{1,2}\s{0,4}[^\n]{0,60}authorized_keys/
        $lock = /chattr\s{1,4}\+[ai]{1,2}\s[^\n]{0,80}authorized_keys/
    condition:
        filesize < 1MB and uint32(0) != 0x464C457F and $key and $lock
}

rule foothold_reverse_tunnel_service
{
    meta:
        id = "bc8ce4df-2222-4c64-a577-952e01dc1533"
        description = "Unit or script that keeps a reverse SSH tunnel open to somewhere else"
        author = "Firebreak authors"
        date = "2026-11-23"
        severity = "medium"
        reference = "https://attack.mitre.org/techniques/T1572/"
    strings:
        $tunnel = /ssh\s{1,4}[^\n]{0,120}-[fNnT]{0,4}R\s{0,4}[0-9.:*]{0,24}[0-9]{2,5}:(localhost|127\.0\.0\.1):22\b/
        $check = "StrictHostKeyChecking=no"
        $keep_1 = "Restart=always"
        $keep_2 = "while true"
        $keep_3 = "autossh"
        $keep_4 = "crontab"
    condition:
        filesize < 256KB and $tunnel and $check and any of ($keep_*)
}

rule foothold_proxy_client_configuration
{
    meta:
        id = "89d90cff-fad5-4402-9d7e-d29009693357"
        description = "Configuration of a reverse proxy client that opens a way into the network"
        author = "Firebreak authors"
        date = "2026-11-23"
        severity = "medium"
        reference = "https://attack.mitre.org/techniques/T1090/"
    strings:
        $server = /\n\s{0,8}server_addr\s{0,8}=\s{0,8}["']?[a-z0-9.-]{4,120}/ nocase
        $port = /\n\s{0,8}server_port\s{0,8}=\s{0,8}[0-9]{2,5}/
        $plugin = /\n\s{0,8}plugin\s{0,8}=\s{0,8}["']?socks5/
        $remote = /\n\s{0,8}remote_port\s{0,8}=\s{0,8}[0-9]{2,5}/
    condition:
        filesize < 64KB and all of them
}

rule ransom_note_text
{
    meta:
        id = "2ec9f5e9-2642-46d4-9e06-548cee8be9f4"
        description = "Text that asks for money in exchange for files"
        author = "Firebreak authors"
        date = "2026-11-23"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1486/"
    strings:
        $loss_1 = "files have been encrypted" nocase ascii wide
        $loss_2 = "files are encrypted" nocase ascii wide
        $loss_3 = "network has been penetrated" nocase ascii wide
        $site = /[a-z2-7]{16,56}\.onion/ ascii wide
        $pay_1 = "bitcoin" nocase ascii wide
        $pay_2 = "monero" nocase ascii wide
        $pay_3 = "decryptor" nocase ascii wide
    condition:
        filesize < 64KB and any of ($loss_*) and $site and any of ($pay_*)
}

rule script_windows_downloader
{
    meta:
        id = "b98b2565-59f0-4677-b398-5ecfe6a8a41e"
        description = "Script for Windows Script Host that fetches a file, saves it and starts it"
        author = "Firebreak authors"
        date = "2026-11-23"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1059/007/"
    strings:
        $fetch = /(ActiveXObject|CreateObject)\s{0,4}\(\s{0,4}["'](MSXML2\.(Server)?XMLHTTP|WinHttp\.WinHttpRequest)/ nocase
        $stream = "ADODB.Stream" nocase
        $save = "SaveToFile" nocase
        $run_1 = ".Run(" nocase
        $run_2 = ".Run " nocase
        $run_3 = "ShellExecute" nocase
    condition:
        filesize < 512KB and uint16(0) != 0x5A4D and $fetch and $stream and $save and any of ($run_*)
}
