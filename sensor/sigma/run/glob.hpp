#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sensor/sigma/program/program.hpp"
#include "sensor/sigma/run/budget.hpp"

namespace firebreak::sigma {

/// A pattern of literal bytes, ? and *, made ready to match.
class Glob {
public:
    /// @param cased  False: the pieces are folded, and so must be what is matched.
    Glob(const std::vector<GlobPiece>& pieces, bool cased);

    /// Whether all of `text` matches; false, too, when the budget runs out. Each middle piece is
    /// taken where it is first found: a later place could only leave less room for the others.
    bool matches(std::string_view text, Budget& budget) const;

    /// The longest literal that every text which matches contains.
    std::string_view literal() const;

    std::size_t memory_bytes() const;

private:
    struct Piece {
        std::string text;
        std::vector<std::uint16_t> any;
        /// The longest part without a ?, by which the piece is looked for.
        std::size_t run_begin = 0;
        std::size_t run_length = 0;

        std::string_view run() const {
            return std::string_view(text).substr(run_begin, run_length);
        }
        bool is_at(std::string_view where) const;
        std::size_t find(std::string_view where, Budget& budget) const;
    };

    static Piece ready(const GlobPiece& piece, bool cased);

    std::vector<Piece> pieces_;
};

/// The first place of `needle` in `where`, or npos.
std::size_t find_literal(std::string_view where, std::string_view needle);

}  // namespace firebreak::sigma
