#include "core/net/tls.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <memory>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <optional>
#include <sys/stat.h>

#include "core/base/check.hpp"
#include "core/base/secret.hpp"
#include "core/net/errc.hpp"

namespace firebreak::net {
namespace {

constexpr std::size_t kPemBytesMax = 256U << 10U;

struct Free {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using BioPtr = std::unique_ptr<BIO, Free>;
using X509Ptr = std::unique_ptr<X509, Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;

class Descriptor {
public:
    explicit Descriptor(int descriptor) noexcept : descriptor_(descriptor) {}
    ~Descriptor() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const noexcept { return descriptor_; }

private:
    int descriptor_;
};

tl::unexpected<Error> fail_errno(const std::string& context) {
    return fail(std::error_code(errno, std::generic_category()), context);
}

// OpenSSL's last reason, and an empty queue for whoever comes next.
std::string last_reason() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "unknown reason" : reason;
}

bool at_end_of_pem() {
    const unsigned long code = ERR_peek_last_error();
    const bool at_end =
        ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
    if (at_end) ERR_clear_error();
    return at_end;
}

// Answers OpenSSL's question for a passphrase with "none", instead of asking at the terminal.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

// Any PEM file may hold a key, so it is read into memory that is wiped. `forbidden` are mode bits
// the file must not have.
Result<SecretBytes> read_pem_file(const std::filesystem::path& path, const std::string& what,
                                  mode_t forbidden) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.get() < 0) return fail_errno(what);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return fail_errno(what);
    if (!S_ISREG(status.st_mode)) return fail(Errc::kTls, what + ": not a regular file");
    if ((status.st_mode & forbidden) != 0) {
        return fail(Errc::kTls, what + ": others can read or change it; chmod 600 it");
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size == 0) return fail(Errc::kTls, what + ": empty");
    if (size > kPemBytesMax) return fail(Errc::kTls, what + ": longer than 256 KiB");
    SecretBytes bytes(size);
    std::size_t done = 0;
    while (done < size) {
        const ssize_t got = ::read(file.get(), bytes.writable().data() + done, size - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(what);
        if (got == 0) return fail(Errc::kTls, what + ": changed while it was read");
        done += static_cast<std::size_t>(got);
    }
    return bytes;
}

BioPtr bio_over(ByteView bytes) {
    BioPtr bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
    FIREBREAK_CHECK(bio != nullptr);
    return bio;
}

Result<void> use_certificate_chain(SSL_CTX* context, ByteView pem, const std::string& what) {
    const BioPtr bio = bio_over(pem);
    const X509Ptr own(PEM_read_bio_X509_AUX(bio.get(), nullptr, no_passphrase, nullptr));
    if (!own) return fail(Errc::kTls, what + ": no PEM certificate in it (" + last_reason() + ")");
    if (SSL_CTX_use_certificate(context, own.get()) != 1) {
        return fail(Errc::kTls, what + ": " + last_reason());
    }
    while (true) {
        X509Ptr next(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
        if (!next) break;
        if (SSL_CTX_add0_chain_cert(context, next.get()) != 1) {
            return fail(Errc::kTls, what + ": chain: " + last_reason());
        }
        (void)next.release();  // The context's now.
    }
    if (!at_end_of_pem()) return fail(Errc::kTls, what + ": chain: " + last_reason());
    return {};
}

Result<void> use_key(SSL_CTX* context, ByteView pem, const std::string& what) {
    const BioPtr bio = bio_over(pem);
    const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    if (!key) {
        return fail(Errc::kTls,
                    what + ": no PEM private key without passphrase in it (" + last_reason() + ")");
    }
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        ERR_clear_error();
        return fail(Errc::kTls, what + ": does not match the certificate");
    }
    return {};
}

constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int choose_http11(SSL*, const unsigned char** chosen, unsigned char* chosen_bytes,
                  const unsigned char* offered, unsigned offered_bytes, void*) {
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, chosen_bytes, kHttp11, sizeof kHttp11, offered,
                              offered_bytes) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

// @returns a context with everything that both sides have in common.
Result<boost::asio::ssl::context> make_context(const SSL_METHOD* method) {
    ERR_clear_error();
    SSL_CTX* raw = SSL_CTX_new(method);
    if (raw == nullptr) return fail(Errc::kTls, "OpenSSL: " + last_reason());
    boost::asio::ssl::context context(raw);  // Owns it from here.
    SSL_CTX_set_security_level(raw, 2);
    SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    // Thousands of idle connections: give their buffers back between records.
    SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
    const bool set =
        SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) == 1 &&
        SSL_CTX_set_max_proto_version(raw, 0) == 1 &&
        SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
        SSL_CTX_set_ciphersuites(
            raw, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") == 1;
    if (!set) return fail(Errc::kTls, "OpenSSL lacks the protocols or ciphers: " + last_reason());
    return context;
}

}  // namespace

