rule museum_packed_loader {
    strings:
        $stub = "museum_stub!"
    condition:
        for any i in (1..#stub) : (
            for any j in (1..#stub) : ( @stub[i] - @stub[j] == 987654321 )
        )
}
