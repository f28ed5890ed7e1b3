rule regex_hex {
  strings:
    $r = /he(l|L){1,3}o\s[a-z]{2,9}[^\/]/is
    $h = { 4D 5A [2-300] ( 90 | ?0 ) }
    $i = { 4D 5A // a comment
           ?? [4-] 00 }
  condition: for any of them : ( $ at 0 or $ in (0..filesize) )
}
