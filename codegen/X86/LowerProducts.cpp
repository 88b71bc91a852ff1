//===- LowerProducts.cpp - Kernels that multiply rows with packed weights -===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FloatProducts.h"
#include "FloatTiles.h"
#include "KernelLowering.h"
#include "RowsTarget.h"
#include "TileProducts.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;
using namespace hone::x86;

namespace {

/// One product or several over the same rows: each panel of all weights is computed together, biases are added, then
/// `epilogue` turns the sums of one row (one vector per weight) into a vector to store.
class ProductKernel {
public:
  ProductKernel(VectorBuilder &b, Value input, SmallVector<PackedWeight> weights, SmallVector<Value> biases,
                Value result, const Tuning &tuning, llvm::function_ref<Value(ArrayRef<Value>)> epilogue)
      : b(b), input(getSource(input)), weights(std::move(weights)), biases(std::move(biases)), target(b, result),
        tuning(tuning), epilogue(epilogue) {
    Level level = getLevel(this->input.getParentBlock()->getParentOp());
    if (std::optional<BlockLayout> blocks = getBlockLayout(input.getType()))
      integers.emplace(b, this->input, *blocks, level, tuning);
    hasFloatTiles = level == Level::AMX && FloatTiles::fits(input.getType(), this->weights);
  }

  void emit() {
    int64_t full = weights.front().rows / VectorBuilder::lanes, tail = weights.front().rows % VectorBuilder::lanes;
    auto weightCount = static_cast<int64_t>(weights.size());
    if (int64_t panels = target.unitVectors(); panels > 1) {
      // The verifier of an op that rounds to integers wants rows of whole blocks.
      int64_t floatRows = hasFloatTiles ? FloatTiles::kMostRows : FloatProducts::kMostRows;
      unrounded = memref::AllocaOp::create(
          b, MemRefType::get({integers ? tuning.chunkRows : floatRows, target.unitColumns()}, b.getF32Type()),
          b.getI64IntegerAttr(32));
      allocateUnpacked(largestDivisor(panels, getMostPanels() / weightCount));
      forAll(b.index(full / panels), [&](Value unit) { emitRoundedUnit(unit, panels); });
      return;
    }
    int64_t group = largestDivisor(full, getMostPanels() / weightCount);
    if (full > 0) {
      allocateUnpacked(group);
      forAll(b.index(full / group), [&](Value unit) { emitUnit(b.mul(unit, group), group, VectorBuilder::lanes); });
    }
    if (tail > 0) {
      allocateUnpacked(1);
      forAll(b.index(1), [&](Value) { emitUnit(b.index(full), 1, tail); });
    }
  }

private:
  VectorBuilder &b;
  Value input;
  std::optional<IntegerProducts> integers; ///< for input that is rounded to integers
  SmallVector<PackedWeight> weights;
  SmallVector<Value> biases; ///< memory of f32, one per weight; null without
  RowsTarget target;
  Tuning tuning;
  std::unique_ptr<UnpackedPanels> unpacked;
  TileProducts *tiles = nullptr;       ///< the same where the level has tiles
  std::optional<FloatProducts> floats; ///< for input that is not
  bool hasFloatTiles = false;
  std::optional<FloatTiles> floatTiles; ///< for many rows of bf16, where the level has tiles
  Value unrounded;                      ///< [row][column of a block], f32: results of a block before they are rounded
  llvm::function_ref<Value(ArrayRef<Value>)> epilogue;

  using Store = llvm::function_ref<void(Value values, Value row, Value panel)>;

  /// `most`, a power of two, or the largest smaller one that divides `count`.
  static int64_t largestDivisor(int64_t count, int64_t most) {
    while (count % most != 0)
      most /= 2;
    return most;
  }

  /// Panels of all weights that a unit of work has at most: two vectors of integers. Floats interleave more, since each
  /// accumulator is a chain of dependent operations.
  int64_t getMostPanels() const { return integers ? 2 * integers->mostPanels() : 4; }

