#pragma once

namespace firebreak::rollout::portable {

/// exp and log that give the same bits on every machine, compiler and C library.
///
/// A log written on one machine is replayed on another, and must decide the same. The C library's
/// functions may differ in the last bit from one version to the next; these are made of the four
/// IEEE 754 operations alone, which may not. The room is compiled with -ffp-contract=off, as a
/// fused multiply-add would round once where two operations round twice.
///
/// Errors, measured against a long double: log and exp at most 2 units in the last place,
/// log1p 3.
/// Tests: tests/unit/core/rollout/portable_math_test.cpp

/// Natural logarithm. @pre x is finite and > 0.
/// Source: x = 2^k m with m in [sqrt(1/2), sqrt(2)), log m = 2 artanh((m-1)/(m+1)) as a series.
double log(double x);

/// log(1 + x), also where 1 + x would lose x. @pre x is finite and > -1.
/// Source: W. Kahan: log(u) x / (u - 1) with u = 1 + x rounded.
double log1p(double x);

/// e to the x: 0 below -708 (where it would be subnormal). @pre x is not NaN and x <= 709.
/// Source: x = k ln 2 + r with |r| <= ln 2 / 2, e^r as a Taylor series of 14 terms.
double exp(double x);

}  // namespace firebreak::rollout::portable
