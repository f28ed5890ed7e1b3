#pragma once

#include <cstdint>
#include <string>

#include "server/http/problem.hpp"

// What HTTP itself refuses, before or beside any handler: each text in one place.
namespace firebreak::server {

Problem request_malformed();                          ///< 400
Problem not_found();                                  ///< 404
Problem method_not_allowed(std::string allow);        ///< 405
Problem request_timeout();                            ///< 408
Problem too_large();                                  ///< 413
Problem target_too_long();                            ///< 414
Problem range_not_satisfiable(std::uint64_t length);  ///< 416
Problem expectation_unknown();                        ///< 417
Problem header_too_large();                           ///< 431
Problem method_unknown();                             ///< 501
Problem coding_unknown();                             ///< 501
Problem too_many_connections();                       ///< 503
Problem version_unsupported();                        ///< 505

}  // namespace firebreak::server