  void allocateUnpacked(int64_t panels) {
    if (!integers) {
      floats.emplace(b, input, weights, panels);
      if (hasFloatTiles)
        floatTiles.emplace(b, input, weights, panels);
      return;
    }
    if (!integers->hasTiles()) {
      unpacked = std::make_unique<UnpackedPanels>(b, *integers, weights, panels);
      return;
    }
    auto own = std::make_unique<TileProducts>(b, *integers, weights, panels);
    tiles = own.get();
    unpacked = std::move(own);
  }

  /// Units of work, with the tiles set up where there are rows for them.
  void forAll(Value units, llvm::function_ref<void(Value unit)> body) {
    if (!tiles && !floatTiles)
      return b.forall(units, body);
    Value hasRows =
        arith::CmpIOp::create(b, arith::CmpIPredicate::uge, b.dim(target.memory(), 0), b.index(TileRegisters::kRows));
    b.when(hasRows, [&] { tiles ? tiles->configure() : floatTiles->configure(); });
    b.forall(units, body);
    b.when(hasRows, [&] { tiles ? tiles->release() : floatTiles->release(); });
  }

  /// All rows of `count` consecutive panels, each with `outputs` output rows: fewer than lanes in a weight's last.
  void emitUnit(Value panel, int64_t count, int64_t outputs) {
    emitGroups(panel, count, outputs, [&](Value first, Value, llvm::function_ref<void(Store)> products) {
      products([&](Value values, Value row, Value own) { target.storeFirst(outputs, values, b.add(first, row), own); });
    });
  }

  /// All rows of the `panels` panels that make up block `unit` of the target.
  void emitRoundedUnit(Value unit, int64_t panels) {
    Value panel = b.mul(unit, panels);
    emitGroups(panel, panels, VectorBuilder::lanes,
               [&](Value first, Value rows, llvm::function_ref<void(Store)> products) {
                 products([&](Value values, Value row, Value own) {
                   b.store(values, unrounded, {row, b.mul(b.sub(own, panel), VectorBuilder::lanes)});
                 });
                 b.loop(b.index(0), rows, 1, [&](Value row) {
                   SmallVector<Value> values;
                   for (int64_t i = 0; i < panels; ++i)
                     values.push_back(b.load(b.f32s(), unrounded, {row, b.index(i * VectorBuilder::lanes)}));
                   target.store(values, b.add(first, row), unit);
                 });
               });
  }

  /// What to do with some rows from `first` on: `products` computes them, and its store gets rows from 0 on.
  using Group = llvm::function_ref<void(Value first, Value rows, llvm::function_ref<void(Store)> products)>;

  /// All rows of `count` panels, in groups.
  void emitGroups(Value panel, int64_t count, int64_t outputs, Group group) {
    if (integers)
      emitIntegerGroups(panel, count, outputs, group);
    else
      emitFloatGroups(panel, count, outputs, group);
  }

  /// Each number of rows has the code that suits it.
  void emitIntegerGroups(Value panel, int64_t count, int64_t outputs, Group group) {
    Value rows = b.dim(target.memory(), 0), zero = b.index(0);
    auto emitOneRow = [&] {
      // A step without rows has no product either.
      b.loop(zero, rows, 1, [&](Value first) {
        group(first, b.index(1), [&](Store store) {
          int64_t together = std::min(count, integers->singleRowPanels());
          forEach(panel, count, together,
                  [&](Value own) { emitIntegerTile(own, together, first, b.index(1), 1, outputs, store); });
        });
      });
    };
    auto atMost = [&](int64_t most) {
      return arith::CmpIOp::create(b, arith::CmpIPredicate::ule, rows, b.index(most));
    };
    int64_t few = integers->fewRows();
    auto emitFewRows = [&](Value first, Value most) {
      int64_t together = std::min(count, integers->mostPanels());
      group(first, most, [&](Store store) {
        forEach(panel, count, together,
                [&](Value own) { emitIntegerTile(own, together, first, most, few, outputs, store); });
      });
    };
    auto emitManyRows = [&] {
      b.loop(zero, rows, tuning.chunkRows, [&](Value first) {
        Value most = arith::MinUIOp::create(b, b.sub(rows, first), b.index(tuning.chunkRows));
        group(first, most, [&](Store store) { emitUnpacked(*unpacked, panel, count, outputs, first, most, store); });
      });
    };
    auto emitSeveralRows = [&] {
      // Rows that are too few for a tile are multiplied in groups; unpacking weights to memory would pay little.
      int64_t most = std::max(few, unpacked->rowsOfTile() - 1);
      auto emitGroupsOfFewRows = [&] {
        if (most == few)
          return emitFewRows(zero, rows);
        b.loop(zero, rows, few,
               [&](Value first) { emitFewRows(first, arith::MinUIOp::create(b, b.sub(rows, first), b.index(few))); });
      };
      b.when(atMost(most), emitGroupsOfFewRows, emitManyRows);
    };
    b.when(atMost(1), emitOneRow, emitSeveralRows);
  }

