//===- LowerProducts.cpp - Kernels that multiply rows with packed weights -===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelLowering.h"
#include "RowsTarget.h"
#include "WeightTiles.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;
using namespace hone::x86;

namespace {

/// Rows that share one reading of a panel; their accumulators and a tile's unpacked weights fit 16 registers.
constexpr int64_t kRowTile = 4;

/// One product or several over the same rows: each panel of all weights is computed together, biases are added, then
/// `epilogue` turns the sums of one row (one vector per weight) into a vector to store.
class ProductKernel {
public:
  ProductKernel(VectorBuilder &b, Value input, SmallVector<PackedWeight> weights, SmallVector<Value> biases,
                Value result, llvm::function_ref<Value(ArrayRef<Value>)> epilogue)
      : b(b), input(getSource(input)), blocks(getBlockLayout(input.getType())), weights(std::move(weights)),
        biases(std::move(biases)), target(b, result), epilogue(epilogue) {}

  void emit() {
    const PackedWeight &first = weights.front();
    int64_t full = first.rows / VectorBuilder::lanes;
    // Without integer products each accumulator is a chain of dependent operations: single rows interleave panels.
    int64_t group = blocks ? 1 : 4 / static_cast<int64_t>(weights.size());
    while (full % group != 0)
      group /= 2;
    if (int64_t panels = target.unitVectors(); panels > 1) {
      unrounded = memref::AllocaOp::create(b, MemRefType::get({kRowTile, target.unitColumns()}, b.getF32Type()),
                                           b.getI64IntegerAttr(32));
      b.forall(b.index(full / panels), [&](Value unit) { emitRoundedPanels(unit, panels); });
      return;
    }
    if (full > 0)
      b.forall(b.index(full / group), [&](Value unit) { emitPanels(b.mul(unit, group), group, VectorBuilder::lanes); });
    if (int64_t tail = first.rows % VectorBuilder::lanes)
      b.forall(b.index(1), [&](Value) { emitPanels(b.index(full), 1, tail); });
  }

private:
  VectorBuilder &b;
  Value input;
  std::optional<BlockLayout> blocks; ///< of the input, if it is rounded to integers
  SmallVector<PackedWeight> weights;
  SmallVector<Value> biases; ///< memory of f32, one per weight; null without
  RowsTarget target;
  Value unrounded; ///< [row of a tile][column of a block], f32: results of a block before they are rounded
  llvm::function_ref<Value(ArrayRef<Value>)> epilogue;

  /// Calls `body` for tiles of `kRowTile` rows, then for each row that is left.
  void forEachRowTile(llvm::function_ref<void(Value row, int64_t rowCount)> body) {
    Value rows = b.dim(target.memory(), 0);
    Value tile = b.index(kRowTile);
    Value whole = arith::MulIOp::create(b, arith::DivUIOp::create(b, rows, tile), tile);
    b.loop(b.index(0), whole, kRowTile, [&](Value row) { body(row, kRowTile); });
    b.loop(whole, rows, 1, [&](Value row) { body(row, 1); });
  }

  /// All rows of `count` consecutive panels, each with `outputs` output rows: fewer than lanes in a weight's last.
  void emitPanels(Value panel, int64_t count, int64_t outputs) {
    auto storeAt = [&](Value first, Value row) {
      return [this, first, row, outputs](Value values, int64_t r, int64_t p) {
        target.storeFirst(outputs, values, b.add(row, r), b.add(first, p));
      };
    };
    forEachRowTile([&](Value row, int64_t rowCount) {
      if (rowCount == 1)
        return emitTile(panel, count, row, 1, outputs, storeAt(panel, row));
      b.loop(b.index(0), b.index(count), 1, [&](Value number) {
        Value one = b.add(panel, number);
        emitTile(one, 1, row, rowCount, outputs, storeAt(one, row));
      });
    });
  }

  /// All rows of the `panels` panels that make up block `unit` of the target.
  void emitRoundedPanels(Value unit, int64_t panels) {
    auto emitRows = [&](Value row, int64_t rowCount) {
      b.loop(b.index(0), b.index(panels), 1, [&](Value number) {
        emitTile(b.add(b.mul(unit, panels), number), 1, row, rowCount, VectorBuilder::lanes,
                 [&](Value values, int64_t r, int64_t) {
                   b.store(values, unrounded, {b.index(r), b.mul(number, VectorBuilder::lanes)});
                 });
      });
      for (int64_t r = 0; r < rowCount; ++r) {
        SmallVector<Value> values;
        for (int64_t i = 0; i < panels; ++i)
          values.push_back(b.load(b.f32s(), unrounded, {b.index(r), b.index(i * VectorBuilder::lanes)}));
        target.store(values, b.add(row, r), unit);
      }
    };
    forEachRowTile([&](Value row, int64_t rowCount) { emitRows(row, rowCount); });
  }

