// One-liners and small scripts that give a machine away.

rule script_reverse_shell_bash
{
    meta:
        id = "168b34fd-0fa2-4209-9775-5096697b0091"
        description = "Interactive shell on a network connection, by bash's /dev/tcp"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1059/004/"
    strings:
        $redirect = /(ba|z|k|da)?sh\s{1,4}-i\s{0,4}[0-9<>& ]{0,8}\/dev\/(tcp|udp)\/[a-zA-Z0-9.:-]{1,64}\/[0-9]{1,5}/
        $open = /exec\s{1,4}[0-9]{1,3}<>\s{0,4}\/dev\/(tcp|udp)\/[0-9.]{7,15}\/[0-9]{1,5}/
    condition:
        filesize < 1MB and any of them
}

rule script_reverse_shell_python
{
    meta:
        id = "6fbed7ad-8956-474a-9421-9e42f1d51362"
        description = "Interactive shell on a network connection, by Python"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1059/006/"
    strings:
        $connect = /\.connect\s{0,4}\(\s{0,4}\(\s{0,4}["'][a-zA-Z0-9.:-]{1,64}["']\s{0,4},\s{0,4}[0-9]{1,5}\s{0,4}\)/
        $stream = /os\.dup2\s{0,4}\(\s{0,4}\w{1,32}\.fileno\(\)\s{0,4},\s{0,4}[012fd]/
        $shell_1 = /pty\.spawn\s{0,4}\(/
        $shell_2 = /subprocess\.(call|run|Popen)\s{0,4}\(\s{0,4}\[?\s{0,4}["']\/bin\/(ba|z|da)?sh["']/
        $shell_3 = /os\.(system|execl|execv)\s{0,4}\(\s{0,4}["']\/bin\/(ba|z|da)?sh["']/
    condition:
        filesize < 1MB and $connect and $stream and any of ($shell_*)
}

rule script_reverse_shell_perl
{
    meta:
        id = "ac5cb71e-0f36-4d64-a69e-5d0819cb29fc"
        description = "Interactive shell on a network connection, by Perl"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1059/"
    strings:
        $socket = /use\s{1,4}(IO::)?Socket/
        $stdin = /open\s{0,4}\(?\s{0,4}STDIN\s{0,4},\s{0,4}["'][<>+]{1,2}&=?\s{0,2}[$A-Za-z0-9_]{1,32}["']/
        $shell = /exec\s{0,4}[{("'\s]{1,4}\/bin\/(ba|z|da)?sh/
    condition:
        filesize < 1MB and all of them
}

rule script_reverse_shell_php
{
    meta:
        id = "0da8f777-196c-4308-8c27-04cefe949bac"
        description = "Interactive shell on a network connection, by PHP"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1059/"
    strings:
        $connect = /fsockopen\s{0,4}\(\s{0,4}["'$]/
        $shell = /(shell_exec|exec|system|passthru|popen|proc_open)\s{0,4}\(\s{0,4}["'`]\s{0,4}\/bin\/(ba)?sh\s{1,4}-i\s{0,4}<&[0-9]/
    condition:
        filesize < 1MB and all of them
}

rule script_reverse_shell_pipe
{
    meta:
        id = "0210d327-21ea-423d-bcd4-1c6bd84563bb"
        description = "Shell wired to netcat or openssl through a named pipe"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1059/004/"
    strings:
        $fifo = /(mkfifo|mknod)\s{1,4}[^\s;|&]{1,64}/
        $shell = /\|\s{0,4}\/bin\/(ba|z|da)?sh\s{1,4}-i\s{1,4}2>&1\s{0,4}\|\s{0,4}(nc|ncat|netcat|telnet|openssl\s{1,4}s_client)\s/
    condition:
        filesize < 1MB and all of them
}

rule script_download_and_run_from_cron
{
    meta:
        id = "b66c87e5-686a-45bb-829e-0d69ab0bd718"
        description = "Installs a cron job that fetches a script over the network and runs it"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1053/003/"
    strings:
        $job = /\*(\/[0-9]{1,2})?(\s{1,4}\*){4}\s{1,4}(root\s{1,4})?[^\n]{0,40}(curl|wget)\s[^|\n]{4,200}\|\s{0,4}(ba|da)?sh\b/
        $install_1 = "crontab -"
        $install_2 = "/etc/cron.d/"
        $install_3 = "/var/spool/cron"
        $install_4 = "/etc/crontab"
    condition:
        filesize < 1MB and $job and any of ($install_*)
}

rule script_preload_persistence
{
    meta:
        id = "81fcb193-73e0-4b70-9380-2170cb0ee2c6"
        description = "Script that has every program of the machine load its library"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1574/006/"
    strings:
        $write = /(echo|printf)\s{1,4}[^\n]{1,200}\.so['"]?\s{0,4}>{1,2}\s{0,4}\/etc\/ld\.so\.preload/
    condition:
        filesize < 1MB and uint32(0) != 0x464C457F and $write
}

rule script_memory_only_program
{
    meta:
        id = "520de60a-1e7a-461f-a2c1-6fb41a2cfb8f"
        description = "Script that puts a program into memory and runs it from there, leaving no file"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1620/"
    strings:
        // memfd_create is system call 319 on x86-64 and 279 on arm64.
        $create = /syscall\s{0,4}\(?\s{0,4}(319|279)\s{0,4},/
        $run = /["'\/]proc\/(self|\$\$|["' .+%{}a-zA-Z()]{1,24})\/fd\//
    condition:
        filesize < 5MB and uint32(0) != 0x464C457F and $create and $run
}

rule script_powershell_hidden_download
{
    meta:
        id = "3e736a4e-44a2-4463-baff-90b99c1f613d"
        description = "PowerShell that hides its window, fetches code and runs it"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1059/001/"
    strings:
        $hidden = /-w(in(dowstyle)?)?\s{1,4}(hidden|1)\b/ nocase
        $fetch_1 = "DownloadString(" nocase
        $fetch_2 = "DownloadData(" nocase
        $fetch_3 = /(iwr|Invoke-WebRequest)\s{1,4}[^\n]{0,40}https?:\/\// nocase
        $run_1 = /\bIEX\b/ nocase
        $run_2 = "Invoke-Expression" nocase
        $run_3 = "Reflection.Assembly]::Load(" nocase
    condition:
        filesize < 1MB and $hidden and any of ($fetch_*) and any of ($run_*)
}

rule script_python_packed_exec
{
    meta:
        id = "379e8dec-da91-4f01-a0d0-a151cdc748c2"
        description = "Python that unpacks its real code from base64 and zlib or marshal and runs it"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1027/"
    strings:
        $exec = /exec\s{0,4}\(\s{0,4}((zlib|marshal|lzma|bz2)\.(decompress|loads)\s{0,4}\(\s{0,4}){1,4}(base64\.)?b(64|85|32)decode\s{0,4}\(\s{0,4}b?["']/
    condition:
        filesize < 20MB and $exec
}
