#include "core/base/errc.hpp"
#include "sensor/sigma/program/layout.hpp"
#include "sensor/sigma/program/program.hpp"

namespace firebreak::sigma {
namespace {

/// Bytes in little-endian order, appended.
class Section {
public:
    void u8(std::uint8_t value) { bytes_.push_back(value); }
    void u16(std::uint16_t value) { append(value, 2); }
    void u32(std::uint32_t value) { append(value, 4); }
    void u64(std::uint64_t value) { append(value, 8); }
    void raw(ByteView bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

    std::size_t size() const { return bytes_.size(); }
    const Bytes& bytes() const { return bytes_; }

private:
    void append(std::uint64_t value, unsigned bytes) {
        for (unsigned i = 0; i < bytes; ++i) {
            bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
        }
    }

    Bytes bytes_;
};

/// Writes the sections side by side, then one after the other. Texts lie in the order of the
/// references to them, and none is shared: that leaves one way to write a program.
class Writer {
public:
    Bytes write(const Program& program) {
        Section contract;
        text(contract, bytes_of(program.contract));
        for (const Rule& rule : program.rules) write_rule(rule);
        for (const Predicate& predicate : program.predicates) write_predicate(predicate);
        const Counts counts = counts_of(program);

        Section file;
        file.raw(layout::kMagic);
        file.u32(layout::kVersion);
        file.u16(program.arity);
        file.u16(0);
        file.raw(contract.bytes());
        for (const std::uint32_t count :
             {counts.rules, counts.predicates, counts.pieces, counts.nodes, counts.children,
              counts.any, counts.text_bytes, std::uint32_t{0}}) {
            file.u32(count);
        }
        for (const Section* section :
             {&rules_, &predicates_, &pieces_, &nodes_, &children_, &any_, &text_}) {
            file.raw(section->bytes());
        }
        return file.bytes();
    }

private:
    using Counts = layout::Counts;

    Counts counts_of(const Program& program) const {
        const auto count = [](std::size_t bytes, std::size_t each) {
            return static_cast<std::uint32_t>(bytes / each);
        };
        return {.rules = static_cast<std::uint32_t>(program.rules.size()),
                .predicates = static_cast<std::uint32_t>(program.predicates.size()),
                .pieces = count(pieces_.size(), layout::kPiece),
                .nodes = count(nodes_.size(), layout::kNode),
                .children = count(children_.size(), layout::kChild),
                .any = count(any_.size(), layout::kAny),
                .text_bytes = count(text_.size(), 1)};
    }

    void text(Section& from, ByteView bytes) {
        from.u32(static_cast<std::uint32_t>(text_.size()));
        from.u32(static_cast<std::uint32_t>(bytes.size()));
        text_.raw(bytes);
    }

    void write_rule(const Rule& rule) {
        text(rules_, bytes_of(rule.id));
        text(rules_, bytes_of(rule.title));
        text(rules_, bytes_of(rule.file));
        std::uint32_t level = 0;
        while (kLevels[level] != rule.level) ++level;
        rules_.u32(level);
        rules_.u32(rule.line);
        rules_.u32(static_cast<std::uint32_t>(nodes_.size() / layout::kNode));
        rules_.u32(static_cast<std::uint32_t>(rule.nodes.size()));
        rules_.u32(0);
        for (const Node& node : rule.nodes) write_node(node);
    }

    void write_node(const Node& node) {
        const bool leaf = node.kind == Node::Kind::kPredicate;
        nodes_.u32(static_cast<std::uint32_t>(node.kind));
        nodes_.u32(leaf ? node.predicate
                        : static_cast<std::uint32_t>(children_.size() / layout::kChild));
        nodes_.u32(static_cast<std::uint32_t>(node.children.size()));
        for (const std::uint32_t child : node.children) children_.u32(child);
    }

    void write_predicate(const Predicate& predicate) {
        predicates_.u8(static_cast<std::uint8_t>(predicate.op));
        predicates_.u8(predicate.cased ? 1 : 0);
        predicates_.u16(predicate.field);
        predicates_.u16(predicate.other_field);
        predicates_.u8(predicate.prefix_bits);
        predicates_.u8(0);
        predicates_.u64(static_cast<std::uint64_t>(predicate.integer));
        const bool cidr = predicate.op == Op::kCidr;
        text(predicates_, cidr ? ByteView(predicate.network) : bytes_of(predicate.text));
        predicates_.u32(static_cast<std::uint32_t>(pieces_.size() / layout::kPiece));
        predicates_.u32(static_cast<std::uint32_t>(predicate.pieces.size()));
        for (const GlobPiece& piece : predicate.pieces) {
            text(pieces_, bytes_of(piece.text));
            pieces_.u32(static_cast<std::uint32_t>(any_.size() / layout::kAny));
            pieces_.u32(static_cast<std::uint32_t>(piece.any.size()));
            for (const std::uint16_t at : piece.any) any_.u16(at);
        }
    }

    Section rules_, predicates_, pieces_, nodes_, children_, any_, text_;
};

/// A lower bound of the file's length.
std::uint64_t content_bytes(const Program& program) {
    std::uint64_t bytes = 0;
    for (const Rule& rule : program.rules) bytes += rule.nodes.size() * layout::kNode;
    for (const Predicate& predicate : program.predicates) {
        bytes += predicate.text.size();
        for (const GlobPiece& piece : predicate.pieces) {
            bytes += layout::kPiece + piece.text.size() + piece.any.size() * layout::kAny;
        }
    }
    return bytes;
}

}  // namespace

Result<Bytes> write_program(const Program& program, const ProgramLimits& limits) {
    if (auto good = check_program(program, limits); !good) return fail(good.error());
    // Asked before anything is narrowed to 32 bits.
    if (content_bytes(program) > limits.bytes_max) {
        return fail(Errc::kTooLarge, "rule file: more than " + std::to_string(limits.bytes_max) +
                                         " bytes of text and nodes");
    }
    Bytes bytes = Writer().write(program);
    if (bytes.size() > limits.bytes_max) {
        return fail(Errc::kTooLarge, "rule file: " + std::to_string(bytes.size()) +
                                         " bytes, at most " + std::to_string(limits.bytes_max));
    }
    return bytes;
}

}  // namespace firebreak::sigma
