//===- WeightEvaluator.cpp - Recipes of weights to bytes ------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Weights/WeightEvaluator.h"

#include "Recipe.h"

#include "hone/dialects/LLM/Encodings.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>
#include <mutex>
#include <thread>

#include <sys/mman.h>
#include <unistd.h>

using namespace mlir;
using namespace hone;

static constexpr uint64_t kWeightAlignment = 64;
/// Bytes of one piece of work: small enough to share evenly, large enough that taking it costs nothing.
static constexpr int64_t kPieceBytes = 512 << 10;

//===----------------------------------------------------------------------===//
// Plan
//===----------------------------------------------------------------------===//

static std::string describeEncoding(RankedTensorType type) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llm::StoredAttr stored = llm::getStored(type);
  if (!stored) {
    stream << type.getElementType();
    return text;
  }
  stream << llm::stringifyScheme(stored.getScheme());
  if (llm::PanelAttr panel = stored.getPanel())
    stream << ", panel = <" << panel.getRows() << "x" << panel.getColumns() << ">";
  return text;
}

/// Whether sizes in bytes and in f32 elements of this type fit 63 bits; encodings see to that themselves.
static bool hasBoundedSize(RankedTensorType type) {
  uint64_t bytes = 8;
  for (int64_t size : type.getShape())
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes) || bytes > INT64_MAX)
      return false;
  return true;
}

