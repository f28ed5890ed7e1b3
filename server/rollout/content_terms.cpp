#include "server/rollout/content_terms.hpp"

#include "core/base/errc.hpp"
#include "core/trust/metadata.hpp"

namespace firebreak::server {

Result<std::vector<trust::ContentTerms>> content_terms(ByteView content_role,
                                                       const std::vector<std::string>& targets) {
    const Result<trust::Envelope> envelope = trust::parse_envelope(content_role);
    if (!envelope) return fail(envelope.error());
    const Result<trust::Targets> content = trust::parse_targets(envelope->signed_part);
    if (!content) return fail(content.error());
    std::vector<trust::ContentTerms> all;
    for (const std::string& target : targets) {
        const auto found = content->targets.find(target);
        if (found == content->targets.end()) {
            return fail(Errc::kCorrupt, "content metadata: does not list " + target);
        }
        Result<trust::ContentTerms> terms = trust::parse_content_terms(found->second.custom);
        if (!terms) return fail(terms.error().seen_from(target));
        all.push_back(std::move(*terms));
    }
    return all;
}

}  // namespace firebreak::server
