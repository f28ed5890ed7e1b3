#include "server/http/router.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "server/http/standard_problems.hpp"

namespace firebreak::server {

// One step of a pattern. A request walks from the root, a node a segment.
struct Router::Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> any;   ///< `{name}`.
    std::unique_ptr<Node> rest;  ///< `{name...}`; a leaf.

    std::map<std::string, Route, std::less<>> routes;  ///< By method, of patterns that end here.
    std::vector<std::string> names;  ///< Of the placeholders from the root to here.
};

namespace {

std::vector<std::string_view> split(std::string_view pattern) {
    std::vector<std::string_view> parts;
    if (pattern == "/") return parts;
    while (!pattern.empty()) {
        FIREBREAK_CHECK(pattern.front() == '/');
        pattern.remove_prefix(1);
        const std::size_t end = std::min(pattern.find('/'), pattern.size());
        FIREBREAK_CHECK(end > 0);
        parts.push_back(pattern.substr(0, end));
        pattern.remove_prefix(end);
    }
    return parts;
}

std::string join(const std::vector<std::string>& segments, std::size_t from) {
    std::string joined = segments[from];
    for (std::size_t i = from + 1; i < segments.size(); ++i) joined.append("/").append(segments[i]);
    return joined;
}

// What a walk has found: the node, and what its placeholders stand for, in their order.
template <class Node>
struct Found {
    const Node* node = nullptr;
    std::vector<std::string> values;
};

// Depth first, so that a literal that leads nowhere gives way to a placeholder. Recurses at most as
// deep as the longest pattern.
template <class Node>
bool walk(const Node& node, const std::vector<std::string>& segments, std::size_t at,
          Found<Node>& found) {
    if (at == segments.size()) {
        found.node = &node;
        return !node.routes.empty();
    }
    const auto literal = node.literals.find(segments[at]);
    if (literal != node.literals.end() && walk(*literal->second, segments, at + 1, found)) {
        return true;
    }
    if (node.any) {
        found.values.push_back(segments[at]);
        if (walk(*node.any, segments, at + 1, found)) return true;
        found.values.pop_back();
    }
    if (!node.rest) return false;
    found.values.push_back(join(segments, at));
    found.node = node.rest.get();
    return true;
}

}  // namespace

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(Route route) {
    Node* node = root_.get();
    std::vector<std::string> names;
    for (const std::string_view part : split(route.pattern)) {
        FIREBREAK_CHECK(node != root_.get() || names.empty());
        if (!part.starts_with('{')) {
            FIREBREAK_CHECK(part.find_first_of("{}%?") == std::string_view::npos);
            std::unique_ptr<Node>& next = node->literals[std::string(part)];
            if (!next) next = std::make_unique<Node>();
            node = next.get();
            continue;
        }
        FIREBREAK_CHECK(part.ends_with('}'));
        std::string_view name = part.substr(1, part.size() - 2);
        const bool rest = name.ends_with("...");
        if (rest) name.remove_suffix(3);
        FIREBREAK_CHECK(!name.empty());
        FIREBREAK_CHECK(!rest || route.pattern.ends_with(part));
        FIREBREAK_CHECK(std::find(names.begin(), names.end(), name) == names.end());
        names.emplace_back(name);
        std::unique_ptr<Node>& next = rest ? node->rest : node->any;
        if (!next) next = std::make_unique<Node>();
        node = next.get();
    }
    // Two methods of one pattern must agree on the names, or one of them would get the other's.
    FIREBREAK_CHECK(node->routes.empty() || node->names == names);
    FIREBREAK_CHECK(route.handler != nullptr);
    node->names = std::move(names);
    const std::string method = route.method;
    FIREBREAK_CHECK(node->routes.try_emplace(method, std::move(route)).second);
}

tl::expected<Router::Match, Problem> Router::find(std::string_view method,
                                                  const std::vector<std::string>& segments) const {
    Found<Node> found;
    if (!walk(*root_, segments, 0, found)) {
        return refuse(not_found());
    }
    const auto& routes = found.node->routes;
    auto route = routes.find(method);
    if (route == routes.end() && method == "HEAD") route = routes.find("GET");
    if (route == routes.end()) {
        std::string allowed;
        for (const auto& [name, ignored] : routes) {
            allowed.append(allowed.empty() ? "" : ", ").append(name);
            if (name == "GET") allowed.append(", HEAD");
        }
        return refuse(method_not_allowed(std::move(allowed)));
    }
    Match match{&route->second, {}};
    for (std::size_t i = 0; i < found.values.size(); ++i) {
        match.parameters.emplace(found.node->names[i], std::move(found.values[i]));
    }
    return match;
}

}  // namespace firebreak::server
