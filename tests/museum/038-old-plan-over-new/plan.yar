rule museum_plan {
    strings:
        $text = "what the rule of exhibit 38 looks for is in no file"
    condition:
        $text
}
