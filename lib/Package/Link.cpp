//===- Link.cpp - One link by lld, in-process -----------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Link.h"

#include "hone/Support/MappedFile.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <csignal>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

LLD_HAS_DRIVER(elf)

using namespace hone;
using llvm::StringRef;

namespace {

/// Bytes that lld opens by path, without a file.
class MemoryInput {
public:
  MemoryInput() = default;
  MemoryInput(const MemoryInput &) = delete;
  MemoryInput &operator=(const MemoryInput &) = delete;
  ~MemoryInput() {
    if (file >= 0)
      ::close(file);
  }

  Status fill(const void *bytes, size_t count) {
    file = ::memfd_create("hone", MFD_CLOEXEC);
    if (file < 0)
      return failure();
    const char *cursor = static_cast<const char *>(bytes);
    while (count != 0) {
      ssize_t written = ::write(file, cursor, count);
      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        return failure();
      cursor += written;
      count -= written;
    }
    return std::nullopt;
  }

  std::string path() const { return "/proc/self/fd/" + std::to_string(file); }

private:
  static Error failure() {
    return Error(std::string("cannot link the program: its parts do not fit into memory: ") + std::strerror(errno));
  }

  int file = -1;
};

/// While alive, going beyond RLIMIT_FSIZE fails in this thread with EFBIG instead of ending the process.
class FileSizeSignalBlocked {
public:
  FileSizeSignalBlocked() {
    sigemptyset(&signals);
    sigaddset(&signals, SIGXFSZ);
    ::pthread_sigmask(SIG_BLOCK, &signals, &before);
  }
  ~FileSizeSignalBlocked() {
    timespec now = {0, 0};
    if (!sigismember(&before, SIGXFSZ))
      while (::sigtimedwait(&signals, nullptr, &now) == SIGXFSZ) {
      }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

private:
  sigset_t signals, before;
};

/// `inputs.txt` of a bundle; see cmake/HoneRuntimeBundle.cmake.
struct BundleInputs {
  std::vector<std::string> runtime, archives, shared, loader, exports;
};

} // namespace

static Result<BundleInputs> readInputs(const std::string &directory) {
  std::string path = directory + "/inputs.txt";
  Result<MappedFile> file = MappedFile::open(path);
  if (!file)
    return Error(file.error().message() + "; hone's own link inputs are missing or damaged: install hone again");
  BundleInputs inputs;
  StringRef rest(reinterpret_cast<const char *>(file->data()), file->size());
  while (!rest.empty()) {
    StringRef line;
    std::tie(line, rest) = rest.split('\n');
    auto [kind, name] = line.trim().split(' ');
    if (kind.empty())
      continue;
    std::vector<std::string> *list = llvm::StringSwitch<std::vector<std::string> *>(kind)
                                         .Case("runtime", &inputs.runtime)
                                         .Case("archive", &inputs.archives)
                                         .Case("shared", &inputs.shared)
                                         .Case("loader", &inputs.loader)
                                         .Case("export", &inputs.exports)
                                         .Default(nullptr);
    if (!list || name.empty())
      return Error(path + ": expected 'runtime', 'archive', 'shared', 'loader' or 'export' and a name, got '" +
                   line.str() + "'");
    list->push_back(list == &inputs.exports ? name.str() : directory + "/" + name.str());
  }
  return inputs;
}

/// The first error among lld's messages, on one line, and how many more there were.
static Error describeFailure(StringRef messages) {
  std::string text;
  unsigned errors = 0;
  for (StringRef line : llvm::split(messages, '\n')) {
    size_t at = line.find("error: ");
    if (at != StringRef::npos) {
      if (++errors == 1)
        text = line.substr(at + 7).str();
    } else if (errors == 1 && line.consume_front(">>>") && !line.trim().empty()) {
      text += ", " + line.trim().str();
    }
  }
  if (errors == 0)
    text = "the linker failed without a message";
  if (errors > 1)
    text += " (and " + std::to_string(errors - 1) + " more)";
  return Error("cannot link the program: " + text);
}

static void replaceAll(std::string &text, const std::string &from, StringRef to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to.str());
}

