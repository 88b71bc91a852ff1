//===- APIModel.cpp - The C API: models and text --------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "API.h"
#include "Conversation.h"
#include "Format.h"
#include "IsaLevel.h"
#include "Machine.h"

#include <unistd.h>

using namespace hone;
using namespace hone::rt;

#ifndef HONE_VERSION
#define HONE_VERSION "unknown"
#endif

hone_status rt::fail(hone_error *error, hone_status status, const std::string &message) {
  if (!error)
    return status;
  error->status = status;
  size_t bytes = message.size();
  if (bytes >= sizeof error->message)
    for (bytes = sizeof error->message - 1; bytes > 0 && (message[bytes] & 0xc0) == 0x80;)
      --bytes;
  for (size_t i = 0; i < bytes; ++i)
    error->message[i] = static_cast<unsigned char>(message[i]) < ' ' ? ' ' : message[i];
  error->message[bytes] = '\0';
  return status;
}

hone_status rt::succeed(hone_error *error) { return fail(error, HONE_OK, {}); }

hone_status rt::failNull(hone_error *error, const char *what) {
  return fail(error, HONE_INVALID_ARGUMENT, format("expected %s, got a null pointer", what));
}

const char *hone_status_name(hone_status status) {
  static const char *const names[] = {"HONE_OK",           "HONE_INVALID_ARGUMENT",
                                      "HONE_NOT_FOUND",    "HONE_BAD_LIBRARY",
                                      "HONE_UNSUPPORTED",  "HONE_BUFFER_TOO_SMALL",
                                      "HONE_BAD_TOKEN",    "HONE_BAD_SEQUENCE",
                                      "HONE_BAD_POSITION", "HONE_TOO_MANY_SEQUENCES",
                                      "HONE_CONTEXT_FULL", "HONE_OUT_OF_MEMORY",
                                      "HONE_CANCELLED",    "HONE_BUSY"};
  auto index = static_cast<size_t>(status);
  return index < sizeof names / sizeof *names ? names[index] : "unknown status";
}

uint32_t hone_api_version(void) { return HONE_API_VERSION; }
const char *hone_version(void) { return HONE_VERSION; }

const hone_library *hone_library_description(void) {
  static const hone_library library = {HONE_ABI_VERSION,     0,
                                       HONE_VERSION,         &hone_program_module,
                                       hone_weights_begin,   hone_weights_end,
                                       hone_tokenizer_begin, hone_tokenizer_end};
  return &library;
}

/// Loads what the tokenizer section holds, if anything.
static Status loadText(CompiledModel &compiled, Section section) {
  compiled.chatTemplateFault = "this model has no chat template";
  if (section.size == 0)
    return {};
  Result<text::Tokenizer> tokenizer = text::Tokenizer::load(section.begin, section.size);
  if (!tokenizer)
    return Error("tokenizer section: " + tokenizer.error().message());
  if (tokenizer->vocabularySize() > compiled.model->module().vocabulary)
    return Error(format("tokenizer section: expected at most %u tokens, the model's vocabulary, got %zu; compile the "
                        "model again with this version of hone",
                        compiled.model->module().vocabulary, tokenizer->vocabularySize()));
  compiled.tokenizer = std::move(*tokenizer);
  if (compiled.tokenizer->chatTemplate().empty())
    return {};
  Result<text::ChatTemplate> form = text::ChatTemplate::parse(compiled.tokenizer->chatTemplate());
  if (form)
    compiled.chatTemplate = std::move(*form);
  else
    compiled.chatTemplateFault = "chat template: " + form.error().message();
  return {};
}

hone_status hone_model_open(const char *path, hone_model **model, hone_error *error) {
  if (!model)
    return failNull(error, "a place for the model");
  *model = nullptr;
  auto compiled = std::make_shared<CompiledModel>();
  if (path) {
    Result<SharedLibrary> library = SharedLibrary::open(path);
    if (!library)
      return fail(error, ::access(path, R_OK) == 0 ? HONE_BAD_LIBRARY : HONE_NOT_FOUND, library.error().message());
    compiled->library = std::move(*library);
  }
  const hone_library &library = path ? *compiled->library.description() : *hone_library_description();
  std::string place = path ? std::string(path) + ": " : std::string();
  Result<Model> opened = Model::open(*library.module, sectionBetween(library.weights_begin, library.weights_end));
  if (!opened)
    return fail(error, HONE_BAD_LIBRARY, place + opened.error().message());
  compiled->model = std::move(*opened);
  Result<unsigned> level = chooseLevel(*library.module, hostLevels(), "");
  if (!level)
    return fail(error, HONE_UNSUPPORTED, place + level.error().message());
  compiled->model->useLevel(*level);
  if (Status failed = path ? Status() : checkProgramFile())
    return fail(error, HONE_BAD_LIBRARY, failed->message());
  if (Status failed = loadText(*compiled, sectionBetween(library.tokenizer_begin, library.tokenizer_end)))
    return fail(error, HONE_BAD_LIBRARY, place + failed->message());
  *model = new hone_model{std::move(compiled)};
  return succeed(error);
}

void hone_model_close(hone_model *model) { delete model; }

