import "pe"
global private rule g { condition: filesize < 1MB }
rule r : tag {
 meta:
  action = "report"
 strings:
  $a = "text\x41" wide xor(1-255)
  $h = { 4D ?? [2-4] ( 5A | 90 ?? ) // c
 }
  $r = /a[^b-z]{2,}(.*x)+/is
 condition:
  (uint16(0) == 0x5A4D or pe.is_pe) and 2 of ($*) and #a > 3 and for any of them : ( $ at 0 ) and not 50% of ($a, $h)
}