  /// `store` receives the results of each row r and panel p. Accumulators are indexed [weight][panel][row].
  void emitTile(Value panel, int64_t panelCount, Value row, int64_t rowCount, int64_t outputs,
                llvm::function_ref<void(Value values, int64_t r, int64_t p)> store) {
    auto at = [&](int64_t weight, int64_t p, int64_t r) { return (weight * panelCount + p) * rowCount + r; };
    auto weightCount = static_cast<int64_t>(weights.size());
    SmallVector<Value> initial(weightCount * panelCount * rowCount, b.splat(0.0f));
    SmallVector<Value> sums =
        b.loop(b.index(0), b.index(weights.front().blocks()), 1, initial, [&](Value block, ValueRange carried) {
          SmallVector<Value> accumulators = llvm::to_vector(carried);
          for (int64_t weight = 0; weight < weightCount; ++weight)
            for (int64_t p = 0; p < panelCount; ++p) {
              PackedBlock place = weights[weight].getBlock(b, b.add(panel, p), block);
              MutableArrayRef<Value> own = MutableArrayRef<Value>(accumulators).slice(at(weight, p, 0), rowCount);
              if (blocks)
                emitIntegerBlock(weights[weight], place, block, row, own);
              else
                emitFloatBlock(weights[weight], place, block, row, own);
            }
          return accumulators;
        });
    for (int64_t p = 0; p < panelCount; ++p) {
      SmallVector<Value> addends = loadBiases(panel, p, outputs);
      for (int64_t r = 0; r < rowCount; ++r) {
        SmallVector<Value> values;
        for (int64_t weight = 0; weight < weightCount; ++weight) {
          Value sum = sums[at(weight, p, r)];
          values.push_back(addends[weight] ? b.addf(sum, addends[weight]) : sum);
        }
        store(epilogue(values), r, p);
      }
    }
  }

  /// What each bias adds to the output rows of panel `panel + p`; null without. A bias ends with its weight's last row.
  SmallVector<Value> loadBiases(Value panel, int64_t p, int64_t outputs) {
    return llvm::map_to_vector(biases, [&](Value bias) {
      return bias ? b.loadFirst(outputs, bias, {b.mul(b.add(panel, p), VectorBuilder::lanes)}) : Value();
    });
  }

  /// accumulator += d * scale * (sum of integer products) + m * scale * (sum of activations), for each sub-block of one
  /// block in ascending order, which is part of the numerics: sums in f32 depend on it. Sub-blocks have the d and m
  /// that their schemes make of their own factors; schemes without them have one in each block.
  void emitIntegerBlock(const PackedWeight &weight, PackedBlock place, Value block, Value row,
                        MutableArrayRef<Value> accumulators) {
    Value position = b.mul(block, blocks->bytes());
    int64_t quadsPerScale = weight.scaleColumns() / 4;
    SmallVector<Value> integers(accumulators.size());
    auto endQuad = [&](int64_t t) {
      if ((t + 1) % quadsPerScale != 0)
        return;
      emitScaled(weight, place, t / quadsPerScale, position, row, integers, accumulators);
      integers.assign(accumulators.size(), Value());
    };
    if (blocks->elementBytes == 1)
      return emitByteProducts(weight, place, position, row, integers, endQuad);
    weight.forEachPair(b, place, [&](int64_t t, Value even, Value odd) {
      Value pairs[] = {even, odd};
      for (auto [r, sum] : llvm::enumerate(integers)) {
        Value rowIndex = b.add(row, static_cast<int64_t>(r));
        for (auto [half, pair] : llvm::enumerate(pairs)) {
          Value offset = b.add(position, 8 * t + 4 * static_cast<int64_t>(half));
          Value activations = b.broadcast(b.loadBytes(b.getI32Type(), input, {rowIndex, offset}));
          Value product = emitPairProduct(pair, b.bitcast(activations, b.vectorOf(b.getI16Type(), 16)));
          sum = sum ? arith::AddIOp::create(b, sum, product).getResult() : product;
        }
      }
      endQuad(t);
    });
  }

