#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "sensor/sigma/program/program.hpp"

namespace firebreak::sigma {

/// A rule's logic while it is compiled. As deep as a condition's brackets, and a few levels more.
struct Term {
    Node::Kind kind = Node::Kind::kPredicate;
    Predicate predicate;         ///< kPredicate.
    std::vector<Term> children;  ///< kNot: one; kAll, kAny: at least two.

    /// Nodes, this one included.
    std::size_t size() const;
};

Term ask(Predicate predicate);
/// The other of `term`; not of not is the thing itself.
Term negation(Term term);
/// kAll or kAny over `children`, at least one. What is of the same kind is taken apart, a question
/// asked twice is asked once, and one alone is itself.
Term joined(Node::Kind kind, std::vector<Term> children);

/// The predicates of a program, each stored once, numbered as they come.
class PredicateTable {
public:
    std::uint32_t number_of(const Predicate& predicate);
    std::vector<Predicate> take() { return std::move(predicates_); }

private:
    std::unordered_map<std::string, std::uint32_t> numbers_;
    std::vector<Predicate> predicates_;
};

/// `term` as the nodes of a rule, each child before its parent.
std::vector<Node> nodes_of(const Term& term, PredicateTable& table);

}  // namespace firebreak::sigma
