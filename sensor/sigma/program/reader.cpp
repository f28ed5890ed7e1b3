#include <algorithm>
#include <string>

#include "core/base/errc.hpp"
#include "sensor/sigma/program/layout.hpp"
#include "sensor/sigma/program/program.hpp"

namespace firebreak::sigma {
namespace {

/// One section of the file, read front to back. Once something does not fit, every later read gives
/// zero and ok() is false: the reader asks after each record.
class Cursor {
public:
    Cursor() = default;
    Cursor(ByteView file, std::uint64_t begin, std::uint64_t length)
        : bytes_(file.subspan(begin, length)), begin_(begin) {}

    std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
    std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
    std::uint64_t u64() { return number(8); }

    ByteView take(std::size_t length) {
        if (length > bytes_.size() - at_) {
            ok_ = false;
            return {};
        }
        at_ += length;
        return bytes_.subspan(at_ - length, length);
    }

    bool ok() const { return ok_; }
    bool at_end() const { return at_ == bytes_.size(); }
    std::uint64_t place() const { return begin_ + at_; }  ///< In the file.
    std::size_t position() const { return at_; }          ///< In the section.

private:
    std::uint64_t number(unsigned bytes) {
        std::uint64_t value = 0;
        unsigned shift = 0;
        for (const std::uint8_t byte : take(bytes)) {
            value |= std::uint64_t{byte} << shift;
            shift += 8;
        }
        return value;
    }

    ByteView bytes_;
    std::uint64_t begin_ = 0;
    std::size_t at_ = 0;
    bool ok_ = true;
};

/// The sections of a file, each with a cursor of its own. Every reference into a section must point
/// at its cursor, which then moves on: so nothing overlaps, nothing is left out, and no reference
/// can point outside.
class Reader {
public:
    Reader(ByteView file, const ProgramLimits& limits) : file_(file), limits_(limits) {}

    Result<Program> read();

private:
    Result<void> read_header(Program& program);
    Result<void> check_counts() const;
    void place_sections();
    bool read_rule(Rule& rule);
    bool read_node(Node& node);
    bool read_predicate(Predicate& predicate);
    bool read_piece(GlobPiece& piece);

    /// A reference to text: an offset, which must be the next one, and a length.
    bool read_text(Cursor& from, std::string& text);
    /// A reference to the next records of a section.
    static bool refers_to_next(std::uint32_t first, const Cursor& section, std::size_t each);

    tl::unexpected<Error> malformed(const Cursor& cursor, const char* what) const {
        return fail(Errc::kMalformed,
                    "rule file: byte " + std::to_string(cursor.place()) + ": " + what);
    }

