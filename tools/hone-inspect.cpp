//===- hone-inspect.cpp - Shows what a model file or a program holds ----===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"
#include "hone-rt/ABI.h"
#include "hone/Formats/GGUF.h"
#include "hone/Package/ProgramFile.h"
#include "hone/codegen/X86/Disassembler.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace hone;

namespace {

enum class Part { None, Assembly, Code, Weights, Tokenizer };

/// What the command line asks for.
std::string input, output = "-";
bool json = false, all = false;
Part extract = Part::None;

/// One weight or tensor, whichever file it comes from.
struct Row {
  std::string name, encoding, shape;
  uint64_t bytes;
};

std::string describeShape(const gguf::Tensor &tensor) {
  std::string text;
  // GGUF states the innermost dimension first; hone's types state it last.
  for (uint64_t size : llvm::reverse(tensor.shape))
    text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

void printRows(llvm::ArrayRef<Row> rows, llvm::StringRef noun) {
  llvm::MapVector<llvm::StringRef, std::pair<uint64_t, uint64_t>> totals;
  uint64_t bytes = 0;
  for (const Row &row : rows) {
    auto &total = totals[row.encoding];
    ++total.first;
    total.second += row.bytes;
    bytes += row.bytes;
  }
  llvm::outs() << llvm::format("%-18s %zu, %.1f MB\n", (noun + ":").str().c_str(), rows.size(),
                               static_cast<double>(bytes) / 1e6);
  for (const auto &[encoding, total] : totals)
    llvm::outs() << llvm::format("  %-26s %5llu  %10.1f MB\n", encoding.str().c_str(),
                                 static_cast<unsigned long long>(total.first), static_cast<double>(total.second) / 1e6);
  if (!all)
    return;
  for (const Row &row : rows)
    llvm::outs() << llvm::format("  %-32s %-26s %-14s %12llu\n", row.name.c_str(), row.encoding.c_str(),
                                 row.shape.c_str(), static_cast<unsigned long long>(row.bytes));
}

void writeRows(llvm::json::OStream &writer, llvm::StringRef noun, llvm::ArrayRef<Row> rows) {
  writer.attributeArray(noun, [&] {
    for (const Row &row : rows)
      writer.object([&] {
        writer.attribute("name", llvm::json::fixUTF8(row.name));
        writer.attribute("encoding", row.encoding);
        if (!row.shape.empty())
          writer.attribute("shape", row.shape);
        writer.attribute("bytes", row.bytes);
      });
  });
}

std::string describe(const gguf::Value &value) {
  if (auto text = value.toString())
    return text->size() > 60 ? std::string(text->substr(0, 57)) + "..." : std::string(*text);
  if (auto flag = value.toBool())
    return *flag ? "true" : "false";
  if (auto number = value.toSigned())
    return std::to_string(*number);
  if (auto number = value.toUnsigned())
    return std::to_string(*number);
  if (auto number = value.toFloat()) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", *number);
    return text;
  }
  return (llvm::Twine(value.size()) + " x " + gguf::getName(value.elementType())).str();
}

int inspectModel(const gguf::File &file) {
  std::vector<Row> rows;
  for (const gguf::Tensor &tensor : file.tensors())
    rows.push_back({tensor.name, gguf::getTraits(tensor.type).name, describeShape(tensor), tensor.bytes});
  auto text = [&](const char *key) -> std::string {
    const gguf::Value *value = file.find(key);
    return value ? describe(*value) : std::string();
  };
  if (json) {
    llvm::json::OStream writer(llvm::outs(), 2);
    writer.object([&] {
      writer.attribute("kind", "gguf");
      writer.attribute("version", file.version());
      writer.attribute("name", llvm::json::fixUTF8(text("general.name")));
      writer.attribute("architecture", llvm::json::fixUTF8(text("general.architecture")));
      writer.attribute("bytes", file.totalBytes());
      writer.attributeObject("metadata", [&] {
        for (const gguf::MetadataEntry &entry : file.metadata())
          writer.attribute(llvm::json::fixUTF8(entry.key), llvm::json::fixUTF8(describe(entry.value)));
      });
      writeRows(writer, "tensors", rows);
    });
    llvm::outs() << "\n";
    return 0;
  }
  llvm::outs() << llvm::format("%-18s GGUF version %u\n", "file:", file.version());
  llvm::outs() << llvm::format("%-18s %s\n", "name:", text("general.name").c_str());
  llvm::outs() << llvm::format("%-18s %s\n", "architecture:", text("general.architecture").c_str());
  if (all)
    for (const gguf::MetadataEntry &entry : file.metadata())
      llvm::outs() << "  " << entry.key << " = " << describe(entry.value) << "\n";
  printRows(rows, "tensors");
  return 0;
}

std::string describeLevels(uint32_t levels) {
  std::string text;
  for (auto [level, name] : llvm::enumerate(llvm::ArrayRef<const char *>(HONE_ISA_NAMES)))
    if (levels & 1u << level)
      text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

int inspectProgram(const ProgramFile &program) {
  std::vector<Row> rows;
  for (const ProgramWeight &weight : program.weights)
    rows.push_back({std::string(weight.name), std::string(weight.encoding), "", weight.bytes});
  if (json) {
    llvm::json::OStream writer(llvm::outs(), 2);
    writer.object([&] {
      writer.attribute("kind", program.isShared ? "library" : "program");
      writer.attribute("name", llvm::json::fixUTF8(program.name));
      writer.attribute("architecture", llvm::json::fixUTF8(program.architecture));
      writer.attribute("isa_levels", describeLevels(program.isaLevels));
      writer.attribute("abi_version", program.abiVersion);
      writer.attribute("vocabulary", program.vocabulary);
      writer.attribute("context_length", program.contextLength);
      writer.attribute("max_rows", program.maxRows);
      writer.attribute("page_bytes", program.pageBytes);
      writer.attribute("arena_bytes", program.arenaBytes);
      writer.attribute("parameters", program.parameters);
      writer.attribute("weight_bytes", program.weightBytes);
      writer.attribute("weight_bytes_per_token", program.weightBytesPerToken);
      writer.attribute("tokenizer_bytes", program.tokenizerBytes);
      writer.attribute("code_bytes", program.codeBytes);
      writer.attribute("kernel_bytes", program.kernelBytes);
      writer.attribute("bytes", program.fileBytes);
      writer.attribute("minimum_glibc", program.minimumGlibc);
      writeRows(writer, "weights", rows);
    });
    llvm::outs() << "\n";
    return 0;
  }
  auto line = [](const char *label, const llvm::Twine &value) {
    llvm::outs() << llvm::format("%-18s ", label) << value << "\n";
  };
  line("file:",
       llvm::Twine(program.isShared ? "library" : "program") + " made by hone, ABI " + llvm::Twine(program.abiVersion));
  line("name:", program.name);
  line("architecture:", program.architecture);
  line("ISA levels:", describeLevels(program.isaLevels));
  line("needs:", "glibc " + program.minimumGlibc);
  line("vocabulary:", llvm::Twine(program.vocabulary));
  line("context:", llvm::Twine(program.contextLength) + " positions");
  line("rows of a step:", llvm::Twine(program.maxRows));
  line("KV memory:", llvm::Twine(program.pageBytes / program.pagePositions) + " bytes a position");
  line("parameters:", llvm::Twine(program.parameters));
  line("bytes of a token:", llvm::Twine(program.weightBytesPerToken));
  line("code:", llvm::Twine(program.kernelBytes) + " bytes of kernels, " + llvm::Twine(program.codeBytes) + " in all");
  line("tokenizer:", llvm::Twine(program.tokenizerBytes) + " bytes");
  printRows(rows, "weights");
  return 0;
}

int extractPart(const ProgramFile &program) {
  llvm::ArrayRef<uint8_t> kernels(program.kernelData, program.kernelBytes);
  llvm::ArrayRef<uint8_t> bytes = kernels;
  if (extract == Part::Weights)
    bytes = {program.weightData, program.weightBytes};
  else if (extract == Part::Tokenizer)
    bytes = {program.tokenizerData, program.tokenizerBytes};
  if (bytes.empty()) {
    llvm::errs() << "hone: error: " << input << ": has no such part; 'hone inspect " << input << "' lists its parts\n";
    return 1;
  }
  llvm::Error error = llvm::writeToOutput(output, [&](llvm::raw_ostream &os) -> llvm::Error {
    if (extract == Part::Assembly) {
      if (Status failed = x86::disassemble(kernels, program.kernelAddress, os))
        return llvm::createStringError(failed->message());
      return llvm::Error::success();
    }
    os.write(reinterpret_cast<const char *>(bytes.data()), bytes.size());
    return llvm::Error::success();
  });
  if (!error)
    return 0;
  llvm::errs() << "hone: error: " << output << ": cannot be written: " << llvm::toString(std::move(error)) << "\n";
  return 1;
}

bool isModel(const std::string &path) {
  Result<MappedFile> file = MappedFile::open(path);
  return file && file->size() >= 4 && llvm::StringRef(reinterpret_cast<const char *>(file->data()), 4) == "GGUF";
}

template <typename T> int fail(const Result<T> &result) {
  llvm::errs() << "hone: error: " << result.error().message() << "\n";
  return 1;
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  CLI::App app("Shows what a model file or a program holds.\n\nExample: hone inspect smollm2 --all", "hone inspect");
  app.add_option("file", input, "A GGUF file or a program made by hone")->required();
  app.add_flag("--all", all, "Every tensor and metadata entry, not the totals alone");
  app.add_flag("--json", json, "JSON on standard output");
  addChoice(
      app, "--extract", extract, "Write a part of a program to -o",
      {{"asm", Part::Assembly}, {"code", Part::Code}, {"weights", Part::Weights}, {"tokenizer", Part::Tokenizer}});
  app.add_option("-o,--output", output, "Where --extract writes; default: standard output");
  if (std::optional<int> status = parseCommandLine(app, argc, argv))
    return *status;
  if (isModel(input)) {
    if (extract != Part::None) {
      llvm::errs() << "hone: error: " << input << ": --extract takes a program, got a model file\n";
      return 1;
    }
    Result<gguf::File> file = gguf::File::open(input);
    return file ? inspectModel(*file) : fail(file);
  }
  Result<ProgramFile> program = ProgramFile::open(input);
  if (!program)
    return fail(program);
  return extract != Part::None ? extractPart(*program) : inspectProgram(*program);
}