Result<std::vector<WeightPlacement>> hone::planWeights(ModuleOp module, uint64_t &totalBytes) {
  std::vector<WeightPlacement> plan;
  totalBytes = 0;
  for (auto weight : module.getOps<llm::WeightOp>()) {
    auto type = dyn_cast<RankedTensorType>(weight.getType());
    bool isPlain = type && !type.getEncoding() && type.hasStaticShape() && type.getElementType().isIntOrFloat() &&
                   type.getElementTypeBitWidth() % 8 == 0;
    if (!isPlain && !llm::getStored(weight.getType()))
      return Error("weight '" + escapeName(weight.getSymName()) + "' has a type without known bytes");
    uint64_t bytes = hasBoundedSize(type) ? llm::getWeightBytes(type) : UINT64_MAX / 2;
    plan.push_back({weight.getSymName().str(), describeEncoding(type), totalBytes, bytes});
    // Neither sum overflows: both sides are below 2^63.
    totalBytes = llvm::alignTo(totalBytes + bytes, kWeightAlignment);
    if (totalBytes > INT64_MAX)
      return Error("weight '" + escapeName(weight.getSymName()) + "' takes the weights beyond 2^63 bytes");
  }
  return plan;
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

namespace {
/// A weight whose recipe and place are known to be right.
struct Job {
  Recipe recipe;
  RankedTensorType type;
  MutableArrayRef<uint8_t> target;
};

/// Rows of one job, done by one thread.
struct Piece {
  const Job *job;
  int64_t first, rows;
};

/// The work of all threads: they take pieces in order until none is left.
class Evaluation {
public:
  Evaluation(ArrayRef<Piece> pieces, const WeightEvaluationOptions &options) : pieces(pieces), options(options) {}

  /// The loop of one thread.
  void work();
  bool isCancelled() const { return options.cancel && options.cancel->load(std::memory_order_relaxed); }

private:
  void report(uint64_t bytes);

  ArrayRef<Piece> pieces;
  const WeightEvaluationOptions &options;
  std::atomic<size_t> next{0};
  std::mutex progressMutex;
  uint64_t doneBytes = 0;
};
} // namespace

/// Unmaps the whole pages of a range; they are read from the file again if they are needed again.
static void releasePages(ArrayRef<uint8_t> bytes) {
  uint64_t page = sysconf(_SC_PAGESIZE);
  uint64_t begin = llvm::alignTo(reinterpret_cast<uintptr_t>(bytes.begin()), page);
  uint64_t end = llvm::alignDown(reinterpret_cast<uintptr_t>(bytes.end()), page);
  // A refusal costs nothing but the memory.
  if (begin < end)
    (void)madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
}

void Evaluation::work() {
  RecipeScratch scratch;
  while (!isCancelled()) {
    size_t index = next.fetch_add(1, std::memory_order_relaxed);
    if (index >= pieces.size())
      return;
    const Piece &piece = pieces[index];
    const Job &job = *piece.job;
    MutableArrayRef<uint8_t> target =
        job.target.slice(getRowBytes(job.type, piece.first), getRowBytes(job.type, piece.rows));
    job.recipe.run(piece.first, piece.rows, target, scratch);
    if (options.releaseSource)
      releasePages(job.recipe.getFileBytes(piece.first, piece.rows));
    if (options.releaseTarget)
      releasePages(target);
    report(target.size());
  }
}

void Evaluation::report(uint64_t bytes) {
  if (!options.progress)
    return;
  std::lock_guard<std::mutex> lock(progressMutex);
  doneBytes += bytes;
  options.progress(doneBytes);
}

/// Compiles all recipes and checks that the plan is the module's.
static Result<std::vector<Job>> compileJobs(ModuleOp module, const gguf::File *source,
                                            const std::vector<WeightPlacement> &plan, MutableArrayRef<uint8_t> target) {
  llvm::StringMap<llm::WeightOp> weights;
  for (auto weight : module.getOps<llm::WeightOp>())
    weights[weight.getSymName()] = weight;
  std::vector<Job> jobs;
  uint64_t end = 0;
  for (const WeightPlacement &placement : plan) {
    llm::WeightOp weight = weights.lookup(placement.name);
    if (!weight)
      return Error("the plan places weight '" + escapeName(placement.name) + "', which the module does not have");
    if (placement.offset < end || placement.offset > target.size() ||
        placement.bytes > target.size() - placement.offset)
      return Error("weight '" + escapeName(placement.name) + "' does not fit its place in the plan");
    auto type = cast<RankedTensorType>(weight.getType());
    if (!hasBoundedSize(type) || placement.bytes != static_cast<uint64_t>(llm::getWeightBytes(type)))
      return Error("weight '" + escapeName(placement.name) + "' was planned with another type");
    Result<Recipe> recipe = Recipe::compile(weight, source);
    if (!recipe)
      return recipe.takeError();
    end = placement.offset + placement.bytes;
    jobs.push_back({std::move(*recipe), type, target.slice(placement.offset, placement.bytes)});
  }
  return jobs;
}

static std::vector<Piece> cutIntoPieces(ArrayRef<Job> jobs) {
  std::vector<Piece> pieces;
  for (const Job &job : jobs) {
    int64_t rows = getRowShape(job.type).rows;
    int64_t granularity = job.recipe.getRowGranularity();
    int64_t fitting = kPieceBytes / std::max<int64_t>(job.recipe.getWidestRowBytes(), 1);
    int64_t rowsPerPiece = std::max(fitting / granularity, int64_t(1)) * granularity;
    for (int64_t first = 0; first < rows; first += rowsPerPiece)
      pieces.push_back({&job, first, std::min(rowsPerPiece, rows - first)});
  }
  return pieces;
}

/// Zeros what no weight covers.
static void clearGaps(const std::vector<WeightPlacement> &plan, MutableArrayRef<uint8_t> target) {
  uint64_t end = 0;
  for (const WeightPlacement &placement : plan) {
    std::fill(target.begin() + end, target.begin() + placement.offset, 0);
    end = placement.offset + placement.bytes;
  }
  std::fill(target.begin() + end, target.end(), 0);
}

Status hone::evaluateWeights(ModuleOp module, const gguf::File *source, const std::vector<WeightPlacement> &plan,
                             uint8_t *target, uint64_t bytes, const WeightEvaluationOptions &options) {
  auto expected = module->getAttrOfType<IntegerAttr>(llm::kSourceBytesAttr);
  if (source && expected && expected.getValue() != source->totalBytes())
    return Error(source->name() + ": expected " + llvm::toString(expected.getValue(), 10, /*Signed=*/true) +
                 " bytes, got " + std::to_string(source->totalBytes()) +
                 "; the file changed since the import, import it again");
  MutableArrayRef<uint8_t> section(target, bytes);
  Result<std::vector<Job>> jobs = compileJobs(module, source, plan, section);
  if (!jobs)
    return jobs.takeError();
  clearGaps(plan, section);

  std::vector<Piece> pieces = cutIntoPieces(*jobs);
  Evaluation evaluation(pieces, options);
  // Each takes a piece at least; the calling thread is one of them.
  size_t threadCount = std::min<size_t>(options.threads, pieces.size());
  std::vector<std::thread> threads;
  while (threads.size() + 1 < threadCount)
    threads.emplace_back([&] { evaluation.work(); });
  evaluation.work();
  for (std::thread &thread : threads)
    thread.join();
  if (evaluation.isCancelled())
    return Error("cancelled");
  return std::nullopt;
}