  void emitFloatGroups(Value panel, int64_t count, int64_t outputs, Group group) {
    Value rows = b.dim(target.memory(), 0), zero = b.index(0);
    auto isMore = [&](int64_t number) {
      return arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, rows, b.index(number));
    };
    // Few rows go in tiles of the smallest size that has all of them, else of the last.
    int64_t less = 0, few = floats->mostFewRows();
    for (int64_t size : floats->fewRows()) {
      int64_t most = size == floats->fewRows().back() ? few : size;
      b.when(arith::XOrIOp::create(b, isMore(less), isMore(most)), [&] {
        b.loop(zero, rows, size, [&](Value first) {
          Value some = arith::MinUIOp::create(b, b.sub(rows, first), b.index(size));
          group(first, some, [&](Store store) { emitFewFloats(panel, count, outputs, first, some, size, store); });
        });
      });
      less = size;
    }
    auto emitManyRows = [&] {
      // Parts of equal size, but for one row.
      Value parts = arith::CeilDivUIOp::create(b, rows, b.index(FloatProducts::kMostRows));
      auto at = [&](Value part) {
        return arith::DivUIOp::create(b, arith::MulIOp::create(b, rows, part), parts).getResult();
      };
      b.loop(zero, parts, 1, [&](Value part) {
        Value first = at(part), some = b.sub(at(b.add(part, 1)), first);
        group(first, some, [&](Store store) { emitUnpacked(*floats, panel, count, outputs, first, some, store); });
      });
    };
    auto emitTiles = [&] {
      b.loop(zero, rows, FloatTiles::kMostRows, [&](Value first) {
        Value some = arith::MinUIOp::create(b, b.sub(rows, first), b.index(FloatTiles::kMostRows));
        group(first, some, [&](Store store) { emitUnpacked(*floatTiles, panel, count, outputs, first, some, store); });
      });
    };
    b.when(isMore(few),
           [&] { floatTiles ? b.when(isMore(FloatTiles::kFewestRows - 1), emitTiles, emitManyRows) : emitManyRows(); });
  }

  /// The rows of a tile, from 0 on and from `first` on: behind the last of `rows`, that again.
  std::pair<SmallVector<Value>, SmallVector<Value>> getTileRows(Value first, Value rows, int64_t tileRows) {
    SmallVector<Value> numbers, own;
    for (int64_t r = 0; r < tileRows; ++r) {
      numbers.push_back(arith::MinUIOp::create(b, b.index(r), b.sub(rows, b.index(1))));
      own.push_back(b.add(first, numbers.back()));
    }
    return {numbers, own};
  }

  /// A tile of `tileRows` rows of floats, of which `rows` exist: behind these the last is computed again.
  void emitFewFloats(Value panel, int64_t count, int64_t outputs, Value first, Value rows, int64_t tileRows,
                     Store store) {
    SmallVector<Value> numbers, own;
    std::tie(numbers, own) = getTileRows(first, rows, tileRows);
    forEach(panel, count, floats->panels(), [&](Value ownPanel) {
      SmallVector<Value> sums = floats->multiplyFew(ownPanel, own);
      for (int64_t p = 0; p < floats->panels(); ++p)
        for (int64_t r = 0; r < tileRows; ++r)
          finish(b.add(ownPanel, p), numbers[r], outputs, store,
                 [&](int64_t weight) { return sums[floats->column(weight, p) * tileRows + r]; });
    });
  }

