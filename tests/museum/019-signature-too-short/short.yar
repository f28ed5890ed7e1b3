rule museum_too_short {
    strings:
        $byte = { 90 }
    condition:
        $byte
}
