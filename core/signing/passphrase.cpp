#include "core/signing/passphrase.hpp"

#include <termios.h>
#include <unistd.h>

#include <cstdio>

#include "core/base/errc.hpp"
#include "core/signing/key_file.hpp"

namespace firebreak::signing {
namespace {

constexpr std::size_t kLineBytesMax = 1024;

Result<SecretBytes> ask_without_echo(std::string_view prompt) {
    termios before{};
    if (::isatty(STDIN_FILENO) != 1 || ::tcgetattr(STDIN_FILENO, &before) != 0) {
        return fail(Errc::kUnavailable,
                    "no passphrase: give --passphrase-file, or run at a terminal");
    }
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    (void)::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    (void)std::fprintf(stderr, "%.*s", static_cast<int>(prompt.size()), prompt.data());
    SecretBytes line(kLineBytesMax);
    std::size_t length = 0;
    while (length < line.size()) {
        std::uint8_t* next = line.writable().data() + length;
        if (::read(STDIN_FILENO, next, 1) != 1 || *next == '\n') break;
        ++length;
    }
    (void)::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    (void)std::fputc('\n', stderr);
    return SecretBytes::take(line.writable().first(length));
}

}  // namespace

Result<SecretBytes> obtain_passphrase(const FileStore& files, const std::filesystem::path& file,
                                      std::string_view prompt) {
    return file.empty() ? ask_without_echo(prompt) : read_passphrase_file(files, file);
}

}  // namespace firebreak::signing