hone_status hone_model_get_info(const hone_model *model, hone_model_info *info, hone_error *error) {
  if (!model)
    return failNull(error, "a model");
  const CompiledModel &compiled = *model->compiled;
  const hone_module &module = compiled.model->module();
  hone_model_info value = {};
  value.name = module.name;
  value.architecture = module.architecture;
  value.parameters = module.parameters;
  value.weight_bytes = compiled.model->weightBytes().size;
  value.vocabulary = module.vocabulary;
  value.context_length = module.context_length;
  value.max_rows = module.max_rows;
  value.page_positions = module.page_positions;
  value.page_bytes = module.page_bytes;
  value.bos_token = compiled.tokenizer ? compiled.tokenizer->bos().value_or(-1) : -1;
  value.eos_token = compiled.tokenizer ? compiled.tokenizer->eos().value_or(-1) : -1;
  value.has_tokenizer = compiled.tokenizer.has_value();
  value.has_chat_template = compiled.chatTemplate.has_value();
  return writeInfo(value, info, error);
}

static hone_status checkTokenizer(const hone_model *model, hone_error *error) {
  if (!model)
    return failNull(error, "a model");
  if (!model->compiled->tokenizer)
    return fail(error, HONE_UNSUPPORTED,
                "this model has no tokenizer, so it takes token ids alone; compile it from a file that has one");
  return HONE_OK;
}

/// Says how much there is of `what`, and whether it goes into `capacity`; 0 of it only asks.
static hone_status giveSize(size_t needed, size_t capacity, size_t *size, const char *what, hone_error *error) {
  *size = needed;
  if (capacity != 0 && needed > capacity)
    return fail(error, HONE_BUFFER_TOO_SMALL,
                format("expected room for %zu %s, got it for %zu", needed, what, capacity));
  return succeed(error);
}

static hone_status giveText(const std::string &value, char *text, size_t capacity, size_t *bytes, hone_error *error) {
  hone_status status = giveSize(value.size() + 1, capacity, bytes, "bytes", error);
  *bytes = value.size();
  if (status == HONE_OK && capacity != 0)
    std::memcpy(text, value.c_str(), value.size() + 1);
  return status;
}

hone_status hone_tokenize(const hone_model *model, const char *text, size_t bytes, uint32_t flags, int32_t *tokens,
                          size_t capacity, size_t *count, hone_error *error) {
  if (hone_status failed = checkTokenizer(model, error))
    return failed;
  if ((!text && bytes != 0) || (!tokens && capacity != 0) || !count)
    return failNull(error, "a text, room for tokens and a place for their number");
  if (flags & ~(HONE_TOKENIZE_BOS | HONE_TOKENIZE_SPECIAL))
    return fail(error, HONE_INVALID_ARGUMENT, format("expected flags HONE_TOKENIZE_*, got 0x%x", flags));
  const text::Tokenizer &tokenizer = *model->compiled->tokenizer;
  Result<std::vector<int32_t>> list = tokenizer.encode({text ? text : "", bytes}, flags & HONE_TOKENIZE_SPECIAL);
  if (!list)
    return fail(error, HONE_INVALID_ARGUMENT, list.error().message());
  std::optional<int32_t> bos = tokenizer.addBos() && (flags & HONE_TOKENIZE_BOS) ? tokenizer.bos() : std::nullopt;
  if (bos && (list->empty() || list->front() != *bos))
    list->insert(list->begin(), *bos);
  hone_status status = giveSize(list->size(), capacity, count, "tokens", error);
  if (status == HONE_OK && capacity != 0 && !list->empty())
    std::memcpy(tokens, list->data(), list->size() * sizeof(int32_t));
  return status;
}

hone_status rt::checkToken(const Model &model, int32_t token, hone_error *error) {
  uint32_t vocabulary = model.module().vocabulary;
  if (token >= 0 && static_cast<uint32_t>(token) < vocabulary)
    return HONE_OK;
  return fail(
      error, HONE_BAD_TOKEN,
      format("expected a token below %s, the size of the vocabulary, got %d", grouped(vocabulary).c_str(), token));
}

hone_status hone_detokenize(const hone_model *model, const int32_t *tokens, size_t count, char *text, size_t capacity,
                            size_t *bytes, hone_error *error) {
  if (hone_status failed = checkTokenizer(model, error))
    return failed;
  if ((!tokens && count != 0) || (!text && capacity != 0) || !bytes)
    return failNull(error, "tokens, room for a text and a place for its length");
  for (size_t i = 0; i < count; ++i)
    if (hone_status failed = checkToken(*model->compiled->model, tokens[i], error))
      return failed;
  std::string value = model->compiled->tokenizer->decode({tokens, tokens + count}, /*skipSpecial=*/true);
  return giveText(value, text, capacity, bytes, error);
}

int hone_is_end_token(const hone_model *model, int32_t token) {
  return model && model->compiled->tokenizer && model->compiled->tokenizer->isEnd(token);
}

hone_status hone_apply_chat_template(const hone_model *model, const hone_message *messages, size_t count,
                                     int begin_answer, char *text, size_t capacity, size_t *bytes, hone_error *error) {
  if (hone_status failed = checkTokenizer(model, error))
    return failed;
  if ((!messages && count != 0) || (!text && capacity != 0) || !bytes)
    return failNull(error, "messages, room for a text and a place for its length");
  const CompiledModel &compiled = *model->compiled;
  if (!compiled.chatTemplate)
    return fail(error, HONE_UNSUPPORTED, compiled.chatTemplateFault);
  std::vector<text::ChatMessage> list;
  for (size_t i = 0; i < count; ++i) {
    if (!messages[i].role || !messages[i].content)
      return failNull(error, "a role and a content in each message");
    list.push_back({messages[i].role, messages[i].content});
  }
  Result<std::string> value = renderChat(*compiled.tokenizer, *compiled.chatTemplate, std::move(list), begin_answer);
  if (!value)
    return fail(error, HONE_INVALID_ARGUMENT, value.error().message());
  return giveText(*value, text, capacity, bytes, error);
}
