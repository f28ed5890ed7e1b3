#pragma once

#include <elf.h>
#include <link.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "sensor/kit/text.hpp"

namespace firebreak::sensor_kit {
namespace detail {

/// The NT_GNU_BUILD_ID note in one note segment (ELF gABI, "Note Section").
inline std::string build_id_in(const unsigned char* notes, std::size_t length) {
    const auto aligned = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
    while (length >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        std::memcpy(&note, notes, sizeof note);
        const std::size_t total = sizeof note + aligned(note.n_namesz) + aligned(note.n_descsz);
        if (total > length) break;
        const unsigned char* name = notes + sizeof note;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            std::memcmp(name, "GNU", 4) == 0) {
            return hex(name + aligned(note.n_namesz), note.n_descsz);
        }
        notes += total;
        length -= total;
    }
    return {};
}

inline int find_build_id(dl_phdr_info* object, std::size_t, void* out) {
    const auto ours = reinterpret_cast<std::uintptr_t>(&find_build_id);
    bool contains_us = false;
    std::string id;
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const ElfW(Phdr)& segment = object->dlpi_phdr[i];
        const std::uintptr_t start = object->dlpi_addr + segment.p_vaddr;
        if (segment.p_type == PT_LOAD && ours >= start && ours - start < segment.p_memsz) {
            contains_us = true;
        }
        if (segment.p_type == PT_NOTE && id.empty()) {
            id = build_id_in(reinterpret_cast<const unsigned char*>(start), segment.p_memsz);
        }
    }
    if (!contains_us) return 0;
    *static_cast<std::string*>(out) = std::move(id);
    return 1;
}

}  // namespace detail

/// The build id that the linker left in the file this code is in: an engine's, for its manifest.
/// "unknown" without one.
inline std::string build_id() {
    std::string id;
    dl_iterate_phdr(&detail::find_build_id, &id);
    return id.empty() ? "unknown" : id;
}

}  // namespace firebreak::sensor_kit
