#include "tests/support/test_certificates.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "core/base/check.hpp"

namespace firebreak::test {
namespace {

struct Free {
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
using BioPtr = std::unique_ptr<BIO, Free>;
using X509Ptr = std::unique_ptr<X509, Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Free>;

std::string text_in(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

BioPtr bio_over(const std::string& text) {
    return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

TestIdentity to_pem(X509* certificate, EVP_PKEY* key) {
    const BioPtr certificate_bio(BIO_new(BIO_s_mem()));
    const BioPtr key_bio(BIO_new(BIO_s_mem()));
    FIREBREAK_CHECK(PEM_write_bio_X509(certificate_bio.get(), certificate) == 1);
    FIREBREAK_CHECK(
        PEM_write_bio_PrivateKey(key_bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return {text_in(certificate_bio.get()), text_in(key_bio.get())};
}

X509Ptr parse_certificate(const std::string& pem) {
    return X509Ptr(PEM_read_bio_X509(bio_over(pem).get(), nullptr, nullptr, nullptr));
}

KeyPtr parse_key(const std::string& pem) {
    return KeyPtr(PEM_read_bio_PrivateKey(bio_over(pem).get(), nullptr, nullptr, nullptr));
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    FIREBREAK_CHECK(extension != nullptr);
    FIREBREAK_CHECK(X509_add_ext(certificate, extension.get(), -1) == 1);
}

// A certificate with everything but extensions and signature.
X509Ptr blank_certificate(const TestCertificateOptions& options, EVP_PKEY* key) {
    X509Ptr certificate(X509_new());
    X509_set_version(certificate.get(), X509_VERSION_3);
    unsigned char serial[8];
    FIREBREAK_CHECK(RAND_bytes(serial, sizeof serial) == 1);
    serial[0] &= 0x7F;
    const std::unique_ptr<BIGNUM, void (*)(BIGNUM*)> number(
        BN_bin2bn(serial, sizeof serial, nullptr), BN_free);
    BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get()));
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), options.not_before.count());
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), options.not_after.count());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(options.common_name.c_str()),
                               -1, -1, 0);
    X509_set_pubkey(certificate.get(), key);
    return certificate;
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* issuer_key) {
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    FIREBREAK_CHECK(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
}

void add_server_extensions(X509* certificate, X509* issuer, const TestCertificateOptions& options) {
    std::string names;
    for (const std::string& name : options.dns_names) names += ",DNS:" + name;
    for (const std::string& address : options.addresses) names += ",IP:" + address;
    add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature");
    add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth");
    if (!names.empty()) {
        add_extension(certificate, issuer, NID_subject_alt_name, names.substr(1));
    }
}

void write_file(const std::filesystem::path& path, const std::string& text, mode_t mode) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    FIREBREAK_CHECK(file >= 0);
    FIREBREAK_CHECK(::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(file);
}

}  // namespace

TestCa::TestCa(const std::string& common_name) {
    const KeyPtr key(EVP_EC_gen("P-256"));
    const X509Ptr certificate = blank_certificate({.common_name = common_name}, key.get());
    add_extension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign");
    add_extension(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash");
    sign(certificate.get(), certificate.get(), key.get());
    own_ = to_pem(certificate.get(), key.get());
}

TestIdentity TestCa::issue(const TestCertificateOptions& options) const {
    const X509Ptr issuer = parse_certificate(own_.certificate_pem);
    const KeyPtr issuer_key = parse_key(own_.key_pem);
    const KeyPtr key(EVP_EC_gen("P-256"));
    const X509Ptr certificate = blank_certificate(options, key.get());
    add_server_extensions(certificate.get(), issuer.get(), options);
    sign(certificate.get(), issuer.get(), issuer_key.get());
    return to_pem(certificate.get(), key.get());
}

TestIdentity self_signed(const TestCertificateOptions& options) {
    const KeyPtr key(EVP_EC_gen("P-256"));
    const X509Ptr certificate = blank_certificate(options, key.get());
    add_server_extensions(certificate.get(), certificate.get(), options);
    sign(certificate.get(), certificate.get(), key.get());
    return to_pem(certificate.get(), key.get());
}

TestIdentityFiles write_identity(const TestIdentity& identity,
                                 const std::filesystem::path& folder) {
    TestIdentityFiles files{folder / "server.pem", folder / "server.key"};
    write_file(files.certificate, identity.certificate_pem, 0644);
    write_file(files.key, identity.key_pem, 0600);
    return files;
}

}  // namespace firebreak::test
