#include "tests/support/test_certificates.hpp"

#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/base/check.hpp"
#include "core/base/file_store.hpp"

namespace firebreak::test {
namespace {

template <class T, void (*kFree)(T*)>
struct Deleter {
    void operator()(T* object) const { kFree(object); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY, EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Deleter<X509, X509_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION, X509_EXTENSION_free>>;

constexpr long kDay = 24 * 3600;

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    FIREBREAK_CHECK(extension);
    FIREBREAK_CHECK(X509_add_ext(certificate, extension.get(), -1) == 1);
}

CertificatePtr make_certificate(EVP_PKEY* key, const std::string& name, X509* issuer,
                                EVP_PKEY* issuer_key, long starts) {
    CertificatePtr certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), issuer == nullptr ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), starts);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), starts + 2 * kDay);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509* signer = issuer == nullptr ? certificate.get() : issuer;
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
    if (issuer == nullptr) {
        extend(certificate.get(), signer, NID_basic_constraints, "critical,CA:TRUE");
    } else {
        const bool address = name.find_first_not_of("0123456789.:") == std::string::npos;
        extend(certificate.get(), signer, NID_subject_alt_name, (address ? "IP:" : "DNS:") + name);
    }
    FIREBREAK_CHECK(X509_sign(certificate.get(), issuer_key, EVP_sha256()) > 0);
    return certificate;
}

template <class Write>
std::string to_pem(Write write) {
    const std::unique_ptr<BIO, Deleter<BIO, BIO_free_all>> memory(BIO_new(BIO_s_mem()));
    FIREBREAK_CHECK(write(memory.get()) == 1);
    char* text = nullptr;
    const long length = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(length)};
}

}  // namespace

struct TestCa::Keys {
    KeyPtr key;
    CertificatePtr certificate;
};

TestCa::TestCa() : keys_(std::make_unique<Keys>()) {
    keys_->key.reset(EVP_EC_gen("P-256"));
    keys_->certificate =
        make_certificate(keys_->key.get(), "Firebreak test CA", nullptr, keys_->key.get(), -kDay);
    certificate_ =
        to_pem([this](BIO* out) { return PEM_write_bio_X509(out, keys_->certificate.get()); });
}

TestCa::~TestCa() = default;

void TestCa::issue(const std::filesystem::path& folder, const std::string& host,
                   Validity validity) const {
    const KeyPtr key(EVP_EC_gen("P-256"));
    const long starts = validity == Validity::kNow ? -kDay : -10 * kDay;
    const CertificatePtr certificate =
        make_certificate(key.get(), host, keys_->certificate.get(), keys_->key.get(), starts);
    const std::string chain =
        to_pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate.get()); });
    const std::string secret = to_pem([&](BIO* out) {
        return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    PosixFileStore files;
    FIREBREAK_CHECK(files.write(folder / "server.pem", bytes_of(chain), FileMode::kPublic));
    FIREBREAK_CHECK(files.write(folder / "server.key", bytes_of(secret), FileMode::kPrivate));
}

}  // namespace firebreak::test
