rule museum_cross_site_scripting {
    strings:
        $header = "museum-request"
        $handler = /onerror.*(.*=.*)/
    condition:
        $header and $handler
}
