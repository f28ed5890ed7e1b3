#include "sensor/host/manifest.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "core/base/errc.hpp"

namespace firebreak::sensor {
namespace {

json::object good_manifest() {
    return {{"manifest_version", 1},
            {"name", "yara"},
            {"version", "4.2.3"},
            {"build_id", "abc"},
            {"content_types", {"yara-source"}},
            {"contracts", json::array{}},
            {"capabilities", {"yara.module.pe", "yara.module.elf"}},
            {"limits", {{"content_bytes_max", 10}, {"input_bytes_max", 20}, {"rules_max", 30}}}};
}

Result<CapabilityManifest> parse(const json::object& manifest) {
    return parse_capability_manifest(json::serialize(manifest));
}

/// The good manifest with `member` replaced.
Error refusal_with(std::string_view member, json::value value) {
    json::object manifest = good_manifest();
    manifest[{member.data(), member.size()}] = std::move(value);
    const Result<CapabilityManifest> parsed = parse(manifest);
    EXPECT_FALSE(parsed) << member;
    return parsed ? Error(Errc::kNotFound, "accepted") : parsed.error();
}

TEST(CapabilityManifest, IsReadWhole) {
    const Result<CapabilityManifest> manifest = parse(good_manifest());

    ASSERT_TRUE(manifest) << manifest.error().to_string();
    EXPECT_EQ(manifest->name, "yara");
    EXPECT_EQ(manifest->version, "4.2.3");
    EXPECT_EQ(manifest->build_id, "abc");
    EXPECT_EQ(manifest->content_types, std::vector<std::string>{"yara-source"});
    EXPECT_EQ(manifest->capabilities.size(), 2U);
    EXPECT_EQ(manifest->content_bytes_max, 10U);
    EXPECT_EQ(manifest->input_bytes_max, 20U);
    EXPECT_EQ(manifest->rules_max, 30U);
}

TEST(CapabilityManifest, KeepsMembersItDoesNotKnow) {
    json::object manifest = good_manifest();
    manifest["instrumented"] = true;

    const Result<CapabilityManifest> parsed = parse(manifest);

    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->raw.as_object().contains("instrumented"));
}

TEST(CapabilityManifest, RefusesEachMissingMember) {
    const json::object good = good_manifest();
    for (const auto& [name, value] : good) {
        json::object manifest = good;
        manifest.erase(name);
        EXPECT_FALSE(parse(manifest)) << name;
    }
}

TEST(CapabilityManifest, RefusesALaterVersion) {
    EXPECT_EQ(refusal_with("manifest_version", 2), Errc::kUnsupported);
    EXPECT_EQ(refusal_with("manifest_version", "1"), Errc::kMalformed);
}

TEST(CapabilityManifest, RefusesNamesThatReportsCannotCarry) {
    EXPECT_EQ(refusal_with("name", ""), Errc::kInvalid);
    EXPECT_EQ(refusal_with("name", "a b"), Errc::kInvalid);
    EXPECT_EQ(refusal_with("name", "a\nb"), Errc::kInvalid);
    EXPECT_EQ(refusal_with("version", json::string(201, 'v')), Errc::kInvalid);
    EXPECT_EQ(refusal_with("capabilities", json::array{"caf\xC3\xA9"}), Errc::kInvalid);
}

TEST(CapabilityManifest, RefusesListsThatAreNoSets) {
    EXPECT_EQ(refusal_with("capabilities", json::array{"a", "a"}), Errc::kInvalid);
    EXPECT_EQ(refusal_with("content_types", json::array{}), Errc::kInvalid);
    EXPECT_EQ(refusal_with("contracts", json::array{1}), Errc::kMalformed);
    json::array many;
    for (int i = 0; i < 5000; ++i) many.emplace_back("c" + std::to_string(i));
    EXPECT_EQ(refusal_with("capabilities", many), Errc::kTooLarge);
}

TEST(CapabilityManifest, MaySayHowHighACounterItHasRoomFor) {
    json::object manifest = good_manifest();
    const auto silent = parse(manifest);
    manifest.at("limits").as_object()["counter_max"] = 2147483647;
    const auto narrow = parse(manifest);
    manifest.at("limits").as_object()["counter_max"] = 0;

    ASSERT_TRUE(silent && narrow);
    EXPECT_EQ(silent->counter_max, INT64_MAX);
    EXPECT_EQ(narrow->counter_max, 2147483647);
    EXPECT_FALSE(parse(manifest));
}

TEST(CapabilityManifest, RefusesLimitsThatAreNone) {
    EXPECT_EQ(refusal_with("limits", json::object{}), Errc::kMalformed);
    EXPECT_EQ(refusal_with("limits",
                           {{"content_bytes_max", 0}, {"input_bytes_max", 1}, {"rules_max", 1}}),
              Errc::kMalformed);
}

TEST(CapabilityManifest, RefusesTextThatIsNotOneJsonObject) {
    EXPECT_EQ(parse_capability_manifest("").error(), Errc::kMalformed);
    EXPECT_EQ(parse_capability_manifest("[]").error(), Errc::kMalformed);
    EXPECT_EQ(
        parse_capability_manifest(std::string(json::serialize(good_manifest())) + "{}").error(),
        Errc::kMalformed);
    EXPECT_EQ(parse_capability_manifest(std::string(2U << 20U, ' ')).error(), Errc::kTooLarge);
}

}  // namespace
}  // namespace firebreak::sensor
