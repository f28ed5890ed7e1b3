#include "validator/proof/minimise.hpp"

#include <algorithm>
#include <optional>

#include "validator/generate/mutator.hpp"

namespace firebreak::validator {
namespace {

/// Probes that are left.
class Allowance {
public:
    explicit Allowance(std::uint64_t probes) : left_(probes) {}

    bool spent() const { return left_ == 0; }
    bool use() {
        if (left_ == 0) return false;
        --left_;
        return true;
    }

private:
    std::uint64_t left_;
};

/// Takes pieces out of `bytes` as long as `shows` agrees, in ever smaller pieces.
Bytes without_needless(Bytes bytes, const InputProbe& shows, Allowance& allowance) {
    for (std::size_t piece = std::max<std::size_t>(bytes.size() / 2, 1); !bytes.empty();) {
        bool took = false;
        for (std::size_t at = 0; at < bytes.size() && allowance.use();) {
            Bytes shorter = bytes;
            const auto first = shorter.begin() + static_cast<std::ptrdiff_t>(at);
            const std::size_t length = std::min(piece, bytes.size() - at);
            shorter.erase(first, first + static_cast<std::ptrdiff_t>(length));
            if (shows(shorter)) {
                bytes = std::move(shorter);
                took = true;
            } else {
                at += piece;
            }
        }
        if (allowance.spent() || (piece == 1 && !took)) break;
        piece = std::max<std::size_t>(piece / 2, 1);
    }
    return bytes;
}

/// Fields absent in halves, quarters, …; then what is left of texts shorter.
Bytes smaller_event(EventShape event, const InputProbe& shows, Allowance& allowance) {
    const auto shows_event = [&](const EventShape& candidate) {
        return allowance.use() && shows(candidate.document());
    };
    const std::size_t count = event.values.size();
    for (std::size_t piece = std::max<std::size_t>(count / 2, 1);; piece /= 2) {
        for (std::size_t at = 0; at < count; at += piece) {
            EventShape emptier = event;
            const std::size_t end = std::min(at + piece, count);
            for (std::size_t field = at; field < end; ++field) {
                emptier.values[field] = FieldValue{};
            }
            if (emptier != event && shows_event(emptier)) event = std::move(emptier);
        }
        if (piece == 1 || piece == 0) break;
    }
    EventShape cut = event;
    while (!cut.values.empty() && std::holds_alternative<std::monostate>(cut.values.back())) {
        cut.values.pop_back();
    }
    if (cut != event && shows_event(cut)) event = std::move(cut);
    for (FieldValue& value : event.values) {
        if (!std::holds_alternative<Bytes>(value)) continue;
        const Bytes before = std::get<Bytes>(value);
        Bytes after = without_needless(
            before,
            [&](ByteView text) {
                value = copy_of(text);
                return shows(event.document());
            },
            allowance);
        value = std::move(after);
    }
    return event.document();
}

}  // namespace

Bytes minimise(const Bytes& input, const InputProbe& shows_fault, std::uint64_t probes_max) {
    Allowance allowance(probes_max);
    std::optional<EventShape> event = EventShape::of(input);
    if (event) return smaller_event(*std::move(event), shows_fault, allowance);
    if (allowance.use() && shows_fault({})) return {};
    return without_needless(input, shows_fault, allowance);
}

}  // namespace firebreak::validator