    ByteView file_;
    const ProgramLimits& limits_;
    layout::Counts counts_;
    Cursor header_, rules_, predicates_, pieces_, nodes_, children_, any_, text_;
};

Result<Program> Reader::read() {
    Program program;
    if (auto good = read_header(program); !good) return fail(good.error());
    std::string& contract = program.contract;
    Cursor reference(file_, 16, 8);
    if (!read_text(reference, contract)) return malformed(reference, "contract out of place");
    program.rules.resize(counts_.rules);
    for (Rule& rule : program.rules) {
        if (!read_rule(rule)) return malformed(rules_, "not a rule");
    }
    program.predicates.resize(counts_.predicates);
    for (Predicate& predicate : program.predicates) {
        if (!read_predicate(predicate)) return malformed(predicates_, "not a predicate");
    }
    for (const Cursor* section : {&pieces_, &nodes_, &children_, &any_, &text_}) {
        if (!section->at_end()) return malformed(*section, "nothing refers to what is here");
    }
    if (auto good = check_program(program, limits_); !good) {
        return fail(good.error().seen_from("rule file"));
    }
    return program;
}

Result<void> Reader::read_header(Program& program) {
    if (file_.size() > limits_.bytes_max) {
        return fail(Errc::kTooLarge, "rule file: " + std::to_string(file_.size()) +
                                         " bytes, at most " + std::to_string(limits_.bytes_max));
    }
    header_ = Cursor(file_, 0, std::min(file_.size(), layout::kHeader));
    if (!std::ranges::equal(header_.take(layout::kMagic.size()), layout::kMagic)) {
        return fail(Errc::kMalformed, "rule file: byte 0: not a binary rule file");
    }
    const std::uint32_t version = header_.u32();
    if (header_.ok() && version > layout::kVersion) {
        return fail(Errc::kUnsupported, "rule file: version " + std::to_string(version) +
                                            ", this build reads version 1");
    }
    if (version != layout::kVersion) return malformed(header_, "no such version");
    program.arity = header_.u16();
    const std::uint16_t reserved = header_.u16();
    (void)header_.u64();  // The contract's name: read once the sections are known.
    for (std::uint32_t* count :
         {&counts_.rules, &counts_.predicates, &counts_.pieces, &counts_.nodes, &counts_.children,
          &counts_.any, &counts_.text_bytes}) {
        *count = header_.u32();
    }
    const std::uint32_t reserved_too = header_.u32();
    if (!header_.ok()) return malformed(header_, "cut short");
    if (reserved != 0 || reserved_too != 0) return malformed(header_, "reserved, and not zero");
    if (auto good = check_counts(); !good) return good;
    place_sections();
    return {};
}

/// Before memory is taken for anything: the counts must add up to the file.
Result<void> Reader::check_counts() const {
    if (counts_.rules > limits_.rules_max || counts_.predicates > limits_.predicates_max) {
        return fail(Errc::kTooLarge, "rule file: " + std::to_string(counts_.rules) + " rules and " +
                                         std::to_string(counts_.predicates) + " predicates");
    }
    if (counts_.file_bytes() != file_.size()) {
        return fail(Errc::kMalformed, "rule file: its counts come to " +
                                          std::to_string(counts_.file_bytes()) + " bytes, it has " +
                                          std::to_string(file_.size()));
    }
    return {};
}

void Reader::place_sections() {
    std::uint64_t begin = layout::kHeader;
    const auto place = [&](Cursor& section, std::uint64_t count, std::size_t each) {
        section = Cursor(file_, begin, count * each);
        begin += count * each;
    };
    place(rules_, counts_.rules, layout::kRule);
    place(predicates_, counts_.predicates, layout::kPredicate);
    place(pieces_, counts_.pieces, layout::kPiece);
    place(nodes_, counts_.nodes, layout::kNode);
    place(children_, counts_.children, layout::kChild);
    place(any_, counts_.any, layout::kAny);
    place(text_, counts_.text_bytes, 1);
}

bool Reader::read_text(Cursor& from, std::string& text) {
    const std::uint32_t offset = from.u32();
    const std::uint32_t length = from.u32();
    if (!from.ok() || offset != text_.position()) return false;
    text = to_text(text_.take(length));
    return text_.ok();
}

bool Reader::refers_to_next(std::uint32_t first, const Cursor& section, std::size_t each) {
    return std::uint64_t{first} * each == section.position();
}

bool Reader::read_rule(Rule& rule) {
    if (!read_text(rules_, rule.id) || !read_text(rules_, rule.title) ||
        !read_text(rules_, rule.file)) {
        return false;
    }
    const std::uint32_t level = rules_.u32();
    rule.line = rules_.u32();
    const std::uint32_t first = rules_.u32();
    const std::uint32_t count = rules_.u32();
    const std::uint32_t reserved = rules_.u32();
    if (!rules_.ok() || level >= kLevels.size() || reserved != 0) return false;
    rule.level = kLevels[level];
    if (!refers_to_next(first, nodes_, layout::kNode)) return false;
    if (count > limits_.nodes_per_rule_max || count > counts_.nodes - first) return false;
    rule.nodes.resize(count);
    return std::ranges::all_of(rule.nodes, [this](Node& node) { return read_node(node); });
}

bool Reader::read_node(Node& node) {
    const std::uint32_t kind = nodes_.u32();
    const std::uint32_t first = nodes_.u32();
    const std::uint32_t count = nodes_.u32();
    if (!nodes_.ok() || kind < 1 || kind > 4) return false;
    node.kind = static_cast<Node::Kind>(kind);
    if (node.kind == Node::Kind::kPredicate) {
        node.predicate = first;
        return count == 0;
    }
    if (!refers_to_next(first, children_, layout::kChild)) return false;
    if (count > counts_.children - first) return false;
    node.children.resize(count);
    for (std::uint32_t& child : node.children) child = children_.u32();
    return children_.ok();
}

bool Reader::read_predicate(Predicate& predicate) {
    predicate.op = static_cast<Op>(predicates_.u8());
    const std::uint8_t cased = predicates_.u8();
    predicate.cased = cased == 1;
    predicate.field = predicates_.u16();
    predicate.other_field = predicates_.u16();
    predicate.prefix_bits = predicates_.u8();
    const std::uint8_t reserved = predicates_.u8();
    predicate.integer = static_cast<std::int64_t>(predicates_.u64());
    std::string text;
    if (!read_text(predicates_, text) || cased > 1 || reserved != 0) return false;
    if (predicate.op == Op::kCidr) {
        predicate.network = to_bytes(text);
    } else {
        predicate.text = std::move(text);
    }
    const std::uint32_t first = predicates_.u32();
    const std::uint32_t count = predicates_.u32();
    if (!predicates_.ok() || !refers_to_next(first, pieces_, layout::kPiece)) return false;
    if (count > counts_.pieces - first) return false;
    predicate.pieces.resize(count);
    return std::ranges::all_of(predicate.pieces,
                               [this](GlobPiece& piece) { return read_piece(piece); });
}

bool Reader::read_piece(GlobPiece& piece) {
    if (!read_text(pieces_, piece.text)) return false;
    const std::uint32_t first = pieces_.u32();
    const std::uint32_t count = pieces_.u32();
    if (!pieces_.ok() || !refers_to_next(first, any_, layout::kAny)) return false;
    if (count > counts_.any - first) return false;
    piece.any.resize(count);
    for (std::uint16_t& at : piece.any) at = any_.u16();
    return any_.ok();
}

}  // namespace

Result<Program> read_program(ByteView bytes, const ProgramLimits& limits) {
    return Reader(bytes, limits).read();
}

}  // namespace firebreak::sigma
