//===- Tuning.cpp - What product kernels may choose ---------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/X86/Tuning.h"

#include "hone/dialects/LLM/Encodings.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace hone;
using namespace hone::x86;

/// Vectors of output rows that a unit of work has, and 32-bit lanes of a panel.
static constexpr int64_t kUnitVectors = 2, kPanelRows = 8, kBlockColumns = 32;
/// What a kernel may put on the stack of a thread.
static constexpr int64_t kMostStackBytes = int64_t{192} << 10;

//===----------------------------------------------------------------------===//
// What fits
//===----------------------------------------------------------------------===//

/// Sums, a weight of each vector, the activations and what a multiplication without VNNI leaves.
static int64_t getMostTileRows(const ProductKind &kind) { return (kind.registers() - kUnitVectors - 2) / kUnitVectors; }

/// The same with the sums of floats beside those of integers, and a scale of each row; with 16 registers these stay in
/// memory.
static int64_t getMostRowsInRegisters(const ProductKind &kind) {
  return (kind.registers() - kUnitVectors - 1) / (2 * kUnitVectors + 1);
}

/// For each row its sum of f32, that of integers, and the factor of the activations; a weight on its way to integers.
static int64_t getMostFewRows(const ProductKind &kind) { return (kind.registers() - 4) / 3; }

/// Of one block of an unpacked chunk: weights and factors.
static int64_t getBlockBytes(const ProductKind &kind) {
  return kind.unitPanels() * kPanelRows * (kBlockColumns * kind.elementBytes + 4 * kind.factors);
}

/// Of the f32 sums of one row of a unit.
static int64_t getSumBytes(const ProductKind &kind) { return kind.unitPanels() * kPanelRows * 4; }

/// Of one row's activations, rounded to integers.
static int64_t getActivationBytes(const ProductKind &kind, int64_t blocks) {
  return blocks * llm::BlockLayout{kBlockColumns, kind.elementBytes}.bytes();
}

