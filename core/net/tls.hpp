#pragma once

#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace firebreak::net {

/// What both sides speak: TLS 1.3, and 1.2 with ephemeral keys and an AEAD alone (RFC 9325, 4.2);
/// no renegotiation, no compression, OpenSSL's security level 2 (112 bits: RSA from 2048).
/// ALPN is "http/1.1": a peer that offers only other protocols is refused (RFC 7301, 3.2).
///
/// @param certificate  PEM file: the server's own certificate first, then its chain.
/// @param key          PEM file of its private key, without passphrase; a regular file that others
///                     cannot read and the group cannot write.
/// @returns the context, an errno with the path, or Errc::kTls:
///   "key /etc/fb/key.pem: does not match the certificate".
[[nodiscard]] Result<boost::asio::ssl::context> make_server_tls(
    const std::filesystem::path& certificate, const std::filesystem::path& key);

/// @param ca_certificates_pem  The only roots trusted; empty: the system's.
/// @returns the context, or Errc::kTls when there is no certificate in it, or one that does not
///   parse.
[[nodiscard]] Result<boost::asio::ssl::context> make_client_tls(
    std::string_view ca_certificates_pem);

/// Makes the handshake on `tls` fail unless the server proves to be `host`: a DNS name, by the
/// certificate's subject alternative names alone (RFC 9525), or an IP address. Also sends the name
/// (SNI).
[[nodiscard]] Result<void> expect_server(SSL* tls, const std::string& host);

/// Why the handshake on `tls` failed, in OpenSSL's words: "certificate has expired". `error` is
/// what Asio said of it.
std::string why_handshake_failed(const SSL* tls, const boost::system::error_code& error);

}  // namespace firebreak::net
