//===- Error.h - Errors as values ------------------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_SUPPORT_ERROR_H
#define HONE_SUPPORT_ERROR_H

#include <cassert>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace hone {

/// What went wrong, for the user: one line that says where, what was expected, what was found and what to do next.
/// Carries no "hone: error: " prefix; the tool's main adds it.
class [[nodiscard]] Error {
public:
  explicit Error(std::string message) : text(std::move(message)) {}

  const std::string &message() const { return text; }

private:
  std::string text;
};

/// A value or the error that prevented it. Usable without LLVM, so that the runtime side shares it.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : state(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state.index() == 0; }

  T &operator*() {
    assert(*this && "value of a failed Result");
    return std::get<0>(state);
  }
  const T &operator*() const {
    assert(*this && "value of a failed Result");
    return std::get<0>(state);
  }
  T *operator->() { return &**this; }
  const T *operator->() const { return &**this; }

  const Error &error() const {
    assert(!*this && "error of a successful Result");
    return std::get<1>(state);
  }
  Error takeError() {
    assert(!*this && "error of a successful Result");
    return std::move(std::get<1>(state));
  }

private:
  std::variant<T, Error> state;
};

/// Success, or an error: for operations without a value. `if (Status failed = f()) return *failed;`
using Status = std::optional<Error>;

} // namespace hone

#endif // HONE_SUPPORT_ERROR_H
