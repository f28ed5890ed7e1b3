rule museum_wecorl_a {
    strings:
        $service = "SvchostPushServiceGlobals" ascii
        $group = "netsvcs" ascii wide
    condition:
        $service and $group
}