  /// Panels from `panel` on, `step` at a time.
  void forEach(Value panel, int64_t count, int64_t step, llvm::function_ref<void(Value own)> body) {
    b.loop(b.index(0), b.index(count), step, [&](Value number) { body(b.add(panel, number)); });
  }

  /// Rows [first, first + rows) of `count` panels; `store` gets rows from 0 on.
  template <typename Products>
  void emitUnpacked(Products &products, Value panel, int64_t count, int64_t outputs, Value first, Value rows,
                    Store store) {
    forEach(panel, count, products.panels(), [&](Value own) {
      products.multiply(own, first, rows);
      b.loop(b.index(0), rows, 1, [&](Value row) {
        for (int64_t p = 0; p < products.panels(); ++p)
          finish(b.add(own, p), row, outputs, store, [&](int64_t weight) { return products.getSum(row, weight, p); });
      });
    });
  }

  /// Asks for what is read some time later, from the panels behind `panel` where these end.
  void prefetchAhead(Value panel, int64_t panelCount, Value block) {
    for (const PackedWeight &weight : weights) {
      int64_t ahead = std::min(weight.blocks(), tuning.aheadBytes / (weight.blockBytes() * panelCount));
      Value next = b.add(block, ahead), blocks = b.index(weight.blocks());
      Value isBehind = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, next, blocks);
      Value nextPanel = arith::SelectOp::create(b, isBehind, b.add(panel, panelCount), panel);
      next = arith::SelectOp::create(b, isBehind, b.sub(next, blocks), next);
      weight.prefetch(b, nextPanel, next, panelCount);
    }
  }

  /// A tile of `tileRows` rows of panels that share a vector, of which `rows` exist: behind these the last is computed
  /// again.
  void emitIntegerTile(Value panel, int64_t panelCount, Value first, Value rows, int64_t tileRows, int64_t outputs,
                       Store store) {
    SmallVector<Value> numbers, own;
    std::tie(numbers, own) = getTileRows(first, rows, tileRows);
    SmallVector<Value> initial(weights.size() * tileRows, b.splat(0.0f, b.f32s(panelCount * VectorBuilder::lanes)));
    SmallVector<Value> sums = // [weight][row]
        b.loop(b.index(0), b.index(weights.front().blocks()), 1, initial, [&](Value block, ValueRange carried) {
          SmallVector<Value> accumulators = llvm::to_vector(carried);
          prefetchAhead(panel, panelCount, block);
          for (auto [number, weight] : llvm::enumerate(weights))
            integers->addBlock(weight, weight.getBlock(b, panel, block, panelCount), block, own,
                               MutableArrayRef<Value>(accumulators).slice(number * tileRows, tileRows));
          return accumulators;
        });
    for (int64_t r = 0; r < tileRows; ++r)
      for (int64_t p = 0; p < panelCount; ++p)
        finish(b.add(panel, p), numbers[r], outputs, store, [&](int64_t weight) {
          Value sum = sums[weight * tileRows + r];
          return panelCount == 1 ? sum : b.slice(sum, p * VectorBuilder::lanes, VectorBuilder::lanes);
        });
  }

  /// Stores one vector of results, of the sums of all weights.
  void finish(Value panel, Value row, int64_t outputs, Store store, llvm::function_ref<Value(int64_t)> getSum) {
    SmallVector<Value> values;
    for (auto [weight, bias] : llvm::enumerate(biases)) {
      Value sum = getSum(static_cast<int64_t>(weight));
      // A bias ends with its weight's last row.
      values.push_back(bias ? b.addf(sum, b.loadFirst(outputs, bias, {b.mul(panel, VectorBuilder::lanes)})) : sum);
    }
    store(epilogue(values), row, panel);
  }
};

