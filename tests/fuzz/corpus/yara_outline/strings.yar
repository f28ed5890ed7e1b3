rule strings : tag {
  meta: a = "b" n = 7 t = true
  strings:
    $a = "hello" wide ascii nocase fullword private
    $b = "UPX!" xor(1-16)
    $c = "world" base64
    $ = "anonymous"
  condition: any of them or #a > 2 or @a[1] == 4 or !b[1] == 4
}
