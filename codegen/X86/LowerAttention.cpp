//===- LowerAttention.cpp - The kernel of attention ---------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionBlock.h"
#include "KernelLowering.h"
#include "RowsTarget.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;
using namespace hone::x86;

namespace {

class AttentionKernel {
public:
  /// `shared` is the memory of SpanLayout, `phase` the number of the phase.
  AttentionKernel(VectorBuilder &b, AttentionOp op, Value shared, Value phase)
      : b(b), target(b, op.getResult()), sequences(getSource(op.getSequences())),
        pages(b, getSource(op.getKv()), op.getKv().getType(), op.getLayer()),
        block(b, op, pages, getSource(op.getQueries()), getSource(op.getPositions())),
        kvHeads(op.getKv().getType().getHeads()), headDim(op.getKv().getType().getHeadDim()),
        group(op.getHeads() / kvHeads), shared(shared), phase(phase) {}

  void emit() {
    // Once per call: memory of a loop's body would grow the stack with every unit.
    block.allocate();
    totals = block.allocatePartials();
    rows = b.dim(target.memory(), 0);
    isWhole = compare(arith::CmpIPredicate::ugt, rows, b.index(SpanLayout::rows));
    emitSpans();
    emitCombination();
  }

private:
  VectorBuilder &b;
  RowsTarget target;
  Value sequences;
  Pages pages;
  AttentionBlock block;
  int64_t kvHeads, headDim, group;
  Value shared, phase;
  Value totals;        ///< the softmax of [row of a tile][head of a group] over all spans so far
  Value rows, isWhole; ///< whether there are so many rows that units have all spans of theirs

  Value compare(arith::CmpIPredicate predicate, Value a, Value c) { return arith::CmpIOp::create(b, predicate, a, c); }
  Value select(Value condition, Value a, Value c) { return arith::SelectOp::create(b, condition, a, c); }
  Value min(Value a, Value c) { return arith::MinUIOp::create(b, a, c); }

  /// Pages of a span of a row that sees so many pages, and the number of its spans.
  Value getSpanPages(Value seenPages) {
    Value least = b.div(b.add(seenPages, SpanLayout::spans - 1), SpanLayout::spans);
    return arith::MaxUIOp::create(b, least, b.index(SpanLayout::pages));
  }
  Value getSpans(Value seenPages) { return arith::CeilDivUIOp::create(b, seenPages, getSpanPages(seenPages)); }

  /// The first phase. A unit is a key head and a tile of rows, or a span of a row.
  void emitSpans() {
    Value divided = select(isWhole, b.index(0), rows);
    Value spans = b.loop(b.index(0), divided, 1, {b.index(1)}, [&](Value row, ValueRange carried) {
      return SmallVector<Value>{arith::MaxUIOp::create(b, carried[0], getSpans(block.getPages(row)))};
    })[0];
    Value tileRows = select(isWhole, b.index(block.tileRows), b.index(1));
    Value tiles = arith::CeilDivUIOp::create(b, rows, tileRows);
    Value units = arith::MulIOp::create(b, b.mul(tiles, kvHeads), spans);
    Value isFirst = compare(arith::CmpIPredicate::eq, phase, b.index(0));
    b.forall(select(isFirst, units, b.index(0)), [&](Value unit) {
      Value span = arith::RemUIOp::create(b, unit, spans);
      unit = arith::DivUIOp::create(b, unit, spans);
      Value kvHead = arith::DivUIOp::create(b, unit, tiles);
      Value first = arith::MulIOp::create(b, arith::RemUIOp::create(b, unit, tiles), tileRows);
      emitTile(first, min(b.sub(rows, first), tileRows), kvHead, span);
    });
  }

  /// The second phase, for rows whose spans are apart. A unit is a row and a head.
  void emitCombination() {
    Value isSecond = compare(arith::CmpIPredicate::eq, phase, b.index(1));
    Value units = select(isWhole, b.index(0), b.mul(rows, kvHeads * group));
    b.forall(select(isSecond, units, b.index(0)), [&](Value unit) {
      Value row = b.div(unit, kvHeads * group), head = b.rem(unit, kvHeads * group);
      Value place[] = {b.index(0), b.index(0)};
      PartialSoftmax total = get(totals, place);
      total.clear();
      b.loop(b.index(0), getSpans(block.getPages(row)), 1, [&](Value span) {
        total.add(get(shared, {row, head, span}));
      });
      emitResult(totals, place, row, head);
    });
  }

  /// Rows of one sequence and with spans of one size go through the pages together, others one by one.
  void emitTile(Value first, Value count, Value kvHead, Value span) {
    Value sequence = b.loadScalar(sequences, {first});
    Value last = b.sub(b.add(first, count), b.index(1));
    Value sameSize =
        compare(arith::CmpIPredicate::eq, getSpanPages(block.getPages(first)), getSpanPages(block.getPages(last)));
    Value together = b.loop(b.index(1), count, 1, {sameSize}, [&](Value r, ValueRange carried) {
      Value isSame = compare(arith::CmpIPredicate::eq, sequence, b.loadScalar(sequences, {b.add(first, r)}));
      return SmallVector<Value>{arith::AndIOp::create(b, carried[0], isSame)};
    })[0];
    Value parts = select(together, b.index(1), count);
    Value partRows = select(together, count, b.index(1));
    b.loop(b.index(0), parts, 1, [&](Value part) { emitRows(b.add(first, part), partRows, kvHead, span); });
  }