/// Emits the products of `input` with weights of equal shape into one target. A bias may be null.
LogicalResult emitProducts(Operation *op, VectorBuilder &b, Value input, ArrayRef<Value> operands,
                           ArrayRef<Value> biases, Value result, llvm::function_ref<Value(ArrayRef<Value>)> epilogue) {
  auto precision = op->getAttrOfType<PrecisionAttr>("activations");
  if (precision && precision.getValue() != Precision::F32)
    return op->emitOpError("expected activations of precision '")
           << stringifyPrecision(precision.getValue()) << "' to come rounded; run hone-quantize-activations first";
  SmallVector<PackedWeight> weights;
  for (Value operand : operands) {
    FailureOr<PackedWeight> weight = PackedWeight::get(op, operand);
    if (failed(weight))
      return failure();
    if (getBlocked(input.getType()) && weight->traits->isPlain)
      return op->emitOpError("expected integer weights to meet integer activations, got ") << operand.getType();
    weights.push_back(*weight);
  }
  Tuning tuning;
  if (std::optional<ProductKind> kind = getProductKind(op)) {
    FailureOr<Tuning> choices = getTuning(op, *kind);
    if (failed(choices))
      return failure();
    tuning = *choices;
  }
  auto addends = llvm::map_to_vector(biases, [](Value bias) { return bias ? getSource(bias) : Value(); });
  ProductKernel(b, input, std::move(weights), std::move(addends), result, tuning, epilogue).emit();
  return success();
}

} // namespace

LogicalResult x86::lowerLinear(LinearOp op, VectorBuilder &b) {
  std::optional<APFloat> scale = op.getScale();
  return emitProducts(op, b, op.getInput(), op.getWeight(), op.getBias(), op.getResult(), [&](ArrayRef<Value> values) {
    return scale ? b.mulf(values.front(), b.splat(scale->convertToFloat())) : values.front();
  });
}

LogicalResult x86::lowerQKV(QKVOp op, VectorBuilder &b) {
  // The three write to memory of their own, so no barrier is needed between them.
  struct Projection {
    Value weight, bias, result;
  };
  for (auto [weight, bias, result] : {Projection{op.getQueryWeight(), op.getQueryBias(), op.getQuery()},
                                      Projection{op.getKeyWeight(), op.getKeyBias(), op.getKey()},
                                      Projection{op.getValueWeight(), op.getValueBias(), op.getValue()}})
    if (failed(emitProducts(op, b, op.getInput(), weight, bias, result,
                            [](ArrayRef<Value> values) { return values.front(); })))
      return failure();
  return success();
}

LogicalResult x86::lowerGatedLinear(GatedLinearOp op, VectorBuilder &b) {
  return emitProducts(
      op, b, op.getInput(), {op.getGateWeight(), op.getUpWeight()}, {op.getGateBias(), op.getUpBias()}, op.getResult(),
      [&](ArrayRef<Value> values) { return emitGatedActivation(b, op.getFunction(), values[0], values[1]); });
}

LogicalResult x86::lowerEmbedding(EmbeddingOp op, VectorBuilder &b) {
  FailureOr<PackedWeight> table = PackedWeight::get(op, op.getTable());
  if (failed(table))
    return failure();
  Value tokens = getSource(op.getTokens()), target = getTarget(op.getResult());
  b.forall(b.dim(target, 0), [&](Value row) {
    Value token = b.toIndex(b.loadScalar(tokens, {row}));
    Value lanes = b.index(VectorBuilder::lanes);
    Value panel = arith::DivUIOp::create(b, token, lanes);
    Value lane = arith::RemUIOp::create(b, token, lanes);
    b.loop(b.index(0), b.index(table->blocks()), 1, [&](Value block) {
      Value first = b.mul(block, PackedWeight::kBlockColumns);
      table->forEachColumn(b, table->getBlock(b, panel, block), [&](int64_t column, Value values) {
        Value element = vector::ExtractOp::create(b, values, OpFoldResult(lane));
        memref::StoreOp::create(b, element, target, ValueRange{row, b.add(first, column)});
      });
    });
  });
  return success();
}
