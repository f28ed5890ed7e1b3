#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "tests/support/test_certificates.hpp"

// Both ends of a TLS connection, byte by byte: to say what no well-behaved program would. Blocking;
// each wait gives up after ten seconds, so that a test fails instead of hanging.
namespace firebreak::test {

/// The client's end.
class RawTlsClient {
public:
    struct Options {
        std::string ca_certificates_pem = {};  ///< Empty: the server is not verified.
        int version_max = 0;                   ///< TLS1_1_VERSION for example; 0: the newest.
        std::string alpn = {};                 ///< Offered protocol; empty: none.
    };

    /// Connects to 127.0.0.1:`port` and makes the handshake; ok() says whether that worked.
    explicit RawTlsClient(std::uint16_t port) : RawTlsClient(port, Options()) {}
    RawTlsClient(std::uint16_t port, const Options& options);
    ~RawTlsClient();

    bool ok() const;

    /// False when the server has closed.
    bool send(std::string_view bytes);

    /// Reads one answer: its header and as much body as Content-Length says. Empty when there is
    /// none.
    std::string read_answer();
    /// The same for an answer to HEAD: the header alone.
    std::string read_head();
    /// Reads until the server closes. `clean` becomes true if it said so (close_notify).
    std::string read_all(bool* clean = nullptr);

    /// Tells the server that no more will come, by FIN, without a close_notify.
    void half_close();

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// What a scripted server does, step by step.
struct ReadRequest {};  ///< Header, and body by Content-Length.
struct Send {
    std::string bytes;
};
struct SendForever {
    std::string bytes;  ///< Again and again, until the client has gone.
};
struct Stall {};  ///< Says nothing until the client has gone.
struct Close {};  ///< With a close_notify, as a server should.
struct Cut {};    ///< Without one, as an attacker would.
using ScriptStep = std::variant<ReadRequest, Send, SendForever, Stall, Close, Cut>;
using Script = std::vector<ScriptStep>;

/// The server's end, on a thread of its own: the n-th connection gets the n-th script; a connection
/// past the last one is closed at once.
class ScriptedTlsServer {
public:
    ScriptedTlsServer(const TestIdentity& identity, std::vector<Script> scripts);
    ~ScriptedTlsServer();

    std::uint16_t port() const { return port_; }
    std::string url() const { return "https://localhost:" + std::to_string(port_); }

    /// What came in so far: each request as it was, and how many connections.
    std::vector<std::string> requests() const;
    int connections() const { return connections_; }

private:
    void serve();
    void play(int socket, const Script& script);

    TestIdentity identity_;
    std::vector<Script> scripts_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<int> connections_ = 0;
    mutable std::mutex mutex_;
    std::vector<std::string> requests_;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

}  // namespace firebreak::test
