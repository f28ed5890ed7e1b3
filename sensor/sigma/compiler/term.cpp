#include "sensor/sigma/compiler/term.hpp"

#include <array>
#include <cstring>
#include <unordered_set>
#include <utility>

namespace firebreak::sigma {
namespace {

void add_number(std::string& key, std::uint64_t number) {
    std::array<char, sizeof number> bytes{};
    std::memcpy(bytes.data(), &number, sizeof number);
    key.append(bytes.data(), bytes.size());
}

void add_text(std::string& key, std::string_view text) {
    add_number(key, text.size());
    key += text;
}

/// Bytes that two predicates share exactly when they are equal.
std::string key_of(const Predicate& predicate) {
    std::string key;
    add_number(key, predicate.field);
    add_number(key, static_cast<std::uint64_t>(predicate.op));
    add_number(key, predicate.cased ? 1 : 0);
    add_number(key, predicate.other_field);
    add_text(key, predicate.text);
    add_number(key, static_cast<std::uint64_t>(predicate.integer));
    add_number(key, predicate.pieces.size());
    for (const GlobPiece& piece : predicate.pieces) {
        add_text(key, piece.text);
        add_number(key, piece.any.size());
        for (const std::uint16_t at : piece.any) add_number(key, at);
    }
    add_text(key, text_of(predicate.network));
    add_number(key, predicate.prefix_bits);
    return key;
}

std::uint32_t emit(const Term& term, PredicateTable& table, std::vector<Node>& nodes) {
    Node node;
    node.kind = term.kind;
    if (term.kind == Node::Kind::kPredicate) {
        node.predicate = table.number_of(term.predicate);
    } else {
        for (const Term& child : term.children) node.children.push_back(emit(child, table, nodes));
    }
    nodes.push_back(std::move(node));
    return static_cast<std::uint32_t>(nodes.size() - 1);
}

}  // namespace

std::size_t Term::size() const {
    std::size_t sum = 1;
    for (const Term& child : children) sum += child.size();
    return sum;
}

Term ask(Predicate predicate) {
    return {Node::Kind::kPredicate, std::move(predicate), {}};
}

Term negation(Term term) {
    if (term.kind == Node::Kind::kNot) {
        Term inner = std::move(term.children.front());
        return inner;
    }
    Term negated{Node::Kind::kNot, {}, {}};
    negated.children.push_back(std::move(term));
    return negated;
}

Term joined(Node::Kind kind, std::vector<Term> children) {
    if (children.size() == 1) {
        Term only = std::move(children.front());
        return only;
    }
    Term term{kind, {}, {}};
    std::unordered_set<std::string> asked;
    const auto add = [&](Term& child) {
        const bool repeated =
            child.kind == Node::Kind::kPredicate && !asked.insert(key_of(child.predicate)).second;
        if (!repeated) term.children.push_back(std::move(child));
    };
    for (Term& child : children) {
        if (child.kind == kind) {
            for (Term& grandchild : child.children) add(grandchild);
        } else {
            add(child);
        }
    }
    if (term.children.size() > 1) return term;
    Term only = std::move(term.children.front());
    return only;
}

std::uint32_t PredicateTable::number_of(const Predicate& predicate) {
    const auto next = static_cast<std::uint32_t>(predicates_.size());
    const auto [entry, is_new] = numbers_.try_emplace(key_of(predicate), next);
    if (is_new) predicates_.push_back(predicate);
    return entry->second;
}

std::vector<Node> nodes_of(const Term& term, PredicateTable& table) {
    std::vector<Node> nodes;
    emit(term, table, nodes);
    return nodes;
}

}  // namespace firebreak::sigma
