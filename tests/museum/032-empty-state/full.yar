rule museum_desired_state {
    strings:
        $text = "what the rule of exhibit 32 looks for is in no file"
    condition:
        $text
}