Result<std::vector<uint8_t>> hone::link(const uint8_t *object, size_t objectBytes, const std::vector<uint8_t> &sections,
                                        const LinkOptions &options, const std::string &scratchPath) {
  Result<BundleInputs> inputs = readInputs(options.bundleDirectory);
  if (!inputs)
    return inputs.takeError();
  if (options.shared && inputs->exports.empty())
    return Error("cannot link a shared library: the runtime of this hone exports no functions; make a program instead");

  // Keeps lld's own layout and adds the weights behind all else, where their size moves nothing. They differ in
  // permissions from `.bss`, so lld gives them a PT_LOAD of their own.
  std::string script = "SECTIONS { .hone.weights (NOLOAD) : { *(.hone.weights) } } INSERT AFTER .bss;\n";
  // The system reads the name of the loader before it starts anything. Where that ends the loaded part of the file, it
  // refuses a file that is cut before it, instead of handing the loader a program to die of; one that is cut in its
  // weights starts, and checks its length. `.hone.interp` is writable and empty: it keeps the name in the data's
  // PT_LOAD.
  if (!options.shared)
    script += "SECTIONS { .interp : { *(.interp) KEEP(*(.hone.interp)) } } INSERT AFTER .data;\n";
  std::string exports = "{\n";
  if (!inputs->exports.empty())
    exports += "global: " + llvm::join(inputs->exports, "; ") + ";\n";
  exports += "local: *;\n};\n";
  FileSizeSignalBlocked blocked;
  MemoryInput modelInput, sectionInput, scriptInput, exportInput;
  if (Status failed = modelInput.fill(object, objectBytes))
    return *failed;
  if (Status failed = sectionInput.fill(sections.data(), sections.size()))
    return *failed;
  if (Status failed = scriptInput.fill(script.data(), script.size()))
    return *failed;
  if (Status failed = exportInput.fill(exports.data(), exports.size()))
    return *failed;

  auto bundled = [&](const char *name) { return options.bundleDirectory + "/" + name; };
  std::vector<std::string> arguments = {
      "ld.lld", "-m", "elf_x86_64", "-o", scratchPath, "-O1", "--gc-sections", "--build-id=none", "--hash-style=gnu",
      "--eh-frame-hdr", "--no-undefined", "--color-diagnostics=never", "-z", "relro", "-z", "now", "-z", "noexecstack",
      // Readers take pointers from the file without looking at relocations.
      "--apply-dynamic-relocs", "-z", "nopack-relative-relocs", options.keepSymbols ? "--strip-debug" : "--strip-all",
      "--script=" + scriptInput.path()};
  if (options.shared) {
    llvm::append_range(arguments,
                       std::vector<std::string>{"-shared", "-Bsymbolic", "--version-script=" + exportInput.path()});
    if (!options.soname.empty())
      arguments.push_back("--soname=" + options.soname);
  } else {
    llvm::append_range(arguments, std::vector<std::string>{"-pie", "--dynamic-linker=/lib64/ld-linux-x86-64.so.2",
                                                           bundled("Scrt1.o")});
  }
  llvm::append_range(arguments, std::vector<std::string>{bundled("crti.o"), bundled("crtbeginS.o"), modelInput.path(),
                                                         sectionInput.path()});
  if (options.shared)
    arguments.push_back("--whole-archive");
  llvm::append_range(arguments, inputs->runtime);
  if (options.shared)
    arguments.push_back("--no-whole-archive");
  arguments.push_back("--start-group");
  llvm::append_range(arguments, inputs->archives);
  arguments.push_back("--as-needed");
  llvm::append_range(arguments, inputs->shared);
  if (options.shared)
    llvm::append_range(arguments, inputs->loader);
  arguments.push_back("--end-group");
  llvm::append_range(arguments, std::vector<std::string>{bundled("crtendS.o"), bundled("crtn.o")});

  std::vector<const char *> pointers;
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());

  static std::mutex oneLink;
  static bool usable = true;
  std::lock_guard<std::mutex> lock(oneLink);
  if (!usable)
    return Error("cannot link the program: an earlier link crashed in this process; start hone again");
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  llvm::sys::RemoveFileOnSignal(scratchPath);
  // Where lld gives up on a damaged input, it would otherwise end the process.
  llvm::CrashRecoveryContext::Enable();
  lld::Result result = lld::lldMain(pointers, stream, stream, {{lld::Gnu, &lld::elf::link}});
  llvm::CrashRecoveryContext::Disable();
  usable = result.canRunAgain;

  std::vector<uint8_t> linked;
  Status failed;
  if (result.retCode != 0) {
    replaceAll(messages, modelInput.path(), "the compiled model");
    replaceAll(messages, sectionInput.path(), "hone's sections");
    failed = describeFailure(messages);
  } else {
    Result<MappedFile> file = MappedFile::open(scratchPath);
    if (file)
      linked.assign(file->data(), file->data() + file->size());
    else
      failed = file.takeError();
  }
  ::unlink(scratchPath.c_str());
  llvm::sys::DontRemoveFileOnSignal(scratchPath);
  if (failed)
    return *failed;
  return linked;
}
