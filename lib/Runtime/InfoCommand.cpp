//===- InfoCommand.cpp - The command info ---------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Console.h"
#include "Format.h"
#include "IsaLevel.h"
#include "Json.h"
#include "Machine.h"

#include <cstring>
#include <unistd.h>

using namespace hone;
using namespace hone::rt;

namespace {
struct EncodingTotal {
  std::string encoding;
  uint64_t count, bytes;
};
} // namespace

static std::vector<EncodingTotal> totalsByEncoding(const hone_module &module) {
  std::vector<EncodingTotal> totals;
  for (uint64_t i = 0; i < module.weight_count; ++i) {
    const hone_weight &weight = module.weights[i];
    EncodingTotal *total = nullptr;
    for (EncodingTotal &candidate : totals)
      if (candidate.encoding == weight.encoding)
        total = &candidate;
    if (!total) {
      totals.push_back({weight.encoding, 0, 0});
      total = &totals.back();
    }
    ++total->count;
    total->bytes += weight.bytes;
  }
  return totals;
}

Result<int> rt::runInfo(const Options &options) {
  Result<Model> model = Model::open(hone_program_module, weightSection());
  if (!model)
    return model.takeError();
  const hone_module &module = model->module();
  std::string missing = missingX86Level3(readCPUWords());
  uint32_t host = hostLevels();
  Result<unsigned> level = chooseLevel(module, host, "");
  std::string used = level ? describeLevels(1u << *level) : std::string();
  bool hasTokenizer = tokenizerSection().size != 0, hasTemplate = false;
  if (hasTokenizer) {
    Result<text::Tokenizer> tokenizer = loadTokenizer();
    if (!tokenizer)
      return tokenizer.takeError();
    hasTemplate = !tokenizer->chatTemplate().empty();
  }
  uint64_t positionBytes = module.page_bytes / module.page_positions;
  std::vector<EncodingTotal> totals = totalsByEncoding(module);

  std::string text;
  if (options.json) {
    JsonWriter json;
    json.beginObject();
    json.string("name", module.name);
    json.string("architecture", module.architecture);
    json.whole("parameters", module.parameters);
    json.whole("vocabulary", module.vocabulary);
    json.whole("context_length", module.context_length);
    json.whole("max_rows", module.max_rows);
    json.whole("weight_bytes", model->weightBytes().size);
    json.whole("weight_bytes_per_token", module.weight_bytes_per_token);
    json.whole("kv_bytes_per_position", positionBytes);
    json.whole("kv_page_positions", module.page_positions);
    json.whole("arena_bytes", module.arena_bytes);
    json.boolean("tokenizer", hasTokenizer);
    json.boolean("chat_template", hasTemplate);
    json.string("isa", describeLevels(module.isa_levels));
    json.string("isa_used", used);
    json.string("cpu", cpuName());
    json.string("cpu_lacks", missing);
    json.whole("default_threads", static_cast<uint64_t>(usableCPUs()));
    json.whole("abi_version", module.abi_version);
    json.beginArray("encodings");
    for (const EncodingTotal &total : totals) {
      json.beginObject();
      json.string("encoding", total.encoding);
      json.whole("tensors", total.count);
      json.whole("bytes", total.bytes);
      json.endObject();
    }
    json.endArray();
    json.endObject();
    text = json.take();
  } else {
    auto line = [&](const char *label, const std::string &value) {
      text += format("%-18s  %s\n", label, value.c_str());
    };
    line("name", module.name);
    line("architecture", module.architecture);
    line("parameters", grouped(module.parameters));
    line("vocabulary", grouped(module.vocabulary));
    line("context",
         grouped(module.context_length) + " positions, " + bytesText(positionBytes) + " of keys and values each");
    line("rows of a step", "up to " + grouped(module.max_rows));
    line("weights",
         bytesText(model->weightBytes().size) + ", of which a token reads " + bytesText(module.weight_bytes_per_token));
    for (const EncodingTotal &total : totals)
      line("", format("%6llu tensors, %10s: %s", static_cast<unsigned long long>(total.count),
                      bytesText(total.bytes).c_str(), total.encoding.c_str()));
    line("text", !hasTokenizer ? "no tokenizer: token ids only"
                 : hasTemplate ? "tokenizer and chat template"
                               : "tokenizer, no chat template: '--raw' only");
    line("code for", describeLevels(module.isa_levels) + (missing.empty() ? "" : "; this CPU lacks " + missing));
    if (level)
      line("code that runs", used);
    line("CPU", cpuName());
    line("default threads", grouped(static_cast<uint64_t>(usableCPUs())));
  }
  if (Status failed = writeAll(STDOUT_FILENO, text))
    return *failed;
  return 0;
}
