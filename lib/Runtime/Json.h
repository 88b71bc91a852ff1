//===- Json.h - A writer of JSON --------------------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_JSON_H
#define HONE_LIB_RUNTIME_JSON_H

#include <climits>
#include <cstdint>
#include <string>
#include <string_view>

namespace hone::rt {

/// Writes one JSON value, indented by two, members in the order of the calls. Inside an array the key is empty. Objects
/// and arrays more than `lineDepth` deep stand on one line.
class JsonWriter {
public:
  explicit JsonWriter(int lineDepth = INT_MAX) : lineDepth(lineDepth) {}

  void beginObject(std::string_view key = {}) { open(key, '{'); }
  void endObject() { close('}'); }
  void beginArray(std::string_view key = {}) { open(key, '['); }
  void endArray() { close(']'); }
  /// Bytes that are not UTF-8 become U+FFFD.
  void string(std::string_view key, std::string_view value);
  void whole(std::string_view key, uint64_t value);
  /// null if not finite.
  void real(std::string_view key, double value, int decimals);
  void boolean(std::string_view key, bool value);

  /// The finished text, with a newline at its end.
  std::string take();

private:
  void item(std::string_view key);
  void open(std::string_view key, char bracket);
  void close(char bracket);
  void quote(std::string_view text);

  void newLine();

  const int lineDepth;
  std::string text;
  int depth = 0;
  bool first = true;
};

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_JSON_H
