//===- API.h - Behind the C API ---------------------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_API_H
#define HONE_LIB_RUNTIME_API_H

#include "Sampler.h"
#include "Session.h"
#include "SharedLibrary.h"
#include "hone-rt/hone.h"
#include "hone/Text/ChatTemplate.h"
#include "hone/Text/Tokenizer.h"

#include <atomic>
#include <cstring>
#include <memory>

namespace hone::rt {

/// What a model and its sessions share. Immutable. `library` goes last: the others point into it.
struct CompiledModel {
  SharedLibrary library; ///< empty for the model of this library
  std::optional<Model> model;
  std::optional<text::Tokenizer> tokenizer;
  std::optional<text::ChatTemplate> chatTemplate;
  std::string chatTemplateFault; ///< why there is none
};

/// Writes a status and its text, unless `error` is null; returns the status.
hone_status fail(hone_error *error, hone_status status, const std::string &message);
hone_status succeed(hone_error *error);

/// "expected WHAT, got a null pointer".
hone_status failNull(hone_error *error, const char *what);

/// Takes over a structure whose first field is its size: what the caller does not know is 0, and what this library does
/// not know must be. False: `error` says why not.
template <typename T> bool readOptions(const T *given, T &options, hone_error *error) {
  options = {};
  if (!given)
    return true;
  const auto *bytes = reinterpret_cast<const char *>(given);
  bool usable = given->size >= sizeof(size_t) && given->size < 4096;
  for (size_t i = sizeof(T); usable && i < given->size; ++i)
    usable = bytes[i] == 0;
  if (!usable) {
    fail(error, HONE_INVALID_ARGUMENT,
         "options: expected 'size' set to sizeof, and 0 in fields that this library does "
         "not know");
    return false;
  }
  std::memcpy(&options, given, given->size < sizeof(T) ? given->size : sizeof(T));
  return true;
}

/// Fills a structure as far as the caller knows it.
template <typename T> hone_status writeInfo(T value, T *out, hone_error *error) {
  if (!out)
    return failNull(error, "a structure to fill");
  if (out->size < sizeof(size_t))
    return fail(error, HONE_INVALID_ARGUMENT, "info: expected 'size' set to sizeof");
  value.size = out->size;
  std::memcpy(out, &value, value.size < sizeof(T) ? value.size : sizeof(T));
  return succeed(error);
}

} // namespace hone::rt

struct hone_model {
  std::shared_ptr<const hone::rt::CompiledModel> compiled;
};

struct hone_session {
  std::shared_ptr<const hone::rt::CompiledModel> compiled;
  std::unique_ptr<hone::rt::Workers> workers;
  std::unique_ptr<hone::rt::Session> session;
  std::atomic<bool> busy{false}, cancelled{false};
  std::vector<int64_t> before, next; ///< of each sequence, while a step runs: its length, and where it goes on
  std::vector<hone::rt::Row> rows;
};

struct hone_sampler {
  hone::rt::Sampler sampler;
};

namespace hone::rt {

/// One call's hold of a session. `enter` fails if there is none or another call has it.
class SessionUse {
public:
  explicit SessionUse(hone_session *session) : session(session) {}
  SessionUse(const SessionUse &) = delete;
  SessionUse &operator=(const SessionUse &) = delete;
  ~SessionUse() {
    if (entered)
      session->busy.store(false, std::memory_order_release);
  }

  hone_status enter(hone_error *error);
  /// The same, and fails unless `sequence` is open.
  hone_status enter(int32_t sequence, hone_error *error);

private:
  hone_session *session;
  bool entered = false;
};

/// Fails unless `token` is in the vocabulary.
hone_status checkToken(const Model &model, int32_t token, hone_error *error);
hone_status checkSequence(Session &session, int32_t sequence, hone_error *error);

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_API_H