  /// Adds products of 8-bit integers to `integers` and calls `endQuad` after each 4 columns. vpmaddubsw adds pairs of
  /// products of unsigned and signed bytes in 16 bits; as many such sums are added there as fit.
  void emitByteProducts(const PackedWeight &weight, PackedBlock place, Value position, Value row,
                        MutableArrayRef<Value> integers, llvm::function_ref<void(int64_t)> endQuad) {
    VectorType bytes = b.vectorOf(b.getI8Type(), 32), words = b.vectorOf(b.getI16Type(), 16);
    int64_t largestWeight =
        weight.traits->isSigned ? 1 << (weight.traits->elementBits - 1) : (1 << weight.traits->elementBits) - 1;
    int64_t sumsInWord = 32767 / (2 * largestWeight * blocks->largest());
    int64_t quadsPerWord = std::min(weight.scaleColumns() / 4, int64_t(llvm::bit_floor(uint64_t(sumsInWord))));
    SmallVector<Value> sums(integers.size());
    weight.forEachQuad(b, place, [&](int64_t t, Value quad) {
      quad = b.bitcast(quad, bytes);
      // A signed weight gives its sign to the activations.
      Value magnitudes = weight.traits->isSigned ? math::AbsIOp::create(b, quad).getResult() : quad;
      for (auto [r, sum] : llvm::enumerate(sums)) {
        Value rowIndex = b.add(row, static_cast<int64_t>(r));
        Value activations = b.broadcast(b.loadBytes(b.getI32Type(), input, {rowIndex, b.add(position, 4 * t)}));
        activations = b.bitcast(activations, bytes);
        if (weight.traits->isSigned)
          activations = callIntrinsic("llvm.x86.avx2.psign.b", bytes, {activations, quad});
        Value product = callIntrinsic("llvm.x86.avx2.pmadd.ub.sw", words, {magnitudes, activations});
        sum = sum ? arith::AddIOp::create(b, sum, product).getResult() : product;
      }
      if ((t + 1) % quadsPerWord == 0) {
        for (auto [integer, sum] : llvm::zip_equal(integers, sums)) {
          Value wide = emitPairProduct(sum, b.splatInteger(1, words));
          integer = integer ? arith::AddIOp::create(b, integer, wide).getResult() : wide;
        }
        sums.assign(sums.size(), Value());
      }
      endQuad(t);
    });
  }

  /// The end of sub-block `number` of a block, whose activations lie at `position`.
  void emitScaled(const PackedWeight &weight, PackedBlock place, int64_t number, Value position, Value row,
                  ArrayRef<Value> integers, MutableArrayRef<Value> accumulators) {
    Value d = weight.loadScale(b, place, number), m = weight.loadMinimum(b, place, number);
    for (auto [r, accumulator] : llvm::enumerate(accumulators)) {
      Value rowIndex = b.add(row, static_cast<int64_t>(r));
      Value scale = b.broadcast(b.loadBytes(b.getF32Type(), input, {rowIndex, b.add(position, blocks->scaleOffset())}));
      auto loadSum = [&](int64_t offset) {
        return b.broadcast(b.loadBytes(b.getI32Type(), input, {rowIndex, b.add(position, offset)}));
      };
      Value sum = integers[r];
      Value total;
      if (weight.traits->zeroPoint || m) {
        bool isHalf = weight.scaleColumns() < blocks->columns;
        total = loadSum(isHalf && number == 0 ? blocks->halfSumOffset() : blocks->sumOffset());
        if (isHalf && number == 1)
          total = arith::SubIOp::create(b, total, loadSum(blocks->halfSumOffset()));
      }
      if (weight.traits->zeroPoint) {
        Value offset = arith::MulIOp::create(b, total, b.splatInteger(weight.traits->zeroPoint, b.i32s()));
        sum = arith::SubIOp::create(b, sum, offset);
      }
      accumulator = b.fma(b.mulf(d, scale), arith::SIToFPOp::create(b, b.f32s(), sum), accumulator);
      if (m)
        accumulator = b.fma(m, b.mulf(scale, arith::SIToFPOp::create(b, b.f32s(), total)), accumulator);
    }
  }

  /// Each pair of 16-bit products added in 32 bits: vpmaddwd.
  Value emitPairProduct(Value weights, Value activations) {
    return callIntrinsic("llvm.x86.avx2.pmadd.wd", b.i32s(), {weights, activations});
  }

  Value callIntrinsic(StringRef name, VectorType type, ValueRange operands) {
    return LLVM::CallIntrinsicOp::create(b, type, b.getStringAttr(name), operands).getResult(0);
  }

  /// One activation in all lanes, as f32.
  Value loadActivation(Value row, Value column) {
    Value x = b.broadcast(b.loadScalar(input, {row, column}));
    return x.getType() == b.f32s() ? x : arith::ExtFOp::create(b, b.f32s(), x).getResult();
  }

  /// accumulator += x * w, column by column.
  void emitFloatBlock(const PackedWeight &weight, PackedBlock place, Value block, Value row,
                      MutableArrayRef<Value> accumulators) {
    Value first = b.mul(block, PackedWeight::kBlockColumns);
    weight.forEachColumn(b, place, [&](int64_t column, Value values) {
      Value position = b.add(first, column);
      for (auto [r, accumulator] : llvm::enumerate(accumulators)) {
        Value x = loadActivation(b.add(row, static_cast<int64_t>(r)), position);
        accumulator = b.fma(x, values, accumulator);
      }
    });
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
  auto addends = llvm::map_to_vector(biases, [](Value bias) { return bias ? getSource(bias) : Value(); });
  ProductKernel(b, input, std::move(weights), std::move(addends), result, epilogue).emit();
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
