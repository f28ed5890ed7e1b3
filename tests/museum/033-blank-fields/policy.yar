rule museum_policy_row {
    meta:
        description = ""
        action = ""
    strings:
        $quota = "museum: an area, and the quota of it"
    condition:
        $quota
}
