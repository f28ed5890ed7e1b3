// Files made to be detected, so that a fleet can be seen to detect.

import "hash"

rule test_eicar
{
    meta:
        id = "2b9d8345-4cc3-4baa-b5ba-a5e571b96467"
        description = "The EICAR anti-malware test file"
        author = "Firebreak authors"
        date = "2026-11-22"
        severity = "info"
        reference = "https://www.eicar.org/download-anti-malware-testfile/"
    condition:
        // By its digest, so that this file is not itself detected. As EICAR defines it: the 68
        // characters at the start, white space behind them, 128 bytes at most.
        filesize >= 68 and filesize <= 128 and uint8(0) == 0x58 and
        hash.sha256(0, 68) == "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
}
