#pragma once

#include <string_view>

/// Public keys and signatures over kMessage, TEST ONLY: made once with the openssl 3.0 command line
/// (ecparam, genrsa, dgst -sign) and the Python cryptography package; the private halves are gone.
namespace firebreak::trust::vectors {

inline constexpr std::string_view kMessage = "firebreak test message";

inline constexpr std::string_view kEcdsa =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEt0sKPhbl6euzprGBxyGj8wBkbFiE\n"
    "wFZPqksVUbREM+vYRdSzck8j954FHiGIf7vdIBfAllUW3PYOjlpXzKAz+Q==\n"
    "-----END PUBLIC KEY-----\n";

/// The same point, compressed.
inline constexpr std::string_view kEcdsaCompressed =
    "-----BEGIN PUBLIC KEY-----\n"
    "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADt0sKPhbl6euzprGBxyGj8wBkbFiE\n"
    "wFZPqksVUbREM+s=\n"
    "-----END PUBLIC KEY-----\n";

/// A key whose curve is spelled out, with P-256's own numbers.
inline constexpr std::string_view kEcdsaExplicitCurve =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA\n"
    "AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////\n"
    "///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd\n"
    "NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5\n"
    "RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA\n"
    "//////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABEfpv0o4R/jF0Yy3Q7JbpEkL\n"
    "5v1Guz1e4fvEwJ6XAoF7OHqY3V0ANnIHeWgw8hK9mT+tcI3K1eWIxilDwDErKng=\n"
    "-----END PUBLIC KEY-----\n";

inline constexpr std::string_view kEcdsaP384 =
    "-----BEGIN PUBLIC KEY-----\n"
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEsgvAp9eCLmkm5C9VhwaZxknwo/aPSsi/\n"
    "G3KHpMicCC6WMuQTA4wL1jO3eSy7LZyfuAikLPDeN/fNq+npon3rdNWy0h3J2UQT\n"
    "BLgYK6oTtvFA25ehbBVfn+tPSJDxJejl\n"
    "-----END PUBLIC KEY-----\n";

inline constexpr std::string_view kEcdsaSignature =
    "3046022100d2cef8f3a4391b5dcfa94a89de59fb524f8f2c2e6dcdc18fd53999c7c67c9a87022100"
    "e3174bca9479e6903a963fe82f4ff8c4512198dc3918833e647c389665b70c36";

inline constexpr std::string_view kRsa =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnstkbbsMfUOcdr9wGsUC\n"
    "6QGEzdyiBy+lln8uMeeMBwRZE1ohb0o1Nwmae5Ep3htkARLdv0lylZ8zSQqVlled\n"
    "hLH7hOV0y3gi4evBtKE0a0IRViWQ5FR/bcPZ0A2/zCbrah82ieuws2tWGWMK+H3G\n"
    "4p+h+IatvlXl0kwek6UggyLXaGtekeer6lsfPU1Dv2Hh6twEqDyxPpbb22IYjYRk\n"
    "+Pfv3i5Z3kUJZ7r5wJI41uQ7oW4RoR2i4cFxpgDebPXLslnh7MT/aR4lB9Imrxp7\n"
    "eS1ffcfPRG0CslcTPokamglLcogWGul3/DSFXcC76uijtZxfECgdHGCwFk9ZpL9Y\n"
    "1wIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

/// The same modulus with the public exponent 65539.
inline constexpr std::string_view kRsaOtherExponent =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnstkbbsMfUOcdr9wGsUC\n"
    "6QGEzdyiBy+lln8uMeeMBwRZE1ohb0o1Nwmae5Ep3htkARLdv0lylZ8zSQqVlled\n"
    "hLH7hOV0y3gi4evBtKE0a0IRViWQ5FR/bcPZ0A2/zCbrah82ieuws2tWGWMK+H3G\n"
    "4p+h+IatvlXl0kwek6UggyLXaGtekeer6lsfPU1Dv2Hh6twEqDyxPpbb22IYjYRk\n"
    "+Pfv3i5Z3kUJZ7r5wJI41uQ7oW4RoR2i4cFxpgDebPXLslnh7MT/aR4lB9Imrxp7\n"
    "eS1ffcfPRG0CslcTPokamglLcogWGul3/DSFXcC76uijtZxfECgdHGCwFk9ZpL9Y\n"
    "1wIDAQAD\n"
    "-----END PUBLIC KEY-----\n";

inline constexpr std::string_view kRsa1024 =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCojzYGtYHqShDCrZ3ZB8EkVWks\n"
    "wkFhAE7PfyKudV9TKnbQDVRC0s8fpOpJqhOxuwgw7pi/sABIEbB4c4jnx8K2tzAT\n"
    "tv2+EVxDF8CdV3moB4p1/jsTdiyyhXJvqSumAHeiIMe9IgmPtZeDoa+k/BTSD39z\n"
    "6PaLhrgtDlM3TuWRTQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

/// RSASSA-PSS, MGF1 with SHA-256, salt of 32 bytes; then with the longest salt there can be.
inline constexpr std::string_view kPssSignature =
    "99d4510147d9df146ac32c11c32d93485724dc33e8e92ef7d7b9f2b56030ed491ea12888752695a8"
    "45fc78c530351be230e4c670c2b631f62c9f5162e64417b56b6a6efd17f1b84d7253730da7e66405"
    "2961925d3d66a9b634ed804c43779974419612a61a09de73aa1263b2fccdd21fe18907e9f0bfdd52"
    "41a784e92b2aa2a72d28e15cc00099f485c6ddaaea052dc99dfb6cdaa921f794932c2663b9372546"
    "63bbab4a34b6294e0adb83bc5831d7611ab621e87bbdf4bd6b9c0e91a63f422c5748ec31010010bc"
    "8ecf9b92b8252f35887effc2915bd274e5d0d283e3acd81faf13d8edef01dff1943bd28aa2054bb3"
    "36b239bcc8a9852777884355879065dd";
inline constexpr std::string_view kPssLongSaltSignature =
    "641665a58a4b7da6876bdb53d5f50d7ba44832156c5347fd48145626f5d73d95e39a5eb050a58868"
    "2b902b85d9c8b1708a6a23d8a7c73f49158653e96e2e965537c1b738e69725e3be2897cf9270a2af"
    "d4e90838dfeb6491500067b2a4e3c3d867447c7bb9a6b941bc2966c1b0565eb20f9b72b3403b6ab8"
    "9d558ba3175f1cfbbed25890e49c811770c7c8ab58f10ebad5129ccbf7887589387c1176cc411c27"
    "15f5ef43124bbc4a0dcf8dea7cd64c46a5529d5eefe890aefe9e066e6015a0c3c3699bb853448d94"
    "ffaf3ed17da0bb78061307c60cac991f374cfa95399b85e9548b14a3923993ee59bc5532f520b883"
    "af1d6ea3bc81cd0343db4e2f5127cdb3";

/// RSASSA-PSS with SHA-1 in its mask; and PKCS #1 v1.5. By the same key, and not to be accepted.
inline constexpr std::string_view kPssSha1MaskSignature =
    "1904211bdf30a05bbf8a8e5c9eeb50b14b89a1dc6c54edbe81d3a775ad5d006bc4f99969d8215297"
    "2d2db50692bf7080d70a74feb3c0149418095e975dd001066a3c8b704552019395ed02babb20bf0e"
    "0c7667738232da5c32a615480f964cd9643699e1abe3ebb130900517066617a88e995858533b6e43"
    "e2c2d752f453681bdb7f716570b3d81fcbee6e0106df7b2b17964a6648544c27d906fa3870e90651"
    "fcdf5911b2593b63cdddebcf51d075492c2462d8cb265b56472126b06342682d33a46f82497ec85a"
    "9ae5ca6690db31d5421fdd5804c6ab51a0a700fcf5d763dd4b844db0eca3ce0dd230ca147b85f42a"
    "37b3e645f3a34e3838225be35266ba1d";
inline constexpr std::string_view kPkcs1Signature =
    "376e1b84e16853ac3df48b5264607774ced885f74d10177933efd2defa0cb0bf03378ee95bc27c22"
    "a99f998b2241a41737692c0b378422b13f7d8ba766c210e8753175d4f9552f68f1f0ab43f0df63c0"
    "b0e91ffeb8036748df8ca7233b989ea298c901ef247705d16b930759a611d259e2bbeaabb491589f"
    "e53fa9e9324b9c8d89b233af7ab823b522829f1cd254be8fe2399385c68d0d8ab8b685af69db9041"
    "c71695e1250db6204bd3be6b6834f70a6ff4699705734b0f622b9974b67aed68669fec62320a0ec9"
    "460a90033bd86b469dbe0b95f6bea016ce4c30921f181e07ec7422f2646ecc67151855e38243275f"
    "3dcf4f8186d0c09398bff674115e7a92";

inline constexpr std::string_view kEd25519Pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAtRz9FOYzLVe7wQ/XMFIL+ytYjLGPm19hljmWucB2Xj8=\n"
    "-----END PUBLIC KEY-----\n";

}  // namespace firebreak::trust::vectors
