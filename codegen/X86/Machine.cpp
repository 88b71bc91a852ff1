//===- Machine.cpp - A machine, as a file describes it ------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/X86/Machine.h"

#include "hone/Support/MappedFile.h"
#include "hone/codegen/Common/Buffers.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace hone;
using namespace hone::x86;

namespace {

constexpr llvm::StringLiteral kFormat = "hone-machine";
constexpr int64_t kVersion = 1;
constexpr size_t kLargestFile = size_t{1} << 20;
constexpr size_t kLongestString = 4096;
constexpr int64_t kLargestRate = 1000000000;

/// The fields of one object of the file, each of which must be asked for. The first problem is kept.
class Fields {
public:
  Fields(const llvm::json::Value &value, std::string place, const std::string &file, Status &failed)
      : object(value.getAsObject()), place(std::move(place)), file(file), failed(failed) {
    if (!object)
      fail("expected an object", this->place);
  }
  /// What was not asked for does not belong here.
  ~Fields() {
    if (object)
      for (const auto &field : *object)
        if (!llvm::is_contained(known, field.first.str()))
          fail("expected fields " + llvm::join(known, ", ") + ", got another", getPlace(field.first));
  }
  Fields(const Fields &) = delete;
  Fields &operator=(const Fields &) = delete;

  int64_t getInteger(llvm::StringRef name, int64_t least, int64_t most) {
    const llvm::json::Value *value = get(name);
    std::optional<int64_t> number = value ? value->getAsInteger() : std::nullopt;
    if (number && *number >= least && *number <= most)
      return *number;
    fail("expected a whole number from " + std::to_string(least) + " to " + std::to_string(most), getPlace(name));
    return least;
  }

  std::string getString(llvm::StringRef name) {
    const llvm::json::Value *value = get(name);
    std::optional<llvm::StringRef> text = value ? value->getAsString() : std::nullopt;
    if (text && !text->empty() && text->size() <= kLongestString)
      return text->str();
    fail("expected a string of 1 to " + std::to_string(kLongestString) + " bytes", getPlace(name));
    return "";
  }

  Level getLevel(llvm::StringRef name) {
    std::optional<Level> level = findLevel(getString(name));
    if (!level)
      fail("expected one of " HONE_ISA_LIST, getPlace(name));
    return level.value_or(Level::V3);
  }

  /// Each object of an array.
  void forEach(llvm::StringRef name, llvm::function_ref<void(Fields &)> body) {
    const llvm::json::Value *value = get(name);
    const llvm::json::Array *array = value ? value->getAsArray() : nullptr;
    if (!array)
      return fail("expected an array", getPlace(name));
    for (auto [number, element] : llvm::enumerate(*array)) {
      Fields fields(element, getPlace(name) + "[" + std::to_string(number) + "]", file, failed);
      body(fields);
    }
  }

  void fail(const std::string &problem, const std::string &where) {
    if (!failed)
      failed = Error(file + ": " + problem + (where.empty() ? "" : " at '" + where + "'"));
  }
  std::string getPlace(llvm::StringRef name) const { return place.empty() ? name.str() : place + "." + name.str(); }

private:
  const llvm::json::Object *object;
  std::string place;
  const std::string &file;
  Status &failed;
  std::vector<std::string> known;

  const llvm::json::Value *get(llvm::StringRef name) {
    known.push_back(name.str());
    return object ? object->get(name) : nullptr;
  }
};

} // namespace

/// The parser of JSON recurses; this keeps it from running out of stack.
static bool isShallow(llvm::StringRef text) {
  int depth = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (inString && text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      inString = !inString;
    else if (!inString && (text[i] == '[' || text[i] == '{') && ++depth > 8)
      return false;
    else if (!inString && (text[i] == ']' || text[i] == '}'))
      --depth;
  }
  return true;
}

const Machine::Peak *Machine::findPeak(Level level) const {
  const auto *found = llvm::find_if(peaks, [&](const Peak &peak) { return peak.level == level; }).base();
  return found == peaks.data() + peaks.size() ? nullptr : found;
}

const Machine::Learned *Machine::findLearned(llvm::StringRef kernel, Level level) const {
  for (const Learned &entry : learned)
    if (entry.kernel == kernel && entry.level == level)
      return &entry;
  return nullptr;
}

