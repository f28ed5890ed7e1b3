rule museum_quiet {
    strings:
        $text = "what the rule of exhibit 14 looks for is in no file"
    condition:
        $text
}
