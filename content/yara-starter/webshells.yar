// Scripts that run what a web request tells them to. Each rule asks for the idiom itself: a request
// value on its way into an interpreter, not for a function that may be dangerous.

rule webshell_php_eval_request
{
    meta:
        id = "c089c1fd-4139-49e9-a30d-d21b8f5ff889"
        description = "PHP that evaluates a request parameter as code"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
    strings:
        $php = "<?"
        $eval = /(eval|assert)\s{0,8}\(\s{0,8}@?(base64_decode|gzinflate|str_rot13|stripslashes|urldecode)?\s{0,8}\(?\s{0,8}\$_(GET|POST|REQUEST|COOKIE|SERVER)\s{0,8}\[/ nocase
    condition:
        filesize < 1MB and $php and $eval
}

rule webshell_php_command_request
{
    meta:
        id = "37031c2f-483a-44e0-8d19-82f62a6e76fe"
        description = "PHP that hands a request parameter to the shell"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
    strings:
        $php = "<?"
        $exec = /(shell_exec|passthru|proc_open|popen|system|exec)\s{0,8}\(\s{0,8}@?\$_(GET|POST|REQUEST|COOKIE)\s{0,8}\[/ nocase
    condition:
        filesize < 1MB and $php and $exec
}

rule webshell_php_packed_eval
{
    meta:
        id = "f5295cbe-6d1f-433d-9508-2e06d953fd63"
        description = "PHP that unpacks its real code through two or more decoders and evaluates it"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1027/"
    strings:
        $php = "<?"
        $chain = /eval\s{0,8}\(\s{0,8}(gzinflate|gzuncompress|gzdecode|str_rot13|strrev)\s{0,8}\(\s{0,8}(str_rot13\s{0,8}\(\s{0,8}|strrev\s{0,8}\(\s{0,8})?base64_decode\s{0,8}\(/ nocase
    condition:
        filesize < 5MB and $php and $chain
}

rule webshell_php_variable_call
{
    meta:
        id = "e750bd82-f058-4ff0-bc54-5942fc10bce7"
        description = "PHP that calls the function one request parameter names with another as argument"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
    strings:
        $php = "<?"
        $call = /\$_(GET|POST|REQUEST|COOKIE)\s{0,8}\[[^\]\n]{1,40}\]\s{0,8}\(\s{0,8}@?\$_(GET|POST|REQUEST|COOKIE)\s{0,8}\[/ nocase
    condition:
        filesize < 1MB and $php and $call
}

rule webshell_jsp_command_request
{
    meta:
        id = "4fa2d767-b82e-48e1-a763-d6145056d501"
        description = "JSP that runs a request parameter as a command"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
    strings:
        $page = "<%"
        $nested = /getRuntime\(\)\s{0,8}\.\s{0,8}exec\s{0,8}\([^;]{0,80}request\s{0,8}\.\s{0,8}getParameter/
        $runtime = /getRuntime\(\)\s{0,8}\.\s{0,8}exec\s{0,8}\(/
        $builder = "new ProcessBuilder("
        $parameter = /String\s{1,8}\w{1,32}\s{0,8}=\s{0,8}request\.getParameter\(\s{0,8}"(cmd|command|exec|shell|c|pwd|pass)"/
        $output = "getInputStream()"
    condition:
        filesize < 1MB and $page and
        ($nested or (($runtime or $builder) and $parameter and $output))
}

rule webshell_jsp_class_from_request
{
    meta:
        id = "cc30026f-6fad-4cd9-8c61-13d0289c52c1"
        description = "JSP that decrypts a class out of the request body and instantiates it"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
    strings:
        $page = "<%"
        $loader = "extends ClassLoader"
        $define = /(super\.)?defineClass\s{0,8}\(/
        $cipher = /Cipher\.getInstance\(\s{0,8}"AES/
        $body = /request\.(getReader|getInputStream)\(\)/
        $create = ".newInstance()"
    condition:
        filesize < 1MB and $page and all of them
}

rule webshell_aspx_eval_request
{
    meta:
        id = "78669b4d-cd21-4123-825a-6f95450591c6"
        description = "ASP.NET page that evaluates a request value as JScript"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
    strings:
        $language = /<%@\s{0,8}Page\s{1,8}[^%>]{0,80}Language\s{0,4}=\s{0,4}["']?JScript/ nocase
        $eval = /eval\s{0,8}\(\s{0,8}Request\s{0,8}(\.\s{0,8}(Item|Form|QueryString|Cookies)\s{0,8})?[\[(][^;]{1,80},\s{0,8}["']unsafe["']/ nocase
    condition:
        filesize < 1MB and $language and $eval
}

rule webshell_aspx_command_request
{
    meta:
        id = "dd2e8810-60cc-4ab2-89bd-202fa93d42c2"
        description = "ASP.NET page that starts cmd.exe with what the request says"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
    strings:
        $page = /<%@\s{0,8}Page\s/ nocase
        $start = "ProcessStartInfo" nocase
        $shell = /(cmd|powershell)\.exe/ nocase
        $argument = /\.Arguments\s{0,8}=\s{0,8}[^;\n]{0,80}(Request|\.Text)/ nocase
        $output = "RedirectStandardOutput" nocase
    condition:
        filesize < 1MB and all of them
}

rule webshell_asp_execute_request
{
    meta:
        id = "9b2d54ec-d9a0-4ac5-92e1-578b89a67c4d"
        description = "Classic ASP page that executes a request value"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
    strings:
        $execute = /<%[^%]{0,80}(execute|eval|executeglobal)\s{0,8}\(?\s{0,8}request\s{0,8}(\.(form|querystring|item)\s{0,8})?\(/ nocase
    condition:
        filesize < 1MB and $execute
}
