#include "sensor/sigma/run/glob.hpp"

#include <algorithm>
#include <cstring>

#include "sensor/sigma/run/event.hpp"

namespace firebreak::sigma {

std::size_t find_literal(std::string_view where, std::string_view needle) {
    if (needle.empty()) return 0;
    if (needle.size() > where.size()) return std::string_view::npos;
    const void* found = ::memmem(where.data(), where.size(), needle.data(), needle.size());
    if (found == nullptr) return std::string_view::npos;
    return static_cast<std::size_t>(static_cast<const char*>(found) - where.data());
}

Glob::Piece Glob::ready(const GlobPiece& piece, bool cased) {
    Piece made{.text = piece.text, .any = piece.any};
    if (!cased) fold_into(piece.text, made.text.data());
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= made.any.size(); ++i) {
        const std::size_t end = i < made.any.size() ? made.any[i] : made.text.size();
        if (end - begin > made.run_length) {
            made.run_begin = begin;
            made.run_length = end - begin;
        }
        begin = end + 1;
    }
    return made;
}

Glob::Glob(const std::vector<GlobPiece>& pieces, bool cased) {
    for (const GlobPiece& piece : pieces) pieces_.push_back(ready(piece, cased));
}

bool Glob::Piece::is_at(std::string_view where) const {
    if (where.size() < text.size()) return false;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= any.size(); ++i) {
        const std::size_t end = i < any.size() ? any[i] : text.size();
        const std::string_view part = std::string_view(text).substr(begin, end - begin);
        if (where.substr(begin, end - begin) != part) return false;
        begin = end + 1;
    }
    return true;
}

std::size_t Glob::Piece::find(std::string_view where, Budget& budget) const {
    std::size_t from = 0;
    while (where.size() - from >= text.size()) {
        // The run can only be where the whole piece still fits.
        const std::size_t room = where.size() - from - text.size() + run_length;
        const std::size_t found = find_literal(where.substr(from + run_begin, room), run());
        if (found == std::string_view::npos) return found;
        from += found;
        if (is_at(where.substr(from))) return from;
        if (!budget.spend(1 + text.size() / 64)) return std::string_view::npos;
        ++from;
    }
    return std::string_view::npos;
}

bool Glob::matches(std::string_view text, Budget& budget) const {
    const Piece& first = pieces_.front();
    if (pieces_.size() == 1) return text.size() == first.text.size() && first.is_at(text);
    const Piece& last = pieces_.back();
    if (text.size() < first.text.size() + last.text.size()) return false;
    if (!first.is_at(text) || !last.is_at(text.substr(text.size() - last.text.size()))) {
        return false;
    }
    text = text.substr(first.text.size(), text.size() - first.text.size() - last.text.size());
    for (std::size_t i = 1; i + 1 < pieces_.size(); ++i) {
        if (!budget.spend(1 + text.size() / 256)) return false;
        const std::size_t found = pieces_[i].find(text, budget);
        if (found == std::string_view::npos) return false;
        text.remove_prefix(found + pieces_[i].text.size());
    }
    return true;
}

std::string_view Glob::literal() const {
    return std::ranges::max_element(pieces_, {}, &Piece::run_length)->run();
}

std::size_t Glob::memory_bytes() const {
    std::size_t bytes = pieces_.capacity() * sizeof(Piece);
    for (const Piece& piece : pieces_) bytes += piece.text.capacity() + 2 * piece.any.capacity();
    return bytes;
}

}  // namespace firebreak::sigma