Status x86::checkTuning(const ProductKind &kind, const Tuning &tuning) {
  const int64_t most[] = {kLargestChoice, kind.mostPanels(), getMostFewRows(kind), getMostTileRows(kind), 64, 256};
  for (auto [field, limit] : llvm::zip_equal(kTuningFields, most)) {
    int64_t least = field.value == &Tuning::chunkRows ? 16 : 1, value = tuning.*field.value;
    if (value < least || value > limit)
      return Error("expected '" + field.name.str() + "' from " + std::to_string(least) + " to " +
                   std::to_string(limit) + " at '" + getLevelName(kind.level).str() + "', got " +
                   std::to_string(value));
  }
  ProductKind largest = kind;
  largest.factors = ProductKind().factors;
  int64_t bytes = tuning.chunkBlocks * getBlockBytes(largest) + 2 * tuning.chunkRows * getSumBytes(kind);
  if (bytes > kMostStackBytes)
    return Error("expected 'chunk_blocks' and 'chunk_rows' that take at most " + std::to_string(kMostStackBytes) +
                 " bytes of stack, got " + std::to_string(bytes));
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// The cost model
//===----------------------------------------------------------------------===//

Tuning x86::getDefaultTuning(const ProductKind &kind) {
  Tuning tuning;
  // Weights come fastest as one stream, and are multiplied as fast as they come.
  tuning.singleRowPanels = 1;
  tuning.tileRows = hasAVX512(kind.level) ? 5 : 4;
  tuning.fewRows = hasAVX512(kind.level) ? 8 : 4;
  // 16-bit integers in 512 bits fill the first-level cache with fewer blocks.
  if (hasAVX512(kind.level) && kind.elementBytes == 2)
    tuning.chunkBlocks = 8;
  // Rows pass through the caches however many they are; unpacking counts for less the more there are.
  if (hasAVX512(kind.level))
    tuning.chunkRows = 256;
  // Rather somewhat larger chunks than a short one behind them.
  int64_t blocks = kind.columns / 32;
  int64_t chunks = std::max<int64_t>(1, (blocks + tuning.chunkBlocks / 2) / tuning.chunkBlocks);
  tuning.chunkBlocks = std::max(tuning.chunkBlocks, llvm::divideCeilSigned(blocks, chunks));
  return tuning;
}

/// The bytes that are on their way while the first is (Little's law), and half as many again, since they do not come
/// evenly. What was asked for must not push out what is in use.
static int64_t chooseAheadBytes(const Machine &machine) {
  int64_t underWay = machine.coreReadRate * machine.latency / 1000;
  auto most = static_cast<int64_t>(llvm::bit_floor(static_cast<uint64_t>(machine.l1Bytes / 4)));
  most = std::min(most, kLargestChoice);
  return std::clamp(static_cast<int64_t>(llvm::PowerOf2Ceil(underWay + underWay / 2)), int64_t{1024}, most);
}

/// A single row spends its time on reading or on unpacking. If on unpacking, vectors of all lanes halve it.
static int64_t chooseSingleRowPanels(const ProductKind &kind, const Machine &machine, int64_t otherwise) {
  const Machine::Peak *peak = machine.findPeak(kind.level);
  if (!peak || kind.mostPanels() == 1)
    return otherwise;
  // Instructions of 32 columns: one product each for as many integers as 32 bits hold, which spreads activations, and
  // two that unpack, which other units do beside it.
  int64_t steps = kBlockColumns * kind.elementBytes / 4, instructions = steps * 3 / 2;
  int64_t mops = kind.elementBytes == 1 ? peak->int8 : peak->int16;
  int64_t operations = 2 * kPanelRows * kind.mostPanels() * 4 / kind.elementBytes; // of a product at full width
  double unpacking = static_cast<double>(instructions * operations) / static_cast<double>(mops);
  double reading = static_cast<double>(kind.weightBytes) / static_cast<double>(machine.coreReadRate);
  return unpacking > reading ? kind.mostPanels() : 1;
}

/// Cycles of a step of a tile: two products, two loads or six instructions a cycle, and the latency of a product, which
/// the next step's waits for. Without VNNI a product is two instructions.
static double getStepCycles(const ProductKind &kind, int64_t rows) {
  auto sums = static_cast<double>(kUnitVectors * rows), loads = static_cast<double>(kUnitVectors + rows);
  double products = hasVNNI(kind.level) ? sums : 2 * sums;
  return std::max({products / 2, loads / 2, (products + loads + 4) / 6, 5.0});
}

/// The tile that multiplies `chunkRows` rows in the fewest cycles: behind the last row a tile computes that again.
static int64_t chooseTileRows(const ProductKind &kind, int64_t chunkRows) {
  int64_t best = 1;
  double fewest = 0;
  int64_t most = kind.registers() == 32 ? getMostRowsInRegisters(kind) : getMostTileRows(kind);
  for (int64_t rows = 1; rows <= most; ++rows) {
    double cycles = static_cast<double>(llvm::divideCeil(chunkRows, rows)) * getStepCycles(kind, rows);
    if (rows == 1 || cycles <= fewest) {
      best = rows;
      fewest = cycles;
    }
  }
  return best;
}

/// The most rows of at most twice the second-level cache: they pass through it, once for each unit, and more rows
/// unpack a weight less often.
static int64_t chooseChunkRows(const ProductKind &kind, const Machine &machine) {
  int64_t rowBytes = getActivationBytes(kind, llvm::divideCeil(kind.columns, kBlockColumns));
  int64_t rows = 16;
  while (rows < 256 && rows * rowBytes <= machine.l2Bytes)
    rows *= 2;
  return rows;
}

/// The longest chunk that takes five eighths of the first-level cache, with the activations and sums of a tile, so that
/// those of the next tiles do not push it out: what a tile does once per chunk counts for less.
static int64_t chooseChunkBlocks(const ProductKind &kind, const Machine &machine, int64_t tileRows) {
  int64_t blocks = 1;
  auto fits = [&](int64_t count) {
    return count * getBlockBytes(kind) + tileRows * (getActivationBytes(kind, count) + getSumBytes(kind)) <=
           machine.l1Bytes * 5 / 8;
  };
  while (blocks < 64 && fits(2 * blocks))
    blocks *= 2;
  return blocks;
}

Tuning x86::chooseTuning(const ProductKind &kind, const Machine &machine) {
  Tuning tuning = getDefaultTuning(kind);
  tuning.aheadBytes = chooseAheadBytes(machine);
  tuning.singleRowPanels = chooseSingleRowPanels(kind, machine, tuning.singleRowPanels);
  tuning.fewRows = static_cast<int64_t>(llvm::bit_floor(static_cast<uint64_t>(getMostFewRows(kind))));
  tuning.chunkRows = chooseChunkRows(kind, machine);
  tuning.tileRows = chooseTileRows(kind, tuning.chunkRows);
  tuning.chunkBlocks = chooseChunkBlocks(kind, machine, tuning.tileRows);
  // A cache may hold more than the stack.
  while (tuning.chunkBlocks > 1 && checkTuning(kind, tuning))
    tuning.chunkBlocks /= 2;
  return tuning;
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

std::optional<ProductKind> x86::getProductKind(Operation *op) {
  if (!isa<llm::LinearOp, llm::QKVOp, llm::GatedLinearOp>(op))
    return std::nullopt;
  std::optional<llm::BlockLayout> rows = llm::getBlockLayout(op->getOperand(0).getType());
  auto weight = dyn_cast<RankedTensorType>(op->getOperand(1).getType());
  auto stored = weight ? dyn_cast_or_null<llm::StoredAttr>(weight.getEncoding()) : llm::StoredAttr();
  if (!rows || !stored || !stored.getPanel())
    return std::nullopt;
  llm::TileLayout tile = llm::getTileLayout(stored);
  const llm::SchemeTraits &traits = llm::getSchemeTraits(stored.getScheme());
  ProductKind kind;
  kind.level = getLevel(op);
  kind.elementBytes = rows->elementBytes;
  kind.columns = weight.getDimSize(1);
  kind.weightBytes = static_cast<int64_t>(llvm::divideCeil(tile.bytes * kBlockColumns, tile.columns));
  int64_t parts = traits.subBlockElements ? kBlockColumns / traits.subBlockElements : 1;
  kind.factors = std::max<int64_t>(parts, 1) * (traits.hasMin ? 2 : 1);
  return kind;
}

std::string x86::getProductKey(Operation *op) {
  std::string key;
  llvm::raw_string_ostream os(key);
  os << op->getName() << '(';
  llvm::interleaveComma(op->getOperandTypes(), os);
  os << ") -> (";
  llvm::interleaveComma(op->getResultTypes(), os);
  os << ')';
  return key;
}

DictionaryAttr x86::getTuningAttr(MLIRContext *context, const Tuning &tuning) {
  Builder builder(context);
  SmallVector<NamedAttribute> fields;
  for (const TuningField &field : kTuningFields)
    fields.push_back(builder.getNamedAttr(field.name, builder.getI64IntegerAttr(tuning.*field.value)));
  return builder.getDictionaryAttr(fields);
}

FailureOr<Tuning> x86::getTuning(Operation *op, const ProductKind &kind) {
  Tuning tuning = getDefaultTuning(kind);
  auto function = op->getParentOfType<FunctionOpInterface>();
  Attribute attribute = function ? function->getAttr(kTuningAttr) : Attribute();
  if (!attribute)
    return tuning;
  auto choices = dyn_cast<DictionaryAttr>(attribute);
  if (!choices)
    return op->emitOpError("expected '") << kTuningAttr << "' of its kernel to be a dictionary, got " << attribute;
  for (NamedAttribute choice : choices) {
    const auto *field = llvm::find_if(kTuningFields, [&](const TuningField &f) { return f.name == choice.getName(); });
    auto value = dyn_cast<IntegerAttr>(choice.getValue());
    if (field == kTuningFields.end() || !value || !value.getType().isSignlessInteger(64))
      return op->emitOpError("expected '")
             << kTuningAttr << "' of its kernel to hold integers of i64 by the names of choices, got "
             << choice.getName() << " = " << choice.getValue();
    tuning.*field->value = value.getInt();
  }
  if (Status failed = checkTuning(kind, tuning))
    return op->emitOpError("has '") << kTuningAttr << "' that does not fit: " << failed->message();
  return tuning;
}
