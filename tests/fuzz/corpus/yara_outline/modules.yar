import "pe"
import "hash"
import "math"
global private rule small { condition: filesize < 1MB }
rule modules {
  condition:
    small and (pe.number_of_sections > 2 or hash.md5(0, 4) == "x" or math.entropy(0, filesize) > 7.5)
    and for any s in pe.sections : (s.name == ".text") and uint16(0) == 0x5A4D \ 1 and 1.5 * 2.0 == 3.0
}