  /// All of a tile or one row of it: rows of one sequence, in ascending order of position. All of their spans, or one.
  void emitRows(Value first, Value count, Value kvHead, Value span) {
    AttentionBlock::Rows tile{first, count, pages.getTable(sequences, first)};
    Value end = block.getPages(b.sub(b.add(first, count), b.index(1)));
    Value spanPages = getSpanPages(end), spans = getSpans(end);
    Value firstSpan = select(isWhole, b.index(0), span);
    Value endSpan = select(isWhole, spans, min(b.add(span, 1), spans));
    forEachHead(count, [&](Value r, Value head) { get(totals, {r, head}).clear(); });
    b.loop(firstSpan, endSpan, 1, [&](Value number) {
      Value firstPage = arith::MulIOp::create(b, number, spanPages);
      emitSpan(tile, kvHead, firstPage, min(b.add(firstPage, spanPages), end), end);
      forEachHead(count, [&](Value r, Value head) {
        Value row = b.add(first, r);
        // The first rows of a tile may end with the span before.
        b.when(compare(arith::CmpIPredicate::ult, firstPage, block.getPages(row)), [&] {
          PartialSoftmax partial = block.getPartial(r, head);
          b.when(
              isWhole,
              [&] {
                get(totals, {r, head}).add(partial);
              },
              [&] {
                get(shared, {row, b.add(b.mul(kvHead, group), head), number}).copyFrom(partial);
              });
        });
      });
    });
    b.when(isWhole, [&] {
      forEachHead(count, [&](Value r, Value head) {
        emitResult(totals, {r, head}, b.add(first, r), b.add(b.mul(kvHead, group), head));
      });
    });
  }

  /// The softmax of rows over pages [firstPage, endPage) of the `end` pages that they see.
  void emitSpan(const AttentionBlock::Rows &tile, Value kvHead, Value firstPage, Value endPage, Value end) {
    forEachHead(tile.count, [&](Value r, Value head) { block.getPartial(r, head).clear(); });
    b.loop(firstPage, endPage, SpanLayout::block, [&](Value begin) {
      block.emit(tile, kvHead, begin, min(b.add(begin, SpanLayout::block), endPage), b.sub(end, b.index(1)));
    });
  }

  void forEachHead(Value rows, llvm::function_ref<void(Value r, Value head)> body) {
    b.loop(b.index(0), rows, 1,
           [&](Value r) { b.loop(b.index(0), b.index(group), 1, [&](Value head) { body(r, head); }); });
  }

  PartialSoftmax get(Value memory, ValueRange indices) { return {b, memory, indices, headDim, block.lanes}; }

  /// The result of a row and head, from its softmax over all positions at `indices` of `memory`.
  void emitResult(Value memory, ValueRange indices, Value row, Value head) {
    constexpr int64_t lanes = VectorBuilder::lanes;
    PartialSoftmax total(b, memory, indices, headDim, lanes);
    SmallVector<Value> sums = total.loadSums(), outputs;
    static_assert(SpanLayout::parts == 2 * lanes);
    Value sum = b.broadcast(b.sumLanes(b.addf(sums[0], sums[1])));
    for (int64_t i = 0; i < headDim / lanes; ++i)
      outputs.push_back(b.divf(total.loadValues(i), sum));
    auto unitVectors = static_cast<size_t>(target.unitVectors());
    Value firstUnit = b.mul(head, headDim / target.unitColumns());
    for (size_t i = 0; i < outputs.size(); i += unitVectors)
      target.store(ArrayRef<Value>(outputs).slice(i, unitVectors), row,
                   b.add(firstUnit, static_cast<int64_t>(i / unitVectors)));
  }
};

} // namespace

LogicalResult x86::verifyPages(Operation *op, KVType type) {
  if (!type.getElementType().isF16() && !type.hasScales())
    return op->emitOpError("expected keys and values in f16 or i8 for x86 kernels, got ") << type;
  return verifyWholeVectors(op, type.getHeadDim());
}

LogicalResult x86::lowerAttention(AttentionOp op, VectorBuilder &b) {
  if (failed(verifyPages(op, op.getKv().getType())))
    return failure();
  std::optional<BlockLayout> blocks = getBlockLayout(op.getResult().getType());
  if (blocks && op.getKv().getType().getHeadDim() % blocks->columns != 0)
    return op.emitOpError("expected heads of whole blocks of ")
           << blocks->columns << " columns to round, got " << op.getKv().getType().getHeadDim();
  // The last arguments of a kernel in two phases: shared memory, phase, worker, workers.
  auto kernel = op->getParentOfType<func::FuncOp>();
  MemRefType shared = getSharedType(op);
  unsigned arguments = kernel.getNumArguments();
  if (arguments < 4 || kernel.getArgumentTypes()[arguments - 4] != shared ||
      !kernel.getArgumentTypes()[arguments - 3].isIndex())
    return op.emitOpError("expected a kernel of two phases that share ") << shared << "; run hone-bufferize-step first";
  AttentionKernel(b, op, kernel.getArgument(arguments - 4), kernel.getArgument(arguments - 3)).emit();
  return success();
}
