// Documents that are the first step of an intrusion: what is inside runs something.

rule document_rtf_equation_object
{
    meta:
        id = "04643a7e-7953-4749-b020-fcd08101f3d5"
        description = "RTF text with an embedded object of the old equation editor, which runs code when it is drawn"
        author = "Firebreak authors"
        date = "2026-11-23"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1203/"
    strings:
        $object = "\\objdata" nocase
        // "Equation.3" in hexadecimal, as objects are written.
        $class = "4571756174696f6e2e33" nocase
    condition:
        uint32be(0) == 0x7B5C7274 and $object and $class
}

rule document_rtf_packaged_program
{
    meta:
        id = "926b5105-9a36-48be-9394-ffd9964999ef"
        description = "RTF text with an embedded package that holds a program or a script"
        author = "Firebreak authors"
        date = "2026-11-23"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1204/002/"
    strings:
        $object = "\\objdata" nocase
        // "Package" and a file name that ends in .exe, .hta, .vbs, .js or .bat.
        $class = "5061636b616765" nocase
        $name = /2e(657865|687461|766273|6a73|626174)00/ nocase
    condition:
        uint32be(0) == 0x7B5C7274 and all of them
}

rule document_pdf_launches_shell
{
    meta:
        id = "0ab5bafe-7ae0-46a6-ba6c-50b1585da94c"
        description = "PDF document that starts a shell when it is opened"
        author = "Firebreak authors"
        date = "2026-11-23"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1204/002/"
    strings:
        $launch = "/Launch"
        $open = "/OpenAction"
        $shell_1 = "cmd.exe" nocase
        $shell_2 = "powershell" nocase
        $shell_3 = "mshta" nocase
    condition:
        uint32be(0) == 0x25504446 and $launch and $open and any of ($shell_*)
}

rule document_shortcut_fetches_code
{
    meta:
        id = "c0dbfecc-bd0d-44c7-b447-3529778ba40f"
        description = "Windows shortcut that starts an interpreter with something from the network"
        author = "Firebreak authors"
        date = "2026-11-23"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1204/002/"
    strings:
        $program_1 = "powershell" wide nocase
        $program_2 = "mshta" wide nocase
        $program_3 = "cmd.exe" wide nocase
        $url_1 = "http://" wide nocase
        $url_2 = "https://" wide nocase
    condition:
        uint32(0) == 0x0000004C and uint32(4) == 0x00021401 and filesize < 1MB and
        any of ($program_*) and any of ($url_*)
}

rule document_html_smuggles_file
{
    meta:
        id = "74ec5860-15f1-44cb-96d6-305be3b78669"
        description = "Web page that builds a disk image or program in the browser and saves it without a server"
        author = "Firebreak authors"
        date = "2026-11-23"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1027/006/"
    strings:
        $decode = "atob(" nocase
        $blob = "new Blob(" nocase
        $save_1 = "URL.createObjectURL(" nocase
        $save_2 = "msSaveOrOpenBlob(" nocase
        $click = ".click()" nocase
        $name = /download\s{0,4}=\s{0,4}["'][^"'\n]{1,80}\.(iso|img|vhd|exe|js|hta|lnk)["']/ nocase
    condition:
        filesize < 20MB and $decode and $blob and any of ($save_*) and $click and $name
}

rule document_hta_runs_shell
{
    meta:
        id = "72e84e40-a47a-4298-b6fd-0d26bbf402e6"
        description = "HTML application that runs a command"
        author = "Firebreak authors"
        date = "2026-11-23"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1218/005/"
    strings:
        $application = "<hta:application" nocase
        $shell = /(ActiveXObject|CreateObject)\s{0,4}\(\s{0,4}["']WScript\.Shell["']/ nocase
        $run_1 = ".Run(" nocase
        $run_2 = ".Run \"" nocase
        $run_3 = ".Exec(" nocase
        $command_1 = "powershell" nocase
        $command_2 = "cmd.exe" nocase
        $command_3 = "bitsadmin" nocase
    condition:
        filesize < 2MB and $application and $shell and any of ($run_*) and any of ($command_*)
}

rule document_onenote_embeds_script
{
    meta:
        id = "3c258ccb-08fe-48d3-aa9e-da3d30cbf13c"
        description = "OneNote section with an embedded file that is a script"
        author = "Firebreak authors"
        date = "2026-11-23"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1204/002/"
    strings:
        // The file type of a .one section, and what stands before each embedded file ([MS-ONESTORE] 2.3.1, 2.6.13).
        $section = { E4 52 5C 7B 8C D8 A7 4D AE B1 53 78 D0 29 96 D3 }
        $embedded = { E7 16 E3 BD 65 26 11 45 A4 C4 8D 4D 0B 7A 9E AC }
        $script_1 = "WScript.Shell" nocase
        $script_2 = "<hta:application" nocase
        $script_3 = "@echo off" nocase
        $script_4 = "-ExecutionPolicy" nocase
    condition:
        $section at 0 and $embedded and any of ($script_*)
}

rule document_sylk_command
{
    meta:
        id = "cde0412b-822f-4c98-a680-02555eaf066e"
        description = "Spreadsheet in the old SYLK format that starts a program"
        author = "Firebreak authors"
        date = "2026-11-23"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1559/002/"
    strings:
        $exec = /EXEC\(\s{0,4}["'][^\n]{3,200}/
        $cell = /\nC;X[0-9]{1,5};Y[0-9]{1,5}/
    condition:
        uint32be(0) == 0x49443B50 and $exec and $cell
}
