#include "tests/support/raw_tls.hpp"

#include <unistd.h>

#include <charconv>
#include <csignal>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <optional>
#include <sys/socket.h>
#include <sys/time.h>
#include <utility>

#include "core/base/check.hpp"

namespace firebreak::test {
namespace {

struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* tls) const { SSL_free(tls); }
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, Free>;
using TlsPtr = std::unique_ptr<SSL, Free>;
using BioPtr = std::unique_ptr<BIO, Free>;
using X509Ptr = std::unique_ptr<X509, Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;

BioPtr bio_over(const std::string& text) {
    return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

void give_up_after_ten_seconds(int socket) {
    const timeval limit{10, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

// How many bytes the message at the beginning of `text` has; 0 when its header is not complete.
std::size_t message_length(std::string_view text, bool with_body) {
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    std::size_t length = end + 4;
    static constexpr std::string_view kName = "\r\nContent-Length: ";
    const std::size_t field = text.substr(0, end).find(kName);
    if (with_body && field != std::string_view::npos) {
        std::size_t body = 0;
        const std::string_view digits = text.substr(field + kName.size());
        std::from_chars(digits.data(), digits.data() + digits.size(), body);
        length += body;
    }
    return length;
}

// Appends what arrives to `buffer`. False at the end, however it came.
bool read_some(SSL* tls, std::string& buffer) {
    char bytes[16384];
    const int count = SSL_read(tls, bytes, sizeof bytes);
    if (count <= 0) return false;
    buffer.append(bytes, static_cast<std::size_t>(count));
    return true;
}

// Takes one message off the front of `buffer`, reading more as needed.
std::string take_message(SSL* tls, std::string& buffer, bool with_body) {
    while (true) {
        const std::size_t length = message_length(buffer, with_body);
        if (length != 0 && buffer.size() >= length) {
            std::string message = buffer.substr(0, length);
            buffer.erase(0, length);
            return message;
        }
        if (!read_some(tls, buffer)) return std::exchange(buffer, {});
    }
}

bool write_all(SSL* tls, std::string_view bytes) {
    if (bytes.empty()) return true;
    std::size_t written = 0;
    return SSL_write_ex(tls, bytes.data(), bytes.size(), &written) == 1;
}

}  // namespace

struct RawTlsClient::State {
    int socket = -1;
    ContextPtr context;
    TlsPtr tls;
    bool ok = false;
    std::string unread;
};

RawTlsClient::RawTlsClient(std::uint16_t port, const Options& options)
    : state_(std::make_unique<State>()) {
    std::signal(SIGPIPE, SIG_IGN);
    state_->socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    give_up_after_ten_seconds(state_->socket);
    const sockaddr_in address = loopback(port);
    if (::connect(state_->socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
        0) {
        return;
    }
    state_->context.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* context = state_->context.get();
    // A test must be able to ask for what nobody should speak any more.
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    if (options.version_max != 0) SSL_CTX_set_max_proto_version(context, options.version_max);
    if (!options.ca_certificates_pem.empty()) {
        const X509Ptr root(PEM_read_bio_X509(bio_over(options.ca_certificates_pem).get(), nullptr,
                                             nullptr, nullptr));
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.get());
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    }
    state_->tls.reset(SSL_new(context));
    if (!options.alpn.empty()) {
        const std::string list = static_cast<char>(options.alpn.size()) + options.alpn;
        SSL_set_alpn_protos(state_->tls.get(), reinterpret_cast<const unsigned char*>(list.data()),
                            static_cast<unsigned>(list.size()));
    }
    SSL_set_fd(state_->tls.get(), state_->socket);
    state_->ok = SSL_connect(state_->tls.get()) == 1;
}

RawTlsClient::~RawTlsClient() {
    ::close(state_->socket);
    ERR_clear_error();
}

bool RawTlsClient::ok() const {
    return state_->ok;
}

bool RawTlsClient::send(std::string_view bytes) {
    return state_->ok && write_all(state_->tls.get(), bytes);
}

std::string RawTlsClient::read_answer() {
    return take_message(state_->tls.get(), state_->unread, true);
}

std::string RawTlsClient::read_head() {
    return take_message(state_->tls.get(), state_->unread, false);
}

std::string RawTlsClient::read_all(bool* clean) {
    while (read_some(state_->tls.get(), state_->unread)) {}
    if (clean != nullptr) {
        *clean = (SSL_get_shutdown(state_->tls.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
    }
    return std::exchange(state_->unread, {});
}

void RawTlsClient::half_close() {
    ::shutdown(state_->socket, SHUT_WR);
}

ScriptedTlsServer::ScriptedTlsServer(const TestIdentity& identity, std::vector<Script> scripts)
    : identity_(identity), scripts_(std::move(scripts)) {
    std::signal(SIGPIPE, SIG_IGN);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    FIREBREAK_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) == 0);
    FIREBREAK_CHECK(::listen(listener_, 16) == 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

ScriptedTlsServer::~ScriptedTlsServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);  // Wakes accept().
    thread_.join();
    ::close(listener_);
}

std::vector<std::string> ScriptedTlsServer::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

void ScriptedTlsServer::serve() {
    while (!stopping_) {
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) continue;
        give_up_after_ten_seconds(socket);
        const auto number = static_cast<std::size_t>(connections_++);
        if (number < scripts_.size()) play(socket, scripts_[number]);
        ::close(socket);
        ERR_clear_error();
    }
}

void ScriptedTlsServer::play(int socket, const Script& script) {
    const ContextPtr context(SSL_CTX_new(TLS_server_method()));
    const X509Ptr certificate(
        PEM_read_bio_X509(bio_over(identity_.certificate_pem).get(), nullptr, nullptr, nullptr));
    const KeyPtr key(
        PEM_read_bio_PrivateKey(bio_over(identity_.key_pem).get(), nullptr, nullptr, nullptr));
    SSL_CTX_use_certificate(context.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), key.get());
    const TlsPtr tls(SSL_new(context.get()));
    SSL_set_fd(tls.get(), socket);
    if (SSL_accept(tls.get()) != 1) return;

    std::string unread;
    for (const ScriptStep& step : script) {
        if (std::holds_alternative<ReadRequest>(step)) {
            std::string request = take_message(tls.get(), unread, true);
            const std::lock_guard lock(mutex_);
            requests_.push_back(std::move(request));
        } else if (const auto* send = std::get_if<Send>(&step)) {
            write_all(tls.get(), send->bytes);
        } else if (const auto* forever = std::get_if<SendForever>(&step)) {
            while (write_all(tls.get(), forever->bytes)) {}
        } else if (std::holds_alternative<Stall>(step)) {
            while (read_some(tls.get(), unread)) {}
        } else if (std::holds_alternative<Close>(step)) {
            SSL_shutdown(tls.get());
            return;
        } else {
            return;
        }
    }
}

}  // namespace firebreak::test
