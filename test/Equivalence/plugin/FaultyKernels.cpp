//===- FaultyKernels.cpp - Code generation with faults put in -------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// These change kernels between hone-x86-lower-kernels and LLVM.

#include "FaultyPasses.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace hone;

/// Calls `change` with each constant of one number that is `value` everywhere, in kernels of this name.
static void forEachSplat(ModuleOp module, StringRef kernel, int64_t value,
                         llvm::function_ref<void(arith::ConstantOp, DenseIntElementsAttr)> change) {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function.getName().starts_with(kernel))
      continue;
    function.walk([&](arith::ConstantOp constant) {
      auto dense = dyn_cast<DenseIntElementsAttr>(constant.getValue());
      if (dense && dense.isSplat() && dense.getElementType().isInteger(32) &&
          dense.getSplatValue<APInt>().getSExtValue() == value)
        change(constant, dense);
    });
  }
}

/// The zero point of q4_0 is 8; its negative is what sums get.
static void shiftZeroPoint(ModuleOp module) {
  forEachSplat(module, "linear_q4_0", -8, [](arith::ConstantOp constant, DenseIntElementsAttr dense) {
    // Not the shift of a nibble, which is 4 bits and has another use.
    for (Operation *user : constant->getUsers())
      if (isa<arith::MulIOp>(user)) {
        constant.setValueAttr(DenseIntElementsAttr::get(dense.getType(), APInt(32, static_cast<uint64_t>(-7), /*isSigned=*/true)));
        return;
      }
  });
}

/// The loop over columns stops before the last vector.
static void skipLastColumns(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function.getName().starts_with("add_"))
      continue;
    function.walk([](scf::ForOp loop) {
      IntegerAttr bound, step;
      if (!matchPattern(loop.getUpperBound(), m_Constant(&bound)) || !matchPattern(loop.getStep(), m_Constant(&step)) ||
          bound.getInt() <= step.getInt() || step.getInt() == 1)
        return;
      OpBuilder builder(loop);
      loop.setUpperBound(arith::ConstantIndexOp::create(builder, loop.getLoc(), bound.getInt() - step.getInt()));
    });
  }
}

/// The mask of the last rows of a weight is one lane short.
static void shortenMask(ModuleOp module) {
  module.walk([](vector::MaskedStoreOp store) {
    DenseIntElementsAttr mask;
    if (!matchPattern(store.getMask(), m_Constant(&mask)))
      return;
    SmallVector<bool> lanes = llvm::to_vector(mask.getValues<bool>());
    for (size_t lane = lanes.size(); lane-- > 0;)
      if (lanes[lane]) {
        lanes[lane] = false;
        break;
      }
    OpBuilder builder(store);
    store.getMaskMutable().assign(
        arith::ConstantOp::create(builder, store.getLoc(), DenseElementsAttr::get(mask.getType(), lanes)));
  });
}

void test::registerFaultyKernels() {
  registerFaultyPass("faulty-shift-zero-point", shiftZeroPoint);
  registerFaultyPass("faulty-skip-last-columns", skipLastColumns);
  registerFaultyPass("faulty-shorten-mask", shortenMask);
}