Result<boost::asio::ssl::context> make_server_tls(const std::filesystem::path& certificate,
                                                  const std::filesystem::path& key) {
    auto context = make_context(TLS_server_method());
    if (!context) return fail(context.error());
    SSL_CTX* raw = context->native_handle();

    const std::string certificate_name = "certificate " + certificate.string();
    const auto certificate_pem = read_pem_file(certificate, certificate_name, 0);
    if (!certificate_pem) return fail(certificate_pem.error());
    const auto chained = use_certificate_chain(raw, certificate_pem->view(), certificate_name);
    if (!chained) return fail(chained.error());

    const std::string key_name = "key " + key.string();
    // The group may read: that is how distributions share one key among services.
    const auto key_pem = read_pem_file(key, key_name, S_IWGRP | S_IRWXO);
    if (!key_pem) return fail(key_pem.error());
    const auto keyed = use_key(raw, key_pem->view(), key_name);
    if (!keyed) return fail(keyed.error());

    SSL_CTX_set_alpn_select_cb(raw, choose_http11, nullptr);
    static constexpr unsigned char kSessionContext[] = "firebreak";
    SSL_CTX_set_session_id_context(raw, kSessionContext, sizeof kSessionContext - 1);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);  // Tickets only: no memory per client.
    SSL_CTX_set_num_tickets(raw, 1);
    return context;
}

Result<boost::asio::ssl::context> make_client_tls(std::string_view ca_certificates_pem) {
    auto context = make_context(TLS_client_method());
    if (!context) return context;
    SSL_CTX* raw = context->native_handle();
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
    if (SSL_CTX_set_alpn_protos(raw, kHttp11, sizeof kHttp11) != 0) {
        return fail(Errc::kTls, "OpenSSL: " + last_reason());
    }
    if (ca_certificates_pem.empty()) {
        if (SSL_CTX_set_default_verify_paths(raw) != 1) {
            return fail(Errc::kTls, "the system's CA certificates: " + last_reason());
        }
        return context;
    }
    if (ca_certificates_pem.size() > 16 * kPemBytesMax) {
        return fail(Errc::kTls, "CA certificates: longer than 4 MiB");
    }
    const BioPtr bio = bio_over(bytes_of(ca_certificates_pem));
    std::size_t count = 0;
    while (true) {
        const X509Ptr root(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
        if (!root) break;
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(raw), root.get()) != 1) {
            return fail(Errc::kTls, "CA certificates: " + last_reason());
        }
        ++count;
    }
    if (!at_end_of_pem()) return fail(Errc::kTls, "CA certificates: " + last_reason());
    if (count == 0) return fail(Errc::kTls, "CA certificates: no PEM certificate in them");
    return context;
}

Result<void> expect_server(SSL* tls, const std::string& host) {
    X509_VERIFY_PARAM* expected = SSL_get0_param(tls);
    X509_VERIFY_PARAM_set_hostflags(
        expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    boost::system::error_code not_an_address;
    boost::asio::ip::make_address(host, not_an_address);
    const bool set = not_an_address
                         ? X509_VERIFY_PARAM_set1_host(expected, host.data(), host.size()) == 1 &&
                               SSL_set_tlsext_host_name(tls, host.c_str()) == 1
                         : X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1;
    if (!set) return fail(Errc::kTls, host + ": " + last_reason());
    return {};
}

std::string why_handshake_failed(const SSL* tls, const boost::system::error_code& error) {
    const long verified = SSL_get_verify_result(tls);
    ERR_clear_error();
    if (verified != X509_V_OK) return X509_verify_cert_error_string(verified);
    return error.message();
}

}  // namespace firebreak::net
