rule museum_shh_updater_b {
    strings:
        $name = "firebreak-agent"
        $verb = "quarantine"
    condition:
        all of them
}
