#include "validator/stages/sentinel.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "sensor/sigma/events/supplied_contracts.hpp"
#include "sensor/sigma/program/capabilities.hpp"
#include "validator/sandbox/event_input.hpp"

namespace firebreak::validator {
namespace {

/// Random, so that no content meets it by chance: made once, with no meaning.
#define FIREBREAK_SENTINEL_MARK "firebreak-sentinel-5b1ed07c9a4f3e62"

const std::array kSentinels{
    Sentinel{.content_type = "yara-source",
             .file = "zz-firebreak-sentinel.yar",
             .stem = "firebreak_sentinel_5b1ed07c9a4f3e62_",
             .head = "\nrule ",
             .tail = " {\n"
                     "    strings:\n"
                     "        $mark = \"" FIREBREAK_SENTINEL_MARK "\"\n"
                     "    condition:\n"
                     "        $mark\n"
                     "}\n"},
};

constexpr std::string_view kMark = FIREBREAK_SENTINEL_MARK;

#undef FIREBREAK_SENTINEL_MARK

struct Size {
    std::string_view name;
    std::size_t bytes;
};

constexpr std::array kSizes{Size{"small", 1024}, Size{"middling", 64U << 10U},
                            Size{"large", 1U << 20U}};

void put(Bytes& bytes, std::size_t offset, std::initializer_list<std::uint8_t> values) {
    std::ranges::copy(values, bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

/// PE32+ for x86-64 with one section, as far as the headers go. Offsets: "PE Format", Microsoft.
Bytes windows_header() {
    Bytes header(0x200, 0);
    put(header, 0x00, {'M', 'Z'});
    put(header, 0x3C, {0x80});
    put(header, 0x80, {'P', 'E', 0, 0, 0x64, 0x86, 1, 0});
    put(header, 0x94, {0xF0, 0, 0x22, 0});  // Size of the optional header; an executable image.
    put(header, 0x98, {0x0B, 0x02});        // PE32+.
    put(header, 0xB8, {0, 0x10, 0, 0, 0, 2, 0, 0});  // Alignment of sections and of the file.
    put(header, 0xD0, {0, 0x20, 0, 0, 0, 2, 0, 0});  // Size of image and of headers.
    put(header, 0xDC, {3, 0});                       // Console.
    put(header, 0x104, {16});                        // Directories.
    put(header, 0x188, {'.', 't', 'e', 'x', 't'});
    return header;
}

/// ELF for x86-64 without program or section headers. Offsets: System V ABI.
Bytes linux_header() {
    Bytes header(64, 0);
    put(header, 0, {0x7F, 'E', 'L', 'F', 2, 1, 1});
    put(header, 16, {2, 0, 0x3E, 0, 1});  // An executable, for x86-64, version 1.
    put(header, 52, {64, 0, 56, 0, 0, 0, 64});
    return header;
}

struct Kind {
    std::string_view name;
    Bytes header;
};

std::vector<Kind> kinds() {
    const auto text = [](std::string_view value) { return to_bytes(value); };
    return {
        {"text", {}},
        {"script", text("#!/bin/sh\n")},
        {"web page", text("<?php ?><!DOCTYPE html><html>")},
        {"Windows program", windows_header()},
        {"Linux program", linux_header()},
        {"macOS program", {0xCF, 0xFA, 0xED, 0xFE, 7, 0, 0, 1, 3, 0, 0, 0, 2}},
        {"Java class", {0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 52}},
        {"Android program", text(std::string_view("dex\n035\0", 8))},
        {"zip archive", text("PK\x03\x04\x14")},
        {"OLE document", {0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1}},
        {"PDF document", text("%PDF-1.7\n")},
        {"RTF document", text("{\\rtf1")},
        {"Windows link", {0x4C, 0, 0, 0, 1, 0x14, 2}},
    };
}

/// `header`, then filler with the mark in its middle.
Bytes input_of(const Bytes& header, std::size_t size) {
    Bytes bytes(size, '.');
    std::ranges::copy(header, bytes.begin());
    std::ranges::copy(kMark, bytes.begin() + static_cast<std::ptrdiff_t>(size / 2 + 64));
    return bytes;
}

/// Which events the content is about. Content that cannot be read says nothing, and any contract
/// will do: it is about to be refused.
Sentinel event_sentinel(const std::vector<FileView>& content) {
    Sentinel sentinel{.content_type = sigma::kContentType,
                      .file = "zz-firebreak-sentinel.sigma",
                      .stem = "zz-firebreak-sentinel-5b1ed07c9a4f3e62-"};
    for (const FileView& file : content) {
        const Result<sigma::Program> program = sigma::read_program(file.bytes);
        if (!program) continue;
        std::vector<std::string>& contracts = sentinel.contracts;
        if (std::ranges::find(contracts, program->contract) == contracts.end()) {
            contracts.push_back(program->contract);
        }
    }
    if (sentinel.contracts.empty()) {
        sentinel.contracts.emplace_back(sigma::supplied_contracts().front().contract);
    }
    return sentinel;
}

/// The n-th rule of the sentinel: the first field contains the mark.
void add_rule(sigma::Program& program, const Sentinel& sentinel, std::size_t number) {
    const auto predicate = static_cast<std::uint32_t>(program.predicates.size());
    program.predicates.push_back(
        {.field = 0, .op = sigma::Op::kContains, .text = std::string(kMark)});
    sigma::Rule rule{.id = sentinel.rule(number),
                     .title = "The validator's own rule",
                     .file = std::string(sentinel.file),
                     .nodes = {{.kind = sigma::Node::Kind::kPredicate, .predicate = predicate}}};
    const auto place = std::ranges::lower_bound(program.rules, rule.id, {}, &sigma::Rule::id);
    program.rules.insert(place, std::move(rule));
}

/// The rule file, or `otherwise` where there is no room in it for one rule more.
Bytes written(const sigma::Program& program, ByteView otherwise) {
    Result<Bytes> bytes = sigma::write_program(program);
    return bytes ? *std::move(bytes) : copy_of(otherwise);
}

}  // namespace

std::string Sentinel::rule(std::size_t number) const {
    return std::string(stem) + std::to_string(number);
}

std::string Sentinel::text(std::size_t number) const {
    return std::string(head) + rule(number) + std::string(tail);
}

Bytes Sentinel::alone() const {
    if (contracts.empty()) return to_bytes(text(0));
    sigma::Program program{.contract = contracts.front(), .arity = 1};
    add_rule(program, *this, 0);
    return written(program, {});
}

Bytes Sentinel::inside(ByteView content, std::size_t number) const {
    if (contracts.empty()) return to_bytes(to_text(content) + text(number));
    Result<sigma::Program> program = sigma::read_program(content);
    if (!program) return copy_of(content);
    add_rule(*program, *this, number);
    return written(*program, content);
}

std::optional<Sentinel> sentinel_for(std::string_view content_type,
                                     const std::vector<FileView>& content) {
    if (content_type == sigma::kContentType) return event_sentinel(content);
    const auto found = std::ranges::find(kSentinels, content_type, &Sentinel::content_type);
    return found == kSentinels.end() ? std::nullopt : std::optional(*found);
}

std::vector<SentinelInput> sentinel_inputs(const Sentinel& sentinel) {
    if (sentinel.contracts.empty()) return sentinel_inputs();
    std::vector<SentinelInput> inputs;
    for (const std::string& contract : sentinel.contracts) {
        inputs.push_back({.name = "an event of " + contract,
                          .bytes = event_with(contract, kMark),
                          .own = contract == sentinel.contracts.front()});
    }
    return inputs;
}

std::vector<SentinelInput> sentinel_inputs() {
    std::vector<SentinelInput> inputs{{"the mark alone", to_bytes(kMark)}};
    for (const Kind& kind : kinds()) {
        for (const Size& size : kSizes) {
            inputs.push_back({"a " + std::string(size.name) + " " + std::string(kind.name),
                              input_of(kind.header, size.bytes)});
        }
    }
    return inputs;
}

}  // namespace firebreak::validator