static void parseFields(Fields &fields, Machine &machine) {
  if (std::string format = fields.getString("format"); format != kFormat)
    return fields.fail("expected '" + kFormat.str() + "'", "format");
  (void)fields.getInteger("version", kVersion, kVersion);
  machine.name = fields.getString("name");
  machine.l1Bytes = fields.getInteger("l1_bytes", 4096, int64_t{1} << 24);
  machine.l2Bytes = fields.getInteger("l2_bytes", 16384, int64_t{1} << 30);
  machine.coreReadRate = fields.getInteger("core_read_mb_per_s", 1, kLargestRate);
  machine.readRate = fields.getInteger("read_mb_per_s", 1, kLargestRate);
  machine.latency = fields.getInteger("latency_ns", 1, 1000000);
  fields.forEach("peaks", [&](Fields &own) {
    Machine::Peak peak;
    peak.level = own.getLevel("level");
    peak.f32 = own.getInteger("f32_mops_per_s", 1, kLargestRate);
    peak.int8 = own.getInteger("int8_mops_per_s", 1, kLargestRate);
    peak.int16 = own.getInteger("int16_mops_per_s", 1, kLargestRate);
    if (machine.findPeak(peak.level))
      own.fail("expected one entry for a level, got two", own.getPlace("level"));
    machine.peaks.push_back(peak);
  });
  fields.forEach("tuning", [&](Fields &own) {
    Machine::Learned entry;
    entry.kernel = own.getString("kernel");
    entry.level = own.getLevel("level");
    for (const TuningField &field : kTuningFields)
      entry.tuning.*field.value = own.getInteger(field.name, 1, kLargestChoice);
    if (machine.findLearned(entry.kernel, entry.level))
      own.fail("expected one entry for a kernel and level, got two", own.getPlace("kernel"));
    machine.learned.push_back(std::move(entry));
  });
}

Result<Machine> x86::parseMachine(llvm::StringRef text, const std::string &path) {
  if (text.size() > kLargestFile || !isShallow(text))
    return Error(path + ": expected a machine file of at most " + std::to_string(kLargestFile) +
                 " bytes, nested at most 8 deep; --autotune writes one");
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(text);
  if (!value)
    return Error(path + ": expected JSON: " + llvm::toString(value.takeError()) + "; --autotune writes a machine file");
  Machine machine;
  Status failed;
  {
    Fields fields(*value, "", path, failed);
    parseFields(fields, machine);
  }
  if (failed)
    return *failed;
  return machine;
}

Result<Machine> x86::readMachine(const std::string &path, std::string &hash) {
  Result<MappedFile> file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  llvm::ArrayRef<uint8_t> bytes(file->data(), file->size());
  hash = llvm::utohexstr(llvm::xxh3_64bits(bytes), /*LowerCase=*/true, /*Width=*/16);
  return parseMachine(llvm::toStringRef(bytes), path);
}

std::string x86::formatMachine(const Machine &machine) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::json::OStream json(os, 2);
  json.object([&] {
    json.attribute("format", kFormat);
    json.attribute("version", kVersion);
    json.attribute("name", machine.name);
    json.attribute("l1_bytes", machine.l1Bytes);
    json.attribute("l2_bytes", machine.l2Bytes);
    json.attribute("core_read_mb_per_s", machine.coreReadRate);
    json.attribute("read_mb_per_s", machine.readRate);
    json.attribute("latency_ns", machine.latency);
    json.attributeArray("peaks", [&] {
      for (const Machine::Peak &peak : machine.peaks)
        json.object([&] {
          json.attribute("level", getLevelName(peak.level));
          json.attribute("f32_mops_per_s", peak.f32);
          json.attribute("int8_mops_per_s", peak.int8);
          json.attribute("int16_mops_per_s", peak.int16);
        });
    });
    json.attributeArray("tuning", [&] {
      for (const Machine::Learned &entry : machine.learned)
        json.object([&] {
          json.attribute("kernel", entry.kernel);
          json.attribute("level", getLevelName(entry.level));
          for (const TuningField &field : kTuningFields)
            json.attribute(field.name, entry.tuning.*field.value);
        });
    });
  });
  os << '\n';
  return text;
}
