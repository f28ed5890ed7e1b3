#pragma once

namespace firebreak::yara {

/// Connects libyara's standard streams (see stdio_symbols.cpp). Call before anything else of it.
void connect_streams() noexcept;

}  // namespace firebreak::yara
