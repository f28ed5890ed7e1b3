#include "sensor/sigma/run/condition.hpp"

#include <algorithm>

#include "core/base/check.hpp"

namespace firebreak::sigma {
namespace {

/// What all predicates below each node cost together.
std::vector<std::uint64_t> costs_of(const std::vector<Node>& nodes,
                                    const std::function<unsigned(std::uint32_t)>& predicate_cost) {
    std::vector<std::uint64_t> costs(nodes.size(), 0);
    for (std::size_t at = 0; at < nodes.size(); ++at) {
        if (nodes[at].kind == Node::Kind::kPredicate) {
            costs[at] = predicate_cost(nodes[at].predicate);
        }
        for (const std::uint32_t child : nodes[at].children) costs[at] += costs[child];
    }
    return costs;
}

/// How many predicates are below each node: a node's steps are that many, in a row.
std::vector<std::uint32_t> sizes_of(const std::vector<Node>& nodes) {
    std::vector<std::uint32_t> sizes(nodes.size(), 0);
    for (std::size_t at = 0; at < nodes.size(); ++at) {
        if (nodes[at].kind == Node::Kind::kPredicate) sizes[at] = 1;
        for (const std::uint32_t child : nodes[at].children) sizes[at] += sizes[child];
    }
    return sizes;
}

/// A node, the step at which it begins, and where to go once its answer is known.
struct Job {
    std::uint32_t node = 0;
    std::uint32_t begin = 0;
    std::uint32_t if_true = kYes;
    std::uint32_t if_false = kNo;
};

}  // namespace

std::vector<Step> flatten(const std::vector<Node>& nodes,
                          const std::function<unsigned(std::uint32_t)>& predicate_cost) {
    const std::vector<std::uint64_t> costs = costs_of(nodes, predicate_cost);
    const std::vector<std::uint32_t> sizes = sizes_of(nodes);
    std::vector<Step> steps(sizes.back());
    std::vector<Job> jobs{{.node = static_cast<std::uint32_t>(nodes.size() - 1)}};
    while (!jobs.empty()) {
        const Job job = jobs.back();
        jobs.pop_back();
        const Node& node = nodes.at(job.node);
        if (node.kind == Node::Kind::kPredicate) {
            steps.at(job.begin) = {node.predicate, job.if_true, job.if_false};
            continue;
        }
        if (node.kind == Node::Kind::kNot) {
            jobs.push_back({node.children.at(0), job.begin, job.if_false, job.if_true});
            continue;
        }
        std::vector<std::uint32_t> children = node.children;
        std::ranges::stable_sort(children, {}, [&costs](std::uint32_t at) { return costs.at(at); });
        std::uint32_t begin = job.begin;
        for (std::size_t i = 0; i < children.size(); ++i) {
            const std::uint32_t next = begin + sizes.at(children[i]);
            const bool last = i + 1 == children.size();
            // "and" goes on with the next child while yes, "or" while no.
            Job child{children[i], begin, job.if_true, job.if_false};
            if (!last) (node.kind == Node::Kind::kAll ? child.if_true : child.if_false) = next;
            jobs.push_back(child);
            begin = next;
        }
    }
    for (std::uint32_t at = 0; at < steps.size(); ++at) {
        FIREBREAK_CHECK(steps[at].if_true > at && steps[at].if_false > at);
    }
    return steps;
}

}  // namespace firebreak::sigma
